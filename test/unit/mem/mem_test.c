/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Every call and every error it can return. */

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem/mem_layout.h"
#include "mem/mem_priv.h"

#include "fixture.h"

static int
create_err(struct mem_conf conf)
{
	struct mem *m;
	int err = 0;

	m = mem_create(&conf, &err);
	CU_ASSERT_PTR_NULL(m);
	mem_destroy(m);
	return err;
}

static void
create_errors(void)
{
	struct fixture f;
	struct mem_conf c;

	fixture_up(&f);
	CU_ASSERT_EQUAL(create_err(f.conf), -EEXIST);
	c = f.conf;
	c.prefix = "a prefix of sixteen";
	CU_ASSERT_EQUAL(create_err(c), -EINVAL);
	c.prefix = "";
	CU_ASSERT_EQUAL(create_err(c), -EINVAL);
	c.prefix = "other";
	c.max_nodes = 1025;
	CU_ASSERT_EQUAL(create_err(c), -EINVAL);
	c.max_nodes = 1024;
	c.max_sets = 65535;
	CU_ASSERT_EQUAL(create_err(c), -EINVAL);
	c.max_sets = 1;
	c.last_pool = 65536;
	CU_ASSERT_EQUAL(create_err(c), -EINVAL);
	c.first_pool = 65536;
	c.last_pool = 0;
	CU_ASSERT_EQUAL(create_err(c), -EINVAL);
	c.first_pool = 9;
	c.last_pool = 8;
	CU_ASSERT_EQUAL(create_err(c), -EINVAL);
	c.last_pool = 9;
	c.provider.reserve = NULL;
	CU_ASSERT_EQUAL(create_err(c), -EINVAL);
	c.provider = *f.prov;
	mem_provider_heap_fail(f.prov, 1);
	CU_ASSERT_EQUAL(create_err(c), -ENOMEM);
	mem_destroy(NULL);
	mem_detach(NULL);
	fixture_down(&f);
}

static int
pool_err(struct fixture *f, struct mem_pool_params q, uint16_t hint)
{
	uint16_t id = 0;

	return mem_pool_create(f->m, &q, hint, &id);
}

static void
pool_errors(void)
{
	struct mem_pool_params q = {.name = "p", .size = 2 * MIB};
	struct mem_pool_params bad;
	struct fixture f;

	fixture_up(&f);
	bad = q;
	bad.name[0] = 0;
	CU_ASSERT_EQUAL(pool_err(&f, bad, 0), -EINVAL);
	memset(bad.name, 'x', sizeof(bad.name));
	CU_ASSERT_EQUAL(pool_err(&f, bad, 0), -ENAMETOOLONG);
	bad = q;
	bad.granule = 32;
	CU_ASSERT_EQUAL(pool_err(&f, bad, 0), -EINVAL);
	bad.granule = 96;
	CU_ASSERT_EQUAL(pool_err(&f, bad, 0), -EINVAL);
	bad.granule = 65536;
	CU_ASSERT_EQUAL(pool_err(&f, bad, 0), -EINVAL);
	bad = q;
	bad.max_size = UINT64_C(1) << 46;
	CU_ASSERT_EQUAL(pool_err(&f, bad, 0), -EINVAL);
	bad = q;
	bad.size = UINT64_MAX;
	CU_ASSERT_EQUAL(pool_err(&f, bad, 0), -EINVAL);
	bad = q;
	bad.max_names = 1u << 21;
	CU_ASSERT_EQUAL(pool_err(&f, bad, 0), -EINVAL);
	CU_ASSERT_EQUAL(pool_err(&f, q, 8), -EINVAL);
	CU_ASSERT_EQUAL(pool_err(&f, q, 5), 0);
	CU_ASSERT_EQUAL(pool_err(&f, q, 6), -EEXIST);
	snprintf(q.name, sizeof(q.name), "q");
	CU_ASSERT_EQUAL(pool_err(&f, q, 5), -EEXIST);
	fixture_down(&f);
}

/* Each reserve fails in turn: nothing may stay behind, and the next try succeeds. */
static void
pool_without_memory(void)
{
	struct mem_pool_params q = {.name = "p", .size = 6 * MIB, .extent_size = 2 * MIB};
	unsigned int nth, before;
	struct fixture f;

	fixture_up(&f);
	before = mem_provider_heap_count(f.prov);
	for (nth = 1; nth <= 4; nth++) {
		mem_provider_heap_fail(f.prov, nth);
		CU_ASSERT_EQUAL(pool_err(&f, q, 0), -ENOMEM);
		CU_ASSERT_EQUAL(mem_provider_heap_count(f.prov), before);
	}
	CU_ASSERT_EQUAL(pool_err(&f, q, 0), 0);
	fixture_down(&f);
}

/* More than an extent can count is cut, not refused. */
static void
pool_of_many_granules(void)
{
	struct mem_pool_params q = {.name = "p", .size = UINT64_C(256) << 30};
	struct fixture f;

	fixture_up(&f);
	mem_provider_heap_fail(f.prov, 2);
	CU_ASSERT_EQUAL(pool_err(&f, q, 0), -ENOMEM);
	fixture_down(&f);
}

static void
pool_directory(void)
{
	struct mem_pool_stat st;
	uint16_t ids[8], id;
	struct fixture f;
	char name[8];
	int i;

	fixture_up(&f);
	for (i = 1; i < 8; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		CU_ASSERT_EQUAL(fixture_pool(&f, name, 1, 0, 0), i);
	}
	CU_ASSERT_EQUAL(pool_err(&f, (struct mem_pool_params){.name = "x"}, 0), -ENOSPC);
	CU_ASSERT_EQUAL(mem_pool_list(f.m, 0, ids, 3), 3);
	CU_ASSERT(ids[0] == 1 && ids[2] == 3);
	CU_ASSERT_EQUAL(mem_pool_list(f.m, 5, ids, 8), 3);
	CU_ASSERT(ids[0] == 5 && ids[2] == 7);
	CU_ASSERT_EQUAL(mem_pool_list(f.m, 8, ids, 8), 0);
	CU_ASSERT_EQUAL(mem_pool_list(f.m, UINT16_MAX, ids, 8), 0);
	CU_ASSERT_EQUAL(mem_pool_list(f.m, 1, ids, 0), 0);
	CU_ASSERT_EQUAL(mem_pool_lookup(f.m, "p4", &id), 0);
	CU_ASSERT_EQUAL(id, 4);
	CU_ASSERT_EQUAL(mem_pool_lookup(f.m, "p9", &id), -ENOENT);
	CU_ASSERT_EQUAL(mem_pool_stat(f.m, 4, &st), 0);
	CU_ASSERT_STRING_EQUAL(st.name, "p4");
	CU_ASSERT(st.size == 2 * MIB && st.max_size == 2 * MIB && st.free == 2 * MIB);
	CU_ASSERT(st.largest_free == 2 * MIB && st.nb_extents == 1 && st.granule == 64);
	CU_ASSERT_EQUAL(mem_pool_stat(f.m, 0, &st), -ENOENT);
	CU_ASSERT_EQUAL(mem_pool_stat(f.m, 99, &st), -ENOENT);
	fixture_down(&f);
}

