/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include "target/target_private.h"

/*
 * What pools there are, and who may use them: from what may be read from anywhere, so that an
 * answer waits for no pool's home.
 */

bool
pools_admit(const struct target_worker *w, uint16_t pool, uint16_t node)
{
	uint16_t nodes = mem_pool_nodes(w->mem, pool);

	return likely(nodes == MEM_SET_EVERYONE) || mem_set_has(w->mem, nodes, node);
}

/* What a look at each id counts for. */
static uint32_t
looks_bytes(const struct mem *m)
{
	return (mem_last_pool(m) - mem_first_pool(m) + 1u) * 8;
}

int
pools_open(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	char name[MEM_NAME_LEN];
	rte_be64_t value;
	uint16_t pool;
	void *to;

	if (!target_name_read((const struct wire_pool_open *)rec + 1, rec, name))
		return target_respond_status(w, s, rec, STATUS_INVAL);
	turn_spend(w, looks_bytes(w->mem));
	if (mem_pool_lookup(w->mem, name, &pool) < 0)
		return target_respond_status(w, s, rec, STATUS_NOENT);
	if (!pools_admit(w, pool, s->peer_node))
		return target_respond_status(w, s, rec, STATUS_PERM);
	to = target_respond_data(s, rec, sizeof(value));
	if (to == NULL)
		return -EAGAIN;
	value = rte_cpu_to_be_64(pool);
	memcpy(to, &value, sizeof(value));
	return 0;
}

/* How many a pool is for; 0: all. */
static uint16_t
count_nodes(const struct mem *m, uint16_t pool)
{
	uint64_t bits[MEM_NODES_MAX / 64];
	uint16_t set = mem_pool_nodes(m, pool), n = 0;

	if (set == MEM_SET_EVERYONE)
		return 0;
	mem_set_bitmap(m, set, bits, RTE_DIM(bits));
	bits[0] &= ~UINT64_C(1);
	for (unsigned int i = 0; i < RTE_DIM(bits); i++)
		n += (uint16_t)__builtin_popcountll(bits[i]);
	return n;
}

/* A pool's figures as a response to a node carries them. */
void
pools_describe(const struct mem *m, const struct mem_pool_stat *st, uint16_t node,
	struct wire_pool_info *info)
{
	rte_be64_t memory = rte_cpu_to_be_64(mem_identity(m));
	size_t len = strnlen(st->name, WIRE_NAME_MAX);

	memset(info, 0, sizeof(*info));
	info->size = rte_cpu_to_be_64(st->size);
	info->max_size = rte_cpu_to_be_64(st->max_size);
	/* What was freed and waits to be cleared is in no allocation any more. */
	info->used = rte_cpu_to_be_64(st->used - RTE_MIN(st->zeroing, st->used));
	info->largest_free = rte_cpu_to_be_64(st->largest_free);
	info->allocs = rte_cpu_to_be_64(st->nb_allocs);
	info->granule = rte_cpu_to_be_32(st->granule);
	info->extents = rte_cpu_to_be_16((uint16_t)st->nb_extents);
	info->pool = rte_cpu_to_be_16(st->id);
	info->name_len = (uint8_t)len;
	memcpy(info->name, st->name, len);
	info->quota = rte_cpu_to_be_64(st->quota);
	info->held = rte_cpu_to_be_64(mem_pool_held(m, st->id, node));
	info->grow_below = rte_cpu_to_be_64(st->grow_below);
	info->grow_by = rte_cpu_to_be_64(st->grow_by);
	info->shrink_above = rte_cpu_to_be_64(st->shrink_above);
	info->nodes = rte_cpu_to_be_16(count_nodes(m, st->id));
	memcpy(info->memory, (const uint8_t *)&memory + 2, sizeof(info->memory));
}

/* Descriptions in one response. */
#define LIST_MAX (WIRE_DATA_MAX / sizeof(struct wire_pool_info))

