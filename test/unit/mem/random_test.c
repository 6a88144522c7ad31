/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * A million random steps against a model that is too simple to be wrong: an owner per granule, and
 * for each node the sum of what it has allocated.
 */

#include <time.h>

#include "fixture.h"

#define STEPS       (getenv("SHMX_SHORT") != NULL ? 50000u : 1000000u)
#define FULL_EVERY  100000
#define GRANULE     (t->granule)
#define MAX_SIZE    (64 * MIB)
#define SPAN        (2 * MAX_SIZE / GRANULE) /* granules of address space */
#define PAGE        (2 * MIB / GRANULE)      /* granules of one */
#define PENDING     0xfffe                   /* in the model: freed, not ended */
#define NONE        0xfffd                   /* in the model: no extent */
#define MAX_LIVE    8000
#define MAX_PENDING 16
#define NB_SETS     8
#define NODES       100
#define ASKERS      12 /* nodes that allocate, the memory node among them */

struct item {
	uint64_t addr;
	uint64_t len;
	uint16_t node; /* that made it */
};

struct model {
	struct fixture f;
	uint16_t pool;
	uint64_t rnd;
	uint32_t granule;
	uint16_t owner[2 * MAX_SIZE / 64];
	uint32_t ext[2 * MAX_SIZE / MEM_PAGE_SIZE]; /* which growth a page came with */
	struct item live[MAX_LIVE];
	uint32_t nb_live;
	struct mem_freed pending[MAX_PENDING];
	uint32_t nb_pending;
	uint16_t sets[NB_SETS];
	uint64_t bits[NB_SETS][2];
	uint64_t used;
	uint64_t quota;
	uint64_t held[ASKERS];
	uint32_t over; /* allocations refused for the quota */
	uint32_t refused;
	uint32_t grown;
	uint32_t shrunk;
	uint32_t bad; /* so that a broken run does not print a million lines */
};

static struct model *t;

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond) && t->bad++ < 20)                                                      \
			CU_ASSERT(cond);                                                           \
	} while (0)

static uint64_t
rnd(void)
{
	t->rnd ^= t->rnd << 13;
	t->rnd ^= t->rnd >> 7;
	t->rnd ^= t->rnd << 17;
	return t->rnd * UINT64_C(0x2545f4914f6cdd1d) >> 11;
}

static uint64_t
below(uint64_t n)
{
	return rnd() % n;
}

/* Mostly small, some of every magnitude up to 4 MiB. */
static uint64_t
random_len(void)
{
	uint64_t p = below(1000);

	if (p < 600)
		return 1 + below(512);
	if (p < 900)
		return 1 + below(8192);
	if (p < 994)
		return 1 + below(128 * 1024);
	return 1 + below(4 * MIB);
}

static uint32_t
granule_of(uint64_t addr)
{
	return (uint32_t)(mem_addr_off(addr) / GRANULE);
}

static void
paint(uint64_t addr, uint64_t len, uint16_t owner)
{
	uint32_t g = granule_of(addr), end = g + (uint32_t)(len / GRANULE);

	for (; g < end; g++)
		t->owner[g] = owner;
}

static bool
painted(uint64_t addr, uint64_t len, uint16_t owner)
{
	uint32_t g = granule_of(addr), end = g + (uint32_t)(len / GRANULE);

	for (; g < end; g++)
		if (t->owner[g] != owner)
			return false;
	return true;
}

static bool
model_has(uint16_t set, uint16_t node)
{
	int i;

	for (i = 0; i < NB_SETS; i++)
		if (t->sets[i] == set)
			return node == 0 || (t->bits[i][node / 64] >> (node % 64) & 1);
	return false;
}

/* What an access must answer, granule by granule. */
static int
model_access(uint64_t addr, uint32_t len, uint16_t node)
{
	uint32_t g = granule_of(addr), last = granule_of(addr + len - 1), i;

	for (i = g; i <= last; i++)
		if (t->owner[i] == NONE || t->ext[i / PAGE] != t->ext[g / PAGE])
			return -EFAULT;
	for (i = g; i <= last; i++) {
		if (t->owner[i] == MEM_SET_FREE || t->owner[i] == PENDING)
			return -ESTALE;
		if (!model_has(t->owner[i], node))
			return -EPERM;
	}
	return 0;
}

