/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The root zone, zone names, and finding the place an address means. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mem_priv.h"

int
mem_name_check(const char *name)
{
	if (name[0] == 0)
		return -EINVAL;
	return strnlen(name, MEM_NAME_LEN) == MEM_NAME_LEN ? -ENAMETOOLONG : 0;
}

struct mem_pool *
mem_pool_get(const struct mem *m, uint16_t id)
{
	return mem_pool_ours(m, id)
	               ? __atomic_load_n(&m->priv->pools[mem_pool_index(m, id)], __ATOMIC_ACQUIRE)
	               : NULL;
}

/* The same while it is published: home must not touch a pool that control may be releasing. */
struct mem_pool *
mem_pool_live(const struct mem *m, uint16_t id)
{
	return mem_view_of(m, id) != NULL ? mem_pool_get(m, id) : NULL;
}

/* Where addr lies, whatever is there. -ENOENT outside of every extent. */
int
mem_locate(const struct mem *m, uint64_t addr, struct mem_spot *s)
{
	const struct mem_page *page = mem_page_of(m, addr);

	if (page == NULL || page->va == NULL)
		return -ENOENT;
	s->p = mem_pool_get(m, mem_addr_pool(addr));
	s->x = &s->p->ext[page->extent];
	s->g = (uint32_t)((mem_addr_off(addr) - ((uint64_t)s->x->first << MEM_PAGE_LOG)) >>
			  s->p->granule_log);
	return 0;
}

/* pool -1 is the root, extent -1 the pool itself */
static void
zone_name(const struct mem *m, char *buf, int pool, int extent)
{
	if (pool < 0)
		snprintf(buf, MEM_ZONE_LEN, "%s_mem", m->priv->prefix);
	else if (extent < 0)
		snprintf(buf, MEM_ZONE_LEN, "%s_p%u", m->priv->prefix, pool & 0xffffu);
	else
		snprintf(buf, MEM_ZONE_LEN, "%s_p%u_x%u", m->priv->prefix, pool & 0xffffu,
			extent & 0xffffu);
}

int
mem_zone_reserve(struct mem *m, int pool, int extent, size_t len, void **va)
{
	const struct mem_provider *prov = &m->priv->prov;
	char name[MEM_ZONE_LEN];

	zone_name(m, name, pool, extent);
	return prov->reserve(prov->ctx, name, len, extent < 0 ? 64 : MEM_PAGE_SIZE, va);
}

int
mem_zone_lookup(struct mem *m, int pool, int extent, void **va, size_t *len)
{
	const struct mem_provider *prov = &m->priv->prov;
	char name[MEM_ZONE_LEN];

	zone_name(m, name, pool, extent);
	return prov->lookup(prov->ctx, name, va, len);
}

int
mem_zone_release(struct mem *m, int pool, int extent, void *va)
{
	const struct mem_provider *prov = &m->priv->prov;
	char name[MEM_ZONE_LEN];

	zone_name(m, name, pool, extent);
	return prov->release(prov->ctx, name, va);
}

/* Before any zone is known. */
struct mem *
mem_new(const struct mem_conf *conf, int *err)
{
	const char *prefix = conf->prefix != NULL ? conf->prefix : "shmx";
	struct mem *m;

	*err = -EINVAL;
	if (prefix[0] == 0 || strlen(prefix) >= sizeof(m->priv->prefix) ||
		conf->provider.reserve == NULL || conf->provider.lookup == NULL ||
		conf->provider.release == NULL)
		return NULL;
	*err = -ENOMEM;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return NULL;
	m->priv = calloc(1, sizeof(*m->priv));
	if (m->priv == NULL) {
		free(m);
		return NULL;
	}
	m->priv->prov = conf->provider;
	memcpy(m->priv->prefix, prefix, strlen(prefix) + 1);
	*err = 0;
	return m;
}

void
mem_delete(struct mem *m)
{
	free(m->views);
	free(m->priv->pools);
	free(m->priv);
	free(m);
}

/* Finds the parts of a root zone, and makes the tables that mirror it. */
int
mem_root_map(struct mem *m, void *zone)
{
	struct mem_root *r = zone;
	uint8_t *z = zone;

	m->priv->root = r;
	m->priv->dir = (struct mem_dirent *)(void *)(z + r->dir_off);
	m->priv->sets = (struct mem_set_rec *)(void *)(z + r->recs_off);
	m->priv->set_index.buckets = (struct mem_bucket *)(void *)(z + r->index_off);
	m->priv->set_index.mask = r->set_buckets - 1;
	m->set_bits = (uint64_t *)(void *)(z + r->bits_off);
	m->set_shift = (uint8_t)r->set_shift;
	m->max_nodes = (uint16_t)r->max_nodes;
	m->nb_views = r->nb_pools;
	m->first_pool = (uint16_t)r->first_pool;
	m->priv->pools = calloc(r->nb_pools, sizeof(*m->priv->pools));
	m->views = calloc(r->nb_pools, sizeof(*m->views));
	return m->priv->pools != NULL && m->views != NULL ? 0 : -ENOMEM;
}

static uint64_t
clock_seed(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return mem_hash((uint64_t)ts.tv_nsec, &ts, sizeof(ts));
}

static uint64_t
place(uint64_t *end, uint64_t len)
{
	uint64_t off = *end;

	*end = RTE_ALIGN_CEIL(off + len, (uint64_t)64);
	return off;
}

