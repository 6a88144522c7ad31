/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <inttypes.h>

#include "plan.h"

#define US NET_US

uint32_t
dice_below(uint64_t *dice, uint32_t n)
{
	return (uint32_t)((net_dice(dice) >> 32) * n >> 32);
}

bool
dice_chance(uint64_t *dice, double probability)
{
	return (double)(net_dice(dice) >> 11) < probability * 0x1p53;
}

/* One of a list. */
#define ONE_OF(dice, ...)                                                                          \
	({                                                                                         \
		const uint64_t list_[] = {__VA_ARGS__};                                            \
		list_[dice_below(dice, RTE_DIM(list_))];                                           \
	})

/* What the network does to frames: nothing, one thing, or everything. */
static void
plan_network(struct plan *p, uint64_t *dice)
{
	struct net_chances *c = &p->chances;
	uint32_t kind = dice_below(dice, 8);
	double much = (double)ONE_OF(dice, 3, 10, 30) / 100;

	p->latency_ns = ONE_OF(dice, 1, 5, 20) * US;
	c->delay_max_ns = ONE_OF(dice, 15, 300, 3000) * US;
	if (kind == 1 || kind >= 5)
		c->drop = much;
	if (kind == 2 || kind >= 5)
		c->copy = kind == 2 ? 0.5 : much;
	if (kind == 3 || kind >= 5)
		c->delay = kind == 3 ? 0.3 : much;
	if (kind == 4 || kind >= 6)
		c->flip = much / 2;
	if (kind >= 7)
		c->cut = much / 4;
	p->client_crc = p->server_crc = true;
	/* Without CRC there is the checksum, which finds what turns over one bit. */
	c->flips_max = (uint16_t)ONE_OF(dice, 1, 3, 20);
	if (c->flips_max == 1 && c->cut == 0)
		p->server_crc = p->client_crc = false;
	else if (dice_chance(dice, 0.5))
		*(dice_chance(dice, 0.5) ? &p->client_crc : &p->server_crc) = false;
}

static void
plan_ends(struct plan *p, uint64_t *dice)
{
	p->peer_timeout_ms = (uint32_t)ONE_OF(dice, 3, 10, 50);
	p->client_window = (uint16_t)ONE_OF(dice, 8, 16, 128);
	p->server_window = (uint16_t)ONE_OF(dice, 8, 16, 128);
	p->max_ops = (uint32_t)ONE_OF(dice, 4, 64, 64);
	p->max_events = (uint16_t)ONE_OF(dice, 1, 4, 32);
	p->no_coalesce = dice_chance(dice, 0.25);
	p->mapped = dice_chance(dice, 0.25);
	p->workers = dice_chance(dice, 0.25) ? 2 : 1;
}

static void
plan_load(struct plan *p, uint64_t *dice, enum load load)
{
	p->load = load;
	p->words = (uint8_t)(1 + dice_below(dice, PLAN_WORDS));
	for (unsigned int i = 0; i < p->words; i++)
		p->width[i] = (uint8_t)ONE_OF(dice, 4, 8, 8);
	p->calls = 4 + dice_below(dice, 7u * p->words);
	p->outstanding = 1 + dice_below(dice, 6);
	p->gap_ns = ONE_OF(dice, 2, 20, 100, 500) * US;
	p->few_values = dice_chance(dice, 0.3);
	if (load == LOAD_ADDS) {
		p->calls = 150;
		p->gap_ns = ONE_OF(dice, 2, 20) * US;
	}
}

static void
plan_trouble(struct plan *p, uint64_t *dice, uint64_t span_ns)
{
	struct trouble *t = &p->trouble[p->troubles++];
	uint64_t timeout_ns = p->peer_timeout_ms * NET_MS;

	t->at_ns = net_dice(dice) % (span_ns + 1);
	t->kind = (uint8_t)dice_below(dice, TROUBLES);
	t->who = (uint8_t)dice_below(dice, PLAN_CLIENTS);
	switch ((enum trouble_kind)t->kind) {
	case TROUBLE_HOLE:
		t->who = (uint8_t)dice_below(dice, p->workers + PLAN_CLIENTS);
		t->for_ns = dice_chance(dice, 0.5) ? net_dice(dice) % (timeout_ns / 2)
		                                   : timeout_ns + net_dice(dice) % timeout_ns * 2;
		break;
	case TROUBLE_RESTART:
	case TROUBLE_MOVE:
		t->for_ns = net_dice(dice) % (ONE_OF(dice, 10, 1000) * US);
		break;
	default:
		break;
	}
}

