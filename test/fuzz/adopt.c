/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Zones of an earlier process with anything in them: what was in use when it died, and the input's
 * changes to it. Zones may also be missing, or shorter than they say.
 *
 * What must hold: either they are refused with an errno and nothing is kept, or what was adopted
 * can be walked, used and destroyed; in bounded time, and without a look outside of the zones. Who
 * only looks at them, as at those of a live owner, releases and changes nothing.
 */

#include <errno.h>

#include "fuzz.h"
#include "mem/mem.h"
#include "mem/mem_layout.h"
#include "mem/mem_access.h"

#define ZONES     12
#define CHANGES   64
#define LIMIT_MAX (UINT64_C(1) << 34) /* of a pool: tables for it are made */
#define STEPS_MAX 4096
#define NODES     70
#define QUOTA     MEM_PAGE_SIZE /* of the pool with small granules */

struct zone {
	char name[MEM_ZONE_LEN]; /* empty: not in use */
	uint8_t *va;
	size_t len;
	size_t meta;    /* where what is not data begins */
	uint8_t *saved; /* from there on, as it was when the owner died */
	size_t told;    /* its length, as mem_attach() is told */
	bool gone;      /* released, or missing */
};

static struct zone zones[ZONES];
static uint64_t some_addr;

static struct zone *
find(const char *name)
{
	for (unsigned int i = 0; i < ZONES; i++)
		if (!zones[i].gone && strcmp(zones[i].name, name) == 0)
			return &zones[i];
	return NULL;
}

/* Only while the first owner lives; later nothing grows. */
static bool may_reserve = true;
static bool looking;

static int
zone_reserve(void *ctx, const char *name, size_t len, size_t align, void **va)
{
	struct zone *z = find("");
	void *p;

	if (!may_reserve)
		return -ENOMEM;
	CHECK(z != NULL && posix_memalign(&p, align, len) == 0);
	*z = (struct zone){.va = p, .len = len, .told = len};
	snprintf(z->name, sizeof(z->name), "%s", name);
	*va = p;
	return 0;
}

static int
zone_lookup(void *ctx, const char *name, void **va, size_t *len)
{
	const struct zone *z = find(name);

	if (z == NULL)
		return -ENOENT;
	*va = z->va;
	*len = z->told;
	return 0;
}

static int
zone_release(void *ctx, const char *name, void *va)
{
	struct zone *z = find(name);

	CHECK(!looking);
	if (z == NULL && va == NULL)
		return -ENOENT;
	CHECK(z != NULL && (va == NULL || z->va == va));
	z->gone = true;
	return 0;
}

static struct mem_conf
conf(void)
{
	return (struct mem_conf){.last_pool = 4,
		.max_nodes = NODES,
		.max_sets = 6,
		.seed = 1,
		.provider = {
			.reserve = zone_reserve, .lookup = zone_lookup, .release = zone_release}};
}

static uint16_t
pool_make(struct mem *m, const char *name, uint64_t size, uint32_t granule)
{
	struct mem_pool_params q = {.size = size,
		.max_size = 4 * size,
		.granule = granule,
		.extent_size = MEM_PAGE_SIZE,
		.max_names = 8,
		.quota = granule == 64 ? QUOTA : 0};
	uint16_t id;

	snprintf(q.name, sizeof(q.name), "%s", name);
	CHECK(mem_pool_create(m, &q, 0, &id) == 0);
	return id;
}

static int
alloc_for(struct mem *m, uint16_t pool, uint64_t len, uint16_t node, uint64_t *addr)
{
	const struct mem_alloc_req req = {
		.len = len, .pool = pool, .set = MEM_SET_EVERYONE, .node = node};

	return mem_alloc_for(m, &req, addr);
}

/* Something of everything: names, a set, a piece that is being freed, one that is being cleared, an
 * extent on its way in and one on its way out, a pool on its way out. */
