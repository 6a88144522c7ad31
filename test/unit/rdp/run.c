/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>

#include <CUnit/Basic.h>

#include <rte_eal.h>

#include "net.h"
#include "run.h"

int
run_suites(const char *name, CU_SuiteInfo *suites)
{
	unsigned int failures;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (net_eal_init(name) < 0 || CU_initialize_registry() != CUE_SUCCESS ||
		CU_register_suites(suites) != CUE_SUCCESS)
		return 1;
	net_seed();
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	rte_eal_cleanup();
	return failures != 0;
}
