/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Changes of ownership against a model that knows nothing of sets: one mask of nodes a granule.
 * Ranges begin and end anywhere, inside allocations and across them.
 */

#include <time.h>

#include "fixture.h"

#define GRANULE   64u
#define POOL      (4 * MIB)
#define SPAN      (POOL / GRANULE)
#define NODES     5 /* 1 to this, so that there are 31 sets */
#define EVERYBODY ((1u << (NODES + 1)) - 2)
#define STEPS     200000
#define MAX_LIVE  600

struct model {
	struct fixture f;
	uint16_t pool;
	uint64_t seed, rnd;
	uint8_t owners[SPAN]; /* bit n: node n; 0: not allocated */
	struct {
		uint64_t addr, len;
	} live[MAX_LIVE];
	uint32_t nb_live;
	uint32_t done[4], refused;
};

static struct model *t;

static uint64_t
below(uint64_t n)
{
	t->rnd += UINT64_C(0x9e3779b97f4a7c15);
	return ((t->rnd ^ t->rnd >> 31) * UINT64_C(0xbf58476d1ce4e5b9) >> 20) % n;
}

static uint32_t
some_nodes(void)
{
	return (uint32_t)(1 + below(EVERYBODY / 2)) << 1;
}

static uint16_t
set_of(uint32_t nodes)
{
	uint64_t bits = nodes;
	uint16_t set = 0;

	CU_ASSERT_EQUAL_FATAL(mem_set_intern(t->f.m, &bits, 1, &set), 0);
	return set;
}

static uint64_t
addr_of(uint64_t g)
{
	return mem_addr(t->pool, g * GRANULE);
}

static void
paint(uint64_t addr, uint64_t len, uint32_t nodes)
{
	memset(&t->owners[mem_addr_off(addr) / GRANULE], (int)nodes, len / GRANULE);
}

static void
step_alloc(void)
{
	uint32_t nodes = some_nodes();
	uint64_t len = GRANULE * (1 + (below(50) == 0 ? below(SPAN / 2) : below(120))), addr;
	uint16_t set = set_of(nodes);

	if (t->nb_live < MAX_LIVE && mem_alloc(t->f.m, t->pool, len, 0, set, NULL, &addr) == 0) {
		paint(addr, len, nodes);
		t->live[t->nb_live].addr = addr;
		t->live[t->nb_live++].len = len;
	}
	CU_ASSERT_EQUAL(mem_set_release(t->f.m, set), 0);
}

static void
step_free(void)
{
	uint32_t i;

	if (t->nb_live == 0)
		return;
	i = (uint32_t)below(t->nb_live);
	CU_ASSERT_EQUAL_FATAL(mem_free(t->f.m, t->live[i].addr, 0), 0);
	paint(t->live[i].addr, t->live[i].len, 0);
	t->live[i] = t->live[--t->nb_live];
	mem_zero_step(t->f.m, t->pool, POOL);
}

/* What becomes of one granule; negative: nothing, and why. */
static int
model_granule(enum mem_own_how how, uint32_t old, uint32_t nodes, uint32_t from)
{
	if (old == 0)
		return -ESTALE;
	switch (how) {
	case MEM_OWN_ADD:
		return (int)(old | nodes);
	case MEM_OWN_DROP:
		return (old & ~nodes) == 0 ? -EINVAL : (int)(old & ~nodes);
	case MEM_OWN_MOVE:
		return old == from ? (int)nodes : -EPERM;
	default:
		return (int)nodes;
	}
}

static int
model_change(uint64_t g, uint64_t n, enum mem_own_how how, uint32_t nodes, uint32_t from)
{
	uint32_t runs = 0;
	uint64_t i;

	for (i = g; i < g + n; i++) {
		int now = model_granule(how, t->owners[i], nodes, from);

		runs += i == g || t->owners[i] != t->owners[i - 1];
		if ((how == MEM_OWN_ADD || how == MEM_OWN_DROP) && runs > MEM_OWN_RUNS)
			return -EMSGSIZE;
		if (now < 0)
			return now;
	}
	for (i = g; i < g + n; i++)
		t->owners[i] = (uint8_t)model_granule(how, t->owners[i], nodes, from);
	return 0;
}

/* How many different owners there are: more than sixteen may be too many. */
static uint32_t
kinds(uint64_t g, uint64_t n)
{
	bool seen[256] = {false};
	uint32_t count = 0;

	for (; n > 0; n--, g++) {
		count += !seen[t->owners[g]];
		seen[t->owners[g]] = true;
	}
	return count;
}

static void
step_own(void)
{
	enum mem_own_how how = (enum mem_own_how)below(4);
	uint64_t n = 1 + (below(20) == 0 ? below(SPAN) : below(200)), g = below(SPAN - n + 1);
	uint32_t nodes = some_nodes(), from = below(4) == 0 ? some_nodes() : t->owners[g];
	uint16_t set = set_of(nodes), from_set = from == 0 ? MEM_SET_FREE : set_of(from);
	int ret = mem_own_change(t->f.m, addr_of(g), n * GRANULE, how, set, from_set);

	if (ret == -EMSGSIZE && kinds(g, n) > 16)
		t->refused++;
	else
		CU_ASSERT_EQUAL(ret, model_change(g, n, how, nodes, from));
	t->done[how] += ret == 0;
	CU_ASSERT_EQUAL(mem_set_release(t->f.m, set), 0);
	if (from != 0)
		CU_ASSERT_EQUAL(mem_set_release(t->f.m, from_set), 0);
}

