/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The histogram against a sorted array of what it counted. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/histogram.h"
#include "base_tests.h"

#define VALUES_MAX 5000

/* Guards on both sides: a bucket that is not there must not be counted in. */
static struct {
	uint64_t before[512];
	struct histogram h;
	uint64_t after[512];
} guarded;

static const double quantiles[] = {
	0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1};

static bool
guards_clean(void)
{
	uint64_t seen = 0;

	for (unsigned int i = 0; i < 512; i++)
		seen |= guarded.before[i] | guarded.after[i];
	return seen == 0;
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Of any size: first how many bits, then which. */
static uint64_t
some_value(struct chance *c, unsigned int bits_max)
{
	return chance_next(c) >> (64 - bits_max) >> chance_below(c, bits_max);
}

/* The smallest counted value that at least a fraction q of all do not exceed. */
static uint64_t
quantile_of(const uint64_t *sorted, uint64_t n, double q)
{
	uint64_t rank = 1;

	while (rank < n && (double)rank < q * (double)n - 1e-6)
		rank++;
	return sorted[rank - 1];
}

static void
check_quantiles(const struct histogram *h, const uint64_t *sorted, uint64_t n, uint64_t seed)
{
	for (unsigned int i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		uint64_t want = quantile_of(sorted, n, quantiles[i]);
		uint64_t got = histogram_quantile(h, quantiles[i]);
		bool right = got >= want && got - want <= want / HISTOGRAM_BUCKETS &&
		             got <= sorted[n - 1] && (want >= 256 || got == want);

		CU_ASSERT(right);
		if (!right)
			fprintf(stderr,
				"\nseed %" PRIu64 ": quantile %g of %" PRIu64 " values is %" PRIu64
				", not %" PRIu64 "\n",
				seed, quantiles[i], n, got, want);
	}
}

static void
check_sums(const struct histogram *h, const uint64_t *sorted, uint64_t n)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n; i++)
		sum += sorted[i];
	CU_ASSERT_EQUAL(h->count, n);
	CU_ASSERT_EQUAL(h->sum, sum);
	CU_ASSERT_EQUAL(h->min, sorted[0]);
	CU_ASSERT_EQUAL(h->max, sorted[n - 1]);
}

/* Values into one histogram, and the same spread over three that are then merged. */
static void
round_of(uint64_t seed)
{
	static struct histogram part[3], merged;
	static uint64_t value[VALUES_MAX];
	struct chance c = {seed};
	uint64_t n = 1 + chance_below(&c, chance_below(&c, 4) == 0 ? 10 : VALUES_MAX);
	unsigned int bits = 1 + (unsigned int)chance_below(&c, 64);

	histogram_reset(&guarded.h);
	histogram_reset(&merged);
	for (unsigned int i = 0; i < 3; i++)
		histogram_reset(&part[i]);
	for (uint64_t i = 0; i < n; i++) {
		value[i] = some_value(&c, bits);
		histogram_add(&guarded.h, value[i]);
		histogram_add(&part[chance_below(&c, 3)], value[i]);
	}
	for (unsigned int i = 0; i < 3; i++)
		histogram_merge(&merged, &part[i]);
	qsort(value, n, sizeof(value[0]), compare);
	check_sums(&guarded.h, value, n);
	check_quantiles(&guarded.h, value, n, seed);
	CU_ASSERT_EQUAL(memcmp(&guarded.h, &merged, sizeof(merged)), 0);
	CU_ASSERT(guards_clean());
}

static void
histogram__as_a_sorted_array(void)
{
	uint64_t rounds = plain_rounds(300);

	for (uint64_t i = 0; i < rounds; i++)
		round_of(plain_seed() + i);
}

/* Buckets follow each other without a gap, and each counts what lies up to its upper end. */
static void
histogram__buckets_cover_all_values(void)
{
	uint32_t last = HISTOGRAM_RANGES * HISTOGRAM_BUCKETS - 1;

	for (uint32_t i = 0; i < last; i++) {
		CU_ASSERT_EQUAL(histogram_index(histogram_upper(i)), i);
		CU_ASSERT_EQUAL(histogram_index(histogram_upper(i) + 1), i + 1);
	}
	CU_ASSERT_EQUAL(histogram_index(0), 0);
	CU_ASSERT_EQUAL(histogram_upper(last), UINT64_MAX);
	CU_ASSERT_EQUAL(histogram_index(UINT64_MAX), last);
}

/* The difference of two counters that were read in the wrong order, for one. */
static void
histogram__takes_the_largest_values(void)
{
	static const uint64_t large[] = {
		UINT64_C(1) << 62, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX};

	histogram_reset(&guarded.h);
	for (unsigned int i = 0; i < 5; i++) {
		histogram_add(&guarded.h, large[i]);
		CU_ASSERT_EQUAL(histogram_quantile(&guarded.h, 1), large[i]);
	}
	CU_ASSERT(guards_clean());
	CU_ASSERT_EQUAL(guarded.h.count, 5);
	CU_ASSERT_EQUAL(guarded.h.max, UINT64_MAX);
	CU_ASSERT_EQUAL(guarded.h.min, large[0]);
}

static void
histogram__empty(void)
{
	static struct histogram other;

	histogram_reset(&guarded.h);
	histogram_reset(&other);
	CU_ASSERT_EQUAL(histogram_quantile(&guarded.h, 0), 0);
	CU_ASSERT_EQUAL(histogram_quantile(&guarded.h, 0.5), 0);
	CU_ASSERT_EQUAL(histogram_quantile(&guarded.h, 1), 0);
	/* To merge nothing changes nothing. */
	histogram_add(&guarded.h, 7);
	histogram_merge(&guarded.h, &other);
	CU_ASSERT_EQUAL(guarded.h.count, 1);
	CU_ASSERT_EQUAL(guarded.h.min, 7);
	CU_ASSERT_EQUAL(guarded.h.max, 7);
	histogram_merge(&other, &guarded.h);
	CU_ASSERT_EQUAL(memcmp(&guarded.h, &other, sizeof(other)), 0);
	histogram_reset(&other);
	CU_ASSERT_EQUAL(other.count, 0);
	CU_ASSERT_EQUAL(histogram_quantile(&other, 1), 0);
}

/* More than any run counts: ranks are found in sums of 64 bits. */
static void
histogram__counts_beyond_32_bits(void)
{
	static struct histogram other;

	histogram_reset(&guarded.h);
	histogram_reset(&other);
	histogram_add(&guarded.h, 10);
	histogram_add(&other, 20);
	/* Doubling 40 times is adding a million million times. */
	for (unsigned int i = 0; i < 40; i++) {
		static struct histogram copy;

		copy = guarded.h;
		histogram_merge(&guarded.h, &copy);
	}
	histogram_merge(&guarded.h, &other);
	CU_ASSERT_EQUAL(guarded.h.count, (UINT64_C(1) << 40) + 1);
	CU_ASSERT_EQUAL(histogram_quantile(&guarded.h, 0.5), 10);
	CU_ASSERT_EQUAL(histogram_quantile(&guarded.h, 0.999999), 10);
	CU_ASSERT_EQUAL(histogram_quantile(&guarded.h, 1), 20);
}

CU_TestInfo histogram_tests[] = {
	TEST(histogram__as_a_sorted_array),
	TEST(histogram__buckets_cover_all_values),
	TEST(histogram__takes_the_largest_values),
	TEST(histogram__empty),
	TEST(histogram__counts_beyond_32_bits),
	CU_TEST_INFO_NULL,
};