static void
check_at(uint64_t addr, uint32_t len)
{
	uint16_t node = (uint16_t)below(12);

	if (granule_of(addr + len - 1) < SPAN)
		CHECK(try_access(t->f.m, addr, len, node) == model_access(addr, len, node));
}

static uint8_t *
data_of(uint64_t addr)
{
	int err;

	return mem_access(t->f.m, addr, 1, 0, &err);
}

static bool
is_zero(const uint8_t *p, uint64_t len)
{
	return p[0] == 0 && memcmp(p, p + 1, len - 1) == 0;
}

static bool
has_hole(uint64_t len)
{
	uint64_t run = 0;
	uint32_t g;

	for (g = 0; g < SPAN; g++) {
		if (g > 0 && t->ext[g / PAGE] != t->ext[(g - 1) / PAGE])
			run = 0;
		run = t->owner[g] == MEM_SET_FREE ? run + GRANULE : 0;
		if (run >= len)
			return true;
	}
	return false;
}

static bool
over_quota(uint16_t node, uint64_t more)
{
	return t->quota != 0 && node != 0 && t->held[node] + more > t->quota;
}

static void
check_held(uint16_t node)
{
	CHECK(mem_pool_held(t->f.m, t->pool, node) == (t->quota != 0 ? t->held[node] : 0));
}

static void
refused(uint64_t len, uint64_t align, int ret)
{
	CHECK(ret == -ENOMEM || ret == -EAGAIN);
	/* A hole a quarter longer would have done */
	if (ret == -ENOMEM && align <= GRANULE && t->refused++ < 100 && len < MIB)
		CHECK(!has_hole(len + len / 4 + GRANULE));
	while (ret == -EAGAIN && mem_zero_step(t->f.m, t->pool, MIB) != 0)
		;
}

static int
alloc(uint64_t len, uint64_t align, uint16_t set, uint16_t node, uint64_t *addr)
{
	const struct mem_alloc_req req = {
		.len = len, .align = align, .pool = t->pool, .set = set, .node = node};

	return mem_alloc_for(t->f.m, &req, addr);
}

static void
step_alloc(void)
{
	uint64_t len = random_len(), align = below(4) ? 0 : UINT64_C(1) << below(22), addr, up;
	uint16_t set = t->sets[below(NB_SETS)], node = (uint16_t)below(ASKERS);
	int ret;

	if (t->nb_live == MAX_LIVE)
		return;
	if (below(16) == 0)
		align = MEM_ALIGN_NATURAL;
	up = (len + GRANULE - 1) / GRANULE * GRANULE;
	ret = alloc(len, align, set, node, &addr);
	CHECK((ret == -EDQUOT) == over_quota(node, up));
	if (ret == -EDQUOT) {
		t->over++;
		check_held(node);
		return;
	}
	if (ret != 0) {
		refused(len, align, ret);
		return;
	}
	t->held[node] += up;
	check_held(node);
	CHECK(addr % GRANULE == 0);
	if (align == MEM_ALIGN_NATURAL)
		CHECK(addr % (len >= 2 * MIB ? 2 * MIB : rte_align64pow2(len)) == 0);
	else if (align != 0)
		CHECK(addr % align == 0);
	CHECK(painted(addr, up, MEM_SET_FREE));
	paint(addr, up, set);
	CHECK(is_zero(data_of(addr), up));
	memset(data_of(addr), 0xa5, up);
	t->live[t->nb_live++] = (struct item){addr, up, node};
	t->used += up;
	check_at(addr, 1);
	check_at(addr, (uint32_t)up);
	check_at(addr + up - 1, 1);
	check_at(addr + up - 1, 2);
}

static void
end_pending(uint32_t i)
{
	struct mem_freed f = t->pending[i];

	CHECK(mem_free_end(t->f.m, &f) == 0);
	CHECK(mem_free_end(t->f.m, &f) == -ENOENT);
	paint(f.addr, f.len, MEM_SET_FREE);
	t->used -= f.len;
	t->pending[i] = t->pending[--t->nb_pending];
	check_at(f.addr, 1);
}

static void
add_pending(const struct mem_freed *f)
{
	if (f->len == 0)
		return;
	if (t->nb_pending == MAX_PENDING)
		end_pending((uint32_t)below(MAX_PENDING));
	paint(f->addr, f->len, PENDING);
	t->pending[t->nb_pending++] = *f;
}

