/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

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

void
fate_begin(struct fate_teller *t, const struct fate_conf *conf)
{
	struct dice root = {conf->seed};

	t->conf = *conf;
	for (int i = 0; i < FATE_DICE; i++)
		t->dice[i].state = dice_roll(&root);
}

bool
fate_on(const struct fate_conf *c)
{
	return (c->drop | c->dup | c->reorder | c->flip | c->trunc | c->delay | c->jitter) != 0;
}

/* A number that goes with the roll that hit; never 0. */
static uint64_t
detail(uint64_t roll)
{
	struct dice d = {roll};

	return dice_roll(&d) | 1;
}

static void
reorder_next(struct fate_teller *t, struct fate *f)
{
	uint64_t roll = dice_roll(&t->dice[FATE_REORDER]);

	if (!dice_hit(roll, t->conf.reorder))
		return;
	f->reordered = true;
	if (t->conf.reorder_frames > 0)
		f->overtake = 1 + (uint32_t)dice_below(detail(roll), t->conf.reorder_frames);
	else
		f->wait += 1 + dice_below(detail(roll), t->conf.reorder_ticks);
}

static void
damage_next(struct fate_teller *t, struct fate *f)
{
	uint64_t flip = dice_roll(&t->dice[FATE_FLIP]);
	uint64_t trunc = dice_roll(&t->dice[FATE_TRUNC]);

	if (dice_hit(flip, t->conf.flip))
		f->flip = detail(flip);
	if (dice_hit(trunc, t->conf.trunc))
		f->trunc = detail(trunc);
}

void
fate_next(struct fate_teller *t, struct fate *f)
{
	const struct fate_conf *c = &t->conf;
	uint64_t delay = dice_roll(&t->dice[FATE_DELAY]);
	uint64_t twin = dice_roll(&t->dice[FATE_TWIN_DELAY]);

	*f = (struct fate){
		.lost = dice_hit(dice_roll(&t->dice[FATE_DROP]), c->drop),
		.twice = dice_hit(dice_roll(&t->dice[FATE_DUP]), c->dup),
		.wait = c->delay + dice_below(delay, c->jitter + 1),
		.twin_wait = c->delay + dice_below(twin, c->jitter + 1),
	};
	f->delayed = f->wait > 0;
	reorder_next(t, f);
	damage_next(t, f);
}
