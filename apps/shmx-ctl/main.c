/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>

#include <rte_version.h>

#include <shmx_version.h>

#include "../common/fail.h"
#include "../common/std_files.h"
#include "args.h"
#include "commands.h"
#include "connect.h"

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
tell(const struct ctl_options *o, const struct command *cmd)
{
	if (o->version)
		printf("shmx-ctl %s, %s\n", shmx_version(), rte_version());
	else if (cmd != NULL)
		command_help(cmd);
	else
		commands_help();
	return CTL_DONE;
}

int
main(int argc, char **argv)
{
	static struct ctl c;
	const struct command *cmd;

	std_files_open();
	if (args_read(&c, &cmd, argc, argv) < 0)
		return CTL_USAGE;
	return c.opt.help || c.opt.version ? tell(&c.opt, cmd) : run(&c, cmd);
}
