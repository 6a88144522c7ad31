/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <CUnit/Basic.h>

#include "bench_tests.h"

static CU_SuiteInfo suites[] = {
	{"options", NULL, NULL, NULL, NULL, options_tests},
	{"result", NULL, NULL, NULL, NULL, result_tests},
	{"stream", NULL, NULL, NULL, NULL, stream_tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	unsigned int failures;

	if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
		return 1;
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures != 0;
}
