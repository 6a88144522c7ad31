/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BASE_TESTS_H
#define BASE_TESTS_H

/** One table of tests a file. */

#include "common/plain.h"

extern CU_TestInfo clock_tests[];
extern CU_TestInfo histogram_tests[];
extern CU_TestInfo ip_addr_tests[];
extern CU_TestInfo status_tests[];

#endif /* BASE_TESTS_H */
