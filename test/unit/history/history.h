/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef HISTORY_H
#define HISTORY_H

/**
 * Histories by the thousand. What a run does comes from the environment:
 *
 * | SHMX_SEED   | seed of the first history, those behind it count up; else a new one, printed |
 * | SHMX_ROUNDS | how many                                                                     |
 * | SHMX_TRACE  | set: print plans, frames, calls and what the memory node executes            |
 */

#include "linear.h"
#include "world.h"

/** What became of the operations of a history, or of many. */
struct tally {
	uint64_t histories;
	uint64_t opers;
	uint64_t done, refused, never, unknown;
	uint64_t looked_at;  /**< by the checker */
	uint64_t complaints; /**< of histories that no order of operations explains: see world.h */
	uint64_t bad, open;  /**< words that are not linearizable, or were not decided */
};

/** Default counts: a few seconds, and enough to find every bug of bugs.h. */
#define HISTORY_MIXED  2000
#define HISTORY_OWNERS 1000
#define HISTORY_ADDS   300

/** $SHMX_ROUNDS, or so many; SHMX_SHORT: a quarter of them. */
unsigned int history_rounds(unsigned int otherwise);

/** Run the history of a seed and check it; say on stderr what is wrong with it unless @p quiet. */
void history_run(struct world *w, uint64_t seed, enum load load, bool quiet, struct tally *tally);

/** How to see it again. */
void history_replay(FILE *to, uint64_t seed);

void tally_print(const char *name, const struct tally *t);

#endif /* HISTORY_H */
