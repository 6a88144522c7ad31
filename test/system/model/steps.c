/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "common/model.h"
#include "nodes.h"

/*
 * Random operations. Those that count on memory to stay free (a resize that grows into it, anything
 * about stale addresses) and allocations, which may get any memory, take turns: "exact" is the turn
 * of the former.
 */

#define MOST        8    /* operations of a node under way */
#define TURN        3000 /* operations: two thirds with allocations, one without */
#define SETS_LIVE   3000 /* the memory node keeps 4096 different ones */
#define SMALL       1024 /* bytes of a get or put that is refused: in one record, so all of it is */
#define PAIRS       (NODES / 2)
#define PERCENT_ANY 12             /* of the operations are on memory of whomever */
#define BAND        (256u << 10)   /* bytes: longer than what a free clears at once */
#define QUILT_NODE  3              /* has all of the quilt */
#define QUILT_MIN   (2 * SETS_MAX) /* granules */

struct steps {
	struct nodes *s;
	uint32_t pair[PAIRS]; /* sets made of these are again such, whatever is added or dropped */
	uint32_t target;
	uint64_t started;
	uint32_t quilt; /* an allocation that becomes one of many owners */
	uint32_t band;  /* one with much free memory behind it, that is stretched and let go */
	bool exact;
	bool fill; /* more allocations than frees */
};

static uint32_t
dice(struct steps *st, uint32_t n)
{
	return model_below(&st->s->rnd, n);
}

static void
pairs_make(struct steps *st)
{
	uint32_t bit[NODES];

	for (uint32_t i = 0; i < NODES; i++) {
		uint32_t j = dice(st, i + 1);

		bit[i] = bit[j];
		bit[j] = 1u << i;
	}
	for (uint32_t i = 0; i < PAIRS; i++)
		st->pair[i] = bit[2 * i] | bit[2 * i + 1];
}

/* A set of our nodes. */
static uint32_t
pick_owners(struct steps *st)
{
	uint32_t owners = 0, which;

	switch (dice(st, 8)) {
	case 0:
	case 1:
	case 2:
		return 1 + dice(st, OURS);
	case 3:
		return 1u << dice(st, NODES);
	default:
		which = 1 + dice(st, (1u << PAIRS) - 1);
		for (uint32_t i = 0; i < PAIRS; i++)
			owners |= (which >> i & 1) * st->pair[i];
		return owners;
	}
}

/* ---- where ---------------------------------------------------------------------------------- */

/* An allocation, most often one that begins with a granule of the node's. 0: there is none. */
static uint32_t
pick_alloc(struct steps *st, unsigned int node)
{
	const struct model *m = &st->s->m;
	uint32_t tries = dice(st, 100) < PERCENT_ANY ? 1 : 8, i = 0;

	while (m->nb_live > 0 && tries-- > 0) {
		const struct alloc *a;

		i = m->live[dice(st, m->nb_live)];
		a = &m->alloc[i];
		if ((m->pool[a->pool].cell[a->g].owners >> node & 1) != 0)
			break;
	}
	return i;
}

static bool
exact_now(const struct steps *st)
{
	return st->exact && st->s->allocs == 0;
}

/* How many of the granules from @p g on nobody touches, and no allocation may get. */
static uint32_t
reach(const struct steps *st, struct op *op, uint32_t g, uint32_t n)
{
	const struct mpool *p = &st->s->m.pool[op->pool];
	const uint8_t *busy = st->s->busy[op->pool];
	uint32_t i;

	for (i = 0; i < n && g + i < p->nb && !busy[g + i]; i++) {
		if (p->cell[g + i].alloc != 0)
			continue;
		if (!exact_now(st))
			break;
		op->exact = true;
	}
	return i;
}

/* The operation has these granules for itself, if it gets them all. */
static bool
claim(const struct steps *st, struct op *op, uint32_t g, uint32_t n)
{
	op->locks = true;
	op->lock = g;
	op->nb_lock = n;
	return n > 0 && reach(st, op, g, n) == n;
}

