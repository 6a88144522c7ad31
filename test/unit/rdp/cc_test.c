/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "cc_tests.h"

static CU_SuiteInfo suites[] = {
	{"swift", NULL, NULL, NULL, NULL, swift_tests},
	{"incast", NULL, NULL, NULL, NULL, incast_tests},
	{"pressure", NULL, NULL, NULL, NULL, pressure_tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	return run_suites("cc", suites);
}
