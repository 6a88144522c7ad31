/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* What clients call, and what comes of it. */

#include <stdlib.h>
#include <string.h>

#include "world.h"

/* How often what is called, in parts of 100. */
static const uint8_t often[][ACTS] = {
	[LOAD_MIXED] =
		{
			[ACT_GET] = 30,
			[ACT_PUT] = 15,
			[ACT_ADD] = 12,
			[ACT_AND] = 4,
			[ACT_OR] = 4,
			[ACT_XOR] = 5,
			[ACT_SWAP] = 8,
			[ACT_CAS] = 22,
		},
	[LOAD_OWNERS] =
		{
			[ACT_GET] = 25,
			[ACT_PUT] = 15,
			[ACT_ADD] = 10,
			[ACT_SWAP] = 5,
			[ACT_CAS] = 10,
			[ACT_OWN] = 15,
			[ACT_SHARE] = 20,
		},
	[LOAD_ADDS] = {[ACT_ADD] = 100},
};

static enum act
choose_act(struct player *p)
{
	uint32_t roll = dice_below(&p->dice, 100);
	const uint8_t *row = often[p->world->plan.load];
	unsigned int act = 0;

	for (; roll >= row[act]; act++)
		roll -= row[act];
	return (enum act)act;
}

/* All of the word most of the time, else an aligned part of it that the operation knows. */
static void
choose_part(struct player *p, struct oper *o)
{
	uint8_t whole = p->world->plan.width[o->word];
	uint8_t least = o->act == ACT_GET || o->act == ACT_PUT ? 1 : 4;

	if (p->world->plan.load == LOAD_ADDS || o->act >= ACT_OWN || dice_below(&p->dice, 8) != 0)
		return;
	while (o->width > least && dice_chance(&p->dice, 0.7))
		o->width /= 2;
	o->at = (uint8_t)(dice_below(&p->dice, whole / o->width) * o->width);
}

static uint64_t
low_bytes(uint64_t value, unsigned int n)
{
	return n < 8 ? value & ((UINT64_C(1) << n * 8) - 1) : value;
}

/* A value that nobody else writes, or one that many do. */
static uint64_t
choose_value(struct player *p)
{
	if (p->world->plan.few_values)
		return dice_below(&p->dice, 4);
	p->unique++;
	return (p->index + 1u) * UINT64_C(0x0100000001000000) +
	       p->unique * UINT64_C(0x0000000100000001);
}

/* What the client believes to be there, most of the time. */
static uint64_t
choose_compare(struct player *p, const struct oper *o)
{
	if (dice_below(&p->dice, 4) == 0)
		return p->world->plan.few_values ? dice_below(&p->dice, 4) : p->known[o->word];
	return p->known[o->word] >> (o->at * 8);
}

static void
choose_operands(struct player *p, struct oper *o)
{
	bool few = p->world->plan.few_values;

	switch ((enum act)o->act) {
	case ACT_ADD:
		o->operand = few ? dice_below(&p->dice, 3) : net_dice(&p->dice);
		if (p->world->plan.load == LOAD_ADDS)
			o->operand = UINT64_C(1) << (p->index * o->width * 8 / PLAN_CLIENTS);
		break;
	case ACT_AND:
		o->operand = ~(UINT64_C(1) << dice_below(&p->dice, 64));
		break;
	case ACT_OR:
	case ACT_XOR:
		o->operand = UINT64_C(1) << dice_below(&p->dice, few ? 2 : 64);
		break;
	default:
		o->operand = choose_value(p);
		break;
	}
	o->operand = low_bytes(o->operand, o->width);
	o->compare = low_bytes(choose_compare(p, o), o->width);
}

static struct oper *
oper_begin(struct player *p, enum act act, unsigned int word)
{
	struct world *w = p->world;
	struct oper *o = &w->oper[w->opers];

	*o = (struct oper){
		.begin = w->order++,
		.end = NO_END,
		.begin_ns = w->net->now_ns,
		.number = (uint16_t)w->opers++,
		.client = (uint8_t)(p->index + 1),
		.word = (uint8_t)word,
		.act = (uint8_t)act,
		.width = w->plan.width[word],
		.fate = FATE_UNKNOWN,
	};
	return o;
}

static shmx_addr_t
address(const struct player *p, const struct oper *o)
{
	return world_address(p->world, o->word) + o->at;
}

static int
start_put(struct player *p, const struct oper *o, struct call *c, uint64_t cookie)
{
	int ret;

	if (o->width == 8 && dice_below(&p->dice, 8) == 0)
		return shmx_fill(p->ep, address(p, o), 8, o->operand, cookie);
	memcpy(&c->data[0], &o->operand, sizeof(o->operand));
	ret = shmx_put(p->ep, address(p, o), &c->data[0], o->width, cookie);
	/* It was copied: what the caller writes there from now on must not matter. */
	c->data[0] = ~c->data[0];
	return ret;
}

