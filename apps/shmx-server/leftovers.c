/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <dirent.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <rte_eal.h>

#include "leftovers.h"

void
leftovers_note(struct leftovers *l)
{
	const char *dir = rte_eal_get_runtime_dir(); /* its last part is the file prefix */
	const char *slash = dir == NULL ? NULL : strrchr(dir, '/');

	l->prefix[0] = '\0';
	if (slash != NULL && slash[1] != '\0' && rte_eal_has_hugepages())
		snprintf(l->prefix, sizeof(l->prefix), "%smap_", slash + 1);
}

/* As EAL does with the files of others when it starts: what nobody has locked, nobody uses. */
static void
remove_unused(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(dir, name, 0);
	close(fd);
}

static void
clean_directory(const char *path, const char *prefix)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			remove_unused(dirfd(dir), entry->d_name);
	closedir(dir);
}

void
leftovers_remove(const struct leftovers *l)
{
	FILE *mounts = l->prefix[0] == '\0' ? NULL : setmntent("/proc/mounts", "r");
	const struct mntent *m;

	if (mounts == NULL)
		return;
	while ((m = getmntent(mounts)) != NULL)
		if (strcmp(m->mnt_type, "hugetlbfs") == 0)
			clean_directory(m->mnt_dir, l->prefix);
	endmntent(mounts);
}