static struct mem *
with_ids(struct mem_provider *prov, uint32_t first, uint32_t last)
{
	struct mem_conf conf = {.provider = *prov, .first_pool = first, .last_pool = last};
	int err = 0;
	struct mem *m = mem_create(&conf, &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	return m;
}

/* Memory nodes have ids of their own, up to the last one there is, and no two the same. */
static void
pool_ids_by_node(void)
{
	uint32_t next = 1, node;

	for (node = 1; node <= 1023; node++, next += MEM_NODE_POOLS)
		CU_ASSERT_EQUAL(mem_node_first_pool((uint16_t)node), next);
	CU_ASSERT(next - 1 <= UINT16_MAX);
}

/* Every id of first to last goes to a pool, and none beside. */
static void
fill_range(struct mem *m, uint32_t first, uint32_t last)
{
	struct mem_pool_params q = {.max_names = 1};
	uint32_t k;
	uint16_t id;

	for (k = first; k <= last; k++) {
		snprintf(q.name, sizeof(q.name), "p%u", k);
		q.size = k == last ? 2 * MIB : 0;
		CU_ASSERT_EQUAL(mem_pool_create(m, &q, 0, &id), 0);
		CU_ASSERT_EQUAL(id, k);
	}
	snprintf(q.name, sizeof(q.name), "one more");
	CU_ASSERT_EQUAL(mem_pool_create(m, &q, 0, &id), -ENOSPC);
	if (last < UINT16_MAX)
		CU_ASSERT_EQUAL(mem_pool_create(m, &q, (uint16_t)(last + 1), &id), -EINVAL);
	if (first > 1)
		CU_ASSERT_EQUAL(mem_pool_create(m, &q, (uint16_t)(first - 1), &id), -EINVAL);
}

/* What has a pool's id says so, and ids of other nodes are nobody's. */
static void
check_range(struct mem *m, uint16_t first, uint16_t last)
{
	uint16_t id, ids[4];
	char name[16];
	uint64_t addr;
	uint32_t k;

	snprintf(name, sizeof(name), "p%u", last);
	CU_ASSERT_EQUAL(mem_pool_lookup(m, name, &id), 0);
	CU_ASSERT_EQUAL(id, last);
	CU_ASSERT_EQUAL(mem_pool_list(m, last, ids, 4), 1);
	CU_ASSERT_EQUAL(mem_pool_list(m, 0, ids, 4), RTE_MIN(last - first + 1, 4));
	CU_ASSERT_EQUAL(ids[0], first);
	CU_ASSERT_EQUAL(mem_alloc(m, last, 100, 0, 5, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_addr_pool(addr), last);
	CU_ASSERT_EQUAL(try_access(m, addr, 100, 3), 0);
	CU_ASSERT_EQUAL(try_access(m, addr, 100, 4), -EPERM);
	CU_ASSERT_EQUAL(mem_own_set(m, addr, 64, 6), 0);
	CU_ASSERT_EQUAL(try_access(m, addr, 100, 3), -EPERM);
	CU_ASSERT_EQUAL(mem_free(m, addr, 0), 0);
	for (k = 0; k <= UINT16_MAX; k++)
		if (k < first || k > last)
			CU_ASSERT(try_access(m, mem_addr((uint16_t)k, 0), 8, 1) == -ENOENT);
	CU_ASSERT_EQUAL(mem_pool_destroy_begin(m, (uint16_t)(last + 1), true), -ENOENT);
	CU_ASSERT_EQUAL(mem_pool_destroy_begin(m, last, false), 0);
	CU_ASSERT_EQUAL(mem_pool_destroy_end(m, last), 0);
}

/* A range anywhere: at both ends of all ids, of a single one, longer than a word of bits. */
static void
pool_ids(void)
{
	static const struct {
		uint32_t conf_first, conf_last;
		uint16_t first, last;
	} ranges[] = {{0, 0, 1, 64}, {65409, 65472, 65409, 65472}, {65535, 65535, 65535, 65535},
		{65, 0, 65, 128}, {65530, 0, 65530, 65535}, {0, 5, 1, 5}, {700, 900, 700, 900}};
	struct mem_provider *prov = mem_provider_heap_create();
	unsigned int i;

	for (i = 0; i < RTE_DIM(ranges); i++) {
		struct mem *m = with_ids(prov, ranges[i].conf_first, ranges[i].conf_last);

		CU_ASSERT_EQUAL(mem_first_pool(m), ranges[i].first);
		CU_ASSERT_EQUAL(mem_last_pool(m), ranges[i].last);
		fill_range(m, ranges[i].first, ranges[i].last);
		check_range(m, ranges[i].first, ranges[i].last);
		mem_destroy(m);
		CU_ASSERT_EQUAL(mem_provider_heap_count(prov), 0);
	}
	mem_provider_heap_destroy(prov);
}

static void
pool_destroy(void)
{
	struct mem_freed freed;
	struct fixture f;
	uint64_t addr;
	uint16_t p, again;

	fixture_up(&f);
	p = fixture_pool(&f, "p", 2 * MIB, 0, 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 100, 0, 1, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_pool_destroy_begin(f.m, p, false), -EBUSY);
	CU_ASSERT_EQUAL(mem_pool_destroy_end(f.m, p), -ENOENT);
	CU_ASSERT_EQUAL(mem_pool_destroy_begin(f.m, p, true), 0);
	CU_ASSERT_EQUAL(mem_pool_destroy_begin(f.m, p, true), -ENOENT);
	CU_ASSERT_EQUAL(try_access(f.m, addr, 1, 1), -ENOENT);
	CU_ASSERT_EQUAL(mem_free_begin(f.m, addr, 0, &freed), -ENOENT);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 100, 0, 1, NULL, &addr), -ENOENT);
	CU_ASSERT_EQUAL(mem_zero_step(f.m, p, 1), 0);
	/* until the end, name and id are taken */
	CU_ASSERT_EQUAL(pool_err(&f, (struct mem_pool_params){.name = "p"}, 0), -EEXIST);
	CU_ASSERT_EQUAL(mem_pool_destroy_end(f.m, p), 0);
	CU_ASSERT_EQUAL(mem_pool_destroy_end(f.m, p), -ENOENT);
	CU_ASSERT_EQUAL(mem_pool_destroy_end(f.m, 0), -ENOENT);
	again = fixture_pool(&f, "p", 2 * MIB, 0, 0);
	CU_ASSERT_EQUAL(again, p);
	CU_ASSERT_EQUAL(try_access(f.m, addr, 1, 1), -ESTALE);
	fixture_down(&f);
}

