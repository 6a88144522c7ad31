/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CTL_EAL_OPTIONS_H
#define CTL_EAL_OPTIONS_H

#include "ctl.h"

#define EAL_WORDS_MAX 64

struct eal_options {
	int argc;
	char *argv[EAL_WORDS_MAX + 1]; /**< into text; ends with NULL */
	char text[1024];
};

/**
 * What EAL is told: what the user says, or else what lets a tool start fast, anywhere, and beside
 * other programs: no hugepages, no files, no telemetry, no devices but the one, any core.
 * @return 0, or -EINVAL after a line.
 */
int eal_options_make(struct eal_options *eal, const struct ctl_options *o);

#endif /* CTL_EAL_OPTIONS_H */
