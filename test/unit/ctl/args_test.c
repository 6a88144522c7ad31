/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include "../../../apps/shmx-ctl/args.h"
#include "../../../apps/shmx-ctl/commands.h"
#include "ctl_tests.h"

#define WORDS_MAX 64
#define LINK      "--port eth:0 --ip 10.0.0.2 --server 10.0.0.1 "

static struct ctl c;
static const struct command *cmd;

int
read_line(struct ctl *ctl, const struct command **found, const char *line)
{
	static char copy[512], name[] = "shmx-ctl";
	static char *words[WORDS_MAX];
	char *word, *rest = copy;
	int n = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	words[0] = name;
	while ((word = strtok_r(rest, " ", &rest)) != NULL && n < WORDS_MAX - 1)
		words[n++] = word;
	words[n] = NULL;
	memset(ctl, 0, sizeof(*ctl));
	return args_read(ctl, found, n, words);
}

static int
parse(const char *line)
{
	return read_line(&c, &cmd, line);
}

static void
commands(void)
{
	CU_ASSERT_EQUAL_FATAL(parse(LINK "pool list"), 0);
	CU_ASSERT_STRING_EQUAL(cmd->name, "pool list");
	CU_ASSERT_EQUAL(c.nb_words, 0);
	CU_ASSERT_EQUAL(c.opt.link.node, 2);
	CU_ASSERT_FALSE(c.opt.json);
	CU_ASSERT_EQUAL_FATAL(parse("pool create new 2G --max 4G --json " LINK), 0);
	CU_ASSERT_STRING_EQUAL(cmd->name, "pool create");
	CU_ASSERT_EQUAL(c.nb_words, 2);
	CU_ASSERT_STRING_EQUAL(c.words[0], "new");
	CU_ASSERT_STRING_EQUAL(c.words[1], "2G");
	CU_ASSERT_TRUE(c.opt.json);
	CU_ASSERT_STRING_EQUAL(c.opt.link.port, "eth:0");
	CU_ASSERT_EQUAL_FATAL(parse(LINK "--node 9 get --length 8 main:0 --node 7"), 0);
	CU_ASSERT_STRING_EQUAL(cmd->name, "get");
	CU_ASSERT_EQUAL(c.opt.link.node, 7);
	CU_ASSERT_STRING_EQUAL(c.words[0], "main:0");
	CU_ASSERT_EQUAL_FATAL(parse(LINK "put -- main/a -"), 0);
	CU_ASSERT_EQUAL(c.nb_words, 2);
}

static void
help(void)
{
	CU_ASSERT_EQUAL(parse(""), 0);
	CU_ASSERT_TRUE(c.opt.help && cmd == NULL);
	CU_ASSERT_EQUAL(parse("--help pool list"), 0);
	CU_ASSERT_TRUE(c.opt.help && cmd == NULL);
	CU_ASSERT_EQUAL(parse("-h"), 0);
	CU_ASSERT_TRUE(c.opt.help && cmd == NULL);
	CU_ASSERT_EQUAL(parse("own move --help"), 0);
	CU_ASSERT_TRUE(c.opt.help);
	CU_ASSERT_STRING_EQUAL_FATAL(cmd->name, "own move");
	CU_ASSERT_EQUAL(parse("--version"), 0);
	CU_ASSERT_TRUE(c.opt.version);
}

