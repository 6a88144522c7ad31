/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Pools: the directory, creation, destruction, statistics. */

#include <stdlib.h>

#include "mem_priv.h"

#define GRANULE_MIN_LOG 6
#define GRANULE_MAX_LOG 15 /* 64 granules, a word of the allocator, are then 2 MiB */
#define NAMES_MAX       (1u << 20)
#define POOL_MAX_SIZE   (UINT64_C(1) << 46)
/* Up to pages, at most: what an earlier process rounded is checked by the same rule. */
#define TO_BE_ROUNDED_MAX (POOL_MAX_SIZE - MEM_PAGE_SIZE)

/* The id of a name. */
static int
dir_find(const struct mem *m, const char *name)
{
	const struct mem_dirent *d = m->priv->dir;
	uint32_t i;

	for (i = 0; i < m->nb_views; i++)
		if (__atomic_load_n(&d[i].state, __ATOMIC_ACQUIRE) != MEM_STATE_NONE &&
			strncmp(d[i].name, name, MEM_NAME_LEN) == 0)
			return (int)(m->first_pool + i);
	return -ENOENT;
}

/* An id for a new pool. */
static int
dir_take(struct mem *m, uint16_t hint)
{
	const struct mem_dirent *d = m->priv->dir;
	uint32_t i;

	if (hint != 0) {
		if (!mem_pool_ours(m, hint))
			return -EINVAL;
		return mem_dirent_of(m, hint)->state == MEM_STATE_NONE ? hint : -EEXIST;
	}
	for (i = 0; i < m->nb_views; i++)
		if (d[i].state == MEM_STATE_NONE)
			return (int)(m->first_pool + i);
	return -ENOSPC;
}

/* After the sizes were rounded. */
static int
check_policy(const struct mem_pool_params *q)
{
	if (q->grow_below >= POOL_MAX_SIZE || q->shrink_above >= POOL_MAX_SIZE ||
		(q->grow_below == 0) != (q->grow_by == 0) ||
		(q->grow_by != 0 && q->max_size == q->size) ||
		(q->shrink_above != 0 && q->shrink_above < q->grow_below + q->grow_by))
		return -EINVAL;
	return 0;
}

/* Bytes of an extent. */
static uint64_t
most_of(const struct mem_pool_params *q)
{
	return mem_ext_most((uint32_t)__builtin_ctz(q->granule));
}

/* Fills in the defaults. */
static int
check_params(struct mem_pool_params *q)
{
	q->granule = q->granule ? q->granule : 1u << GRANULE_MIN_LOG;
	q->max_names = q->max_names ? q->max_names : 1024;
	if (memchr(q->name, 0, MEM_NAME_LEN) == NULL)
		return -ENAMETOOLONG;
	if (q->name[0] == 0 || !rte_is_power_of_2(q->granule) ||
		q->granule < 1u << GRANULE_MIN_LOG || q->granule > 1u << GRANULE_MAX_LOG ||
		q->max_names > NAMES_MAX || q->size > TO_BE_ROUNDED_MAX ||
		q->max_size > TO_BE_ROUNDED_MAX || q->grow_by > TO_BE_ROUNDED_MAX ||
		q->quota > TO_BE_ROUNDED_MAX || q->size > MEM_EXTENTS * most_of(q))
		return -EINVAL;
	q->size = RTE_ALIGN_CEIL(q->size, (uint64_t)MEM_PAGE_SIZE);
	q->max_size = RTE_ALIGN_CEIL(RTE_MAX(q->max_size, q->size), (uint64_t)MEM_PAGE_SIZE);
	q->extent_size = RTE_ALIGN_CEIL(q->extent_size, (uint64_t)MEM_PAGE_SIZE);
	if (q->extent_size == 0 || q->extent_size > q->size)
		q->extent_size = q->size;
	q->extent_size = RTE_MIN(q->extent_size, most_of(q));
	q->nodes = q->nodes != MEM_SET_FREE ? q->nodes : MEM_SET_EVERYONE;
	q->grow_by = RTE_ALIGN_CEIL(q->grow_by, (uint64_t)MEM_PAGE_SIZE);
	q->quota = RTE_ALIGN_CEIL(q->quota, (uint64_t)q->granule);
	return check_policy(q);
}