static void
step_free(void)
{
	struct mem_freed f = {0};
	struct item it;
	uint32_t i;

	if (t->nb_live == 0)
		return;
	i = (uint32_t)below(t->nb_live);
	it = t->live[i];
	if (it.len > GRANULE)
		CHECK(mem_free(t->f.m, it.addr + GRANULE, 0) == -ENOENT);
	CHECK(mem_free(t->f.m, it.addr + 1, 0) == -EINVAL);
	CHECK(mem_free_begin(t->f.m, it.addr, 0, &f) == 0);
	CHECK(f.addr == it.addr && f.len == it.len);
	t->held[it.node] -= it.len;
	check_held(it.node);
	CHECK(mem_free_begin(t->f.m, it.addr, 0, &f) == -ENOENT);
	add_pending(&f);
	t->live[i] = t->live[--t->nb_live];
	check_at(it.addr, 1);
	check_at(it.addr + it.len - 1, 1);
}

static void
grown(struct item *it, uint64_t up)
{
	uint16_t set = t->owner[granule_of(it->addr + it->len - 1)];
	uint64_t more = up - it->len;

	CHECK(painted(it->addr + it->len, more, MEM_SET_FREE));
	CHECK(is_zero(data_of(it->addr + it->len), more));
	memset(data_of(it->addr + it->len), 0x5a, more);
	paint(it->addr + it->len, more, set);
	t->used += more;
	t->held[it->node] += more;
	it->len = up;
}

static void
step_resize(void)
{
	uint64_t len = random_len(), up = (len + GRANULE - 1) / GRANULE * GRANULE;
	struct mem_freed tail;
	struct item *it;
	int ret;

	if (t->nb_live == 0)
		return;
	it = &t->live[below(t->nb_live)];
	ret = mem_resize(t->f.m, it->addr, len, 0, &tail);
	while (ret == -EAGAIN && mem_zero_step(t->f.m, t->pool, MIB) != 0)
		ret = mem_resize(t->f.m, it->addr, len, 0, &tail);
	CHECK((ret == -EDQUOT) == (up > it->len && over_quota(it->node, up - it->len)));
	if (ret != 0) {
		CHECK((ret == -ENOMEM || ret == -EDQUOT) && up > it->len);
		t->over += ret == -EDQUOT;
		check_held(it->node);
		return;
	}
	if (up >= it->len) {
		if (up > it->len)
			grown(it, up);
		CHECK(tail.len == 0);
	} else {
		CHECK(tail.addr == it->addr + up && tail.len == it->len - up);
		t->held[it->node] -= tail.len;
		it->len = up;
		add_pending(&tail);
	}
	check_held(it->node);
	check_at(it->addr + it->len - 1, 1);
	check_at(it->addr + it->len - GRANULE, GRANULE + 1);
}

static void
step_own(void)
{
	uint16_t set = t->sets[below(NB_SETS)];
	uint64_t from, n, total;
	struct item *it;

	if (t->nb_live == 0)
		return;
	it = &t->live[below(t->nb_live)];
	total = it->len / GRANULE;
	from = below(4) ? below(total) : 0;
	n = below(4) ? 1 + below(total - from) : total - from;
	CHECK(mem_own_set(t->f.m, it->addr + from * GRANULE, n * GRANULE, set) == 0);
	paint(it->addr + from * GRANULE, n * GRANULE, set);
	check_at(it->addr, (uint32_t)it->len);
	check_at(it->addr + from * GRANULE, (uint32_t)(n * GRANULE));
}

static void
step_access(void)
{
	uint32_t len = 1 + (uint32_t)below(below(8) ? 256 : 100000);

	check_at(mem_addr(t->pool, below(SPAN * (uint64_t)GRANULE)), len);
}

