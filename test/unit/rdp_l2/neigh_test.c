/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Neighbours in virtual time. */

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "rdp/neigh.h"

#include "l2_tests.h"

static const struct l2_addr self = {
	.mac = {{0x02, 0, 0, 0, 0, 1}},
	.ip = IP(10, 0, 0, 1),
	.netmask = IP(255, 255, 255, 0),
	.gateway = IP(10, 0, 0, 254),
};
static const struct rte_ether_addr mac_a = {{0x02, 0, 0, 0, 0, 0xa}};
static const struct rte_ether_addr mac_b = {{0x02, 0, 0, 0, 0, 0xb}};
static struct neigh_table table;

/* The table knows one kind of address; most of what it does has nothing to do with the family. */
static rte_be32_t
hop4(const struct l2_addr *from, rte_be32_t ip)
{
	struct ip_addr hop = neigh_next_hop(from, ip_addr_v4(ip));

	return ip_addr_is_none(hop) ? 0 : ip_addr_to_v4(hop);
}

static int
resolve4(const struct l2_addr *from, rte_be32_t ip, uint64_t now, struct rte_ether_addr *mac)
{
	return neigh_resolve(&table, from, ip_addr_v4(ip), now, mac);
}

static bool
want4(const struct l2_addr *from, rte_be32_t ip, uint64_t now)
{
	return neigh_want_request(&table, from, ip_addr_v4(ip), now);
}

static bool
learn4(rte_be32_t ip, const struct rte_ether_addr *mac, bool solicited, uint64_t now)
{
	return neigh_learn(
		&table, ip_addr_v4(ip), mac, solicited ? NEIGH_ENTRY : NEIGH_UPDATE, now);
}

static int
resolve(rte_be32_t ip, uint64_t now)
{
	struct rte_ether_addr mac;

	return resolve4(&self, ip, now, &mac);
}

static void
next_hop(void)
{
	struct l2_addr all = self;

	CU_ASSERT_EQUAL(hop4(&self, IP(10, 0, 0, 7)), IP(10, 0, 0, 7));
	CU_ASSERT_EQUAL(hop4(&self, IP(10, 0, 1, 7)), self.gateway);
	CU_ASSERT_EQUAL(hop4(&self, IP(0, 0, 0, 0)), 0);
	CU_ASSERT_EQUAL(hop4(&self, IP(127, 0, 0, 1)), 0);
	CU_ASSERT_EQUAL(hop4(&self, IP(224, 0, 0, 1)), 0);
	CU_ASSERT_EQUAL(hop4(&self, IP(255, 255, 255, 255)), 0);
	all.gateway = 0;
	CU_ASSERT_EQUAL(hop4(&all, IP(10, 0, 1, 7)), 0);
	all.netmask = 0;
	CU_ASSERT_EQUAL(hop4(&all, IP(10, 0, 1, 7)), IP(10, 0, 1, 7));
}

static void
answer_is_used(void)
{
	struct rte_ether_addr mac = {{0}};
	rte_be32_t ip = IP(10, 0, 0, 2);

	neigh_init(&table);
	CU_ASSERT_EQUAL(resolve(ip, 0), -EAGAIN);
	CU_ASSERT_TRUE(want4(&self, ip, 0));
	CU_ASSERT_EQUAL(resolve(ip, 0), -EAGAIN);
	CU_ASSERT_TRUE(learn4(ip, &mac_a, false, MS));
	CU_ASSERT_EQUAL(resolve4(&self, ip, MS, &mac), 0);
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&mac, &mac_a));
	CU_ASSERT_FALSE(want4(&self, ip, 2 * MS));
	/* The host got another interface. */
	CU_ASSERT_TRUE(learn4(ip, &mac_b, false, 3 * MS));
	CU_ASSERT_EQUAL(resolve4(&self, ip, 3 * MS, &mac), 0);
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&mac, &mac_b));
	/* A clock that is a little behind does not make it old. */
	CU_ASSERT_EQUAL(resolve(ip, 0), 0);
}

