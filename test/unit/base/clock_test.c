/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The clock seam: a source of the test's, and the time-stamp counter. */

#include <time.h>

#include "base/clock.h"
#include "base_tests.h"

#define S_NS UINT64_C(1000000000)

static uint64_t
source(void *ctx)
{
	return ++*(uint64_t *)ctx;
}

/* The time is the source's, asked for once a look and handed on as it is. */
static void
clock__from_a_source(void)
{
	static const uint64_t start[] = {0, S_NS, UINT64_C(1) << 32, UINT64_C(1) << 63};

	for (unsigned int i = 0; i < RTE_DIM(start); i++) {
		uint64_t ns = start[i];
		struct clock c = {.source = source, .ctx = &ns};

		CU_ASSERT_EQUAL(clock_now(&c), start[i] + 1);
		CU_ASSERT_EQUAL(clock_now(&c), start[i] + 2);
		CU_ASSERT_EQUAL(ns, start[i] + 2);
	}
}

static uint64_t
wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * S_NS + (uint64_t)t.tv_nsec;
}

static void
clock__tsc_is_monotonic_and_counts_from_its_start(void)
{
	struct clock c;
	uint64_t last, now;

	clock_init_tsc(&c);
	CU_ASSERT_PTR_NULL(c.source);
	last = clock_now(&c);
	CU_ASSERT(last < 10 * S_NS);
	for (unsigned int i = 0; i < 100000; i++) {
		now = clock_now(&c);
		CU_ASSERT(now >= last);
		last = now;
	}
}

/* Not a test of accuracy, which a busy machine would fail: seconds are not minutes. */
static void
clock__tsc_goes_with_time(void)
{
	uint64_t begin = wall_ns(), from, took;
	struct clock c;

	clock_init_tsc(&c);
	from = clock_now(&c);
	while (wall_ns() - begin < S_NS / 20)
		;
	took = clock_now(&c) - from;
	CU_ASSERT(took > S_NS / 50);
	CU_ASSERT(took <= (wall_ns() - begin) * 11 / 10);
}

/* Ticks of years neither wrap nor lose what matters. */
static void
clock__ticks_to_ns(void)
{
	uint64_t hz = rte_get_tsc_hz();
	struct clock c;

	clock_init_tsc(&c);
	CU_ASSERT_EQUAL(clock_ticks_to_ns(&c, 0), 0);
	for (uint64_t s = 1; s < UINT64_C(1) << 32 && s < UINT64_MAX / hz; s *= 3) {
		uint64_t ns = clock_ticks_to_ns(&c, s * hz);

		CU_ASSERT(ns <= s * S_NS);
		CU_ASSERT(ns >= s * S_NS - s - 1);
	}
	for (uint64_t ticks = 1; ticks != 0; ticks *= 2)
		CU_ASSERT(clock_ticks_to_ns(&c, ticks) >= clock_ticks_to_ns(&c, ticks - 1));
}

CU_TestInfo clock_tests[] = {
	TEST(clock__from_a_source),
	TEST(clock__tsc_is_monotonic_and_counts_from_its_start),
	TEST(clock__tsc_goes_with_time),
	TEST(clock__ticks_to_ns),
	CU_TEST_INFO_NULL,
};
