/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Zones of an earlier process: adopting them for good, or looking at those of a live owner.
 *
 * The owner may have died between any two stores. The truth that is read: states in the directory
 * and the extent tables, the two bits per granule, the map, and the records of names and sets.
 * The order of stores elsewhere (mem_order()) leaves these cases only:
 *   start bit on a free granule        an allocation or a free half done: the chunk is a hole
 *   neither free nor behind a start    the rest of the same: a hole
 *   a chunk whose first granule is     freed and not ended, waiting to be zeroed, or not yet
 *   free in the map                    claimed: it is zeroed, and a hole
 * A change of owners whose plan is there is finished. Marks (mortal, sent) count where a live
 * allocation starts, and are dropped elsewhere; then what was sent is freed. Everything else
 * (lengths, classes, indexes, counts) is derived from what is left.
 */

#include "mem_priv.h"

/* First granule from g on whose bit is set in free | start; or clear in free. */
static uint32_t
next_edge(const struct mem_ext *x, uint32_t g, bool leave_hole)
{
	uint32_t w;
	uint64_t v;

	for (; g < x->nb_granules; g = (g / 64 + 1) * 64) {
		w = g / 64;
		v = leave_hole ? ~x->free[w] : x->free[w] | x->start[w];
		v >>= g % 64;
		if (v != 0)
			return g + (uint32_t)__builtin_ctzll(v);
	}
	return x->nb_granules;
}

static void
set_bits(uint64_t *bits, uint32_t g, uint32_t n, bool on)
{
	for (; n > 0; g++, n--) {
		if (g % 64 == 0 && n >= 64) {
			bits[g / 64] = on ? ~UINT64_C(0) : 0;
			g += 63;
			n -= 63;
		} else if (on) {
			bits[g / 64] |= UINT64_C(1) << (g % 64);
		} else {
			bits[g / 64] &= ~(UINT64_C(1) << (g % 64));
		}
	}
}

/* Marks count where a live allocation starts. */
static void
clear_marks(struct mem_ext *x, uint32_t g, uint32_t n)
{
	set_bits(x->mortal, g, n, false);
	set_bits(x->sent, g, n, false);
}

/* A chunk nobody owns. Returns true when it has become part of the hole. */
static bool
recover(struct mem *m, struct mem_spot *s, uint32_t n, bool chunk)
{
	mem_map_set(m, s, n, MEM_SET_FREE);
	clear_marks(s->x, s->g, n);
	if (chunk && !mem_zero_at_once(s->p, n)) {
		mem_chunk_describe(s->x, s->g, n);
		s->x->hdr->used += n;
		mem_zero_queue(s->p, s->x, s->g, n);
		return false;
	}
	memset(s->x->data + ((uint64_t)s->g << s->p->granule_log), 0,
		(uint64_t)n << s->p->granule_log);
	set_bits(s->x->start, s->g, n, false);
	set_bits(s->x->free, s->g, n, true);
	return true;
}

static void
close_hole(struct mem_ext *x, uint32_t *hole, uint32_t end)
{
	if (*hole == HBM_NONE)
		return;
	mem_chunk_describe(x, *hole, end - *hole);
	mem_class_mark(x, *hole, end - *hole);
	*hole = HBM_NONE;
}

/* Granules of an allocation up to the first that nobody owns. */
static uint32_t
owned_len(const struct mem_spot *s, uint32_t n)
{
	struct mem_spot at = *s;
	uint32_t end = s->g + n;
	uint16_t set;

	for (; at.g < end; at.g += mem_map_run(&at, end - at.g, set)) {
		set = mem_map_get(&at);
		if (set == MEM_SET_FREE)
			break;
	}
	return at.g - s->g;
}

/* The chunk of n granules that starts at s->g is an allocation. How long it is. */
static uint32_t
scan_live(struct mem_spot *s, uint32_t n)
{
	struct mem_ext *x = s->x;
	uint32_t len = owned_len(s, n);

	if (len < n)
		set_bits(x->start, s->g + len, 1, true);
	clear_marks(x, s->g + 1, len - 1);
	mem_chunk_describe(x, s->g, len);
	x->hdr->used += len;
	s->p->hdr->nb_allocs++;
	mem_charge_add(s, len);
	return len;
}

/* What begins at s->g: n granules, and whether they are (now) part of a hole. */
static bool
scan_one(struct mem *m, struct mem_spot *s, uint32_t *n)
{
	struct mem_ext *x = s->x;

	if (hbm_test(x->free, s->g)) {
		*n = next_edge(x, s->g, true) - s->g;
		set_bits(x->start, s->g, *n, false);
		clear_marks(x, s->g, *n);
		return true;
	}
	*n = next_edge(x, s->g + 1, false) - s->g;
	if (!hbm_test(x->start, s->g))
		return recover(m, s, *n, false);
	if (mem_map_get(s) == MEM_SET_FREE)
		return recover(m, s, *n, true);
	*n = scan_live(s, *n);
	return false;
}

/*
 * All that is derived in an extent. Also makes a fresh one, where it finds nothing to count and so
 * leaves alone what home has of the pool.
 */
