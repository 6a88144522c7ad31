/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef FAULT_STATS_H
#define FAULT_STATS_H

/**
 * @file
 * What was done to frames of one direction. Counters are free-running; written by the thread that
 * polls the queue, read by anyone.
 */

#include <stdint.h>

/** Name, and what it counts for people. */
#define FAULT_STATS(_)                                                                             \
	_(seen, "frames that came by")                                                             \
	_(dropped, "lost at random")                                                               \
	_(blackholed, "lost in the black hole")                                                    \
	_(duplicated, "sent on twice")                                                             \
	_(reordered, "held back so that others overtake")                                          \
	_(delayed, "held back for a time")                                                         \
	_(flipped, "with bits flipped")                                                            \
	_(truncated, "cut short")                                                                  \
	_(overflowed, "passed on at once: as many held as can be")                                 \
	_(spared, "passed on unharmed: no buffer to do it with")

struct fault_stats {
#define FAULT_STATS_FIELD(name, text) uint64_t name;
	FAULT_STATS(FAULT_STATS_FIELD)
#undef FAULT_STATS_FIELD
	uint64_t held; /**< a gauge: frames held now */
};

/** Names in the order of the fields, `held` last; NULL ends them. */
extern const char *const fault_stats_names[];

/** The field of that index, below the number of names. */
static inline uint64_t
fault_stats_value(const struct fault_stats *s, unsigned int i)
{
	return ((const uint64_t *)s)[i];
}

/** Add, and take away. The gauge is added only. */
void fault_stats_add(struct fault_stats *to, const struct fault_stats *s);
void fault_stats_sub(struct fault_stats *from, const struct fault_stats *s);

/** Frames that will never arrive. */
static inline uint64_t
fault_stats_lost(const struct fault_stats *s)
{
	return s->dropped + s->blackholed;
}

#endif /* FAULT_STATS_H */