static int
start_one(struct player *p, const struct oper *o, struct call *c, uint64_t cookie)
{
	static const enum shmx_atomic_op atomic[ACTS] = {
		[ACT_ADD] = SHMX_FETCH_ADD,
		[ACT_AND] = SHMX_FETCH_AND,
		[ACT_OR] = SHMX_FETCH_OR,
		[ACT_XOR] = SHMX_FETCH_XOR,
		[ACT_SWAP] = SHMX_SWAP,
		[ACT_CAS] = SHMX_CAS,
	};
	switch ((enum act)o->act) {
	case ACT_GET:
		return shmx_get(p->ep, address(p, o), &c->data[0], o->width, cookie);
	case ACT_PUT:
		return start_put(p, o, c, cookie);
	case ACT_OWN:
		return shmx_own(p->ep, address(p, o), WORLD_GRANULE, SHMX_OWNER_SELF, cookie);
	case ACT_SHARE:
		return shmx_own(p->ep, address(p, o), WORLD_GRANULE, SHMX_OWNER_EVERYONE, cookie);
	default:
		return shmx_atomic(p->ep, atomic[o->act], address(p, o), o->width, o->operand,
			o->compare, cookie);
	}
}

static int
start_vector(struct player *p, struct call *c, uint64_t cookie)
{
	const struct oper *first = &p->world->oper[c->oper[0]];
	struct shmx_vec vec[CALL_PIECES];

	for (unsigned int i = 0; i < c->n; i++) {
		const struct oper *o = &first[i];

		memcpy(&c->data[i], &o->operand, sizeof(o->operand));
		vec[i] = (struct shmx_vec){address(p, o), &c->data[i], o->width};
	}
	return first->act == ACT_GET ? shmx_getv(p->ep, vec, c->n, cookie)
	                             : shmx_putv(p->ep, vec, c->n, cookie);
}

/* The words and what stands around them, as long as may be or too short to be lent. */
static int
start_block(struct player *p, struct call *c, uint64_t cookie)
{
	const struct oper *first = &p->world->oper[c->oper[0]];
	uint64_t len = dice_chance(&p->dice, 0.7) ? WORLD_BLOCK : PLAN_WORDS * WORLD_GRANULE;
	int ret;

	c->block = malloc(WORLD_BLOCK);
	if (c->block == NULL)
		abort();
	memset(c->block, WORLD_FILLING, WORLD_BLOCK);
	if (first->act == ACT_GET) {
		ret = shmx_get(p->ep, p->world->memnode.block, c->block, len, cookie);
	} else {
		for (unsigned int i = 0; i < c->n; i++)
			memcpy(c->block + i * WORLD_GRANULE, &first[i].operand, first[i].width);
		ret = shmx_put(p->ep, p->world->memnode.block, c->block, len, cookie);
	}
	if (ret != 0 || first->act == ACT_PUT) {
		free(c->block);
		c->block = NULL;
	}
	return ret;
}

static enum call_kind
choose_kind(struct player *p, enum act act)
{
	uint32_t roll = dice_below(&p->dice, 12);

	if (act > ACT_PUT || roll > 2)
		return CALL_ONE;
	return roll == 0 ? CALL_BLOCK : CALL_VECTOR;
}

static void
begin_opers(struct player *p, struct call *c, enum act act)
{
	const struct plan *plan = &p->world->plan;

	c->n = 1;
	if (c->kind == CALL_BLOCK)
		c->n = plan->words;
	else if (c->kind == CALL_VECTOR)
		c->n = (uint8_t)(1 + dice_below(&p->dice, CALL_PIECES));
	for (unsigned int i = 0; i < c->n; i++) {
		unsigned int word = c->kind == CALL_BLOCK ? i : dice_below(&p->dice, plan->words);
		struct oper *o = oper_begin(p, act, word);

		c->oper[i] = o->number;
		if (c->kind != CALL_BLOCK)
			choose_part(p, o);
		choose_operands(p, o);
	}
}

static int
start(struct player *p, struct call *c, uint64_t cookie)
{
	switch ((enum call_kind)c->kind) {
	case CALL_VECTOR:
		return start_vector(p, c, cookie);
	case CALL_BLOCK:
		return start_block(p, c, cookie);
	default:
		return start_one(p, &p->world->oper[c->oper[0]], c, cookie);
	}
}

