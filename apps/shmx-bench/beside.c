/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_malloc.h>

#include "../common/fail.h"
#include "run.h"

static uint64_t
buffer_stride(const struct run *run)
{
	return RTE_ALIGN_CEIL(run->bench->opt.beside, RTE_CACHE_LINE_SIZE);
}

int
beside_create(struct run *run)
{
	if (run->bench->opt.beside == 0)
		return 0;
	run->beside.buffers = rte_zmalloc(
		"beside", BESIDE_TRANSFERS * buffer_stride(run), RTE_CACHE_LINE_SIZE);
	if (run->beside.buffers == NULL)
		return fail("out of memory: give EAL more with -m, or give a smaller --beside");
	return 0;
}

void
beside_destroy(struct run *run)
{
	rte_free(run->beside.buffers);
}

static void
start(struct run *run, uint32_t i)
{
	const struct options *o = &run->bench->opt;
	uint8_t *buf = run->beside.buffers + i * buffer_stride(run);
	uint64_t cookie = COOKIE_BESIDE | i;
	int ret = o->beside_op == BESIDE_GET
	                  ? shmx_get(run->ep, run->bench->beside.base, buf, o->beside, cookie)
	                  : shmx_put(run->ep, run->bench->beside.base, buf, o->beside, cookie);

	if (ret == 0)
		run->beside.open++;
	else
		run->error = ret;
}

void
beside_begin(struct run *run)
{
	run->beside.going = run->beside.buffers != NULL;
	for (uint32_t i = 0; i < BESIDE_TRANSFERS && run->beside.going; i++)
		start(run, i);
}

void
beside_end(struct run *run)
{
	run->beside.going = false;
}

void
beside_event(struct run *run, const struct shmx_event *ev)
{
	run->beside.open--;
	if (ev->status != 0)
		run->error = ev->status;
	run->beside.completed++;
	if (run->beside.going && run->error == 0)
		start(run, (uint32_t)ev->cookie);
}
