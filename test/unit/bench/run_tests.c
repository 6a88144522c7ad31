/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "bench_tests.h"
#include "common/plain.h"

static CU_SuiteInfo suites[] = {
	{"options", NULL, NULL, NULL, NULL, options_tests},
	{"result", NULL, NULL, NULL, NULL, result_tests},
	{"stream", NULL, NULL, NULL, NULL, stream_tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	return plain_run(suites);
}
