/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_TESTS_H
#define SERVER_TESTS_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "../../../apps/shmx-server/options.h"

extern CU_TestInfo value_tests[];
extern CU_TestInfo settings_tests[];
extern CU_TestInfo options_tests[];
extern CU_TestInfo config_file_tests[];
extern CU_TestInfo eal_args_tests[];
extern CU_TestInfo ask_tests[];

/** options_parse() of a NULL-terminated list. */
#define PARSE(o, p, ...) parse_list(o, p, (const char *[]){"shmx-server", ##__VA_ARGS__, NULL})
int parse_list(struct options *o, struct problem *p, const char **argv);

/** Write a file that is gone after the tests. @return its path. */
const char *write_file(const char *text);

/** The problem's text has @p part in it. */
#define ASSERT_SAYS(p, part)                                                                       \
	do {                                                                                       \
		CU_ASSERT_PTR_NOT_NULL(strstr((p).text, part));                                    \
		if (strstr((p).text, part) == NULL)                                                \
			fprintf(stderr, "\n  says: %s\n  not:  %s\n", (p).text, part);             \
	} while (0)

/** Entry of a table of tests. */
#define TEST(name)                                                                                 \
	{                                                                                          \
#name, name                                                                        \
	}

#endif /* SERVER_TESTS_H */
