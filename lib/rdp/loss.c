/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/rdp_private.h"

/* Time a frame may be overtaken by before it counts as lost: RFC 8985 starts at a quarter of the
 * smallest round trip; a microsecond below that is the grain of a poll loop. */
#define REORDER_MIN_TS (1000 >> WIRE_TS_SHIFT)

#define NEVER_TS UINT32_MAX

#define REORDER_MAX   16
#define REORDER_FADES 16

/* RFC 8985, section 6.2: a quarter of the smallest round trip for each time that less was too
 * little, at most a round trip; so for the next 16 losses. */
static uint32_t
reorder_window(const struct rdp_session *s)
{
	uint32_t window = RTE_MAX(s->min_rtt / 4, REORDER_MIN_TS) * (1u + s->reorder);

	return s->reorder > 0 ? RTE_MIN(window, RTE_MAX(s->srtt, REORDER_MIN_TS)) : window;
}

static void
on_loss(struct rdp_session *s)
{
	if (s->reorder_fades > 0 && --s->reorder_fades == 0)
		s->reorder = 0;
	s->cc->on_loss(s);
}

/*
 * Of the frames before @p ack that were sent again, was one acknowledged before that could arrive?
 * The acknowledgement echoes when the newest frame was sent that had come by then. RFC 3522 in
 * spirit.
 */
void
rdp_spurious_detect(struct rdp_session *s, uint32_t ack, uint32_t echo)
{
	bool found = false;

	for (uint32_t psn = s->tx_una; psn != ack && wire_psn_before(psn, s->sack_high); psn++) {
		const struct rdp_kept *k = rdp_kept(s->ring[psn % RDP_RING]);

		if (!(k->flags & WIRE_F_RETRANSMIT) || (int32_t)(echo - k->sent_ts) >= 0)
			continue;
		s->ep->stats.tx_spurious++;
		found = true;
	}
	if (!found)
		return;
	s->reorder += s->reorder < REORDER_MAX;
	s->reorder_fades = REORDER_FADES;
	s->cc->on_spurious(s);
}

void
rdp_rtt_sample(struct rdp_session *s, uint32_t rtt)
{
	int32_t error = (int32_t)(rtt - s->srtt);

	s->rack_rtt = rtt;
	if (unlikely(s->srtt == 0)) {
		s->srtt = rtt;
		s->rttvar = rtt / 2;
		s->min_rtt = rtt;
		return;
	}
	/* RFC 6298: alpha 1/8, beta 1/4. */
	s->srtt = (uint32_t)((int32_t)s->srtt + error / 8);
	s->rttvar += (uint32_t)((RTE_MAX(error, -error) - (int32_t)s->rttvar) / 4);
	if (rtt < s->min_rtt)
		s->min_rtt = rtt;
}

uint64_t
rdp_rto_ns(const struct rdp_session *s)
{
	uint64_t rto = (s->srtt + 4 * (uint64_t)s->rttvar) << WIRE_TS_SHIFT;

	rto = RTE_MAX(rto, s->ep->rto_min_ns) << s->backoff;
	return RTE_MIN(rto, RDP_RTO_MAX_NS);
}

/* RFC 8985, section 7: two round trips without an answer, and the peer's delay of one. */
uint64_t
rdp_pto_ns(const struct rdp_session *s)
{
	uint64_t pto = ((uint64_t)s->srtt << (WIRE_TS_SHIFT + 1)) + s->ep->ack_delay_ns;
	uint64_t rto = rdp_rto_ns(s);

	return likely(s->srtt > 0 && !s->ep->conf.no_tail_probe) ? RTE_MIN(pto, rto) : rto;
}

/*
 * RFC 8985: a frame is lost when one that was sent after it has arrived, and the time that
 * reordering may take has passed. Frames below sack_high are candidates.
 */