static void
gateway_for_the_rest(void)
{
	struct rte_ether_addr mac = {{0}};
	rte_be32_t far = IP(192, 168, 7, 7);

	neigh_init(&table);
	CU_ASSERT_TRUE(want4(&self, far, 0));
	CU_ASSERT_TRUE(learn4(self.gateway, &mac_a, false, MS));
	CU_ASSERT_EQUAL(resolve4(&self, far, MS, &mac), 0);
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&mac, &mac_a));
	CU_ASSERT_EQUAL(resolve(self.gateway, MS), 0);
	/* All that lies behind it shares the one entry and its timer. */
	CU_ASSERT_FALSE(want4(&self, IP(8, 8, 8, 8), MS));
}

static void
no_way(void)
{
	struct l2_addr lonely = self;
	struct rte_ether_addr mac;

	neigh_init(&table);
	lonely.gateway = 0;
	CU_ASSERT_EQUAL(resolve4(&lonely, IP(8, 8, 8, 8), 0, &mac), -ENETUNREACH);
	CU_ASSERT_FALSE(want4(&lonely, IP(8, 8, 8, 8), 0));
	CU_ASSERT_EQUAL(resolve(IP(224, 1, 1, 1), 0), -ENETUNREACH);
	CU_ASSERT_EQUAL(resolve(0, 0), -ENETUNREACH);
}

/* Ask in steps of 100 us for two seconds and note when it was time. */
static unsigned int
requests(rte_be32_t ip, uint64_t from, uint64_t to, uint64_t *at, unsigned int max)
{
	unsigned int n = 0;
	uint64_t now;

	for (now = from; now < to; now += MS / 10)
		if (want4(&self, ip, now) && n++ < max)
			at[n - 1] = now - from;
	return n;
}

static void
back_off(void)
{
	rte_be32_t ip = IP(10, 0, 0, 3);
	uint64_t at[32] = {0}, last;
	unsigned int i;

	neigh_init(&table);
	CU_ASSERT_EQUAL(requests(ip, 5 * MS, 805 * MS, at, 32), NEIGH_TRIES);
	CU_ASSERT_EQUAL(at[0], 0);
	CU_ASSERT_EQUAL(at[1], MS);
	CU_ASSERT_EQUAL(at[2], 11 * MS);
	for (i = 3; i < NEIGH_TRIES; i++)
		CU_ASSERT_EQUAL(at[i], 11 * MS + (i - 2) * 40 * MS);
	last = 5 * MS + at[NEIGH_TRIES - 1];
	/* The last one gets its time, too. */
	CU_ASSERT_EQUAL(resolve(ip, last + 39 * MS), -EAGAIN);
	CU_ASSERT_EQUAL(resolve(ip, last + 40 * MS), -EHOSTUNREACH);
	/* One a second goes on, and the verdict stands meanwhile. */
	CU_ASSERT_EQUAL(requests(ip, last + MS, last + 5001 * MS, at, 32), 5);
	CU_ASSERT_EQUAL(resolve(ip, last + 5000 * MS), -EHOSTUNREACH);
	/* An answer ends it at once. */
	CU_ASSERT_TRUE(learn4(ip, &mac_a, false, last + 5001 * MS));
	CU_ASSERT_EQUAL(resolve(ip, last + 5001 * MS), 0);
}

static void
failure_is_forgiven(void)
{
	rte_be32_t ip = IP(10, 0, 0, 4);
	uint64_t at[32];

	neigh_init(&table);
	requests(ip, 0, 1000 * MS, at, 32);
	CU_ASSERT_EQUAL(resolve(ip, 1000 * MS), -EHOSTUNREACH);
	/* Nobody asked for a while: a new caller starts afresh. */
	CU_ASSERT_EQUAL(resolve(ip, 9000 * MS), -EAGAIN);
	CU_ASSERT_TRUE(want4(&self, ip, 9000 * MS));
	CU_ASSERT_EQUAL(resolve(ip, 9200 * MS), -EAGAIN);
	CU_ASSERT_TRUE(want4(&self, ip, 9001 * MS));
}

