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

/* A number that goes with a hit, 0 for none. What is not set costs no roll. */
static inline uint64_t
roll_if(struct fate_teller *t, enum fate_dice which, uint64_t share)
{
	uint64_t roll;

	if (share == 0)
		return 0;
	roll = dice_roll(&t->dice[which]);
	return dice_hit(roll, share) ? detail(roll) : 0;
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
	uint64_t choice = roll_if(t, FATE_REORDER, t->conf.reorder);

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
	const struct fate_conf *c = &t->conf;

	*f = (struct fate){
		.lost = roll_if(t, FATE_DROP, c->drop) != 0,
		.twice = roll_if(t, FATE_DUP, c->dup) != 0,
		.wait = delay_next(t, FATE_DELAY),
		.twin_wait = delay_next(t, FATE_TWIN_DELAY),
		.flip = roll_if(t, FATE_FLIP, c->flip),
		.trunc = roll_if(t, FATE_TRUNC, c->trunc),
	};
	f->delayed = f->wait > 0;
	reorder_next(t, f);
}
