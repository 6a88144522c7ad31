/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Extents: one zone each, holding data, then its part of the map and of the allocator. So growth
 * brings its own bookkeeping, and a pool may have a large limit at no cost.
 */

#include "mem_priv.h"

/* Pages of 2 MiB in len; 0 when it cannot be one extent. */
static uint32_t
pages_of(uint64_t len, uint32_t granule_log)
{
	uint64_t pages = len / MEM_PAGE_SIZE + (len % MEM_PAGE_SIZE != 0);

	if (pages > mem_ext_most(granule_log) / MEM_PAGE_SIZE)
		return 0;
	return (uint32_t)pages;
}

static uint64_t
place(uint64_t *end, uint64_t len)
{
	uint64_t off = *end;

	*end = RTE_ALIGN_CEIL(off + len, (uint64_t)64);
	return off;
}

/* Where everything goes in the zone of an extent with that much data; its length. */
uint64_t
mem_ext_layout(struct mem_extent_hdr *h, uint64_t data, uint32_t granule_log, bool quota,
	uint64_t *hdr_off)
{
	uint64_t end = data, granules = data >> granule_log;
	struct hbm pages, starts;

	memset(h, 0, sizeof(*h));
	hbm_shape(&pages, (uint32_t)(granules / 64));
	hbm_shape(&starts, (uint32_t)granules);
	*hdr_off = place(&end, sizeof(*h));
	h->nb_granules = (uint32_t)granules;
	h->granule_off = place(&end, granules * sizeof(uint16_t));
	h->block_off = place(&end, (data >> MEM_PAGE_LOG) * sizeof(uint16_t));
	h->free_off = place(&end, granules / 8);
	h->start_off = place(&end, starts.words * sizeof(uint64_t));
	h->mortal_off = place(&end, starts.words * sizeof(uint64_t));
	h->sent_off = place(&end, starts.words * sizeof(uint64_t));
	h->desc_off = place(&end, granules / 64 * sizeof(struct mem_desc));
	h->class_off = place(&end, (uint64_t)MEM_CLASSES * pages.words * sizeof(uint64_t));
	h->charge_off = place(&end, quota ? granules * sizeof(uint16_t) : 0);
	h->len = end;
	return end;
}

/* Finds the parts of a zone whose header is in place. */
void
mem_ext_map(struct mem_pool *p, uint32_t index, void *zone)
{
	const struct mem_extent_rec *rec = &p->hdr->extents[index];
	struct mem_ext *x = &p->ext[index];
	uint8_t *z = zone;

	x->hdr = (struct mem_extent_hdr *)(void *)(z + ((uint64_t)rec->pages << MEM_PAGE_LOG));
	x->zone = zone;
	x->data = z;
	x->granule = (uint16_t *)(void *)(z + x->hdr->granule_off);
	x->block = (uint16_t *)(void *)(z + x->hdr->block_off);
	x->free = (uint64_t *)(void *)(z + x->hdr->free_off);
	x->start = (uint64_t *)(void *)(z + x->hdr->start_off);
	x->mortal = (uint64_t *)(void *)(z + x->hdr->mortal_off);
	x->sent = (uint64_t *)(void *)(z + x->hdr->sent_off);
	x->desc = (struct mem_desc *)(void *)(z + x->hdr->desc_off);
	x->class_bits = (uint64_t *)(void *)(z + x->hdr->class_off);
	x->charge = p->held != NULL ? (uint16_t *)(void *)(z + x->hdr->charge_off) : NULL;
	x->nb_granules = x->hdr->nb_granules;
	x->nb_descs = x->nb_granules / 64;
	hbm_shape(&x->pages, x->nb_descs);
	hbm_shape(&x->starts, x->nb_granules);
	x->first = rec->first;
	x->nb_pages = rec->pages;
	x->index = (uint16_t)index;
}

void
mem_ext_publish(struct mem_pool *p, struct mem_ext *x)
{
	struct mem_page *page = &p->pages[x->first];
	uint32_t i;

	for (i = 0; i < x->nb_pages; i++, page++) {
		page->block = x->block + i;
		page->granule = x->granule + (size_t)i * mem_block_granules(p);
		page->left = x->nb_pages - i;
		page->extent = x->index;
		__atomic_store_n(
			&page->va, x->data + ((uint64_t)i << MEM_PAGE_LOG), __ATOMIC_RELEASE);
	}
}

