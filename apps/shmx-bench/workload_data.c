/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdlib.h>

#include "../common/fail.h"
#include "run.h"

/* Contents are what was there before the first put, or what the puts write. */
#define GENERATION_OLD 0
#define GENERATION_NEW 1

static int
old_contents(struct run *run)
{
	int ret = run->check ? content_put(run->bench, &run->bench->data, GENERATION_OLD) : 0;

	return ret == 0 ? 0 : bench_explain(run->bench, "filling the memory", ret);
}

static void
get_submit(struct run *run, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = run_slot(run);
		shmx_addr_t addr = stream_next(&run->stream);

		run->slots[slot].addr = addr;
		if (!run_started(run, shmx_get(run->ep, addr, run_buffer(run, slot), run->size,
					      run_cookie(run, slot))))
			break;
	}
}

static void
get_done(struct run *run, uint32_t slot, const struct shmx_event *ev)
{
	content_check(run, run_buffer(run, slot), run->slots[slot].addr, run->size, GENERATION_OLD);
}

const struct workload workload_get = {
	.name = "get",
	.moves_size = true,
	.prepare = old_contents,
	.submit = get_submit,
	.done = get_done,
};

/* For checks the state is a bitmap: which chunks were written. */
static int
put_prepare(struct run *run)
{
	if (run->check) {
		run->state = calloc(run->stream.chunks / 64 + 1, sizeof(uint64_t));
		if (run->state == NULL)
			return fail("out of memory: give a smaller --span");
	}
	return old_contents(run);
}

static inline bool
bit_get(const uint64_t *bits, uint64_t i)
{
	return (bits[i / 64] >> i % 64 & 1) != 0;
}

static inline uint64_t
chunk_of(const struct run *run, shmx_addr_t addr)
{
	return (addr - run->stream.base) / run->stream.stride;
}

static void
put_submit(struct run *run, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = run_slot(run);
		shmx_addr_t addr = stream_next(&run->stream);
		uint8_t *buf = run_buffer(run, slot);

		run->slots[slot].addr = addr;
		if (unlikely(run->check))
			content_fill(buf, addr, run->size, GENERATION_NEW);
		if (!run_started(
			    run, shmx_put(run->ep, addr, buf, run->size, run_cookie(run, slot))))
			break;
	}
}

static void
put_done(struct run *run, uint32_t slot, const struct shmx_event *ev)
{
	uint64_t *written = run->state, chunk = chunk_of(run, run->slots[slot].addr);

	written[chunk / 64] |= UINT64_C(1) << chunk % 64;
}

/* Words that a put wrote, wholly or in its first bytes, and words that none did. */
static void
put_verify_piece(void *ctx, shmx_addr_t addr, const uint8_t *data, uint64_t len)
{
	struct run *run = ctx;

	for (uint64_t i = 0; i < len; i += 8) {
		uint64_t chunk = chunk_of(run, addr + i), left = RTE_MIN(len - i, 8u);
		uint64_t offset = (addr + i - run->stream.base) % run->stream.stride;
		bool written = chunk < run->stream.chunks && bit_get(run->state, chunk);

		if (written)
			left = RTE_MIN(left, run->size - offset);
		content_check(
			run, data + i, addr + i, left, written ? GENERATION_NEW : GENERATION_OLD);
	}
}

static int
put_verify(struct run *run)
{
	return content_scan(run->bench, &run->bench->data, put_verify_piece, run);
}

const struct workload workload_put = {
	.name = "put",
	.moves_size = true,
	.prepare = put_prepare,
	.submit = put_submit,
	.done = put_done,
	.verify = put_verify,
};
