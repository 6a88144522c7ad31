/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_SUITE_H
#define COMMON_SUITE_H

/** CUnit's part of a main() with one suite. */

#include <CUnit/Basic.h>

/** Exit status. */
static inline int
run_suite(const char *name, const CU_TestInfo *tests)
{
	CU_pSuite suite;
	unsigned int failures;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	suite = CU_add_suite(name, NULL, NULL);
	for (; suite != NULL && tests->pName != NULL; tests++)
		CU_add_test(suite, tests->pName, tests->pTestFunc);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return suite == NULL || failures != 0;
}

#endif /* COMMON_SUITE_H */
