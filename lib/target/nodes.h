/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef TARGET_NODES_H
#define TARGET_NODES_H

/**
 * @file
 * Which nodes have sessions, and what all workers have counted: NODE_LIST and STAT. Each worker
 * keeps its own part, and any worker answers from all of them.
 */

#include "rdp/rdp.h"
#include "wire/record.h"

struct target_nodes;
struct target_worker;

/** Part of one worker; freed by rte_free(). @return NULL: no memory. Slow. */
struct target_nodes *nodes_create(int socket_id);

/** A session of this worker begins, or has ended. */
void nodes_opened(struct target_nodes *nodes, const struct rdp_session *s);
void nodes_closed(struct target_nodes *nodes, const struct rdp_session *s);

/**
 * Address of a node's session with that worker which was opened last.
 * @return false: it changes just now, ask again.
 */
bool nodes_address(
	const struct target_nodes *nodes, uint16_t node, struct ip_addr *ip, rte_be16_t *udp_port);

/** Answer a request. @return 0, or -EAGAIN: no room. */
int nodes_list(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec);
int nodes_stat(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec);

#endif /* TARGET_NODES_H */
