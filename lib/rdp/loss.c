/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/rdp_private.h"

/* Time a frame may be overtaken by before it counts as lost: RFC 8985 starts at a quarter of the
 * smallest round trip; a microsecond below that is the grain of a poll loop. */
#define REORDER_MIN_TS (1000 >> WIRE_TS_SHIFT)

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

/*
 * RFC 8985: a frame is lost when one that was sent after it has arrived, and the time that
 * reordering may take has passed. Frames below sack_high are candidates.
 */
void
rdp_loss_detect(struct rdp_session *s)
{
	uint32_t window = s->rack_rtt + RTE_MAX(s->min_rtt / 4, REORDER_MIN_TS);
	uint32_t now = s->ep->now_ts;
	uint32_t next = window;

	for (uint32_t psn = s->tx_una; wire_psn_before(psn, s->sack_high); psn++) {
		uint32_t sent, age;

		if (rdp_bit(s->sacked, psn))
			continue;
		sent = rdp_sent_ts(s, psn);
		age = now - sent;
		if ((int32_t)(s->rack_ts - sent) < 0)
			continue;
		if (age >= window)
			rdp_retransmit(s, psn);
		else
			next = RTE_MIN(next, window - age);
	}
	s->rack_check = now + next;
}

/* Nothing was acknowledged for a time-out: send the oldest frame again, and look at all others
 * once its acknowledgement tells what had arrived. */
static void
timeout(struct rdp_session *s)
{
	s->ep->stats.rto++;
	if (s->backoff == 0)
		s->silent_ns = s->ep->now_ns;
	rdp_retransmit(s, s->tx_una);
	s->sack_high = s->tx_next;
	s->rack_check = s->ep->now_ts;
	rdp_list_add(s, RDP_LIST_RECOVER);
	if (s->backoff < 10)
		s->backoff++;
}

static void
keepalive(struct rdp_session *s)
{
	/* An empty DATA frame: it has to be acknowledged, which is all that is wanted. */
	if (rdp_response_open(s, 0) == NULL)
		s->ep->stats.tx_full++;
}

/* How long the peer has been silent, but for the time in which nobody polled this endpoint, as
 * when the machine was suspended: what was sent then was not heard. */
static uint64_t
silence(struct rdp_session *s)
{
	uint64_t late = s->ep->now_ns - s->timer_ns;

	if (unlikely(late > s->ep->conf.peer_timeout_ns / 8))
		s->heard_ns = RTE_MIN(s->heard_ns + late, s->ep->now_ns);
	return s->ep->now_ns - s->heard_ns;
}

/* Silence counts when the peer had something to answer, for half of the time at least: we may have
 * been idle for longer than the time-out. */
static bool
peer_down(const struct rdp_session *s, uint64_t quiet)
{
	const struct rdp_ep *ep = s->ep;

	return quiet >= ep->conf.peer_timeout_ns && s->backoff > 0 &&
	       ep->now_ns - s->silent_ns >= ep->conf.peer_timeout_ns / 2;
}

void
rdp_loss_timeout(struct rdp_session *s)
{
	struct rdp_ep *ep = s->ep;
	uint64_t quiet = silence(s);
	uint64_t rto = rdp_rto_ns(s);

	if (rdp_in_flight(s) == 0) {
		if (quiet >= ep->conf.keepalive_ns) {
			keepalive(s);
			rdp_timer_arm(s, ep->now_ns + rto);
			return;
		}
		rdp_timer_arm(s, s->heard_ns + ep->conf.keepalive_ns);
		return;
	}
	if (peer_down(s, quiet)) {
		rdp_session_fail(s, -ETIMEDOUT);
		return;
	}
	if ((uint64_t)(ep->now_ts - rdp_sent_ts(s, s->tx_una)) << WIRE_TS_SHIFT >= rto) {
		timeout(s);
		rto = rdp_rto_ns(s);
	}
	rdp_timer_arm(s, ep->now_ns + rto);
}
