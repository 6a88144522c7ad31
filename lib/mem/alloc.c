/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Allocations: allocate, free, resize, look at. All on the home worker. */

#include "mem_priv.h"

#define NEXT_STEPS 64 /* chunks one mem_alloc_next() walks over */

/* Granules of len; 0 when it is nothing or too much for any extent. */
static uint32_t
granules_of(const struct mem_pool *p, uint64_t len)
{
	uint64_t n = (len >> p->granule_log) + ((len & ((1u << p->granule_log) - 1)) != 0);

	return n > MEM_EXT_GRANULES ? 0 : (uint32_t)n;
}

/* Alignment in granules; 0 when it is not one. */
static uint32_t
align_of(const struct mem_pool *p, uint64_t align, uint64_t len)
{
	if (align == MEM_ALIGN_NATURAL)
		align = len >= MEM_PAGE_SIZE ? MEM_PAGE_SIZE : rte_align64pow2(len);
	if (align == 0)
		return 1;
	if (!rte_is_power_of_2((uint32_t)RTE_MIN(align, (uint64_t)UINT32_MAX)) ||
		align > MEM_PAGE_SIZE)
		return 0;
	return RTE_MAX((uint32_t)(align >> p->granule_log), 1u);
}

static int
take(struct mem_pool *p, uint32_t n, uint32_t align, struct mem_spot *s)
{
	uint32_t hole, len;

	/* Memory that waits to be zeroed may help; when to zero it is the caller's to say. */
	if (!mem_hole_find(p, n, align, s, &hole, &len))
		return p->hdr->zeroing != 0 ? -EAGAIN : -ENOMEM;
	mem_hole_take(p, s->x, hole, len, s->g, n);
	return 0;
}

/* Whether all about a request is right but, perhaps, that there is no room. */
static int
check(const struct mem *m, const struct mem_pool *p, const struct mem_alloc_req *req)
{
	int ret = 0;

	if (req->len == 0 || align_of(p, req->align, req->len) == 0 || req->set == MEM_SET_FREE ||
		!mem_set_usable(m, req->set) || (req->mortal && req->set == MEM_SET_EVERYONE))
		return -EINVAL;
	if (req->name != NULL)
		ret = mem_names_check(m, p, req->name);
	return ret != 0 ? ret : mem_quota_check(m, p, req->node, req->len);
}

/* What adoption reads of it, before the claim, which makes it live. */
static void
mark(const struct mem_spot *s, uint32_t n, const struct mem_alloc_req *req)
{
	if (req->mortal)
		hbm_set(&s->x->starts, s->x->mortal, s->g);
	mem_charge_set(s, n, req->node);
	mem_order();
}

int
mem_alloc_for(struct mem *m, const struct mem_alloc_req *req, uint64_t *addr)
{
	struct mem_pool *p = mem_pool_live(m, req->pool);
	struct mem_spot s;
	uint32_t n;
	uint64_t at;
	int ret;

	if (p == NULL)
		return -ENOENT;
	ret = check(m, p, req);
	if (ret != 0)
		return ret;
	n = granules_of(p, req->len);
	ret = n == 0 ? -ENOMEM : take(p, n, align_of(p, req->align, req->len), &s);
	if (ret != 0)
		return ret;
	at = mem_spot_addr(&s);
	if (req->name != NULL && mem_names_add(m, p, req->name, mem_addr_off(at)) != 0) {
		mem_hole_give(p, s.x, s.g, n);
		return -ENOSPC;
	}
	mark(&s, n, req);
	mem_map_claim(m, &s, n, req->set);
	mem_stat_add(&p->hdr->nb_allocs, 1);
	*addr = at;
	return 0;
}

int
mem_alloc(struct mem *m, uint16_t pool, uint64_t len, uint64_t align, uint16_t set,
	const char *name, uint64_t *addr)
{
	const struct mem_alloc_req req = {
		.len = len, .align = align, .name = name, .pool = pool, .set = set};

	return mem_alloc_for(m, &req, addr);
}

/* The live allocation that starts at addr. */
int
mem_live_at(const struct mem *m, uint64_t addr, struct mem_spot *s)
{
	int ret = mem_locate(m, addr, s);

	if (ret != 0)
		return ret;
	if ((addr & ((1u << s->p->granule_log) - 1)) != 0)
		return -EINVAL;
	if (!hbm_test(s->x->start, s->g) || mem_map_get(s) == MEM_SET_FREE)
		return -ENOENT;
	return 0;
}

