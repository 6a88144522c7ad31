/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "common/plain.h"
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

	settings_none();
	return plain_run(suites);
}
