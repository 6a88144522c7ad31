/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_EAL_ARGS_H
#define SERVER_EAL_ARGS_H

/**
 * @file
 * Which arguments are EAL's and which the program's own: `shmx-server EAL... -- OWN...`, or
 * `shmx-server OWN...` without any for EAL.
 */

#include <stdbool.h>

#include "options.h"
#include "../common/problem.h"

#define EAL_ARGS_MAX 128

struct eal_args {
	int argc;
	char *argv[EAL_ARGS_MAX + 1]; /**< argv[0] is the program's name; ends with NULL */
	char text[OPTIONS_TEXT_MAX + 1];
};

/**
 * Take EAL's arguments from the command line, and say where the program's own begin.
 * @param own argv-like: own[0] is to be skipped; @p nb_own counts it
 * @return 0, or -EINVAL with a problem: an own option stands in front of the `--`.
 */
int eal_args_split(
	struct eal_args *eal, int argc, char **argv, int *nb_own, char ***own, struct problem *p);

/** Use @p text, split at blanks, unless the command line had EAL options. */
int eal_args_fallback(struct eal_args *eal, const char *text, struct problem *p);

/** Whether EAL is given @p option, with or without a value. */
bool eal_args_has(const struct eal_args *eal, const char *option);

#endif /* SERVER_EAL_ARGS_H */
