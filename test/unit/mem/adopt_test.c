/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Zones at another address, seen by another struct mem; and zones whose owner was killed. */

#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "mem/mem_layout.h"

#define KILLS 60

static struct mem_conf
conf_for(const struct mem_provider *prov)
{
	return (struct mem_conf){.provider = *prov};
}

struct expect {
	uint16_t a;
	uint16_t b;
	uint16_t set;
	uint64_t named;
	uint64_t big;
	uint64_t len;
};

/* Two pools, names, a shared set, a grown extent, something freed and not ended, and zeroing. */
static void
populate(struct fixture *f, struct expect *e)
{
	uint64_t bits = 1 << 3 | 1 << 7, addr;
	struct mem_extent x;
	struct mem_freed freed;
	uint8_t *p;
	int err;

	e->a = fixture_pool(f, "a", 4 * MIB, 16 * MIB, 2 * MIB);
	e->b = fixture_pool(f, "b", 8 * MIB, 0, 0);
	CU_ASSERT_EQUAL(mem_set_intern(f->m, &bits, 1, &e->set), 0);
	CU_ASSERT_EQUAL(mem_alloc(f->m, e->a, 1000, 0, e->set, "root", &e->named), 0);
	p = mem_access(f->m, e->named, 1000, 3, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	memset(p, 0x42, 1000);
	CU_ASSERT_EQUAL(mem_extent_prepare(f->m, e->a, 4 * MIB, &x), 0);
	CU_ASSERT_EQUAL(mem_extent_attach(f->m, &x), 0);
	CU_ASSERT_EQUAL(mem_extent_prepare(f->m, e->a, 2 * MIB, &x), 0); /* left prepared */
	CU_ASSERT_EQUAL(mem_alloc(f->m, e->b, 4 * MIB, 0, MEM_SET_EVERYONE, NULL, &e->big), 0);
	CU_ASSERT_EQUAL(mem_own_set(f->m, e->big + 64, 2 * MIB, e->set), 0);
	CU_ASSERT_EQUAL(mem_alloc(f->m, e->b, 3000, 0, 1, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_free_begin(f->m, addr, 0, &freed), 0);
	CU_ASSERT_EQUAL(mem_alloc(f->m, e->b, MIB, 0, 1, NULL, &addr), 0);
	memset(mem_access(f->m, addr, (uint32_t)MIB, 0, &err), 1, MIB);
	CU_ASSERT_EQUAL(mem_free(f->m, addr, 0), 0);
}

static void
check_seen(const struct mem *m, const struct expect *e)
{
	struct mem_alloc_info info;
	uint64_t addr = 0, len = 0;
	uint16_t id = 0, ids[4];
	uint8_t *p;
	int err;

	CU_ASSERT_EQUAL(mem_pool_list(m, 0, ids, 4), 2);
	CU_ASSERT_EQUAL(mem_pool_lookup(m, "a", &id), 0);
	CU_ASSERT_EQUAL(id, e->a);
	CU_ASSERT_EQUAL(mem_alloc_lookup(m, id, "root", &addr, &len), 0);
	CU_ASSERT_EQUAL(addr, e->named);
	CU_ASSERT_EQUAL(len, 1024);
	CU_ASSERT_EQUAL(mem_alloc_info(m, addr, &info), 0);
	CU_ASSERT_EQUAL(info.set, e->set);
	CU_ASSERT_STRING_EQUAL(info.name, "root");
	p = mem_access(m, addr, 1000, 7, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT(p[0] == 0x42 && p[999] == 0x42);
	CU_ASSERT_EQUAL(try_access(m, addr, 1, 4), -EPERM);
	CU_ASSERT_EQUAL(try_access(m, e->big, 64, 4), 0);
	CU_ASSERT_EQUAL(try_access(m, e->big + 64, 64, 4), -EPERM);
	CU_ASSERT_EQUAL(try_access(m, e->big + 64, 2 * MIB, 3), 0);
}

static void
adopt_elsewhere(void)
{
	struct mem_pool_stat was, is;
	struct mem_provider *copy;
	struct fixture f;
	struct expect e;
	struct mem_conf conf;
	struct mem *m;
	int err;

	fixture_up(&f);
	populate(&f, &e);
	mem_pool_stat(f.m, e.a, &was);
	copy = mem_provider_heap_clone(f.prov);
	conf = conf_for(copy);
	m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	check_seen(m, &e);
	mem_pool_stat(m, e.a, &is);
	/* both began as zeros, so padding is equal */
	CU_ASSERT_EQUAL(memcmp(&was, &is, sizeof(is)), 0); // NOLINT
	while (mem_zero_step(m, e.b, MIB) != 0)
		;
	mem_pool_stat(m, e.b, &is);
	CU_ASSERT_EQUAL(is.used, 4 * MIB);
	CU_ASSERT_EQUAL(is.nb_allocs, 1);
	CU_ASSERT_EQUAL(mem_free(m, e.named, 7), 0);
	CU_ASSERT_EQUAL(mem_free(m, e.big, 3), 0);
	/* the reference that the dead process held is gone, those of the map too */
	CU_ASSERT_EQUAL(mem_set_reclaim_begin(m), 1);
	CU_ASSERT_EQUAL(mem_set_reclaim_end(m), 1);
	mem_destroy(m);
	CU_ASSERT_EQUAL(mem_provider_heap_count(copy), 0);
	mem_provider_heap_destroy(copy);
	check_seen(f.m, &e);
	fixture_down(&f);
}

/* Pools keep their ids, whatever ids the process that adopts them would give out. */
static void
adopt_keeps_ids(void)
{
	struct mem_provider *prov = mem_provider_heap_create(), *copy;
	struct mem_conf conf = conf_for(prov);
	struct mem_pool_params q = {.name = "a", .size = 2 * MIB};
	uint64_t addr, found, len;
	uint16_t id;
	struct mem *m;
	int err;

	conf.first_pool = 129;
	conf.last_pool = 130;
	m = mem_create(&conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(mem_pool_create(m, &q, 130, &id), 0);
	CU_ASSERT_EQUAL(mem_alloc(m, 130, 100, 0, 1, "root", &addr), 0);
	copy = mem_provider_heap_clone(prov);
	mem_destroy(m);
	conf = conf_for(copy);
	conf.first_pool = 1;
	conf.last_pool = 64;
	m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT(mem_first_pool(m) == 129 && mem_last_pool(m) == 130);
	CU_ASSERT_EQUAL(mem_pool_lookup(m, "a", &id), 0);
	CU_ASSERT_EQUAL(id, 130);
	CU_ASSERT_EQUAL(mem_alloc_lookup(m, 130, "root", &found, &len), 0);
	CU_ASSERT_EQUAL(found, addr);
	CU_ASSERT_EQUAL(try_access(m, addr, 100, 7), 0);
	snprintf(q.name, sizeof(q.name), "b");
	CU_ASSERT_EQUAL(mem_pool_create(m, &q, 0, &id), 0);
	CU_ASSERT_EQUAL(id, 129);
	snprintf(q.name, sizeof(q.name), "c");
	CU_ASSERT_EQUAL(mem_pool_create(m, &q, 0, &id), -ENOSPC);
	mem_destroy(m);
	CU_ASSERT_EQUAL(mem_provider_heap_count(copy), 0);
	mem_provider_heap_destroy(copy);
	mem_provider_heap_destroy(prov);
}

static void
view_of_a_live_owner(void)
{
	struct mem_extent x;
	struct fixture f;
	struct expect e;
	struct mem *v;
	uint64_t addr;
	int err;

	fixture_up(&f);
	populate(&f, &e);
	v = mem_attach(&f.conf, MEM_ATTACH_VIEW, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	check_seen(v, &e);
	CU_ASSERT_EQUAL(mem_extent_prepare(f.m, e.a, 4 * MIB, &x), 0);
	CU_ASSERT_EQUAL(mem_extent_attach(f.m, &x), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, e.a, 4 * MIB, 0, 1, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_alloc(f.m, e.a, 4 * MIB, 0, 1, NULL, &addr), 0);
	CU_ASSERT_EQUAL(mem_refresh(v), 0);
	CU_ASSERT_EQUAL(try_access(v, addr, 4 * MIB, 9), 0);
	CU_ASSERT_EQUAL(mem_free(f.m, addr, 0), 0);
	CU_ASSERT_EQUAL(try_access(v, addr, 1, 9), -ESTALE);
	CU_ASSERT_EQUAL(mem_pool_destroy_begin(f.m, e.b, true), 0);
	CU_ASSERT_EQUAL(mem_refresh(v), 0);
	CU_ASSERT_EQUAL(mem_pool_destroy_end(f.m, e.b), 0);
	CU_ASSERT_EQUAL(try_access(v, e.big, 1, 9), -ENOENT);
	CU_ASSERT_EQUAL(mem_refresh(f.m), -EINVAL);
	mem_destroy(v); /* a view releases nothing */
	CU_ASSERT_EQUAL(try_access(f.m, e.named, 1, 3), 0);
	fixture_down(&f);
}

/* Bits of no class in a header that others write: what is told is a length all the same. */
static void
view_of_a_damaged_mask(void)
{
	struct mem_pool_stat st;
	struct mem_pool_hdr *h;
	struct fixture f;
	struct expect e;
	struct mem *v;
	size_t len;
	void *va;
	int err;

	fixture_up(&f);
	populate(&f, &e);
	v = mem_attach(&f.conf, MEM_ATTACH_VIEW, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	CU_ASSERT_EQUAL_FATAL(f.prov->lookup(f.prov->ctx, "shmx_p1", &va, &len), 0);
	h = va;
	for (uint32_t bit = MEM_CLASSES; bit < 64 * MEM_CLASS_WORDS; bit++) {
		h->class_mask[bit / 64] |= UINT64_C(1) << (bit % 64);
		CU_ASSERT_EQUAL(mem_pool_peek(v, e.a, &st), 0);
		CU_ASSERT_EQUAL(st.largest_free / st.granule, (2 * MEM_SUB - 1) << 29);
		h->class_mask[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
	}
	mem_destroy(v);
	fixture_down(&f);
}

/* Attaching to a damaged copy: which error, and nothing leaks. */
static void
damaged(const struct fixture *f, const char *zone, size_t off, int expect)
{
	struct mem_provider *copy = mem_provider_heap_clone(f->prov);
	struct mem_conf conf = conf_for(copy);
	size_t len;
	void *va;
	int err = 0;

	CU_ASSERT_EQUAL_FATAL(copy->lookup(copy->ctx, zone, &va, &len), 0);
	((uint8_t *)va)[off] ^= 0xff;
	CU_ASSERT_PTR_NULL(mem_attach(&conf, MEM_ATTACH_ADOPT, &err));
	CU_ASSERT_EQUAL(err, expect);
	mem_provider_heap_destroy(copy);
}

static void
damaged_zones(void)
{
	struct mem_provider *none = mem_provider_heap_create();
	struct mem_conf conf = conf_for(none);
	struct fixture f;
	struct expect e;
	size_t off;
	int err;

	CU_ASSERT_PTR_NULL(mem_attach(&conf, MEM_ATTACH_ADOPT, &err));
	CU_ASSERT_EQUAL(err, -ENOENT);
	mem_provider_heap_destroy(none);
	fixture_up(&f);
	populate(&f, &e);
	damaged(&f, "shmx_mem", 0, -EPROTO);   /* magic */
	damaged(&f, "shmx_mem", 8, -EPROTO);   /* version */
	damaged(&f, "shmx_mem", 12, -EPROTO);  /* size of the header */
	damaged(&f, "shmx_mem", 19, -EBADMSG); /* length of the zone */
	/* Its limits and the places of its parts, each byte of them. */
	for (off = 32; off < 88; off++)
		damaged(&f, "shmx_mem", off, -EBADMSG);
	damaged(&f, "shmx_p1", 0, -EBADMSG);
	damaged(&f, "shmx_p1", 8, -EPROTO);
	damaged(&f, "shmx_p1_x0", 2 * MIB, -EBADMSG);
	damaged(&f, "shmx_p1_x0", 2 * MIB + 16, -EBADMSG);
	fixture_down(&f);
}

/* Adopting a copy with one byte changed fails, and leaves nothing behind. */
static bool
refused(const struct fixture *f, const char *zone, size_t off, uint8_t change)
{
	struct mem_provider *copy = mem_provider_heap_clone(f->prov);
	struct mem_conf conf = conf_for(copy);
	struct mem *m;
	size_t len;
	void *va;
	int err = 0;

	CU_ASSERT_EQUAL_FATAL(copy->lookup(copy->ctx, zone, &va, &len), 0);
	((uint8_t *)va)[off] ^= change;
	m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	if (m == NULL)
		CU_ASSERT(err == -EBADMSG || err == -EPROTO);
	mem_detach(m);
	mem_provider_heap_destroy(copy);
	return m == NULL;
}

/* Who may use a pool is a holder of its set, from the first to the last. */
static void
nodes_of_a_pool(void)
{
	const uint64_t bits = 1 << 3 | 1 << 7, more = 1 << 3 | 1 << 7 | 1 << 9, other = 1 << 9;
	struct mem_pool_params q = {.name = "club", .size = 2 * MIB};
	uint16_t set, pool, big, one;
	struct mem_provider *copy;
	struct mem_conf conf;
	struct fixture f;
	struct mem *m;
	int err;

	fixture_up(&f);
	q.nodes = 12345;
	CU_ASSERT_EQUAL(mem_pool_create(f.m, &q, 0, &pool), -EINVAL);
	CU_ASSERT_EQUAL(mem_set_intern(f.m, &bits, 1, &set), 0);
	q.nodes = set;
	CU_ASSERT_EQUAL(mem_pool_create(f.m, &q, 0, &pool), 0);
	CU_ASSERT_EQUAL(mem_set_release(f.m, set), 0);
	CU_ASSERT_EQUAL(mem_pool_nodes(f.m, pool), set);
	CU_ASSERT_EQUAL(mem_pool_nodes(f.m, 7), MEM_SET_EVERYONE);
	CU_ASSERT_EQUAL(mem_set_reclaim_begin(f.m), 0);
	copy = mem_provider_heap_clone(f.prov);
	conf = conf_for(copy);
	m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(mem_pool_nodes(m, pool), set);
	CU_ASSERT(mem_set_has(m, set, 3) && mem_set_has(m, set, 7) && !mem_set_has(m, set, 9));
	CU_ASSERT_EQUAL(mem_set_reclaim_begin(m), 0);
	CU_ASSERT_EQUAL(mem_set_intern(m, &more, 1, &big), 0);
	CU_ASSERT_EQUAL(mem_set_of_node(m, 9, &one), 0);
	CU_ASSERT(mem_set_within(m, set, big) && !mem_set_within(m, big, set));
	CU_ASSERT(mem_set_within(m, one, big) && !mem_set_within(m, one, set));
	CU_ASSERT(mem_set_within(m, big, MEM_SET_EVERYONE));
	CU_ASSERT(!mem_set_within(m, MEM_SET_EVERYONE, big));
	CU_ASSERT_EQUAL(mem_set_intern(m, &other, 1, &big), 0);
	CU_ASSERT_EQUAL(big, one);
	CU_ASSERT_EQUAL(mem_pool_destroy_begin(m, pool, false), 0);
	CU_ASSERT_EQUAL(mem_pool_destroy_end(m, pool), 0);
	CU_ASSERT_EQUAL(mem_set_release(m, set), -EINVAL); /* nobody holds it */
	mem_destroy(m);
	mem_provider_heap_destroy(copy);
	fixture_down(&f);
}

/* Where tables lie and how long they are is not believed; it follows from what there is. */
static void
damaged_layout(void)
{
	const size_t ext = 2 * MIB;
	struct fixture f;
	struct expect e;
	size_t off;

	fixture_up(&f);
	populate(&f, &e);
	for (off = 0; off < MEM_ROOT_CONSTANT; off++)
		if (off < offsetof(struct mem_root, seed) ||
			off >= offsetof(struct mem_root, nb_pools))
			CU_ASSERT(refused(&f, "shmx_mem", off, 0x41));
	/* What stands behind a name's end says nothing, and shrink_above may be any number. */
	for (off = 0; off < MEM_POOL_CONSTANT; off++)
		if (off < offsetof(struct mem_pool_hdr, name) + sizeof("a") ||
			(off >= offsetof(struct mem_pool_hdr, granule_log) &&
				off < offsetof(struct mem_pool_hdr, shrink_above)) ||
			off >= offsetof(struct mem_pool_hdr, quota))
			CU_ASSERT(refused(&f, "shmx_p1", off, 0x41));
	for (off = 0; off < sizeof(struct mem_extent_hdr); off++)
		if (off < offsetof(struct mem_extent_hdr, used) ||
			off >= offsetof(struct mem_extent_hdr, granule_off))
			CU_ASSERT(refused(&f, "shmx_p1_x0", ext + off, 0x41));
	fixture_down(&f);
}

/* What adopting a copy says, with this change of owners on its way in the second pool. */
static int
adopt_with(const struct fixture *f, struct mem_change change)
{
	struct mem_provider *copy = mem_provider_heap_clone(f->prov);
	struct mem_conf conf = conf_for(copy);
	struct mem_pool_hdr *h;
	struct mem *m;
	size_t len;
	void *va;
	int err = 0;

	CU_ASSERT_EQUAL_FATAL(copy->lookup(copy->ctx, "shmx_p2", &va, &len), 0);
	h = va;
	h->change = change;
	m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	mem_detach(m);
	mem_provider_heap_destroy(copy);
	return err;
}

/* The heap's, but for one zone. */
static int
lookup_but_one(void *ctx, const char *name, void **va, size_t *len)
{
	struct mem_provider *heap = ctx;

	return strcmp(name, "shmx_p1_x0") == 0 ? -EIO : heap->lookup(heap->ctx, name, va, len);
}

/* What cannot be had at the moment is not damaged. */
static void
unreadable(void)
{
	struct mem_conf conf;
	struct fixture f;
	struct expect e;
	int err = 0;

	fixture_up(&f);
	populate(&f, &e);
	conf = conf_for(f.prov);
	conf.provider.ctx = f.prov;
	conf.provider.lookup = lookup_but_one;
	CU_ASSERT_PTR_NULL(mem_attach(&conf, MEM_ATTACH_VIEW, &err));
	CU_ASSERT_EQUAL(err, -EIO);
	fixture_down(&f);
}

static void
damaged_change(void)
{
	struct mem_change good = {.going = 1, .len = MIB, .now = {3}}, c;
	struct fixture f;
	struct expect e;

	fixture_up(&f);
	populate(&f, &e);
	good.addr = e.big;
#define CHANGED(error, what)                                                                       \
	c = good;                                                                                  \
	c.what;                                                                                    \
	CU_ASSERT_EQUAL(adopt_with(&f, c), error)
	CHANGED(0, going = 1);
	CHANGED(0, going = 0);
	CHANGED(-EBADMSG, n = MEM_CHANGE_SETS + 1);
	CHANGED(-EBADMSG, now[0] = MEM_SET_FREE);
	CHANGED(-EBADMSG, now[0] = 5000);
	CHANGED(-EBADMSG, addr = mem_addr(e.a, 0));
	CHANGED(-EBADMSG, addr += 1);
	CHANGED(-EBADMSG, addr += 8 * MIB); /* what nobody owns */
	CHANGED(-EBADMSG, len = UINT64_MAX);
#undef CHANGED
	fixture_down(&f);
}

/* A place that another extent has, or that is too long; and an owner that is no set. */
static void
damaged_extents(void)
{
	const size_t second = offsetof(struct mem_pool_hdr, extents) +
	                      sizeof(struct mem_extent_rec);
	struct mem_extent_hdr h;
	struct fixture f;
	struct expect e;
	size_t len;
	void *va;

	fixture_up(&f);
	populate(&f, &e);
	CU_ASSERT(refused(&f, "shmx_p1", second + offsetof(struct mem_extent_rec, first), 1));
	CU_ASSERT(
		refused(&f, "shmx_p1", second + offsetof(struct mem_extent_rec, pages) + 3, 0x80));
	CU_ASSERT_EQUAL_FATAL(f.prov->lookup(f.prov->ctx, "shmx_p1_x0", &va, &len), 0);
	memcpy(&h, (const uint8_t *)va + 2 * MIB, sizeof(h));
	CU_ASSERT(refused(&f, "shmx_p1_x0", h.granule_off + 1, 0x80));
	CU_ASSERT(refused(&f, "shmx_p1_x1", h.block_off + 1, 0x80));
	fixture_down(&f);
}

/* Built-in sets are what they always are; node 0 is in every one. */
static void
damaged_sets(void)
{
	struct mem_provider *copy;
	struct mem_conf conf;
	struct fixture f;
	struct expect e;
	struct mem *m;
	size_t len;
	void *va;
	int err;

	fixture_up(&f);
	populate(&f, &e);
	copy = mem_provider_heap_clone(f.prov);
	conf = conf_for(copy);
	CU_ASSERT_EQUAL_FATAL(copy->lookup(copy->ctx, "shmx_mem", &va, &len), 0);
	memset((uint8_t *)va + ((struct mem_root *)va)->bits_off, 0x5a, 3 * 2 * sizeof(uint64_t));
	memset((uint8_t *)va + ((struct mem_root *)va)->recs_off, 0x5a,
		3 * sizeof(struct mem_set_rec));
	m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	check_seen(m, &e);
	CU_ASSERT_FALSE(mem_set_has(m, MEM_SET_FREE, 3));
	CU_ASSERT_TRUE(mem_set_has(m, MEM_SET_EVERYONE, 99));
	mem_destroy(m);
	mem_provider_heap_destroy(copy);
	fixture_down(&f);
}

/*
 * kill -9. A child works on zones in shared memory and is killed anywhere; the parent adopts.
 */

#define SHARED    (96 * MIB)
#define NB_ZONES  16
#define NB_SLOTS  512
#define KILL_POOL (16 * MIB)
#define QUOTA     (3 * MIB)
#define ASKERS    5 /* nodes that allocate, the memory node among them */

struct shared_zone {
	char name[MEM_ZONE_LEN];
	uint64_t off;
	uint64_t len;
};

/* What the child says it has: a slot is written with state 0 before and 2 after the call. */
struct slot {
	uint32_t state; /* 0 in doubt, 1 empty, 2 live */
	uint16_t set;
	uint16_t node; /* that made it */
	uint64_t addr;
	uint64_t len;
	bool named;
};

struct shared {
	struct shared_zone zones[NB_ZONES];
	uint64_t end;
	uint64_t ops;
	struct slot slots[NB_SLOTS];
};

static struct shared_zone *
shared_find(struct shared *sh, const char *name)
{
	int i;

	for (i = 0; i < NB_ZONES; i++)
		if (strcmp(sh->zones[i].name, name) == 0)
			return &sh->zones[i];
	return NULL;
}

static int
shared_reserve(void *ctx, const char *name, size_t len, size_t align, void **va)
{
	struct shared *sh = ctx;
	struct shared_zone *z = shared_find(sh, "");

	sh->end = (sh->end + align - 1) & ~(align - 1);
	if (z == NULL || sh->end + len > SHARED)
		return -ENOMEM;
	snprintf(z->name, sizeof(z->name), "%s", name);
	z->off = sh->end;
	z->len = len;
	sh->end += len;
	*va = (uint8_t *)ctx + z->off;
	return 0;
}

static int
shared_lookup(void *ctx, const char *name, void **va, size_t *len)
{
	const struct shared_zone *z = shared_find(ctx, name);

	if (z == NULL)
		return -ENOENT;
	*va = (uint8_t *)ctx + z->off;
	*len = z->len;
	return 0;
}

static int
shared_release(void *ctx, const char *name, void *va)
{
	struct shared_zone *z = shared_find(ctx, name);

	if (z == NULL)
		return -ENOENT;
	z->name[0] = 0;
	return 0;
}

static void
slot_name(char *buf, size_t len, const struct shared *sh, const struct slot *s)
{
	snprintf(buf, len, "slot %d", (int)(s - sh->slots));
}

static void
slot_fill(struct mem *m, uint16_t pool, struct shared *sh, struct slot *s)
{
	struct mem_alloc_req req = {.pool = pool};
	char name[32];
	int err;

	slot_name(name, sizeof(name), sh, s);
	s->named = random() % 4 == 0;
	s->set = (uint16_t)(3 + random() % 4);
	s->len = 64 * (uint64_t)(1 + random() % (random() % 32 ? 40 : 20000));
	s->node = (uint16_t)(random() % ASKERS);
	req.len = s->len;
	req.set = s->set;
	req.node = s->node;
	req.name = s->named ? name : NULL;
	if (mem_alloc_for(m, &req, &s->addr) != 0) {
		mem_zero_step(m, pool, 256 * 1024);
		__atomic_store_n(&s->state, 1, __ATOMIC_SEQ_CST);
		return;
	}
	memset(mem_access(m, s->addr, (uint32_t)s->len, 0, &err), 0xee, s->len);
	__atomic_store_n(&s->state, 2, __ATOMIC_SEQ_CST);
}

static void
slot_change(struct mem *m, uint16_t pool, struct shared *sh, struct slot *s)
{
	uint32_t state = s->state;
	uint64_t len;

	__atomic_store_n(&s->state, 0, __ATOMIC_SEQ_CST);
	if (state == 1) {
		slot_fill(m, pool, sh, s);
	} else if (random() % 4 == 0) {
		len = random() % 2 == 0 ? s->len / 128 * 64 + 64 : s->len + s->len / 128 * 64;
		if (mem_resize(m, s->addr, len, 0, NULL) == 0)
			s->len = len;
		__atomic_store_n(&s->state, 2, __ATOMIC_SEQ_CST);
	} else {
		mem_free(m, s->addr, 0);
		__atomic_store_n(&s->state, 1, __ATOMIC_SEQ_CST);
	}
}

static void
child(struct shared *sh, struct mem *m, uint16_t pool)
{
	for (;; sh->ops++) {
		slot_change(m, pool, sh, &sh->slots[random() % NB_SLOTS]);
		if (random() % 8 == 0)
			mem_zero_step(m, pool, 65536);
	}
}

static unsigned int
slot_wrong(struct mem *m, uint16_t pool, const struct shared *sh, const struct slot *s)
{
	struct mem_alloc_info info;
	char name[32];

	if (s->state != 2)
		return 0;
	slot_name(name, sizeof(name), sh, s);
	return mem_alloc_info(m, s->addr, &info) != 0 || info.len != s->len || info.set != s->set ||
	       info.node != s->node || strcmp(info.name, s->named ? name : "") != 0 ||
	       try_access(m, s->addr, (uint32_t)s->len, (uint16_t)(s->set - 2)) != 0;
}

/* Everything recorded is there; then everything goes, and all memory is one zeroed hole. */
static unsigned int
verify(struct mem *m, uint16_t pool, struct shared *sh)
{
	struct mem_alloc_info info;
	struct mem_pool_stat st;
	uint64_t at = mem_addr(pool, 0), held[ASKERS] = {0};
	unsigned int wrong = 0;
	uint8_t *p;
	int i, ret, err;

	for (i = 0; i < NB_SLOTS; i++)
		wrong += slot_wrong(m, pool, sh, &sh->slots[i]);
	for (uint16_t node = 0; node < ASKERS; node++)
		held[node] = mem_pool_held(m, pool, node);
	while ((ret = mem_alloc_next(m, at, &info)) != -ENOENT) {
		at = info.addr;
		if (ret != 0)
			continue;
		held[info.node] -= info.len;
		wrong += mem_free(m, at, (uint16_t)(info.set - 2)) != 0;
		at += info.len;
	}
	for (uint16_t node = 0; node < ASKERS; node++)
		wrong += held[node] != 0 || mem_pool_held(m, pool, node) != 0;
	while (mem_zero_step(m, pool, MIB) != 0)
		;
	mem_pool_stat(m, pool, &st);
	wrong += st.used != 0 || st.nb_names != 0 || st.largest_free != st.size;
	wrong += mem_alloc(m, pool, st.size, 0, 1, NULL, &at) != 0;
	p = mem_access(m, at, (uint32_t)st.size, 0, &err);
	wrong += p == NULL || p[0] != 0 || memcmp(p, p + 1, st.size - 1) != 0;
	wrong += mem_free(m, at, 0) != 0;
	return wrong;
}

static void
kill_once(struct shared *sh, const struct mem_conf *conf, uint16_t pool, int seed)
{
	struct mem *m;
	pid_t pid;
	int i, err, status;

	m = mem_attach(conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	for (i = 0; i < NB_SLOTS; i++)
		sh->slots[i].state = 1;
	fflush(stdout);
	pid = fork();
	CU_ASSERT_FATAL(pid >= 0);
	if (pid == 0) {
		srandom((unsigned int)seed);
		child(sh, m, pool);
	}
	mem_detach(m);
	usleep((useconds_t)(5000 + seed * 977 % 20000));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	m = mem_attach(conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(verify(m, pool, sh), 0);
	mem_detach(m);
}

/* Zones for one pool, that other processes see. */
static struct shared *
shared_up(struct mem_conf *conf, const struct mem_pool_params *q, uint16_t *pool)
{
	struct shared *sh;
	struct mem *m;
	int err;

	sh = mmap(
		NULL, SHARED + 2 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CU_ASSERT_FATAL(sh != MAP_FAILED);
	/* offsets in it are aligned only if its address is */
	sh = (struct shared *)(((uintptr_t)sh + 2 * MIB - 1) & ~(2 * MIB - 1));
	sh->end = sizeof(*sh);
	conf->provider = (struct mem_provider){sh, shared_reserve, shared_lookup, shared_release};
	m = mem_create(conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL_FATAL(mem_pool_create(m, q, 0, pool), 0);
	mem_detach(m);
	for (int i = 0; i < NB_SLOTS; i++)
		sh->slots[i].state = 1;
	return sh;
}

static void
owner_is_killed(void)
{
	const struct mem_pool_params q = {.name = "kill", .size = KILL_POOL, .quota = QUOTA};
	struct mem_conf conf = {0};
	struct shared *sh;
	uint16_t pool;

	sh = shared_up(&conf, &q, &pool);
	for (int i = 0; i < KILLS; i++)
		kill_once(sh, &conf, pool, i);
	printf("%llu calls, %d kills ", (unsigned long long)sh->ops, KILLS);
}

/*
 * The same, at every store of one call: the child is stepped instruction by instruction, and
 * wherever what it keeps has changed, a copy is adopted.
 */

#define STEP_GRANULE UINT64_C(1024)
#define STEP_POOL    (4 * MIB)
#define STEP_FRONT   (2 * MIB - 6 * STEP_GRANULE) /* the call crosses a block of the map */

/* Slot 1 is in doubt, slot 0 lies in front of it, and a hole behind. */
struct step_call {
	const char *what;
	uint64_t before; /* length; 0 does not exist */
	uint64_t after;
	bool owners; /* they change, as below */
	bool sent;   /* to others, and back: gone, or as it was */
	enum mem_own_how how;
};

/* Nodes. Slot 1 is the first one's, and its second half also the second one's, unless it moves. */
#define STEP_FIRST     2
#define STEP_SECOND    3
#define STEP_OTHER     5
#define STEP_BIT(n)    (UINT64_C(1) << (n))
#define STEP_BOTH      (STEP_BIT(STEP_FIRST) | STEP_BIT(STEP_SECOND))
#define STEP_SET_OF(n) ((uint16_t)((n) + 2))
#define STEP_OWN(what, how)                                                                        \
	{                                                                                          \
		what, 20 * STEP_GRANULE, 20 * STEP_GRANULE, true, false, how                       \
	}

static void
step_slot(struct mem *m, uint16_t pool, struct shared *sh, struct slot *s)
{
	struct mem_alloc_req req = {
		.pool = pool, .len = s->len, .set = s->set, .node = s->node, .name = NULL};
	char name[32];

	slot_name(name, sizeof(name), sh, s);
	req.name = name;
	if (mem_alloc_for(m, &req, &s->addr) != 0)
		s->state = 1;
}

static void
step_share(struct mem *m, const struct slot *s, enum mem_own_how how)
{
	const uint64_t both = STEP_BOTH;
	uint16_t set;

	if (how == MEM_OWN_MOVE || mem_set_intern(m, &both, 1, &set) != 0)
		return;
	mem_own_set(m, s->addr + s->len / 2, s->len / 2, set);
	mem_set_release(m, set);
}

static void
step_begin(struct mem *m, uint16_t pool, struct shared *sh, const struct step_call *call)
{
	struct slot *front = &sh->slots[0], *s = &sh->slots[1];
	int err;

	*front = (struct slot){.state = 2, .set = 3, .node = 1, .len = STEP_FRONT, .named = true};
	step_slot(m, pool, sh, front);
	*s = (struct slot){.set = 4, .node = 2, .len = call->before};
	if (call->before == 0) {
		s->len = call->after;
		return;
	}
	step_slot(m, pool, sh, s);
	memset(mem_access(m, s->addr, (uint32_t)s->len, 0, &err), 0xee, s->len);
	if (call->owners)
		step_share(m, s, call->how);
}

/* What nodes the call leaves or finds the granules with, in the first or in the second half. */
static uint64_t
step_nodes(enum mem_own_how how, bool second, bool after)
{
	uint64_t nodes = second && how != MEM_OWN_MOVE ? STEP_BOTH : STEP_BIT(STEP_FIRST);

	if (!after)
		return nodes;
	switch (how) {
	case MEM_OWN_ADD:
		return nodes | STEP_BIT(STEP_OTHER);
	case MEM_OWN_DROP:
		return nodes & ~STEP_BIT(STEP_SECOND);
	case MEM_OWN_MOVE:
		return STEP_BOTH;
	default:
		return STEP_BIT(STEP_OTHER);
	}
}

static void
step_owners(struct mem *m, const struct slot *s, enum mem_own_how how)
{
	const uint64_t both = STEP_BOTH;
	uint16_t set = STEP_SET_OF(how == MEM_OWN_DROP ? STEP_SECOND : STEP_OTHER);

	if (how == MEM_OWN_MOVE)
		mem_set_intern(m, &both, 1, &set);
	mem_own_change(m, s->addr, s->len, how, set, STEP_SET_OF(STEP_FIRST));
}

/* Whether all granules are as they were, or all as they are to be. Then they are one node's. */
static unsigned int
step_owners_wrong(struct mem *m, const struct slot *s, enum mem_own_how how)
{
	uint64_t granules = s->len / STEP_GRANULE, before = 0, after = 0, run;
	uint16_t set;

	for (uint64_t i = 0; i < granules; i++) {
		uint64_t nodes = 0;

		mem_own_run(m, s->addr + i * STEP_GRANULE, STEP_GRANULE, &set, &run);
		mem_set_bitmap(m, set, &nodes, 1);
		before += (nodes & ~UINT64_C(1)) == step_nodes(how, i >= granules / 2, false);
		after += (nodes & ~UINT64_C(1)) == step_nodes(how, i >= granules / 2, true);
	}
	mem_own_set(m, s->addr, s->len, s->set);
	return before != granules && after != granules;
}

static void
step_sent(struct mem *m, const struct slot *s)
{
	mem_sent_set(m, s->addr, true);
	mem_own_set(m, s->addr, s->len, STEP_SET_OF(STEP_OTHER));
	mem_own_set(m, s->addr, s->len, s->set);
	mem_sent_set(m, s->addr, false);
}

static void
step_do(struct mem *m, uint16_t pool, struct shared *sh, const struct step_call *call)
{
	struct slot *s = &sh->slots[1];

	if (call->owners)
		step_owners(m, s, call->how);
	else if (call->sent)
		step_sent(m, s);
	else if (call->before == 0)
		step_slot(m, pool, sh, s);
	else if (call->after == 0)
		mem_free(m, s->addr, 0);
	else
		mem_resize(m, s->addr, call->after, 0, NULL);
}

/* Whether the zones have changed, but for the data; was is brought up to date. */
static bool
step_changed(const struct shared *now, struct shared *was)
{
	const struct shared_zone *z;
	uint64_t off, end;
	bool changed = false;

	for (z = now->zones; z < now->zones + NB_ZONES && z->len != 0; z++) {
		off = z->off + (z->len > STEP_POOL ? STEP_POOL : 0);
		end = z->off + z->len;
		if (memcmp((const uint8_t *)now + off, (uint8_t *)was + off, end - off) == 0)
			continue;
		memcpy((uint8_t *)was + off, (const uint8_t *)now + off, end - off);
		changed = true;
	}
	return changed;
}

/* The slot in doubt is as before the call or as after it, and has its name. */
static unsigned int
step_wrong(struct mem *m, const struct shared *sh, const struct step_call *call)
{
	const struct slot *s = &sh->slots[1];
	struct mem_alloc_info info = {0};
	char name[32];

	if (call->owners)
		return step_owners_wrong(m, s, call->how);
	slot_name(name, sizeof(name), sh, s);
	if (mem_alloc_find(m, sh->slots[0].addr + STEP_FRONT, &info) != 0)
		return call->before != 0 && call->after != 0;
	return (info.len != call->before && info.len != call->after) || info.set != s->set ||
	       info.node != s->node || strcmp(info.name, name) != 0;
}

static unsigned int
step_adopt(
	const struct shared *sh, struct shared *copy, uint16_t pool, const struct step_call *call)
{
	const struct mem_conf conf = {
		.provider = {copy, shared_reserve, shared_lookup, shared_release}};
	unsigned int wrong;
	struct mem *m;
	int err;

	memcpy(copy, sh, sh->end);
	m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	if (m == NULL)
		return 1;
	wrong = step_wrong(m, copy, call) + verify(m, pool, copy);
	mem_detach(m);
	return wrong;
}

/* Returns in how many of its states a call that was killed there leaves what is wrong. */
static unsigned int
step_through(struct shared *sh, struct shared *spare[2], uint16_t pool, pid_t pid,
	const struct step_call *call, unsigned int *states)
{
	unsigned int wrong = 0;
	int status;

	memcpy(spare[0], sh, sh->end);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (step_changed(sh, spare[0])) {
			wrong += step_adopt(sh, spare[1], pool, call) != 0;
			++*states;
		}
		CU_ASSERT_EQUAL_FATAL(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	}
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return wrong;
}

/* Kills a call in the middle: where what it keeps has changed so many times. */
static void
step_kill(const struct shared *sh, struct shared *was, pid_t pid, unsigned int states)
{
	int status;

	memcpy(was, sh, sh->end);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (step_changed(sh, was) && states-- == 0)
			break;
		CU_ASSERT_EQUAL_FATAL(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	}
	CU_ASSERT_FATAL(WIFSTOPPED(status));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

/* A look at the zones takes as long as many instructions, and adoption is long. */
#define STEPS_APART 8

/* Steps through an adoption; every now and then the next process has to do with what is there. */
static unsigned int
step_adoption(struct shared *sh, struct shared *spare[2], uint16_t pool,
	const struct step_call *call, unsigned int every)
{
	const struct mem_conf conf = {
		.provider = {sh, shared_reserve, shared_lookup, shared_release}};
	unsigned int wrong = 0, states = 0, steps = 0;
	int status, err;
	pid_t pid = fork();

	CU_ASSERT_FATAL(pid >= 0);
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(mem_attach(&conf, MEM_ATTACH_ADOPT, &err) == NULL);
	}
	memcpy(spare[0], sh, sh->end);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (++steps % STEPS_APART == 0 && step_changed(sh, spare[0]) &&
			states++ % every == 0)
			wrong += step_adopt(sh, spare[1], pool, call) != 0;
		CU_ASSERT_EQUAL_FATAL(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	}
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	printf("(%u) ", states);
	return wrong;
}

/* A memory, room for two copies of it, and a child that is about to make the call in it. */
struct stepped {
	struct shared *sh, *spare[2];
	uint16_t pool;
	pid_t pid;
};

static void
stepped_up(struct stepped *t, const struct step_call *call)
{
	const struct mem_pool_params q = {.name = "step",
		.size = STEP_POOL,
		.granule = STEP_GRANULE,
		.quota = QUOTA,
		.max_names = 4};
	struct mem_conf conf = {.max_nodes = 16, .max_sets = 32}, none = conf;
	uint16_t other;
	struct mem *m;
	int err;

	t->sh = shared_up(&conf, &q, &t->pool);
	t->spare[0] = shared_up(&none, &q, &other);
	t->spare[1] = shared_up(&none, &q, &other);
	m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	step_begin(m, t->pool, t->sh, call);
	fflush(stdout);
	t->pid = fork();
	CU_ASSERT_FATAL(t->pid >= 0);
	if (t->pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		step_do(m, t->pool, t->sh, call);
		_exit(0);
	}
	mem_detach(m);
}

static void
stepped_down(const struct stepped *t)
{
	munmap(t->sh, SHARED);
	munmap(t->spare[0], SHARED);
	munmap(t->spare[1], SHARED);
}

static void
step_twice(const struct step_call *call, unsigned int at)
{
	struct stepped t;

	stepped_up(&t, call);
	step_kill(t.sh, t.spare[0], t.pid, at);
	CU_ASSERT_EQUAL(step_adoption(t.sh, t.spare, t.pool, call, 7), 0);
	printf("%s ", call->what);
	stepped_down(&t);
}

static void
step_call(const struct step_call *call)
{
	unsigned int states = 0;
	struct stepped t;

	stepped_up(&t, call);
	CU_ASSERT_EQUAL(step_through(t.sh, t.spare, t.pool, t.pid, call, &states), 0);
	CU_ASSERT(states > 5);
	printf("%s %u ", call->what, states);
	stepped_down(&t);
}

static void
owner_is_killed_at_any_store(void)
{
	static const struct step_call calls[] = {
		{"alloc", 0, 12 * STEP_GRANULE},
		{"free", 12 * STEP_GRANULE, 0},
		{"free later", 80 * STEP_GRANULE, 0},
		{"grow", 3 * STEP_GRANULE, 12 * STEP_GRANULE},
		{"cut", 12 * STEP_GRANULE, 3 * STEP_GRANULE},
		{"cut later", 80 * STEP_GRANULE, 3 * STEP_GRANULE},
		{"sent", 12 * STEP_GRANULE, 0, .sent = true},
		STEP_OWN("own", MEM_OWN_SET),
		STEP_OWN("add", MEM_OWN_ADD),
		STEP_OWN("drop", MEM_OWN_DROP),
		STEP_OWN("move", MEM_OWN_MOVE),
	};

	for (size_t i = 0; i < RTE_DIM(calls); i++)
		step_call(&calls[i]);
}

/* And who adopts is killed again. */
static void
adoption_is_killed(void)
{
	static const struct step_call calls[] = {
		{"cut later", 80 * STEP_GRANULE, 3 * STEP_GRANULE},
		STEP_OWN("add", MEM_OWN_ADD),
	};

	/* valgrind is stepped through as well */
	if (getenv("SHMX_SHORT") != NULL)
		return;
	for (size_t i = 0; i < RTE_DIM(calls); i++)
		step_twice(&calls[i], 5);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {
		{"adopt_elsewhere", adopt_elsewhere},
		{"adopt_keeps_ids", adopt_keeps_ids},
		{"view_of_a_live_owner", view_of_a_live_owner},
		{"view_of_a_damaged_mask", view_of_a_damaged_mask},
		{"damaged_zones", damaged_zones},
		{"nodes_of_a_pool", nodes_of_a_pool},
		{"damaged_layout", damaged_layout},
		{"damaged_extents", damaged_extents},
		{"damaged_change", damaged_change},
		{"unreadable", unreadable},
		{"damaged_sets", damaged_sets},
		{"owner_is_killed", owner_is_killed},
		{"owner_is_killed_at_any_store", owner_is_killed_at_any_store},
		{"adoption_is_killed", adoption_is_killed},
		{NULL, NULL},
	};

	return run_suite("mem adopt", tests);
}