bool
player_call(struct player *p)
{
	struct world *w = p->world;
	struct call *c = &w->call[w->calls];
	enum act act = choose_act(p);
	int ret;

	*c = (struct call){
		.open = true, .client = (uint8_t)p->index, .kind = (uint8_t)choose_kind(p, act)};
	begin_opers(p, c, act);
	ret = start(p, c, COOKIE_CALL + w->calls);
	if (ret != 0) {
		if (ret != -EAGAIN && ret != -ENOTCONN)
			world_complain(w, "client %u: a call said %d", p->index + 1, ret);
		w->opers -= c->n;
		return false;
	}
	for (unsigned int i = 0; i < c->n; i++)
		trace_call(w, &w->oper[c->oper[i]]);
	w->calls++;
	p->calls++;
	p->pending++;
	return true;
}

/* What a get of the block found in the words; and it found nothing else beside them. */
static void
read_block(struct player *p, struct call *c)
{
	const struct plan *plan = &p->world->plan;

	for (unsigned int i = 0; i < WORLD_BLOCK; i++) {
		unsigned int word = i / WORLD_GRANULE, at = i % WORLD_GRANULE;

		if ((word >= plan->words || at >= plan->width[word]) &&
			c->block[i] != WORLD_FILLING) {
			world_complain(p->world, "client %u: byte %u of the block is wrong",
				p->index + 1, i);
			break;
		}
	}
	for (unsigned int i = 0; i < c->n; i++)
		memcpy(&c->data[i], c->block + i * WORLD_GRANULE, plan->width[i]);
}

static void
call_end(struct player *p, struct call *c)
{
	c->open = false;
	p->pending--;
	free(c->block);
	c->block = NULL;
}

static void
done(struct player *p, struct oper *o, const struct shmx_event *event, uint64_t data)
{
	o->fate = FATE_DONE;
	o->result = o->act == ACT_GET ? low_bytes(data, o->width) : event->value;
	if (o->at != 0 || o->act >= ACT_OWN)
		return;
	if (o->act == ACT_PUT || o->act == ACT_SWAP ||
		(o->act == ACT_CAS && o->result == o->compare))
		p->known[o->word] = o->operand;
	else
		p->known[o->word] = o->result;
}

/* Of a vector that was refused nobody knows which pieces took effect, though no more will; of a
 * block nobody knows which word it was. */
static void
refused(struct oper *o, enum call_kind kind)
{
	if (kind == CALL_ONE)
		o->fate = FATE_REFUSED;
	else
		o->fate = kind == CALL_BLOCK || o->act == ACT_GET ? FATE_NEVER : FATE_UNKNOWN;
}

static void
oper_end(struct player *p, struct oper *o, const struct shmx_event *event, uint64_t data,
	enum call_kind kind)
{
	struct world *w = p->world;

	o->status = event->status;
	o->end = w->order++;
	o->end_ns = w->net->now_ns;
	switch (event->status) {
	case 0:
		done(p, o, event, data);
		break;
	case -ECONNRESET:
		o->fate = FATE_UNKNOWN;
		o->end = NO_END;
		break;
	case -ECANCELED:
		o->fate = FATE_NEVER;
		break;
	case -EPERM:
		refused(o, kind);
		if (w->plan.load == LOAD_OWNERS)
			break;
		/* fall through */
	default:
		world_complain(w, "client %u: operation %u ended with %d", p->index + 1, o->number,
			event->status);
		break;
	}
	trace_end(w, o);
}

void
player_call_event(struct player *p, const struct shmx_event *event)
{
	struct world *w = p->world;
	uint64_t i = event->cookie - COOKIE_CALL;
	struct call *c = &w->call[i];

	if (i >= w->calls || !c->open || c->client != p->index) {
		world_complain(w, "client %u: an event that it does not wait for, cookie %" PRIu64,
			p->index + 1, event->cookie);
		return;
	}
	if (c->block != NULL && event->status == 0)
		read_block(p, c);
	call_end(p, c);
	for (unsigned int k = 0; k < c->n; k++)
		oper_end(p, &w->oper[c->oper[k]], event, c->data[k], (enum call_kind)c->kind);
}

void
player_forget_calls(struct player *p)
{
	struct world *w = p->world;

	for (unsigned int i = 0; i < w->calls; i++) {
		struct call *c = &w->call[i];

		if (!c->open || c->client != p->index)
			continue;
		call_end(p, c);
		for (unsigned int k = 0; k < c->n; k++)
			w->oper[c->oper[k]].status = -ECONNRESET;
	}
}

void
player_settle_unknown(struct player *p)
{
	struct world *w = p->world;
	uint64_t now = w->order++;

	for (unsigned int i = 0; i < w->opers; i++) {
		struct oper *o = &w->oper[i];

		if (o->client != p->index + 1 || o->fate != FATE_UNKNOWN || o->end != NO_END)
			continue;
		if (o->status == 0)
			world_complain(w, "client %u: operation %u outlives its session",
				p->index + 1, o->number);
		o->end = now;
		o->end_ns = w->net->now_ns;
	}
}
