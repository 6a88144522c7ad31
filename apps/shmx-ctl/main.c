/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include <shmx_version.h>

#include "../common/fail.h"
#include "commands.h"
#include "connect.h"
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

static enum ctl_exit
run(struct ctl *c, const struct command *cmd)
{
	enum ctl_exit ret = ctl_open(c);

	if (ret == CTL_DONE)
		ret = cmd->run(c);
	ctl_close(c);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fail("cannot write to the standard output");
		return CTL_FAILED;
	}
	return ret;
}

static enum ctl_exit
usage(void)
{
	commands_help();
	return CTL_DONE;
}

int
main(int argc, char **argv)
{
	static struct ctl c;
	const struct command *cmd;
	unsigned int named;
	int at = read_front(&c, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (c.opt.version) {
		printf("shmx-ctl %s\n", shmx_version());
		return CTL_DONE;
	}
	if (c.opt.help || argc < 2)
		return usage();
	if (at == argc) {
		fail("a command is missing; see --help");
		return CTL_USAGE;
	}
	cmd = command_find(argv + at, (unsigned int)(argc - at), &named);
	if (cmd == NULL)
		return CTL_USAGE;
	/* The last word of the name takes the place that argv[0] has. */
	at += (int)named - 1;
	if (read_behind(&c, cmd, argc - at, argv + at) < 0)
		return CTL_USAGE;
	if (c.opt.help) {
		command_help(cmd);
		return CTL_DONE;
	}
	return read_all(&c, cmd, at, argc - at, argv) < 0 ? CTL_USAGE : run(&c, cmd);
}
