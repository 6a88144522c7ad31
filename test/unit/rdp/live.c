/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdlib.h>

#include "live.h"
#include "node.h"

#define SLOT_NS (UINT64_C(1) << RDP_WHEEL_SHIFT)

/* What there is to wait for, and for how long. */
struct wait {
	uint32_t psn;
	uint64_t since_ns; /* when it began, or nothing stood in its way any more */
	uint64_t most_ns;  /* the longest that was allowed since then */
};

/* For how long the timer may be armed. */
struct armed {
	uint64_t most_ns;
	uint64_t before_ns; /* the same of the time before */
	uint64_t since_ns;  /* begin of the time of the first */
};

struct live_watch {
	uint32_t inc;
	struct wait oldest, last; /* of the frames in flight */
	uint64_t untimed_ns;      /* no round trip was known until then */
	struct armed timeout, probe;
	uint64_t sent_ns[RDP_RING]; /* by number: when it was on the wire last */
	bool again[RDP_RING];       /* that was not the first time */
};

struct live_watch *
live_new(uint16_t sessions)
{
	struct live_watch *w = calloc(sessions, sizeof(*w));

	if (w == NULL)
		abort();
	return w;
}

static void
sent(struct live_watch *w, const struct net_frame *f)
{
	w->sent_ns[f->psn % RDP_RING] = f->ns;
	w->again[f->psn % RDP_RING] = f->flags & WIRE_F_RETRANSMIT;
}

void
live_sent(const struct node *node, const struct net_frame *f)
{
	for (uint16_t i = 0; i < node->conf.max_sessions; i++) {
		const struct rdp_session *s = node->ep->session[i];

		if (s != NULL && rte_be_to_cpu_32(s->local_inc) == f->src_inc)
			sent(&node->watch[i], f);
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

/* Two smoothed round trips and the delay of acknowledgements. */
static uint64_t
probe_ns(const struct node *node, const struct rdp_session *s)
{
	uint64_t ns = 2 * (uint64_t)s->srtt * WIRE_TS_NS + node->conf.ack_delay_ns;

	return RTE_MIN(ns, timeout_ns(node, s));
}

/* The timer may have been armed when the round trip was longer. */
static uint64_t
armed_ns(const struct node *node, struct armed *a, uint64_t now_ns)
{
	a->most_ns = RTE_MAX(a->most_ns, now_ns);
	if (node->net->now_ns - a->since_ns > a->most_ns + 2 * SLOT_NS) {
		a->before_ns = a->most_ns;
		a->most_ns = now_ns;
		a->since_ns = node->net->now_ns;
	}
	return RTE_MAX(a->most_ns, a->before_ns);
}

/* @return for how long it was waited for @p psn, beyond what is allowed now; 0: not. */
static uint64_t
late_ns(const struct node *node, const struct live_watch *w, struct wait *wait, uint32_t psn,
	bool anew, uint64_t allowed_ns)
{
	uint64_t now = node->net->now_ns, from;

	if (anew || wait->psn != psn)
		*wait = (struct wait){.psn = psn, .since_ns = now};
	wait->most_ns = RTE_MAX(wait->most_ns, allowed_ns);
	from = RTE_MAX(wait->since_ns, w->sent_ns[psn % RDP_RING]);
	from += wait->most_ns + SLOT_NS + 2 * node->net->step_ns + NET_US;
	return now > from ? now - from : 0;
}

/* Told once. */
static void
complain(struct node *node, const struct rdp_session *s, struct wait *wait, const char *which,
	uint64_t late)
{
	net_error(node->net,
		"node %u: frame %u of session %u, the %s, is repeated later than after %" PRIu64
		" us, by %" PRIu64 " ns",
		node->index, wait->psn, s->index, which, wait->most_ns / NET_US, late);
	wait->since_ns = node->net->now_ns;
}

static void
watch_oldest(struct node *node, const struct rdp_session *s, bool anew)
{
	struct live_watch *w = &node->watch[s->index];
	uint64_t allowed = armed_ns(node, &w->timeout, timeout_ns(node, s));
	uint64_t late = late_ns(node, w, &w->oldest, s->tx_una, anew, allowed);

	if (late > 0)
		complain(node, s, &w->oldest, "oldest", late);
}

/* The timer may have been armed for one before it, and then for the rest. */
static void
watch_last(struct node *node, const struct rdp_session *s, bool anew)
{
	struct live_watch *w = &node->watch[s->index];
	uint32_t last = s->tx_next - 1;
	uint64_t late;

	if (s->srtt == 0)
		w->untimed_ns = node->net->now_ns;
	anew |= s->backoff > 0 || w->again[last % RDP_RING] || rdp_bit(s->sacked, last) ||
	        node->net->now_ns - w->untimed_ns <= timeout_ns(node, s) + SLOT_NS;
	late = late_ns(node, w, &w->last, last, anew,
		armed_ns(node, &w->probe, probe_ns(node, s)) + SLOT_NS);
	if (late > 0)
		complain(node, s, &w->last, "last", late);
}

static void
watch(struct node *node, const struct rdp_session *s, bool excused)
{
	struct live_watch *w = &node->watch[s->index];
	bool anew = excused || w->inc != s->local_inc || rdp_in_flight(s) == 0;

	if (w->inc != s->local_inc)
		w->untimed_ns = node->net->now_ns;
	w->inc = s->local_inc;
	watch_oldest(node, s, anew);
	if (!node->conf.no_tail_probe)
		watch_last(node, s, anew);
}

void
live_turn(struct node *node)
{
	uint64_t now = node->net->now_ns;
	bool excused = node->untimed || node->ep->txq_len > 0 ||
	               now - node->turn_ns > SLOT_NS + 2 * node->net->step_ns;

	node->turn_ns = now;
	for (uint16_t i = 0; i < node->conf.max_sessions; i++)
		if (node->ep->session[i] != NULL && node->ep->session[i]->state == RDP_OPEN)
			watch(node, node->ep->session[i], excused);
}