static void
populate(struct mem *m)
{
	uint16_t a = pool_make(m, "a", 2 * MEM_PAGE_SIZE, 4096), set;
	uint16_t b = pool_make(m, "b", MEM_PAGE_SIZE, 64);
	uint16_t c = pool_make(m, "c", MEM_PAGE_SIZE, 32768);
	uint64_t bits = 1 << 3 | 1 << 7, addr;
	struct mem_extent x;
	struct mem_freed freed;

	CHECK(mem_set_intern(m, &bits, 1, &set) == 0);
	CHECK(mem_alloc(m, b, 1000, 0, set, "root", &some_addr) == 0);
	CHECK(mem_alloc(m, b, 64, 0, MEM_SET_EVERYONE, "word", &addr) == 0);
	for (uint16_t node = 1; node < 4; node++)
		CHECK(alloc_for(m, b, 100 * node, node, &addr) == 0);
	CHECK(mem_alloc(m, b, 300000, 0, MEM_SET_EVERYONE, NULL, &addr) == 0);
	CHECK(mem_own_set(m, addr, 128, set) == 0);
	CHECK(mem_alloc(m, b, 3000, 0, 3, NULL, &addr) == 0);
	CHECK(mem_free_begin(m, addr, 0, &freed) == 0);
	CHECK(mem_alloc(m, b, 200000, 0, 3, NULL, &addr) == 0);
	CHECK(mem_free(m, addr, 0) == 0);
	CHECK(mem_alloc(m, a, MEM_PAGE_SIZE, 0, set, "big", &addr) == 0);
	CHECK(mem_extent_prepare(m, a, MEM_PAGE_SIZE, &x) == 0);
	CHECK(mem_extent_prepare(m, b, MEM_PAGE_SIZE, &x) == 0);
	CHECK(mem_extent_attach(m, &x) == 0);
	CHECK(mem_extent_detach(m, b, MEM_PAGE_SIZE, &x) == 0);
	CHECK(mem_pool_destroy_begin(m, c, true) == 0);
}

/* Data is 2 MiB a zone, which nothing here reads: only the rest is put back for each run. */
static void
save(void)
{
	for (unsigned int i = 0; i < ZONES; i++) {
		struct zone *z = &zones[i];

		if (z->name[0] == '\0')
			continue;
		z->meta = strchr(z->name, 'x') > strchr(z->name, '_') ? MEM_PAGE_SIZE : 0;
		z->saved = malloc(z->len - z->meta);
		CHECK(z->saved != NULL);
		memcpy(z->saved, z->va + z->meta, z->len - z->meta);
	}
}

static void
restore(void)
{
	for (unsigned int i = 0; i < ZONES; i++) {
		struct zone *z = &zones[i];

		z->gone = z->name[0] == '\0';
		z->told = z->len;
		if (!z->gone)
			memcpy(z->va + z->meta, z->saved, z->len - z->meta);
	}
}

/* Offsets of tables, which every zone keeps in its header. */
static uint64_t
table(const struct zone *z, unsigned int i)
{
	uint64_t word;

	memcpy(&word, z->saved + 8 * (size_t)i, sizeof(word));
	return word >= z->meta && word < z->len ? word - z->meta : 0;
}

/* Bytes somewhere in a zone: behind its beginning, or that of one of its tables. */
static void
change(struct input *in)
{
	struct zone *z = &zones[in_below(in, ZONES)];
	uint8_t how = in_u8(in), table_nb = in_u8(in);
	size_t at, len, n = (size_t[]){1, 2, 4, 8}[how % 4];
	uint64_t value;

	if (z->name[0] == '\0')
		return;
	len = z->len - z->meta;
	at = (how & 4 ? table(z, table_nb % 32) : 0) + (how & 8 ? in_u16(in) : in_u8(in));
	if (how & 16)
		at = at / n * n;
	value = how & 32 ? in_u8(in) : in_u64(in);
	for (unsigned int i = how & 64 ? 1 + in_u8(in) : 1; i > 0 && at + n <= len; i--, at += n)
		memcpy(z->va + z->meta + at, &value, n);
}

