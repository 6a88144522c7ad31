/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* What one node may hold of a pool. Sequences at random are in random_test.c, deaths in
 * adopt_test.c.
 */

#include "fixture.h"
#include "mem/mem_layout.h"

#define QUOTA MIB

static struct fixture f;
static uint16_t pool;

static void
start(uint64_t quota, uint32_t granule)
{
	const struct mem_pool_params q = {.name = "p",
		.size = 8 * MIB,
		.max_size = 16 * MIB,
		.granule = granule,
		.quota = quota};

	fixture_up(&f);
	CU_ASSERT_EQUAL_FATAL(mem_pool_create(f.m, &q, 0, &pool), 0);
}

static int
alloc(uint16_t node, uint64_t len, const char *name, uint64_t *addr)
{
	const struct mem_alloc_req req = {
		.len = len, .name = name, .pool = pool, .set = MEM_SET_EVERYONE, .node = node};

	return mem_alloc_for(f.m, &req, addr);
}

static uint64_t
held(uint16_t node)
{
	return mem_pool_held(f.m, pool, node);
}

/* To the last byte, and no further; each node for itself, and the memory node as it likes. */
static void
refused_above(void)
{
	struct mem_pool_stat st;
	uint64_t addr, first;

	start(QUOTA, 64);
	CU_ASSERT_EQUAL(alloc(1, QUOTA - 128, NULL, &first), 0);
	CU_ASSERT_EQUAL(alloc(1, 129, "n", &addr), -EDQUOT);
	CU_ASSERT_EQUAL(mem_alloc_lookup(f.m, pool, "n", &addr, &addr), -ENOENT);
	CU_ASSERT_EQUAL(alloc(1, 65, "n", &addr), 0);
	CU_ASSERT_EQUAL(held(1), QUOTA);
	CU_ASSERT_EQUAL(alloc(1, 1, NULL, &addr), -EDQUOT);
	CU_ASSERT_EQUAL(alloc(1, UINT64_C(1) << 45, NULL, &addr), -EDQUOT);
	CU_ASSERT_EQUAL(alloc(1, UINT64_MAX, NULL, &addr), -EDQUOT);
	/* What is wrong in itself is told first. */
	CU_ASSERT_EQUAL(alloc(1, 1, "n", &addr), -EEXIST);
	CU_ASSERT_EQUAL(alloc(1, 0, NULL, &addr), -EINVAL);
	CU_ASSERT_EQUAL(alloc(2, QUOTA, NULL, &addr), 0);
	CU_ASSERT_EQUAL(alloc(0, 5 * MIB, NULL, &addr), 0);
	CU_ASSERT_EQUAL(held(0), 5 * MIB);
	/* No room is another thing. */
	CU_ASSERT_EQUAL(alloc(3, MIB, NULL, &addr), 0);
	CU_ASSERT_EQUAL(alloc(4, MIB, NULL, &addr), -ENOMEM);
	CU_ASSERT_EQUAL(held(4), 0);
	CU_ASSERT_EQUAL(mem_free(f.m, first, 0), 0);
	CU_ASSERT_EQUAL(held(1), 128);
	CU_ASSERT_EQUAL(mem_pool_stat(f.m, pool, &st), 0);
	CU_ASSERT_EQUAL(st.quota, QUOTA);
	fixture_down(&f);
}