static void
layout(struct mem_pool_hdr *h, const struct mem_pool_params *q)
{
	uint64_t off = sizeof(*h);

	memset(h, 0, sizeof(*h));
	h->version = MEM_VERSION;
	h->size = sizeof(*h);
	memcpy(h->name, q->name, MEM_NAME_LEN);
	h->granule_log = (uint32_t)__builtin_ctz(q->granule);
	h->max_size = q->max_size;
	h->span = (uint32_t)(q->max_size >> MEM_PAGE_LOG) * 2;
	h->max_names = q->max_names;
	h->name_buckets = mem_index_buckets(q->max_names);
	h->by_name_off = off;
	off += h->name_buckets * sizeof(struct mem_bucket);
	h->by_addr_off = off;
	off += h->name_buckets * sizeof(struct mem_bucket);
	h->names_off = off;
	off += h->max_names * sizeof(struct mem_name);
	h->stack_off = off;
	h->min_size = q->size;
	h->grow_below = q->grow_below;
	h->grow_by = q->grow_by;
	h->shrink_above = q->shrink_above;
	h->nodes = q->nodes;
	h->quota = q->quota;
	off += h->max_names * sizeof(uint32_t);
	h->len = q->quota == 0 ? off : RTE_ALIGN_CEIL(off, (uint64_t)64) + MEM_HELD_LEN;
}

/* Whether a pool's zone is laid out as it would be here, for as much as it says it holds. */
int
mem_pool_check(const struct mem_pool_hdr *h, size_t len)
{
	struct mem_pool_params q = {
		.size = h->min_size,
		.max_size = h->max_size,
		.max_names = h->max_names,
		.grow_below = h->grow_below,
		.grow_by = h->grow_by,
		.shrink_above = h->shrink_above,
		.nodes = (uint16_t)h->nodes,
		.quota = h->quota,
	};
	struct mem_pool_hdr want;

	if (h->granule_log > GRANULE_MAX_LOG || h->nodes == MEM_SET_FREE)
		return -EBADMSG;
	q.granule = 1u << h->granule_log;
	memcpy(q.name, h->name, MEM_NAME_LEN);
	if (check_params(&q) != 0)
		return -EBADMSG;
	layout(&want, &q);
	want.magic = h->magic;
	return h->len <= len && memcmp(&want, h, MEM_POOL_CONSTANT) == 0 ? 0 : -EBADMSG;
}

void
mem_pool_map(struct mem_pool *p, void *zone)
{
	struct mem_pool_hdr *h = zone;
	uint8_t *z = zone;

	p->hdr = h;
	p->granule_log = h->granule_log;
	p->names = (struct mem_name *)(void *)(z + h->names_off);
	p->stack = (uint32_t *)(void *)(z + h->stack_off);
	p->held = h->quota != 0 ? (uint64_t *)(void *)(z + h->len - MEM_HELD_LEN) : NULL;
	p->by_name.buckets = (struct mem_bucket *)(void *)(z + h->by_name_off);
	p->by_addr.buckets = (struct mem_bucket *)(void *)(z + h->by_addr_off);
	p->by_name.mask = p->by_addr.mask = h->name_buckets - 1;
}

/* What this process keeps of a pool, not yet published. */
int
mem_pool_private(struct mem *m, uint16_t id, void *zone)
{
	struct mem_pool *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -ENOMEM;
	p->id = id;
	mem_pool_map(p, zone);
	p->pages = calloc(RTE_MAX(p->hdr->span, 1u), sizeof(*p->pages));
	if (p->pages == NULL) {
		free(p);
		return -ENOMEM;
	}
	__atomic_store_n(&m->priv->pools[mem_pool_index(m, id)], p, __ATOMIC_RELEASE);
	return 0;
}

void
mem_pool_publish(struct mem *m, struct mem_pool *p)
{
	struct mem_view *v = &m->views[mem_pool_index(m, p->id)];

	v->nb_pages = p->hdr->span;
	v->granule_log = p->granule_log;
	__atomic_store_n(&v->pages, p->pages, __ATOMIC_RELEASE);
}

void
mem_pool_forget(struct mem *m, struct mem_pool *p)
{
	m->priv->pools[mem_pool_index(m, p->id)] = NULL;
	free(p->pages);
	free(p);
}

