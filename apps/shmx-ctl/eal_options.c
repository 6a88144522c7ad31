/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <rte_string_fns.h>

#include "../common/fail.h"
#include "eal_options.h"

#define MEMORY_MIB 64

/* The cores of this process, as in "0,1,3": the scheduler chooses, for others poll on theirs. */
static void
append_cores(char *buf, size_t size)
{
	cpu_set_t cores;
	size_t n = strlen(buf);
	char comma = '(';

	if (sched_getaffinity(0, sizeof(cores), &cores) != 0)
		return;
	for (int i = 0; i < CPU_SETSIZE && n < size; i++) {
		if (!CPU_ISSET(i, &cores))
			continue;
		n += (size_t)snprintf(buf + n, size - n, "%c%d", comma, i);
		comma = ',';
	}
	strlcat(buf, ")", size);
}

/* A PCI address behind eth: is the one device that is to be touched. */
static void
append_device(char *buf, size_t size, const char *port)
{
	const char *device = port + strlen("eth:");

	if (strncmp(port, "eth:", strlen("eth:")) != 0) {
		strlcat(buf, " --no-pci", size);
	} else if (strchr(device, ':') != NULL) {
		strlcat(buf, " -a ", size);
		strlcat(buf, device, size);
	}
}

static void
defaults(char *buf, size_t size, const struct ctl_options *o)
{
	snprintf(buf, size,
		"--no-huge -m %d --no-shconf --no-telemetry --log-level=*:critical "
		"--log-level=lib.eal:error --log-level=lib.shmx*:error --lcores 0@",
		MEMORY_MIB);
	append_cores(buf, size);
	append_device(buf, size, o->link.port);
}

int
eal_options_make(struct eal_options *eal, const struct ctl_options *o)
{
	static char name[] = "shmx-ctl";
	char *word, *rest = eal->text;

	if (o->eal != NULL && strlen(o->eal) >= sizeof(eal->text))
		return fail("--eal: more than %zu characters", sizeof(eal->text) - 1);
	if (o->eal != NULL)
		strlcpy(eal->text, o->eal, sizeof(eal->text));
	else
		defaults(eal->text, sizeof(eal->text), o);
	eal->argc = 0;
	eal->argv[eal->argc++] = name;
	while ((word = strtok_r(rest, " \t", &rest)) != NULL && eal->argc < EAL_WORDS_MAX)
		eal->argv[eal->argc++] = word;
	eal->argv[eal->argc] = NULL;
	return word == NULL ? 0 : fail("--eal: more than %d words", EAL_WORDS_MAX - 1);
}
