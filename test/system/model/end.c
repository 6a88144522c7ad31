/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "nodes.h"

/* What an operation that ended was told, against what was foreseen; and what it does to the model.
 */

static void
expect(struct nodes *s, const struct op *op, const char *what, uint64_t is, uint64_t should)
{
	if (is != should)
		wrong(s, op, what, is, should);
}

/* ---- allocations ---------------------------------------------------------------------------- */

/* Whether it may lie there; false also as long as what lies there may be on its way out. */
static bool
vacant(struct nodes *s, struct op *op)
{
	const struct mpool *p = &s->m.pool[op->pool];

	for (uint32_t g = op->g; g < op->g + op->n; g++) {
		if (p->cell[g].alloc == 0)
			continue;
		s->landed -= op->landed;
		op->landed = s->busy[op->pool][g] != 0;
		s->landed += op->landed;
		if (!op->landed)
			wrong(s, op, "granule of an allocation that lives", g, 0);
		return false;
	}
	return true;
}

static bool
place(struct nodes *s, struct op *op, uint64_t addr)
{
	const struct mpool *p = &s->m.pool[op->pool];
	uint64_t off = SHMX_ADDR_OFFSET(addr), align = RTE_MAX(op->align, p->granule);

	op->n = (uint32_t)((op->len + p->granule - 1) / p->granule);
	op->g = (uint32_t)(off / p->granule);
	if (SHMX_ADDR_POOL(addr) == p->id && off % align == 0 && off / p->granule + op->n <= p->nb)
		return true;
	wrong(s, op, "address", addr, 0);
	return false;
}

static void
end_alloc(struct nodes *s, struct op *op, const struct shmx_event *event)
{
	if (event != NULL && !place(s, op, event->value))
		return;
	if (!vacant(s, op))
		return;
	s->landed -= op->landed;
	op->landed = false;
	model_take(&s->m, op->pool, op->g, op->n, model_after(&op->change, 0), op->name);
}

static void
end_resize(struct nodes *s, const struct op *op)
{
	uint32_t granule = s->m.pool[op->pool].granule;
	uint32_t n = (uint32_t)((op->len + granule - 1) / granule);

	s->grown += n > s->m.alloc[op->alloc].n;
	model_resize(&s->m, op->alloc, n);
}

/* ---- contents and owners -------------------------------------------------------------------- */

static void
end_put(struct nodes *s, const struct op *op)
{
	struct cell *c = s->m.pool[op->pool].cell + op->g;

	for (uint32_t i = 0; i < op->n; i++)
		c[i].version = op->version;
}

static void
end_get(struct nodes *s, const struct op *op)
{
	uint32_t granule = s->m.pool[op->pool].granule, in = (uint32_t)(op->off % granule);
	uint8_t want[DATA_MAX + 2 * 4096];

	for (uint64_t at = 0; at < in + op->len; at += granule)
		model_contents(&s->m, op->pool, op->g + (uint32_t)(at / granule), want + at);
	if (memcmp(want + in, op->data, op->len) != 0)
		wrong(s, op, "whether contents are right", 0, 1);
}

static void
end_owners(struct nodes *s, const struct op *op, const struct shmx_event *event)
{
	uint16_t ids[IDS_MAX];
	uint32_t n = model_ids(&s->m, op->owners, ids, IDS_MAX);

	expect(s, op, "bytes with these owners", event->value2, op->value[0]);
	expect(s, op, "number of owners", event->value,
		op->owners == EVERYONE ? SHMX_NODES_ALL : n);
	if (op->owners != EVERYONE && event->value == n &&
		memcmp(ids, op->ids, RTE_MIN(n, (uint32_t)IDS_MAX) * sizeof(*ids)) != 0)
		wrong(s, op, "first owner", op->ids[0], ids[0]);
}

static void
end_stat(struct nodes *s, const struct op *op)
{
	const struct mpool *p = &s->m.pool[op->pool];
	uint64_t size = (uint64_t)p->nb * p->granule;
	uint64_t longest = (uint64_t)op->n * p->granule;

	expect(s, op, "size", op->info.size, size);
	expect(s, op, "used", op->info.used, (uint64_t)p->used * p->granule);
	expect(s, op, "allocations", op->info.allocs, p->allocs);
	expect(s, op, "granule", op->info.granule, p->granule);
	expect(s, op, "extents", op->info.extents, 1);
	/* It may be a fifth too small where many holes are of that class: see mem.h. */
	if (op->info.largest_free > longest || op->info.largest_free < longest / 5 * 4 ||
		(p->used == 0 && op->info.largest_free != size))
		wrong(s, op, "longest free piece", op->info.largest_free, longest);
}

static void
end_well(struct nodes *s, struct op *op, const struct shmx_event *event)
{
	switch (op->kind) {
	case OP_ALLOC:
		end_alloc(s, op, event);
		break;
	case OP_FREE:
		model_give(&s->m, op->alloc);
		break;
	case OP_RESIZE:
		end_resize(s, op);
		break;
	case OP_OWN:
		model_change(&s->m, &op->change);
		break;
	case OP_PUT:
		end_put(s, op);
		break;
	case OP_GET:
		end_get(s, op);
		break;
	case OP_OWNERS:
		end_owners(s, op, event);
		break;
	case OP_LOOKUP:
		expect(s, op, "address", event->value, op->value[0]);
		expect(s, op, "length", event->value2, op->value[1]);
		break;
	default:
		end_stat(s, op);
		break;
	}
}

/* An allocator may miss a hole that is too long by less than a fourth: see mem.h and doc/memory.md.
 */
static bool
no_room(const struct nodes *s, const struct op *op)
{
	const struct mpool *p = &s->m.pool[op->pool];
	uint64_t need = op->len + RTE_MAX(op->align, p->granule);

	return op->kind == OP_ALLOC &&
	       (uint64_t)model_longest_free(p) * p->granule < need + need / 4;
}

void
op_end(struct nodes *s, struct op *op, const struct shmx_event *event)
{
	if (event != NULL && event->status != op->expect) {
		if (event->status != -ENOMEM || !no_room(s, op))
			wrong(s, op, "status", (uint64_t)(int64_t)event->status,
				(uint64_t)(int64_t)op->expect);
		return;
	}
	if (op->expect != 0) {
		s->refused[op->kind]++;
		s->told[-op->expect % ERRNOS]++;
		return;
	}
	end_well(s, op, event);
	s->done[op->kind] += !op->landed;
}
