/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CTL_SETTINGS_H
#define CTL_SETTINGS_H

/**
 * @file
 * The options that go with every command: from the .ini file, the environment and the command line,
 * in this order: each overrides what came before.
 */

#include "ctl.h"

/** Most sets that settings_sets() fills in. */
#define SETTINGS_SETS 2

/** The tables of the options, for the command line. @return how many. */
unsigned int settings_sets(struct ctl_options *o, struct option_set *sets);

/**
 * Read file and environment into @p o, which holds what the command line says of `config` and
 * `profile`. Nothing else of it is kept.
 * @return 0, or -EINVAL after a line.
 */
int settings_read(struct ctl_options *o);

#endif /* CTL_SETTINGS_H */
