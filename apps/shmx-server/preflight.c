/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "preflight.h"

#define PAGES_GLOB "/sys/kernel/mm/hugepages/hugepages-*/nr_hugepages"
#define PAGE_2M	   (UINT64_C(2) << 20)

/* First number of a file; 0 when it cannot be read. */
static uint64_t
read_number(const char *path)
{
	char text[32] = "";
	FILE *f = fopen(path, "r");

	if (f == NULL)
		return 0;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	fclose(f);
	return strtoull(text, NULL, 10);
}

/* Bytes in hugepages of all sizes, in use or not. */
static uint64_t
reserved_bytes(void)
{
	uint64_t bytes = 0;
	glob_t found;

	if (glob(PAGES_GLOB, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *kib = strstr(found.gl_pathv[i], "hugepages-") + strlen("hugepages-");

		bytes += read_number(found.gl_pathv[i]) * strtoull(kib, NULL, 10) * 1024;
	}
	globfree(&found);
	return bytes;
}

static bool
hugetlbfs_mounted(void)
{
	FILE *f = fopen("/proc/mounts", "r");
	bool found = false;
	char line[1024];

	if (f == NULL)
		return true; /* EAL will tell */
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = strstr(line, " hugetlbfs ") != NULL;
	fclose(f);
	return found;
}

int
preflight_hugepages(
	uint64_t reserved, bool mounted, const struct eal_args *eal, struct problem *p)
{
	if (eal_args_has(eal, "--no-huge"))
		return 0;
	if (reserved == 0)
		return problem_set(p, "no hugepages: reserve some with 'config/hugepages.sh 512' "
			"(512 pages of 2 MiB), or do without: --no-huge -m 1024 in front of the --");
	if (!mounted && !eal_args_has(eal, "--in-memory"))
		return problem_set(p, "there are hugepages, but no hugetlbfs is mounted: "
			"'config/hugepages.sh 512' mounts it, as does "
			"'mount -t hugetlbfs nodev /dev/hugepages'");
	return 0;
}

int
preflight_check(const struct eal_args *eal, struct problem *p)
{
	return preflight_hugepages(reserved_bytes(), hugetlbfs_mounted(), eal, p);
}

void
preflight_more_memory(const struct eal_args *eal, uint64_t bytes, char *buf, size_t size)
{
	uint64_t mib = (bytes + (1 << 20) - 1) >> 20;

	if (eal_args_has(eal, "--no-huge"))
		snprintf(buf, size, "give EAL at least -m %" PRIu64, mib);
	else
		snprintf(buf, size, "reserve with 'config/hugepages.sh %" PRIu64 "'",
			(bytes + PAGE_2M - 1) / PAGE_2M);
}