static void
spot(const struct steps *st, struct op *op, uint32_t g, uint32_t n)
{
	uint32_t granule = st->s->m.pool[op->pool].granule;

	op->g = g;
	op->n = n;
	op->off = (uint64_t)g * granule;
	op->len = (uint64_t)n * granule;
}

/* A whole allocation, a part of one, or a range over several; at most @p most granules. */
static bool
pick_range(struct steps *st, struct op *op, uint32_t most)
{
	const struct alloc *a = &st->s->m.alloc[pick_alloc(st, op->node)];
	uint32_t in = 0, n = a->n, way = dice(st, 100);

	if (a->n == 0)
		return false;
	if (way >= 40) {
		in = dice(st, a->n);
		n = 1 + dice(st, a->n - in);
	}
	if (way >= 80)
		n = 1 + dice(st, way == 99 ? 20000 : 64);
	op->pool = a->pool;
	n = reach(st, op, a->g + in, RTE_MIN(n, most));
	spot(st, op, a->g + in, n);
	return claim(st, op, op->g, n);
}

static bool
pick_whole(struct steps *st, struct op *op)
{
	const struct alloc *a;

	op->alloc = pick_alloc(st, op->node);
	a = &st->s->m.alloc[op->alloc];
	op->pool = a->pool;
	spot(st, op, a->g, a->n);
	return claim(st, op, a->g, a->n);
}

/* ---- allocate, free, resize ----------------------------------------------------------------- */

static bool
sets_left(const struct steps *st, const struct op *op)
{
	return st->s->m.nb_sets + st->s->fresh + op->fresh <= SETS_LIVE;
}

static uint64_t
pick_len(struct steps *st, uint64_t most)
{
	uint32_t way = dice(st, 10000), len;

	if (way < 7000)
		len = dice(st, 512);
	else if (way < 9500)
		len = dice(st, 4096);
	else if (way < 9900)
		len = dice(st, 16384);
	else if (way < 9997)
		len = dice(st, 65536);
	else
		len = dice(st, 2 << 20);
	return 1 + RTE_MIN((uint64_t)len, most);
}

static bool
pick_name(struct steps *st, struct op *op)
{
	if (dice(st, 16) != 0)
		return true;
	op->name = 1 + dice(st, NAMES);
	op->locks = true;
	if (st->s->m.pool[op->pool].named[op->name] != 0)
		op->expect = -EEXIST;
	return !st->s->name_busy[op->pool][op->name];
}

static bool
step_alloc(struct steps *st, struct op *op)
{
	static const enum how hows[] = {HOW_EVERYONE, HOW_SELF, HOW_SET, HOW_SET};
	const struct model *m = &st->s->m;
	uint64_t size;

	if (st->exact || st->s->exact > 0 || m->nb_unused <= st->s->allocs)
		return false;
	op->pool = dice(st, 10) < 4 ? 0 : dice(st, POOLS);
	size = (uint64_t)m->pool[op->pool].nb * m->pool[op->pool].granule;
	op->len = pick_len(st, size / 32);
	op->align = dice(st, 10) == 0 ? 64u << dice(st, 7) : 0;
	op->change = (struct change){
		.how = hows[dice(st, RTE_DIM(hows))], .nodes = pick_owners(st), .node = op->node};
	op->fresh = m->cells_of[model_after(&op->change, 0)] == 0;
	if (dice(st, 500) == 0) {
		op->len = size + 1;
		op->expect = -ENOMEM;
		return sets_left(st, op);
	}
	return sets_left(st, op) && pick_name(st, op);
}

/* What a node is told that owns, or does not own, all of it. */
static int
by_owner(const struct steps *st, const struct op *op, const struct alloc *a)
{
	uint32_t common = model_common(&st->s->m.pool[a->pool], a->g, a->n);

	return (common >> op->node & 1) != 0 ? 0 : -EPERM;
}

