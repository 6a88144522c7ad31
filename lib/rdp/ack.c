/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/rdp_private.h"

/* The frames themselves are given up after the flush, when nobody waits for an answer. */
static inline void
advance(struct rdp_session *s, uint32_t ack)
{
	/* Bits of frames behind sack_high are clear. */
	for (uint32_t psn = s->tx_una; unlikely(wire_psn_before(psn, s->sack_high)) && psn != ack;
		psn++)
		rdp_bit_clear(s->sacked, psn);
	s->tx_una = ack;
	if (likely(!wire_psn_before(ack, s->sack_high)))
		s->sack_high = ack;
	else
		rdp_recover(s);
	rdp_list_add(s, RDP_LIST_RELEASE);
}

/* A frame acknowledged something new: RFC 9002 section 5, with the peer's delay taken off.
 * Returns the round trip, 0 when there is none. */
static uint32_t
sample(struct rdp_session *s, const struct wire_frame *f)
{
	uint32_t echo = rte_be_to_cpu_32(f->echo);
	uint32_t rtt = s->ep->now_ts - echo;
	uint32_t delay = rte_be_to_cpu_16(f->echo_delay);

	/* A delay that the field cannot hold says nothing about the network. */
	if ((int32_t)rtt < 0 || delay == UINT16_MAX)
		return 0;
	delay = rtt > delay ? rtt - delay : 1;
	rdp_rtt_sample(s, delay);
	/* By age: the last one may lie so far back that its difference has changed sign. */
	if (rtt < s->ep->now_ts - s->rack_ts)
		s->rack_ts = echo;
	return delay;
}

void
rdp_ack_input(struct rdp_session *s, const struct wire_frame *f, uint32_t ack)
{
	uint32_t acked = ack - s->tx_una;
	uint32_t rtt;

	/* Older than what is known, or beyond what was ever sent: a late frame or a forged one. */
	if (acked > rdp_in_flight(s))
		return;
	if (unlikely(wire_psn_before(s->tx_una, s->sack_high)))
		rdp_spurious_detect(s, ack, rte_be_to_cpu_32(f->echo));
	advance(s, ack);
	rtt = sample(s, f);
	if (rdp_cc_active(s))
		s->cc->on_ack(s, acked, rtt);
	if (unlikely(s->backoff > 0)) {
		s->backoff = 0;
		rdp_timer_arm(s, s->ep->now_ns + rdp_pto_ns(s));
	}
}

void
rdp_sack_input(struct rdp_session *s, const struct wire_frame *f, uint32_t room)
{
	const struct wire_sack *sack = (const struct wire_sack *)(f + 1);
	uint32_t ack = rte_be_to_cpu_32(f->ack);
	uint32_t limit = s->tx_next - ack;
	uint32_t rtt;

	if (room < sizeof(*sack)) {
		s->ep->stats.rx_malformed++;
		return;
	}
	if (ack != s->tx_una || limit > RDP_RING)
		return;
	rtt = sample(s, f);
	if (rdp_cc_active(s))
		s->cc->on_ack(s, 0, rtt);
	/* From a loss so long ago that numbers have gone round. */
	if (s->sack_high - ack > limit)
		s->sack_high = ack;
	for (uint32_t w = 0; w < RDP_RING / 64; w++) {
		uint64_t bits = rte_be_to_cpu_64(sack->bitmap[w]);

		for (; bits != 0; bits &= bits - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(bits);

			if (i == 0 || i >= limit)
				continue;
			rdp_bit_set(s->sacked, ack + i);
			if (wire_psn_before(s->sack_high, ack + i + 1))
				s->sack_high = ack + i + 1;
		}
	}
	rdp_recover(s);
}

void
rdp_sack_build(const struct rdp_session *s, struct wire_sack *sack)
{
	for (uint32_t w = 0; w < RDP_RING / 64; w++) {
		uint64_t bits = 0;

		for (uint32_t i = 0; i < 64; i++)
			if (rdp_bit(s->rx_bitmap, s->rx_next + w * 64 + i))
				bits |= UINT64_C(1) << i;
		sack->bitmap[w] = rte_cpu_to_be_64(bits);
	}
}
