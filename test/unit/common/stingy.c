/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "common/memcheck.h"
#include "common/stingy.h"

#define POOLS_MAX 4

/* A pool's own operations stay in charge of its mbufs; these stand in front of them. */
static struct stingy {
	struct rte_mempool *pool;
	int32_t inner; /* index of its own operations */
	uint32_t cache_size;
	uint64_t from, n, asked;
} stingy[POOLS_MAX];

static struct stingy *
stingy_of(const struct rte_mempool *pool)
{
	for (unsigned int i = 0; i < POOLS_MAX; i++)
		if (stingy[i].pool == pool)
			return &stingy[i];
	abort();
}

static int
dequeue(struct rte_mempool *pool, void **objs, unsigned int n)
{
	struct stingy *s = stingy_of(pool);
	int ret;

	/* Who asks for many gets none, and asks for one. */
	if (n != 1)
		return -ENOBUFS;
	s->asked++;
	if (s->asked >= s->from && s->asked - s->from < s->n)
		return -ENOBUFS;
	ret = rte_mempool_get_ops(s->inner)->dequeue(pool, objs, n);
	if (ret == 0)
		VALGRIND_MAKE_MEM_UNDEFINED(
			(struct rte_mbuf *)objs[0] + 1, pool->elt_size - sizeof(struct rte_mbuf));
	return ret;
}

static int
enqueue(struct rte_mempool *pool, void *const *objs, unsigned int n)
{
	return rte_mempool_get_ops(stingy_of(pool)->inner)->enqueue(pool, objs, n);
}

static unsigned int
get_count(const struct rte_mempool *pool)
{
	return rte_mempool_get_ops(stingy_of(pool)->inner)->get_count(pool);
}

/* None is created with these. */
static int
refuse(struct rte_mempool *pool)
{
	return -ENOTSUP;
}

static const struct rte_mempool_ops stingy_ops = {
	.name = "stingy",
	.alloc = refuse,
	.enqueue = enqueue,
	.dequeue = dequeue,
	.get_count = get_count,
};

RTE_MEMPOOL_REGISTER_OPS(stingy_ops);

static int32_t
stingy_index(void)
{
	for (uint32_t i = 0; i < rte_mempool_ops_table.num_ops; i++)
		if (strcmp(rte_mempool_get_ops((int)i)->name, stingy_ops.name) == 0)
			return (int32_t)i;
	abort();
}

void
stingy_begin(struct rte_mempool *pool, uint64_t from, uint64_t n)
{
	struct stingy *s = stingy_of(NULL);

	rte_mempool_cache_flush(NULL, pool);
	*s = (struct stingy){.pool = pool,
		.inner = pool->ops_index,
		.cache_size = pool->cache_size,
		.from = from,
		.n = n};
	pool->cache_size = 0;
	pool->ops_index = stingy_index();
}

uint64_t
stingy_end(struct rte_mempool *pool)
{
	struct stingy *s = stingy_of(pool);

	pool->ops_index = s->inner;
	pool->cache_size = s->cache_size;
	s->pool = NULL;
	return s->asked;
}
