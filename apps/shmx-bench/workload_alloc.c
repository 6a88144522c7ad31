/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdlib.h>
#include <string.h>

#include "../common/fail.h"
#include "run.h"

/*
 * A population of `--live` objects. Each operation takes one at random that rests, and moves it
 * on: what is absent is allocated, what is there is freed. About half of them exist at any time,
 * and their lives overlap at random.
 *
 * With checks, an object is read when it is new (it has to be zero), written over its whole
 * length, and read again before it is freed: two that overlap would destroy each other.
 */
enum state {
	ABSENT,
	NEW,
	ZERO,
	WRITTEN,
	READ,
};

struct object {
	shmx_addr_t addr;
	uint32_t len;
	uint8_t state; /* enum state */
	bool busy;     /* an operation is on its way */
};

struct alloc_state {
	uint64_t used_before; /* bytes of the pool */
	uint32_t nb;
	struct object objects[];
};

static int
pool_used(struct run *run, uint64_t *used)
{
	struct shmx_pool_info info;
	int ret = shmx_pool_stat_sync(run->ep, run->bench->pool, &info);

	if (ret == 0)
		*used = info.used;
	return ret;
}

static int
alloc_prepare(struct run *run)
{
	uint32_t nb = run->bench->opt.live;
	struct alloc_state *st = calloc(1, sizeof(*st) + nb * sizeof(st->objects[0]));
	int ret;

	if (st == NULL)
		return fail("out of memory: give a smaller --live");
	st->nb = nb;
	run->state = st;
	ret = pool_used(run, &st->used_before);
	return ret == 0 ? 0 : bench_explain(run->bench, "pool", ret);
}

/* One that rests: there are at least as many objects as slots, and a slot is free. */
static uint32_t
object_choose(struct run *run)
{
	const struct alloc_state *st = run->state;
	uint32_t i = (uint32_t)(((stream_random(&run->stream) >> 32) * st->nb) >> 32);

	while (st->objects[i].busy)
		i = i + 1 < st->nb ? i + 1 : 0;
	return i;
}

static int
object_alloc(struct run *run, struct object *o, uint64_t cookie)
{
	struct shmx_alloc_req req = {.pool = run->bench->pool};

	o->len = (uint32_t)run->size;
	if (!run->stream.sequential)
		o->len = 1 + (uint32_t)(((stream_random(&run->stream) >> 32) * run->size) >> 32);
	req.len = o->len;
	return shmx_alloc(run->ep, &req, cookie);
}

static int
object_start(struct run *run, struct object *o, uint32_t slot)
{
	uint64_t cookie = run_cookie(run, slot);
	uint8_t *buf = run_buffer(run, slot);

	if (o->state == ABSENT)
		return object_alloc(run, o, cookie);
	if (!run->check || o->state == READ)
		return shmx_free(run->ep, o->addr, cookie);
	if (o->state != ZERO)
		return shmx_get(run->ep, o->addr, buf, o->len, cookie);
	content_fill(buf, o->addr, o->len, 0);
	return shmx_put(run->ep, o->addr, buf, o->len, cookie);
}

static void
alloc_submit(struct run *run, uint32_t n)
{
	struct alloc_state *st = run->state;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = run_slot(run), chosen = object_choose(run);

		run->slots[slot].arg = chosen;
		if (!run_started(run, object_start(run, &st->objects[chosen], slot)))
			break;
		st->objects[chosen].busy = true;
	}
}

static void
check_zero(struct run *run, const struct object *o, const uint8_t *buf)
{
	for (uint32_t i = 0; i < o->len; i++) {
		if (buf[i] != 0) {
			run_wrong(run, o->addr + i, buf[i], 0);
			return;
		}
	}
}

static void
object_check(struct run *run, struct object *o, uint32_t slot)
{
	if (o->state == NEW)
		check_zero(run, o, run_buffer(run, slot));
	else if (o->state == WRITTEN)
		content_check(run, run_buffer(run, slot), o->addr, o->len, 0);
	o->state++;
}

static void
alloc_done(struct run *run, uint32_t slot, const struct shmx_event *ev)
{
	struct alloc_state *st = run->state;
	struct object *o = &st->objects[run->slots[slot].arg];

	o->busy = false;
	if (o->state == ABSENT) {
		o->addr = ev->value;
		o->state = NEW;
	} else if (!run->check || o->state == READ) {
		o->state = ABSENT;
	} else {
		object_check(run, o, slot);
	}
}

static void
alloc_failed(struct run *run, uint32_t slot)
{
	struct alloc_state *st = run->state;

	st->objects[run->slots[slot].arg].busy = false;
}

static int
objects_free(struct run *run)
{
	struct alloc_state *st = run->state;
	int ret = 0;

	for (uint32_t i = 0; i < st->nb && ret == 0; i++) {
		struct object *o = &st->objects[i];

		if (o->state == ABSENT || o->busy)
			continue;
		ret = shmx_free_sync(run->ep, o->addr);
		o->state = ABSENT;
	}
	return ret;
}

static int
alloc_verify(struct run *run)
{
	const struct alloc_state *st = run->state;
	uint64_t used = 0;
	int ret = objects_free(run);

	if (ret == 0)
		ret = pool_used(run, &used);
	if (ret == 0 && run->bench->pool_made && used != st->used_before)
		run_wrong(run, 0, used, st->used_before);
	return ret;
}

static void
alloc_finish(struct run *run)
{
	objects_free(run);
}

const struct workload workload_alloc = {
	.name = "alloc",
	.stateful = true,
	.prepare = alloc_prepare,
	.submit = alloc_submit,
	.done = alloc_done,
	.failed = alloc_failed,
	.verify = alloc_verify,
	.finish = alloc_finish,
};
