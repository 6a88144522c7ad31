/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include "neigh.h"

#define MAC_MASK    ((UINT64_C(1) << 48) - 1)
#define TRIES_SHIFT 48
#define TRIES_MAX   UINT64_C(255)
#define NEIGH_VALID (UINT64_C(1) << 63)

_Static_assert(sizeof(struct neigh_entry) == 48, "no padding");

/* An entry as it was at one moment. */
struct view {
	struct ip_addr ip;
	uint64_t seq, mac, seen_ns, asked_ns;
};

/* Fibonacci hashing: the high bits of the product depend on every bit below, and neighbouring
 * addresses end up far apart. */
static uint32_t
slot_of(struct ip_addr ip, unsigned int probe)
{
	const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t low = rte_be_to_cpu_64(ip.half[1]), high = rte_be_to_cpu_64(ip.half[0]);
	uint64_t hash = (high * golden ^ (high * golden) >> 32 ^ low) * golden;

	return ((uint32_t)(hash >> (64 - NEIGH_SLOTS_LOG2)) + probe) & (NEIGH_SLOTS - 1);
}

static bool
is_free(const struct view *v)
{
	return ip_addr_is_none(v->ip);
}

static uint64_t
mac_tries(uint64_t mac)
{
	return mac >> TRIES_SHIFT & TRIES_MAX;
}

/* Clocks of two cores may differ by a little: a stamp ahead of now is now. */
static uint64_t
age(uint64_t now_ns, uint64_t then_ns)
{
	return (int64_t)(now_ns - then_ns) > 0 ? now_ns - then_ns : 0;
}

static bool
mac_usable(const struct view *v, uint64_t now_ns)
{
	return (v->mac & NEIGH_VALID) != 0 && age(now_ns, v->seen_ns) < NEIGH_EXPIRE_NS;
}

/* Whose the entry is; may be half of one and half of another while somebody writes. */
static struct ip_addr
entry_ip(const struct neigh_entry *e)
{
	return (struct ip_addr){.half = {__atomic_load_n(&e->ip[0], __ATOMIC_RELAXED),
					__atomic_load_n(&e->ip[1], __ATOMIC_RELAXED)}};
}