/* A pool's limit costs tables of this process, and is no business of this test. */
static void
bound_limits(void)
{
	for (unsigned int i = 0; i < ZONES; i++) {
		struct mem_pool_hdr *h = (struct mem_pool_hdr *)(void *)zones[i].va;

		if (zones[i].name[0] == '\0' || zones[i].meta != 0 ||
			strcmp(zones[i].name, "shmx_mem") == 0)
			continue;
		if (h->max_size > LIMIT_MAX)
			h->max_size = LIMIT_MAX;
		if (h->span > 2 * LIMIT_MAX / MEM_PAGE_SIZE)
			h->span = 2 * LIMIT_MAX / MEM_PAGE_SIZE;
	}
}

static void
change_all(struct input *in)
{
	uint8_t n = in_u8(in), odd = in_u8(in);

	for (unsigned int i = n % CHANGES; i > 0; i--)
		change(in);
	bound_limits();
	if (odd % 16 == 1)
		zones[in_below(in, ZONES)].gone = true;
	if (odd % 16 == 2) {
		struct zone *z = &zones[in_below(in, ZONES)];

		z->told = z->len > 0 ? in_u32(in) % z->len : 0;
	}
}

/* Every allocation that is there, and what can be asked of it. Returns how many stay. */
static unsigned int
walk(struct mem *m, uint16_t pool, bool release)
{
	uint64_t at = mem_addr(pool, 0), bits[2];
	struct mem_alloc_info info;
	unsigned int steps = 0, kept = 0;
	int ret, err;

	while ((ret = mem_alloc_next(m, at, &info)) != -ENOENT && steps++ < STEPS_MAX) {
		CHECK(ret == 0 || ret == -EAGAIN);
		CHECK(mem_addr_pool(info.addr) == pool && info.addr >= at);
		at = info.addr;
		if (ret != 0)
			continue;
		CHECK(info.len > 0 && strnlen(info.name, MEM_NAME_LEN) < MEM_NAME_LEN);
		mem_access(m, at, 1, 7, &err);
		mem_own_check(m, at, info.len, 3);
		mem_set_bitmap(m, info.set, bits, RTE_DIM(bits));
		ret = release ? mem_free(m, at, 0) : 0;
		/* Where pieces of it are nobody's, it stays. */
		CHECK(ret == 0 || ret == -ESTALE);
		kept += ret != 0;
		at += !release || ret != 0;
	}
	CHECK(steps < STEPS_MAX || !release);
	return kept;
}

/* Each node is charged with what it made that is there, where anyone is. */
static void
check_held(struct mem *m, uint16_t pool, bool quota)
{
	uint64_t at = mem_addr(pool, 0), held[MEM_NODES_MAX] = {0};
	struct mem_alloc_info info;
	int ret;

	while ((ret = mem_alloc_next(m, at, &info)) != -ENOENT) {
		at = info.addr + (ret == 0);
		CHECK(ret != 0 || info.node < (quota ? NODES : 1));
		if (ret == 0 && quota)
			held[info.node] += info.len;
	}
	for (uint16_t node = 0; node < MEM_NODES_MAX; node++)
		CHECK(mem_pool_held(m, pool, node) == held[node]);
}

