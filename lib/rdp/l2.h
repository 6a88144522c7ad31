/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/**
 * What a host on an Ethernet has to answer beside its own protocol: ARP, neighbour discovery and
 * ICMP echo.
 *
 * Pure packet functions, any worker, one frame at a time, untagged.
 */

#ifndef SHMX_RDP_L2_H
#define SHMX_RDP_L2_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "base/ip_addr.h"

#ifdef __cplusplus
extern "C" {
#endif

struct neigh_table;

/** Who we are on this port. Constant while workers run. */
struct l2_addr {
	struct rte_ether_addr mac;
	rte_be32_t ip;           /**< 0: none */
	rte_be32_t netmask;      /**< 0: every address is on the link */
	rte_be32_t gateway;      /**< for addresses off the link; 0: none */
	struct ip_addr ip6;      /**< all zero: none */
	struct ip_addr gateway6; /**< likewise */
	uint8_t prefix6_len;     /**< 0: every address is on the link */
};

enum l2_verdict {
	L2_DROP,  /**< nothing to send; the caller frees the frame */
	L2_REPLY, /**< the frame has become the answer; the caller sends it */
};

/** What became of frames. Each one given to l2_input() counts once. */
enum l2_count {
	L2_ARP_REPLIED,  /**< ARP request for us, answered */
	L2_ARP_LEARNED,  /**< ARP reply or announcement, noted */
	L2_ARP_IGNORED,  /**< about or from addresses that do not concern us */
	L2_ARP_CONFLICT, /**< another host uses our address */
	L2_ARP_MALFORMED,
	L2_ND_REPLIED,  /**< solicitation for us, answered */
	L2_ND_DEFENDED, /**< another host wants our address, and was told that it is taken */
	L2_ND_LEARNED,  /**< advertisement, noted */
	L2_ND_IGNORED,  /**< about addresses that do not concern us */
	L2_ND_CONFLICT, /**< another host uses our address */
	L2_ND_MALFORMED,
	L2_ICMP_REPLIED,   /**< echo request for us, answered */
	L2_ICMP_IGNORED,   /**< other than an echo request */
	L2_ICMP_MALFORMED, /**< too short, or a wrong checksum */
	L2_IP_MALFORMED,   /**< version, lengths or header checksum wrong */
	L2_IP_OPTIONS,
	L2_IP_FRAGMENT,
	L2_IP_SOURCE, /**< source that no host can have, or our own */
	L2_IP_NOT_US, /**< to another address, or of a protocol that we do not speak */
	L2_ETH_SHORT,
	L2_ETH_SOURCE, /**< source is no address of a single interface, or our own */
	L2_ETH_NOT_US, /**< to another interface, or a group that does not concern us */
	L2_ETH_TYPE,   /**< none of ARP, IPv4 and IPv6, or of a family that we have no address of */
	L2_MBUF,       /**< a chain, or an mbuf with other owners: cannot be answered in place */
	L2_NB_COUNTS
};

/**
 * Handle a frame that is not for the transport.
 *
 * Requests become their answers in place, checksums complete, without offload flags. Learns from
 * ARP and neighbour discovery on the way.
 *
 * @param m  received frame with all of its Ethernet header, whatever else it holds
 */
enum l2_verdict l2_input(
	struct neigh_table *table, const struct l2_addr *self, struct rte_mbuf *m, uint64_t now_ns);

/** Request for the next hop on the way to ip; NULL if there is none or no mbuf is free. */
struct rte_mbuf *l2_build_request(
	struct rte_mempool *pool, const struct l2_addr *self, struct ip_addr ip);

/** ARP request for a host on the link; NULL if no mbuf is free. */
struct rte_mbuf *arp_build_request(
	struct rte_mempool *pool, const struct l2_addr *self, rte_be32_t ip);

/** Neighbour solicitation for a host on the link; NULL if no mbuf is free. */
struct rte_mbuf *nd_build_request(
	struct rte_mempool *pool, const struct l2_addr *self, struct ip_addr ip);

/** The same as arp_build_announce(), of our IPv6 address. */
struct rte_mbuf *nd_build_announce(struct rte_mempool *pool, const struct l2_addr *self);

/** Group that solicitations for an IPv6 address go to: a port with that address receives it. */
struct rte_ether_addr nd_group_mac(struct ip_addr ip);

/** Gratuitous ARP: tell everyone where we are, once the link is up. NULL if no mbuf is free. */
struct rte_mbuf *arp_build_announce(struct rte_mempool *pool, const struct l2_addr *self);

/** Name of a counter, fit for telemetry; NULL for a number that is none. */
const char *l2_count_name(enum l2_count what);

/* The steps of l2_input(), each called when the one before has found the frame in order. */
enum l2_count arp_input(
	struct neigh_table *table, const struct l2_addr *self, struct rte_mbuf *m, uint64_t now_ns);
enum l2_count icmp_input(const struct l2_addr *self, struct rte_mbuf *m);
enum l2_count icmp6_input(
	struct neigh_table *table, const struct l2_addr *self, struct rte_mbuf *m, uint64_t now_ns);

/** Whether the frame has become an answer. */
static inline bool
l2_replied(enum l2_count what)
{
	return what == L2_ARP_REPLIED || what == L2_ICMP_REPLIED || what == L2_ND_REPLIED ||
	       what == L2_ND_DEFENDED;
}

#ifdef __cplusplus
}
#endif

#endif /* SHMX_RDP_L2_H */
