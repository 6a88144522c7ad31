/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef WIRE_TESTS_H
#define WIRE_TESTS_H

/** One table of tests a file. */

#include "common/plain.h"

extern CU_TestInfo frame_tests[];
extern CU_TestInfo record_tests[];

#endif /* WIRE_TESTS_H */
