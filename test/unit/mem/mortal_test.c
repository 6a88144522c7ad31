/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Allocations that end with their owners, against a list of them. */

#include "fixture.h"

#define MAX_LIVE 512
#define ROUNDS   40000

struct model {
	struct fixture f;
	uint16_t pool, set;
	uint64_t rnd;
	struct {
		uint64_t addr;
		bool mortal;
	} live[MAX_LIVE];
	uint32_t nb_live;
};

static struct model t;

static uint32_t
below(uint32_t n)
{
	t.rnd = t.rnd * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(t.rnd >> 33) % n;
}

static int
alloc(uint64_t len, uint64_t align, uint16_t set, bool mortal, uint64_t *addr)
{
	const struct mem_alloc_req req = {
		.len = len, .align = align, .pool = t.pool, .set = set, .mortal = mortal};

	return mem_alloc_for(t.f.m, &req, addr);
}

static void
add_one(void)
{
	bool mortal = below(3) == 0;
	uint64_t len = 1 + (below(20) == 0 ? below(3 << 20) : below(5000)), addr = 0;
	int ret = alloc(len, below(2) ? 0 : MEM_ALIGN_NATURAL, t.set, mortal, &addr);

	if (ret != 0) {
		CU_ASSERT(ret == -ENOMEM || ret == -EAGAIN);
		mem_zero_step(t.f.m, t.pool, UINT64_MAX);
		return;
	}
	t.live[t.nb_live].addr = addr;
	t.live[t.nb_live++].mortal = mortal;
}

static void
free_one(uint32_t i)
{
	CU_ASSERT_EQUAL(mem_free(t.f.m, t.live[i].addr, 0), 0);
	t.live[i] = t.live[--t.nb_live];
}

static int
index_of(uint64_t addr)
{
	for (uint32_t i = 0; i < t.nb_live; i++)
		if (t.live[i].addr == addr)
			return (int)i;
	return -1;
}

/* The walk finds all that are marked, once each and in order, and no others. */
static void
check(const struct mem *m)
{
	uint64_t at = mem_addr(t.pool, 0), last = 0;
	struct mem_alloc_info info;
	uint32_t found = 0, marked = 0;
	int ret, i;

	while ((ret = mem_mortal_next(m, at, &info)) == 0 || ret == -EAGAIN) {
		at = info.addr;
		if (ret != 0)
			continue;
		i = index_of(info.addr);
		CU_ASSERT_FATAL(i >= 0);
		CU_ASSERT(t.live[i].mortal && info.mortal && info.addr > last);
		last = info.addr;
		at += info.len;
		found++;
	}
	CU_ASSERT_EQUAL(ret, -ENOENT);
	for (uint32_t k = 0; k < t.nb_live; k++) {
		CU_ASSERT_EQUAL(mem_alloc_info(m, t.live[k].addr, &info), 0);
		CU_ASSERT_EQUAL(info.mortal, t.live[k].mortal);
		marked += t.live[k].mortal;
	}
	CU_ASSERT_EQUAL(found, marked);
}

static void
start(uint64_t seed)
{
	memset(&t, 0, sizeof(t));
	t.rnd = seed;
	fixture_up(&t.f);
	t.pool = fixture_pool(&t.f, "mortal", 16 * MIB, 0, 4 * MIB);
	CU_ASSERT_EQUAL(mem_set_of_node(t.f.m, 5, &t.set), 0);
}

static void
one_step(void)
{
	uint32_t what = below(10);

	if (t.nb_live == 0 || (what < 5 && t.nb_live < MAX_LIVE))
		add_one();
	else if (what < 9)
		free_one(below(t.nb_live));
	else
		/* Cut or lengthened, as far as there is room. */
		mem_resize(t.f.m, t.live[below(t.nb_live)].addr, 1 + below(8000), 0, NULL);
}

static void
random_steps(void)
{
	start(20261126);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		one_step();
		if (i % 100 == 0)
			check(t.f.m);
	}
	check(t.f.m);
	while (t.nb_live > 0)
		free_one(0);
	check(t.f.m);
	fixture_down(&t.f);
}

/* The next process knows them, too. */
static void
adopted(void)
{
	struct mem_provider *copy;
	struct mem_conf conf;
	struct mem *m;
	int err = 0;

	start(7);
	for (uint32_t i = 0; i < ROUNDS / 10; i++)
		one_step();
	copy = mem_provider_heap_clone(t.f.prov);
	conf = t.f.conf;
	conf.provider = *copy;
	m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	check(m);
	mem_destroy(m);
	mem_provider_heap_destroy(copy);
	fixture_down(&t.f);
}

static void
half_done(void)
{
	struct mem_provider *copy;
	struct mem_alloc_info info;
	struct mem_freed freed;
	struct mem_conf conf;
	struct mem *m;
	uint64_t addr;
	int err = 0;

	start(1);
	CU_ASSERT_EQUAL(alloc(3 * MIB, 0, t.set, true, &addr), 0);
	CU_ASSERT_EQUAL(mem_free_begin(t.f.m, addr, 0, &freed), 0);
	check(t.f.m);
	copy = mem_provider_heap_clone(t.f.prov);
	conf = t.f.conf;
	conf.provider = *copy;
	m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	check(m);
	mem_zero_step(m, t.pool, UINT64_MAX);
	/* Whoever gets the place is not marked for it. */
	CU_ASSERT_EQUAL(mem_alloc(m, t.pool, 3 * MIB, 0, t.set, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_alloc_info(m, addr, &info), 0);
	CU_ASSERT_FALSE(info.mortal);
	mem_destroy(m);
	mem_provider_heap_destroy(copy);
	fixture_down(&t.f);
}

static void
errors(void)
{
	uint64_t nodes[2] = {UINT64_MAX, (UINT64_C(1) << 36) - 1}, addr;
	struct mem_alloc_info info;
	uint16_t set = 0;

	start(1);
	CU_ASSERT_EQUAL(alloc(64, 0, MEM_SET_EVERYONE, true, &addr), -EINVAL);
	CU_ASSERT_EQUAL(mem_set_intern(t.f.m, nodes, 2, &set), 0);
	CU_ASSERT_EQUAL(alloc(64, 0, set, true, &addr), -EINVAL);
	CU_ASSERT_EQUAL(mem_mortal_next(t.f.m, mem_addr(99, 0), &info), -ENOENT);
	CU_ASSERT_EQUAL(mem_mortal_next(t.f.m, mem_addr(t.pool, MEM_OFF_MASK), &info), -ENOENT);
	fixture_down(&t.f);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {
		{"random_steps", random_steps},
		{"adopted", adopted},
		{"half_done", half_done},
		{"errors", errors},
		{NULL, NULL},
	};

	return run_suite("mem mortal", tests);
}