static void
ageing(void)
{
	rte_be32_t ip = IP(10, 0, 0, 5);
	uint64_t now = NEIGH_REFRESH_NS, at[32];

	neigh_init(&table);
	CU_ASSERT_TRUE(learn4(ip, &mac_a, true, 0));
	CU_ASSERT_FALSE(want4(&self, ip, now - 1));
	CU_ASSERT_TRUE(want4(&self, ip, now));
	CU_ASSERT_FALSE(want4(&self, ip, now));
	/* Asked again, but good until it is surely gone. */
	CU_ASSERT_EQUAL(resolve(ip, NEIGH_EXPIRE_NS - 1), 0);
	CU_ASSERT_NOT_EQUAL(resolve(ip, NEIGH_EXPIRE_NS), 0);
	CU_ASSERT_TRUE(learn4(ip, &mac_b, false, now + MS));
	CU_ASSERT_EQUAL(resolve(ip, NEIGH_EXPIRE_NS), 0);
	CU_ASSERT_FALSE(want4(&self, ip, now + 2 * MS));
	/* Silent for good: requests stay rare. */
	now += NEIGH_REFRESH_NS + MS;
	CU_ASSERT(requests(ip, now, now + 10000 * MS, at, 32) <= NEIGH_TRIES + 10);
}

static void
uninvited(void)
{
	const struct rte_ether_addr group = {{0x01, 0, 0x5e, 0, 0, 1}}, zero = {{0}};
	rte_be32_t ip = IP(10, 0, 0, 6);

	neigh_init(&table);
	CU_ASSERT_FALSE(learn4(ip, &mac_a, false, 0));
	CU_ASSERT_EQUAL(resolve(ip, 0), -EAGAIN);
	CU_ASSERT_FALSE(learn4(ip, &group, true, 0));
	CU_ASSERT_FALSE(learn4(ip, &zero, true, 0));
	CU_ASSERT_FALSE(learn4(0, &mac_a, true, 0));
	CU_ASSERT_FALSE(learn4(IP(224, 0, 0, 1), &mac_a, true, 0));
	CU_ASSERT_FALSE(learn4(IP(255, 255, 255, 255), &mac_a, true, 0));
}

/* Many hosts, each known under its own address: no mix-up among those that share slots. */
static void
collisions(void)
{
	struct rte_ether_addr mac;
	unsigned int i, known = 0;

	neigh_init(&table);
	for (i = 1; i <= NEIGH_SLOTS / 2; i++) {
		mac = (struct rte_ether_addr){{0x02, 0, 0, 0, i >> 8, i}};
		learn4(rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 0) + i), &mac, true, MS);
	}
	for (i = 1; i <= NEIGH_SLOTS / 2; i++) {
		struct l2_addr wide = self;

		wide.netmask = 0;
		if (resolve4(&wide, rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 0) + i), MS, &mac) != 0)
			continue;
		known++;
		CU_ASSERT_EQUAL(mac.addr_bytes[4] << 8 | mac.addr_bytes[5], i);
	}
	CU_ASSERT(known == NEIGH_SLOTS / 2);
}

