/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_PROBLEM_H
#define COMMON_PROBLEM_H

#include <rte_common.h>

/** What went wrong, in one line that says what to do. The caller puts a context in front. */
struct problem {
	char text[512];
};

/** Describe a problem. @return -EINVAL, for the caller to return. */
int problem_set(struct problem *p, const char *format, ...) __rte_format_printf(2, 3);

/** Put "context: " in front of a problem. @return -EINVAL, likewise. */
int problem_prefix(struct problem *p, const char *format, ...) __rte_format_printf(2, 3);

#endif /* COMMON_PROBLEM_H */