bool
rdp_loss_detect(struct rdp_session *s)
{
	uint32_t window = s->rack_rtt + reorder_window(s);
	uint32_t now = s->ep->now_ts;
	/* What was sent after all that is known to have arrived waits for news of others. */
	uint32_t next = NEVER_TS;
	bool lost = false;

	for (uint32_t psn = s->tx_una; wire_psn_before(psn, s->sack_high); psn++) {
		uint32_t age;

		if (rdp_bit(s->sacked, psn))
			continue;
		age = now - rdp_sent_ts(s, psn);
		if (age < now - s->rack_ts)
			continue;
		if (age < window) {
			next = RTE_MIN(next, window - age);
			continue;
		}
		/* Lost before, and not sent again yet. */
		if (unlikely(s->ep->txq_len > 0) && rdp_queued(s, psn))
			break;
		if (!lost)
			on_loss(s);
		lost = true;
		if (!rdp_cc_repeat(s)) {
			next = RTE_MIN(next, rdp_cc_repeat_wait(s));
			break;
		}
		/* A port that takes no more is not asked at every poll, but at the time-out. */
		if (!rdp_retransmit(s, psn))
			break;
	}
	s->rack_check = now + next;
	return next != NEVER_TS;
}

void
rdp_recover(struct rdp_session *s)
{
	s->rack_check = s->ep->now_ts;
	rdp_list_add(s, RDP_LIST_RECOVER);
}

/* Nothing was acknowledged for a time-out: send the oldest frame again, and look at all others
 * once its acknowledgement tells what had arrived. */
static void
timeout(struct rdp_session *s)
{
	if (s->backoff == 0)
		s->asked_ns = s->ep->now_ns;
	s->ep->stats.rto++;
	s->cc->on_timeout(s);
	rdp_retransmit(s, s->tx_una);
	s->sack_high = s->tx_next;
	rdp_recover(s);
	if (s->backoff < 10)
		s->backoff++;
}

static uint64_t
age_ns(const struct rdp_session *s, uint32_t psn)
{
	return (uint64_t)(s->ep->now_ts - rdp_sent_ts(s, psn)) << WIRE_TS_SHIFT;
}

/*
 * Long before the time-out, once: the last frame again. If it was lost alone that mends it; if not,
 * its acknowledgement tells what else is missing.
 */
static void
probe(struct rdp_session *s, uint32_t psn)
{
	s->probe_psn = psn;
	if (!rdp_retransmit(s, psn))
		return;
	s->ep->stats.tx_probe++;
	if (wire_psn_before(s->sack_high, psn + 1))
		s->sack_high = psn + 1;
}

/* Probe if it is time. @return until then, or until one may be due of a frame that is sent after
 * this: nobody arms the timer for it. UINT64_MAX: never. */
static uint64_t
probe_wait_ns(struct rdp_session *s)
{
	uint32_t last = s->tx_next - 1;
	uint64_t pto, age;

	if (s->backoff > 0 || s->srtt == 0 || s->ep->conf.no_tail_probe)
		return UINT64_MAX;
	pto = rdp_pto_ns(s);
	if (s->probe_psn == last || rdp_bit(s->sacked, last) || rdp_queued(s, last))
		return pto;
	age = age_ns(s, last);
	if (age < pto)
		return pto - age;
	probe(s, last);
	return pto;
}

/* The end that was connected to waits a little longer: the other one asks, and one is enough. */
static uint64_t
keepalive_ns(const struct rdp_session *s)
{
	uint64_t usual = s->ep->conf.keepalive_ns;

	if (!s->initiator)
		usual += usual / 8;
	return likely(s->peer_pressure < WIRE_PRESSURE_FULL) ? usual : RTE_MIN(usual, RDP_PROBE_NS);
}

/* @return when to look again. */
static uint64_t
keepalive(struct rdp_session *s)
{
	struct rdp_ep *ep = s->ep;

	/* An empty DATA frame: it has to be acknowledged, which is all that is wanted. */
	if (rdp_response_open(s, 0) != NULL)
		return ep->now_ns + rdp_pto_ns(s);
	/* All sessions of the port fare alike, so nobody tries again soon. What the port does not
	 * take is for the peer as if it had been lost; where buffers are short nobody is asked. */
	ep->stats.tx_full++;
	if (s->backoff == 0)
		s->asked_ns = ep->now_ns;
	s->backoff = ep->txq_ready > 0;
	return ep->now_ns + RDP_RTO_MAX_NS;
}

/* Nothing was heard for the peer time-out, and we asked all that time: a silence from before, or
 * in which we did not run, is none of the peer's. */
static bool
peer_down(const struct rdp_session *s)
{
	uint64_t since = RTE_MAX(s->heard_ns, s->asked_ns);

	return s->backoff > 0 && s->ep->now_ns - since >= s->ep->conf.peer_timeout_ns;
}

/*
 * The oldest frame does not arrive, though the peer is heard all the time. If it is a large one,
 * the path has become narrow. A small one every path carries: it is given longer, but not for ever.
 * Returns what the session ends with, or 0.
 */
