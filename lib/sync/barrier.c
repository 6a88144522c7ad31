/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Rounds, and those who wait in them. */

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_jhash.h>

#include "barrier_priv.h"

static uint32_t *
chain_of(const struct barrier *b, uint32_t id)
{
	return &b->by_id[rte_jhash_1word(id, b->conf.seed) & b->mask];
}

static uint32_t
round_find(const struct barrier *b, uint32_t id)
{
	uint32_t r = *chain_of(b, id);

	while (r != 0 && b->rounds[r].id != id)
		r = b->rounds[r].next;
	return r;
}

/* The caller has seen that there is one left. */
static uint32_t
round_new(struct barrier *b, uint32_t id, const struct barrier_set *set)
{
	uint32_t r = b->free_round, *chain = chain_of(b, id), i;
	struct barrier_round *round = &b->rounds[r];

	b->free_round = round->next;
	round->set = *set;
	round->missing = *set;
	round->id = id;
	round->nb_missing = 0;
	for (i = 0; i < RTE_DIM(set->bits); i++)
		round->nb_missing += (uint32_t)__builtin_popcountll(set->bits[i]);
	round->next = *chain;
	*chain = r;
	b->used.nb_barriers++;
	return r;
}

static void
unchain(struct barrier *b, uint32_t r)
{
	uint32_t *at = chain_of(b, b->rounds[r].id);

	while (*at != r)
		at = &b->rounds[*at].next;
	*at = b->rounds[r].next;
}

/* The next round of this id is another one from here on. */
static void
round_complete(struct barrier *b, uint32_t r)
{
	unchain(b, r);
	sync_list_append(&b->complete, SYNC_LINKS_OF(b->rounds, link), r);
}

/* Nobody waits any more. */
static void
round_delete(struct barrier *b, uint32_t r)
{
	struct barrier_round *round = &b->rounds[r];

	if (round->nb_missing == 0)
		sync_list_remove(&b->complete, SYNC_LINKS_OF(b->rounds, link), r);
	else
		unchain(b, r);
	round->next = b->free_round;
	b->free_round = r;
	b->used.nb_barriers--;
}

/* The caller has seen that there is room. */
static uint32_t
wait_new(struct barrier *b, uint32_t r, uint32_t node, uint64_t cookie, uint32_t holder)
{
	struct barrier_slot *s = &b->slots[holder & UINT16_MAX];
	struct barrier_round *round = &b->rounds[r];
	uint32_t w = b->free_wait;
	struct barrier_wait *wait = &b->waits[w];

	b->free_wait = wait->next;
	wait->cookie = cookie;
	wait->holder = holder;
	wait->node = node;
	wait->round = r;
	s->holder = holder;
	sync_list_append(&s->waits, SYNC_LINKS_OF(b->waits, by_holder), w);
	sync_list_append(&round->waits, SYNC_LINKS_OF(b->waits, by_round), w);
	round->missing.bits[node / 64] &= ~(UINT64_C(1) << (node % 64));
	round->nb_missing--;
	b->used.nb_waits++;
	return w;
}

/* Of a round that is complete it takes nothing away from the others. */
static void
wait_delete(struct barrier *b, uint32_t w)
{
	struct barrier_wait *wait = &b->waits[w];
	struct barrier_round *round = &b->rounds[wait->round];
	struct barrier_slot *s = &b->slots[wait->holder & UINT16_MAX];

	sync_heap_del(&b->heap, w);
	sync_list_remove(&s->waits, SYNC_LINKS_OF(b->waits, by_holder), w);
	sync_list_remove(&round->waits, SYNC_LINKS_OF(b->waits, by_round), w);
	if (round->nb_missing != 0) {
		barrier_set_add(&round->missing, wait->node);
		round->nb_missing++;
	}
	if (round->waits.first == 0)
		round_delete(b, wait->round);
	wait->next = b->free_wait;
	b->free_wait = w;
	b->used.nb_waits--;
}

/* That of a holder with this index, or NULL: no holder has it. */
static struct barrier_slot *
slot_of(const struct barrier *b, uint32_t holder)
{
	uint32_t index = holder & UINT16_MAX;

	return index != 0 && index <= b->conf.nb_holders ? &b->slots[index] : NULL;
}

/* r is the round of those who wait, or 0. */
static int
check(const struct barrier *b, uint32_t r, uint32_t node, const struct barrier_set *set,
	uint32_t holder)
{
	const struct barrier_round *round = &b->rounds[r];
	const struct barrier_slot *s = slot_of(b, holder);

	if (s == NULL || !barrier_set_has(set, node))
		return -EINVAL;
	if (r != 0 && memcmp(&round->set, set, sizeof(*set)) != 0)
		return -EINVAL;
	if (r != 0 && !barrier_set_has(&round->missing, node))
		return -EEXIST;
	if (s->waits.first != 0 && s->holder != holder)
		return -EEXIST;
	return b->free_wait == 0 || (r == 0 && b->free_round == 0) ? -ENOSPC : 0;
}

int
barrier_enter(struct barrier *b, uint32_t id, uint32_t node, const struct barrier_set *set,
	uint64_t deadline, uint64_t cookie, uint32_t holder)
{
	uint32_t r = round_find(b, id), w;
	int ret = check(b, r, node, set, holder);

	if (ret != 0)
		return ret;
	if (r == 0)
		r = round_new(b, id, set);
	w = wait_new(b, r, node, cookie, holder);
	if (b->rounds[r].nb_missing == 0) {
		round_complete(b, r);
		return 0;
	}
	b->waits[w].due.deadline = deadline;
	if (deadline != BARRIER_FOREVER)
		sync_heap_add(&b->heap, w);
	return -EINPROGRESS;
}

/* Its last event. */
static void
tell(struct barrier *b, uint32_t w, int status, struct barrier_event *ev)
{
	const struct barrier_wait *wait = &b->waits[w];
	const struct barrier_round *round = &b->rounds[wait->round];

	*ev = (struct barrier_event){
		.cookie = wait->cookie,
		.holder = wait->holder,
		.id = round->id,
		.node = wait->node,
		.status = status,
		.missing = round->missing, /* nobody, of a complete one */
	};
	wait_delete(b, w);
}

/* While there are complete rounds their waits may be in the heap: they come first. */
unsigned int
barrier_poll(struct barrier *b, uint64_t now, struct barrier_event *events, unsigned int n)
{
	unsigned int done;

	for (done = 0; done < n; done++) {
		if (b->complete.first != 0)
			tell(b, b->rounds[b->complete.first].waits.first, 0, &events[done]);
		else if (b->heap.n > 0 && sync_heap_earliest(&b->heap) <= now)
			tell(b, b->heap.places[1], -ETIMEDOUT, &events[done]);
		else
			break;
	}
	return done;
}

bool
barrier_pending(const struct barrier *b)
{
	return b->complete.first != 0;
}

uint64_t
barrier_next_deadline(const struct barrier *b)
{
	return sync_heap_earliest(&b->heap);
}

unsigned int
barrier_revoke(struct barrier *b, uint32_t holder, unsigned int max)
{
	struct barrier_slot *s = slot_of(b, holder);
	unsigned int n;

	if (s == NULL || s->holder != holder)
		return 0;
	for (n = 0; n < max && s->waits.first != 0; n++)
		wait_delete(b, s->waits.first);
	return n;
}

void
barrier_usage(const struct barrier *b, struct barrier_usage *usage)
{
	*usage = b->used;
}
