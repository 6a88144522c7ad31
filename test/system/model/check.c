/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "nodes.h"
#include "shmx_sync.h"

/* At rest: every node asks for everything, and is told what the model has. */

#define MOST  768  /* operations under way: fewer than a worker of the memory node takes */
#define LOOK  1024 /* bytes of a piece that are read */
#define TRIES 2000 /* until what was freed is clear */

/* Granules side by side of one allocation with the same owners, or of none. */
struct piece {
	uint32_t pool, g, n;
	uint32_t run; /* granules from here on with the same owners, of whatever allocations */
};

struct pieces {
	struct piece *piece;
	uint32_t n, room;
};

static void
piece_add(struct pieces *ps, struct piece piece)
{
	if (ps->n == ps->room) {
		ps->room = 2 * ps->room + 1024;
		ps->piece = realloc(ps->piece, ps->room * sizeof(*ps->piece));
		if (ps->piece == NULL)
			exit(2);
	}
	ps->piece[ps->n++] = piece;
}

static uint32_t
piece_len(const struct mpool *p, uint32_t g)
{
	uint32_t n = 1;

	while (g + n < p->nb && p->cell[g + n].alloc == p->cell[g].alloc &&
		p->cell[g + n].owners == p->cell[g].owners)
		n++;
	return n;
}

static void
pieces_of(const struct model *m, uint32_t pool, struct pieces *ps)
{
	const struct mpool *p = &m->pool[pool];
	uint32_t first = ps->n;

	for (uint32_t g = 0, n; g < p->nb; g += n) {
		n = piece_len(p, g);
		piece_add(ps, (struct piece){pool, g, n, n});
	}
	for (uint32_t i = ps->n - 1; i-- > first;)
		if (p->cell[ps->piece[i].g].owners == p->cell[ps->piece[i + 1].g].owners)
			ps->piece[i].run += ps->piece[i + 1].run;
}

/* ---- each of n things, by each node of a set ------------------------------------------------ */

typedef bool (*prepare_fn)(struct nodes *s, struct op *op, const void *things, uint32_t i);

static bool
sweep_node(struct nodes *s, unsigned int node, unsigned int most, uint32_t *i, uint32_t n,
	const void *things, prepare_fn prepare)
{
	struct op *op;

	while (*i < n && (op = op_take(s, node, OP_STAT, most)) != NULL) {
		if (!prepare(s, op, things, *i))
			op_drop(s, op);
		else if (!op_start(s, op))
			break;
		++*i;
	}
	return *i < n;
}

static void
sweep(struct nodes *s, uint32_t nodes, uint32_t n, const void *things, prepare_fn prepare)
{
	unsigned int most = RTE_MIN(OPS_MAX, MOST / __builtin_popcount(nodes));
	uint32_t at[NODES] = {0};
	bool more = true;

	while (more && s->wrong == 0) {
		more = false;
		for (unsigned int k = 0; k < NODES; k++)
			if ((nodes >> k & 1) != 0)
				more |= sweep_node(s, k, most, &at[k], n, things, prepare);
		nodes_poll(s);
	}
	nodes_settle(s);
}

static void
spot(struct nodes *s, struct op *op, uint32_t pool, uint32_t g, uint32_t n)
{
	uint32_t granule = s->m.pool[pool].granule;

	op->pool = pool;
	op->g = g;
	op->n = n;
	op->off = (uint64_t)g * granule;
	op->len = (uint64_t)n * granule;
}

/* Owners from there to the end of the pool: so the map is told granule by granule. */
static bool
ask_owners(struct nodes *s, struct op *op, const void *things, uint32_t i)
{
	const struct piece *w = (const struct piece *)things + i;
	const struct mpool *p = &s->m.pool[w->pool];

	op->kind = OP_OWNERS;
	spot(s, op, w->pool, w->g, p->nb - w->g);
	op->owners = p->cell[w->g].owners;
	op->expect = op->owners == 0 ? -ESTALE : 0;
	op->value[0] = (uint64_t)w->run * p->granule;
	return true;
}

static bool
ask_contents(struct nodes *s, struct op *op, const void *things, uint32_t i)
{
	const struct piece *w = (const struct piece *)things + i;

	op->kind = OP_GET;
	spot(s, op, w->pool, w->g, w->n);
	op->len = RTE_MIN(op->len, (uint64_t)LOOK);
	op->expect = model_access(&s->m, op->pool, op->off, op->len, op->node);
	return true;
}

/* One granule: the last, where a map that is short by one shows. */
static bool
write_contents(struct nodes *s, struct op *op, const void *things, uint32_t i)
{
	const struct piece *w = (const struct piece *)things + i;

	op->kind = OP_PUT;
	spot(s, op, w->pool, w->g + w->n - 1, 1);
	op->version = ++s->m.version;
	model_make(&s->m.pool[op->pool], op->g, op->version, op->data);
	op->expect = model_access(&s->m, op->pool, op->off, op->len, op->node);
	return true;
}

static bool
ask_last(struct nodes *s, struct op *op, const void *things, uint32_t i)
{
	const struct piece *w = (const struct piece *)things + i;

	op->kind = OP_GET;
	spot(s, op, w->pool, w->g + w->n - 1, 1);
	op->expect = model_access(&s->m, op->pool, op->off, op->len, op->node);
	return true;
}