/* Runs are as long as they can be, name the right nodes, and an access says the same. */
static void
check(uint64_t g, uint64_t end)
{
	while (g < end) {
		uint64_t run = 0, bits = 0, n;
		uint16_t set = 0, node = (uint16_t)(1 + below(NODES));
		int access = t->owners[g] == 0 ? -ESTALE : t->owners[g] >> node & 1 ? 0 : -EPERM;

		CU_ASSERT_EQUAL_FATAL(
			mem_own_run(t->f.m, addr_of(g), (end - g) * GRANULE, &set, &run), 0);
		CU_ASSERT_EQUAL(mem_set_bitmap(t->f.m, set, &bits, 1), 0);
		CU_ASSERT_EQUAL(bits & ~UINT64_C(1), t->owners[g]);
		CU_ASSERT_EQUAL(try_access(t->f.m, addr_of(g), GRANULE, node), access);
		for (n = 1; g + n < end && t->owners[g + n] == t->owners[g];)
			n++;
		CU_ASSERT_EQUAL_FATAL(run, n * GRANULE);
		g += n;
	}
}

static void
wind_down(void)
{
	uint32_t sets;

	while (t->nb_live > 0)
		step_free();
	check(0, SPAN);
	sets = mem_set_reclaim_begin(t->f.m);
	CU_ASSERT(sets <= 31 - NODES);
	CU_ASSERT_EQUAL(mem_set_reclaim_end(t->f.m), sets);
	CU_ASSERT_EQUAL(mem_set_reclaim_begin(t->f.m), 0);
}

static void
start(void)
{
	const char *env = getenv("SHMX_SEED");

	t = calloc(1, sizeof(*t));
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	t->seed = env != NULL ? strtoull(env, NULL, 0) : (uint64_t)time(NULL);
	t->rnd = t->seed;
	printf("SHMX_SEED=%llu ", (unsigned long long)t->seed);
	fflush(stdout);
	fixture_up(&t->f);
	t->pool = fixture_pool(&t->f, "own", POOL, 0, 0);
}

static void
finish(void)
{
	fixture_down(&t->f);
	free(t);
}

static void
random_changes(void)
{
	start();
	for (uint32_t i = 0; i < STEPS; i++) {
		uint64_t p = below(10), g = below(SPAN);

		if (p < 3)
			step_alloc();
		else if (p == 3 && t->nb_live > MAX_LIVE / 2)
			step_free();
		else
			step_own();
		check(g, RTE_MIN(g + 300, SPAN));
		if (i % 1000 == 0)
			check(0, SPAN);
	}
	for (int how = 0; how < 4; how++)
		CU_ASSERT(t->done[how] > STEPS / 100);
	wind_down();
	finish();
}

/* Of owners that change at every granule. */
static void
too_many_runs(void)
{
	const uint64_t n = MEM_OWN_RUNS + 1;
	uint16_t one, two, three;
	uint64_t addr;

	start();
	one = set_of(1 << 1), two = set_of(1 << 2), three = set_of(1 << 3);
	CU_ASSERT_EQUAL_FATAL(mem_alloc(t->f.m, t->pool, n * GRANULE, 0, one, NULL, &addr), 0);
	for (uint64_t i = 1; i < n; i += 2)
		CU_ASSERT_EQUAL(mem_own_set(t->f.m, addr + i * GRANULE, GRANULE, two), 0);
	CU_ASSERT_EQUAL(
		mem_own_change(t->f.m, addr, n * GRANULE, MEM_OWN_ADD, three, 0), -EMSGSIZE);
	CU_ASSERT_EQUAL(try_access(t->f.m, addr, GRANULE, 3), -EPERM);
	CU_ASSERT_EQUAL(mem_own_change(t->f.m, addr, (n - 1) * GRANULE, MEM_OWN_ADD, three, 0), 0);
	CU_ASSERT_EQUAL(try_access(t->f.m, addr, (uint32_t)(n - 1) * GRANULE, 3), 0);
	CU_ASSERT_EQUAL(mem_own_set(t->f.m, addr, n * GRANULE, three), 0);
	CU_ASSERT_EQUAL(try_access(t->f.m, addr, GRANULE, 1), -EPERM);
	finish();
}

