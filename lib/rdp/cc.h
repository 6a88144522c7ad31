/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef RDP_CC_H
#define RDP_CC_H

/**
 * @file
 * Congestion control: how many of the frames of its negotiated window a session may have in
 * flight. An algorithm is a table of functions, as in Linux and VPP; each session has its own,
 * and it may be changed while the session is open. doc/congestion.md explains the choice.
 *
 * What an algorithm says becomes rdp_session.request_room and .tx_room, and only when it
 * changes: opening a frame costs the same under all of them. Times are in WIRE_TS_NS units.
 * Everything here belongs to the endpoint's thread.
 */

#include <stdint.h>

#include <rte_branch_prediction.h>

#include "rdp/rdp.h"

/** Fixed-point congestion windows: frames times this. */
#define RDP_CC_SHIFT 16
#define RDP_CC_ONE   (UINT32_C(1) << RDP_CC_SHIFT)

struct rdp_cc_ops {
	const char *name;
	/** The session has just opened, or has changed to this algorithm. */
	void (*init)(struct rdp_session *s);
	/** @p acked frames left the window, perhaps none; the round trip without the peer's delay
	 * was @p rtt, 0: not measured. */
	void (*on_ack)(struct rdp_session *s, uint32_t acked, uint32_t rtt);
	/** A frame was found to be lost, without a time-out. */
	void (*on_loss)(struct rdp_session *s);
	/** Nothing was acknowledged for a retransmission time-out. */
	void (*on_timeout)(struct rdp_session *s);
	/** The latest of these was none: what was repeated had arrived. */
	void (*on_spurious)(struct rdp_session *s);
	/** Frames that may be in flight, in fixed point; less than one: paced. */
	uint32_t (*window)(const struct rdp_session *s);
	/** Least time between two frames while the window is less than one. NULL: never paced. */
	uint32_t (*gap)(const struct rdp_session *s);
};

extern const struct rdp_cc_ops rdp_cc_fixed;
extern const struct rdp_cc_ops rdp_cc_swift;

/** The algorithm is not the fixed window: the one question that a frame is asked. */
static inline bool
rdp_cc_active(const struct rdp_session *s)
{
	return unlikely(s->cc != &rdp_cc_fixed);
}

/** Say what follows from the algorithm's window, the negotiated one, and the peer's pressure. */
void rdp_cc_update(struct rdp_session *s);

/** The window is less than one frame: whether the next may be opened now. */
bool rdp_cc_paced(const struct rdp_session *s, bool request);

/** A frame was opened. */
void rdp_cc_sent(struct rdp_session *s);

/** Whether one more frame may be repeated in this round trip. */
bool rdp_cc_repeat(struct rdp_session *s);

/** Time until rdp_cc_repeat() may say yes again. */
uint32_t rdp_cc_repeat_wait(const struct rdp_session *s);

#endif /* RDP_CC_H */
