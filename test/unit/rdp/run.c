/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>

#include <rte_eal.h>

#include "net.h"
#include "run.h"

/* SHMX_TEST: only those with this in their names. */
static void
choose_tests(void)
{
	const char *part = getenv("SHMX_TEST");

	if (part == NULL)
		return;
	CU_set_fail_on_inactive(CU_FALSE);
	for (CU_pSuite suite = CU_get_registry()->pSuite; suite != NULL; suite = suite->pNext)
		for (CU_pTest test = suite->pTest; test != NULL; test = test->pNext)
			CU_set_test_active(test, strstr(test->pName, part) != NULL);
}

int
run_suites(const char *name, CU_SuiteInfo *suites)
{
	unsigned int failures;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (net_eal_init(name) < 0 || CU_initialize_registry() != CUE_SUCCESS ||
		CU_register_suites(suites) != CUE_SUCCESS)
		return 1;
	net_seed();
	choose_tests();
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	rte_eal_cleanup();
	return failures != 0;
}
