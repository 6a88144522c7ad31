/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef FAULT_LANE_H
#define FAULT_LANE_H

/**
 * @file
 * One direction of one queue. Frames go through in bursts, on the thread that polls the queue; it
 * alone touches them, the dice and what is held. Settings come from a control thread: it fills the
 * one of two slots that is not in use and raises `published`, whose lowest bit names the slot. The
 * polling thread copies a slot before it uses it, and takes the copy only if `published` is
 * still the same behind it; otherwise it looks again at its next turn. So neither ever waits.
 *
 * Time is in ticks, of whatever counter the caller reads.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_ether.h>

#include "fault/fate.h"
#include "fault/hold.h"
#include "fault/stats.h"

/** Of frames that stand in for others: IEEE 802 "local experimental ethertype 2". */
#define FAULT_ETHER_TYPE 0x88B6

/** How frames leave that are sent beside the bursts of the user. */
struct lane_out {
	uint16_t (*send)(void *ctx, struct rte_mbuf **mbufs, uint16_t n); /**< as a tx burst */
	void *ctx;
};

struct lane {
	/* Written by the control thread. */
	struct fate_conf slot[2];
	uint64_t published; /**< settings so far */

	/* Written by the polling thread; `drained` is read by the control thread. */
	__rte_cache_aligned uint64_t adopted; /**< `published` when a slot was last copied */
	uint64_t drained;                     /**< `adopted` when all was off and nothing held */
	/** Nothing happens to so many frames, which the teller has let pass, and nothing is held.
	 */
	uint64_t calm;
	struct fault_stats stats; /**< read by anyone */
	uint64_t dark_until;      /**< nothing passes before */
	bool dark;
	bool on; /**< there are faults beside the black hole */
	struct fate_teller teller;
	struct rte_mbuf *stand_in;
	struct hold hold;

	/* As it was made. */
	__rte_cache_aligned enum fault_dir dir;
	struct rte_ether_addr mac; /**< of the port */
	struct lane_out out;       /**< of FAULT_TX */
	uint64_t judged;           /**< mbuf flag of frames that lane_tx() handed over */
};

/** @return NULL without memory or a free mbuf flag. All is off. */
struct lane *lane_create(enum fault_dir dir, const struct rte_ether_addr *mac,
	const struct lane_out *out, int socket);

/** Nobody polls any more. What is held is sent as far as the port takes it, or freed. */
void lane_destroy(struct lane *l);

/** Change the settings. One control thread at a time. */
void lane_publish(struct lane *l, const struct fate_conf *conf);

/** For the control thread: all that was published is off, adopted, and nothing is held. */
static inline bool
lane_drained(const struct lane *l)
{
	return __atomic_load_n(&l->drained, __ATOMIC_ACQUIRE) == l->published;
}

/** Whether a turn would change nothing. */
static inline bool
lane_idle(const struct lane *l)
{
	return l->drained == __atomic_load_n(&l->published, __ATOMIC_RELAXED);
}

/** Let frames pass that are known to go free. @return false: they have to be looked at. */
static inline bool
lane_pass(struct lane *l, uint16_t n)
{
	if (n >= l->calm || __atomic_load_n(&l->published, __ATOMIC_RELAXED) != l->adopted)
		return false;
	l->calm -= n;
	l->stats.seen += n;
	return true;
}

/**
 * A received burst of @p n frames in an array for @p max. The array then holds what the user gets.
 * @return how many.
 */
uint16_t lane_rx(struct lane *l, uint64_t now, struct rte_mbuf **mbufs, uint16_t n, uint16_t max);

/**
 * A burst that is about to be transmitted. The array then holds as many frames for the port, a
 * stand-in where there is none: a transmit callback that returned fewer would make the user take
 * the frames at the end for unsent, and send them again. Those that the port has no room for do
 * come back; a flag tells that their fate is known.
 */
void lane_tx(struct lane *l, uint64_t now, struct rte_mbuf **mbufs, uint16_t n);

/** Send what is due, with every poll: frames that wait leave although the user sends nothing. */
void lane_tx_turn(struct lane *l, uint64_t now);

#endif /* FAULT_LANE_H */
