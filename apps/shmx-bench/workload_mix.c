/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdlib.h>

#include "run.h"

/*
 * What a store with a hot set does: mostly reads, some writes, some counting; 70, 20 and 10 in a
 * hundred. Puts write what is there already, so that every get can be checked.
 */
#define PERCENT_GET 70
#define PERCENT_PUT 20

#define GENERATION 0

enum kind {
	KIND_GET,
	KIND_PUT,
	KIND_ADD,
};

struct mix_state {
	struct stream counters;
	uint64_t added;
	uint64_t sum;
};

static int
mix_prepare(struct run *run)
{
	struct bench *b = run->bench;
	struct mix_state *st = calloc(1, sizeof(*st));
	int ret = st != NULL ? 0 : -ENOMEM;

	run->state = st;
	if (ret == 0 && run->check)
		ret = content_put(b, &b->data, GENERATION);
	if (ret < 0)
		return bench_explain(b, "filling the memory", ret);
	stream_init(&st->counters, &b->counters, 8, b->opt.pattern, b->opt.link.node + 1);
	return 0;
}

static enum kind
kind_choose(struct stream *s)
{
	uint64_t percent = ((stream_random(s) >> 32) * 100) >> 32;

	if (percent < PERCENT_GET)
		return KIND_GET;
	return percent < PERCENT_GET + PERCENT_PUT ? KIND_PUT : KIND_ADD;
}

static int
mix_start(struct run *run, uint32_t slot)
{
	struct mix_state *st = run->state;
	struct slot *s = &run->slots[slot];
	uint8_t *buf = run_buffer(run, slot);
	uint64_t cookie = run_cookie(run, slot);

	s->arg = kind_choose(&run->stream);
	if (s->arg == KIND_ADD) {
		s->addr = stream_next(&st->counters);
		return shmx_fetch_add(run->ep, s->addr, 1, cookie);
	}
	s->addr = stream_next(&run->stream);
	if (s->arg == KIND_GET)
		return shmx_get(run->ep, s->addr, buf, run->size, cookie);
	content_fill(buf, s->addr, run->size, GENERATION);
	return shmx_put(run->ep, s->addr, buf, run->size, cookie);
}

static void
mix_submit(struct run *run, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!run_started(run, mix_start(run, run_slot(run))))
			break;
	}
}

static void
mix_done(struct run *run, uint32_t slot, const struct shmx_event *ev)
{
	struct mix_state *st = run->state;
	const struct slot *s = &run->slots[slot];

	if (s->arg == KIND_ADD)
		st->added++;
	else if (s->arg == KIND_GET)
		content_check(run, run_buffer(run, slot), s->addr, run->size, GENERATION);
}

static void
sum_piece(void *ctx, shmx_addr_t addr, const uint8_t *data, uint64_t len)
{
	struct mix_state *st = ctx;
	uint64_t word;

	for (uint64_t i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, data + i, sizeof(word));
		st->sum += word;
	}
}

static int
mix_verify(struct run *run)
{
	struct mix_state *st = run->state;
	int ret = content_scan(run->bench, &run->bench->counters, sum_piece, st);

	if (ret == 0 && st->sum != st->added)
		run_wrong(run, st->counters.base, st->sum, st->added);
	return ret;
}

const struct workload workload_mix = {
	.name = "mix",
	.moves_size = true,
	.prepare = mix_prepare,
	.submit = mix_submit,
	.done = mix_done,
	.verify = mix_verify,
};
