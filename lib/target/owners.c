/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include "target/target_private.h"

/* Owners of memory: the nodes that a request names, and what it asks of them. */

int
owners_read(struct target_job *job, const void *ids, uint32_t bytes)
{
	const rte_be16_t *id = ids;

	if (bytes % sizeof(*id) != 0)
		return -EINVAL;
	job->nb_nodes = (uint16_t)(bytes / sizeof(*id));
	for (uint16_t i = 0; i < job->nb_nodes; i++) {
		job->nodes[i] = rte_be_to_cpu_16(id[i]);
		if (job->nodes[i] == 0 || job->nodes[i] >= MEM_NODES_MAX)
			return -EINVAL;
	}
	return 0;
}

/* nodes[from] up to nodes[to], a bit each. */
void
owners_bits(const struct target_job *job, uint16_t from, uint16_t to, uint64_t *bits)
{
	memset(bits, 0, MEM_NODES_MAX / 8);
	for (; from < to; from++)
		bits[job->nodes[from] / 64] |= UINT64_C(1) << (job->nodes[from] % 64);
}

/* The set of them, with a reference. */
static int
set_of_nodes(
	struct mem *mem, const struct target_job *job, uint16_t from, uint16_t to, uint16_t *set)
{
	uint64_t bits[MEM_NODES_MAX / 64];

	owners_bits(job, from, to, bits);
	return mem_set_intern(mem, bits, RTE_DIM(bits), set);
}

/* All nodes that the request names; everyone when it names none. */
int
owners_named(struct mem *mem, const struct target_job *job, uint16_t *set)
{
	*set = MEM_SET_EVERYONE;
	return job->nb_nodes > 0 ? set_of_nodes(mem, job, 0, job->nb_nodes, set) : 0;
}

/* Everyone is whoever may use the pool. */
static int
wanted(struct target_worker *w, const struct target_job *job, uint16_t all, uint16_t *set)
{
	if (job->nb_nodes > 0)
		return set_of_nodes(w->mem, job, 0, job->nb_nodes - job->nb_from, set);
	if (job->owner_set != WIRE_OWNER_EVERYONE)
		return mem_set_of_node(w->mem, job->node, set);
	*set = all;
	return mem_set_hold(w->mem, all);
}

/* The set that a request means, with a reference. -EPERM: the pool is not for all of them. */
int
owners_set(struct target_worker *w, const struct target_job *job, uint16_t *set)
{
	uint16_t all = mem_pool_nodes(w->mem, job->pool);
	int ret = wanted(w, job, all, set);

	if (ret < 0 || mem_set_within(w->mem, *set, all))
		return ret;
	mem_set_release(w->mem, *set);
	return -EPERM;
}

/* What a run of equal owners counts for: it is found twice, and written once. */
#define RUN_BYTES UINT64_C(1024)

/* Times that a change reads or writes the part of the map: plan, apply, count and write. */
#define CHANGE_PASSES 4

static int
change(struct target_worker *w, const struct target_job *job)
{
	uint16_t set, from = MEM_SET_FREE;
	uint32_t runs;
	int ret = owners_set(w, job, &set);

	if (ret < 0)
		return ret;
	if (job->nb_from > 0)
		ret = set_of_nodes(w->mem, job, job->nb_nodes - job->nb_from, job->nb_nodes, &from);
	if (ret == 0) {
		turn_spend(w, CHANGE_PASSES * mem_own_bytes(w->mem, job->addr, job->size));
		ret = mem_own_change_runs(
			w->mem, job->addr, job->size, (enum mem_own_how)job->how, set, from, &runs);
		turn_spend(w, runs * RUN_BYTES);
		if (ret == 0 && job->how != WIRE_OWN_ADD)
			reap_given(w, job->how == WIRE_OWN_DROP ? MEM_SET_FREE : set);
		mem_set_release(w->mem, from);
	}
	mem_set_release(w->mem, set);
	return ret;
}

int
owners_change(struct target_worker *w, const struct target_job *job)
{
	int ret = mem_own_check(w->mem, job->addr, job->size, job->node);

	turn_spend(w, mem_own_bytes(w->mem, job->addr, job->size));
	if (ret == 0 && send_memory_pinned_in(w, job->addr, job->size))
		ret = -EBUSY;
	return ret < 0 ? ret : change(w, job);
}

/* Ids of the set, at most @p most of them. @return how many there are. */
static uint16_t
set_ids(const struct mem *mem, uint16_t set, uint16_t *ids, uint16_t most)
{
	uint64_t bits[MEM_NODES_MAX / 64];
	uint16_t n = 0;

	mem_set_bitmap(mem, set, bits, RTE_DIM(bits));
	bits[0] &= ~UINT64_C(1);
	for (unsigned int w = 0; w < RTE_DIM(bits); w++) {
		for (; bits[w] != 0; bits[w] &= bits[w] - 1, n++)
			if (n < most)
				ids[n] = (uint16_t)(w * 64 +
						    (unsigned int)__builtin_ctzll(bits[w]));
	}
	return n;
}

int
owners_find(struct target_worker *w, struct target_job *job)
{
	uint16_t set;
	int ret = mem_own_run(w->mem, job->addr, job->size, &set, &job->value[0]);

	if (ret < 0)
		return ret;
	turn_spend(w, mem_own_bytes(w->mem, job->addr, job->value[0]));
	if (set == MEM_SET_FREE)
		return -ESTALE;
	job->owners = WIRE_OWNERS_EVERYONE;
	job->nb_nodes = 0;
	if (set == MEM_SET_EVERYONE)
		return 0;
	job->owners = set_ids(w->mem, set, job->nodes, job->most);
	job->nb_nodes = RTE_MIN(job->owners, job->most);
	return 0;
}

/* The nodes of a job, as a response carries them. */
uint32_t
nodes_len(const struct target_job *job)
{
	return job->nb_nodes * (uint32_t)sizeof(rte_be16_t);
}

void
nodes_write(const struct target_job *job, void *to)
{
	rte_be16_t *id = to;

	wire_pad_clear(id, nodes_len(job));
	for (uint16_t i = 0; i < job->nb_nodes; i++)
		id[i] = rte_cpu_to_be_16(job->nodes[i]);
}

uint32_t
owners_len(const struct target_job *job)
{
	return (uint32_t)sizeof(struct wire_owners_found) + nodes_len(job);
}

void
owners_write(const struct target_job *job, void *to)
{
	struct wire_owners_found *found = to;

	*found = (struct wire_owners_found){
		.size = rte_cpu_to_be_64(job->value[0]),
		.nodes = rte_cpu_to_be_16(job->owners),
	};
	nodes_write(job, found + 1);
}
