/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_PROMPT_COMMANDS_H
#define COMMON_PROMPT_COMMANDS_H

/** What can be said at the prompt. For prompt.c only. */

#include <stdbool.h>

#include <cmdline_parse.h>

#include "prompt.h"

/** For cmdline_new(). The commands act on what @p conf names, until the next call. */
cmdline_parse_ctx_t *prompt_commands(const struct prompt_conf *conf);

/** Whether `quit` was said. */
bool prompt_has_quit(void);

#endif /* COMMON_PROMPT_COMMANDS_H */
