/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef FORGE_H
#define FORGE_H

/**
 * Frames as the input wants them. What a field would have to be to be believed is known here
 * (incarnations, numbers, cookies, lengths, checksums), and the input says where to differ: a
 * fuzzer that had to guess a checksum would never get behind it.
 */

#include "fuzz.h"
#include "rdp/net.h"
#include "rdp/node.h"

/** Put a frame of the peer's, or of a stranger, on the wire to node @p to. */
void forge_frame(struct net *net, unsigned int to, struct input *in);

/** DATA with these records in it, right in every other respect, to the session @p s of @p to. */
void forge_data(struct net *net, unsigned int to, const struct rdp_session *s, const void *records,
	uint32_t len);

/** An Ethernet frame that is the input's but for its addresses. */
void forge_raw(struct net *net, unsigned int to, struct input *in);

/** An ARP request or reply to node @p to: of the peer's, and where the input wants to differ. */
void forge_arp(struct net *net, unsigned int to, struct input *in);

/** A neighbour solicitation or advertisement to node @p to, likewise. */
void forge_nd(struct net *net, unsigned int to, struct input *in);

/**
 * Bytes of data in the response with status OK to a request: @p len is that of the request. -1: any
 * number of descriptions, or of ids.
 */
int64_t forge_response_len(uint8_t op, uint32_t len);

/** What is random in an endpoint and not the input's: its cookies and incarnations. */
void forge_no_chance(struct node *node);

#endif /* FORGE_H */