static void
alloc_errors(void)
{
	char longest[65];
	struct fixture f;
	uint64_t addr;
	uint16_t p;

	memset(longest, 'n', 64);
	longest[64] = 0;
	fixture_up(&f);
	p = fixture_pool(&f, "p", 4 * MIB, 0, 2 * MIB);
	CU_ASSERT_EQUAL(mem_alloc(f.m, 0, 64, 0, 1, NULL, &addr), -ENOENT);
	CU_ASSERT_EQUAL(mem_alloc(f.m, 7, 64, 0, 1, NULL, &addr), -ENOENT);
	CU_ASSERT_EQUAL(mem_alloc(f.m, 999, 64, 0, 1, NULL, &addr), -ENOENT);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 0, 0, 1, NULL, &addr), -EINVAL);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 3, 1, NULL, &addr), -EINVAL);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 4 * MIB, 1, NULL, &addr), -EINVAL);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, UINT64_C(1) << 40, 1, NULL, &addr), -EINVAL);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 0, MEM_SET_FREE, NULL, &addr), -EINVAL);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 0, 150, NULL, &addr), -EINVAL);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 0, MEM_SET_MIXED, NULL, &addr), -EINVAL);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 0, 1, "", &addr), -EINVAL);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 0, 1, longest, &addr), -ENAMETOOLONG);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, UINT64_MAX, 0, 1, NULL, &addr), -ENOMEM);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 2 * MIB + 1, 0, 1, NULL, &addr), -ENOMEM);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 2 * MIB, MEM_ALIGN_NATURAL, 1, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 2 * MIB, 1, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 2 * MIB, 1, NULL, &addr), -ENOMEM);
	fixture_down(&f);
}

static void
free_errors(void)
{
	struct mem_freed freed, wrong;
	struct fixture f;
	uint64_t a, b;
	uint16_t p, set;

	fixture_up(&f);
	p = fixture_pool(&f, "p", 2 * MIB, 0, 0);
	CU_ASSERT_EQUAL(mem_set_of_node(f.m, 5, &set), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 256, 0, set, NULL, &a), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 256, 0, set, NULL, &b), 0);
	CU_ASSERT_EQUAL(mem_free(f.m, a + 8, 5), -EINVAL);
	CU_ASSERT_EQUAL(mem_free(f.m, a + 64, 5), -ENOENT);
	CU_ASSERT_EQUAL(mem_free(f.m, b + 256, 5), -ENOENT);
	CU_ASSERT_EQUAL(mem_free(f.m, mem_addr(p, 64 * MIB), 5), -ENOENT);
	CU_ASSERT_EQUAL(mem_free(f.m, mem_addr(3, 0), 5), -ENOENT);
	CU_ASSERT_EQUAL(mem_free(f.m, a, 6), -EPERM);
	CU_ASSERT_EQUAL(mem_own_set(f.m, a + 192, 64, MEM_SET_EVERYONE), 0);
	CU_ASSERT_EQUAL(mem_free(f.m, a, 6), -EPERM);
	CU_ASSERT_EQUAL(mem_free_begin(f.m, a, 5, &freed), 0);
	CU_ASSERT_EQUAL(freed.len, 256);
	CU_ASSERT_EQUAL(try_access(f.m, a, 8, 5), -ESTALE);
	CU_ASSERT_EQUAL(mem_free_begin(f.m, a, 5, &freed), -ENOENT);
	wrong = (struct mem_freed){b, 256};
	CU_ASSERT_EQUAL(mem_free_end(f.m, &wrong), -ENOENT);
	wrong = (struct mem_freed){a, 64};
	CU_ASSERT_EQUAL(mem_free_end(f.m, &wrong), -EINVAL);
	CU_ASSERT_EQUAL(mem_free_end(f.m, &freed), 0);
	CU_ASSERT_EQUAL(mem_free_end(f.m, &freed), -ENOENT);
	CU_ASSERT_EQUAL(mem_free(f.m, b, 0), 0);
	fixture_down(&f);
}

static void
access_errors(void)
{
	struct fixture f;
	uint64_t a, b;
	uint16_t p, set;

	fixture_up(&f);
	p = fixture_pool(&f, "p", 8 * MIB, 0, 4 * MIB);
	CU_ASSERT_EQUAL(mem_set_of_node(f.m, 5, &set), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 4 * MIB, 0, set, NULL, &a), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 4 * MIB, 0, set, NULL, &b), 0);
	CU_ASSERT_EQUAL(b, a + 4 * MIB);
	CU_ASSERT_EQUAL(try_access(f.m, a, 0, 5), -EINVAL);
	CU_ASSERT_EQUAL(try_access(f.m, 0, 1, 5), -ENOENT);
	CU_ASSERT_EQUAL(try_access(f.m, UINT64_MAX, 1, 5), -ENOENT);
	CU_ASSERT_EQUAL(try_access(f.m, mem_addr(p, 8 * MIB), 1, 5), -EFAULT);
	CU_ASSERT_EQUAL(try_access(f.m, mem_addr(p, MEM_OFF_MASK), 1, 5), -EFAULT);
	CU_ASSERT_EQUAL(try_access(f.m, a, 4 * MIB, 5), 0);
	CU_ASSERT_EQUAL(try_access(f.m, a + 2 * MIB - 4, 8, 5), 0);
	CU_ASSERT_EQUAL(try_access(f.m, a + 4 * MIB - 4, 8, 5), -EFAULT);
	CU_ASSERT_EQUAL(try_access(f.m, b, UINT32_MAX, 5), -EFAULT);
	CU_ASSERT_EQUAL(try_access(f.m, a, 8, 6), -EPERM);
	CU_ASSERT_EQUAL(try_access(f.m, a, 8, 0), 0);
	CU_ASSERT_EQUAL(try_access(f.m, a, 8, 100), -EPERM);
	CU_ASSERT_EQUAL(try_access(f.m, a, 8, 65535), -EPERM);
	CU_ASSERT_EQUAL(mem_own_set(f.m, a + 128, 64, 1), 0);
	CU_ASSERT_EQUAL(try_access(f.m, a + 128, 64, 6), 0);
	CU_ASSERT_EQUAL(try_access(f.m, a + 127, 2, 6), -EPERM);
	CU_ASSERT_EQUAL(try_access(f.m, a + 191, 2, 6), -EPERM);
	CU_ASSERT_EQUAL(try_access(f.m, a, 4096, 5), 0);
	CU_ASSERT_EQUAL(mem_own_check(f.m, a, 4 * MIB, 5), 0);
	CU_ASSERT_EQUAL(mem_own_check(f.m, a, UINT64_MAX, 5), -EFAULT);
	mem_prefetch(f.m, a);
	mem_prefetch(f.m, UINT64_MAX);
	mem_prefetch(f.m, mem_addr(p, MEM_OFF_MASK));
	CU_ASSERT_EQUAL(mem_resize(f.m, a, 1024, 0, NULL), 0);
	CU_ASSERT_EQUAL(try_access(f.m, a + 960, 128, 5), -ESTALE);
	fixture_down(&f);
}

