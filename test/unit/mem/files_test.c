/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The provider whose zones outlive their process: what is in the directory at every moment. */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/plain.h"
#include "fixture.h"
#include "mem/mem_layout.h"

#define KILLS     40
#define KILL_US   3000 /* some dozens of calls */
#define FAR_TOO   (UINT64_C(1) << 45)
#define POOLS     3
#define POOL_SIZE (2 * MIB)

static char dir[] = "/dev/shm/shmx-files-XXXXXX";

static unsigned int
files(void)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	unsigned int n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.' || (e->d_name[1] != '.' && e->d_name[1] != '\0');
	closedir(d);
	return n;
}

static void
change_dir(const char *path)
{
	CU_ASSERT_EQUAL_FATAL(chdir(path), 0);
}

/* Bytes that the file has pages for. */
static uint64_t
allocated(int fd)
{
	struct stat st;

	CU_ASSERT_EQUAL_FATAL(fstat(fd, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

static struct mem_provider *
provider(void)
{
	struct mem_provider *prov;
	int err = 0;

	prov = mem_provider_files_create(dir, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(prov);
	return prov;
}

static struct mem *
adopt(const struct mem_provider *prov)
{
	const struct mem_conf conf = {.provider = *prov};
	struct mem *m;
	int err = 0;

	m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	return m;
}

/* With one pool, p. */
static struct mem *
create(const struct mem_provider *prov, uint16_t *pool)
{
	const struct mem_conf conf = {.provider = *prov};
	const struct mem_pool_params q = {
		.name = "p", .size = POOL_SIZE, .max_size = 4 * POOL_SIZE};
	struct mem *m;
	int err = 0;

	m = mem_create(&conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL_FATAL(mem_pool_create(m, &q, 0, pool), 0);
	return m;
}

/* Zones that the memory knows. */
static unsigned int
zones(const struct mem *m)
{
	uint16_t ids[64];
	uint32_t n = mem_pool_list(m, mem_first_pool(m), ids, RTE_DIM(ids));
	unsigned int zones = 1;

	for (uint32_t i = 0; i < n; i++) {
		struct mem_pool_stat st;

		CU_ASSERT_EQUAL_FATAL(mem_pool_stat(m, ids[i], &st), 0);
		zones += 1 + st.nb_extents;
	}
	return zones;
}

static void
clean(struct mem_provider *prov, struct mem *m)
{
	mem_destroy(m);
	mem_provider_files_destroy(prov);
	CU_ASSERT_EQUAL(files(), 0);
}

static void
outlive(void)
{
	struct mem_provider *prov = provider();
	uint64_t addr, found, len, identity;
	struct mem *m;
	uint16_t pool;
	char *p;
	int err;

	m = create(prov, &pool);
	CU_ASSERT_EQUAL(files(), 3);
	identity = mem_identity(m);
	CU_ASSERT(identity != 0 && identity <= MEM_IDENTITY_MAX);
	CU_ASSERT_EQUAL_FATAL(mem_alloc(m, pool, 100, 0, 1, "root", &addr), 0);
	p = mem_access(m, addr, 100, 1, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	memcpy(p, "kept", 5);
	mem_detach(m);
	mem_provider_files_destroy(prov);

	prov = provider();
	m = adopt(prov);
	CU_ASSERT_EQUAL(mem_alloc_lookup(m, pool, "root", &found, &len), 0);
	CU_ASSERT(found == addr && len == 128);
	CU_ASSERT_EQUAL(mem_identity(m), identity);
	p = mem_access(m, addr, 100, 1, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_STRING_EQUAL(p, "kept");
	mem_destroy(m);
	m = create(prov, &pool);
	CU_ASSERT_NOT_EQUAL(mem_identity(m), identity);
	clean(prov, m);
}

static void
one_at_a_time(void)
{
	struct mem_provider *prov = provider();
	int err = 0;

	CU_ASSERT_PTR_NULL(mem_provider_files_create(dir, &err));
	CU_ASSERT_EQUAL(err, -EBUSY);
	mem_provider_files_destroy(prov);
	prov = provider();
	mem_provider_files_destroy(prov);
	CU_ASSERT_PTR_NULL(mem_provider_files_create("/nowhere/at/all", &err));
	CU_ASSERT_EQUAL(err, -ENOENT);
	CU_ASSERT_PTR_NULL(mem_provider_files_create("/dev/null", &err));
	CU_ASSERT_EQUAL(err, -ENOTDIR);
}

static void
zone_by_zone(void)
{
	struct mem_provider *prov = provider();
	void *va = NULL, *again = NULL;
	size_t len = 0;

	CU_ASSERT_EQUAL(prov->lookup(prov->ctx, "z", &va, &len), -ENOENT);
	CU_ASSERT_EQUAL(prov->reserve(prov->ctx, "z", FAR_TOO, 64, &va), -ENOMEM);
	CU_ASSERT_EQUAL(prov->reserve(prov->ctx, "a_name_that_is_longer_than_any_zone_may_have", 64,
				64, &va),
		-ENAMETOOLONG);
	CU_ASSERT_EQUAL(files(), 0);
	CU_ASSERT_EQUAL_FATAL(prov->reserve(prov->ctx, "z", 100, POOL_SIZE, &va), 0);
	CU_ASSERT_EQUAL((uintptr_t)va % POOL_SIZE, 0);
	CU_ASSERT_EQUAL(prov->reserve(prov->ctx, "z", 100, 64, &again), -EEXIST);
	CU_ASSERT_EQUAL(prov->lookup(prov->ctx, "z", &again, &len), 0);
	CU_ASSERT(again == va && len >= 100);
	CU_ASSERT_EQUAL(prov->release(prov->ctx, "z", (char *)va + 64), -ENOENT);
	CU_ASSERT_EQUAL(prov->release(prov->ctx, "z", va), 0);
	CU_ASSERT_EQUAL(prov->release(prov->ctx, "z", va), -ENOENT);
	CU_ASSERT_EQUAL(files(), 0);
	mem_provider_files_destroy(prov);
}

/* Its maker died before there was anything in it, or while all was taken apart. */
static void
unfinished_root(void)
{
	struct mem_provider *prov = provider();
	struct mem_conf conf = {.provider = *prov};
	void *va;
	int err = 0;

	CU_ASSERT_EQUAL_FATAL(prov->reserve(prov->ctx, "shmx_mem", 8192, 64, &va), 0);
	CU_ASSERT_PTR_NULL(mem_attach(&conf, MEM_ATTACH_VIEW, &err));
	CU_ASSERT_EQUAL(err, -ENOENT);
	CU_ASSERT_EQUAL(files(), 1);
	CU_ASSERT_PTR_NULL(mem_attach(&conf, MEM_ATTACH_ADOPT, &err));
	CU_ASSERT_EQUAL(err, -ENOENT);
	CU_ASSERT_EQUAL(files(), 0);
	mem_provider_files_destroy(prov);
}

/* Copies may have holes, and who finds one may have no room for its pages; foreign files, none. */
static void
found_otherwise(void)
{
	struct mem_provider *prov = provider();
	size_t len = 0;
	void *va;
	int fd;

	change_dir(dir);
	fd = open("holes", O_RDWR | O_CREAT, 0600);
	CU_ASSERT_EQUAL(ftruncate(fd, 3 * MIB), 0);
	CU_ASSERT_EQUAL_FATAL(prov->lookup(prov->ctx, "holes", &va, &len), 0);
	CU_ASSERT_EQUAL(len, 3 * MIB);
	CU_ASSERT_EQUAL(allocated(fd), 3 * MIB);
	CU_ASSERT_EQUAL(prov->release(prov->ctx, "holes", va), 0);
	close(fd);
	fd = open("holes", O_RDWR | O_CREAT, 0600);
	CU_ASSERT_EQUAL(ftruncate(fd, (off_t)FAR_TOO), 0);
	CU_ASSERT_EQUAL(prov->lookup(prov->ctx, "holes", &va, &len), -ENOMEM);
	CU_ASSERT_EQUAL(ftruncate(fd, 100), 0);
	CU_ASSERT_EQUAL(prov->lookup(prov->ctx, "holes", &va, &len), -EBADMSG);
	CU_ASSERT_EQUAL(ftruncate(fd, 0), 0);
	CU_ASSERT_EQUAL(prov->lookup(prov->ctx, "holes", &va, &len), -EBADMSG);
	close(fd);
	CU_ASSERT_EQUAL(mem_provider_files_any(prov, "hole"), 1);
	CU_ASSERT_EQUAL(mem_provider_files_any(prov, "shmx_"), 0);
	CU_ASSERT_EQUAL(prov->release(prov->ctx, "holes", NULL), 0);
	CU_ASSERT_EQUAL(prov->release(prov->ctx, "holes", NULL), -ENOENT);
	CU_ASSERT_EQUAL(mkfifo("fifo", 0600), 0);
	CU_ASSERT_EQUAL(prov->lookup(prov->ctx, "fifo", &va, &len), -EBADMSG);
	CU_ASSERT_EQUAL(unlink("fifo"), 0);
	change_dir("/");
	mem_provider_files_destroy(prov);
	CU_ASSERT_EQUAL(files(), 0);
}

/* Nothing outside of the directory is touched, whatever somebody has put into it. */
static void
led_outside(void)
{
	char outside[] = "/dev/shm/shmx-outside-XXXXXX";
	struct mem_provider *prov = provider();
	int fd = mkstemp(outside);
	char kept[4] = "";
	size_t len;
	void *va;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, "kept", 4), 4);
	CU_ASSERT_EQUAL(ftruncate(fd, 3 * MIB), 0);
	change_dir(dir);
	CU_ASSERT_EQUAL(symlink(outside, "link"), 0);
	CU_ASSERT_EQUAL(symlink(outside, ".making"), 0);
	change_dir("/");
	CU_ASSERT_EQUAL(prov->lookup(prov->ctx, "link", &va, &len), -EBADMSG);
	CU_ASSERT_EQUAL(prov->release(prov->ctx, "link", NULL), 0);
	CU_ASSERT(allocated(fd) < MIB);
	CU_ASSERT_EQUAL_FATAL(prov->reserve(prov->ctx, "z", 100, 64, &va), 0);
	memset(va, 0xee, 100);
	CU_ASSERT_EQUAL(pread(fd, kept, 4, 0), 4);
	CU_ASSERT_EQUAL(memcmp(kept, "kept", 4), 0);
	CU_ASSERT_EQUAL(prov->release(prov->ctx, "z", va), 0);
	CU_ASSERT_EQUAL(files(), 0);
	close(fd);
	CU_ASSERT_EQUAL(unlink(outside), 0);
	mem_provider_files_destroy(prov);
}

/* What was being taken apart goes, also where its files cannot be read any more. */
static void
unreadable_remains(void)
{
	struct mem_provider *prov = provider();
	struct mem_pool_params q = {.name = "q", .size = POOL_SIZE};
	uint16_t pool;
	struct mem *m = create(prov, &pool);
	struct mem_root *root;
	struct mem_dirent *entries;
	size_t len;
	void *va;

	CU_ASSERT_EQUAL(mem_pool_create(m, &q, 0, &pool), 0);
	CU_ASSERT_EQUAL_FATAL(prov->lookup(prov->ctx, "shmx_mem", &va, &len), 0);
	root = va;
	entries = (struct mem_dirent *)(void *)((uint8_t *)va + root->dir_off);
	entries[pool - root->first_pool].state = MEM_STATE_LEAVING;
	mem_detach(m);
	mem_provider_files_destroy(prov);
	change_dir(dir);
	CU_ASSERT_EQUAL(truncate("shmx_p2_x0", 100), 0);
	change_dir("/");
	prov = provider();
	m = adopt(prov);
	CU_ASSERT_EQUAL(files(), 3);
	CU_ASSERT_EQUAL(mem_pool_create(m, &q, 0, &pool), 0);
	CU_ASSERT_EQUAL(files(), zones(m));
	clean(prov, m);
}

/* Makes, grows, shrinks and destroys pools until it is killed. */
static void
child(void)
{
	struct mem_provider *prov = provider();
	struct mem *m = adopt(prov);

	for (;;) {
		uint16_t id = (uint16_t)(mem_first_pool(m) + random() % POOLS);
		struct mem_pool_params q = {.size = POOL_SIZE, .max_size = 4 * POOL_SIZE};
		struct mem_extent x;

		snprintf(q.name, sizeof(q.name), "p%u", id);
		if (random() % 2 == 0) {
			mem_pool_create(m, &q, id, &id);
		} else if (random() % 4 == 0) {
			mem_pool_destroy_begin(m, id, true);
			mem_pool_destroy_end(m, id);
		} else if (random() % 2 == 0) {
			if (mem_extent_prepare(m, id, POOL_SIZE, &x) == 0)
				mem_extent_attach(m, &x);
		} else if (mem_extent_detach(m, id, UINT64_MAX, &x) == 0) {
			mem_extent_release(m, &x);
		}
	}
}

static void
kill_once(unsigned int seed)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	CU_ASSERT_FATAL(pid >= 0);
	if (pid == 0) {
		srandom(seed);
		child();
	}
	usleep((useconds_t)(random() % KILL_US));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

/* Wherever it was killed: the next finds the zones of the pools that are there, and no other. */
static void
killed(void)
{
	struct mem_provider *prov = provider();
	uint16_t pool;
	struct mem *m = create(prov, &pool);

	srandom((unsigned int)plain_seed());
	for (unsigned int i = 0; i < KILLS; i++) {
		mem_detach(m);
		mem_provider_files_destroy(prov);
		kill_once((unsigned int)random());
		prov = provider();
		m = adopt(prov);
		CU_ASSERT_EQUAL(files(), zones(m));
	}
	clean(prov, m);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {
		{"outlive", outlive},
		{"one at a time", one_at_a_time},
		{"zone by zone", zone_by_zone},
		{"unfinished root", unfinished_root},
		{"found otherwise", found_otherwise},
		{"led outside", led_outside},
		{"unreadable remains", unreadable_remains},
		{"killed", killed},
		{NULL, NULL},
	};
	int ret;

	if (mkdtemp(dir) == NULL) {
		perror(dir);
		return 1;
	}
	ret = run_suite("mem files", tests);
	if (rmdir(dir) != 0)
		fprintf(stderr, "%s is left with what a failure has left there\n", dir);
	return ret;
}
