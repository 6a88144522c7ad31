/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Names of allocations: records in the pool's zone, found by name and by address through two
 * indexes. Bounded: a look-up reads four cache lines at most beside the records it compares.
 */

#include "mem_priv.h"

static uint64_t
hash_name(const struct mem *m, const char *name)
{
	return mem_hash(m->priv->root->seed, name, strlen(name));
}

static uint64_t
hash_off(const struct mem *m, uint64_t off)
{
	return mem_hash(m->priv->root->seed, &off, sizeof(off));
}

static bool
name_eq(const void *ctx, uint32_t val, const void *key)
{
	const struct mem_name *names = ctx;

	return strcmp(names[val].name, key) == 0;
}

static bool
off_eq(const void *ctx, uint32_t val, const void *key)
{
	const struct mem_name *names = ctx;

	return names[val].off == *(const uint64_t *)key + 1;
}

static uint32_t
find_name(const struct mem *m, const struct mem_pool *p, const char *name)
{
	return mem_index_find(&p->by_name, hash_name(m, name), name_eq, p->names, name);
}

static uint32_t
find_off(const struct mem *m, const struct mem_pool *p, uint64_t off)
{
	if (p->hdr->nb_names == 0)
		return MEM_INDEX_NONE;
	return mem_index_find(&p->by_addr, hash_off(m, off), off_eq, p->names, &off);
}

/* Could this name be given to an allocation? Its address is checked by mem_names_add(). */
int
mem_names_check(const struct mem *m, const struct mem_pool *p, const char *name)
{
	int ret = mem_name_check(name);

	if (ret != 0)
		return ret;
	if (find_name(m, p, name) != MEM_INDEX_NONE)
		return -EEXIST;
	if (p->hdr->stack_top == 0 || !mem_index_room(&p->by_name, hash_name(m, name)))
		return -ENOSPC;
	return 0;
}

/* Puts a written record into both indexes. */
static int
enter(const struct mem *m, struct mem_pool *p, uint32_t i, uint64_t off)
{
	const char *name = p->names[i].name;

	if (mem_index_add(&p->by_name, hash_name(m, name), i) != 0)
		return -ENOSPC;
	if (mem_index_add(&p->by_addr, hash_off(m, off), i) != 0) {
		mem_index_del(&p->by_name, hash_name(m, name), i);
		return -ENOSPC;
	}
	mem_stat_add32(&p->hdr->nb_names, 1);
	return 0;
}

int
mem_names_add(const struct mem *m, struct mem_pool *p, const char *name, uint64_t off)
{
	uint32_t i = p->stack[p->hdr->stack_top - 1];
	struct mem_name *e = &p->names[i];

	/* allow(strncpy): the rest is zeroed, too; closed by the line after it */
	strncpy(e->name, name, MEM_NAME_LEN - 1);
	e->name[MEM_NAME_LEN - 1] = 0;
	if (enter(m, p, i, off) != 0)
		return -ENOSPC;
	p->hdr->stack_top--;
	mem_order();
	e->off = off + 1;
	return 0;
}

void
mem_names_del(const struct mem *m, struct mem_pool *p, uint64_t off)
{
	uint32_t i = find_off(m, p, off);

	if (i == MEM_INDEX_NONE)
		return;
	mem_index_del(&p->by_addr, hash_off(m, off), i);
	mem_index_del(&p->by_name, hash_name(m, p->names[i].name), i);
	p->names[i].off = 0;
	p->stack[p->hdr->stack_top++] = i;
	mem_stat_add32(&p->hdr->nb_names, (uint32_t)-1);
}

const char *
mem_names_of(const struct mem *m, const struct mem_pool *p, uint64_t off)
{
	uint32_t i = find_off(m, p, off);

	return i == MEM_INDEX_NONE ? NULL : p->names[i].name;
}

int
mem_alloc_lookup(
	const struct mem *m, uint16_t pool, const char *name, uint64_t *addr, uint64_t *len)
{
	const struct mem_pool *p = mem_pool_live(m, pool);
	struct mem_alloc_info info;
	uint32_t i;
	int ret;

	if (p == NULL || mem_name_check(name) != 0)
		return -ENOENT;
	i = find_name(m, p, name);
	if (i == MEM_INDEX_NONE)
		return -ENOENT;
	ret = mem_alloc_info(m, mem_addr(pool, p->names[i].off - 1), &info);
	if (ret != 0)
		return ret;
	*addr = info.addr;
	*len = info.len;
	return 0;
}

/* Indexes and the stack of unused records, from the records whose allocation lives. */
void
mem_names_rebuild(const struct mem *m, struct mem_pool *p)
{
	struct mem_alloc_info info;
	uint32_t i;

	mem_index_reset(&p->by_name);
	mem_index_reset(&p->by_addr);
	p->hdr->nb_names = 0;
	p->hdr->stack_top = 0;
	for (i = p->hdr->max_names; i-- > 0;) {
		struct mem_name *e = &p->names[i];

		if (e->off != 0 && e->off - 1 <= MEM_OFF_MASK && mem_name_check(e->name) == 0 &&
			mem_names_of(m, p, e->off - 1) == NULL &&
			find_name(m, p, e->name) == MEM_INDEX_NONE &&
			mem_alloc_info(m, mem_addr(p->id, e->off - 1), &info) == 0 &&
			enter(m, p, i, e->off - 1) == 0)
			continue;
		e->off = 0;
		p->stack[p->hdr->stack_top++] = i;
	}
}
