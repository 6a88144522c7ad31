/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "../common/fail.h"
#include "args.h"
#include "commands.h"
#include "settings.h"

/* Options in front of the command, which alone says which others there are. */
static int
read_front(struct ctl *c, int argc, char **argv)
{
	struct option_set sets[SETTINGS_SETS];
	unsigned int n = settings_sets(&c->opt, sets);

	return options_read(sets, n, true, &c->opt.help, argc, argv);
}

/* Options of the command, and again those that go with all; the words are left. */
static int
read_behind(struct ctl *c, const struct command *cmd, int argc, char **argv)
{
	struct option_set sets[SETTINGS_SETS + 1];
	unsigned int n = settings_sets(&c->opt, sets);
	int rest;

	if (cmd->values_size > 0)
		memset(cmd->options.base, 0, cmd->values_size);
	sets[n++] = cmd->options;
	rest = options_read(sets, n, false, &c->opt.help, argc, argv);
	if (rest < 0)
		return rest;
	c->nb_words = (unsigned int)(argc - rest);
	c->words = argv + rest;
	return 0;
}

static int
check_words(const struct ctl *c, const struct command *cmd)
{
	if (c->nb_words < cmd->min || c->nb_words > cmd->max)
		return fail("%s: give %s; see %s --help", cmd->name,
			cmd->words[0] != '\0' ? cmd->words : "nothing more", cmd->name);
	return cmd->check != NULL ? cmd->check(c) : 0;
}

/* The command line once more, over what file and environment say. */
static int
read_all(struct ctl *c, const struct command *cmd, int front, int behind, char **argv)
{
	int ret = settings_read(&c->opt);

	if (ret == 0)
		ret = RTE_MIN(read_front(c, front, argv), 0);
	if (ret == 0)
		ret = read_behind(c, cmd, behind, argv + front);
	if (ret == 0)
		ret = check_words(c, cmd);
	return ret < 0 ? ret : link_options_check(&c->opt.link);
}

int
args_read(struct ctl *c, const struct command **cmd, int argc, char **argv)
{
	unsigned int named;
	int at = read_front(c, argc, argv);

	*cmd = NULL;
	if (at < 0)
		return at;
	if (argc < 2)
		c->opt.help = true;
	if (c->opt.help || c->opt.version)
		return 0;
	if (at == argc)
		return fail("a command is missing; see --help");
	*cmd = command_find(argv + at, (unsigned int)(argc - at), &named);
	if (*cmd == NULL)
		return -EINVAL;
	/* The last word of the name takes the place that argv[0] has. */
	at += (int)named - 1;
	if (read_behind(c, *cmd, argc - at, argv + at) < 0)
		return -EINVAL;
	return c->opt.help ? 0 : read_all(c, *cmd, at, argc - at, argv);
}
