/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef RDP_ICMP6_H
#define RDP_ICMP6_H

/** What ICMPv6 and neighbour discovery share: the frame, and its way out. */

#include <rte_ip.h>

#include "l2.h"

/** Types of messages (RFC 4443, RFC 4861). */
#define ICMP6_TOO_BIG      2
#define ICMP6_ECHO_REQUEST 128
#define ICMP6_ECHO_REPLY   129
#define ICMP6_SOLICIT      135
#define ICMP6_ADVERTISE    136

struct icmp6_frame {
	struct rte_ether_hdr eth;
	struct rte_ipv6_hdr ip;
	uint8_t type;
	uint8_t code;
	uint16_t sum;
	uint8_t body[];
} __attribute__((packed, aligned(2)));

_Static_assert(sizeof(struct icmp6_frame) == 58, "Ethernet, IPv6 and ICMPv6 headers, no padding");

/** Bytes of a frame with a neighbour message and its option. */
#define ICMP6_ND_FRAME (sizeof(struct icmp6_frame) + 28)

/** Address and Ethernet address of the solicited-node group of an address; of all nodes. */
struct ip_addr icmp6_solicited_node(struct ip_addr ip);
struct rte_ether_addr icmp6_group_mac(struct ip_addr group);
extern const struct ip_addr icmp6_all_nodes;

/** Fill in what a message of @p len bytes has in front, but for type and code; then its checksum.
 */
void icmp6_address(struct icmp6_frame *f, const struct l2_addr *self,
	const struct rte_ether_addr *mac, struct ip_addr to, uint8_t hop_limit, uint16_t len);
void icmp6_sum(struct icmp6_frame *f);

/** A neighbour message of good checksum, @p len bytes long, to us or a group of ours. */
enum l2_count nd_input(struct neigh_table *table, const struct l2_addr *self, struct rte_mbuf *m,
	uint16_t len, uint64_t now_ns);

#endif /* RDP_ICMP6_H */