static void
own_errors(void)
{
	struct mem_alloc_info info;
	struct fixture f;
	uint64_t a;
	uint16_t p;

	fixture_up(&f);
	p = fixture_pool(&f, "p", 8 * MIB, 0, 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 5 * MIB, 0, 1, NULL, &a), 0);
	CU_ASSERT_EQUAL(mem_own_set(f.m, a + 1, 64, 3), -EINVAL);
	CU_ASSERT_EQUAL(mem_own_set(f.m, a, 65, 3), -EINVAL);
	CU_ASSERT_EQUAL(mem_own_set(f.m, a, 0, 3), -EINVAL);
	CU_ASSERT_EQUAL(mem_own_set(f.m, a, 64, MEM_SET_FREE), -EINVAL);
	CU_ASSERT_EQUAL(mem_own_set(f.m, a, 64, 160), -EINVAL);
	CU_ASSERT_EQUAL(mem_own_set(f.m, a + 64, 5 * MIB, 3), -ESTALE);
	CU_ASSERT_EQUAL(mem_own_set(f.m, a + 64, 8 * MIB, 3), -ESTALE);
	CU_ASSERT_EQUAL(mem_own_set(f.m, a, UINT64_MAX - 63, 3), -ESTALE);
	CU_ASSERT_EQUAL(mem_own_set(f.m, a + 5 * MIB, 64, 3), -ESTALE);
	CU_ASSERT_EQUAL(mem_own_set(f.m, 0, 64, 3), -ENOENT);
	CU_ASSERT_EQUAL(mem_alloc_find(f.m, a + 5 * MIB, &info), -ENOENT);
	CU_ASSERT_EQUAL(mem_alloc_find(f.m, a + 5 * MIB - 1, &info), 0);
	CU_ASSERT(info.addr == a && info.len == 5 * MIB && info.set == 1 && info.name[0] == 0);
	CU_ASSERT_EQUAL(mem_alloc_info(f.m, a + 64, &info), -ENOENT);
	CU_ASSERT_EQUAL(mem_alloc_info(f.m, a + 1, &info), -EINVAL);
	fixture_down(&f);
}

static void
resize(void)
{
	struct mem_freed tail;
	struct fixture f;
	uint64_t a, b;
	uint16_t p, five;

	fixture_up(&f);
	p = fixture_pool(&f, "p", 2 * MIB, 0, 0);
	CU_ASSERT_EQUAL(mem_set_of_node(f.m, 5, &five), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 1024, 0, five, NULL, &a), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 0, 1, NULL, &b), 0);
	CU_ASSERT_EQUAL(mem_resize(f.m, a, 2048, 5, &tail), -ENOMEM);
	CU_ASSERT_EQUAL(mem_resize(f.m, a, UINT64_MAX, 5, &tail), -ENOMEM);
	CU_ASSERT_EQUAL(mem_resize(f.m, a, 0, 5, &tail), -EINVAL);
	CU_ASSERT_EQUAL(mem_resize(f.m, a, 512, 6, &tail), -EPERM);
	CU_ASSERT_EQUAL(mem_resize(f.m, a + 64, 512, 5, &tail), -ENOENT);
	CU_ASSERT_EQUAL(mem_resize(f.m, a, 1000, 5, &tail), 0);
	CU_ASSERT_EQUAL(tail.len, 0);
	CU_ASSERT_EQUAL(mem_free_end(f.m, &tail), 0);
	CU_ASSERT_EQUAL(mem_resize(f.m, a, 500, 5, &tail), 0);
	CU_ASSERT_EQUAL(tail.len, 512);
	CU_ASSERT_EQUAL(try_access(f.m, a + 512, 1, 5), -ESTALE);
	CU_ASSERT_EQUAL(mem_resize(f.m, a, 1024, 5, NULL), -ENOMEM); /* not before the end */
	CU_ASSERT_EQUAL(mem_free_end(f.m, &tail), 0);
	CU_ASSERT_EQUAL(mem_resize(f.m, a, 1024, 5, NULL), 0);
	CU_ASSERT_EQUAL(try_access(f.m, a, 1024, 5), 0);
	CU_ASSERT_EQUAL(try_access(f.m, a + 512, 1, 6), -EPERM);
	fixture_down(&f);
}

static void
names(void)
{
	struct mem_pool_params q = {.name = "few", .size = 2 * MIB, .max_names = 3};
	uint64_t addr, at, len;
	struct fixture f;
	uint16_t p, id;
	char name[16];
	int i;

	fixture_up(&f);
	p = fixture_pool(&f, "p", 2 * MIB, 0, 0);
	for (i = 0; i < 1024; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 0, 1, name, &addr), 0);
	}
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 0, 1, "one more", &addr), -ENOSPC);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 0, 1, "n7", &addr), -EEXIST);
	CU_ASSERT_EQUAL(mem_alloc_lookup(f.m, p, "n7", &at, &len), 0);
	CU_ASSERT_EQUAL(len, 64);
	CU_ASSERT_EQUAL(mem_free(f.m, at, 3), 0);
	CU_ASSERT_EQUAL(mem_alloc_lookup(f.m, p, "n7", &at, &len), -ENOENT);
	CU_ASSERT_EQUAL(mem_alloc_lookup(f.m, p, "", &at, &len), -ENOENT);
	CU_ASSERT_EQUAL(mem_alloc_lookup(f.m, 99, "n8", &at, &len), -ENOENT);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 0, 1, "one more", &addr), 0);
	CU_ASSERT_EQUAL(mem_pool_create(f.m, &q, 0, &id), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, id, 64, 0, 1, "n8", &addr), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, id, 4 * MIB, 0, 1, "n9", &addr), -ENOMEM);
	CU_ASSERT_EQUAL(mem_alloc_lookup(f.m, id, "n9", &at, &len), -ENOENT);
	fixture_down(&f);
}

