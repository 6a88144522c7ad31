/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CTL_CTL_H
#define CTL_CTL_H

/**
 * @file
 * What a run of the program holds, and how a command looks.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include <shmx.h>
#include <shmx_sync.h>

#include "../common/link.h"
#include "../common/option.h"

/** Exit status of the program; part of its interface. */
enum ctl_exit {
	CTL_DONE = 0,
	CTL_FAILED = 1,      /**< the memory node refused, or something here failed */
	CTL_USAGE = 2,       /**< the command line, the environment or the .ini file is wrong */
	CTL_UNREACHABLE = 3, /**< no port, no link, no memory node, or it went away */
};

/** What goes with every command. */
struct ctl_options {
	struct link_options link;
	const char *eal;     /**< options of EAL instead of the program's; NULL */
	const char *config;  /**< the .ini file; NULL: where one is looked for */
	const char *profile; /**< its section */
	bool json;
	bool help;
	bool version;
};

struct ctl {
	struct ctl_options opt;
	unsigned int nb_words;
	char **words; /**< behind the command's name */
	struct shmx_port *port;
	struct shmx_ep *ep;
	shmx_session_t session;
	bool connected;
};

struct command {
	const char *name;    /**< of one word or two; NULL: end of a group */
	const char *words;   /**< "NAME SIZE [FILE]", as in the usage */
	const char *summary; /**< what it does, in a line */
	const char *details; /**< of --help: its options, and what else is to be known; or NULL */
	uint8_t min, max;    /**< words */
	struct option_set options;
	uint16_t values_size; /**< of what the options are read into; zeros to begin with */
	/** Look at the words before anything is started. NULL: they need no look.
	 * @return 0, or -EINVAL after a line. */
	int (*check)(const struct ctl *c);
	/** Do it: over a session, with the words looked at. */
	enum ctl_exit (*run)(struct ctl *c);
};

/** For a command: the table of its options, and the structure that they are read into. */
#define COMMAND_OPTIONS(types, values)                                                             \
	.options = {types, RTE_DIM(types), &(values)}, .values_size = sizeof(values)

/** Groups of commands: one file each, one line each in commands.c. */
extern const struct command pool_commands[];
extern const struct command alloc_commands[];
extern const struct command data_commands[];
extern const struct command own_commands[];
extern const struct command lock_commands[];
extern const struct command message_commands[];
extern const struct command node_commands[];

#endif /* CTL_CTL_H */