/* The live allocation that contains addr. */
static int
live_around(const struct mem *m, uint64_t addr, struct mem_spot *s, uint32_t *n)
{
	uint32_t g, at;
	int ret = mem_locate(m, addr, s);

	if (ret != 0)
		return ret;
	at = s->g;
	g = hbm_prev(&s->x->starts, s->x->start, at);
	if (g == HBM_NONE)
		return -ENOENT;
	s->g = g;
	*n = mem_chunk_len(s->x, g);
	return at - g < *n && mem_map_get(s) != MEM_SET_FREE ? 0 : -ENOENT;
}

static uint64_t
bytes_of(const struct mem_spot *s, uint32_t n)
{
	return (uint64_t)n << s->p->granule_log;
}

/* What the end of a free will find. */
static struct mem_freed
freed_of(const struct mem_spot *s, uint32_t n)
{
	uint64_t len = bytes_of(s, n);

	return (struct mem_freed){
		.addr = mem_spot_addr(s),
		.len = len,
		.at_once = mem_zero_at_once(s->p, n) ? len : 0,
	};
}

/* May by_node do as it likes with the n granules? */
static int
owns_all(const struct mem *m, const struct mem_spot *s, uint32_t n, uint16_t by_node)
{
	if (by_node == 0)
		return 0;
	return mem_own_check(m, mem_spot_addr(s), bytes_of(s, n), by_node) == 0 ? 0 : -EPERM;
}

int
mem_free_begin(struct mem *m, uint64_t addr, uint16_t by_node, struct mem_freed *f)
{
	struct mem_spot s;
	uint32_t n;
	int ret = mem_live_at(m, addr, &s);

	if (ret != 0)
		return ret;
	n = mem_chunk_len(s.x, s.g);
	ret = owns_all(m, &s, n, by_node);
	if (ret != 0)
		return ret;
	mem_charge_add(&s, -(int64_t)n);
	mem_map_set(m, &s, n, MEM_SET_FREE);
	/* Not before: whoever adopts a live allocation may know nothing of it but its name. */
	mem_names_del(m, s.p, mem_addr_off(addr));
	mem_mark_clear(&s, s.x->mortal);
	mem_mark_clear(&s, s.x->sent);
	mem_stat_add(&s.p->hdr->nb_allocs, (uint64_t)-1);
	*f = freed_of(&s, n);
	return 0;
}

int
mem_free_end(struct mem *m, const struct mem_freed *f)
{
	struct mem_spot s;
	uint32_t n;
	int ret;

	if (f->len == 0)
		return 0;
	ret = mem_locate(m, f->addr, &s);
	if (ret != 0)
		return ret;
	/* Whatever the caller mixes up, only a chunk whose free began may come back. */
	if (!hbm_test(s.x->start, s.g) || mem_map_get(&s) != MEM_SET_FREE)
		return -ENOENT;
	n = mem_chunk_len(s.x, s.g);
	if (bytes_of(&s, n) != f->len)
		return -EINVAL;
	if (mem_zero_queued(s.x, s.g, n))
		return -ENOENT;
	if (!mem_zero_at_once(s.p, n)) {
		mem_zero_queue(s.p, s.x, s.g, n);
		return 0;
	}
	memset(s.x->data + bytes_of(&s, s.g), 0, f->len);
	mem_hole_give(s.p, s.x, s.g, n);
	return 0;
}

int
mem_free(struct mem *m, uint64_t addr, uint16_t by_node)
{
	struct mem_freed f;
	int ret = mem_free_begin(m, addr, by_node, &f);

	return ret != 0 ? ret : mem_free_end(m, &f);
}

/* Whether what is in the way, first, between g and end was freed and only waits to be zeroed. */
static bool
will_be_free(const struct mem_ext *x, uint32_t g, uint32_t end)
{
	if (end > x->nb_granules)
		return false;
	if (hbm_test(x->free, g))
		g += mem_hole_len(x, g);
	return g < end && hbm_test(x->start, g) && mem_zero_queued(x, g, mem_chunk_len(x, g));
}

static int
grow(struct mem *m, const struct mem_spot *s, uint32_t n, uint32_t to)
{
	struct mem_spot last = {.p = s->p, .x = s->x, .g = s->g + n - 1};
	struct mem_spot more = {.p = s->p, .x = s->x, .g = s->g + n};

	if (to == 0)
		return -ENOMEM;
	if (!mem_hole_extend(s->p, s->x, s->g, n, to))
		return will_be_free(s->x, s->g + n, s->g + to) ? -EAGAIN : -ENOMEM;
	mem_charge_add(s, to - n);
	mem_map_claim(m, &more, to - n, mem_map_get(&last));
	return 0;
}

/* Cuts the tail off as a chunk whose free began. */
static void
cut(struct mem *m, const struct mem_spot *s, uint32_t n, uint32_t to, struct mem_freed *tail)
{
	struct mem_spot rest = {.p = s->p, .x = s->x, .g = s->g + to};

	mem_charge_add(s, (int64_t)to - n);
	mem_map_set(m, &rest, n - to, MEM_SET_FREE);
	mem_chunk_split(s->x, s->g, n, to);
	*tail = freed_of(&rest, n - to);
}