static bool
step_free(struct steps *st, struct op *op)
{
	const struct alloc *a;

	if (!pick_whole(st, op))
		return false;
	a = &st->s->m.alloc[op->alloc];
	op->name = a->name;
	op->expect = by_owner(st, op, a);
	return op->name == 0 || !st->s->name_busy[op->pool][op->name];
}

/* Nothing, or as far as the first that is taken: what is behind that makes no difference. */
static bool
grows(const struct steps *st, struct op *op, const struct alloc *a, uint32_t n)
{
	const struct mpool *p = &st->s->m.pool[a->pool];
	uint32_t i = a->n;

	while (i < n && a->g + i < p->nb && p->cell[a->g + i].alloc == 0)
		i++;
	if (i < n)
		op->expect = -ENOMEM;
	if (i == n || a->g + i == p->nb)
		return claim(st, op, a->g, i);
	/* Only the one that is in the way has to stay. */
	op->locks = true;
	op->lock = a->g;
	op->nb_lock = i + 1;
	return memchr(st->s->busy[op->pool] + a->g, 1, i + 1) == NULL;
}

/* An allocation of the node's with free memory behind it. */
static uint32_t
pick_loose(struct steps *st, unsigned int node)
{
	const struct model *m = &st->s->m;

	for (uint32_t tries = 0; tries < 100 && m->nb_live > 0; tries++) {
		const struct alloc *a = &m->alloc[m->live[dice(st, m->nb_live)]];
		const struct mpool *p = &m->pool[a->pool];
		uint32_t behind = a->g + a->n;

		if (behind < p->nb && p->cell[behind].alloc == 0 &&
			(model_common(p, a->g, a->n) >> node & 1) != 0)
			return p->cell[a->g].alloc;
	}
	return 0;
}

/* The last one of a pool. */
static void
pick_band(struct steps *st)
{
	const struct mpool *p = &st->s->m.pool[dice(st, POOLS)];
	uint32_t g = p->nb - 1;

	while (g > 0 && p->cell[g].alloc == 0)
		g--;
	st->band = p->cell[g].alloc;
}

static bool
lives(const struct model *m, uint32_t alloc)
{
	const struct alloc *a = &m->alloc[alloc];

	return alloc != 0 && m->pool[a->pool].cell[a->g].alloc == alloc;
}

static bool
pick_resize(struct steps *st, struct op *op)
{
	const struct alloc *a;
	uint32_t way = exact_now(st) ? dice(st, 8) : 0;

	if (way > 0)
		op->alloc = way < 4 ? st->band : pick_loose(st, op->node);
	if (!lives(&st->s->m, op->alloc))
		return pick_whole(st, op);
	a = &st->s->m.alloc[op->alloc];
	op->pool = a->pool;
	spot(st, op, a->g, a->n);
	return claim(st, op, a->g, a->n);
}

/* Granules. */
static uint32_t
pick_new_len(struct steps *st, const struct op *op, const struct alloc *a, uint32_t granule)
{
	if (op->alloc == st->band)
		return a->n < BAND / granule ? BAND / granule + dice(st, 8) : 1;
	return dice(st, 10) < 4 ? 1 + dice(st, a->n) : a->n + dice(st, RTE_MAX(a->n / 4, 4u));
}

static bool
step_resize(struct steps *st, struct op *op)
{
	const struct alloc *a;
	uint32_t n, granule;
	bool good = true;

	if (!pick_resize(st, op))
		return false;
	a = &st->s->m.alloc[op->alloc];
	granule = st->s->m.pool[op->pool].granule;
	n = pick_new_len(st, op, a, granule);
	op->expect = by_owner(st, op, a);
	op->len = (uint64_t)n * granule - dice(st, granule);
	if (op->expect == 0 && n > a->n)
		good = grows(st, op, a, n);
	return good;
}

/* ---- owners --------------------------------------------------------------------------------- */

