/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* What this process keeps beside the zones, and what the files of this folder share. */

#ifndef MEM_PRIV_H
#define MEM_PRIV_H

#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "hbm.h"
#include "index.h"
#include "mem.h"
#include "mem_access.h"
#include "mem_layout.h"

#define MEM_ZERO_INLINE 65536 /* freed pieces up to this are zeroed at once */

/* An extent as mapped here: written by control before it is handed to home. */
struct mem_ext {
	struct mem_extent_hdr *hdr; /* NULL: not mapped */
	void *zone;
	uint8_t *data;
	uint16_t *granule;
	uint16_t *block;
	uint64_t *free;
	uint64_t *start;
	uint64_t *mortal;
	uint64_t *sent;
	struct mem_desc *desc;
	uint64_t *class_bits;
	uint16_t *charge;  /* NULL: the pool has no quota */
	struct hbm pages;  /* shape of each class bitmap */
	struct hbm starts; /* shape of start, mortal and sent */
	uint32_t nb_granules;
	uint32_t nb_descs;
	uint32_t first; /* page of the pool */
	uint32_t nb_pages;
	uint16_t index;
};

/* A pool as mapped here. Written by control. */
struct mem_pool {
	struct mem_pool_hdr *hdr; /* NULL: none */
	struct mem_page *pages;
	struct mem_name *names;
	struct mem_index by_name;
	struct mem_index by_addr;
	uint32_t *stack;
	uint64_t *held; /* bytes by node; NULL: no quota */
	uint32_t granule_log;
	uint16_t id;
	struct mem_ext ext[MEM_EXTENTS];
};

struct mem_priv {
	struct mem_root *root;
	struct mem_dirent *dir; /* by pool id, from first_pool on */
	struct mem_set_rec *sets;
	struct mem_index set_index;
	struct mem_pool **pools; /* likewise. Written by control */
	struct mem_provider prov;
	enum mem_attach_mode mode;
	char prefix[16];
};

#define MEM_EXT_GRANULES (UINT64_C(1) << 31) /* of the largest extent */

static inline uint64_t
mem_ext_most(uint32_t granule_log)
{
	return MEM_EXT_GRANULES << granule_log;
}

/* A place in a pool: granule g of an extent. */
struct mem_spot {
	struct mem_pool *p;
	struct mem_ext *x;
	uint32_t g;
};

static inline uint32_t
mem_block_granules(const struct mem_pool *p)
{
	return MEM_PAGE_SIZE >> p->granule_log;
}

static inline uint64_t
mem_spot_addr(const struct mem_spot *s)
{
	return mem_addr(s->p->id,
		((uint64_t)s->x->first << MEM_PAGE_LOG) + ((uint64_t)s->g << s->p->granule_log));
}

/* Statistics have one writer, and are read elsewhere: never torn. */
static inline void
mem_stat_add(uint64_t *v, uint64_t d)
{
	__atomic_store_n(v, *v + d, __ATOMIC_RELAXED);
}

static inline void
mem_stat_add32(uint32_t *v, uint32_t d)
{
	__atomic_store_n(v, *v + d, __ATOMIC_RELAXED);
}

