/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/cc.h"
#include "rdp/rdp_private.h"

/*
 * Swift: G. Kumar et al., "Swift: Delay is Simple and Effective for Congestion Control in the
 * Datacenter", SIGCOMM 2020, algorithm 1 and section 3.1. What is different here, and why, stands
 * in doc/congestion.md:
 * - the fabric's own delay is the session's smallest round trip, not a sum over hops;
 * - the window starts at, and never exceeds, the one that was negotiated;
 * - delays in this host's receive ring are taken off, because the application may poll seldom.
 */

/* Values of the paper; those that it leaves open, fs_range and the five time-outs, are those of its
 * model in the htsim simulator (github.com/Broadcom/csg-htsim, sim/swift.cpp). */
#define SWIFT_AI       RDP_CC_ONE /* additive increment: one frame a round trip */
#define SWIFT_BETA_NUM 4          /* multiplicative decrease, 0.8 */
#define SWIFT_BETA_DEN 5
#define SWIFT_MDF_DIV  2 /* max_mdf 0.5: the most that one round trip takes away */

/* Flow scaling between windows of 0.1 and 100 frames; range as a multiple of the base target. */
#define SWIFT_FS_MIN_CWND (RDP_CC_ONE / 10)
#define SWIFT_FS_MAX_CWND (100 * RDP_CC_ONE)
#define SWIFT_FS_RANGE    5

/* 1/sqrt(0.1) - 1/sqrt(100), and 1/sqrt(100), in fixed point. */
#define SWIFT_FS_SPAN ((uint32_t)(3.0622776602 * RDP_CC_ONE))
#define SWIFT_FS_TAIL (RDP_CC_ONE / 10)

#define SWIFT_MIN_CWND   (RDP_CC_ONE / 1000)
#define SWIFT_RETX_RESET 5 /* time-outs in a row after which the window is the smallest */

/* Windows below one frame are paced; the gap is bounded so that a path that was bad is tried
 * again before the peer counts as down. */
#define SWIFT_GAP_MAX ((uint32_t)(RDP_RTO_MAX_NS >> WIRE_TS_SHIFT))

static uint32_t
cwnd_max(const struct rdp_session *s)
{
	return (uint32_t)s->window << RDP_CC_SHIFT;
}

