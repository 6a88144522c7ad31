/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/fail.h"
#include "run.h"

#define SEEN_MAX (UINT64_C(1) << 28) /* values of a word whose uniqueness is checked */

/* What the words of a region add up to, by the width of the atomics. */
struct sum {
	uint64_t value;
	uint64_t mask;
};

static void
sum_piece(void *ctx, shmx_addr_t addr, const uint8_t *data, uint64_t len)
{
	struct sum *sum = ctx;
	uint64_t word;

	for (uint64_t i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, data + i, sizeof(word));
		sum->value += word & sum->mask;
	}
}

static int
sum_region(struct run *run, uint64_t *value)
{
	struct sum sum = {.mask = run->size == 4 ? UINT32_MAX : UINT64_MAX};
	int ret = content_scan(run->bench, &run->bench->counters, sum_piece, &sum);

	*value = sum.value;
	return ret;
}

/* ---- fetch-add ------------------------------------------------------------------------- */

struct faa_state {
	uint64_t initial; /* sum before */
	uint64_t added;   /* by us, without error */
	uint64_t seen[];  /* one word only: bitmap of values found, from initial on */
};

static uint64_t
seen_bits(const struct run *run)
{
	return run->stream.chunks == 1 ? SEEN_MAX : 0;
}

static int
faa_prepare(struct run *run)
{
	struct faa_state *st;
	int ret;

	if (!run->check && run->bench->opt.word == NULL)
		return 0;
	/* Untouched pages of the bitmap cost nothing. */
	st = calloc(1, sizeof(*st) + seen_bits(run) / 8);
	if (st == NULL)
		return fail("out of memory");
	run->state = st;
	ret = sum_region(run, &st->initial);
	return ret == 0 ? 0 : bench_explain(run->bench, "reading the counters", ret);
}

static void
faa_submit(struct run *run, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = run_slot(run);
		shmx_addr_t addr = stream_next(&run->stream);

		run->slots[slot].addr = addr;
		if (!run_started(
			    run, shmx_atomic(run->ep, SHMX_FETCH_ADD, addr, (unsigned int)run->size,
					 1, 0, run_cookie(run, slot))))
			break;
	}
}

/* A value that comes back twice was given to two operations: one took no effect. */
static void
faa_done(struct run *run, uint32_t slot, const struct shmx_event *ev)
{
	struct faa_state *st = run->state;
	uint64_t i = ev->value - st->initial;

	st->added++;
	if (i >= seen_bits(run))
		return;
	if ((st->seen[i / 64] >> i % 64 & 1) != 0)
		run_wrong(run, run->slots[slot].addr, ev->value, ev->value + 1);
	st->seen[i / 64] |= UINT64_C(1) << i % 64;
}

static int
faa_verify(struct run *run)
{
	const struct faa_state *st = run->state;
	uint64_t sum;
	int ret = sum_region(run, &sum);

	if (ret != 0)
		return ret;
	/* Others may count in a named word, too: it holds no less than what we added. */
	if (run->check && (run->bench->counters.shared ? sum < st->initial + st->added
						       : sum != st->initial + st->added))
		run_wrong(run, run->stream.base, sum, st->initial + st->added);
	run->word = sum;
	return 0;
}

const struct workload workload_faa = {
	.name = "faa",
	.atomic = true,
	.prepare = faa_prepare,
	.submit = faa_submit,
	.done = faa_done,
	.verify = faa_verify,
};

/* ---- compare-and-swap ------------------------------------------------------------------- */

/*
 * Words are 0 or 1, and each operation wants to change the one into the other, chosen at random:
 * about half of them succeed. The words then add up to the changes to 1 less those to 0.
 */
struct cas_state {
	uint64_t up, down;
};

static int
cas_prepare(struct run *run)
{
	if (!run->check)
		return 0;
	run->state = calloc(1, sizeof(struct cas_state));
	return run->state != NULL ? 0 : fail("out of memory");
}

static void
cas_submit(struct run *run, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = run_slot(run);
		shmx_addr_t addr = stream_next(&run->stream);
		uint64_t compare = stream_random(&run->stream) >> 63;

		run->slots[slot].addr = addr;
		run->slots[slot].arg = compare;
		if (!run_started(run, shmx_atomic(run->ep, SHMX_CAS, addr, (unsigned int)run->size,
					      1 - compare, compare, run_cookie(run, slot))))
			break;
	}
}

static void
cas_done(struct run *run, uint32_t slot, const struct shmx_event *ev)
{
	struct cas_state *st = run->state;
	const struct slot *s = &run->slots[slot];

	if (ev->value > 1)
		run_wrong(run, s->addr, ev->value, s->arg);
	if (ev->value != s->arg)
		return;
	st->up += s->arg == 0;
	st->down += s->arg == 1;
}

static int
cas_verify(struct run *run)
{
	const struct cas_state *st = run->state;
	uint64_t sum;
	int ret = sum_region(run, &sum);

	if (ret == 0 && sum != st->up - st->down)
		run_wrong(run, run->stream.base, sum, st->up - st->down);
	return ret;
}

const struct workload workload_cas = {
	.name = "cas",
	.atomic = true,
	.prepare = cas_prepare,
	.submit = cas_submit,
	.done = cas_done,
	.verify = cas_verify,
};
