/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Zones are files of one directory, mapped shared: they outlive the process that made them. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_common.h>

#include "mem.h"

/* The name of a file that is not a zone yet: whoever dies over it leaves no half of one. */
#define MAKING ".making"

struct zone {
	struct zone *next;
	char name[MEM_ZONE_LEN];
	void *va;
	size_t len; /* in whole pages of the file system */
};

struct files {
	struct mem_provider prov; /* first: a provider is its directory */
	struct zone *zones;       /* those that are mapped */
	int dir;                  /* locked */
};

static struct zone **
find(struct files *f, const char *name)
{
	struct zone **z = &f->zones;

	while (*z != NULL && strcmp((*z)->name, name) != 0)
		z = &(*z)->next;
	return z;
}

/* All pages are there before anybody touches them: no fault later, and no signal when there is no
 * room. Returns MAP_FAILED with errno. */
static void *
map(int fd, size_t len, size_t align)
{
	size_t room = len + align, head;
	uint8_t *at = mmap(
		NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint8_t *va;

	if (at == MAP_FAILED)
		return MAP_FAILED;
	va = RTE_PTR_ALIGN_CEIL(at, align);
	head = (size_t)(va - at);
	if (mmap(va, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0) ==
		MAP_FAILED) {
		int err = errno;

		munmap(at, room);
		errno = err;
		return MAP_FAILED;
	}
	if (head > 0)
		munmap(at, head);
	munmap(va + len, align - head);
	madvise(va, len, MADV_DONTDUMP);
	return va;
}

static int
no_room(int err)
{
	return err == ENOSPC || err == EDQUOT || err == EFBIG ? -ENOMEM : -err;
}

/* A zone of the table from an open file. */
static int
enter(struct files *f, const char *name, int fd, size_t len, size_t align)
{
	struct zone *z = calloc(1, sizeof(*z));

	if (z == NULL)
		return -ENOMEM;
	z->va = map(fd, len, align);
	if (z->va == MAP_FAILED) {
		int err = errno;

		free(z);
		return -err;
	}
	memcpy(z->name, name, strlen(name) + 1);
	z->len = len;
	z->next = f->zones;
	f->zones = z;
	return 0;
}

static void
leave(struct zone **at)
{
	struct zone *z = *at;

	*at = z->next;
	munmap(z->va, z->len);
	free(z);
}

/* Gives the file the pages that it does not have. */
static int
fill(int fd, size_t len)
{
	int ret;

	do
		ret = fallocate(fd, 0, 0, (off_t)len);
	while (ret != 0 && errno == EINTR);
	return ret == 0 ? 0 : no_room(errno);
}

static int
make(struct files *f, const char *name, int fd, size_t len, size_t align)
{
	struct stat st;
	int ret;

	if (fstat(fd, &st) != 0)
		return -errno;
	len = RTE_ALIGN_CEIL(len, (size_t)st.st_blksize);
	ret = fill(fd, len);
	if (ret == 0)
		ret = enter(f, name, fd, len, RTE_MAX(align, (size_t)st.st_blksize));
	if (ret != 0)
		return ret;
	if (renameat(f->dir, MAKING, f->dir, name) == 0)
		return 0;
	ret = -errno;
	leave(find(f, name));
	return ret;
}

static int
file_reserve(void *ctx, const char *name, size_t len, size_t align, void **va)
{
	struct files *f = ctx;
	int fd, ret;

	if (strlen(name) >= MEM_ZONE_LEN)
		return -ENAMETOOLONG;
	if (faccessat(f->dir, name, F_OK, 0) == 0)
		return -EEXIST;
	/* A file of its own: what somebody has put there may be a link to one of others. */
	unlinkat(f->dir, MAKING, 0);
	fd = openat(f->dir, MAKING, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return no_room(errno);
	ret = make(f, name, fd, len, align);
	close(fd);
	if (ret == 0)
		*va = (*find(f, name))->va;
	else
		unlinkat(f->dir, MAKING, 0);
	return ret;
}

/* One that an earlier process has left has whole pages, unless somebody has changed it. Copies may
 * have holes. */
static int
enter_found(struct files *f, const char *name, int fd)
{
	struct stat st;
	int ret;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size % sysconf(_SC_PAGESIZE) != 0)
		return -EBADMSG;
	ret = fill(fd, (size_t)st.st_size);
	if (ret != 0)
		return ret;
	return enter(
		f, name, fd, (size_t)st.st_size, RTE_MAX(MEM_PAGE_SIZE, (size_t)st.st_blksize));
}

static int
open_zone(struct files *f, const char *name)
{
	int fd, ret;

	if (strlen(name) >= MEM_ZONE_LEN)
		return -ENAMETOOLONG;
	fd = openat(f->dir, name, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0)
		return errno == ELOOP ? -EBADMSG : -errno;
	ret = enter_found(f, name, fd);
	close(fd);
	return ret;
}

static int
file_lookup(void *ctx, const char *name, void **va, size_t *len)
{
	struct files *f = ctx;
	const struct zone *z = *find(f, name);

	if (z == NULL) {
		int ret = open_zone(f, name);

		if (ret != 0)
			return ret;
		z = *find(f, name);
	}
	*va = z->va;
	*len = z->len;
	return 0;
}

static int
file_release(void *ctx, const char *name, void *va)
{
	struct files *f = ctx;
	struct zone **at = find(f, name);

	if (va != NULL && (*at == NULL || (*at)->va != va))
		return -ENOENT;
	if (*at != NULL)
		leave(at);
	return unlinkat(f->dir, name, 0) == 0 ? 0 : -errno;
}

/* Opened and locked, with nothing half made in it. */
static int
dir_open(const char *path, int *dir)
{
	int err;

	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return -errno;
	*dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*dir < 0)
		return -errno;
	if (flock(*dir, LOCK_EX | LOCK_NB) != 0) {
		err = errno == EWOULDBLOCK ? EBUSY : errno;
		close(*dir);
		return -err;
	}
	unlinkat(*dir, MAKING, 0);
	return 0;
}

struct mem_provider *
mem_provider_files_create(const char *path, int *err)
{
	struct files *f = calloc(1, sizeof(*f));

	*err = -ENOMEM;
	if (f == NULL)
		return NULL;
	*err = dir_open(path, &f->dir);
	if (*err != 0) {
		free(f);
		return NULL;
	}
	f->prov = (struct mem_provider){
		.ctx = f,
		.reserve = file_reserve,
		.lookup = file_lookup,
		.release = file_release,
	};
	return &f->prov;
}

int
mem_provider_files_any(const struct mem_provider *prov, const char *prefix)
{
	const struct files *f = prov->ctx;
	const struct dirent *entry;
	int fd = openat(f->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	bool any = false;

	if (dir == NULL) {
		int err = errno;

		if (fd >= 0)
			close(fd);
		return -err;
	}
	while (!any && (entry = readdir(dir)) != NULL)
		any = strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	closedir(dir);
	return any;
}

void
mem_provider_files_destroy(struct mem_provider *prov)
{
	struct files *f;

	if (prov == NULL)
		return;
	f = prov->ctx;
	while (f->zones != NULL)
		leave(&f->zones);
	close(f->dir);
	free(f);
}
