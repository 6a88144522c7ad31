/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Who has sessions with the memory node, and what all workers have counted. */

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <rte_ip.h>

#include "client/fixture.h"
#include "target/nodes.h"
#include "target/target_private.h"

static struct fixture fx;

static uint64_t
list(unsigned int host, uint16_t first, struct shmx_node_info *info, uint16_t max)
{
	struct shmx_ep *ep = fx.host[host].ep;

	return VALUE(ep, shmx_node_list(ep, fx.host[host].session, first, info, max, cookie));
}

static void
is_host(const struct shmx_node_info *info, unsigned int host, uint32_t sessions, uint32_t workers)
{
	const uint8_t none[16] = {0};

	SAME(info->node, host + 1);
	SAME(info->ip, rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 2) + host));
	SAME(memcmp(info->ip6, none, sizeof(none)), 0);
	SAME(info->udp_port != 0, true);
	SAME(info->sessions, sessions);
	SAME(info->workers, workers);
}

/* Everybody sees the same, whoever answers. */
static void
test_list(void)
{
	const struct fixture_conf conf = {.nb_hosts = 3, .workers = 2};
	struct shmx_node_info info[4];

	fixture_up(&fx, &conf);
	for (unsigned int i = 0; i < 3; i++) {
		SAME(list(i, 0, info, 4), 3);
		is_host(&info[0], 0, 1, 1);
		is_host(&info[1], 1, 1, 2);
		is_host(&info[2], 2, 1, 1);
		SAME(list(i, 2, info, 4), 2);
		is_host(&info[0], 1, 1, 2);
		SAME(list(i, 0, info, 1), 1);
		is_host(&info[0], 0, 1, 1);
		SAME(list(i, 4, info, 4), 0);
		SAME(list(i, 1023, info, 4), 0);
		SAME(list(i, UINT16_MAX, info, 4), 0);
	}
	fixture_down(&fx);
}

/* One that goes is not listed any more, and comes again. */
static void
test_come_and_go(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .workers = 2};
	struct shmx_peer peer = {.ip = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 1))};
	struct shmx_node_info info[4];
	struct shmx_node_stat stat;
	struct shmx_ep *ep;

	fixture_up(&fx, &conf);
	ep = fx.host[0].ep;
	SAME(shmx_disconnect(fx.host[1].ep, fx.host[1].session), 0);
	poll_for(fx.host[1].ep, 2);
	SAME(list(0, 0, info, 4), 1);
	is_host(&info[0], 0, 1, 1);
	SAME(STATUS(ep, shmx_node_stat(ep, fx.host[0].session, &stat, cookie)), 0);
	SAME(stat.nodes, 1);
	SAME(stat.sessions, 1);
	SAME(shmx_connect_sync(fx.host[1].ep, &peer, &fx.host[1].session), 0);
	SAME(list(0, 0, info, 4), 2);
	is_host(&info[1], 1, 1, 2);
	fixture_down(&fx);
}

static struct rdp_session
stranger(uint16_t node, rte_be32_t ip)
{
	return (struct rdp_session){
		.peer_node = node, .peer_ip = ip_addr_v4(ip), .peer_port = rte_cpu_to_be_16(node)};
}

static struct target_nodes *
part(unsigned int worker)
{
	return target_worker_at(fx.target, worker)->nodes;
}

/* As many nodes as there can be: page after page, each once; with one worker or both. */
static void
test_pages(void)
{
	const struct fixture_conf conf = {.workers = 2};
	static struct shmx_node_info info[128];
	uint16_t first = 0, seen = 0;
	uint64_t n;

	fixture_up(&fx, &conf);
	for (uint16_t node = 2; node < MEM_NODES_MAX; node++) {
		const struct rdp_session s = stranger(node, rte_cpu_to_be_32(node));

		for (unsigned int worker = 0; worker < 2; worker++)
			if (node % 3 != worker)
				nodes_opened(part(worker), &s);
	}
	while ((n = list(0, first, info, 128)) > 0) {
		for (unsigned int i = 0; i < n; i++) {
			uint16_t node = ++seen;

			SAME(info[i].node, node);
			if (node == 1)
				continue;
			SAME(info[i].sessions, node % 3 == 2 ? 2 : 1);
			SAME(info[i].workers, node % 3 == 2 ? 3 : node % 3 == 1 ? 1 : 2);
			SAME(info[i].ip, rte_cpu_to_be_32(node));
			SAME(info[i].udp_port, node);
		}
		first = (uint16_t)(info[n - 1].node + 1);
	}
	SAME(seen, MEM_NODES_MAX - 1);
	fixture_down(&fx);
}

