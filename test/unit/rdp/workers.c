/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include "workers.h"

static uint16_t
queue_rx(void *ctx, struct rte_mbuf **mbufs, uint16_t max)
{
	struct workers_queue *q = ctx;
	struct workers *w = q->workers;
	struct rte_mbuf *burst[32];
	uint16_t got = w->port.rx_burst(w->port.ctx, burst, RTE_DIM(burst)), n;

	for (uint16_t i = 0; i < got; i++) {
		struct workers_queue *to = &w->queue[w->choose(w, burst[i])];

		to->mbufs[to->n++] = burst[i];
	}
	n = RTE_MIN(max, q->n);
	memcpy(mbufs, q->mbufs, n * sizeof(*mbufs));
	q->n = (uint16_t)(q->n - n);
	memmove(q->mbufs, q->mbufs + n, q->n * sizeof(*mbufs));
	return n;
}

static uint16_t
queue_tx(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	const struct rdp_io *port = &((const struct workers_queue *)ctx)->workers->port;

	return port->tx_burst(port->ctx, mbufs, n);
}

unsigned int
workers_node(unsigned int member)
{
	return member == 0 ? SERVER : CLIENT + member;
}

void
workers_start(struct workers *w, unsigned int nb, uint16_t stride, workers_choose_t choose)
{
	memset(w, 0, sizeof(*w));
	w->net = net_create();
	w->handover = handover_create((uint16_t)nb, stride, SOCKET_ID_ANY);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w->handover);
	w->port = net_io(w->net, SERVER);
	w->choose = choose;
	w->nb = nb;
	for (unsigned int i = 0; i < nb; i++) {
		struct node_conf conf = node_conf(w->net, SERVER);

		w->queue[i].workers = w;
		conf.rdp.io = (struct rdp_io){&w->queue[i], queue_rx, queue_tx};
		conf.rdp.handover = w->handover;
		conf.rdp.member = (uint16_t)i;
		w->worker[i] = node_start(w->net, workers_node(i), &conf);
	}
	w->client = node_start_plain(w->net, CLIENT);
}

void
workers_free(struct workers *w)
{
	net_run(w->net, NET_MS);
	net_free(w->net);
	handover_free(w->handover);
}

unsigned int
workers_sessions(const struct node *node)
{
	return node->ep->max_sessions - node->ep->nb_free;
}
