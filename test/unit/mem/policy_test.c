/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* What pools want to do by themselves. */

#include <inttypes.h>

#include "fixture.h"

#define MAX_LIVE 256
#define ROUNDS   20000

static uint64_t rnd;

static uint32_t
below(uint32_t n)
{
	rnd = rnd * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(rnd >> 33) % n;
}

/* 4 to 24 MiB; by 4 with less than 2 free, back with more than 6. */
static struct mem_pool_params
params(void)
{
	return (struct mem_pool_params){.name = "p",
		.size = 4 * MIB,
		.max_size = 24 * MIB,
		.grow_below = 2 * MIB,
		.grow_by = 4 * MIB,
		.shrink_above = 6 * MIB};
}

static uint16_t
pool_of(struct fixture *f, const struct mem_pool_params *q)
{
	uint16_t id = 0;

	CU_ASSERT_EQUAL_FATAL(mem_pool_create(f->m, q, 0, &id), 0);
	return id;
}

static uint64_t
size_of(const struct mem *m, uint16_t pool)
{
	struct mem_pool_stat st = {0};

	CU_ASSERT_EQUAL(mem_pool_stat(m, pool, &st), 0);
	return st.size;
}

static uint64_t
alloc(struct fixture *f, uint16_t pool, uint64_t len)
{
	uint64_t addr = 0;

	CU_ASSERT_EQUAL_FATAL(mem_alloc(f->m, pool, len, 0, MEM_SET_EVERYONE, NULL, &addr), 0);
	return addr;
}

/* Freed, and cleared at once. */
static void
release(struct fixture *f, uint16_t pool, uint64_t addr)
{
	CU_ASSERT_EQUAL(mem_free(f->m, addr, 0), 0);
	while (mem_zero_step(f->m, pool, UINT64_MAX) > 0)
		;
}

/* Does what is wanted once; what that was. */
static enum mem_want
obey(struct mem *m, uint16_t pool)
{
	struct mem_extent x;
	uint64_t len = 0;
	enum mem_want want = mem_pool_wants(m, pool, &len);

	if (want == MEM_WANT_GROW) {
		CU_ASSERT_EQUAL_FATAL(mem_extent_prepare(m, pool, len, &x), 0);
		CU_ASSERT_EQUAL_FATAL(mem_extent_attach(m, &x), 0);
	} else if (want == MEM_WANT_SHRINK) {
		if (mem_extent_detach(m, pool, len, &x) != 0)
			return MEM_WANT_NOTHING;
		CU_ASSERT((uint64_t)x.pages * MEM_PAGE_SIZE <= len);
		CU_ASSERT_EQUAL_FATAL(mem_extent_release(m, &x), 0);
	}
	return want;
}

static void
grows(void)
{
	struct mem_pool_params q = params();
	struct mem_extent x;
	struct fixture f;
	uint64_t len = 0;
	uint16_t pool;

	fixture_up(&f);
	q.grow_by = 3 * MIB; /* is 4 */
	pool = pool_of(&f, &q);
	CU_ASSERT_EQUAL(mem_pool_wants(f.m, pool, &len), MEM_WANT_NOTHING);
	alloc(&f, pool, 2 * MIB);
	CU_ASSERT_EQUAL(mem_pool_wants(f.m, pool, &len), MEM_WANT_NOTHING);
	alloc(&f, pool, 64);
	CU_ASSERT_EQUAL(mem_pool_wants(f.m, pool, &len), MEM_WANT_GROW);
	CU_ASSERT_EQUAL(len, 4 * MIB);
	/* Once: it is on its way. */
	CU_ASSERT_EQUAL(mem_extent_prepare(f.m, pool, len, &x), 0);
	CU_ASSERT(mem_extent_coming(f.m, pool));
	CU_ASSERT_EQUAL(mem_pool_wants(f.m, pool, &len), MEM_WANT_NOTHING);
	CU_ASSERT_EQUAL(mem_extent_attach(f.m, &x), 0);
	CU_ASSERT(!mem_extent_coming(f.m, pool));
	CU_ASSERT_EQUAL(mem_pool_wants(f.m, pool, &len), MEM_WANT_NOTHING);
	fixture_down(&f);
}

