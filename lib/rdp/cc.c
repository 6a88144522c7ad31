/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/cc.h"

#include <errno.h>

#include "rdp/rdp_private.h"

static const struct rdp_cc_ops *const algorithms[] = {
	[RDP_CC_FIXED] = &rdp_cc_fixed,
	[RDP_CC_SWIFT] = &rdp_cc_swift,
};

void
rdp_cc_init(struct rdp_session *s, enum rdp_cc cc)
{
	s->cc = algorithms[cc];
	s->cc_gap = 0;
	s->cc_round = s->ep->now_ts;
	s->cc_repeats = 0;
	s->cc->init(s);
	rdp_cc_update(s);
}

int
rdp_cc_set(struct rdp_session *s, enum rdp_cc cc)
{
	if ((unsigned int)cc >= RTE_DIM(algorithms))
		return -EINVAL;
	if (s->state != RDP_OPEN)
		return -ENOTCONN;
	rdp_cc_init(s, cc);
	return 0;
}

/* The peer's share of what is asked of it: all at 0, a frame at 14, nothing at 15. */
static uint32_t
under_pressure(const struct rdp_session *s, uint32_t frames)
{
	uint32_t most = s->window / 2u;

	if (s->peer_pressure == 0)
		return frames;
	if (s->peer_pressure >= WIRE_PRESSURE_FULL)
		return 0;
	most = most * (WIRE_PRESSURE_FULL - s->peer_pressure) / WIRE_PRESSURE_FULL;
	return RTE_MIN(frames, RTE_MAX(most, 1u));
}

/*
 * Requests get the congestion window, up to half of the negotiated one and what is spared.
 * Responses get the whole of it, and at least one frame more than requests: so no number of
 * requests in flight keeps a response from leaving. A window below one frame leaves no room here,
 * and rdp_cc_paced() decides.
 */
void
rdp_cc_update(struct rdp_session *s)
{
	uint32_t window = s->cc->window(s);
	uint32_t frames = window >> RDP_CC_SHIFT;
	uint32_t requests = RTE_MIN(frames, s->window / 2u + rdp_request_spare(s));

	if (unlikely(window < RDP_CC_ONE && s->cc->gap != NULL)) {
		s->cc_gap = RTE_MAX(s->cc->gap(s), 1u);
		s->request_room = 0;
		s->tx_room = 0;
		return;
	}
	s->cc_gap = 0;
	s->request_room = (uint16_t)under_pressure(s, requests);
	s->tx_room = (uint16_t)RTE_MAX(frames, requests + 1);
}

/* One frame a gap; a response may be the second in flight, behind a request. How long ago the last
 * one was is counted without a sign: when nothing was paced for long, it may be any time. */
bool
rdp_cc_paced(const struct rdp_session *s, bool request)
{
	if (s->cc_gap == 0 || s->ep->now_ts - s->cc_last < s->cc_gap)
		return false;
	return request ? rdp_in_flight(s) < 1 && s->peer_pressure < WIRE_PRESSURE_FULL
	               : rdp_in_flight(s) < 2;
}

void
rdp_cc_sent(struct rdp_session *s)
{
	s->cc_last = s->ep->now_ts;
}

static uint32_t
round_length(const struct rdp_session *s)
{
	return s->cc_gap != 0 ? s->cc_gap : RTE_MAX(s->srtt, 1u);
}

/* What was lost was too much, and goes again no faster than new frames would. */
bool
rdp_cc_repeat(struct rdp_session *s)
{
	uint32_t now = s->ep->now_ts;

	if (!rdp_cc_active(s))
		return true;
	if (now - s->cc_round >= round_length(s)) {
		s->cc_round = now;
		s->cc_repeats = 0;
	}
	if (s->cc_repeats >= RTE_MAX(s->cc->window(s) >> RDP_CC_SHIFT, 1u))
		return false;
	s->cc_repeats++;
	return true;
}

uint32_t
rdp_cc_repeat_wait(const struct rdp_session *s)
{
	uint32_t passed = s->ep->now_ts - s->cc_round;

	return passed < round_length(s) ? round_length(s) - passed : 0;
}
