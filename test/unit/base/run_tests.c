/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_common.h>
#include <rte_eal.h>

#include "base_tests.h"

static CU_SuiteInfo suites[] = {
	{"clock", NULL, NULL, NULL, NULL, clock_tests},
	{"histogram", NULL, NULL, NULL, NULL, histogram_tests},
	{"ip_addr", NULL, NULL, NULL, NULL, ip_addr_tests},
	{"status", NULL, NULL, NULL, NULL, status_tests},
	CU_SUITE_INFO_NULL,
};

/* EAL calibrates the counter that the clock reads. */
static int
eal_up(void)
{
	char args[][32] = {"base", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
		"--log-level=*:error", "-m", "16"};
	char *argv[RTE_DIM(args)];

	for (unsigned int i = 0; i < RTE_DIM(args); i++)
		argv[i] = args[i];
	return rte_eal_init(RTE_DIM(args), argv);
}

int
main(void)
{
	return eal_up() < 0 ? 1 : plain_run(suites);
}
