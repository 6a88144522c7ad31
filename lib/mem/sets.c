/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Owner sets. Ids: 0 nobody, 1 everyone, FIRST_NODE + n the single node n, then interned ones. An
 * interned set counts its references: explicit ones and one per granule in the maps, so its
 * id cannot mean another set while the map shows it.
 *
 * The only lock of the library is here: two workers may intern at once. It is held for two
 * buckets' worth of comparing, never across a call into anything else, and not at all on the
 * way of get, put and atomics.
 */

#include <rte_pause.h>

#include "mem_priv.h"

#define FIRST_NODE    2
#define RECLAIM_BATCH 64

static uint32_t
first_interned(const struct mem *m)
{
	return FIRST_NODE + m->max_nodes;
}

static uint64_t *
bits_of(const struct mem *m, uint32_t id)
{
	return m->set_bits + ((size_t)id << m->set_shift);
}

static uint32_t
words_of(const struct mem *m)
{
	return 1u << m->set_shift;
}

static void
lock(const struct mem *m)
{
	uint32_t *l = &m->priv->root->set_lock;

	while (__atomic_exchange_n(l, 1, __ATOMIC_ACQUIRE) != 0)
		rte_pause();
}

static void
unlock(const struct mem *m)
{
	__atomic_store_n(&m->priv->root->set_lock, 0, __ATOMIC_RELEASE);
}

static uint64_t
hash_bits(const struct mem *m, const uint64_t *bits)
{
	return mem_hash(m->priv->root->seed, bits, words_of(m) * sizeof(*bits));
}

static bool
bits_eq(const void *ctx, uint32_t id, const void *key)
{
	const struct mem *m = ctx;

	return memcmp(bits_of(m, id), key, words_of(m) * sizeof(uint64_t)) == 0;
}

static uint32_t
state_of(const struct mem *m, uint32_t id)
{
	return __atomic_load_n(&m->priv->sets[id].state, __ATOMIC_ACQUIRE);
}

static void
set_state(struct mem *m, uint32_t id, enum mem_set_state state)
{
	__atomic_store_n(&m->priv->sets[id].state, state, __ATOMIC_RELEASE);
}

/* The nodes that exist, the memory node included. */
static uint64_t
valid_bits(const struct mem *m, uint32_t word)
{
	if (word * 64 + 64 <= m->max_nodes)
		return ~UINT64_C(0);
	return word * 64 >= m->max_nodes ? 0 : (UINT64_C(1) << (m->max_nodes % 64)) - 1;
}

/* The built-in sets. */
static void
build_in(struct mem *m)
{
	uint32_t i;

	memset(bits_of(m, 0), 0, ((size_t)first_interned(m) << m->set_shift) * sizeof(uint64_t));
	for (i = 0; i < first_interned(m); i++)
		set_state(m, i, MEM_SET_FIXED);
	for (i = 0; i < words_of(m); i++)
		bits_of(m, MEM_SET_EVERYONE)[i] = valid_bits(m, i);
	for (i = 0; i < m->max_nodes; i++) {
		bits_of(m, FIRST_NODE + i)[0] = 1;
		bits_of(m, FIRST_NODE + i)[i / 64] |= UINT64_C(1) << (i % 64);
	}
}

/* In a zeroed zone. */
void
mem_sets_init(struct mem *m)
{
	mem_sets_rebuild(m);
}

static void
push_free(struct mem *m, uint32_t id)
{
	set_state(m, id, MEM_SET_UNUSED);
	m->priv->sets[id].next_free = m->priv->root->set_free;
	m->priv->root->set_free = id;
}

/*
 * Index and free list from the records. References start from nothing: the caller counts the maps
 * next, and what is left without any goes with the next reclaim.
 */
void
mem_sets_rebuild(struct mem *m)
{
	struct mem_root *root = m->priv->root;
	uint32_t id;

	unlock(m);
	build_in(m);
	root->set_free = 0;
	mem_index_reset(&m->priv->set_index);
	for (id = root->nb_sets; id-- > first_interned(m);) {
		m->priv->sets[id].refs = 0;
		if (state_of(m, id) == MEM_SET_UNUSED) {
			push_free(m, id);
			continue;
		}
		set_state(m, id, MEM_SET_LIVE);
		bits_of(m, id)[0] |= 1;
		mem_index_add(&m->priv->set_index, hash_bits(m, bits_of(m, id)), id);
	}
}

/* The bitmap as it is stored: node 0 in, missing words zero. */
static int
normalize(const struct mem *m, const uint64_t *bitmap, uint32_t nwords, uint64_t *out,
	uint32_t *nb_nodes, uint16_t *single)
{
	uint32_t i;

	memset(out, 0, MEM_NODES_MAX / 8);
	*nb_nodes = 0;
	for (i = 0; i < nwords; i++) {
		uint64_t w = i == 0 ? bitmap[0] & ~UINT64_C(1) : bitmap[i];

		if (w == 0)
			continue;
		if (i >= words_of(m) || (w & ~valid_bits(m, i)) != 0)
			return -EINVAL;
		out[i] = w;
		*single = (uint16_t)(i * 64 + (uint32_t)__builtin_ctzll(w));
		*nb_nodes += (uint32_t)__builtin_popcountll(w);
	}
	out[0] |= 1;
	return *nb_nodes == 0 ? -EINVAL : 0;
}