/* What one counts for beside the looks: it is put together from many words. */
#define INFO_BYTES (2 * sizeof(struct wire_pool_info))

/*
 * One that begins to go just now, or is for other nodes, keeps its place, with its id alone, for
 * the requester goes on behind the last id.
 */
int
pools_list(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	const struct wire_pool_list *list = (const struct wire_pool_list *)rec;
	uint32_t most = target_list_most(s, sizeof(struct wire_pool_info), list->max);
	uint16_t ids[LIST_MAX];
	uint32_t n = mem_pool_list(w->mem, rte_be_to_cpu_16(list->first), ids, most);
	struct wire_pool_info *info = target_respond_data(s, rec, n * (uint32_t)sizeof(*info));

	turn_spend(w, looks_bytes(w->mem) + n * INFO_BYTES);
	if (info == NULL)
		return -EAGAIN;
	for (uint32_t i = 0; i < n; i++) {
		struct mem_pool_stat st;

		if (pools_admit(w, ids[i], s->peer_node) && mem_pool_peek(w->mem, ids[i], &st) == 0)
			pools_describe(w->mem, &st, s->peer_node, info + i);
		else
			info[i] = (struct wire_pool_info){.pool = rte_cpu_to_be_16(ids[i])};
	}
	return 0;
}

/* Nodes in one response. */
#define NODES_MAX (WIRE_DATA_MAX / sizeof(struct wire_pool_node))

/* What one counts for: a look at each id from the first on, and another at each that is told. */
#define NODES_BYTES(looks, n) ((uint32_t)(looks)*16 + (n)*2 * sizeof(struct wire_pool_node))

/* From one on, who may use a pool where not all may, or holds some of it. @return how many. */
static uint32_t
find_nodes(struct target_worker *w, uint16_t pool, uint16_t from, uint16_t *ids, uint32_t most)
{
	const struct mem *m = w->mem;
	uint64_t bits[MEM_NODES_MAX / 64] = {0};
	uint16_t set = mem_pool_nodes(m, pool), first = RTE_MAX(from, 1u), id = first;
	uint16_t holder = mem_pool_holder(m, pool, id);
	uint32_t n = 0;

	if (set != MEM_SET_EVERYONE)
		mem_set_bitmap(m, set, bits, RTE_DIM(bits));
	for (; id < MEM_NODES_MAX && n < most; id++) {
		if (id == holder || (bits[id / 64] >> id % 64 & 1) != 0)
			ids[n++] = id;
		if (id == holder)
			holder = mem_pool_holder(m, pool, id + 1);
	}
	/* The search for a holder may have gone on beyond. */
	turn_spend(w, NODES_BYTES(RTE_MAX(id, holder) - first, n));
	return n;
}

int
pools_nodes(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	const struct wire_pool_nodes *ask = (const struct wire_pool_nodes *)rec;
	uint32_t most = target_list_most(s, sizeof(struct wire_pool_node), ask->max), n;
	uint16_t ids[NODES_MAX], pool = rte_be_to_cpu_16(ask->pool);
	struct wire_pool_node *node;
	struct mem_pool_stat st;

	if (mem_pool_peek(w->mem, pool, &st) < 0)
		return target_respond_status(w, s, rec, STATUS_NOENT);
	if (!pools_admit(w, pool, s->peer_node))
		return target_respond_status(w, s, rec, STATUS_PERM);
	n = find_nodes(w, pool, rte_be_to_cpu_16(ask->first), ids, most);
	node = target_respond_data(s, rec, n * (uint32_t)sizeof(*node));
	if (node == NULL)
		return -EAGAIN;
	for (uint32_t i = 0; i < n; i++)
		node[i] = (struct wire_pool_node){
			.held = rte_cpu_to_be_64(mem_pool_held(w->mem, pool, ids[i])),
			.node = rte_cpu_to_be_16(ids[i]),
		};
	return 0;
}