static void
step_grow(void)
{
	struct mem_extent x;
	struct mem_pool_stat st;
	uint64_t len = (1 + below(4)) * 2 * MIB;
	int ret = mem_extent_prepare(t->f.m, t->pool, len, &x);
	uint32_t g, n = 0;

	if (ret != 0) {
		CHECK(mem_pool_stat(t->f.m, t->pool, &st) == 0);
		CHECK(ret == -ENOSPC || (ret == -E2BIG && st.size + len > MAX_SIZE));
		return;
	}
	CHECK(mem_extent_attach(t->f.m, &x) == 0);
	t->grown++;
	for (g = 0; g < SPAN; g += PAGE) {
		uint64_t addr = mem_addr(t->pool, (uint64_t)g * GRANULE);

		if (t->owner[g] == NONE && try_access(t->f.m, addr, 1, 0) == -ESTALE) {
			paint(addr, 2 * MIB, MEM_SET_FREE);
			t->ext[g / PAGE] = 100 + t->grown;
			n++;
		}
	}
	CHECK(n == x.pages);
}

static void
step_shrink(void)
{
	struct mem_extent x;
	uint32_t g, n = 0;
	int ret = mem_extent_detach(t->f.m, t->pool, 8 * MIB, &x);

	if (ret != 0) {
		CHECK(ret == -EBUSY || ret == -EAGAIN);
		return;
	}
	for (g = 0; g < SPAN; g += PAGE) {
		uint64_t addr = mem_addr(t->pool, (uint64_t)g * GRANULE);

		if (t->owner[g] != NONE && try_access(t->f.m, addr, 1, 0) == -EFAULT) {
			CHECK(painted(addr, 2 * MIB, MEM_SET_FREE));
			paint(addr, 2 * MIB, NONE);
			n++;
		}
	}
	CHECK(n == x.pages);
	CHECK(mem_extent_release(t->f.m, &x) == 0);
	t->shrunk++;
}

static void
check_stat(void)
{
	struct mem_pool_stat st, peek;
	uint64_t addr;

	CHECK(mem_pool_stat(t->f.m, t->pool, &st) == 0);
	CHECK(st.used == t->used + st.zeroing);
	CHECK(st.nb_allocs == t->nb_live);
	CHECK(st.free + st.used == st.size);
	/* What others see: the same, but for the largest hole's last bits. */
	CHECK(mem_pool_peek(t->f.m, t->pool, &peek) == 0);
	CHECK(peek.largest_free <= st.largest_free);
	CHECK(st.largest_free < 64 * GRANULE ? peek.largest_free == st.largest_free
					     : st.largest_free * 4 < peek.largest_free * 5);
	peek.largest_free = st.largest_free;
	CHECK(memcmp(&peek, &st, sizeof(st)) == 0); // NOLINT
	if (st.largest_free == 0)
		return;
	CHECK(mem_alloc(t->f.m, t->pool, st.largest_free, 0, 1, NULL, &addr) == 0);
	CHECK(mem_free(t->f.m, addr, 0) == 0);
}

/* Every granule, every allocation, every figure. */
static void
check_all(void)
{
	struct mem_alloc_info info;
	uint64_t addr = mem_addr(t->pool, 0), bytes = 0;
	uint32_t g, n = 0, i;
	int ret;

	for (g = 0; g < SPAN; g++)
		check_at(mem_addr(t->pool, (uint64_t)g * GRANULE), GRANULE);
	for (; (ret = mem_alloc_next(t->f.m, addr, &info)) != -ENOENT; addr = info.addr) {
		if (ret == 0) {
			n++;
			bytes += info.len;
			info.addr += info.len;
		}
	}
	for (i = 0; i < t->nb_pending; i++)
		bytes += t->pending[i].len;
	CHECK(n == t->nb_live);
	CHECK(bytes == t->used);
	for (i = 0; i < t->nb_live; i++) {
		CHECK(mem_alloc_find(t->f.m, t->live[i].addr + below(t->live[i].len), &info) == 0);
		CHECK(info.addr == t->live[i].addr && info.len == t->live[i].len);
		CHECK(info.node == (t->quota != 0 ? t->live[i].node : 0));
	}
	for (uint16_t node = 0; node < ASKERS; node++)
		check_held(node);
	check_stat();
}

static void
step(uint32_t i)
{
	/* waves: mostly filling, then mostly emptying */
	uint64_t p = below(1000), fill = i / 20000 % 3 == 2 ? 250 : 420;

	if (p < fill)
		step_alloc();
	else if (p < 760)
		step_free();
	else if (p < 830)
		step_resize();
	else if (p < 900)
		step_own();
	else if (p < 960)
		step_access();
	else if (p < 990)
		mem_zero_step(t->f.m, t->pool, below(MIB));
	else if (p < 996 && t->nb_pending > 0)
		end_pending((uint32_t)below(t->nb_pending));
	else if (p == 998)
		step_grow();
	else if (p == 999)
		step_shrink();
}