/* Under the lock: a new record for bits. */
static int
new_set(struct mem *m, const uint64_t *bits, uint64_t hash, uint32_t *id)
{
	struct mem_set_rec *r;

	*id = m->priv->root->set_free;
	if (*id == 0 || mem_index_add(&m->priv->set_index, hash, *id) != 0)
		return -ENOSPC;
	r = &m->priv->sets[*id];
	m->priv->root->set_free = r->next_free;
	memcpy(bits_of(m, *id), bits, words_of(m) * sizeof(*bits));
	__atomic_store_n(&r->refs, 0, __ATOMIC_RELAXED);
	set_state(m, *id, MEM_SET_LIVE);
	return 0;
}

static int
intern_locked(struct mem *m, const uint64_t *bits, uint64_t hash, uint16_t *out)
{
	uint32_t id = mem_index_find(&m->priv->set_index, hash, bits_eq, m, bits);
	int ret = id != MEM_INDEX_NONE ? 0 : new_set(m, bits, hash, &id);

	if (ret != 0)
		return ret;
	__atomic_fetch_add(&m->priv->sets[id].refs, 1, __ATOMIC_ACQ_REL);
	*out = (uint16_t)id;
	return 0;
}

int
mem_set_intern(struct mem *m, const uint64_t *bitmap, uint32_t nwords, uint16_t *id)
{
	uint64_t bits[MEM_NODES_MAX / 64], hash;
	uint32_t nb_nodes;
	uint16_t single;
	int ret = normalize(m, bitmap, nwords, bits, &nb_nodes, &single);

	if (ret != 0)
		return ret;
	if (nb_nodes == 1)
		return mem_set_of_node(m, single, id);
	if (nb_nodes == m->max_nodes - 1u) {
		*id = MEM_SET_EVERYONE;
		return 0;
	}
	hash = hash_bits(m, bits);
	lock(m);
	ret = intern_locked(m, bits, hash, id);
	unlock(m);
	return ret;
}

bool
mem_set_usable(const struct mem *m, uint16_t id)
{
	uint32_t state;

	if (id >= m->priv->root->nb_sets)
		return false;
	state = state_of(m, id);
	return state == MEM_SET_FIXED || state == MEM_SET_LIVE;
}

/* A change of the map. Built-in sets are not counted. */
void
mem_set_count(struct mem *m, uint16_t id, int64_t granules)
{
	if (id >= first_interned(m))
		__atomic_fetch_add(&m->priv->sets[id].refs, (uint64_t)granules, __ATOMIC_ACQ_REL);
}

int
mem_set_hold(struct mem *m, uint16_t id)
{
	if (!mem_set_usable(m, id))
		return -EINVAL;
	mem_set_count(m, id, 1);
	return 0;
}

int
mem_set_release(struct mem *m, uint16_t id)
{
	uint64_t *refs, old;

	if (!mem_set_usable(m, id))
		return -EINVAL;
	if (id < first_interned(m))
		return 0;
	refs = &m->priv->sets[id].refs;
	old = __atomic_load_n(refs, __ATOMIC_RELAXED);
	do {
		if (old == 0)
			return -EINVAL;
	} while (!__atomic_compare_exchange_n(
		refs, &old, old - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return 0;
}

int
mem_set_of_node(const struct mem *m, uint16_t node, uint16_t *id)
{
	if (node == 0 || node >= m->max_nodes)
		return -EINVAL;
	*id = (uint16_t)(FIRST_NODE + node);
	return 0;
}

bool
mem_set_has(const struct mem *m, uint16_t id, uint16_t node)
{
	return mem_set_usable(m, id) && node < m->max_nodes && mem_set_test(m, id, node);
}

bool
mem_set_within(const struct mem *m, uint16_t id, uint16_t other)
{
	uint64_t outside = 0;
	uint32_t i;

	if (id == other || other == MEM_SET_EVERYONE)
		return true;
	if (!mem_set_usable(m, id) || !mem_set_usable(m, other))
		return false;
	for (i = 0; i < words_of(m); i++)
		outside |= bits_of(m, id)[i] & ~bits_of(m, other)[i];
	return outside == 0;
}

int
mem_set_bitmap(const struct mem *m, uint16_t id, uint64_t *bitmap, uint32_t nwords)
{
	uint32_t i;

	if (!mem_set_usable(m, id))
		return -EINVAL;
	for (i = 0; i < nwords; i++)
		bitmap[i] = i < words_of(m) ? bits_of(m, id)[i] : 0;
	return 0;
}

/* Under the lock. A set without references can be interned again until it is dying. */
static bool
retire(struct mem *m, uint32_t id)
{
	if (state_of(m, id) != MEM_SET_LIVE ||
		__atomic_load_n(&m->priv->sets[id].refs, __ATOMIC_ACQUIRE) != 0)
		return false;
	mem_index_del(&m->priv->set_index, hash_bits(m, bits_of(m, id)), id);
	set_state(m, id, MEM_SET_DYING);
	return true;
}

static bool
recycle(struct mem *m, uint32_t id)
{
	if (state_of(m, id) != MEM_SET_DYING)
		return false;
	push_free(m, id);
	return true;
}

/* Over all interned sets, a few at a time so that nobody waits for the lock. */
static uint32_t
sweep(struct mem *m, bool (*one)(struct mem *m, uint32_t id))
{
	uint32_t id = first_interned(m), stop, count = 0;

	while (id < m->priv->root->nb_sets) {
		stop = RTE_MIN(id + RECLAIM_BATCH, m->priv->root->nb_sets);
		lock(m);
		for (; id < stop; id++)
			count += one(m, id);
		unlock(m);
	}
	return count;
}

uint32_t
mem_set_reclaim_begin(struct mem *m)
{
	return sweep(m, retire);
}

uint32_t
mem_set_reclaim_end(struct mem *m)
{
	return sweep(m, recycle);
}
