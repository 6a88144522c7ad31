/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CTL_TESTS_H
#define CTL_TESTS_H

#include <stdio.h>

#include <CUnit/CUnit.h>

#include "../../../apps/shmx-ctl/ctl.h"

extern CU_TestInfo args_tests[];
extern CU_TestInfo eal_options_tests[];
extern CU_TestInfo print_tests[];
extern CU_TestInfo settings_tests[];
extern CU_TestInfo words_tests[];

/** Read a command line, cut at its blanks; what is read stays until the next call. */
int read_line(struct ctl *c, const struct command **cmd, const char *line);

/** No file and no variable says anything. */
void settings_none(void);

#endif /* CTL_TESTS_H */
