/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "ctl.h"

/** Every command, in the order of the help; NULL behind the last. */
const struct command *command_at(unsigned int index);

/**
 * The command that the first of @p words name, and how many of them do.
 * @return NULL after a line.
 */
const struct command *command_find(char **words, unsigned int nb_words, unsigned int *named);

/** The screen of --help. */
void commands_help(void);

/** That of COMMAND --help. */
void command_help(const struct command *cmd);

#endif /* CTL_COMMANDS_H */