void
mem_ext_rebuild(struct mem *m, struct mem_pool *p, struct mem_ext *x)
{
	struct mem_spot s = {.p = p, .x = x, .g = 0};
	uint32_t n, hole = HBM_NONE, c;
	size_t words = x->pages.words;

	memset(x->class_bits, 0, MEM_CLASSES * words * sizeof(uint64_t));
	memset(x->desc, 0, x->nb_descs * sizeof(*x->desc));
	x->hdr->used = 0;
	x->hdr->zero_first = 0;
	for (; s.g < x->nb_granules; s.g += n) {
		if (!scan_one(m, &s, &n))
			close_hole(x, &hole, s.g);
		else if (hole == HBM_NONE)
			hole = s.g;
	}
	close_hole(x, &hole, x->nb_granules);
	hbm_rebuild(&x->starts, x->start);
	hbm_rebuild(&x->starts, x->mortal);
	hbm_rebuild(&x->starts, x->sent);
	for (c = 0; c < MEM_CLASSES; c++)
		hbm_rebuild(&x->pages, x->class_bits + c * words);
}

/* A zone that has to be there. */
static int
lookup(struct mem *m, int pool, int extent, void **zone, size_t *len)
{
	int ret = mem_zone_lookup(m, pool, extent, zone, len);

	return ret == -ENOENT ? -EBADMSG : ret;
}

/* A zone whose header says what the pool's table says. */
static int
find_ext(struct mem *m, struct mem_pool *p, uint32_t i)
{
	const struct mem_extent_rec *rec = &p->hdr->extents[i];
	const struct mem_extent_hdr *h;
	struct mem_extent_hdr want;
	uint64_t off, len;
	size_t zone_len;
	void *zone;
	int ret;

	if ((uint64_t)rec->first + rec->pages > p->hdr->span || rec->pages == 0 ||
		(uint64_t)rec->pages << MEM_PAGE_LOG > mem_ext_most(p->granule_log))
		return -EBADMSG;
	ret = lookup(m, p->id, (int)i, &zone, &zone_len);
	if (ret != 0)
		return ret;
	len = mem_ext_layout(
		&want, (uint64_t)rec->pages << MEM_PAGE_LOG, p->granule_log, p->held != NULL, &off);
	h = (const struct mem_extent_hdr *)(const void *)((const uint8_t *)zone + off);
	if (zone_len < len || h->magic != MEM_EXT_MAGIC || h->len != len ||
		h->nb_granules != want.nb_granules ||
		memcmp(&h->granule_off, &want.granule_off,
			sizeof(want) - offsetof(struct mem_extent_hdr, granule_off)) != 0)
		return -EBADMSG;
	mem_ext_map(p, i, zone);
	return 0;
}

/* What adoption believes of an extent and cannot make good: its place, who owns it, who made it. */
static bool
ext_sound(const struct mem *m, const struct mem_pool *p, const struct mem_ext *x)
{
	uint32_t i;

	for (i = 0; i < x->nb_pages; i++)
		if (p->pages[x->first + i].va != NULL)
			return false;
	return mem_map_valid(m, p, x) && mem_charge_valid(m, x);
}

static int
adopt_extents(struct mem *m, struct mem_pool *p)
{
	struct mem_pool_hdr *h = p->hdr;
	uint32_t i;
	int ret;

	for (i = 0; i < MEM_EXTENTS; i++) {
		if (h->extents[i].state != MEM_STATE_LIVE) {
			/* it was being made or released when the owner died */
			if (h->extents[i].state != MEM_STATE_NONE)
				mem_ext_leave(m, p->id, &h->extents[i], i, NULL);
			continue;
		}
		ret = find_ext(m, p, i);
		if (ret != 0)
			return ret;
		if (!ext_sound(m, p, &p->ext[i]))
			return -EBADMSG;
		mem_map_count(m, p, &p->ext[i], 1);
		mem_ext_rebuild(m, p, &p->ext[i]);
		h->used += (uint64_t)p->ext[i].hdr->used << p->granule_log;
		mem_hole_show(p, &p->ext[i]);
		mem_ext_publish(p, &p->ext[i]);
		h->size_bytes += (uint64_t)p->ext[i].nb_pages << MEM_PAGE_LOG;
		h->nb_extents++;
	}
	return 0;
}

/* The pool's zone, if it is sound. */
static int
find_pool(struct mem *m, uint16_t id)
{
	const struct mem_pool_hdr *h;
	size_t len;
	void *zone;
	int ret = lookup(m, id, -1, &zone, &len);

	if (ret != 0)
		return ret;
	h = zone;
	if (len < sizeof(*h) || h->magic != MEM_POOL_MAGIC)
		return -EBADMSG;
	if (h->version != MEM_VERSION || h->size != sizeof(*h))
		return -EPROTO;
	if (strncmp(h->name, mem_dirent_of(m, id)->name, MEM_NAME_LEN) != 0 ||
		mem_pool_check(h, len) != 0)
		return -EBADMSG;
	return mem_pool_private(m, id, zone);
}

