/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_EAL_SUITE_H
#define COMMON_EAL_SUITE_H

/** The same for tests that need EAL, but neither hugepages nor ports. */

#include <stdio.h>

#include <rte_common.h>
#include <rte_eal.h>

#include "suite.h"

/** Exit status; 77: there is no EAL here. */
static inline int
run_suite_on_eal(const char *name, const CU_TestInfo *tests)
{
	char arg[][32] = {"memzone_test", "--no-huge", "-m", "128", "--no-pci", "--no-telemetry",
		"--no-shconf", "--lcores=0", "--log-level=lib.eal:error"};
	char *argv[RTE_DIM(arg)];
	int status;

	for (unsigned int i = 0; i < RTE_DIM(arg); i++)
		argv[i] = arg[i];
	if (rte_eal_init(RTE_DIM(arg), argv) < 0) {
		printf("no EAL here\n");
		return 77;
	}
	status = run_suite(name, tests);
	rte_eal_cleanup();
	return status;
}

#endif /* COMMON_EAL_SUITE_H */
