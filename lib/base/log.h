/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <rte_log.h>

/**
 * One log type for the library, `lib.shmx`; the slow path only. A line is lower case, says what
 * happened and what to do about it, and is written by the function that decides it is an error.
 */
extern int base_logtype;

#define BASE_LOG(level, ...)                                                                       \
	rte_log(RTE_LOG_##level, base_logtype,                                                     \
		RTE_FMT("shmx: " RTE_FMT_HEAD(__VA_ARGS__, ) "\n", RTE_FMT_TAIL(__VA_ARGS__, )))

#endif /* BASE_LOG_H */
