/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef RUN_H
#define RUN_H

/** What every program of these tests looks like: EAL, CUnit and a list of suites. */

#include <CUnit/CUnit.h>

/** Entry of a table of tests. */
#define TEST(name)                                                                                 \
	{                                                                                          \
#name, name                                                                        \
	}

/** Run the suites. @return exit status of the program. */
int run_suites(const char *name, CU_SuiteInfo *suites);

#endif /* RUN_H */
