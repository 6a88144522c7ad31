/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Records: a lock that a holder has or wants. All of a holder are in the list of its slot, which
 * its index leads to. By (holder, lock) a record is found through the lock when it is the oldest of
 * its grants, otherwise through a hash. So what is granted at once while nobody has the lock is in
 * no chain: it is the oldest for as long as it lives. Inline, because a lock that nobody else wants
 * passes here twice.
 */

#ifndef SYNC_RECORD_H
#define SYNC_RECORD_H

#include "sync_priv.h"

/* record.c: the hash */
uint32_t sync_record_lookup(const struct sync *t, uint32_t holder, uint32_t lock);
void sync_record_hash(struct sync *t, uint32_t r);
void sync_record_unhash(struct sync *t, uint32_t r);

/* That of a holder with this index, or NULL: no holder of this table has it. */
static inline struct sync_slot *
sync_slot_of(const struct sync *t, uint32_t holder)
{
	uint32_t index = holder & UINT16_MAX;

	return index != 0 && index <= t->hdr->nb_holders ? &t->slots[index] : NULL;
}

/* The first record of a holder, 0 without. */
static inline uint32_t
sync_first_of(const struct sync *t, uint32_t holder)
{
	const struct sync_slot *s = sync_slot_of(t, holder);

	return s != NULL && s->holder == holder ? s->records.first : 0;
}

/* Of the oldest grant. When it is exclusive the lock's own line tells. */
static inline uint32_t
sync_oldest_holder(const struct sync *t, const struct sync_lock *l)
{
	return sync_is_exclusive(l) ? l->holder : t->records[l->grants.first].holder;
}

static inline uint32_t
sync_record_find(const struct sync *t, uint32_t holder, uint32_t lock)
{
	const struct sync_lock *l = &t->locks[lock];
	uint32_t oldest = l->grants.first;

	if (l->nb_records == 0)
		return 0;
	if (oldest != 0 && sync_oldest_holder(t, l) == holder)
		return oldest;
	return oldest != 0 && l->nb_records == 1 ? 0 : sync_record_lookup(t, holder, lock);
}

/* The same of any id. */
static inline uint32_t
sync_record_of(const struct sync *t, uint32_t holder, uint32_t lock)
{
	return sync_lock_of(t, lock) != NULL ? sync_record_find(t, holder, lock) : 0;
}

static inline void
sync_holder_link(struct sync *t, uint32_t holder, uint32_t r)
{
	struct sync_slot *s = &t->slots[holder & UINT16_MAX];

	if (s->records.first == 0)
		t->used.nb_holders++;
	s->holder = holder;
	sync_list_append(&s->records, SYNC_LINKS_OF(t->records, link[SYNC_BY_HOLDER]), r);
}

static inline void
sync_holder_unlink(struct sync *t, uint32_t holder, uint32_t r)
{
	struct sync_slot *s = &t->slots[holder & UINT16_MAX];

	sync_list_remove(&s->records, SYNC_LINKS_OF(t->records, link[SYNC_BY_HOLDER]), r);
	if (s->records.first == 0)
		t->used.nb_holders--;
}

/* In no chain. The caller has seen that there is one left, and that the slot is this holder's. */
static inline uint32_t
sync_record_new(struct sync *t, uint32_t holder, const struct sync_want *want)
{
	uint32_t r = t->free_record;
	struct sync_record *rec = &t->records[r];

	t->free_record = rec->hash_next;
	rec->lock = want->lock;
	rec->holder = holder;
	rec->mode = want->mode;
	rec->token = 0;
	rec->call = 0;
	rec->chain = 0;
	sync_holder_link(t, holder, r);
	t->locks[want->lock].nb_records++;
	t->used.nb_grants++;
	sync_order();
	rec->state = SYNC_AHEAD;
	return r;
}

static inline void
sync_record_delete(struct sync *t, uint32_t r)
{
	struct sync_record *rec = &t->records[r];

	rec->state = 0;
	sync_order();
	if (rec->chain != 0)
		sync_record_unhash(t, r);
	sync_holder_unlink(t, rec->holder, r);
	t->locks[rec->lock].nb_records--;
	t->used.nb_grants--;
	rec->hash_next = t->free_record;
	t->free_record = r;
}

#endif /* SYNC_RECORD_H */