static int
in_vain(const struct rdp_session *s)
{
	const struct rte_mbuf *kept = s->ring[s->tx_una % RDP_RING];
	uint32_t ip_len = kept->pkt_len - (uint32_t)RDP_RECORDS_AT + rdp_ip_overhead(s->peer_ip) +
	                  (uint32_t)sizeof(struct wire_frame);
	uint64_t asked = s->ep->now_ns - s->asked_ns, most = s->ep->conf.peer_timeout_ns;

	if (s->backoff == 0)
		return 0;
	if (ip_len > RDP_MTU_MIN && asked >= 2 * most)
		return -EMSGSIZE;
	return asked >= 4 * most ? -ETIMEDOUT : 0;
}

/* Nothing is in flight. */
static void
idle_timeout(struct rdp_session *s)
{
	if (s->ep->now_ns - s->heard_ns < keepalive_ns(s)) {
		s->backoff = 0;
		rdp_timer_arm(s, s->heard_ns + keepalive_ns(s));
	} else if (peer_down(s)) {
		rdp_session_fail(s, -ETIMEDOUT);
	} else {
		rdp_timer_arm(s, keepalive(s));
	}
}

/*
 * The oldest frame has not left yet, or not again, so that no answer is to be had. That is neither
 * a loss nor the peer's silence, but where the port itself takes nothing at all any more; or where
 * a frame that left before finds no buffer: it may be the peers' silence that keeps all buffers.
 */
static bool
unsent(const struct rdp_session *s)
{
	const struct rdp_ep *ep = s->ep;
	bool stuck = ep->now_ns - ep->tx_moved_ns >= RDP_PORT_STUCK_NS;

	if (likely(ep->txq_len == 0) || (ep->txq_ready > 0 && stuck) || !rdp_queued(s, s->tx_una))
		return false;
	return ep->txq_ready > 0 ||
	       !(rdp_kept(s->ring[s->tx_una % RDP_RING])->flags & WIRE_F_RETRANSMIT);
}

/* All that waits is looked at, and the less often the longer nothing moves. What no flush has left
 * there leaves with the next one. */
static void
unsent_timeout(struct rdp_session *s)
{
	struct rdp_ep *ep = s->ep;
	uint64_t wait = rdp_pto_ns(s);

	if (ep->txq_late > 0)
		wait = RTE_MAX(wait, 2 * (ep->now_ns - ep->tx_moved_ns));
	s->asked_ns = ep->now_ns;
	rdp_timer_arm(s, ep->now_ns + RTE_MIN(wait, RDP_RTO_MAX_NS));
}

/* For an idle session the timer is far away; and where frames waited for the port, or the path was
 * longer, it may be though there are some in flight. */
void
rdp_loss_watch(struct rdp_session *s)
{
	uint64_t now = s->ep->now_ns;

	if (rdp_in_flight(s) == 0 || s->timer_ns > now + rdp_rto_ns(s))
		rdp_timer_arm(s, now + rdp_pto_ns(s));
}

void
rdp_loss_timeout(struct rdp_session *s)
{
	struct rdp_ep *ep = s->ep;
	uint64_t rto = rdp_rto_ns(s);
	uint64_t age;
	int error;

	if (rdp_in_flight(s) == 0) {
		/* One that is being filled leaves with the next flush. */
		if (s->open != NULL)
			rdp_timer_arm(s, ep->now_ns + rdp_pto_ns(s));
		else
			idle_timeout(s);
		return;
	}
	/* The timer comes late when nobody polled: who does not listen starts to ask anew. */
	if (unlikely(ep->now_ns - s->timer_ns > ep->conf.peer_timeout_ns / 8))
		s->asked_ns = ep->now_ns;
	if (unlikely(unsent(s))) {
		unsent_timeout(s);
		return;
	}
	if (peer_down(s)) {
		rdp_session_fail(s, -ETIMEDOUT);
		return;
	}
	error = in_vain(s);
	if (unlikely(error < 0)) {
		rdp_session_fail(s, error);
		return;
	}
	age = age_ns(s, s->tx_una);
	if (age >= rto) {
		timeout(s);
		rto = rdp_rto_ns(s);
		age = 0;
	}
	rdp_timer_arm(s, ep->now_ns + RTE_MIN(rto - age, probe_wait_ns(s)));
}
