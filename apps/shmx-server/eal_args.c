/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include <rte_common.h>
#include <rte_string_fns.h>

#include "eal_args.h"
#include "settings.h"

/* Options that are not settings, and answered without EAL. */
static const char *const questions[] = {"help", "help-config", "help-eal", "version"};

static bool
is_question(const char *arg)
{
	if (strncmp(arg, "--", 2) != 0)
		return strcmp(arg, "-h") == 0;
	for (unsigned int i = 0; i < RTE_DIM(questions); i++)
		if (strcmp(arg + 2, questions[i]) == 0)
			return true;
	return false;
}

static bool
is_own(const char *arg)
{
	char name[64];

	if (strncmp(arg, "--", 2) != 0)
		return false;
	strlcpy(name, arg + 2, sizeof(name));
	name[strcspn(name, "=")] = '\0';
	return strcmp(name, "pool") == 0 || strcmp(name, "config") == 0 ||
	       setting_by_option(name) != NULL;
}

/* Where the program's own options begin: behind the --, which may be left out when there is
 * nothing in front of it. */
static int
separator(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return i;
	return argc > 1 && is_own(argv[1]) ? 0 : argc;
}

static int
eal_args_add(struct eal_args *eal, char *arg, struct problem *p)
{
	if (eal->argc == EAL_ARGS_MAX)
		return problem_set(p, "more than %d EAL options", EAL_ARGS_MAX - 1);
	eal->argv[eal->argc++] = arg;
	eal->argv[eal->argc] = NULL;
	return 0;
}

int
eal_args_split(
	struct eal_args *eal, int argc, char **argv, int *nb_own, char ***own, struct problem *p)
{
	static char help[] = "--help";
	static char *question[] = {NULL, NULL, NULL};
	int sep = separator(argc, argv), ret;

	memset(eal, 0, sizeof(*eal));
	ret = eal_args_add(eal, argv[0], p);
	*nb_own = argc - sep;
	*own = argv + sep;
	for (int i = 1; i < sep && ret == 0; i++) {
		if (is_question(argv[i])) {
			question[0] = argv[0];
			question[1] = argv[i][1] == 'h' ? help : argv[i];
			*nb_own = 2;
			*own = question;
			return 0;
		}
		if (is_own(argv[i]))
			return problem_set(p,
				"%s is no EAL option: put it behind --, as in "
				"shmx-server --lcores '0@0,1@0' -- %s ...",
				argv[i], argv[i]);
		ret = eal_args_add(eal, argv[i], p);
	}
	return ret;
}

int
eal_args_fallback(struct eal_args *eal, const char *text, struct problem *p)
{
	char *arg, *rest;
	int ret = 0;

	if (eal->argc > 1)
		return 0;
	strlcpy(eal->text, text, sizeof(eal->text));
	for (arg = strtok_r(eal->text, " \t", &rest); arg != NULL && ret == 0;
		arg = strtok_r(NULL, " \t", &rest))
		ret = eal_args_add(eal, arg, p);
	return ret;
}

bool
eal_args_has(const struct eal_args *eal, const char *option)
{
	size_t len = strlen(option);

	for (int i = 1; i < eal->argc; i++)
		if (strncmp(eal->argv[i], option, len) == 0 &&
			(eal->argv[i][len] == '\0' || eal->argv[i][len] == '='))
			return true;
	return false;
}