static bool
ask_name(struct nodes *s, struct op *op, const void *things, uint32_t i)
{
	const struct mpool *p = &s->m.pool[i / NAMES];
	const struct alloc *a;

	(void)things;
	op->kind = OP_LOOKUP;
	op->pool = i / NAMES;
	op->name = 1 + i % NAMES;
	op->expect = p->named[op->name] != 0 ? 0 : -ENOENT;
	a = &s->m.alloc[p->named[op->name]];
	op->value[0] = address(s, op->pool, (uint64_t)a->g * p->granule);
	op->value[1] = (uint64_t)a->n * p->granule;
	return true;
}

static bool
ask_stat(struct nodes *s, struct op *op, const void *things, uint32_t i)
{
	const uint32_t *longest = things;

	op->kind = OP_STAT;
	op->pool = i;
	op->n = longest[i];
	return true;
}

/* What it is already: an allocation of that length is there, or something changes. */
static bool
resize_to_same(struct nodes *s, struct op *op, const void *things, uint32_t i)
{
	const uint32_t *live = things;
	const struct alloc *a = &s->m.alloc[live[i]];
	uint32_t common = model_common(&s->m.pool[a->pool], a->g, a->n) & OURS;

	if (common == 0 || op->node != (unsigned int)__builtin_ctz(common))
		return false;
	op->kind = OP_RESIZE;
	op->alloc = live[i];
	spot(s, op, a->pool, a->g, a->n);
	return true;
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* The longest free piece shows when all that was freed is clear. */
static void
wait_clear(struct nodes *s, const uint32_t *longest)
{
	for (uint32_t i = 0; i < POOLS; i++) {
		uint64_t want = (uint64_t)longest[i] * s->m.pool[i].granule / 5 * 4;
		struct shmx_pool_info info = {0};

		for (int try = 0; try < TRIES && info.largest_free < want; try++) {
			shmx_pool_stat_sync(s->node[0].ep, (uint16_t)s->m.pool[i].id, &info);
			nodes_poll(s);
		}
	}
}

void
check_stat(struct nodes *s)
{
	uint32_t longest[POOLS];

	for (uint32_t i = 0; i < POOLS; i++)
		longest[i] = model_longest_free(&s->m.pool[i]);
	wait_clear(s, longest);
	sweep(s, OURS, POOLS, longest, ask_stat);
}

void
check_all(struct nodes *s)
{
	struct pieces ps = {NULL, 0, 0};

	for (uint32_t i = 0; i < POOLS; i++)
		pieces_of(&s->m, i, &ps);
	check_stat(s);
	sweep(s, OURS, ps.n, ps.piece, ask_owners);
	sweep(s, OURS, ps.n, ps.piece, ask_contents);
	for (unsigned int k = 0; k < NODES; k++)
		sweep(s, 1u << k, ps.n, ps.piece, write_contents);
	sweep(s, OURS, ps.n, ps.piece, ask_last);
	sweep(s, OURS, POOLS * NAMES, NULL, ask_name);
	sweep(s, OURS, s->m.nb_live, s->m.live, resize_to_same);
	check_stat(s);
	printf("%u pieces of memory: map, allocator and the views of %d nodes %s\n", ps.n, NODES,
		s->wrong == 0 ? "agree with the model" : "do not agree with the model");
	fflush(stdout);
	free(ps.piece);
}

/* ---- the end -------------------------------------------------------------------------------- */

/* The node that is to free an allocation: one of those who have all of it, or of its beginning. */
static unsigned int
heir(const struct model *m, const struct alloc *a)
{
	const struct mpool *p = &m->pool[a->pool];
	uint32_t common = model_common(p, a->g, a->n) & OURS;

	return (unsigned int)__builtin_ctz(common != 0 ? common : p->cell[a->g].owners);
}

static bool
hand_over(struct nodes *s, struct op *op, const void *things, uint32_t i)
{
	const struct piece *w = (const struct piece *)things + i;
	const struct mpool *p = &s->m.pool[w->pool];
	uint32_t owners = p->cell[w->g].owners;
	unsigned int to;

	if (owners == 0 || op->node != (unsigned int)__builtin_ctz(owners))
		return false;
	to = heir(&s->m, &s->m.alloc[p->cell[w->g].alloc]);
	if ((owners >> to & 1) != 0)
		return false;
	op->kind = OP_OWN;
	spot(s, op, w->pool, w->g, w->n);
	op->change = (struct change){w->pool, w->g, w->n, HOW_SET, 1u << to, 0, op->node};
	return true;
}

static bool
free_it(struct nodes *s, struct op *op, const void *things, uint32_t i)
{
	const uint32_t *live = things;
	const struct alloc *a = &s->m.alloc[live[i]];

	if (s->m.pool[a->pool].cell[a->g].owners == 0 || op->node != heir(&s->m, a))
		return false;
	op->kind = OP_FREE;
	op->alloc = live[i];
	spot(s, op, a->pool, a->g, a->n);
	return true;
}

void
clear_all(struct nodes *s)
{
	struct pieces ps = {NULL, 0, 0};
	uint32_t n = s->m.nb_live, *live = malloc(n * sizeof(*live) + 1);

	if (live == NULL)
		exit(2);
	memcpy(live, s->m.live, n * sizeof(*live));
	for (uint32_t i = 0; i < POOLS; i++)
		pieces_of(&s->m, i, &ps);
	sweep(s, OURS, ps.n, ps.piece, hand_over);
	/* Half of them, a look, and the rest. */
	sweep(s, OURS, n / 2, live, free_it);
	check_stat(s);
	sweep(s, OURS, n - n / 2, live + n / 2, free_it);
	check_stat(s);
	printf("all freed: the pools are %s\n", s->wrong == 0 ? "empty" : "not as they were");
	fflush(stdout);
	free(live);
	free(ps.piece);
}