/* The last step is as long as there is room for; then no more. */
static void
up_to_the_limit(void)
{
	struct mem_pool_params q = params();
	struct fixture f;
	uint64_t len = 0;
	uint16_t pool;

	fixture_up(&f);
	q.max_size = 10 * MIB;
	pool = pool_of(&f, &q);
	alloc(&f, pool, 4 * MIB);
	CU_ASSERT_EQUAL(obey(f.m, pool), MEM_WANT_GROW);
	alloc(&f, pool, 4 * MIB);
	CU_ASSERT_EQUAL(mem_pool_growth(f.m, pool, 2 * MIB + 1), 0);
	CU_ASSERT_EQUAL(obey(f.m, pool), MEM_WANT_GROW);
	CU_ASSERT_EQUAL(size_of(f.m, pool), 10 * MIB);
	alloc(&f, pool, 64);
	CU_ASSERT_EQUAL(mem_pool_wants(f.m, pool, &len), MEM_WANT_NOTHING);
	CU_ASSERT_EQUAL(mem_pool_growth(f.m, pool, 64), 0);
	fixture_down(&f);
}

/* For one allocation: as much as it needs, or a step where that is more. */
static void
for_an_allocation(void)
{
	struct mem_pool_params q = params();
	struct fixture f;
	uint16_t pool;

	fixture_up(&f);
	pool = pool_of(&f, &q);
	CU_ASSERT_EQUAL(mem_pool_growth(f.m, pool, 64), 4 * MIB);
	CU_ASSERT_EQUAL(mem_pool_growth(f.m, pool, 7 * MIB), 8 * MIB);
	CU_ASSERT_EQUAL(mem_pool_growth(f.m, pool, 20 * MIB), 20 * MIB);
	CU_ASSERT_EQUAL(mem_pool_growth(f.m, pool, 20 * MIB + 1), 0);
	CU_ASSERT_EQUAL(mem_pool_growth(f.m, pool, UINT64_MAX), 0);
	CU_ASSERT_EQUAL(mem_pool_growth(f.m, 7, 64), 0);
	CU_ASSERT_EQUAL(mem_pool_growth(f.m, fixture_pool(&f, "q", 2 * MIB, 8 * MIB, 0), 64), 0);
	fixture_down(&f);
}

static void
shrinks(void)
{
	struct mem_pool_params q = params();
	struct fixture f;
	uint64_t len = 0, at[2];
	uint16_t pool;

	fixture_up(&f);
	pool = pool_of(&f, &q);
	at[0] = alloc(&f, pool, 4 * MIB);
	CU_ASSERT_EQUAL(obey(f.m, pool), MEM_WANT_GROW);
	at[1] = alloc(&f, pool, 4 * MIB);
	CU_ASSERT_EQUAL(obey(f.m, pool), MEM_WANT_GROW);
	release(&f, pool, at[1]);
	/* 8 MiB are free: more than 6, but without 4 of them it were less than after a growth. */
	CU_ASSERT_EQUAL(mem_pool_wants(f.m, pool, &len), MEM_WANT_SHRINK);
	CU_ASSERT_EQUAL(len, 2 * MIB);
	CU_ASSERT_EQUAL(obey(f.m, pool), MEM_WANT_NOTHING);
	release(&f, pool, at[0]);
	CU_ASSERT_EQUAL(obey(f.m, pool), MEM_WANT_SHRINK);
	CU_ASSERT_EQUAL(size_of(f.m, pool), 8 * MIB);
	/* 8 again */
	CU_ASSERT_EQUAL(obey(f.m, pool), MEM_WANT_NOTHING);
	fixture_down(&f);
}

/* Grown by hand, it goes back to its initial size and no further. */
static void
keeps_its_size(void)
{
	struct mem_pool_params q = {
		.name = "p", .size = 4 * MIB, .max_size = 16 * MIB, .shrink_above = 2 * MIB};
	struct mem_extent x;
	struct fixture f;
	uint64_t len = 0;
	uint16_t pool;

	fixture_up(&f);
	pool = pool_of(&f, &q);
	CU_ASSERT_EQUAL(mem_pool_wants(f.m, pool, &len), MEM_WANT_NOTHING);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(mem_extent_prepare(f.m, pool, 4 * MIB, &x), 0);
		CU_ASSERT_EQUAL(mem_extent_attach(f.m, &x), 0);
	}
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(obey(f.m, pool), MEM_WANT_SHRINK);
	CU_ASSERT_EQUAL(mem_pool_wants(f.m, pool, &len), MEM_WANT_NOTHING);
	CU_ASSERT_EQUAL(size_of(f.m, pool), 4 * MIB);
	fixture_down(&f);
}

