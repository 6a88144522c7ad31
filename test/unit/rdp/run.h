/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef RUN_H
#define RUN_H

/** What every program of these tests looks like: EAL, CUnit and a list of suites. */

#include "common/plain.h"

/** Run the suites, as plain_run() does. @return exit status of the program. */
int run_suites(const char *name, CU_SuiteInfo *suites);

#endif /* RUN_H */
