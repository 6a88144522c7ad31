/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdlib.h>

#include "live.h"
#include "node.h"

#define SLOT_NS (UINT64_C(1) << RDP_WHEEL_SHIFT)

struct live_watch {
	uint32_t inc;
	uint32_t una;               /* oldest in flight */
	uint64_t since_ns;          /* when it became that, or could be sent again */
	uint64_t most_ns;           /* time-out, the longest since then */
	uint64_t sent_ns[RDP_RING]; /* by number: when it was on the wire last */
};

struct live_watch *
live_new(uint16_t sessions)
{
	struct live_watch *w = calloc(sessions, sizeof(*w));

	if (w == NULL)
		abort();
	return w;
}

void
live_sent(const struct node *node, const struct net_frame *f)
{
	for (uint16_t i = 0; i < node->conf.max_sessions; i++) {
		const struct rdp_session *s = node->ep->session[i];

		if (s != NULL && rte_be_to_cpu_32(s->local_inc) == f->src_inc)
			node->watch[i].sent_ns[f->psn % RDP_RING] = f->ns;
	}
}

/* As doc/protocol.md has it, not as the endpoint computes it. */
static uint64_t
timeout_ns(const struct node *node, const struct rdp_session *s)
{
	uint64_t ns = (s->srtt + 4 * (uint64_t)s->rttvar) * WIRE_TS_NS;

	ns = RTE_MAX(ns, node->conf.rto_min_ns);
	for (unsigned int i = 0; i < s->backoff && ns < 100 * NET_MS; i++)
		ns *= 2;
	return RTE_MIN(ns, 100 * NET_MS);
}

/* Time begins anew. */
static void
watch_begin(struct live_watch *w, const struct rdp_session *s, uint64_t now)
{
	w->inc = s->local_inc;
	w->una = s->tx_una;
	w->since_ns = now;
	w->most_ns = 0;
}

static void
watch(struct node *node, const struct rdp_session *s, bool excused)
{
	struct live_watch *w = &node->watch[s->index];
	uint64_t now = node->net->now_ns;
	uint64_t from, most;

	if (excused || w->inc != s->local_inc || w->una != s->tx_una || rdp_in_flight(s) == 0)
		watch_begin(w, s, now);
	w->most_ns = RTE_MAX(w->most_ns, timeout_ns(node, s));
	from = RTE_MAX(w->since_ns, w->sent_ns[s->tx_una % RDP_RING]);
	most = w->most_ns + SLOT_NS + 2 * node->net->step_ns + NET_US;
	if (s->state != RDP_OPEN || now <= from + most)
		return;
	net_error(node->net,
		"node %u: frame %u of session %u waits for %" PRIu64 " us, longer than %" PRIu64,
		node->index, s->tx_una, s->index, (now - from) / NET_US, most / NET_US);
	watch_begin(w, s, now);
}

void
live_turn(struct node *node)
{
	uint64_t now = node->net->now_ns;
	bool excused = node->untimed || node->ep->txq_len > 0 ||
	               now - node->turn_ns > SLOT_NS + 2 * node->net->step_ns;

	node->turn_ns = now;
	for (uint16_t i = 0; i < node->conf.max_sessions; i++)
		if (node->ep->session[i] != NULL)
			watch(node, node->ep->session[i], excused);
}