/* Digit by digit; of a number in fixed point the square root in fixed point. */
static uint32_t
fixed_sqrt(uint32_t x)
{
	uint64_t rest = (uint64_t)x << RDP_CC_SHIFT;
	uint64_t root = 0;

	for (uint64_t bit = UINT64_C(1) << (32 + RDP_CC_SHIFT - 2); bit != 0; bit >>= 2) {
		if (rest >= root + bit) {
			rest -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return (uint32_t)root;
}

/* Many flows that share a queue each have a small window, and need a longer queue to keep the
 * link busy: alpha / sqrt(cwnd) + beta, between nothing and fs_range. */
static uint32_t
flow_scaling(const struct rdp_swift *w)
{
	uint64_t range = SWIFT_FS_RANGE * (uint64_t)w->base;
	uint64_t inverse;

	if (w->cwnd >= SWIFT_FS_MAX_CWND)
		return 0;
	if (w->cwnd <= SWIFT_FS_MIN_CWND)
		return (uint32_t)range;
	inverse = (UINT64_C(1) << 2 * RDP_CC_SHIFT) / fixed_sqrt(w->cwnd);
	if (inverse <= SWIFT_FS_TAIL)
		return 0;
	return (uint32_t)(range * (inverse - SWIFT_FS_TAIL) / SWIFT_FS_SPAN);
}

static void
set_target(struct rdp_swift *w)
{
	w->target = (w->min_rtt != UINT32_MAX ? w->min_rtt : 0) + w->base + flow_scaling(w);
}

static void
set_cwnd(struct rdp_session *s, uint64_t cwnd)
{
	struct rdp_swift *w = &s->cc_state.swift;

	cwnd = RTE_MIN(RTE_MAX(cwnd, SWIFT_MIN_CWND), cwnd_max(s));
	if (cwnd < w->cwnd) {
		w->decrease_ts = s->ep->now_ts;
		w->decreased = true;
	}
	w->cwnd = (uint32_t)cwnd;
	set_target(w);
	rdp_cc_update(s);
}

static void
swift_init(struct rdp_session *s)
{
	struct rdp_swift *w = &s->cc_state.swift;

	*w = (struct rdp_swift){
		.cwnd = cwnd_max(s),
		.base = RTE_MAX((uint32_t)(s->ep->conf.cc_target_ns >> WIRE_TS_SHIFT), 1u),
		.min_rtt = UINT32_MAX,
		.rtt = s->srtt,
	};
	set_target(w);
}

/* Once a round trip at most. */
static bool
can_decrease(const struct rdp_session *s)
{
	const struct rdp_swift *w = &s->cc_state.swift;

	return !w->decreased || s->ep->now_ts - w->decrease_ts >= w->rtt;
}

static void
increase(struct rdp_session *s, uint32_t acked)
{
	uint64_t cwnd = s->cc_state.swift.cwnd;

	if (cwnd >= RDP_CC_ONE)
		set_cwnd(s, cwnd + ((uint64_t)SWIFT_AI << RDP_CC_SHIFT) * acked / cwnd);
	else
		set_cwnd(s, cwnd + (uint64_t)SWIFT_AI * acked);
}

static void
decrease(struct rdp_session *s, uint32_t delay)
{
	const struct rdp_swift *w = &s->cc_state.swift;
	uint64_t excess = delay - w->target;
	uint64_t cut = w->cwnd * excess / delay * SWIFT_BETA_NUM / SWIFT_BETA_DEN;

	if (can_decrease(s))
		set_cwnd(s, w->cwnd - RTE_MIN(cut, w->cwnd / SWIFT_MDF_DIV));
}

static void
halve(struct rdp_session *s)
{
	const struct rdp_swift *w = &s->cc_state.swift;

	if (can_decrease(s))
		set_cwnd(s, w->cwnd - w->cwnd / SWIFT_MDF_DIV);
}

/* Frames wait in our receive ring while the application does something else: not the fabric. */
static inline uint32_t
fabric_delay(const struct rdp_session *s, uint32_t rtt)
{
	return rtt > s->ep->poll_gap_ts ? rtt - s->ep->poll_gap_ts : 1;
}

static void
swift_on_ack(struct rdp_session *s, uint32_t acked, uint32_t rtt)
{
	struct rdp_swift *w = &s->cc_state.swift;
	uint32_t delay;

	w->timeouts = 0;
	if (unlikely(rtt == 0))
		return;
	delay = fabric_delay(s, rtt);
	w->rtt = delay;
	if (unlikely(delay < w->min_rtt)) {
		w->min_rtt = delay;
		set_target(w);
	}
	/* The common path ends here. */
	if (likely(delay < w->target && w->cwnd == cwnd_max(s)))
		return;
	if (delay >= w->target)
		decrease(s, delay);
	else if (acked > 0)
		increase(s, acked);
}

static void
swift_on_loss(struct rdp_session *s)
{
	struct rdp_swift *w = &s->cc_state.swift;

	w->timeouts = 0;
	if (can_decrease(s))
		w->undo = w->cwnd;
	halve(s);
}

static void
swift_on_spurious(struct rdp_session *s)
{
	struct rdp_swift *w = &s->cc_state.swift;

	if (w->undo > w->cwnd)
		set_cwnd(s, w->undo);
	w->undo = 0;
	w->decreased = false;
}

static void
swift_on_timeout(struct rdp_session *s)
{
	struct rdp_swift *w = &s->cc_state.swift;

	/* Nothing has come back yet: the time-out may be shorter than the way is long. */
	if (w->min_rtt == UINT32_MAX)
		return;
	if (w->timeouts == 0 && can_decrease(s))
		w->undo = w->cwnd;
	if (w->timeouts < SWIFT_RETX_RESET)
		w->timeouts++;
	if (w->timeouts == SWIFT_RETX_RESET)
		set_cwnd(s, SWIFT_MIN_CWND);
	else
		halve(s);
}

static uint32_t
swift_window(const struct rdp_session *s)
{
	return s->cc_state.swift.cwnd;
}

static uint32_t
swift_gap(const struct rdp_session *s)
{
	const struct rdp_swift *w = &s->cc_state.swift;
	uint64_t gap = ((uint64_t)w->rtt << RDP_CC_SHIFT) / w->cwnd;

	return (uint32_t)RTE_MIN(gap, SWIFT_GAP_MAX);
}

const struct rdp_cc_ops rdp_cc_swift = {
	.name = "swift",
	.init = swift_init,
	.on_ack = swift_on_ack,
	.on_loss = swift_on_loss,
	.on_timeout = swift_on_timeout,
	.on_spurious = swift_on_spurious,
	.window = swift_window,
	.gap = swift_gap,
};
