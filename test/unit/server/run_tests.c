/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/plain.h"
#include "server_tests.h"

static char file_path[] = "/tmp/shmx-server-test.XXXXXX";
static bool file_made;

int
parse_list(struct options *o, struct problem *p, const char **argv)
{
	int argc = 0;

	memset(p, 0, sizeof(*p));
	while (argv[argc] != NULL)
		argc++;
	return options_parse(o, argc, (char **)(uintptr_t)argv, p);
}

const char *
write_file(const char *text)
{
	FILE *f;

	if (!file_made)
		close(mkstemp(file_path));
	file_made = true;
	f = fopen(file_path, "w");
	if (f == NULL)
		return NULL;
	fputs(text, f);
	fclose(f);
	return file_path;
}

static CU_SuiteInfo suites[] = {
	{"value", NULL, NULL, NULL, NULL, value_tests},
	{"settings", NULL, NULL, NULL, NULL, settings_tests},
	{"options", NULL, NULL, NULL, NULL, options_tests},
	{"config_file", NULL, NULL, NULL, NULL, config_file_tests},
	{"eal_args", NULL, NULL, NULL, NULL, eal_args_tests},
	{"ask", NULL, NULL, NULL, NULL, ask_tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	int status = plain_run(suites);

	if (file_made)
		unlink(file_path);
	return status;
}
