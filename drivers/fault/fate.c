/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <math.h>

#include <rte_branch_prediction.h>

#include "fault/fate.h"

static uint64_t
share(double percent)
{
	return (uint64_t)(percent / 100 * 4294967296.0 + 0.5);
}

static uint64_t
ticks(uint64_t ns, uint64_t hz)
{
	if (ns == FAULT_FOREVER)
		return FAULT_FOREVER;
	return (uint64_t)((unsigned __int128)ns * hz / 1000000000);
}

void
fate_conf_fill(struct fate_conf *conf, const struct fault_spec *spec, uint64_t salt, uint64_t hz)
{
	*conf = (struct fate_conf){
		.drop = share(spec->drop),
		.dup = share(spec->dup),
		.reorder = share(spec->reorder),
		.flip = share(spec->flip),
		.trunc = share(spec->trunc),
		.reorder_frames = spec->reorder_frames,
		.reorder_ticks = ticks(spec->reorder_ns, hz),
		.delay = ticks(spec->delay_ns, hz),
		.jitter = ticks(spec->jitter_ns, hz),
		.flip_bits = spec->flip_bits,
		.blackhole = ticks(spec->blackhole_ns, hz),
		.seed = dice_mix(spec->seed + dice_mix(salt + DICE_STEP)),
	};
}

/* Frames that go free before the next hit: the geometric distribution, by inversion. */
static uint64_t
free_next(struct fate_teller *t, int which)
{
	/* Above 0, up to 1. */
	double u = (double)((dice_roll(&t->dice[which]) >> 11) + 1) * 0x1p-53;

	return (uint64_t)(log(u) * t->scale[which]);
}

void
fate_begin(struct fate_teller *t, const struct fate_conf *conf)
{
	const uint64_t shares[FATE_CHANCES] = {
		[FATE_DROP] = conf->drop,
		[FATE_DUP] = conf->dup,
		[FATE_REORDER] = conf->reorder,
		[FATE_FLIP] = conf->flip,
		[FATE_TRUNC] = conf->trunc,
	};
	struct dice root = {conf->seed};

	t->conf = *conf;
	for (int i = 0; i < FATE_DICE; i++)
		t->dice[i].state = dice_roll(&root);
	for (int i = 0; i < FATE_CHANCES; i++) {
		t->scale[i] = 1 / log1p(-(double)shares[i] / 4294967296.0);
		t->free[i] = shares[i] == 0 ? UINT64_MAX : free_next(t, i);
	}
}

bool
fate_on(const struct fate_conf *c)
{
	return (c->drop | c->dup | c->reorder | c->flip | c->trunc | c->delay | c->jitter) != 0;
}

/* A number that goes with a hit, 0 for none. What is not set never hits. */
static inline uint64_t
hit_next(struct fate_teller *t, enum fate_dice which)
{
	uint64_t detail;

	if (likely(t->free[which] > 0)) {
		t->free[which]--;
		return 0;
	}
	detail = dice_roll(&t->dice[which]) | 1;
	t->free[which] = free_next(t, which);
	return detail;
}

static uint64_t
delay_next(struct fate_teller *t, enum fate_dice which)
{
	const struct fate_conf *c = &t->conf;

	if (c->jitter == 0)
		return c->delay;
	return c->delay + dice_below(dice_roll(&t->dice[which]), c->jitter + 1);
}

static void
reorder_next(struct fate_teller *t, struct fate *f)
{
	uint64_t choice = hit_next(t, FATE_REORDER);

	f->reordered = choice != 0;
	if (choice == 0)
		return;
	if (t->conf.reorder_frames > 0)
		f->overtake = 1 + (uint32_t)dice_below(choice, t->conf.reorder_frames);
	else
		f->wait += 1 + dice_below(choice, t->conf.reorder_ticks);
}

void
fate_next(struct fate_teller *t, struct fate *f)
{
	*f = (struct fate){
		.lost = hit_next(t, FATE_DROP) != 0,
		.twice = hit_next(t, FATE_DUP) != 0,
		.wait = delay_next(t, FATE_DELAY),
		.twin_wait = delay_next(t, FATE_TWIN_DELAY),
		.flip = hit_next(t, FATE_FLIP),
		.trunc = hit_next(t, FATE_TRUNC),
	};
	f->delayed = f->wait > 0;
	reorder_next(t, f);
}
