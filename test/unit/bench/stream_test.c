/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "../../../apps/shmx-bench/stream.h"
#include "bench_tests.h"

#define BASE UINT64_C(0x0003000000001000)

static const struct region region = {.base = BASE, .len = 1000 * 16 + 5};

/* Every address of a chunk that lies wholly within, and no other. */
static void
stays_within(void)
{
	struct stream s;
	uint32_t seen[1000] = {0};
	unsigned int different = 0;

	stream_init(&s, &region, 12, PATTERN_RANDOM, 3);
	CU_ASSERT_EQUAL(s.stride, 16);
	CU_ASSERT_EQUAL_FATAL(s.chunks, 1000);
	for (int i = 0; i < 100000; i++) {
		shmx_addr_t addr = stream_next(&s);

		CU_ASSERT_EQUAL_FATAL((addr - BASE) % 16, 0);
		CU_ASSERT_FATAL(addr >= BASE && addr - BASE < 16000);
		seen[(addr - BASE) / 16]++;
	}
	/* 100 each, give or take six standard deviations. */
	for (int i = 0; i < 1000; i++)
		different += seen[i] < 40 || seen[i] > 160;
	CU_ASSERT_EQUAL(different, 0);
}

static void
sequential_wraps(void)
{
	struct stream s;

	stream_init(&s, &region, 16, PATTERN_SEQUENTIAL, 3);
	for (int round = 0; round < 2; round++)
		for (uint64_t i = 0; i < 1000; i++)
			CU_ASSERT_EQUAL(stream_next(&s), BASE + 16 * i);
}

static void
one_chunk(void)
{
	const struct region word = {.base = BASE, .len = 8};
	struct stream s;

	for (int pattern = PATTERN_RANDOM; pattern <= PATTERN_SEQUENTIAL; pattern++) {
		stream_init(&s, &word, 8, pattern, 0);
		CU_ASSERT_EQUAL(s.chunks, 1);
		for (int i = 0; i < 100; i++)
			CU_ASSERT_EQUAL(stream_next(&s), BASE);
	}
}

static void
seeds_differ(void)
{
	struct stream a, b;
	int same = 0;

	stream_init(&a, &region, 8, PATTERN_RANDOM, 1);
	stream_init(&b, &region, 8, PATTERN_RANDOM, 2);
	for (int i = 0; i < 1000; i++)
		same += stream_next(&a) == stream_next(&b);
	CU_ASSERT(same < 20);
}

CU_TestInfo stream_tests[] = {
	{"random addresses stay within, and visit all", stays_within},
	{"sequential addresses wrap", sequential_wraps},
	{"a region of one word", one_chunk},
	{"seeds differ", seeds_differ},
	CU_TEST_INFO_NULL,
};