/* Off the granule: whoever may is told so. */
static bool
own_askew(const struct steps *st, struct op *op)
{
	uint32_t granule = st->s->m.pool[op->pool].granule;

	if (op->n < 2)
		return false;
	op->off += granule / 2;
	op->len = granule;
	op->expect = model_access(&st->s->m, op->pool, op->off, op->len, op->node);
	op->expect = op->expect == 0 ? -EINVAL : op->expect;
	return true;
}

static bool
foresee(const struct steps *st, struct op *op)
{
	bool orphans;

	op->expect = model_foresee(&st->s->m, &op->change, &op->fresh, &orphans);
	if (op->expect == 0 && orphans)
		return false; /* nobody could free it */
	if (op->expect != 0)
		op->fresh = 1; /* the one that is named is made all the same */
	return sets_left(st, op);
}

/* One more granule of the quilt gets other owners; or all of it changes, which ends, once there are
 * too many of them, with -EMSGSIZE. */
static bool
step_quilt(struct steps *st, struct op *op)
{
	const struct alloc *a = &st->s->m.alloc[st->quilt];
	const struct mpool *p = &st->s->m.pool[a->pool];
	bool whole = dice(st, 8) == 0;
	uint32_t g = a->g + dice(st, RTE_MAX(a->n, 1u)), n = 1;

	if (st->quilt == 0 || a->n < QUILT_MIN || p->cell[a->g].alloc != st->quilt ||
		(model_common(p, a->g, a->n) >> op->node & 1) == 0) {
		st->quilt = pick_alloc(st, op->node);
		return false;
	}
	if (whole) {
		g = a->g;
		n = a->n;
	}
	op->pool = a->pool;
	spot(st, op, g, n);
	op->change = (struct change){
		.pool = op->pool,
		.g = g,
		.n = n,
		.how = whole || dice(st, 2) != 0 ? HOW_DROP : HOW_ADD,
		.nodes = st->pair[dice(st, PAIRS)] & ~(1u << op->node),
		.node = op->node,
	};
	return claim(st, op, g, n) && foresee(st, op);
}

static bool
step_own(struct steps *st, struct op *op)
{
	static const enum how hows[] = {HOW_SET, HOW_SET, HOW_ADD, HOW_ADD, HOW_ADD, HOW_DROP,
		HOW_DROP, HOW_MOVE, HOW_MOVE, HOW_EVERYONE, HOW_SELF};
	struct change *c = &op->change;
	uint32_t first;

	if (op->node == QUILT_NODE)
		return step_quilt(st, op);
	if (!pick_range(st, op, UINT32_MAX))
		return false;
	first = st->s->m.pool[op->pool].cell[op->g].owners;
	*c = (struct change){
		.pool = op->pool,
		.g = op->g,
		.n = op->n,
		.how = hows[dice(st, RTE_DIM(hows))],
		.nodes = pick_owners(st),
		.from = pick_owners(st),
		.node = op->node,
	};
	if (dice(st, 4) != 0 && first != 0 && (first & REST) == 0)
		c->from = first;
	if (!foresee(st, op))
		return false;
	return dice(st, 50) != 0 || own_askew(st, op);
}

static bool
step_owners(struct steps *st, struct op *op)
{
	const struct mpool *p;

	if (!pick_range(st, op, UINT32_MAX))
		return false;
	p = &st->s->m.pool[op->pool];
	op->owners = p->cell[op->g].owners;
	op->expect = op->owners == 0 ? -ESTALE : 0;
	op->value[0] = (uint64_t)model_run(p, op->g, op->n) * p->granule;
	return true;
}

static bool
step_lookup(struct steps *st, struct op *op)
{
	const struct mpool *p;
	const struct alloc *a;

	op->pool = dice(st, POOLS);
	op->name = 1 + dice(st, NAMES);
	op->locks = true;
	p = &st->s->m.pool[op->pool];
	if (st->s->name_busy[op->pool][op->name])
		return false;
	op->expect = p->named[op->name] != 0 ? 0 : -ENOENT;
	if (op->expect != 0)
		return true;
	a = &st->s->m.alloc[p->named[op->name]];
	op->value[0] = address(st->s, op->pool, (uint64_t)a->g * p->granule);
	op->value[1] = (uint64_t)a->n * p->granule;
	return claim(st, op, a->g, a->n);
}