static void
extents(void)
{
	struct mem_extent x, y;
	struct fixture f;
	uint64_t addr;
	uint16_t p;

	fixture_up(&f);
	p = fixture_pool(&f, "p", 2 * MIB, 8 * MIB, 0);
	CU_ASSERT_EQUAL(mem_extent_prepare(f.m, 0, 1, &x), -ENOENT);
	CU_ASSERT_EQUAL(mem_extent_prepare(f.m, p, 0, &x), -EINVAL);
	CU_ASSERT_EQUAL(mem_extent_prepare(f.m, p, UINT64_MAX, &x), -EINVAL);
	CU_ASSERT_EQUAL(mem_extent_prepare(f.m, p, 7 * MIB, &x), -E2BIG);
	mem_provider_heap_fail(f.prov, 1);
	CU_ASSERT_EQUAL(mem_extent_prepare(f.m, p, 6 * MIB, &x), -ENOMEM);
	CU_ASSERT_EQUAL(mem_extent_prepare(f.m, p, 5 * MIB, &x), 0);
	CU_ASSERT_EQUAL(x.pages, 3);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 5 * MIB, 0, 1, NULL, &addr), -ENOMEM);
	CU_ASSERT_EQUAL(mem_extent_attach(f.m, &x), 0);
	CU_ASSERT_EQUAL(mem_extent_attach(f.m, &x), -EINVAL);
	CU_ASSERT_EQUAL(mem_extent_release(f.m, &x), -EBUSY);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 5 * MIB, 0, 1, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_extent_detach(f.m, p, 1, &y), -EBUSY);
	CU_ASSERT_EQUAL(mem_extent_detach(f.m, p, 64 * MIB, &y), 0); /* the first one is free */
	CU_ASSERT_EQUAL(y.pages, 1);
	CU_ASSERT_EQUAL(mem_extent_detach(f.m, p, 64 * MIB, &x), -EBUSY);
	CU_ASSERT_EQUAL(mem_free(f.m, addr, 0), 0);
	CU_ASSERT_EQUAL(mem_extent_detach(f.m, p, 64 * MIB, &x), -EAGAIN);
	while (mem_zero_step(f.m, p, 1) != 0)
		;
	CU_ASSERT_EQUAL(mem_extent_detach(f.m, p, 64 * MIB, &x), 0);
	CU_ASSERT_EQUAL(try_access(f.m, addr, 1, 0), -EFAULT);
	CU_ASSERT_EQUAL(mem_extent_release(f.m, &y), 0);
	CU_ASSERT_EQUAL(mem_extent_release(f.m, &y), -EINVAL);
	CU_ASSERT_EQUAL(mem_extent_release(f.m, &x), 0);
	y.index = MEM_EXTENTS;
	CU_ASSERT_EQUAL(mem_extent_attach(f.m, &y), -EINVAL);
	CU_ASSERT_EQUAL(mem_extent_prepare(f.m, p, 8 * MIB, &x), 0);
	CU_ASSERT_EQUAL(mem_extent_release(f.m, &x), 0); /* never attached */
	CU_ASSERT_EQUAL(mem_extent_detach(f.m, 0, MIB, &x), -ENOENT);
	fixture_down(&f);
}

/* A provider that keeps some zones: as files of a directory that cannot be written any more. */
static const struct mem_provider *keeps_over;
static int keeps;

static int
keeps_reserve(void *ctx, const char *name, size_t len, size_t align, void **va)
{
	(void)ctx;
	return keeps_over->reserve(keeps_over->ctx, name, len, align, va);
}

static int
keeps_lookup(void *ctx, const char *name, void **va, size_t *len)
{
	(void)ctx;
	return keeps_over->lookup(keeps_over->ctx, name, va, len);
}

static int
keeps_release(void *ctx, const char *name, void *va)
{
	(void)ctx;
	return keeps != 0 ? keeps : keeps_over->release(keeps_over->ctx, name, va);
}

static void
keeps_up(struct fixture *f)
{
	int err = 0;

	fixture_up(f);
	mem_destroy(f->m);
	keeps = 0;
	keeps_over = f->prov;
	f->conf.provider = (struct mem_provider){
		.reserve = keeps_reserve, .lookup = keeps_lookup, .release = keeps_release};
	f->m = mem_create(&f->conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->m);
}

static void
keeps_adopt(struct fixture *f)
{
	int err = 0;

	mem_detach(f->m);
	f->m = mem_attach(&f->conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->m);
}

/* A zone that could not be released is in nobody's way, and goes with the next process. */
static void
extent_not_released(void)
{
	struct mem_extent x;
	struct fixture f;
	uint16_t p;

	keeps_up(&f);
	p = fixture_pool(&f, "p", 2 * MIB, 4 * MIB, 0);
	CU_ASSERT_EQUAL_FATAL(mem_extent_prepare(f.m, p, 2 * MIB, &x), 0);
	keeps = -EROFS;
	CU_ASSERT_EQUAL(mem_extent_release(f.m, &x), -EROFS);
	CU_ASSERT_FALSE(mem_extent_coming(f.m, p));
	keeps = 0;
	CU_ASSERT_EQUAL(mem_extent_release(f.m, &x), -EINVAL);
	CU_ASSERT_EQUAL_FATAL(mem_extent_prepare(f.m, p, 2 * MIB, &x), 0);
	CU_ASSERT_EQUAL(mem_extent_attach(f.m, &x), 0);
	CU_ASSERT_EQUAL(mem_provider_heap_count(f.prov), 5);
	/* Nor is one that the next process cannot release either. */
	keeps = -EROFS;
	keeps_adopt(&f);
	keeps = 0;
	CU_ASSERT_EQUAL(mem_extent_detach(f.m, p, 2 * MIB, &x), 0);
	CU_ASSERT_EQUAL(mem_extent_release(f.m, &x), 0);
	CU_ASSERT_EQUAL(mem_extent_prepare(f.m, p, 2 * MIB, &x), 0);
	CU_ASSERT_EQUAL(mem_extent_attach(f.m, &x), 0);
	keeps_adopt(&f);
	CU_ASSERT_EQUAL(mem_provider_heap_count(f.prov), 4);
	fixture_down(&f);
}

static void
pool_not_released(void)
{
	struct fixture f;
	uint16_t p, q;

	keeps_up(&f);
	p = fixture_pool(&f, "p", 2 * MIB, 0, 0);
	CU_ASSERT_EQUAL(mem_pool_destroy_begin(f.m, p, false), 0);
	keeps = -EROFS;
	CU_ASSERT_EQUAL(mem_pool_destroy_end(f.m, p), -EIO);
	keeps = 0;
	CU_ASSERT_EQUAL(mem_pool_destroy_end(f.m, p), -ENOENT);
	q = fixture_pool(&f, "p", 2 * MIB, 0, 0);
	CU_ASSERT_NOT_EQUAL(q, p);
	keeps = -EROFS;
	keeps_adopt(&f);
	keeps = 0;
	CU_ASSERT_EQUAL(mem_pool_destroy_begin(f.m, q, false), 0);
	CU_ASSERT_EQUAL(mem_pool_destroy_end(f.m, q), 0);
	q = fixture_pool(&f, "p", 2 * MIB, 0, 0);
	CU_ASSERT_NOT_EQUAL(q, p);
	keeps_adopt(&f);
	CU_ASSERT_EQUAL(mem_provider_heap_count(f.prov), 3);
	CU_ASSERT_EQUAL(fixture_pool(&f, "again", 2 * MIB, 0, 0), p);
	fixture_down(&f);
}