static void
refused(void)
{
	static const char *const lines[] = {LINK,         /* no command */
		LINK "frob",                              /* none of that name */
		LINK "pool", LINK "pool frob",            /* nor of that second word */
		LINK "poo list", LINK "pool listing",     /* names are whole */
		LINK "pool list x", LINK "pool stat x y", /* words too many */
		LINK "pool create x", LINK "pool stat", LINK "own move main/a 2", /* too few */
		LINK "pool list --frob", LINK "pool list --max 1G", LINK "--force pool destroy x",
		"pool list",                  /* no port */
		"--port eth:0 pool list",     /* no address */
		LINK "--node 1024 pool list", /* out of range */
		LINK "--server fd00::1 stat", /* another family */
		LINK "pool create x 0",       /* words that are none */
		LINK "pool create x 2G --max 1G", LINK "pool create x 2G --granule 65",
		LINK "pool create x 2G --granule 32", LINK "pool grow x -1", LINK "pool shrink x y",
		LINK "alloc main 0", LINK "alloc main 8 --align 3", LINK "alloc main 8 --align 4M",
		LINK "alloc main 8 --owner 0", LINK "free main", LINK "free main/a+8",
		LINK "put main", LINK "put main/a x --length 0",
		LINK "get main:0", /* no length that could be known */
		LINK "get main/a --json -x", LINK "get 0x1000000000000", LINK "own show main",
		LINK "own set main:0 2", LINK "own set main/a all", LINK "own add main/a everyone",
		LINK "own drop main/a everyone", LINK "own move main/a everyone 2",
		LINK "own move main/a 2 everyone", LINK "own move main/a 2 x", LINK "lock force 0",
		LINK "lock acquire", LINK "lock acquire a 0",
		LINK "lock acquire a --now --timeout 5", LINK "lock acquire a --timeout 0",
		LINK "lock unreserve", LINK "lock reserve"};

	for (unsigned int i = 0; i < RTE_DIM(lines); i++) {
		int ret = parse(lines[i]);

		if (ret != -EINVAL)
			fprintf(stderr, "accepted: %s\n", lines[i]);
		CU_ASSERT_EQUAL(ret, -EINVAL);
	}
}

static void
accepted(void)
{
	static const char *const lines[] = {LINK "pool create x 2G --max 2G --granule 4096",
		LINK "pool create x 2G --quota 100M", LINK "pool stat x --json",
		LINK "pool grow x 1", LINK "pool shrink x 3G", LINK "pool destroy x --force",
		LINK "alloc main 100 --owner self --align 2M --name n", LINK "alloc main 1K",
		LINK "free main:0", LINK "free main/a", LINK "free 0x1000000000000",
		LINK "put main/a", LINK "put main/a+64 file --length 5", LINK "get main/a",
		LINK "get main/a+8 -x", LINK "get main:0 --length 1M -o file --json",
		LINK "own show main:0", LINK "own show main/a --length 1G",
		LINK "own set main/a everyone", LINK "own set main:0 --length 64 self",
		LINK "own add main/a 2-9", LINK "own drop main/a self",
		LINK "own move main/a 2 self", LINK "lock list", LINK "lock reserve a",
		LINK "lock acquire a 7 --shared --timeout 500", LINK "lock acquire a --now",
		LINK "lock force a", LINK "lock unreserve 7", LINK "node list", LINK "stat --json"};

	for (unsigned int i = 0; i < RTE_DIM(lines); i++) {
		int ret = parse(lines[i]);

		if (ret != 0)
			fprintf(stderr, "refused: %s\n", lines[i]);
		CU_ASSERT_EQUAL(ret, 0);
	}
}

/* What a new line in the table has to bring along. */
static void
table_is_whole(void)
{
	const struct command *one, *other;
	unsigned int n = 0;

	for (; (one = command_at(n)) != NULL; n++) {
		CU_ASSERT_TRUE(one->summary != NULL && one->words != NULL && one->run != NULL);
		CU_ASSERT_TRUE(one->min <= one->max);
		CU_ASSERT_TRUE(strlen(one->name) + strlen(one->words) < 30);
		CU_ASSERT_TRUE(one->options.nb == 0 || one->options.base != NULL);
		/* Each option is told of where completion reads of it. */
		for (unsigned int i = 0; i < one->options.nb; i++) {
			char name[64];

			snprintf(name, sizeof(name), "--%s", one->options.types[i].name);
			CU_ASSERT_PTR_NOT_NULL_FATAL(one->details);
			CU_ASSERT_PTR_NOT_NULL(strstr(one->details, name));
		}
		for (unsigned int i = 0; i < n; i++) {
			other = command_at(i);
			CU_ASSERT_STRING_NOT_EQUAL(one->name, other->name);
		}
	}
	CU_ASSERT_TRUE(n > 10);
}

CU_TestInfo args_tests[] = {
	{"commands", commands},
	{"help", help},
	{"refused", refused},
	{"accepted", accepted},
	{"table of commands", table_is_whole},
	CU_TEST_INFO_NULL,
};