static int
pool_ids(struct mem_root *r, const struct mem_conf *conf)
{
	uint32_t first = conf->first_pool != 0 ? conf->first_pool : 1, last = conf->last_pool;

	if (first > UINT16_MAX || last > UINT16_MAX)
		return -EINVAL;
	if (last == 0)
		last = RTE_MIN(first + MEM_NODE_POOLS - 1, (uint32_t)UINT16_MAX);
	if (last < first)
		return -EINVAL;
	r->first_pool = first;
	r->nb_pools = last - first + 1;
	return 0;
}

static int
root_layout(struct mem_root *r, const struct mem_conf *conf)
{
	uint32_t sets = conf->max_sets != 0 ? conf->max_sets : 4096, shift = 0;

	memset(r, 0, sizeof(*r));
	r->max_nodes = conf->max_nodes != 0 ? conf->max_nodes : 256;
	if (pool_ids(r, conf) != 0 || r->max_nodes < 2 || r->max_nodes > MEM_NODES_MAX ||
		sets >= MEM_SET_MIXED - r->max_nodes - 2)
		return -EINVAL;
	while (64u << shift < r->max_nodes)
		shift++;
	r->version = MEM_VERSION;
	r->size = sizeof(*r);
	r->len = sizeof(*r);
	r->seed = conf->seed != 0 ? conf->seed : clock_seed();
	r->nb_sets = 2 + r->max_nodes + sets;
	r->set_shift = shift;
	r->set_buckets = mem_index_buckets(sets);
	r->dir_off = place(&r->len, r->nb_pools * sizeof(struct mem_dirent));
	r->bits_off = place(&r->len, ((uint64_t)r->nb_sets << shift) * sizeof(uint64_t));
	r->recs_off = place(&r->len, r->nb_sets * sizeof(struct mem_set_rec));
	r->index_off = place(&r->len, r->set_buckets * sizeof(struct mem_bucket));
	return 0;
}

/* Whether a root zone is laid out as it would be here, for as much as it says it holds. -ENOENT: it
 * is not finished. */
int
mem_root_check(const struct mem_root *r, size_t len)
{
	struct mem_conf conf = {0};
	struct mem_root want;
	uint64_t magic;

	if (len < sizeof(*r))
		return -EBADMSG;
	magic = __atomic_load_n(&r->magic, __ATOMIC_ACQUIRE);
	if (magic == 0)
		return -ENOENT;
	if (magic != MEM_ROOT_MAGIC || r->version != MEM_VERSION || r->size != sizeof(*r))
		return -EPROTO;
	if (r->first_pool == 0 || r->nb_pools == 0 || r->nb_pools > UINT16_MAX)
		return -EBADMSG;
	conf.first_pool = r->first_pool;
	conf.last_pool = r->first_pool + r->nb_pools - 1;
	conf.max_nodes = r->max_nodes;
	conf.max_sets = r->nb_sets - 2 - r->max_nodes;
	conf.seed = r->seed;
	if (root_layout(&want, &conf) != 0)
		return -EBADMSG;
	want.magic = r->magic;
	want.seed = r->seed;
	return r->len <= len && memcmp(&want, r, MEM_ROOT_CONSTANT) == 0 ? 0 : -EBADMSG;
}

static int
root_create(struct mem *m, const struct mem_conf *conf)
{
	struct mem_root r;
	void *zone;
	int ret = root_layout(&r, conf);

	if (ret == 0)
		ret = mem_zone_reserve(m, -1, -1, r.len, &zone);
	if (ret != 0)
		return ret;
	r.identity = (clock_seed() & MEM_IDENTITY_MAX) | 1;
	memset(zone, 0, r.len);
	memcpy(zone, &r, sizeof(r));
	ret = mem_root_map(m, zone);
	if (ret != 0) {
		mem_zone_release(m, -1, -1, zone);
		return ret;
	}
	mem_sets_init(m);
	__atomic_store_n(&m->priv->root->magic, MEM_ROOT_MAGIC, __ATOMIC_RELEASE);
	return 0;
}

struct mem *
mem_create(const struct mem_conf *conf, int *err)
{
	struct mem *m = mem_new(conf, err);

	if (m == NULL)
		return NULL;
	*err = root_create(m, conf);
	if (*err == 0)
		return m;
	mem_delete(m);
	return NULL;
}

void
mem_detach(struct mem *m)
{
	uint32_t i;

	if (m == NULL)
		return;
	for (i = 0; i < m->nb_views; i++)
		if (m->priv->pools[i] != NULL)
			mem_pool_forget(m, m->priv->pools[i]);
	mem_delete(m);
}

uint64_t
mem_identity(const struct mem *m)
{
	return m->priv->root->identity;
}

uint16_t
mem_first_pool(const struct mem *m)
{
	return m->first_pool;
}

uint16_t
mem_last_pool(const struct mem *m)
{
	return (uint16_t)(m->first_pool + m->nb_views - 1);
}

void
mem_destroy(struct mem *m)
{
	uint32_t id;

	if (m == NULL)
		return;
	if (m->priv->mode == MEM_ATTACH_VIEW) {
		mem_detach(m);
		return;
	}
	for (id = m->first_pool; id <= mem_last_pool(m); id++) {
		mem_pool_destroy_begin(m, (uint16_t)id, true);
		mem_pool_destroy_end(m, (uint16_t)id);
	}
	m->priv->root->magic = 0;
	mem_zone_release(m, -1, -1, m->priv->root);
	mem_detach(m);
}