static int
adopt_pool(struct mem *m, uint16_t id)
{
	struct mem_pool_hdr *h;
	struct mem_pool *p;
	int ret = find_pool(m, id);

	if (ret != 0)
		return ret;
	p = mem_pool_get(m, id);
	h = p->hdr;
	if (mem_set_hold(m, (uint16_t)h->nodes) != 0)
		return -EBADMSG;
	h->used = h->zeroing = h->size_bytes = h->nb_allocs = 0;
	h->nb_extents = 0;
	if (p->held != NULL)
		memset(p->held, 0, MEM_HELD_LEN);
	memset(h->class_mask, 0, sizeof(h->class_mask));
	memset(h->zero_mask, 0, sizeof(h->zero_mask));
	memset(h->class_ext, 0, sizeof(h->class_ext));
	ret = adopt_extents(m, p);
	if (ret != 0)
		return ret;
	mem_pool_publish(m, p);
	mem_names_rebuild(m, p);
	ret = mem_own_resume(m, p);
	return ret != 0 ? ret : mem_sent_free(m, p);
}

/* A pool that was being made or destroyed: every zone it may have. */
static void
discard_pool(struct mem *m, uint16_t id)
{
	bool stays = false;
	int i;

	for (i = 0; i < MEM_EXTENTS; i++)
		stays |= mem_zone_stays(mem_zone_release(m, id, i, NULL));
	stays |= mem_zone_stays(mem_zone_release(m, id, -1, NULL));
	mem_dir_leave(m, id, stays);
}

static int
adopt(struct mem *m)
{
	uint32_t id, state;
	int ret;

	mem_sets_rebuild(m);
	for (id = m->first_pool; id <= mem_last_pool(m); id++) {
		state = mem_dirent_of(m, (uint16_t)id)->state;
		if (state == MEM_STATE_LIVE) {
			ret = adopt_pool(m, (uint16_t)id);
			if (ret != 0)
				return ret;
		} else if (state != MEM_STATE_NONE) {
			discard_pool(m, (uint16_t)id);
		}
	}
	return 0;
}

/* Makes one extent of a view agree with the owner's table. */
static int
refresh_ext(struct mem *m, struct mem_pool *p, uint32_t i)
{
	const struct mem_extent_rec *rec = &p->hdr->extents[i];
	struct mem_ext *x = &p->ext[i];
	bool live = __atomic_load_n(&rec->state, __ATOMIC_ACQUIRE) == MEM_STATE_LIVE;
	int ret;

	if (x->hdr != NULL && (!live || x->first != rec->first || x->nb_pages != rec->pages)) {
		mem_ext_unpublish(p, x);
		x->hdr = NULL;
	}
	if (!live || x->hdr != NULL)
		return 0;
	ret = find_ext(m, p, i);
	if (ret == 0)
		mem_ext_publish(p, x);
	return ret;
}

static int
refresh_pool(struct mem *m, uint16_t id)
{
	const struct mem_dirent *d = mem_dirent_of(m, id);
	bool live = __atomic_load_n(&d->state, __ATOMIC_ACQUIRE) == MEM_STATE_LIVE;
	struct mem_pool *p = mem_pool_get(m, id);
	uint32_t i;
	int ret = 0;

	if (!live) {
		__atomic_store_n(&m->views[mem_pool_index(m, id)].pages, NULL, __ATOMIC_RELEASE);
		if (p != NULL)
			mem_pool_forget(m, p);
		return 0;
	}
	if (p == NULL)
		ret = find_pool(m, id);
	p = mem_pool_get(m, id);
	for (i = 0; ret == 0 && i < MEM_EXTENTS; i++)
		ret = refresh_ext(m, p, i);
	if (ret == 0)
		mem_pool_publish(m, p);
	return ret;
}

int
mem_refresh(struct mem *m)
{
	uint32_t id;
	int ret = 0;

	if (m->priv->mode != MEM_ATTACH_VIEW)
		return -EINVAL;
	for (id = m->first_pool; ret == 0 && id <= mem_last_pool(m); id++)
		ret = refresh_pool(m, (uint16_t)id);
	return ret;
}

/* One that was never finished has no pools: who adopts it begins anew. */
static int
root_find(struct mem *m, void *zone, size_t len)
{
	int ret = mem_root_check(zone, len);

	if (ret == -ENOENT && m->priv->mode == MEM_ATTACH_ADOPT)
		mem_zone_release(m, -1, -1, zone);
	return ret;
}

struct mem *
mem_attach(const struct mem_conf *conf, enum mem_attach_mode mode, int *err)
{
	struct mem *m = mem_new(conf, err);
	size_t len;
	void *zone;

	if (m == NULL)
		return NULL;
	m->priv->mode = mode;
	*err = mem_zone_lookup(m, -1, -1, &zone, &len);
	if (*err == 0)
		*err = root_find(m, zone, len);
	if (*err == 0)
		*err = mem_root_map(m, zone);
	if (*err == 0)
		*err = mode == MEM_ATTACH_VIEW ? mem_refresh(m) : adopt(m);
	if (*err == 0)
		return m;
	/* the tables may not be there yet */
	if (m->views != NULL && m->priv->pools != NULL)
		mem_detach(m);
	else
		mem_delete(m);
	return NULL;
}