/* A pool that is going away takes no more extents: control may be freeing what is known of it. */
static void
extent_of_leaving_pool(void)
{
	struct mem_extent x;
	struct fixture f;
	uint16_t p;

	fixture_up(&f);
	p = fixture_pool(&f, "p", 2 * MIB, 8 * MIB, 0);
	CU_ASSERT_EQUAL(mem_extent_prepare(f.m, p, 2 * MIB, &x), 0);
	CU_ASSERT_EQUAL(mem_pool_destroy_begin(f.m, p, false), 0);
	CU_ASSERT_EQUAL(mem_extent_attach(f.m, &x), -ENOENT);
	CU_ASSERT_EQUAL(mem_extent_release(f.m, &x), 0);
	CU_ASSERT_EQUAL(mem_pool_destroy_end(f.m, p), 0);
	CU_ASSERT_EQUAL(mem_extent_attach(f.m, &x), -ENOENT);
	fixture_down(&f);
}

static void
all_extents(void)
{
	struct mem_extent x;
	struct fixture f;
	uint64_t addr;
	uint16_t p;
	int i;

	fixture_up(&f);
	p = fixture_pool(&f, "p", 0, 1024 * MIB, 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 1, 0, 1, NULL, &addr), -ENOMEM);
	for (i = 0; i < MEM_EXTENTS; i++) {
		CU_ASSERT_EQUAL(mem_extent_prepare(f.m, p, 1, &x), 0);
		CU_ASSERT_EQUAL(mem_extent_attach(f.m, &x), 0);
	}
	CU_ASSERT_EQUAL(mem_extent_prepare(f.m, p, 1, &x), -ENOSPC);
	for (i = 0; i < MEM_EXTENTS; i++)
		CU_ASSERT_EQUAL(mem_alloc(f.m, p, 2 * MIB, 0, 1, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 1, 0, 1, NULL, &addr), -ENOMEM);
	CU_ASSERT_EQUAL(mem_pool_destroy_begin(f.m, p, true), 0);
	CU_ASSERT_EQUAL(mem_pool_destroy_end(f.m, p), 0);
	fixture_down(&f);
}

static void
sets(void)
{
	uint64_t bits[2] = {1 << 3 | 1 << 9, 1}, all[2] = {~UINT64_C(0), (1ull << 36) - 1};
	uint64_t out[3], bad[3] = {2, 0, 1};
	struct fixture f;
	uint16_t id, same, one;
	int i;

	fixture_up(&f);
	CU_ASSERT_EQUAL(mem_set_intern(f.m, bits, 2, &id), 0);
	bits[0] |= 1; /* the memory node is in anyway */
	CU_ASSERT_EQUAL(mem_set_intern(f.m, bits, 2, &same), 0);
	CU_ASSERT_EQUAL(id, same);
	CU_ASSERT(mem_set_has(f.m, id, 3) && mem_set_has(f.m, id, 64) && mem_set_has(f.m, id, 0));
	CU_ASSERT(!mem_set_has(f.m, id, 4) && !mem_set_has(f.m, id, 1000));
	CU_ASSERT(!mem_set_has(f.m, MEM_SET_FREE, 0) && !mem_set_has(f.m, 9999, 0));
	CU_ASSERT_EQUAL(mem_set_bitmap(f.m, id, out, 3), 0);
	CU_ASSERT(out[0] == bits[0] && out[1] == 1 && out[2] == 0);
	CU_ASSERT_EQUAL(mem_set_bitmap(f.m, 9999, out, 3), -EINVAL);
	CU_ASSERT_EQUAL(mem_set_intern(f.m, bad, 3, &same), -EINVAL);
	bad[0] = 1;
	CU_ASSERT_EQUAL(mem_set_intern(f.m, bad, 1, &same), -EINVAL);
	all[1] = 1ull << 36;
	CU_ASSERT_EQUAL(mem_set_intern(f.m, all, 2, &same), -EINVAL);
	all[1]--;
	CU_ASSERT_EQUAL(mem_set_intern(f.m, all, 2, &same), 0);
	CU_ASSERT_EQUAL(same, MEM_SET_EVERYONE);
	CU_ASSERT_EQUAL(mem_set_of_node(f.m, 9, &one), 0);
	bits[0] = 1 << 9;
	CU_ASSERT_EQUAL(mem_set_intern(f.m, bits, 1, &same), 0);
	CU_ASSERT_EQUAL(same, one);
	CU_ASSERT(mem_set_has(f.m, one, 9) && !mem_set_has(f.m, one, 8));
	CU_ASSERT_EQUAL(mem_set_of_node(f.m, 0, &one), -EINVAL);
	CU_ASSERT_EQUAL(mem_set_of_node(f.m, 100, &one), -EINVAL);
	CU_ASSERT_EQUAL(mem_set_hold(f.m, id), 0);
	CU_ASSERT_EQUAL(mem_set_hold(f.m, 9999), -EINVAL);
	for (i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(mem_set_release(f.m, id), 0);
	CU_ASSERT_EQUAL(mem_set_release(f.m, id), -EINVAL);
	CU_ASSERT_EQUAL(mem_set_release(f.m, MEM_SET_EVERYONE), 0);
	fixture_down(&f);
}

/* Ids are reused only when neither a holder nor the map needs them. */
static void
set_reclaim(void)
{
	struct fixture f;
	uint64_t bits, a;
	uint16_t p, id[64], more, i;

	fixture_up(&f);
	p = fixture_pool(&f, "p", 4 * MIB, 0, 0);
	for (i = 0; i < 64; i++) {
		bits = 6 | (uint64_t)i << 10;
		CU_ASSERT_EQUAL(mem_set_intern(f.m, &bits, 1, &id[i]), 0);
	}
	bits = 14;
	CU_ASSERT_EQUAL(mem_set_intern(f.m, &bits, 1, &more), -ENOSPC);
	CU_ASSERT_EQUAL(mem_set_reclaim_begin(f.m), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 3 * MIB, 0, id[0], NULL, &a), 0);
	CU_ASSERT_EQUAL(mem_own_set(f.m, a + 64, 128, id[1]), 0);
	for (i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(mem_set_release(f.m, id[i]), 0);
	CU_ASSERT_EQUAL(mem_set_reclaim_begin(f.m), 1);
	CU_ASSERT_EQUAL(mem_set_intern(f.m, &bits, 1, &more), -ENOSPC); /* not before the end */
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 0, id[2], NULL, &a), -EINVAL);
	CU_ASSERT_EQUAL(mem_set_reclaim_end(f.m), 1);
	CU_ASSERT_EQUAL(mem_set_intern(f.m, &bits, 1, &more), 0);
	CU_ASSERT_EQUAL(more, id[2]);
	CU_ASSERT_EQUAL(mem_set_reclaim_begin(f.m), 0);
	CU_ASSERT_EQUAL(mem_free(f.m, a, 1), 0);
	CU_ASSERT_EQUAL(mem_set_reclaim_begin(f.m), 2);
	CU_ASSERT_EQUAL(mem_set_reclaim_end(f.m), 2);
	fixture_down(&f);
}

