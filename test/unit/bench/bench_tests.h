/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_TESTS_H
#define BENCH_TESTS_H

#include <CUnit/CUnit.h>

extern CU_TestInfo options_tests[];
extern CU_TestInfo result_tests[];
extern CU_TestInfo stream_tests[];

#endif /* BENCH_TESTS_H */
