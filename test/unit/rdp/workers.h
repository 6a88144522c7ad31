/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef WORKERS_H
#define WORKERS_H

/** Several endpoints behind one address, that hand over to each other, and a client. */

#include "pair.h"
#include "rdp/handover.h"

#define WORKERS_MAX 4

struct workers;

/** The worker to whose queue the port gives a frame. */
typedef unsigned int (*workers_choose_t)(const struct workers *w, const struct rte_mbuf *m);

/** What the port has for a worker. */
struct workers_queue {
	struct workers *workers;
	struct rte_mbuf *mbufs[256];
	uint16_t n;
};

struct workers {
	struct net *net;
	struct handover *handover;
	struct rdp_io port; /**< that they share */
	workers_choose_t choose;
	unsigned int nb;
	struct workers_queue queue[WORKERS_MAX];
	struct node *worker[WORKERS_MAX], *client;
};

/** Index of a worker's node. */
unsigned int workers_node(unsigned int member);

void workers_start(struct workers *w, unsigned int nb, uint16_t stride, workers_choose_t choose);

/** Assert what net_free() asserts. */
void workers_free(struct workers *w);

/** Sessions that a node has. */
unsigned int workers_sessions(const struct node *node);

#endif /* WORKERS_H */
