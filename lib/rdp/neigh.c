/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include <rte_ip.h>

#include "neigh.h"

#define MAC_MASK    ((UINT64_C(1) << 48) - 1)
#define TRIES_SHIFT 48
#define TRIES_MAX   UINT64_C(255)
#define NEIGH_VALID (UINT64_C(1) << 63)

_Static_assert(sizeof(struct neigh_entry) == 32, "two entries per cache line");

/* An entry as it was at one moment. */
struct view {
	uint64_t owner, mac, seen_ns, asked_ns;
};

/* Fibonacci hashing: the high bits of the product depend on every bit of the address, and
 * neighbouring addresses end up far apart. */
static uint32_t
slot_of(rte_be32_t ip, unsigned int probe)
{
	uint32_t hash = rte_be_to_cpu_32(ip) * UINT32_C(0x9e3779b1);

	return ((hash >> (32 - NEIGH_SLOTS_LOG2)) + probe) & (NEIGH_SLOTS - 1);
}

static uint32_t
owner_ip(uint64_t owner)
{
	return owner >> 32;
}

static bool
owner_busy(uint64_t owner)
{
	return (owner & 1) != 0;
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

/* False if the entry changed meanwhile. */
static bool
entry_read(const struct neigh_entry *e, struct view *v)
{
	v->owner = __atomic_load_n(&e->owner, __ATOMIC_ACQUIRE);
	v->mac = __atomic_load_n(&e->mac, __ATOMIC_RELAXED);
	v->seen_ns = __atomic_load_n(&e->seen_ns, __ATOMIC_RELAXED);
	v->asked_ns = __atomic_load_n(&e->asked_ns, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return !owner_busy(v->owner) && __atomic_load_n(&e->owner, __ATOMIC_RELAXED) == v->owner;
}

/* Replace an entry that still is as it was seen; somebody else's change wins. */
static bool
entry_write(struct neigh_entry *e, uint32_t ip, const struct view *v)
{
	uint64_t seen = v->owner;

	if (!__atomic_compare_exchange_n(
		    &e->owner, &seen, v->owner | 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&e->mac, v->mac, __ATOMIC_RELAXED);
	__atomic_store_n(&e->seen_ns, v->seen_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&e->asked_ns, v->asked_ns, __ATOMIC_RELAXED);
	__atomic_store_n(
		&e->owner, (uint64_t)ip << 32 | (uint32_t)(v->owner + 2), __ATOMIC_RELEASE);
	return true;
}

/* Slot numbers are never negative; these are for the want of one. */
enum { NONE = -1, BUSY = -2 };

/* Number of the slot that holds ip, with its view; BUSY if somebody is changing it just now. */
static int
entry_find(const struct neigh_table *table, uint32_t ip, struct view *v)
{
	unsigned int probe;
	uint32_t slot;

	for (probe = 0; probe < NEIGH_PROBES; probe++) {
		slot = slot_of(ip, probe);
		if (owner_ip(__atomic_load_n(&table->slots[slot].owner, __ATOMIC_RELAXED)) != ip)
			continue;
		return entry_read(&table->slots[slot], v) && owner_ip(v->owner) == ip ? (int)slot
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
	return owner_ip(a->owner) == 0 || last_used(a) < last_used(b);
}

static bool
expendable(const struct view *v, bool evict, uint64_t now_ns)
{
	return owner_ip(v->owner) == 0 || evict || age(now_ns, last_used(v)) >= NEIGH_EXPIRE_NS;
}

/* Slot for a new address: a free one, one with nothing of use, or, if evict, the oldest. */
static int
slot_choose(const struct neigh_table *table, uint32_t ip, bool evict, uint64_t now_ns,
	struct view *chosen)
{
	struct view v;
	unsigned int probe;
	int best = NONE;

	for (probe = 0; probe < NEIGH_PROBES; probe++) {
		/* Somebody else may be putting in this very address, or has just done so. */
		if (!entry_read(&table->slots[slot_of(ip, probe)], &v) || owner_ip(v.owner) == ip)
			return BUSY;
		if (!expendable(&v, evict, now_ns))
			continue;
		if (best != NONE && !better_victim(&v, chosen))
			continue;
		best = slot_of(ip, probe);
		*chosen = v;
		if (owner_ip(v.owner) == 0)
			break;
	}
	return best;
}

static bool
host_address(rte_be32_t be_ip)
{
	uint32_t ip = rte_be_to_cpu_32(be_ip);

	return ip >> 24 != 0 && ip >> 24 != 127 && ip < RTE_IPV4(224u, 0, 0, 0);
}

void
neigh_init(struct neigh_table *table)
{
	memset(table, 0, sizeof(*table));
}

rte_be32_t
neigh_next_hop(const struct l2_addr *self, rte_be32_t ip)
{
	if (!host_address(ip))
		return 0;
	return ((ip ^ self->ip) & self->netmask) == 0 ? ip : self->gateway;
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
neigh_resolve(const struct neigh_table *table, const struct l2_addr *self, rte_be32_t ip,
	uint64_t now_ns, struct rte_ether_addr *mac)
{
	rte_be32_t hop = neigh_next_hop(self, ip);
	struct view v;

	if (hop == 0)
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
	struct neigh_table *table, const struct l2_addr *self, rte_be32_t ip, uint64_t now_ns)
{
	rte_be32_t hop = neigh_next_hop(self, ip);
	struct view v;
	int slot;

	if (hop == 0)
		return false;
	slot = entry_find(table, hop, &v);
	if (slot == NONE) {
		slot = slot_choose(table, hop, true, now_ns, &v);
		v = (struct view){.owner = slot < 0 ? 0 : v.owner};
	}
	return slot >= 0 && request_due(&v, now_ns) && entry_write(&table->slots[slot], hop, &v);
}

bool
neigh_learn(struct neigh_table *table, rte_be32_t ip, const struct rte_ether_addr *mac,
	bool solicited, uint64_t now_ns)
{
	struct view v;
	int slot;

	if (!host_address(ip) || !rte_is_valid_assigned_ether_addr(mac))
		return false;
	slot = entry_find(table, ip, &v);
	if (slot == NONE && solicited)
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
