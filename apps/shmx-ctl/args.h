/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CTL_ARGS_H
#define CTL_ARGS_H

#include "ctl.h"

/**
 * Read the command line, and what the .ini file and the environment add to it.
 * @param[out] cmd what is to be done; NULL: nothing was asked for but what c->opt says: --help or
 *   --version
 * @return 0, or -EINVAL after a line. With c->opt.help set, the rest was not looked at.
 */
int args_read(struct ctl *c, const struct command **cmd, int argc, char **argv);

#endif /* CTL_ARGS_H */
