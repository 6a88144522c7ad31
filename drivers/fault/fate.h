/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef FAULT_FATE_H
#define FAULT_FATE_H

/**
 * @file
 * What happens to each frame, decided by dice and by nothing else. Every fault that is set has a
 * sequence of its own, one number a frame: where frames are lost does not depend on what else is
 * set, nor on when frames come.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "fault/dice.h"
#include "fault/spec.h"

/** A spec as it is used: shares of 2^32, times in ticks. Made of 64-bit words alone. */
struct fate_conf {
	uint64_t drop, dup, reorder, flip, trunc;
	uint64_t reorder_frames, reorder_ticks;
	uint64_t delay, jitter;
	uint64_t flip_bits;
	uint64_t blackhole; /**< ticks; 0: none; or FAULT_FOREVER */
	uint64_t seed;
};

/** One sequence each. */
enum fate_dice {
	FATE_DROP,
	FATE_DUP,
	FATE_REORDER,
	FATE_FLIP,
	FATE_TRUNC,
	FATE_CHANCES, /**< so many hit a share of the frames */
	FATE_DELAY = FATE_CHANCES,
	FATE_TWIN_DELAY,
	FATE_DICE
};

/**
 * When a chance hits, it is decided how many frames go free until it hits again: so a frame that
 * nothing happens to costs next to nothing.
 */
struct fate_teller {
	struct fate_conf conf;
	struct dice dice[FATE_DICE];
	uint64_t free[FATE_CHANCES]; /**< frames until the next hit */
	double scale[FATE_CHANCES];  /**< 1 / ln(1 - share) */
};

/** Of one frame. */
struct fate {
	bool lost;
	bool twice;
	bool reordered;
	bool delayed;
	uint32_t overtake;  /**< later frames to let pass */
	uint64_t wait;      /**< ticks */
	uint64_t twin_wait; /**< of its duplicate */
	uint64_t flip;      /**< 0: no; otherwise where the choice of bits begins */
	uint64_t trunc;     /**< 0: no; otherwise the same for the length */
};

/**
 * @param salt  tells directions, queues and ports apart that have the same seed
 * @param hz    ticks a second
 */
void fate_conf_fill(
	struct fate_conf *conf, const struct fault_spec *spec, uint64_t salt, uint64_t hz);

/** Start all sequences of a configuration from their beginning. */
void fate_begin(struct fate_teller *t, const struct fate_conf *conf);

/** Whether there is a fault beside the black hole. */
bool fate_on(const struct fate_conf *conf);

/** The fate of the next frame. */
void fate_next(struct fate_teller *t, struct fate *f);

/** How many of the next frames nothing at all happens to, at least. */
static inline uint64_t
fate_free(const struct fate_teller *t)
{
	uint64_t n = (t->conf.delay | t->conf.jitter) == 0 ? UINT64_MAX : 0;

	for (int i = 0; i < FATE_CHANCES; i++)
		n = RTE_MIN(n, t->free[i]);
	return n;
}

/** The next @p n frames, not more than fate_free(), have passed. */
static inline void
fate_pass(struct fate_teller *t, uint64_t n)
{
	for (int i = 0; i < FATE_CHANCES; i++)
		t->free[i] -= n;
}

#endif /* FAULT_FATE_H */
