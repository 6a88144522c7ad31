/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CC_TESTS_H
#define CC_TESTS_H

/** Congestion control and receiver pressure, one table of tests a file. */

#include "pair.h"

extern CU_TestInfo pressure_tests[];
extern CU_TestInfo swift_tests[];
extern CU_TestInfo incast_tests[];

#endif /* CC_TESTS_H */