/* False if the entry changed meanwhile. */
static bool
entry_read(const struct neigh_entry *e, struct view *v)
{
	v->seq = __atomic_load_n(&e->seq, __ATOMIC_ACQUIRE);
	v->ip = entry_ip(e);
	v->mac = __atomic_load_n(&e->mac, __ATOMIC_RELAXED);
	v->seen_ns = __atomic_load_n(&e->seen_ns, __ATOMIC_RELAXED);
	v->asked_ns = __atomic_load_n(&e->asked_ns, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return (v->seq & 1) == 0 && __atomic_load_n(&e->seq, __ATOMIC_RELAXED) == v->seq;
}

/* Replace an entry that still is as it was seen; somebody else's change wins. */
static bool
entry_write(struct neigh_entry *e, struct ip_addr ip, const struct view *v)
{
	uint64_t seen = v->seq;

	if (!__atomic_compare_exchange_n(
		    &e->seq, &seen, v->seq | 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&e->ip[0], ip.half[0], __ATOMIC_RELAXED);
	__atomic_store_n(&e->ip[1], ip.half[1], __ATOMIC_RELAXED);
	__atomic_store_n(&e->mac, v->mac, __ATOMIC_RELAXED);
	__atomic_store_n(&e->seen_ns, v->seen_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&e->asked_ns, v->asked_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&e->seq, v->seq + 2, __ATOMIC_RELEASE);
	return true;
}

/* Slot numbers are never negative; these are for the want of one. */
enum { NONE = -1, BUSY = -2 };

/* Number of the slot that holds ip, with its view; BUSY if somebody is changing it just now. */
static int
entry_find(const struct neigh_table *table, struct ip_addr ip, struct view *v)
{
	unsigned int probe;
	uint32_t slot;

	for (probe = 0; probe < NEIGH_PROBES; probe++) {
		slot = slot_of(ip, probe);
		if (!ip_addr_equal(entry_ip(&table->slots[slot]), ip))
			continue;
		return entry_read(&table->slots[slot], v) && ip_addr_equal(v->ip, ip) ? (int)slot
		                                                                      : BUSY;
	}
	return NONE;
}

/* When anyone last cared for the entry. */
static uint64_t
last_used(const struct view *v)
{
	return RTE_MAX((v->mac & NEIGH_VALID) != 0 ? v->seen_ns : 0,
		mac_tries(v->mac) != 0 ? v->asked_ns : 0);
}

/* Whether a may give way to another address: the more readily the longer nobody cared for it. */
static bool
better_victim(const struct view *a, const struct view *b)
{
	return is_free(a) || last_used(a) < last_used(b);
}

static bool
expendable(const struct view *v, bool evict, uint64_t now_ns)
{
	return is_free(v) || evict || age(now_ns, last_used(v)) >= NEIGH_EXPIRE_NS;
}

/* Slot for a new address: a free one, one with nothing of use, or, if evict, the oldest. */
static int
slot_choose(const struct neigh_table *table, struct ip_addr ip, bool evict, uint64_t now_ns,
	struct view *chosen)
{
	struct view v;
	unsigned int probe;
	int best = NONE;

	for (probe = 0; probe < NEIGH_PROBES; probe++) {
		/* Somebody else may be putting in this very address, or has just done so. */
		if (!entry_read(&table->slots[slot_of(ip, probe)], &v) || ip_addr_equal(v.ip, ip))
			return BUSY;
		if (!expendable(&v, evict, now_ns))
			continue;
		if (best != NONE && !better_victim(&v, chosen))
			continue;
		best = slot_of(ip, probe);
		*chosen = v;
		if (is_free(&v))
			break;
	}
	return best;
}

void
neigh_init(struct neigh_table *table)
{
	memset(table, 0, sizeof(*table));
}

static bool
on_link(const struct l2_addr *self, struct ip_addr ip)
{
	if (ip_addr_is_v4(ip))
		return ((ip_addr_to_v4(ip) ^ self->ip) & self->netmask) == 0;
	return ip_addr_is_link_local(ip) || ip_addr_same_prefix(ip, self->ip6, self->prefix6_len);
}

struct ip_addr
neigh_next_hop(const struct l2_addr *self, struct ip_addr ip)
{
	const struct ip_addr none = {0};
	bool v4 = ip_addr_is_v4(ip);

	if (!ip_addr_is_host(ip) || (v4 ? self->ip == 0 : ip_addr_is_none(self->ip6)))
		return none;
	if (on_link(self, ip))
		return ip;
	return v4 ? ip_addr_v4(self->gateway) : self->gateway6;
}

static int
unresolved(const struct view *v, uint64_t now_ns)
{
	uint64_t tries = mac_tries(v->mac), silent = age(now_ns, v->asked_ns);

	if (tries < NEIGH_TRIES || silent >= NEIGH_FORGIVE_NS)
		return -EAGAIN;
	return tries > NEIGH_TRIES || silent >= NEIGH_RETRY_NS ? -EHOSTUNREACH : -EAGAIN;
}

int
neigh_resolve(const struct neigh_table *table, const struct l2_addr *self, struct ip_addr ip,
	uint64_t now_ns, struct rte_ether_addr *mac)
{
	struct ip_addr hop = neigh_next_hop(self, ip);
	struct view v;

	if (ip_addr_is_none(hop))
		return -ENETUNREACH;
	if (entry_find(table, hop, &v) < 0)
		return -EAGAIN;
	if (!mac_usable(&v, now_ns))
		return unresolved(&v, now_ns);
	memcpy(mac->addr_bytes, &v.mac, RTE_ETHER_ADDR_LEN);
	return 0;
}

static uint64_t
request_interval(uint64_t tries)
{
	if (tries >= NEIGH_TRIES)
		return NEIGH_FAILED_NS;
	if (tries >= 3)
		return NEIGH_RETRY_NS;
	return tries == 0 ? 0 : tries == 1 ? NEIGH_MS : 10 * NEIGH_MS;
}

/* Count one more request, unless it is too early for it. */
static bool
request_due(struct view *v, uint64_t now_ns)
{
	uint64_t tries = mac_tries(v->mac), silent = age(now_ns, v->asked_ns);

	if (mac_usable(v, now_ns) && age(now_ns, v->seen_ns) < NEIGH_REFRESH_NS)
		return false;
	if (tries != 0 && silent < request_interval(tries))
		return false;
	if (silent >= NEIGH_FORGIVE_NS)
		tries = 0;
	tries = RTE_MIN(tries + 1, TRIES_MAX);
	v->mac = (v->mac & ~(TRIES_MAX << TRIES_SHIFT)) | tries << TRIES_SHIFT;
	v->asked_ns = now_ns;
	return true;
}

bool
neigh_want_request(
	struct neigh_table *table, const struct l2_addr *self, struct ip_addr ip, uint64_t now_ns)
{
	struct ip_addr hop = neigh_next_hop(self, ip);
	struct view v;
	int slot;

	if (ip_addr_is_none(hop))
		return false;
	slot = entry_find(table, hop, &v);
	if (slot == NONE) {
		slot = slot_choose(table, hop, true, now_ns, &v);
		v = (struct view){.seq = slot < 0 ? 0 : v.seq};
	}
	return slot >= 0 && request_due(&v, now_ns) && entry_write(&table->slots[slot], hop, &v);
}

static bool
mac_is(const struct view *v, const struct rte_ether_addr *mac)
{
	return memcmp(&v->mac, mac->addr_bytes, RTE_ETHER_ADDR_LEN) == 0;
}

bool
neigh_learn(struct neigh_table *table, struct ip_addr ip, const struct rte_ether_addr *mac,
	enum neigh_word word, uint64_t now_ns)
{
	struct view v;
	int slot;

	if (!ip_addr_is_host(ip) || !rte_is_valid_assigned_ether_addr(mac))
		return false;
	slot = entry_find(table, ip, &v);
	if (slot >= 0 && word == NEIGH_HINT && mac_usable(&v, now_ns) && !mac_is(&v, mac))
		return false;
	if (slot == NONE && word == NEIGH_ENTRY)
		slot = slot_choose(table, ip, false, now_ns, &v);
	if (slot < 0)
		return false;
	v.mac = NEIGH_VALID;
	memcpy(&v.mac, mac->addr_bytes, RTE_ETHER_ADDR_LEN);
	v.seen_ns = now_ns;
	v.asked_ns = 0;
	return entry_write(&table->slots[slot], ip, &v);
}

uint64_t
neigh_count(const struct neigh_table *table, enum l2_count what)
{
	return __atomic_load_n(&table->counts[what], __ATOMIC_RELAXED);
}