static void
dir_state(struct mem *m, uint16_t id, enum mem_state state)
{
	__atomic_store_n(&mem_dirent_of(m, id)->state, state, __ATOMIC_RELEASE);
}

/*
 * The id of a pool whose zones have gone is free. Where some stay, no other pool may get it, until
 * the next process has tried again; but its name.
 */
void
mem_dir_leave(struct mem *m, uint16_t id, bool stays)
{
	if (stays)
		mem_dirent_of(m, id)->name[0] = 0;
	dir_state(m, id, stays ? MEM_STATE_LEAVING : MEM_STATE_NONE);
}

/* Zones of all extents, whatever their state, then of the pool. Whether any stays. */
static bool
release_zones(struct mem *m, struct mem_pool *p)
{
	void *zone = p->hdr;
	bool stays = false;
	int i;

	for (i = 0; i < MEM_EXTENTS; i++) {
		if (p->ext[i].hdr == NULL)
			continue;
		mem_map_count(m, p, &p->ext[i], -1);
		p->ext[i].hdr->magic = 0;
		stays |= mem_zone_stays(mem_zone_release(m, p->id, i, p->ext[i].zone));
	}
	mem_set_release(m, (uint16_t)p->hdr->nodes);
	p->hdr->magic = 0;
	return stays | mem_zone_stays(mem_zone_release(m, p->id, -1, zone));
}

/* The initial extents. */
static int
fill_up(struct mem *m, uint16_t id, const struct mem_pool_params *q)
{
	uint64_t left = q->size, len;
	struct mem_extent x;
	int ret;

	for (; left > 0; left -= len) {
		len = RTE_MIN(left, q->extent_size);
		ret = mem_extent_prepare(m, id, len, &x);
		if (ret == 0)
			ret = mem_ext_attach(m, &x);
		if (ret != 0)
			return ret;
	}
	return 0;
}

static int
build(struct mem *m, uint16_t id, const struct mem_pool_params *q)
{
	struct mem_pool_hdr *h;
	struct mem_pool *p;
	uint64_t len;
	void *zone;
	int ret;

	h = malloc(sizeof(*h));
	if (h == NULL)
		return -ENOMEM;
	layout(h, q);
	len = h->len;
	ret = mem_zone_reserve(m, id, -1, len, &zone);
	if (ret == 0) {
		memset(zone, 0, len);
		memcpy(zone, h, sizeof(*h));
		ret = mem_pool_private(m, id, zone);
		if (ret != 0)
			mem_zone_release(m, id, -1, zone);
	}
	free(h);
	if (ret != 0)
		return ret;
	p = mem_pool_get(m, id);
	mem_set_hold(m, q->nodes);
	mem_names_rebuild(m, p);
	ret = fill_up(m, id, q);
	if (ret != 0)
		return ret;
	__atomic_store_n(&p->hdr->magic, MEM_POOL_MAGIC, __ATOMIC_RELEASE);
	return 0;
}

/* Takes back what there is of a pool. Whether any zone of it stays. */
static bool
unmake(struct mem *m, uint16_t id)
{
	struct mem_pool *p = mem_pool_get(m, id);
	bool stays = p != NULL && release_zones(m, p);

	if (p != NULL)
		mem_pool_forget(m, p);
	mem_dir_leave(m, id, stays);
	return stays;
}

int
mem_pool_create(
	struct mem *m, const struct mem_pool_params *params, uint16_t id_hint, uint16_t *out)
{
	struct mem_pool_params q = *params;
	int id, ret = check_params(&q);

	if (ret != 0)
		return ret;
	if (!mem_set_usable(m, q.nodes))
		return -EINVAL;
	if (dir_find(m, q.name) >= 0)
		return -EEXIST;
	id = dir_take(m, id_hint);
	if (id < 0)
		return id;
	memcpy(mem_dirent_of(m, (uint16_t)id)->name, q.name, MEM_NAME_LEN);
	dir_state(m, (uint16_t)id, MEM_STATE_MAKING);
	ret = build(m, (uint16_t)id, &q);
	if (ret != 0) {
		unmake(m, (uint16_t)id);
		return ret;
	}
	dir_state(m, (uint16_t)id, MEM_STATE_LIVE);
	mem_pool_publish(m, mem_pool_get(m, (uint16_t)id));
	*out = (uint16_t)id;
	return 0;
}