/* ---- contents ------------------------------------------------------------------------------- */

/* As much as the node may; or as little as one record carries, and nothing of it happens. */
static void
allowed(const struct steps *st, struct op *op)
{
	const struct model *m = &st->s->m;

	op->len = RTE_MIN(op->len, (uint64_t)DATA_MAX);
	op->expect = model_access(m, op->pool, op->off, op->len, op->node);
	if (op->expect == 0)
		return;
	op->len = RTE_MIN(op->len, (uint64_t)SMALL);
	op->expect = model_access(m, op->pool, op->off, op->len, op->node);
}

static bool
step_put(struct steps *st, struct op *op)
{
	struct mpool *p;

	if (!pick_range(st, op, DATA_MAX / 64))
		return false;
	p = &st->s->m.pool[op->pool];
	allowed(st, op);
	op->n = (uint32_t)(op->len / p->granule);
	op->version = ++st->s->m.version;
	for (uint32_t i = 0; i < op->n; i++)
		model_make(p, op->g + i, op->version, op->data + (size_t)i * p->granule);
	return true;
}

static bool
step_get(struct steps *st, struct op *op)
{
	uint32_t granule, in;

	if (!pick_range(st, op, DATA_MAX / 64))
		return false;
	granule = st->s->m.pool[op->pool].granule;
	in = dice(st, granule);
	op->len = RTE_MIN(op->len, (uint64_t)DATA_MAX);
	op->off += in;
	op->len = 1 + dice(st, (uint32_t)op->len - in);
	allowed(st, op);
	return true;
}

/* ---- what has to be refused ----------------------------------------------------------------- */

/* Memory that is free. */
static bool
step_stale(struct steps *st, struct op *op)
{
	static const enum kind kinds[] = {OP_GET, OP_PUT, OP_OWN, OP_OWNERS, OP_FREE, OP_RESIZE};
	const struct mpool *p;
	uint32_t g, tries = 16;

	op->pool = dice(st, POOLS);
	op->kind = kinds[dice(st, RTE_DIM(kinds))];
	p = &st->s->m.pool[op->pool];
	do {
		g = dice(st, p->nb);
	} while (p->cell[g].alloc != 0 && --tries > 0);
	if (tries == 0 || !claim(st, op, g, 1))
		return false;
	spot(st, op, g, 1);
	op->change = (struct change){.how = HOW_SELF, .node = op->node};
	op->expect = op->kind == OP_FREE || op->kind == OP_RESIZE ? -ENOENT : -ESTALE;
	return true;
}

/* Inside an allocation, or off the granule. */
static bool
step_inside(struct steps *st, struct op *op)
{
	op->kind = dice(st, 2) != 0 ? OP_FREE : OP_RESIZE;
	if (!pick_whole(st, op))
		return false;
	op->expect = -EINVAL;
	if (op->n > 1 && dice(st, 2) != 0) {
		op->expect = -ENOENT;
		op->off += (uint64_t)(1 + dice(st, op->n - 1)) * st->s->m.pool[op->pool].granule;
	} else {
		op->off += 8;
	}
	return true;
}

/* Over the end of the pool, or behind it. */
static bool
step_beyond(struct steps *st, struct op *op)
{
	static const enum kind over[] = {OP_GET, OP_PUT, OP_OWN};
	static const enum kind behind[] = {OP_FREE, OP_RESIZE, OP_OWNERS};
	const struct mpool *p;

	op->pool = dice(st, POOLS);
	p = &st->s->m.pool[op->pool];
	spot(st, op, p->nb - 1, 1);
	if (dice(st, 2) != 0) {
		op->kind = over[dice(st, RTE_DIM(over))];
		op->change = (struct change){.how = HOW_SELF, .node = op->node};
		op->len += 64;
		op->expect = -EFAULT;
	} else {
		op->kind = behind[dice(st, RTE_DIM(behind))];
		op->off += p->granule;
		op->expect = -ENOENT;
	}
	return true;
}

