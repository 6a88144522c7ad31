/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/**
 * Neighbours: which MAC address an IP address on the link has.
 *
 * One table per port for both families, shared by all its workers without locks. Who sees an ARP
 * packet or a neighbour advertisement writes what it says; who finds an entry being written by
 * another leaves it alone. Time is the caller's, in nanoseconds of any steady clock; nothing here
 * reads one, allocates or logs.
 */

#ifndef SHMX_RDP_NEIGH_H
#define SHMX_RDP_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_ether.h>

#include "base/ip_addr.h"
#include "l2.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NEIGH_SLOTS_LOG2 10
#define NEIGH_SLOTS      (1 << NEIGH_SLOTS_LOG2)
#define NEIGH_PROBES     16 /* slots that an address may be in */

#define NEIGH_MS         UINT64_C(1000000)
#define NEIGH_REFRESH_NS (30000 * NEIGH_MS)  /**< ask again after this long without a word */
#define NEIGH_EXPIRE_NS  (120000 * NEIGH_MS) /**< forget after this long */
#define NEIGH_TRIES      20                  /**< unanswered requests make it unreachable */
#define NEIGH_RETRY_NS   (40 * NEIGH_MS)     /**< between requests, the first two excepted */
#define NEIGH_FAILED_NS  (1000 * NEIGH_MS)   /**< between requests to the unreachable */
#define NEIGH_FORGIVE_NS (3000 * NEIGH_MS)   /**< not asked for so long: start over */

/* Written by any worker that moves the sequence from even to odd, and readable by all while it
 * stays the same even number. */
struct neigh_entry {
	uint64_t seq;      /* odd while somebody writes */
	uint64_t ip[2];    /* halves of struct ip_addr; zeros: free */
	uint64_t mac;      /* MAC address | tries << 48 | NEIGH_VALID */
	uint64_t seen_ns;  /* when the neighbour last said who it is */
	uint64_t asked_ns; /* when we last asked */
};

struct neigh_table {
	struct neigh_entry slots[NEIGH_SLOTS];
	uint64_t counts[L2_NB_COUNTS]; /* any worker, atomic additions; free-running */
} __rte_cache_aligned;

/** How much the word about a neighbour counts. */
enum neigh_word {
	NEIGH_HINT,   /**< for an address that was asked for, or whose MAC address is this one */
	NEIGH_UPDATE, /**< for an address that was asked for or is known */
	NEIGH_ENTRY,  /**< takes a free slot, too */
};

/** Make an empty table of memory that nobody uses yet. */
void neigh_init(struct neigh_table *table);

/** Address of the host that a packet to ip is handed to: itself, the gateway, or none. */
struct ip_addr neigh_next_hop(const struct l2_addr *self, struct ip_addr ip);

/**
 * MAC address for packets to ip. Costs a few loads when it is known.
 *
 * @param mac  set on success only
 * @return 0; -EAGAIN: not known yet, see neigh_want_request(); -EHOSTUNREACH: does not answer;
 *   -ENETUNREACH: not on the link and no gateway, no address of a host, or of a family that we
 *   have no address of
 */
int neigh_resolve(const struct neigh_table *table, const struct l2_addr *self, struct ip_addr ip,
	uint64_t now_ns, struct rte_ether_addr *mac);

/**
 * Whether the caller should ask for ip now (l2_build_request()).
 *
 * True for one caller per interval: the first three requests are 1, 10 and 100 ms apart, further
 * ones 100 ms, and a second for a host that never answered. Also true now and then for a known
 * host that has been silent, so call it from time to time for addresses in use.
 */
bool neigh_want_request(
	struct neigh_table *table, const struct l2_addr *self, struct ip_addr ip, uint64_t now_ns);

/**
 * Note that ip is at mac.
 *
 * @return whether it was noted
 */
bool neigh_learn(struct neigh_table *table, struct ip_addr ip, const struct rte_ether_addr *mac,
	enum neigh_word word, uint64_t now_ns);

/** How often something happened, all workers together. */
uint64_t neigh_count(const struct neigh_table *table, enum l2_count what);

#ifdef __cplusplus
}
#endif

#endif /* SHMX_RDP_NEIGH_H */