/* Large memory comes back only after it was zeroed, slice by slice. */
static void
zeroing(void)
{
	struct mem_pool_stat st;
	struct fixture f;
	uint64_t a, b;
	uint16_t p;
	int err, i;

	fixture_up(&f);
	p = fixture_pool(&f, "p", 4 * MIB, 0, 0);
	CU_ASSERT_EQUAL(mem_zero_step(f.m, p, MIB), 0);
	CU_ASSERT_EQUAL(mem_zero_step(f.m, 0, MIB), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 4 * MIB, 0, 1, NULL, &a), 0);
	memset(mem_access(f.m, a, 4 * MIB, 0, &err), 1, 4 * MIB);
	CU_ASSERT_EQUAL(mem_free(f.m, a, 0), 0);
	mem_pool_stat(f.m, p, &st);
	CU_ASSERT(st.zeroing == 4 * MIB && st.used == 4 * MIB && st.nb_allocs == 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 4 * MIB, 0, 1, NULL, &b), -EAGAIN);
	CU_ASSERT_EQUAL(mem_zero_step(f.m, p, 1), 4096);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 0, 1, NULL, &b), 0);
	CU_ASSERT_EQUAL(mem_free(f.m, b, 0), 0);
	CU_ASSERT_EQUAL(mem_zero_step(f.m, p, 1), 4096);
	/* A refusal costs a look, and changes nothing. */
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 4 * MIB, 0, 1, NULL, &a), -EAGAIN);
	mem_pool_stat(f.m, p, &st);
	CU_ASSERT_EQUAL(st.zeroing, 4 * MIB - 2 * 4096);
	for (i = 0; mem_alloc(f.m, p, 4 * MIB, 0, 1, NULL, &a) == -EAGAIN; i++) {
		CU_ASSERT_FATAL(i < 32);
		CU_ASSERT(mem_zero_step(f.m, p, 256 * 1024) > 0);
	}
	mem_pool_stat(f.m, p, &st);
	CU_ASSERT(st.zeroing == 0 && st.nb_allocs == 1);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 64, 0, 1, NULL, &b), -ENOMEM);
	CU_ASSERT_EQUAL(mem_free(f.m, a, 0), 0);
	fixture_down(&f);
}

/* What was freed behind an allocation is its to grow into, once it is clear. */
static void
resize_waits(void)
{
	struct mem_freed tail;
	struct fixture f;
	uint64_t a, b;
	uint16_t p;
	int i;

	fixture_up(&f);
	p = fixture_pool(&f, "p", 4 * MIB, 0, 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 3 * MIB, 0, 1, NULL, &a), 0);
	CU_ASSERT_EQUAL(mem_resize(f.m, a, 64, 0, &tail), 0);
	CU_ASSERT_EQUAL(mem_resize(f.m, a, 3 * MIB, 0, NULL), -ENOMEM); /* not before the end */
	CU_ASSERT_EQUAL(mem_free_end(f.m, &tail), 0);
	CU_ASSERT_EQUAL(mem_resize(f.m, a, 4 * MIB, 0, NULL), -EAGAIN);
	/* Behind a hole, too. */
	CU_ASSERT(mem_zero_step(f.m, p, 1) > 0);
	CU_ASSERT_EQUAL(mem_resize(f.m, a, 128, 0, NULL), 0);
	for (i = 0; mem_resize(f.m, a, 3 * MIB, 0, NULL) == -EAGAIN; i++) {
		CU_ASSERT_FATAL(i < 32);
		CU_ASSERT(mem_zero_step(f.m, p, 256 * 1024) > 0);
	}
	CU_ASSERT_EQUAL(try_access(f.m, a, 3 * MIB, 5), 0);
	/* What others have does not come, whatever waits elsewhere. */
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, MIB, 0, 1, NULL, &b), 0);
	CU_ASSERT_EQUAL(mem_resize(f.m, b, 64, 0, NULL), 0);
	CU_ASSERT_EQUAL(mem_resize(f.m, a, 4 * MIB, 0, NULL), -ENOMEM);
	CU_ASSERT_EQUAL(mem_resize(f.m, b, MIB + 64, 0, NULL), -ENOMEM);
	CU_ASSERT_EQUAL(mem_resize(f.m, b, MIB, 0, NULL), -EAGAIN);
	while (mem_zero_step(f.m, p, MIB) != 0)
		continue;
	CU_ASSERT_EQUAL(mem_resize(f.m, b, MIB, 0, NULL), 0);
	fixture_down(&f);
}

/* Readers beside a home worker that gives memory to and fro between sets with a common node. */

struct readers {
	struct mem *m;
	uint64_t addr;
	bool stop;
	unsigned int wrong;
	unsigned int checks;
};

static void *
reader(void *arg)
{
	struct readers *r = arg;
	unsigned int seed = 1;
	uint32_t off, len;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		off = (uint32_t)rand_r(&seed) % (6 * 1024 * 1024);
		len = 1 + (uint32_t)rand_r(&seed) % (seed % 2 ? 128 : 6 * 1024 * 1024 - off);
		if (off + len > 6 * MIB)
			len = 1;
		r->wrong += try_access(r->m, r->addr + off, len, 3) != 0;
		r->wrong += try_access(r->m, r->addr + off, len, 9) != -EPERM;
		r->checks++;
	}
	return NULL;
}

static void *
peeker(void *arg)
{
	struct readers *r = arg;
	struct mem_pool_stat st;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		r->wrong += mem_pool_peek(r->m, mem_addr_pool(r->addr), &st) != 0;
		r->wrong += st.size != 8 * MIB || st.nb_extents != 1 || st.nb_names > 1;
		r->wrong += st.used > st.size || st.zeroing > st.size || st.nb_allocs > 64;
		/* 6 MiB are taken all the time, and always something is free. */
		r->wrong += st.largest_free == 0 || st.largest_free > 2 * MIB;
		r->checks++;
	}
	return NULL;
}

/* Figures that any thread may look at while home works. */
static void
figures_beside_home(void)
{
	struct readers r = {0};
	struct fixture f;
	uint64_t addr[32] = {0};
	pthread_t thread;
	uint16_t p;
	int i, k;

	fixture_up(&f);
	p = fixture_pool(&f, "p", 8 * MIB, 0, 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 6 * MIB, 0, 1, NULL, &r.addr), 0);
	r.m = f.m;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, peeker, &r), 0);
	srandom(1);
	for (i = 0; i < 200000; i++) {
		k = (int)(random() % 32);
		if (addr[k] != 0)
			CU_ASSERT_EQUAL(mem_free(f.m, addr[k], 0), 0);
		addr[k] = 0;
		if (random() % 2)
			CU_ASSERT_EQUAL(mem_alloc(f.m, p, 1 + random() % 60000, 0, 1,
						k == 0 ? "k" : NULL, &addr[k]),
				0);
	}
	__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(r.wrong, 0);
	CU_ASSERT(r.checks > 0);
	fixture_down(&f);
}

