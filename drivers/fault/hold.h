/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef FAULT_HOLD_H
#define FAULT_HOLD_H

/**
 * @file
 * Frames on their way through faults. A frame first waits for its time, then perhaps steps aside
 * until later ones have passed, then stands in line for whoever takes frames out:
 *
 *	hold_put -> waiting (heap by time) -> [aside] -> ready (first in, first out) -> hold_take
 *
 * All of it belongs to one thread. Time is a number that grows, in any unit.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#define HOLD_MAX   2048 /**< frames held, in all three places together; a power of two */
#define HOLD_ASIDE 64   /**< of them aside */

struct held {
	struct rte_mbuf *m;
	uint64_t due;      /**< waiting: until when; aside: at the latest until when */
	uint64_t seq;      /**< order of arrival */
	uint64_t overtake; /**< later frames that have to pass first; 0: does not step aside */
};

struct hold {
	uint32_t nb_waiting, nb_aside;
	uint32_t head, tail; /**< ready: free-running */
	uint64_t seq;
	struct held aside[HOLD_ASIDE]; /**< in order of arrival there */
	struct held waiting[HOLD_MAX]; /**< binary heap by (due, seq) */
	struct held ready[HOLD_MAX];   /**< ring */
};

/** Frames in line. */
static inline uint32_t
hold_ready(const struct hold *h)
{
	return h->tail - h->head;
}

/** All frames held. */
static inline uint32_t
hold_count(const struct hold *h)
{
	return h->nb_waiting + h->nb_aside + hold_ready(h);
}

/** Keep a frame until @p due, and then let @p overtake later ones pass. @return false: full. */
bool hold_put(struct hold *h, struct rte_mbuf *m, uint64_t due, uint32_t overtake);

/**
 * Move on what is due, at most @p max frames of those that wait for their time.
 * @param patience  how long a frame stays aside if too few others come
 * @return frames that should have stepped aside and did not, because too many had.
 */
uint32_t hold_run(struct hold *h, uint64_t now, uint64_t patience, uint32_t max);

/** Everything is ready at once, in the order of its time. */
void hold_release(struct hold *h);

/** Look at up to @p n frames that are ready. @return how many. */
uint32_t hold_peek(const struct hold *h, struct rte_mbuf **mbufs, uint32_t n);

/** The first @p n that are ready are the caller's now. */
static inline void
hold_take(struct hold *h, uint32_t n)
{
	h->head += n;
}

/** Free every frame. */
void hold_free(struct hold *h);

#endif /* FAULT_HOLD_H */