/* Charged to who made it, whoever has it, grows it or frees it. */
static void
whoever_owns(void)
{
	struct mem_freed freed = {0}, tail = {0};
	struct mem_alloc_info info;
	uint16_t two;
	uint64_t addr;

	start(QUOTA, 64);
	CU_ASSERT_EQUAL(mem_set_of_node(f.m, 2, &two), 0);
	CU_ASSERT_EQUAL(alloc(1, QUOTA / 2, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_own_set(f.m, addr, QUOTA / 2, two), 0);
	CU_ASSERT(held(1) == QUOTA / 2 && held(2) == 0);
	CU_ASSERT_EQUAL(mem_resize(f.m, addr, QUOTA + 1, 2, NULL), -EDQUOT);
	CU_ASSERT_EQUAL(mem_resize(f.m, addr, UINT64_MAX, 2, NULL), -EDQUOT);
	CU_ASSERT_EQUAL(mem_alloc_info(f.m, addr, &info), 0);
	CU_ASSERT(info.len == QUOTA / 2 && info.node == 1);
	CU_ASSERT_EQUAL(mem_resize(f.m, addr, QUOTA, 2, NULL), 0);
	CU_ASSERT(held(1) == QUOTA && held(2) == 0);
	/* What is cut off, or freed, counts no more, though it has not come back yet. */
	CU_ASSERT_EQUAL(mem_resize(f.m, addr, 100, 2, &tail), 0);
	CU_ASSERT_EQUAL(held(1), 128);
	CU_ASSERT_EQUAL(mem_free_end(f.m, &tail), 0);
	CU_ASSERT_EQUAL(mem_free_begin(f.m, addr, 2, &freed), 0);
	CU_ASSERT_EQUAL(held(1), 0);
	CU_ASSERT_EQUAL(mem_free_end(f.m, &freed), 0);
	while (mem_zero_step(f.m, pool, MIB) != 0)
		;
	CU_ASSERT(held(1) == 0 && held(2) == 0);
	fixture_down(&f);
}

static void
rounded(void)
{
	struct mem_pool_params q = {.name = "q", .size = 2 * MIB};
	struct mem_pool_stat st;
	uint64_t addr;
	uint16_t id;

	start(5000, 4096);
	CU_ASSERT_EQUAL(mem_pool_peek(f.m, pool, &st), 0);
	CU_ASSERT_EQUAL(st.quota, 8192);
	CU_ASSERT_EQUAL(alloc(1, 4097, NULL, &addr), 0);
	CU_ASSERT_EQUAL(held(1), 8192);
	CU_ASSERT_EQUAL(alloc(100, 64, NULL, &addr), -EINVAL); /* no node */
	CU_ASSERT_EQUAL(held(MEM_NODES_MAX), 0);
	q.quota = (UINT64_C(1) << 46) - 1;
	CU_ASSERT_EQUAL(mem_pool_create(f.m, &q, 0, &id), -EINVAL);
	q.quota = UINT64_MAX;
	CU_ASSERT_EQUAL(mem_pool_create(f.m, &q, 0, &id), -EINVAL);
	fixture_down(&f);
	/* Without a quota, nothing is known of who holds what. */
	start(0, 64);
	CU_ASSERT_EQUAL(alloc(1, 8 * MIB, NULL, &addr), 0);
	CU_ASSERT(held(1) == 0 && mem_pool_held(f.m, 7, 1) == 0);
	fixture_down(&f);
}

/* Sums are made anew, in extents that came later, too; one who only looks sees them. */
static void
adopted(void)
{
	struct mem_provider *copy;
	struct mem_extent x;
	struct mem_conf conf;
	struct mem *m;
	uint64_t addr, big;
	int err = -1;

	start(6 * MIB, 64);
	CU_ASSERT_EQUAL(alloc(1, 5 * MIB, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_extent_prepare(f.m, pool, 4 * MIB, &x), 0);
	CU_ASSERT_EQUAL(mem_extent_attach(f.m, &x), 0);
	CU_ASSERT_EQUAL(alloc(2, 4 * MIB, NULL, &big), 0);
	CU_ASSERT_EQUAL(alloc(3, MIB, NULL, &addr), 0);
	CU_ASSERT_EQUAL(alloc(3, MIB, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_free(f.m, addr, 0), 0);
	copy = mem_provider_heap_clone(f.prov);
	conf = (struct mem_conf){.provider = *copy};
	m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT(mem_pool_held(m, pool, 1) == 5 * MIB && mem_pool_held(m, pool, 3) == MIB);
	CU_ASSERT_EQUAL(mem_pool_held(m, pool, 2), 4 * MIB);
	CU_ASSERT_EQUAL(mem_free(m, big, 0), 0);
	CU_ASSERT_EQUAL(mem_pool_held(m, pool, 2), 0);
	CU_ASSERT_EQUAL(held(2), 4 * MIB);
	mem_destroy(m);
	mem_provider_heap_destroy(copy);
	m = mem_attach(&f.conf, MEM_ATTACH_VIEW, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(mem_pool_held(m, pool, 2), 4 * MIB);
	mem_destroy(m);
	fixture_down(&f);
}

/* A charge to no node, beside an allocation, is damage; beside anything else it is left over. */
static void
damaged(void)
{
	struct mem_extent_hdr h;
	struct mem_provider *copy;
	struct mem_conf conf;
	struct mem *m;
	uint64_t addr;
	size_t len;
	void *va;
	int err = 0;

	start(QUOTA, 64);
	CU_ASSERT_EQUAL(alloc(1, 640, NULL, &addr), 0);
	for (uint32_t g = 0; g < 20; g++) {
		copy = mem_provider_heap_clone(f.prov);
		conf = (struct mem_conf){.provider = *copy};
		CU_ASSERT_EQUAL_FATAL(copy->lookup(copy->ctx, "shmx_p1_x0", &va, &len), 0);
		memcpy(&h, (const uint8_t *)va + 8 * MIB, sizeof(h));
		((uint16_t *)(void *)((uint8_t *)va + h.charge_off))[g] = g % 2 ? 100 : 0xffff;
		m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
		CU_ASSERT_EQUAL(m == NULL, g == 0);
		CU_ASSERT(m == NULL ? err == -EBADMSG : mem_pool_held(m, pool, 1) == 640);
		mem_detach(m);
		mem_provider_heap_destroy(copy);
	}
	fixture_down(&f);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {
		{"refused_above", refused_above},
		{"whoever_owns", whoever_owns},
		{"rounded", rounded},
		{"adopted", adopted},
		{"damaged", damaged},
		{NULL, NULL},
	};

	return run_suite("mem quota", tests);
}
