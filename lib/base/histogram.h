/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/**
 * Log-linear histogram of 64-bit values: 128 equal buckets per power of two, so a value read
 * back is at most 1/128 (0.8 %) above the one counted; values below 256 are exact. The shape is
 * that of SPDK's and HdrHistogram's: the top bit chooses the range, the next seven the bucket.
 *
 * A tally is a count-leading-zeros, a shift and an increment, on raw counter ticks: convert to
 * time when printing. One writer; merge the copies of several threads to read them.
 */
#define HISTOGRAM_SHIFT   7u
#define HISTOGRAM_BUCKETS (1u << HISTOGRAM_SHIFT)
#define HISTOGRAM_RANGES  (65u - HISTOGRAM_SHIFT) /**< one for all below 2^7, one a bit above */

struct histogram {
	uint64_t count;
	uint64_t sum; /**< modulo 2^64 */
	uint64_t min;
	uint64_t max;
	uint64_t bucket[HISTOGRAM_RANGES * HISTOGRAM_BUCKETS];
};

static inline void
histogram_reset(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
	h->min = UINT64_MAX;
}

/** Bucket that counts @p value. */
static inline uint32_t
histogram_index(uint64_t value)
{
	uint32_t shift;

	if (value < HISTOGRAM_BUCKETS)
		return (uint32_t)value;
	shift = 63u - (uint32_t)__builtin_clzll(value) - HISTOGRAM_SHIFT;
	return (shift + 1) * HISTOGRAM_BUCKETS + (uint32_t)(value >> shift) - HISTOGRAM_BUCKETS;
}

/** Largest value that bucket @p index counts. */
static inline uint64_t
histogram_upper(uint32_t index)
{
	uint32_t range = index / HISTOGRAM_BUCKETS;
	uint64_t in_range = index % HISTOGRAM_BUCKETS;

	if (range == 0)
		return in_range;
	return ((in_range + HISTOGRAM_BUCKETS + 1) << (range - 1)) - 1;
}

static inline void
histogram_add(struct histogram *h, uint64_t value)
{
	h->bucket[histogram_index(value)]++;
	h->count++;
	h->sum += value;
	if (value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
}

/** Add all that @p from counted to @p to. */
void histogram_merge(struct histogram *to, const struct histogram *from);

/**
 * The value that a fraction @p q (0 to 1) of the counted values does not exceed, at most 1/128
 * too high and never above the maximum; 0 when nothing was counted.
 */
uint64_t histogram_quantile(const struct histogram *h, double q);

#endif /* BASE_HISTOGRAM_H */