static void
use(struct mem *m, uint16_t pool, struct input *in)
{
	struct mem_pool_stat st;
	uint64_t addr, len;
	unsigned int kept;

	CHECK(mem_pool_stat(m, pool, &st) == 0);
	CHECK(st.used <= st.size && st.largest_free <= st.size);
	CHECK(strnlen(st.name, MEM_NAME_LEN) < MEM_NAME_LEN);
	mem_alloc_lookup(m, pool, "root", &addr, &len);
	check_held(m, pool, st.quota != 0);
	walk(m, pool, false);
	for (unsigned int i = in_u8(in) % 8; i > 0; i--) {
		if (alloc_for(m, pool, 1 + in_u16(in), (uint16_t)i, &addr) != 0)
			continue;
		CHECK(mem_own_check(m, addr, 1, 5) == 0);
		mem_resize(m, addr, 1 + in_u16(in), 0, NULL);
		if (i % 2 == 0)
			CHECK(mem_free(m, addr, 0) == 0);
	}
	check_held(m, pool, st.quota != 0);
	kept = walk(m, pool, true);
	check_held(m, pool, st.quota != 0);
	for (unsigned int i = 0; mem_zero_step(m, pool, MEM_PAGE_SIZE) != 0; i++)
		CHECK(i < STEPS_MAX);
	CHECK(mem_pool_stat(m, pool, &st) == 0);
	CHECK(st.nb_allocs == kept && st.zeroing == 0 && (st.used == 0) == (kept == 0));
}

static void
use_all(struct mem *m, struct input *in)
{
	uint16_t ids[8], set;
	uint64_t bits = 6;
	uint32_t n = mem_pool_list(m, 0, ids, RTE_DIM(ids));

	CHECK(n <= RTE_DIM(ids));
	if (mem_set_intern(m, &bits, 1, &set) == 0) {
		CHECK(mem_set_has(m, set, 1) && mem_set_has(m, set, 2) && !mem_set_has(m, set, 3));
		CHECK(mem_set_release(m, set) == 0);
	}
	for (uint32_t i = 0; i < n; i++)
		use(m, ids[i], in);
	mem_set_reclaim_begin(m);
	mem_set_reclaim_end(m);
}

static bool
refused(int err)
{
	return err == -EBADMSG || err == -EPROTO || err == -ENOENT || err == -ENOMEM;
}

/* What may be asked of memory that a live owner has. */
static void
look_at(struct mem *m, uint16_t pool)
{
	struct mem_pool_stat st;
	uint64_t bits[2];
	int err;

	CHECK(mem_pool_peek(m, pool, &st) == 0);
	for (uint16_t node = 0; node <= MEM_NODES_MAX; node++)
		mem_pool_held(m, pool, node);
	CHECK(strnlen(st.name, MEM_NAME_LEN) < MEM_NAME_LEN);
	for (uint64_t off = 0; off < 6 * MEM_PAGE_SIZE; off += 65536 + 8) {
		mem_access(m, mem_addr(pool, off), 8, 7, &err);
		mem_own_check(m, mem_addr(pool, off), 10000, 3);
	}
	for (uint16_t set = 0; set < 80; set++) {
		mem_set_has(m, set, 3);
		mem_set_bitmap(m, set, bits, RTE_DIM(bits));
	}
}

static void
look(const struct mem_conf *c)
{
	uint16_t ids[8];
	struct mem *m;
	uint32_t n;
	int err = 0;

	m = mem_attach(c, MEM_ATTACH_VIEW, &err);
	if (m == NULL) {
		CHECK(refused(err));
		return;
	}
	n = mem_pool_list(m, 0, ids, RTE_DIM(ids));
	CHECK(n <= RTE_DIM(ids));
	for (uint32_t i = 0; i < n; i++)
		look_at(m, ids[i]);
	CHECK(mem_refresh(m) == 0);
	mem_destroy(m);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct mem_conf c = conf();
	struct mem *m;
	int err;

	m = mem_create(&c, &err);
	CHECK(m != NULL);
	populate(m);
	mem_detach(m);
	save();
	may_reserve = false;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	struct mem_conf c = conf();
	struct mem *m;
	int err = 0;

	restore();
	change_all(&in);
	looking = true;
	look(&c);
	looking = false;
	m = mem_attach(&c, MEM_ATTACH_ADOPT, &err);
	if (m == NULL) {
		CHECK(refused(err));
		return 0;
	}
	CHECK(err == 0);
	use_all(m, &in);
	mem_destroy(m);
	return 0;
}