static void
make_sets(void)
{
	int i;

	for (i = 0; i < NB_SETS; i++) {
		t->bits[i][0] = (rnd() & 0xffe) | 2;
		t->bits[i][1] = rnd() & ((UINT64_C(1) << (NODES - 64)) - 1);
	}
	t->bits[1][0] = ~UINT64_C(0);
	t->bits[1][1] = (UINT64_C(1) << (NODES - 64)) - 1;
	t->bits[2][0] = 1 << 5;
	t->bits[2][1] = 0;
	for (i = 0; i < NB_SETS; i++)
		CHECK(mem_set_intern(t->f.m, t->bits[i], 2, &t->sets[i]) == 0);
	CHECK(t->sets[1] == MEM_SET_EVERYONE);
}

/* With everything freed and every reference given back, all must be as at the start. */
static void
wind_down(void)
{
	struct mem_pool_stat st;
	int i;

	while (t->nb_live > 0)
		step_free();
	while (t->nb_pending > 0)
		end_pending(0);
	while (mem_zero_step(t->f.m, t->pool, MIB) != 0)
		;
	check_all();
	while (mem_zero_step(t->f.m, t->pool, MIB) != 0) /* what check_stat() took */
		;
	CHECK(mem_pool_stat(t->f.m, t->pool, &st) == 0);
	CHECK(st.used == 0 && st.zeroing == 0 && st.free == st.size);
	for (i = 0; i < NB_SETS; i++)
		CHECK(mem_set_release(t->f.m, t->sets[i]) == 0);
	CHECK(mem_set_reclaim_begin(t->f.m) == NB_SETS - 2);
	CHECK(mem_set_reclaim_end(t->f.m) == NB_SETS - 2);
}

static void
run(uint32_t granule, uint32_t steps, uint64_t quota)
{
	struct mem_pool_params q = {.name = "random",
		.size = 24 * MIB,
		.max_size = MAX_SIZE,
		.extent_size = 8 * MIB,
		.quota = quota};
	const char *env = getenv("SHMX_SEED");
	uint64_t seed = env != NULL ? strtoull(env, NULL, 0) : (uint64_t)time(NULL);
	uint32_t i;

	t = calloc(1, sizeof(*t));
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	t->rnd = seed * 2 + 1;
	printf("SHMX_SEED=%llu ", (unsigned long long)seed);
	fflush(stdout);
	t->granule = q.granule = granule;
	t->quota = (quota + granule - 1) / granule * granule;
	fixture_up(&t->f);
	CU_ASSERT_EQUAL_FATAL(mem_pool_create(t->f.m, &q, 0, &t->pool), 0);
	for (i = 0; i < SPAN / PAGE; i++)
		t->ext[i] = i / 4;
	for (i = 0; i < SPAN; i++)
		t->owner[i] = i < 24 * MIB / GRANULE ? MEM_SET_FREE : NONE;
	make_sets();
	for (i = 0; i < steps && t->bad == 0; i++) {
		step(i);
		if (i % FULL_EVERY == 0)
			check_all();
	}
	if (t->bad != 0)
		printf("first failure at step %u ", i);
	wind_down();
	printf("%u grown, %u shrunk, %u refused, %u over the quota ", t->grown, t->shrunk,
		t->refused, t->over);
	CU_ASSERT((quota != 0) == (t->over > 0));
	fixture_down(&t->f);
	free(t);
}

static void
million_steps(void)
{
	run(64, STEPS, 0);
}

/* Less than there is, and, with large granules, more. */
static void
quotas(void)
{
	run(64, STEPS / 10, MIB + 1);
	run(4096, STEPS / 10, 3 * MIB / 2);
}

static void
larger_granules(void)
{
	run(512, STEPS / 5, 0);
	run(4096, STEPS / 5, 0);
	run(32768, STEPS / 5, 2 * MIB);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {
		{"million_steps", million_steps},
		{"quotas", quotas},
		{"larger_granules", larger_granules},
		{NULL, NULL},
	};

	return run_suite("mem random", tests);
}
