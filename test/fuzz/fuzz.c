/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <CUnit/CUnit.h>

#include <rte_log.h>

#include "fuzz.h"

void
fuzz_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/* The networks and nodes of the unit tests assert with CUnit; here nobody counts failures. */
CU_BOOL
CU_assertImplementation(CU_BOOL value, unsigned int line, const char *condition, const char *file,
	const char *function, CU_BOOL fatal)
{
	if (!value)
		fuzz_failed(file, (int)line, condition);
	return value;
}

void
fuzz_log_off(void)
{
	rte_log_set_global_level(0);
}