/* Order of stores seen by whoever adopts the zones after this process was killed in between. */
static inline void
mem_order(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline bool
mem_pool_ours(const struct mem *m, uint16_t id)
{
	return mem_pool_index(m, id) < m->nb_views;
}

/* Of a pool id that is ours. */
static inline struct mem_dirent *
mem_dirent_of(const struct mem *m, uint16_t id)
{
	return &m->priv->dir[mem_pool_index(m, id)];
}

/* The view of a published pool, or NULL. */
static inline struct mem_view *
mem_view_of(const struct mem *m, uint16_t id)
{
	struct mem_view *v = &m->views[mem_pool_index(m, id)];

	return mem_pool_ours(m, id) && __atomic_load_n(&v->pages, __ATOMIC_ACQUIRE) != NULL ? v
	                                                                                    : NULL;
}

/* mem.c */
struct mem_pool *mem_pool_get(const struct mem *m, uint16_t id);
struct mem_pool *mem_pool_live(const struct mem *m, uint16_t id);
int mem_locate(const struct mem *m, uint64_t addr, struct mem_spot *s);
struct mem *mem_new(const struct mem_conf *conf, int *err);
void mem_delete(struct mem *m);
int mem_root_map(struct mem *m, void *zone);
int mem_root_check(const struct mem_root *r, size_t len);
int mem_zone_reserve(struct mem *m, int pool, int extent, size_t len, void **va);
int mem_zone_lookup(struct mem *m, int pool, int extent, void **va, size_t *len);
int mem_zone_release(struct mem *m, int pool, int extent, void *va);
int mem_name_check(const char *name);

/* Whether a zone is still there, after a try to release it. */
static inline bool
mem_zone_stays(int ret)
{
	return ret != 0 && ret != -ENOENT;
}

/* extent.c */
void mem_ext_map(struct mem_pool *p, uint32_t index, void *zone);
int mem_ext_attach(struct mem *m, const struct mem_extent *h);
int mem_ext_leave(struct mem *m, uint16_t pool, struct mem_extent_rec *rec, uint32_t i, void *zone);
void mem_ext_publish(struct mem_pool *p, struct mem_ext *x);
void mem_ext_unpublish(struct mem_pool *p, struct mem_ext *x);
uint64_t mem_ext_layout(struct mem_extent_hdr *h, uint64_t data, uint32_t granule_log, bool quota,
	uint64_t *hdr_off);

/* pool.c */
void mem_pool_map(struct mem_pool *p, void *zone);
int mem_pool_check(const struct mem_pool_hdr *h, size_t len);
int mem_pool_private(struct mem *m, uint16_t id, void *zone);
void mem_pool_publish(struct mem *m, struct mem_pool *p);
void mem_pool_forget(struct mem *m, struct mem_pool *p);
void mem_dir_leave(struct mem *m, uint16_t id, bool stays);

/* A mark (mortal, sent) that the allocation at a granule may have. */
static inline void
mem_mark_clear(const struct mem_spot *s, uint64_t *marks)
{
	if (hbm_test(marks, s->g))
		hbm_clear(&s->x->starts, marks, s->g);
}

/* alloc.c */
int mem_live_at(const struct mem *m, uint64_t addr, struct mem_spot *s);
void mem_describe(const struct mem *m, const struct mem_spot *s, struct mem_alloc_info *info);
int mem_spot_from(const struct mem *m, uint64_t addr, struct mem_spot *s);

/* hole.c: free and used chunks of one extent, in granules */
uint32_t mem_class_of(uint32_t len);
bool mem_hole_find(struct mem_pool *p, uint32_t n, uint32_t align, struct mem_spot *at,
	uint32_t *hole, uint32_t *hole_len);
void mem_hole_take(struct mem_pool *p, struct mem_ext *x, uint32_t hole, uint32_t hole_len,
	uint32_t g, uint32_t n);
void mem_hole_give(struct mem_pool *p, struct mem_ext *x, uint32_t g, uint32_t n);
bool mem_hole_extend(struct mem_pool *p, struct mem_ext *x, uint32_t g, uint32_t n, uint32_t to);
uint32_t mem_hole_len(const struct mem_ext *x, uint32_t g);
uint32_t mem_hole_largest(const struct mem_pool *p);
uint32_t mem_hole_at_least(const struct mem_pool *p);
void mem_hole_hide(struct mem_pool *p, struct mem_ext *x);
void mem_hole_show(struct mem_pool *p, struct mem_ext *x);
uint32_t mem_chunk_len(const struct mem_ext *x, uint32_t g);
void mem_chunk_split(struct mem_ext *x, uint32_t g, uint32_t n, uint32_t head);
void mem_chunk_describe(struct mem_ext *x, uint32_t g, uint32_t n);
void mem_class_mark(struct mem_ext *x, uint32_t g, uint32_t n);

/* adopt.c */
void mem_ext_rebuild(struct mem *m, struct mem_pool *p, struct mem_ext *x);

/* zero.c */
void mem_zero_queue(struct mem_pool *p, struct mem_ext *x, uint32_t g, uint32_t n);
bool mem_zero_queued(const struct mem_ext *x, uint32_t g, uint32_t n);
bool mem_zero_at_once(const struct mem_pool *p, uint32_t n);

/* map.c */
void mem_map_claim(struct mem *m, const struct mem_spot *s, uint32_t n, uint16_t set);
void mem_map_set(struct mem *m, const struct mem_spot *s, uint32_t n, uint16_t set);
uint16_t mem_map_get(const struct mem_spot *s);
uint32_t mem_map_run(const struct mem_spot *s, uint32_t n, uint16_t set);
bool mem_map_valid(const struct mem *m, const struct mem_pool *p, const struct mem_ext *x);
void mem_map_count(struct mem *m, const struct mem_pool *p, const struct mem_ext *x, int sign);

/* sent.c */
int mem_sent_free(struct mem *m, struct mem_pool *p);

/* own.c */
int mem_own_resume(struct mem *m, const struct mem_pool *p);

/* quota.c: who made an allocation, and how much each node holds. Without a quota, of no effect. */
int mem_quota_check(const struct mem *m, const struct mem_pool *p, uint16_t node, uint64_t len);
void mem_charge_set(const struct mem_spot *s, uint32_t n, uint16_t node);
uint16_t mem_charge_get(const struct mem_spot *s);
void mem_charge_add(const struct mem_spot *s, int64_t granules);
bool mem_charge_valid(const struct mem *m, const struct mem_ext *x);

/* names.c */
int mem_names_check(const struct mem *m, const struct mem_pool *p, const char *name);
int mem_names_add(const struct mem *m, struct mem_pool *p, const char *name, uint64_t off);
void mem_names_del(const struct mem *m, struct mem_pool *p, uint64_t off);
const char *mem_names_of(const struct mem *m, const struct mem_pool *p, uint64_t off);
void mem_names_rebuild(const struct mem *m, struct mem_pool *p);

/* sets.c */
void mem_sets_init(struct mem *m);
void mem_sets_rebuild(struct mem *m);
bool mem_set_usable(const struct mem *m, uint16_t id);
void mem_set_count(struct mem *m, uint16_t id, int64_t granules);

#endif /* MEM_PRIV_H */
