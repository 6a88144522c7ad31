/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_FAIL_H
#define COMMON_FAIL_H

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include <rte_common.h>

/**
 * Say on standard error, in one line behind the name of the program, what is wrong and what to do.
 * @return -EINVAL.
 */
int fail(const char *format, ...) __rte_format_printf(1, 2);

/** Set by SIGINT and SIGTERM: end what runs, print what there is. A second one kills. */
extern volatile sig_atomic_t stop;

/** From now on the signals set `stop`. */
void stop_on_signals(void);

#endif /* COMMON_FAIL_H */
