/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdlib.h>

#include <CUnit/Basic.h>

#include "ctl_tests.h"

int
main(void)
{
	CU_SuiteInfo suites[] = {
		{"words", NULL, NULL, NULL, NULL, words_tests},
		{"command lines", NULL, NULL, NULL, NULL, args_tests},
		{"settings", NULL, NULL, NULL, NULL, settings_tests},
		{"EAL options", NULL, NULL, NULL, NULL, eal_options_tests},
		{"what is printed", NULL, NULL, NULL, NULL, print_tests},
		CU_SUITE_INFO_NULL,
	};
	unsigned int failures;

	if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
		return EXIT_FAILURE;
	settings_none();
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures != 0;
}