static void
readers_beside_home(void)
{
	uint64_t bits[3] = {1 << 3 | 1 << 4, 1 << 3 | 1 << 5, 1 << 3}, off, len;
	struct readers r = {0};
	struct fixture f;
	uint16_t p, set[3];
	pthread_t thread;
	int i;

	fixture_up(&f);
	p = fixture_pool(&f, "p", 8 * MIB, 0, 0);
	for (i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(mem_set_intern(f.m, &bits[i], 1, &set[i]), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 6 * MIB, 0, set[0], NULL, &r.addr), 0);
	r.m = f.m;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, reader, &r), 0);
	srandom(1);
	for (i = 0; i < 20000; i++) {
		off = random() % 3 ? (uint64_t)random() % (3 * MIB) & ~UINT64_C(63) : 0;
		len = random() % 3 ? (uint64_t)random() % (3 * MIB) & ~UINT64_C(63) : 6 * MIB - off;
		mem_own_set(f.m, r.addr + off, len, set[random() % 3]);
	}
	__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(r.wrong, 0);
	CU_ASSERT(r.checks > 0);
	fixture_down(&f);
}

/* Zones that begin with a page. */
static struct mem_provider heap;

static int
paged_reserve(void *ctx, const char *name, size_t len, size_t align, void **va)
{
	return heap.reserve(ctx, name, len, RTE_MAX(align, (size_t)getpagesize()), va);
}

/* In a child, which dies of it if control writes what is home's: the first page has figures. */
static void
prepare_beside(struct mem *m, uint16_t pool, void *hdr)
{
	struct mem_extent x;
	int ret;

	if (mprotect(hdr, (size_t)getpagesize(), PROT_READ) != 0)
		_exit(1);
	ret = mem_extent_prepare(m, pool, 2 * MIB, &x);
	_exit(ret == 0 && mem_extent_release(m, &x) == 0 ? 0 : 2);
}

/* Control makes extents while home allocates: figures are home's alone. */
static void
extents_beside_home(void)
{
	struct fixture f;
	uint16_t pool;
	int status = -1, err;
	size_t len;
	void *hdr;
	pid_t pid;

	fixture_up(&f);
	mem_destroy(f.m);
	heap = f.conf.provider;
	f.conf.provider.reserve = paged_reserve;
	f.m = mem_create(&f.conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f.m);
	pool = fixture_pool(&f, "p", 2 * MIB, 4 * MIB, 0);
	CU_ASSERT_EQUAL_FATAL(f.prov->lookup(f.prov->ctx, "shmx_p1", &hdr, &len), 0);
	CU_ASSERT_EQUAL((uintptr_t)hdr % (uintptr_t)getpagesize(), 0);
	CU_ASSERT(offsetof(struct mem_pool_hdr, used) < (size_t)getpagesize());
	CU_ASSERT(offsetof(struct mem_pool_hdr, extents) >= (size_t)getpagesize());
	fflush(stdout);
	pid = fork();
	CU_ASSERT_FATAL(pid >= 0);
	if (pid == 0)
		prepare_beside(f.m, pool, hdr);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	fixture_down(&f);
}

/* The map needs at most 3.2 % of the pool, all bookkeeping together less than 5 %. */
static void
space(void)
{
	struct mem_extent_hdr h;
	uint64_t size, off, map, total;
	uint32_t log;

	for (log = 6; log <= 15; log++) {
		for (size = 2 * MIB; size <= 65536 * MIB; size *= 2) {
			total = mem_ext_layout(&h, size, log, false, &off) - size;
			map = h.free_off - h.granule_off;
			CU_ASSERT(map * 1000 <= size * 32);
			CU_ASSERT(total * 100 <= size * 5);
			/* With a quota, as much again as the map. */
			total = mem_ext_layout(&h, size, log, true, &off) - size;
			CU_ASSERT(total * 1000 <= size * (50 + 32));
		}
	}
}

/* 32 KiB granules: a word of the allocator is a page, sizes round up to the granule. */
static void
large_granules(void)
{
	struct mem_pool_params q = {.name = "g", .size = 8 * MIB, .granule = 32768};
	struct mem_alloc_info info;
	struct fixture f;
	uint64_t a, b;
	uint16_t p;

	fixture_up(&f);
	CU_ASSERT_EQUAL(mem_pool_create(f.m, &q, 0, &p), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 1, 0, 3, NULL, &a), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 32769, 0, 4, NULL, &b), 0);
	CU_ASSERT_EQUAL(mem_alloc_info(f.m, b, &info), 0);
	CU_ASSERT(b == a + 32768 && info.len == 65536);
	CU_ASSERT_EQUAL(try_access(f.m, a, 32768, 1), 0);
	CU_ASSERT_EQUAL(try_access(f.m, a, 32769, 1), -EPERM);
	CU_ASSERT_EQUAL(mem_own_set(f.m, b, 64, 1), -EINVAL);
	CU_ASSERT_EQUAL(mem_free(f.m, a, 1), 0);
	CU_ASSERT_EQUAL(mem_free(f.m, b, 2), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 8 * MIB, 0, 4, NULL, &b), 0);
	CU_ASSERT_EQUAL(mem_free(f.m, b, 2), 0);
	while (mem_zero_step(f.m, p, 3 * MIB) != 0)
		;
	CU_ASSERT_EQUAL(mem_alloc(f.m, p, 8 * MIB, 0, 4, NULL, &b), 0);
	fixture_down(&f);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {
		{"create_errors", create_errors},
		{"pool_errors", pool_errors},
		{"pool_without_memory", pool_without_memory},
		{"pool_of_many_granules", pool_of_many_granules},
		{"pool_directory", pool_directory},
		{"pool_ids_by_node", pool_ids_by_node},
		{"pool_ids", pool_ids},
		{"pool_destroy", pool_destroy},
		{"alloc_errors", alloc_errors},
		{"free_errors", free_errors},
		{"access_errors", access_errors},
		{"own_errors", own_errors},
		{"resize", resize},
		{"names", names},
		{"extents", extents},
		{"extent_not_released", extent_not_released},
		{"pool_not_released", pool_not_released},
		{"extent_of_leaving_pool", extent_of_leaving_pool},
		{"all_extents", all_extents},
		{"sets", sets},
		{"set_reclaim", set_reclaim},
		{"zeroing", zeroing},
		{"resize waits", resize_waits},
		{"readers_beside_home", readers_beside_home},
		{"figures_beside_home", figures_beside_home},
		{"extents_beside_home", extents_beside_home},
		{"space", space},
		{"large_granules", large_granules},
		{NULL, NULL},
	};

	return run_suite("mem", tests);
}