/* Sessions that end and begin while much of what belongs to the old one is still under way. */
static void
plan_impatience(struct plan *p, uint64_t *dice)
{
	p->chances.drop = 0.15;
	p->chances.delay = 0.25;
	p->chances.delay_max_ns = 3 * NET_MS;
	p->latency_ns = 1 * US;
	p->words = RTE_MIN(p->words, 2);
	if (p->load != LOAD_ADDS)
		p->calls = 10 * p->words;
	p->gap_ns = 200 * US;
	while (p->troubles < PLAN_TROUBLES) {
		struct trouble *t = &p->trouble[p->troubles++];

		t->at_ns = net_dice(dice) % NET_MS;
		t->kind = dice_chance(dice, 0.8) ? TROUBLE_DISCONNECT : TROUBLE_REBORN;
		t->who = (uint8_t)dice_below(dice, PLAN_CLIENTS);
	}
}

void
plan_make(struct plan *p, uint64_t seed, enum load load)
{
	uint64_t dice = seed;
	unsigned int troubles;

	*p = (struct plan){.seed = seed};
	plan_network(p, &dice);
	plan_ends(p, &dice);
	plan_load(p, &dice, load);
	if (dice_chance(&dice, 0.15)) {
		plan_impatience(p, &dice);
		return;
	}
	troubles = dice_chance(&dice, 0.5) ? 0 : 1 + dice_below(&dice, PLAN_TROUBLES);
	for (unsigned int i = 0; i < troubles; i++)
		plan_trouble(p, &dice, p->calls * p->gap_ns / 3);
}

static void
trouble_print(FILE *to, const struct trouble *t)
{
	unsigned int client = t->who + 1u;

	fprintf(to, "after %" PRIu64 " us ", t->at_ns / US);
	switch ((enum trouble_kind)t->kind) {
	case TROUBLE_HOLE:
		fprintf(to, "and for %" PRIu64 " us all is lost that node %u of the network sends",
			t->for_ns / US, t->who);
		break;
	case TROUBLE_RESTART:
		fprintf(to, "the memory node dies for %" PRIu64 " us", t->for_ns / US);
		break;
	case TROUBLE_MOVE:
		fprintf(to, "the memory node dies for %" PRIu64 " us, and its memory moves",
			t->for_ns / US);
		break;
	case TROUBLE_REBORN:
		fprintf(to, "client %u dies and begins anew", client);
		break;
	case TROUBLE_DISCONNECT:
		fprintf(to, "client %u ends its session", client);
		break;
	default:
		fprintf(to, "the memory node ends the session of client %u", client);
		break;
	}
	fprintf(to, "\n");
}

void
plan_print(FILE *to, const struct plan *p)
{
	const struct net_chances *c = &p->chances;

	fprintf(to,
		"%u calls of each client, %u at a time, up to %" PRIu64 " us apart, on %u words\n"
		"lost %.3f, doubled %.3f, late %.3f by up to %" PRIu64 " us, damaged %.3f in up to "
		"%u bits, cut %.3f\n"
		"latency %" PRIu64 " us, peer time-out %u ms, windows %u and %u, %u operations, "
		"%s%s%s%u workers\n",
		p->calls, p->outstanding, p->gap_ns / US, p->words, c->drop, c->copy, c->delay,
		c->delay_max_ns / US, c->flip, c->flips_max, c->cut, p->latency_ns / US,
		p->peer_timeout_ms, p->client_window, p->server_window, p->max_ops,
		p->client_crc || p->server_crc ? "CRC, " : "", p->no_coalesce ? "alone, " : "",
		p->mapped ? "mapped, " : "", p->workers);
	for (unsigned int i = 0; i < p->troubles; i++)
		trouble_print(to, &p->trouble[i]);
}
