/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>

#include <rte_errno.h>

#include "mem/mem.h"
#include "store.h"

int
store_open(struct server *s, struct problem *p)
{
	const char *dir = s->options->memory_dir;
	int err = 0;

	if (dir[0] == '\0')
		return 0;
	s->store = mem_provider_files_create(dir, &err);
	if (s->store != NULL)
		return 0;
	if (err == -EBUSY)
		return problem_set(
			p, "%s: another server has it: stop that, or give another directory", dir);
	return problem_set(p, "--memory-dir %s: %s", dir, rte_strerror(-err));
}

void
store_close(struct server *s)
{
	mem_provider_files_destroy(s->store);
	s->store = NULL;
}

int
store_complain(const struct server *s, const char *what, int err, struct problem *p)
{
	const char *dir = s->options->memory_dir;

	switch (err) {
	case -ENOMEM:
		return problem_set(p,
			"no room for %s in %s: give its file system more, hugepages with "
			"config/hugepages.sh, or have less",
			what, dir);
	case -EPROTO:
		return problem_set(p,
			"%s: %s is of another version of shmx: start that, or give another "
			"directory",
			dir, what);
	case -EBADMSG:
		return problem_set(p,
			"%s: %s is damaged: give another directory, or remove this one and what "
			"it keeps",
			dir, what);
	default:
		return problem_set(p, "%s: %s: %s", dir, what, rte_strerror(-err));
	}
}
