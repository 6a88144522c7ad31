/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef RDP_PEER_TABLE_H
#define RDP_PEER_TABLE_H

/**
 * Which session an initiator has already, by its address, port and index: so that a doubled
 * CONNECT finds the session that the first one made, and a restarted peer replaces its own. Only
 * handshakes look here. Needs an endpoint that listens; without, nothing is found or kept.
 *
 * An attempt of such an endpoint's own stands here, too, with no index (WIRE_SESSION_NONE), the
 * latest to each peer: that is where two that connect to each other at the same time meet. Once it
 * is open it has the peer's index as all have.
 */

#include "rdp/rdp_private.h"

int peer_table_create(struct rdp_ep *ep);
void peer_table_free(struct rdp_ep *ep);
struct rdp_session *peer_table_find(
	const struct rdp_ep *ep, const struct rdp_from *from, rte_be16_t peer_index);
int peer_table_add(struct rdp_session *s);

/** Whether no more sessions are accepted from an address, or its /64 of IPv6. */
bool peer_table_source_full(const struct rdp_ep *ep, struct ip_addr ip);

/** Nothing happens when the session is not in the table, or another one stands in its place. */
void peer_table_del(struct rdp_session *s);

#endif /* RDP_PEER_TABLE_H */
