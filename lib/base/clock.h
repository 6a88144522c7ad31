/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include <rte_common.h>
#include <rte_cycles.h>

/**
 * The clock seam. All protocol code takes time as nanoseconds from a `struct clock`, reads it
 * once per poll and hands the value down; a test replaces the source and owns time.
 *
 * Nanoseconds are counted from an arbitrary origin, monotonic, 64 bits: they do not wrap.
 */
struct clock {
	/** NULL: the time-stamp counter, scaled. Otherwise asked for the time in ns. */
	uint64_t (*source)(void *ctx);
	void *ctx;
	uint64_t tsc_origin;
	uint64_t ns_per_tick_q32; /**< nanoseconds per counter tick, 32.32 fixed point */
};

/** Initialise from the time-stamp counter. Needs rte_eal_init() for its calibration. */
static inline void
clock_init_tsc(struct clock *c)
{
	c->source = NULL;
	c->ctx = NULL;
	c->tsc_origin = rte_rdtsc();
	c->ns_per_tick_q32 = (uint64_t)(((__uint128_t)1000000000 << 32) / rte_get_tsc_hz());
}

/** Nanoseconds that @p ticks of the time-stamp counter last. */
static inline uint64_t
clock_ticks_to_ns(const struct clock *c, uint64_t ticks)
{
	return (uint64_t)(((__uint128_t)ticks * c->ns_per_tick_q32) >> 32);
}

static inline uint64_t
clock_now(const struct clock *c)
{
	if (unlikely(c->source != NULL))
		return c->source(c->ctx);
	return clock_ticks_to_ns(c, rte_rdtsc() - c->tsc_origin);
}

#endif /* BASE_CLOCK_H */