static bool
step_refused(struct steps *st, struct op *op)
{
	switch (dice(st, 3)) {
	case 0:
		return step_inside(st, op);
	case 1:
		return step_beyond(st, op);
	default:
		return step_stale(st, op);
	}
}

/* ---- which ---------------------------------------------------------------------------------- */

static bool
step_any(struct steps *st, struct op *op)
{
	static const struct {
		uint32_t percent;
		enum kind kind;
		bool (*prepare)(struct steps *st, struct op *op);
	} others[] = {
		{16, OP_RESIZE, step_resize},
		{34, OP_OWN, step_own},
		{18, OP_PUT, step_put},
		{14, OP_GET, step_get},
		{6, OP_OWNERS, step_owners},
		{4, OP_LOOKUP, step_lookup},
		{8, OP_GET, step_refused},
	};
	uint32_t way = dice(st, 100), i = 0;

	for (; way >= others[i].percent; i++)
		way -= others[i].percent;
	op->kind = others[i].kind;
	return others[i].prepare(st, op);
}

/* In a hundred operations: so many allocations, so many frees. */
static bool
step(struct steps *st, unsigned int node)
{
	uint32_t allocs = st->fill ? 36 : 22, frees = st->fill ? 6 : 22, way = dice(st, 100);
	struct op *op = op_take(st->s, node, OP_ALLOC, MOST);
	bool good;

	if (op == NULL)
		return false;
	if (way < allocs) {
		good = step_alloc(st, op);
	} else if (way < allocs + frees) {
		op->kind = OP_FREE;
		good = step_free(st, op);
	} else {
		good = step_any(st, op);
	}
	if (!good)
		op_drop(st->s, op);
	return good && op_start(st->s, op);
}

/* A whole block's alignment. Alone, because few places are as good, and whether there is one when
 * its turn comes cannot be foreseen otherwise. */
static void
step_block(struct steps *st)
{
	struct op *op;

	nodes_settle(st->s);
	op = op_take(st->s, dice(st, NODES), OP_ALLOC, MOST);
	if (!step_alloc(st, op)) {
		op_drop(st->s, op);
		return;
	}
	op->align = 2u << 20;
	op_start(st->s, op);
	nodes_settle(st->s);
}

static void
turn(struct steps *st)
{
	bool exact;

	for (unsigned int k = 0; k < NODES; k++)
		for (unsigned int i = 0; i < MOST; i++)
			st->started += step(st, k);
	exact = st->started % TURN >= TURN / 3 * 2;
	if (exact && !st->exact) {
		step_block(st);
		pick_band(st);
	}
	st->exact = exact;
	nodes_poll(st->s);
}

/* Exactly so many. */
static void
land(struct steps *st)
{
	struct nodes *s = st->s;

	st->exact = false;
	for (nodes_settle(s); s->m.nb_live != st->target && s->wrong == 0; nodes_settle(s)) {
		bool more = s->m.nb_live < st->target;
		struct op *op = op_take(s, dice(st, NODES), more ? OP_ALLOC : OP_FREE, MOST);

		if (more ? step_alloc(st, op) : step_free(st, op))
			op_start(s, op);
		else
			op_drop(s, op);
	}
}

void
steps_run(struct nodes *s, uint32_t allocs, uint64_t more)
{
	struct steps st = {.s = s, .target = allocs, .fill = true};
	uint64_t end;

	pairs_make(&st);
	while (s->m.nb_live < allocs && s->wrong == 0)
		turn(&st);
	end = st.started + more;
	while (st.started < end && s->wrong == 0) {
		st.fill = s->m.nb_live < allocs;
		turn(&st);
	}
	land(&st);
	printf("%lu steps, %u allocations held, by %u sets of owners\n", (unsigned long)st.started,
		s->m.nb_live, s->m.nb_sets);
	fflush(stdout);
}
