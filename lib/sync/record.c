/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Records: a lock that a holder has or wants. Found by (holder, lock) through one hash, and, all of
 * a holder, through a list that another hash leads to. There are as many slots for
 * holders as records, so one of them is always left.
 */

#include <rte_jhash.h>

#include "sync_priv.h"

static uint32_t *
record_bucket(const struct sync *t, uint32_t holder, uint32_t lock)
{
	uint32_t hash = rte_jhash_2words(holder, lock, t->hdr->seed);

	return &t->by_record[hash & (t->hdr->record_buckets - 1)];
}

static uint32_t *
slot_bucket(const struct sync *t, uint32_t holder)
{
	uint32_t hash = rte_jhash_1word(holder, t->hdr->seed);

	return &t->by_holder[hash & (t->hdr->record_buckets - 1)];
}

uint32_t
sync_record_find(const struct sync *t, uint32_t holder, uint32_t lock)
{
	uint32_t r = *record_bucket(t, holder, lock);

	while (r != 0 && (t->records[r].holder != holder || t->records[r].lock != lock))
		r = t->records[r].hash_next;
	return r;
}

uint32_t
sync_slot_find(const struct sync *t, uint32_t holder)
{
	uint32_t s = *slot_bucket(t, holder);

	while (s != 0 && t->slots[s].holder != holder)
		s = t->slots[s].hash_next;
	return s;
}

static uint32_t
slot_get(struct sync *t, uint32_t holder)
{
	uint32_t s = sync_slot_find(t, holder), *b = slot_bucket(t, holder);

	if (s != 0)
		return s;
	s = t->free_slot;
	t->free_slot = t->slots[s].hash_next;
	t->slots[s] = (struct sync_slot){.holder = holder, .hash_next = *b};
	*b = s;
	t->used.nb_holders++;
	return s;
}

static void
slot_put(struct sync *t, uint32_t s)
{
	uint32_t *at = slot_bucket(t, t->slots[s].holder);

	while (*at != s)
		at = &t->slots[*at].hash_next;
	*at = t->slots[s].hash_next;
	t->slots[s].hash_next = t->free_slot;
	t->free_slot = s;
	t->used.nb_holders--;
}

void
sync_link_add(struct sync *t, struct sync_list *l, uint32_t r, enum sync_links which)
{
	t->records[r].link[which] = (struct sync_link){.prev = l->last};
	sync_list_add(l, &t->records[l->last].link[which].next, r);
}

void
sync_link_del(struct sync *t, struct sync_list *l, uint32_t r, enum sync_links which)
{
	const struct sync_link *link = &t->records[r].link[which];

	if (link->prev != 0)
		t->records[link->prev].link[which].next = link->next;
	else
		l->first = link->next;
	if (link->next != 0)
		t->records[link->next].link[which].prev = link->prev;
	else
		l->last = link->prev;
}

static void
holder_link(struct sync *t, uint32_t r, uint32_t s)
{
	t->records[r].slot = s;
	sync_link_add(t, &t->slots[s].records, r, SYNC_BY_HOLDER);
}

static void
holder_unlink(struct sync *t, uint32_t r)
{
	uint32_t s = t->records[r].slot;

	sync_link_del(t, &t->slots[s].records, r, SYNC_BY_HOLDER);
	if (t->slots[s].records.first == 0)
		slot_put(t, s);
}

/* The caller has seen that there is one left. */
uint32_t
sync_record_new(struct sync *t, uint32_t holder, const struct sync_want *want)
{
	uint32_t r = t->free_record, *b = record_bucket(t, holder, want->lock);
	struct sync_record *rec = &t->records[r];

	t->free_record = rec->hash_next;
	rec->lock = want->lock;
	rec->holder = holder;
	rec->mode = want->mode;
	rec->token = 0;
	rec->call = 0;
	rec->hash_next = *b;
	*b = r;
	holder_link(t, r, slot_get(t, holder));
	t->locks[want->lock].nb_records++;
	t->used.nb_grants++;
	sync_order();
	rec->state = SYNC_AHEAD;
	return r;
}

void
sync_record_delete(struct sync *t, uint32_t r)
{
	struct sync_record *rec = &t->records[r];
	uint32_t *at = record_bucket(t, rec->holder, rec->lock);

	rec->state = 0;
	sync_order();
	while (*at != r)
		at = &t->records[*at].hash_next;
	*at = rec->hash_next;
	holder_unlink(t, r);
	t->locks[rec->lock].nb_records--;
	t->used.nb_grants--;
	rec->hash_next = t->free_record;
	t->free_record = r;
}