void
mem_ext_unpublish(struct mem_pool *p, struct mem_ext *x)
{
	uint32_t i;

	for (i = 0; i < x->nb_pages; i++)
		__atomic_store_n(&p->pages[x->first + i].va, NULL, __ATOMIC_RELEASE);
}

static bool
rec_in_use(const struct mem_extent_rec *r)
{
	return __atomic_load_n(&r->state, __ATOMIC_ACQUIRE) != MEM_STATE_NONE;
}

/* Does [first, first + pages) meet an extent? Then go on behind it. */
static bool
gap_taken(const struct mem_pool_hdr *h, uint32_t *first, uint32_t pages)
{
	const struct mem_extent_rec *r;

	for (r = h->extents; r < h->extents + MEM_EXTENTS; r++) {
		if (rec_in_use(r) && *first < r->first + r->pages && r->first < *first + pages) {
			*first = r->first + r->pages;
			return true;
		}
	}
	return false;
}

/* The lowest gap in the pool's offsets that is long enough. */
static int
find_gap(const struct mem_pool_hdr *h, uint32_t pages, uint32_t *first)
{
	*first = 0;
	while (*first + pages <= h->span)
		if (!gap_taken(h, first, pages))
			return 0;
	return -ENOSPC;
}

static int
find_record(struct mem_pool_hdr *h, uint32_t pages, uint32_t *index, uint32_t *first)
{
	uint64_t sum = pages;
	uint32_t i;

	*index = MEM_EXTENTS;
	for (i = MEM_EXTENTS; i-- > 0;) {
		if (rec_in_use(&h->extents[i]))
			sum += h->extents[i].pages;
		else
			*index = i;
	}
	if (sum << MEM_PAGE_LOG > h->max_size)
		return -E2BIG;
	return *index == MEM_EXTENTS ? -ENOSPC : find_gap(h, pages, first);
}

/* A fresh zone becomes an extent that is one hole. */
static void
format(struct mem *m, struct mem_pool *p, uint32_t index, void *zone)
{
	uint64_t data = (uint64_t)p->hdr->extents[index].pages << MEM_PAGE_LOG;
	struct mem_extent_hdr h, *hdr;
	uint64_t len, off;

	len = mem_ext_layout(&h, data, p->granule_log, p->held != NULL, &off);
	memset(zone, 0, len);
	hdr = (struct mem_extent_hdr *)(void *)((uint8_t *)zone + off);
	*hdr = h;
	mem_ext_map(p, index, zone);
	memset(p->ext[index].free, 0xff, h.nb_granules / 8);
	mem_ext_rebuild(m, p, &p->ext[index]);
	__atomic_store_n(&hdr->magic, MEM_EXT_MAGIC, __ATOMIC_RELEASE);
}

int
mem_extent_prepare(struct mem *m, uint16_t pool, uint64_t len, struct mem_extent *out)
{
	struct mem_pool *p = mem_pool_get(m, pool);
	struct mem_extent_hdr h;
	uint32_t index, first, pages;
	uint64_t off;
	void *zone;
	int ret;

	if (p == NULL)
		return -ENOENT;
	pages = pages_of(len, p->granule_log);
	if (pages == 0)
		return -EINVAL;
	ret = find_record(p->hdr, pages, &index, &first);
	if (ret != 0)
		return ret;
	p->hdr->extents[index] = (struct mem_extent_rec){.first = first, .pages = pages};
	__atomic_store_n(&p->hdr->extents[index].state, MEM_STATE_MAKING, __ATOMIC_RELEASE);
	ret = mem_zone_reserve(m, pool, (int)index,
		mem_ext_layout(
			&h, (uint64_t)pages << MEM_PAGE_LOG, p->granule_log, p->held != NULL, &off),
		&zone);
	if (ret != 0) {
		__atomic_store_n(&p->hdr->extents[index].state, MEM_STATE_NONE, __ATOMIC_RELEASE);
		return ret;
	}
	format(m, p, index, zone);
	*out = (struct mem_extent){.pool = pool, .index = (uint16_t)index, .pages = pages};
	return 0;
}