int
mem_resize(struct mem *m, uint64_t addr, uint64_t len, uint16_t by_node, struct mem_freed *tail)
{
	struct mem_freed none = {0}, cut_off = {0};
	struct mem_spot s;
	uint32_t n, to;
	int ret = mem_live_at(m, addr, &s);

	if (ret != 0)
		return ret;
	if (len == 0)
		return -EINVAL;
	n = mem_chunk_len(s.x, s.g);
	to = granules_of(s.p, len);
	ret = owns_all(m, &s, n, by_node);
	if (ret != 0)
		return ret;
	if (to == 0 || to > n) {
		ret = mem_quota_check(m, s.p, mem_charge_get(&s), len - bytes_of(&s, n));
		if (ret == 0)
			ret = grow(m, &s, n, to);
	} else if (to < n) {
		cut(m, &s, n, to, &cut_off);
	}
	if (ret != 0)
		return ret;
	if (tail == NULL)
		return mem_free_end(m, &cut_off);
	*tail = cut_off.len != 0 ? cut_off : none;
	return 0;
}

void
mem_describe(const struct mem *m, const struct mem_spot *s, struct mem_alloc_info *info)
{
	const char *name;

	memset(info, 0, sizeof(*info));
	info->addr = mem_spot_addr(s);
	info->len = bytes_of(s, mem_chunk_len(s->x, s->g));
	info->set = mem_map_get(s);
	info->node = mem_charge_get(s);
	info->mortal = hbm_test(s->x->mortal, s->g);
	name = mem_names_of(m, s->p, mem_addr_off(info->addr));
	if (name != NULL)
		memcpy(info->name, name, MEM_NAME_LEN);
}

int
mem_alloc_info(const struct mem *m, uint64_t addr, struct mem_alloc_info *info)
{
	struct mem_spot s;
	int ret = mem_live_at(m, addr, &s);

	if (ret == 0)
		mem_describe(m, &s, info);
	return ret;
}

uint64_t
mem_alloc_len(const struct mem *m, uint64_t addr)
{
	struct mem_spot s;

	return mem_live_at(m, addr, &s) == 0 ? bytes_of(&s, mem_chunk_len(s.x, s.g)) : 0;
}

int
mem_alloc_find(const struct mem *m, uint64_t addr, struct mem_alloc_info *info)
{
	struct mem_spot s;
	uint32_t n;
	int ret = live_around(m, addr, &s, &n);

	if (ret == 0)
		mem_describe(m, &s, info);
	return ret;
}

/* The live extent with the lowest offset whose end lies behind page. */
static struct mem_ext *
ext_from(struct mem_pool *p, uint64_t page)
{
	struct mem_ext *x, *best = NULL;

	for (x = p->ext; x < p->ext + MEM_EXTENTS; x++)
		if (p->hdr->extents[x - p->ext].state == MEM_STATE_LIVE &&
			x->first + (uint64_t)x->nb_pages > page &&
			(best == NULL || x->first < best->first))
			best = x;
	return best;
}

/* The first spot at or behind addr that lies in an extent. */
int
mem_spot_from(const struct mem *m, uint64_t addr, struct mem_spot *s)
{
	uint64_t off = mem_addr_off(addr), begin;

	s->p = mem_pool_live(m, mem_addr_pool(addr));
	s->x = s->p == NULL ? NULL : ext_from(s->p, off >> MEM_PAGE_LOG);
	if (s->x == NULL)
		return -ENOENT;
	begin = (uint64_t)s->x->first << MEM_PAGE_LOG;
	s->g = off <= begin ? 0
	                    : (uint32_t)((off - begin + (1u << s->p->granule_log) - 1) >>
					 s->p->granule_log);
	return 0;
}

int
mem_alloc_next(const struct mem *m, uint64_t addr, struct mem_alloc_info *info)
{
	struct mem_spot s;
	int i, ret;

	for (i = 0; i < NEXT_STEPS; i++) {
		ret = mem_spot_from(m, addr, &s);
		if (ret != 0)
			return ret;
		s.g = s.g < s.x->nb_granules ? hbm_next(&s.x->starts, s.x->start, s.g) : HBM_NONE;
		if (s.g != HBM_NONE && mem_map_get(&s) != MEM_SET_FREE) {
			mem_describe(m, &s, info);
			return 0;
		}
		s.g = s.g == HBM_NONE ? s.x->nb_granules : s.g + 1;
		addr = mem_spot_addr(&s);
	}
	info->addr = addr;
	return -EAGAIN;
}
