/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_interrupts.h>

#include "rx_intr.h"

#define EVENTS_MAX 8 /* which queue it was does not matter: all are polled next */

int
rx_intr_check(const struct server_pair *pair, struct problem *p)
{
	uint16_t port_id = pair->io.eth.port_id;
	int ret = rte_eth_dev_rx_intr_enable(port_id, pair->queue);

	if (ret == 0)
		ret = rte_eth_dev_rx_intr_disable(port_id, pair->queue);
	if (ret == 0)
		return 0;
	return problem_set(p, "port %s has no receive interrupts (%s): use --idle sleep",
		pair->port->options->spec, rte_strerror(-ret));
}

static int
control_all(struct worker *w, int op)
{
	int ret = 0;

	for (unsigned int i = 0; i < w->nb_pairs && ret == 0; i++)
		ret = rte_eth_dev_rx_intr_ctl_q(w->pairs[i]->io.eth.port_id, w->pairs[i]->queue,
			RTE_EPOLL_PER_THREAD, op, NULL);
	return ret;
}

int
rx_intr_join(struct worker *w)
{
	return control_all(w, RTE_INTR_EVENT_ADD);
}

void
rx_intr_leave(struct worker *w)
{
	control_all(w, RTE_INTR_EVENT_DEL);
}

void
rx_intr_arm(struct worker *w, bool on)
{
	for (unsigned int i = 0; i < w->nb_pairs; i++) {
		uint16_t port_id = w->pairs[i]->io.eth.port_id;

		if (on)
			rte_eth_dev_rx_intr_enable(port_id, w->pairs[i]->queue);
		else
			rte_eth_dev_rx_intr_disable(port_id, w->pairs[i]->queue);
	}
	w->armed = on;
}

void
rx_intr_wait(struct worker *w, int timeout_ms)
{
	struct rte_epoll_event events[EVENTS_MAX];

	rte_epoll_wait(RTE_EPOLL_PER_THREAD, events, EVENTS_MAX, timeout_ms);
}