/* A flood of strangers finds no room at the expense of those we know, but our own wish does. */
static void
crowding_out(void)
{
	struct l2_addr wide = self;
	struct rte_ether_addr mac;
	rte_be32_t friend = IP(10, 1, 2, 3);
	uint32_t i;

	wide.netmask = 0;
	neigh_init(&table);
	CU_ASSERT_TRUE(learn4(friend, &mac_a, true, 0));
	for (i = 0; i < 100000; i++)
		learn4(rte_cpu_to_be_32(RTE_IPV4(11, 0, 0, 0) + i * 7), &mac_b, true, MS);
	CU_ASSERT_EQUAL(resolve4(&wide, friend, MS, &mac), 0);
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&mac, &mac_a));
	CU_ASSERT_FALSE(learn4(IP(12, 0, 0, 1), &mac_a, true, MS));
	CU_ASSERT_TRUE(want4(&wide, IP(12, 0, 0, 1), MS));
	CU_ASSERT_TRUE(learn4(IP(12, 0, 0, 1), &mac_a, false, 2 * MS));
	/* The strangers give way once they are old. */
	CU_ASSERT_TRUE(learn4(IP(12, 0, 0, 2), &mac_a, true, NEIGH_EXPIRE_NS + MS));
}

#define ROUNDS 200000

/* Writes pairs in which the MAC address repeats the IP address, and others. */
static void *
pair_writer(void *arg)
{
	uint32_t i, which = (uint32_t)(uintptr_t)arg;
	struct rte_ether_addr mac = {{0x02}};

	for (i = 0; i < ROUNDS; i++) {
		/* Two addresses share the first of their slots and push each other out. */
		rte_be32_t ip = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 1) + (i + which) % 3);

		memcpy(&mac.addr_bytes[2], &ip, sizeof(ip));
		learn4(ip, &mac, true, (uint64_t)i * NEIGH_EXPIRE_NS);
	}
	return NULL;
}

static void
torn_pairs(void)
{
	struct l2_addr wide = {.ip = IP(10, 0, 0, 9), .netmask = 0};
	pthread_t writers[2];
	unsigned int i, torn = 0;

	neigh_init(&table);
	for (i = 0; i < 2; i++)
		CU_ASSERT_EQUAL_FATAL(
			pthread_create(&writers[i], NULL, pair_writer, (void *)(uintptr_t)i), 0);
	for (i = 0; i < 4 * ROUNDS; i++) {
		rte_be32_t ip = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 1) + i % 3);
		struct rte_ether_addr mac;

		if (resolve4(&wide, ip, 0, &mac) == 0)
			torn += memcmp(&mac.addr_bytes[2], &ip, sizeof(ip)) != 0;
	}
	for (i = 0; i < 2; i++)
		pthread_join(writers[i], NULL);
	CU_ASSERT_EQUAL(torn, 0);
}

static unsigned int granted;

static void *
asker(void *arg)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		if (want4(&self, IP(10, 0, 0, 9), 7 * MS))
			__atomic_fetch_add(&granted, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void
one_of_many_asks(void)
{
	pthread_t threads[3];
	unsigned int i;

	neigh_init(&table);
	granted = 0;
	for (i = 0; i < RTE_DIM(threads); i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, asker, NULL), 0);
	for (i = 0; i < RTE_DIM(threads); i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT_EQUAL(granted, 1);
}

int
neigh_tests(void)
{
	CU_pSuite suite = CU_add_suite("neighbours", NULL, NULL);

	return suite != NULL && CU_add_test(suite, "next hop", next_hop) &&
	                       CU_add_test(suite, "an answer is used", answer_is_used) &&
	                       CU_add_test(suite, "gateway for the rest", gateway_for_the_rest) &&
	                       CU_add_test(suite, "no way", no_way) &&
	                       CU_add_test(suite, "back-off", back_off) &&
	                       CU_add_test(suite, "failure is forgiven", failure_is_forgiven) &&
	                       CU_add_test(suite, "ageing", ageing) &&
	                       CU_add_test(suite, "uninvited", uninvited) &&
	                       CU_add_test(suite, "collisions", collisions) &&
	                       CU_add_test(suite, "crowding out", crowding_out) &&
	                       CU_add_test(suite, "torn pairs", torn_pairs) &&
	                       CU_add_test(suite, "one of many asks", one_of_many_asks)
	               ? 0
	               : -1;
}
