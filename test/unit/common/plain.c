/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <CUnit/Basic.h>

#include "common/plain.h"

uint64_t
plain_seed(void)
{
	static uint64_t seed;
	const char *text = getenv("SHMX_SEED");
	struct timespec t;

	if (seed != 0)
		return seed;
	clock_gettime(CLOCK_REALTIME, &t);
	seed = text != NULL ? strtoull(text, NULL, 0) : (uint64_t)t.tv_nsec * 1000003 + 1;
	printf("SHMX_SEED=%" PRIu64 "\n", seed);
	return seed;
}

uint64_t
plain_rounds(uint64_t usual)
{
	const char *text = getenv("SHMX_ROUNDS");

	return text != NULL ? strtoull(text, NULL, 0) : usual;
}

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
plain_run(CU_SuiteInfo *suites)
{
	unsigned int failures;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
		return 1;
	plain_seed();
	choose_tests();
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures != 0;
}