/* What a look at a range costs, and how many runs it has. */
static void
cost(void)
{
	const uint64_t page = 2 * MIB;
	uint16_t one, two;
	uint32_t runs = 99;
	uint64_t addr;

	start();
	one = set_of(1 << 1), two = set_of(1 << 2);
	CU_ASSERT_EQUAL_FATAL(mem_alloc(t->f.m, t->pool, 2 * page, page, one, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_own_bytes(t->f.m, addr, 2 * page), 16);
	CU_ASSERT_EQUAL(mem_own_set(t->f.m, addr + 3 * GRANULE, GRANULE, two), 0);
	CU_ASSERT_EQUAL(mem_own_bytes(t->f.m, addr, GRANULE), 2);
	CU_ASSERT_EQUAL(mem_own_bytes(t->f.m, addr, page), 2 * page / GRANULE);
	CU_ASSERT_EQUAL(mem_own_bytes(t->f.m, addr + page - GRANULE, 2 * GRANULE), 2 + 8);
	CU_ASSERT_EQUAL(mem_own_bytes(t->f.m, addr, UINT64_MAX), 2 * page / GRANULE + 8);
	CU_ASSERT_EQUAL(mem_own_bytes(t->f.m, addr_of(SPAN), GRANULE), 0);
	CU_ASSERT_EQUAL(mem_own_bytes(t->f.m, 0, GRANULE), 0);
	CU_ASSERT_EQUAL(
		mem_own_change_runs(t->f.m, addr, 2 * page, MEM_OWN_ADD, set_of(1 << 3), 0, &runs),
		0);
	CU_ASSERT_EQUAL(runs, 3);
	CU_ASSERT_EQUAL(mem_own_change_runs(t->f.m, addr, 0, MEM_OWN_SET, one, 0, &runs), -EINVAL);
	CU_ASSERT_EQUAL(runs, 0);
	finish();
}

/* No id is left for the set that would be needed: nothing has changed. */
static void
no_set_left(void)
{
	uint16_t set, held[64];
	uint32_t n = 0;
	uint64_t addr, bits = 3 << 1;

	start();
	CU_ASSERT_EQUAL_FATAL(
		mem_alloc(t->f.m, t->pool, 4 * GRANULE, 0, set_of(1 << 1), NULL, &addr), 0);
	while (mem_set_intern(t->f.m, &bits, 1, &set) == 0) {
		CU_ASSERT_FATAL(n < RTE_DIM(held));
		held[n++] = set;
		bits = bits * 3 & ~UINT64_C(1);
	}
	CU_ASSERT_EQUAL(
		mem_own_change(t->f.m, addr, 2 * GRANULE, MEM_OWN_ADD, set_of(1 << 5), 0), -ENOSPC);
	CU_ASSERT_EQUAL(try_access(t->f.m, addr, GRANULE, 5), -EPERM);
	CU_ASSERT_EQUAL(try_access(t->f.m, addr, 4 * GRANULE, 1), 0);
	while (n > 0)
		CU_ASSERT_EQUAL(mem_set_release(t->f.m, held[--n]), 0);
	finish();
}

static void
errors(void)
{
	const uint64_t page = 2 * MIB;
	uint64_t addr, run;
	uint16_t one, set;

	start();
	one = set_of(1 << 1);
	CU_ASSERT_EQUAL_FATAL(mem_alloc(t->f.m, t->pool, page, page, one, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_own_run(t->f.m, addr + 1, GRANULE, &set, &run), -EINVAL);
	CU_ASSERT_EQUAL(mem_own_run(t->f.m, addr, GRANULE - 1, &set, &run), -EINVAL);
	CU_ASSERT_EQUAL(mem_own_run(t->f.m, addr, 0, &set, &run), -EINVAL);
	CU_ASSERT_EQUAL(mem_own_run(t->f.m, addr_of(SPAN), GRANULE, &set, &run), -ENOENT);
	CU_ASSERT_EQUAL(mem_own_run(t->f.m, 0, GRANULE, &set, &run), -ENOENT);
	CU_ASSERT_EQUAL(mem_own_change(t->f.m, addr, 0, MEM_OWN_SET, one, 0), -EINVAL);
	CU_ASSERT_EQUAL(
		mem_own_change(t->f.m, addr, GRANULE, MEM_OWN_SET, MEM_SET_FREE, 0), -EINVAL);
	CU_ASSERT_EQUAL(mem_own_change(t->f.m, addr, GRANULE, MEM_OWN_DROP, one, 0), -EINVAL);
	CU_ASSERT_EQUAL(
		mem_own_change(t->f.m, addr, GRANULE, MEM_OWN_MOVE, one, set_of(1 << 2)), -EPERM);
	CU_ASSERT_EQUAL(mem_own_change(t->f.m, addr, page + GRANULE, MEM_OWN_SET, one, 0), -ESTALE);
	CU_ASSERT_EQUAL_FATAL(mem_alloc(t->f.m, t->pool, page, page, one, NULL, &run), 0);
	CU_ASSERT_EQUAL(mem_own_change(t->f.m, run > addr ? run : addr, page + GRANULE, MEM_OWN_SET,
				set_of(1 << 2), 0),
		-EFAULT);
	CU_ASSERT_EQUAL(try_access(t->f.m, run, GRANULE, 1), 0);
	finish();
}

int
main(void)
{
	static const CU_TestInfo tests[] = {
		{"random_changes", random_changes},
		{"too_many_runs", too_many_runs},
		{"no_set_left", no_set_left},
		{"cost", cost},
		{"errors", errors},
		{NULL, NULL},
	};

	return run_suite("mem own", tests);
}
