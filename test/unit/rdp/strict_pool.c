/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mempool.h>

#include "asan.h"
#include "strict_pool.h"

#define POISON     0x6b
#define MARK_FREE  UINT32_C(0xf4eef4ee)
#define MARK_FIELD 8 /* of dynfield1: nobody else registers one here */

/* First in, first out: a buffer rests as long as possible, and mistakes with it come to light. */
struct fifo {
	unsigned int size, head, n;
	struct rte_mbuf *item[];
};

static unsigned int mistakes;

/* Pools given back, to be handed out again; their FIFOs stand here for LeakSanitizer, which does
 * not look into the memory of EAL. */
#define SPARES 16
static struct {
	struct rte_mempool *pool;
	const struct fifo *fifo;
} spares[SPARES];
static bool reuse;

static void
mistake(const char *what, const void *m)
{
	mistakes++;
	fprintf(stderr, "strict pool: mbuf %p %s\n", m, what);
}

static uint8_t *
room_of(struct rte_mbuf *m)
{
	return (uint8_t *)(m + 1);
}

static size_t
room_size(const struct rte_mempool *mp)
{
	return mp->elt_size - sizeof(struct rte_mbuf);
}

static int
fifo_alloc(struct rte_mempool *mp)
{
	struct fifo *f = calloc(1, sizeof(*f) + mp->size * sizeof(f->item[0]));

	if (f == NULL)
		return -ENOMEM;
	f->size = mp->size;
	mp->pool_data = f;
	return 0;
}

static void
fifo_free(struct rte_mempool *mp)
{
	struct fifo *f = mp->pool_data;

	for (unsigned int i = 0; i < f->n; i++)
		ASAN_UNPOISON_MEMORY_REGION(
			room_of(f->item[(f->head + i) % f->size]), room_size(mp));
	free(f);
}

static void
put_one(struct rte_mempool *mp, struct fifo *f, struct rte_mbuf *m)
{
	if (m->dynfield1[MARK_FIELD] == MARK_FREE || f->n == f->size) {
		mistake("freed twice", m);
		return;
	}
	m->dynfield1[MARK_FIELD] = MARK_FREE;
	ASAN_UNPOISON_MEMORY_REGION(room_of(m), room_size(mp));
	memset(room_of(m), POISON, room_size(mp));
	ASAN_POISON_MEMORY_REGION(room_of(m), room_size(mp));
	f->item[(f->head + f->n++) % f->size] = m;
}

static int
fifo_enqueue(struct rte_mempool *mp, void *const *objs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		put_one(mp, mp->pool_data, objs[i]);
	return 0;
}

static struct rte_mbuf *
get_one(struct rte_mempool *mp, struct fifo *f)
{
	struct rte_mbuf *m = f->item[f->head];
	const uint8_t *room = room_of(m);

	f->head = (f->head + 1) % f->size;
	f->n--;
	m->dynfield1[MARK_FIELD] = 0;
	ASAN_UNPOISON_MEMORY_REGION(room, room_size(mp));
	if (room[0] != POISON || memcmp(room, room + 1, room_size(mp) - 1) != 0)
		mistake("written to after it was freed", m);
	VALGRIND_MAKE_MEM_UNDEFINED(room, room_size(mp));
	return m;
}

static int
fifo_dequeue(struct rte_mempool *mp, void **objs, unsigned int n)
{
	struct fifo *f = mp->pool_data;

	if (n > f->n)
		return -ENOBUFS;
	for (unsigned int i = 0; i < n; i++)
		objs[i] = get_one(mp, f);
	return 0;
}

static unsigned int
fifo_count(const struct rte_mempool *mp)
{
	const struct fifo *f = mp->pool_data;

	return f->n;
}

static const struct rte_mempool_ops strict_ops = {
	.name = "strict",
	.alloc = fifo_alloc,
	.free = fifo_free,
	.enqueue = fifo_enqueue,
	.dequeue = fifo_dequeue,
	.get_count = fifo_count,
};

RTE_MEMPOOL_REGISTER_OPS(strict_ops);

void
strict_pool_reuse(void)
{
	reuse = true;
}

static struct rte_mempool *
spare_take(unsigned int n, uint16_t data_room)
{
	for (unsigned int i = 0; i < SPARES; i++) {
		struct rte_mempool *pool = spares[i].pool;

		if (pool == NULL || pool->size != n ||
			rte_pktmbuf_data_room_size(pool) != data_room)
			continue;
		spares[i].pool = NULL;
		return pool;
	}
	return NULL;
}

/* Returns false when there is no place for it. */
static bool
spare_put(struct rte_mempool *pool)
{
	for (unsigned int i = 0; i < SPARES; i++) {
		if (spares[i].pool != NULL)
			continue;
		spares[i].pool = pool;
		spares[i].fifo = pool->pool_data;
		return true;
	}
	return false;
}

struct rte_mempool *
strict_pool_create(const char *name, unsigned int n, uint16_t data_room)
{
	struct rte_mempool *spare = spare_take(n, data_room);

	if (spare != NULL)
		return spare;
	return rte_pktmbuf_pool_create_by_ops(
		name, n, 0, 0, data_room, SOCKET_ID_ANY, strict_ops.name);
}

unsigned int
strict_pool_free(struct rte_mempool *pool)
{
	unsigned int missing = rte_mempool_in_use_count(pool);

	if (!reuse || missing > 0 || !spare_put(pool))
		rte_mempool_free(pool);
	return missing;
}

unsigned int
strict_pool_mistakes(void)
{
	return mistakes;
}

void
strict_pool_seal(struct rte_mbuf *m, uint16_t least)
{
	uint8_t *end = rte_pktmbuf_mtod_offset(m, uint8_t *, RTE_MAX(m->data_len, least));

	ASAN_POISON_MEMORY_REGION(end, (uint8_t *)m->buf_addr + m->buf_len - end);
	RTE_SET_USED(end);
}
