/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "wire_tests.h"

static CU_SuiteInfo suites[] = {
	{"frame", NULL, NULL, NULL, NULL, frame_tests},
	{"record", NULL, NULL, NULL, NULL, record_tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	return plain_run(suites);
}