/* Sessions that were never opened end, too, and ids may be larger than any node's. */
static void
test_odd_sessions(void)
{
	const struct fixture_conf conf = {.workers = 1};
	const struct rdp_session big = stranger(5000, RTE_BE32(1)),
				 never = stranger(7, RTE_BE32(1));
	struct shmx_node_info info[4];
	struct shmx_node_stat stat;
	struct shmx_ep *ep;

	fixture_up(&fx, &conf);
	ep = fx.host[0].ep;
	nodes_closed(part(0), &never);
	nodes_opened(part(0), &big);
	SAME(list(0, 0, info, 4), 1);
	SAME(STATUS(ep, shmx_node_stat(ep, fx.host[0].session, &stat, cookie)), 0);
	SAME(stat.nodes, 1);
	SAME(stat.sessions, 2);
	nodes_closed(part(0), &big);
	SAME(STATUS(ep, shmx_node_stat(ep, fx.host[0].session, &stat, cookie)), 0);
	SAME(stat.sessions, 1);
	fixture_down(&fx);
}

static bool changing_stop;

/* In place of a worker: a node comes and goes with one address or the other. */
static void *
change(void *nodes)
{
	const struct rdp_session s[2] = {
		stranger(9, RTE_BE32(0x01010101)), stranger(9, RTE_BE32(0x02020202))};
	cpu_set_t all;

	/* EAL has tied the thread that started this one to a core of its own. */
	CPU_ZERO(&all);
	for (int i = 0; i < CPU_SETSIZE; i++)
		CPU_SET(i, &all);
	sched_setaffinity(0, sizeof(all), &all);
	for (unsigned int i = 0; !__atomic_load_n(&changing_stop, __ATOMIC_RELAXED); i++) {
		struct rdp_session one = s[i % 2];

		one.peer_port = i % 2 == 0 ? RTE_BE16(0x0101) : RTE_BE16(0x0202);
		nodes_opened(nodes, &one);
		if (i > 0)
			nodes_closed(nodes, &one);
	}
	return NULL;
}

/* Never half of one address and half of another. */
static void
test_address_changes(void)
{
	const struct fixture_conf conf = {.workers = 2};
	unsigned int whole = 0, mixed = 0;
	struct ip_addr ip;
	pthread_t thread;
	rte_be16_t port;

	fixture_up(&fx, &conf);
	__atomic_store_n(&changing_stop, false, __ATOMIC_RELAXED);
	SAME(pthread_create(&thread, NULL, change, part(1)), 0);
	while (!nodes_address(part(1), 9, &ip, &port) || port == 0)
		sched_yield();
	for (unsigned int i = 0; i < 5000000; i++) {
		if (!nodes_address(part(1), 9, &ip, &port))
			continue;
		whole++;
		mixed += ip_addr_to_v4(ip) != port * 0x10001u;
	}
	__atomic_store_n(&changing_stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	SAME(whole > 0, true);
	SAME(mixed, 0);
	fixture_down(&fx);
}

/* Counters of all workers together. */
static void
test_stat(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .workers = 2};
	struct shmx_node_stat before, after;
	uint8_t buf[100] = {0};
	shmx_addr_t addr;

	fixture_up(&fx, &conf);
	addr = alloc_of(&fx, 0, 128);
	SAME(STATUS(fx.host[0].ep,
		     shmx_node_stat(fx.host[0].ep, fx.host[0].session, &before, cookie)),
		0);
	SAME(before.workers, 2);
	SAME(before.nodes, 2);
	SAME(before.sessions, 2);
	for (unsigned int i = 0; i < 2; i++) {
		SAME(shmx_put_sync(fx.host[i].ep, addr, buf, sizeof(buf)), 0);
		SAME(shmx_get_sync(fx.host[i].ep, addr, buf, 8), 0);
	}
	SAME(shmx_get_sync(fx.host[1].ep, addr + MIB, buf, 8), -ESTALE);
	SAME(STATUS(fx.host[1].ep,
		     shmx_node_stat(fx.host[1].ep, fx.host[1].session, &after, cookie)),
		0);
	SAME(after.ops[WIRE_OP_PUT] - before.ops[WIRE_OP_PUT], 2);
	SAME(after.ops[WIRE_OP_GET] - before.ops[WIRE_OP_GET], 3);
	SAME(after.ops[WIRE_OP_STAT] - before.ops[WIRE_OP_STAT], 1);
	SAME(after.bytes_written - before.bytes_written, 200);
	SAME(after.bytes_read - before.bytes_read, 16);
	SAME(after.op_errors - before.op_errors, 1);
	SAME(after.malformed, 0);
	fixture_down(&fx);
}

/* Each that the protocol has, and no other. */
static void
test_names(void)
{
	for (unsigned int op = 0; op < 300; op++) {
		bool known = op < SHMX_OPS_MAX && wire_op_table[op].fixed != 0;

		SAME(shmx_op_name(op) != NULL, known);
		if (known)
			CU_ASSERT_STRING_EQUAL(shmx_op_name(op), wire_op_name((uint8_t)op));
	}
}

static const struct named_test tests[] = {
	{"list of nodes", test_list},
	{"nodes come and go", test_come_and_go},
	{"page after page", test_pages},
	{"odd sessions", test_odd_sessions},
	{"an address changes", test_address_changes},
	{"counters", test_stat},
	{"names of operations", test_names},
};

int
main(void)
{
	return tests_run("nodes", tests, RTE_DIM(tests));
}