/* The extent of a handle, if it is in that state. */
static int
resolve(const struct mem *m, const struct mem_extent *h, struct mem_pool **p, struct mem_ext **x)
{
	*p = mem_pool_get(m, h->pool);
	if (*p == NULL)
		return -ENOENT;
	if (h->index >= MEM_EXTENTS || (*p)->ext[h->index].hdr == NULL ||
		(*p)->ext[h->index].nb_pages != h->pages)
		return -EINVAL;
	*x = &(*p)->ext[h->index];
	return 0;
}

int
mem_extent_attach(struct mem *m, const struct mem_extent *h)
{
	/* Control may be releasing a pool that is not published any more. */
	return mem_pool_live(m, h->pool) != NULL ? mem_ext_attach(m, h) : -ENOENT;
}

int
mem_ext_attach(struct mem *m, const struct mem_extent *h)
{
	struct mem_pool *p;
	struct mem_ext *x;
	int ret = resolve(m, h, &p, &x);

	if (ret != 0)
		return ret;
	if (p->hdr->extents[x->index].state != MEM_STATE_MAKING)
		return -EINVAL;
	__atomic_store_n(&p->hdr->extents[x->index].state, MEM_STATE_LIVE, __ATOMIC_RELEASE);
	mem_ext_publish(p, x);
	mem_hole_show(p, x);
	mem_stat_add(&p->hdr->size_bytes, (uint64_t)x->nb_pages << MEM_PAGE_LOG);
	mem_stat_add32(&p->hdr->nb_extents, 1);
	return 0;
}

/* The largest extent that is free and not too long; waiting tells of one that will be. */
static struct mem_ext *
pick_free(struct mem_pool *p, uint64_t max_len, bool *waiting)
{
	struct mem_ext *x, *best = NULL;

	for (x = p->ext; x < p->ext + MEM_EXTENTS; x++) {
		if (p->hdr->extents[x - p->ext].state != MEM_STATE_LIVE ||
			(uint64_t)x->nb_pages << MEM_PAGE_LOG > max_len)
			continue;
		if (x->hdr->used != 0)
			*waiting |= x->hdr->zero_first != 0;
		else if (best == NULL || x->nb_pages > best->nb_pages)
			best = x;
	}
	return best;
}

int
mem_extent_detach(struct mem *m, uint16_t pool, uint64_t max_len, struct mem_extent *out)
{
	struct mem_pool *p = mem_pool_live(m, pool);
	struct mem_ext *x;
	bool waiting = false;

	if (p == NULL)
		return -ENOENT;
	x = pick_free(p, max_len, &waiting);
	if (x == NULL)
		return waiting ? -EAGAIN : -EBUSY;
	mem_hole_hide(p, x);
	mem_ext_unpublish(p, x);
	__atomic_store_n(&p->hdr->extents[x->index].state, MEM_STATE_LEAVING, __ATOMIC_RELEASE);
	mem_stat_add(&p->hdr->size_bytes, -((uint64_t)x->nb_pages << MEM_PAGE_LOG));
	mem_stat_add32(&p->hdr->nb_extents, (uint32_t)-1);
	*out = (struct mem_extent){.pool = pool, .index = x->index, .pages = x->nb_pages};
	return 0;
}

/*
 * Releases a zone, and frees its record. Where the zone stays, so does the record, with no place in
 * the pool: no other gets its name, and adoption tries again.
 */
int
mem_ext_leave(struct mem *m, uint16_t pool, struct mem_extent_rec *rec, uint32_t i, void *zone)
{
	int ret = mem_zone_release(m, pool, (int)i, zone);

	if (!mem_zone_stays(ret)) {
		__atomic_store_n(&rec->state, MEM_STATE_NONE, __ATOMIC_RELEASE);
		return ret;
	}
	__atomic_store_n(&rec->state, MEM_STATE_LEAVING, __ATOMIC_RELEASE);
	rec->first = rec->pages = 0;
	return ret;
}

int
mem_extent_release(struct mem *m, const struct mem_extent *h)
{
	struct mem_pool *p;
	struct mem_ext *x;
	uint32_t state;
	int ret = resolve(m, h, &p, &x);

	if (ret != 0)
		return ret;
	state = __atomic_load_n(&p->hdr->extents[x->index].state, __ATOMIC_ACQUIRE);
	if (state != MEM_STATE_LEAVING && state != MEM_STATE_MAKING)
		return -EBUSY;
	x->hdr->magic = 0;
	x->hdr = NULL;
	return mem_ext_leave(m, h->pool, &p->hdr->extents[h->index], h->index, x->zone);
}
