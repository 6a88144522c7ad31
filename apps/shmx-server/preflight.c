/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>

#include "preflight.h"

#define PAGES_DIR "/sys/kernel/mm/hugepages/hugepages-"
#define PAGE_2M   (UINT64_C(2) << 20)

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

uint64_t
preflight_hugepage_bytes(bool only_free)
{
	const char *pattern = only_free ? PAGES_DIR "*/free_hugepages" : PAGES_DIR "*/nr_hugepages";
	uint64_t bytes = 0, kib;
	glob_t found;

	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		kib = strtoull(found.gl_pathv[i] + strlen(PAGES_DIR), NULL, 10);
		bytes += read_number(found.gl_pathv[i]) * kib * 1024;
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
preflight_hugepages(uint64_t reserved, bool mounted, const struct eal_args *eal, struct problem *p)
{
	if (eal_args_has(eal, "--no-huge"))
		return 0;
	if (reserved == 0)
		return problem_set(p, "no hugepages: reserve some with 'config/hugepages.sh 512' "
				      "(512 pages of 2 MiB), or do without: --no-huge -m 1024 in "
				      "front of the --");
	if (!mounted && !eal_args_has(eal, "--in-memory"))
		return problem_set(p, "there are hugepages, but no hugetlbfs is mounted: "
				      "'config/hugepages.sh 512' mounts it, as does "
				      "'mount -t hugetlbfs nodev /dev/hugepages'");
	return 0;
}

int
preflight_check(const struct eal_args *eal, struct problem *p)
{
	return preflight_hugepages(preflight_hugepage_bytes(false), hugetlbfs_mounted(), eal, p);
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

/* Who holds the lock on EAL's configuration; 0: nobody. */
static pid_t
prefix_owner(const char *runtime_dir)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/config", runtime_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
		lock.l_pid = 0;
	close(fd);
	return lock.l_pid;
}

int
preflight_explain(struct problem *p)
{
	const char *dir = rte_eal_get_runtime_dir(), *prefix;
	pid_t pid = dir == NULL ? 0 : prefix_owner(dir);

	if (pid == 0)
		return problem_set(p, "EAL did not start; its lines above say why");
	prefix = strrchr(dir, '/');
	return problem_set(p,
		"process %d runs under the file prefix '%s': give EAL another one, "
		"such as --file-prefix=shmx",
		(int)pid, prefix == NULL ? dir : prefix + 1);
}
