/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_PROMPT_H
#define COMMON_PROMPT_H

/**
 * @file
 * The interactive command line, in the style of testpmd: typed at a terminal it has editing,
 * history and completion; from a pipe or a file each line is a command and nothing is echoed.
 * One in a process, all calls from one thread.
 */

#include "fault_ports.h"

struct prompt_conf {
	const char *prompt; /**< "shmx-server> " */
	const struct fault_ports *ports;
	void *ctx;
	void (*show_stats)(void *ctx);  /**< print to standard output what has happened so far */
	void (*clear_stats)(void *ctx); /**< count from here on; may be NULL */
};

enum prompt_state {
	PROMPT_OPEN,
	PROMPT_END,  /**< of the input */
	PROMPT_QUIT, /**< `quit` */
};

/** @p conf has to stay. @return 0, or -ENOMEM. */
int prompt_open(const struct prompt_conf *conf);

/** Wait for input, at most so long, and do what it says. A signal cuts it short. */
enum prompt_state prompt_turn(unsigned int timeout_us);

/** Give the terminal back. */
void prompt_close(void);

#endif /* COMMON_PROMPT_H */