int
mem_pool_destroy_begin(struct mem *m, uint16_t pool, bool force)
{
	struct mem_pool *p = mem_pool_get(m, pool);

	if (p == NULL || mem_dirent_of(m, pool)->state != MEM_STATE_LIVE)
		return -ENOENT;
	if (p->hdr->nb_allocs != 0 && !force)
		return -EBUSY;
	__atomic_store_n(&m->views[mem_pool_index(m, pool)].pages, NULL, __ATOMIC_RELEASE);
	dir_state(m, pool, MEM_STATE_LEAVING);
	return 0;
}

int
mem_pool_destroy_end(struct mem *m, uint16_t pool)
{
	if (mem_pool_get(m, pool) == NULL || mem_dirent_of(m, pool)->state != MEM_STATE_LEAVING)
		return -ENOENT;
	return unmake(m, pool) ? -EIO : 0;
}

int
mem_pool_lookup(const struct mem *m, const char *name, uint16_t *id)
{
	int i = dir_find(m, name);

	if (i < 0 || mem_dirent_of(m, (uint16_t)i)->state != MEM_STATE_LIVE)
		return -ENOENT;
	*id = (uint16_t)i;
	return 0;
}

uint16_t
mem_pool_nodes(const struct mem *m, uint16_t pool)
{
	const struct mem_pool *p = mem_pool_live(m, pool);

	return p != NULL ? (uint16_t)p->hdr->nodes : MEM_SET_EVERYONE;
}

bool
mem_pool_exists(const struct mem *m, uint16_t pool)
{
	return mem_pool_live(m, pool) != NULL;
}

uint32_t
mem_pool_list(const struct mem *m, uint16_t first, uint16_t *ids, uint32_t n)
{
	uint32_t i = first > m->first_pool ? mem_pool_index(m, first) : 0, found = 0;

	for (; i < m->nb_views && found < n; i++)
		if (__atomic_load_n(&m->priv->dir[i].state, __ATOMIC_ACQUIRE) == MEM_STATE_LIVE)
			ids[found++] = (uint16_t)(m->first_pool + i);
	return found;
}

/* All but what only home may look for. */
static void
describe(const struct mem_pool *p, struct mem_pool_stat *st)
{
	const struct mem_pool_hdr *h = p->hdr;

	memset(st, 0, sizeof(*st));
	memcpy(st->name, h->name, MEM_NAME_LEN);
	st->id = p->id;
	st->granule = 1u << p->granule_log;
	st->nb_extents = __atomic_load_n(&h->nb_extents, __ATOMIC_RELAXED);
	st->size = __atomic_load_n(&h->size_bytes, __ATOMIC_RELAXED);
	st->max_size = h->max_size;
	st->grow_below = h->grow_below;
	st->grow_by = h->grow_by;
	st->shrink_above = h->shrink_above;
	st->quota = h->quota;
	st->used = __atomic_load_n(&h->used, __ATOMIC_RELAXED);
	st->zeroing = __atomic_load_n(&h->zeroing, __ATOMIC_RELAXED);
	st->free = st->size > st->used ? st->size - st->used : 0;
	st->nb_allocs = __atomic_load_n(&h->nb_allocs, __ATOMIC_RELAXED);
	st->nb_names = __atomic_load_n(&h->nb_names, __ATOMIC_RELAXED);
}

int
mem_pool_stat(const struct mem *m, uint16_t pool, struct mem_pool_stat *st)
{
	const struct mem_pool *p = mem_pool_live(m, pool);

	if (p == NULL)
		return -ENOENT;
	describe(p, st);
	st->largest_free = (uint64_t)mem_hole_largest(p) << p->granule_log;
	return 0;
}

int
mem_pool_peek(const struct mem *m, uint16_t pool, struct mem_pool_stat *st)
{
	const struct mem_pool *p = mem_pool_live(m, pool);

	if (p == NULL)
		return -ENOENT;
	describe(p, st);
	st->largest_free = (uint64_t)mem_hole_at_least(p) << p->granule_log;
	return 0;
}