static void
adopted(void)
{
	struct mem_pool_params q = params();
	struct mem_provider *copy;
	struct mem_conf conf;
	struct fixture f;
	struct mem *m;
	uint64_t len = 0;
	uint16_t pool;
	int err = -1;

	fixture_up(&f);
	pool = pool_of(&f, &q);
	alloc(&f, pool, 3 * MIB);
	copy = mem_provider_heap_clone(f.prov);
	conf = (struct mem_conf){.provider = *copy};
	m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(mem_pool_wants(m, pool, &len), MEM_WANT_GROW);
	CU_ASSERT_EQUAL(len, 4 * MIB);
	CU_ASSERT_EQUAL(obey(m, pool), MEM_WANT_GROW);
	CU_ASSERT_EQUAL(mem_pool_growth(m, pool, 16 * MIB), 16 * MIB);
	mem_destroy(m);
	mem_provider_heap_destroy(copy);
	fixture_down(&f);
}

static void
refused(void)
{
	struct mem_pool_params q;
	struct fixture f;
	uint16_t id;

	fixture_up(&f);
#define REFUSED(change)                                                                            \
	do {                                                                                       \
		q = params();                                                                      \
		change;                                                                            \
		CU_ASSERT_EQUAL(mem_pool_create(f.m, &q, 0, &id), -EINVAL);                        \
	} while (0)
	REFUSED(q.grow_by = 0);
	REFUSED(q.grow_below = 0);
	REFUSED(q.max_size = 0);
	REFUSED(q.max_size = q.size);
	REFUSED(q.shrink_above--);
	REFUSED(q.grow_by += 1); /* rounded up, it is more than shrink_above allows */
	REFUSED(q.grow_by = UINT64_MAX);
	REFUSED(q.grow_below = UINT64_MAX);
	REFUSED(q.shrink_above = UINT64_MAX);
#undef REFUSED
	fixture_down(&f);
}

struct model {
	struct fixture f;
	uint16_t pool;
	uint64_t live[MAX_LIVE];
	uint32_t nb;
	unsigned int grown, shrunk;
};

/* Of eight steps, so many allocate. */
static void
step(struct model *t, uint32_t allocs)
{
	uint64_t addr;
	uint32_t i;

	if (t->nb < MAX_LIVE && below(8) < allocs) {
		if (mem_alloc(t->f.m, t->pool, 1 + below(512 << 10), 0, MEM_SET_EVERYONE, NULL,
			    &addr) == 0)
			t->live[t->nb++] = addr;
	} else if (t->nb > 0) {
		i = below(t->nb);
		release(&t->f, t->pool, t->live[i]);
		t->live[i] = t->live[--t->nb];
	}
}

/* It never does both without an allocation or free between, and ends where it has to. */
static void
settle(struct model *t, const struct mem_pool_params *q)
{
	unsigned int grown = 0, shrunk = 0;
	struct mem_pool_stat st = {0};
	enum mem_want did;

	while ((did = obey(t->f.m, t->pool)) != MEM_WANT_NOTHING) {
		grown += did == MEM_WANT_GROW;
		shrunk += did == MEM_WANT_SHRINK;
	}
	CU_ASSERT(grown == 0 || shrunk == 0);
	CU_ASSERT_EQUAL(mem_pool_stat(t->f.m, t->pool, &st), 0);
	CU_ASSERT(st.free >= q->grow_below || st.size == q->max_size);
	CU_ASSERT(st.size >= q->size && st.size <= q->max_size);
	t->grown += grown;
	t->shrunk += shrunk;
}

static void
random_steps(void)
{
	static struct model t;

	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct mem_pool_params q = params();

		t.nb = t.grown = t.shrunk = 0;
		rnd = seed;
		fixture_up(&t.f);
		t.pool = pool_of(&t.f, &q);
		for (unsigned int i = 0; i < ROUNDS / 5; i++) {
			step(&t, i / 400 % 2 == 0 ? 5 : 3);
			settle(&t, &q);
		}
		printf("seed %" PRIu64 ": grown %u, shrunk %u\n", seed, t.grown, t.shrunk);
		CU_ASSERT(t.grown > 4 && t.shrunk > 4);
		fixture_down(&t.f);
	}
}

int
main(void)
{
	static const CU_TestInfo tests[] = {
		{"grows", grows},
		{"up_to_the_limit", up_to_the_limit},
		{"for_an_allocation", for_an_allocation},
		{"shrinks", shrinks},
		{"keeps_its_size", keeps_its_size},
		{"adopted", adopted},
		{"refused", refused},
		{"random_steps", random_steps},
		{NULL, NULL},
	};

	return run_suite("mem policy", tests);
}
