/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "../../../apps/shmx-bench/result.h"
#include "bench_tests.h"

/* Slices of a run add up in what was counted, and not in what is held just now. */
static void
faults_of_slices(void)
{
	static struct result sum, slice[2];
	struct fault_stats look[3][FAULT_DIRS] = {
		{{.seen = 10, .dropped = 1, .held = 4}},
		{{.seen = 30, .dropped = 3, .held = 7}},
		{{.seen = 60, .dropped = 6, .held = 5}},
	};

	result_init(&sum, "sum");
	for (int i = 0; i < 2; i++) {
		result_init(&slice[i], "slice");
		result_add_faults(&slice[i], look[i], look[i + 1]);
		result_add(&sum, &slice[i]);
	}
	CU_ASSERT_EQUAL(slice[0].fault[0].held, 7);
	CU_ASSERT_EQUAL(sum.fault[0].seen, 50);
	CU_ASSERT_EQUAL(sum.fault[0].dropped, 5);
	CU_ASSERT_EQUAL(sum.dropped, 5);
	CU_ASSERT_EQUAL(sum.fault[0].held, 5);
	result_add_faults(&sum, look[1], look[2]);
	CU_ASSERT_EQUAL(sum.fault[0].held, 5);
}

CU_TestInfo result_tests[] = {
	{"faults of slices", faults_of_slices},
	CU_TEST_INFO_NULL,
};
