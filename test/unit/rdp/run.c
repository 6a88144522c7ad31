/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_eal.h>

#include "net.h"
#include "run.h"

int
run_suites(const char *name, CU_SuiteInfo *suites)
{
	int status;

	if (net_eal_init(name) < 0)
		return 1;
	status = plain_run(suites);
	rte_eal_cleanup();
	return status;
}
