/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* One lock: who has it, and who waits for it. Inline what each grant passes. */

#ifndef SYNC_QUEUE_H
#define SYNC_QUEUE_H

#include "record.h"

/* queue.c */
void sync_enqueue(struct sync *t, uint32_t r);
void sync_dequeue(struct sync *t, uint32_t r);
void sync_hand_on(struct sync *t, uint32_t lock);

/* Could it be taken in this mode, with those who have it now? */
static inline bool
sync_compatible(const struct sync_lock *l, uint32_t mode)
{
	return !sync_is_exclusive(l) && (mode == SYNC_SHARED || l->nb_shared == 0);
}

/* Free, and nobody waits for it: a newcomer may have it. */
static inline bool
sync_free_for(const struct sync_lock *l, uint32_t mode)
{
	return l->queue.first == 0 && sync_compatible(l, mode);
}

/* The lock is compatible. The holder is told later, by sync_tell_grant(). */
static inline void
sync_take(struct sync *t, uint32_t r)
{
	struct sync_record *rec = &t->records[r];
	struct sync_lock *l = &t->locks[rec->lock];
	uint64_t exclusive = rec->mode == SYNC_EXCLUSIVE;

	rec->token = (l->word >> 1) + 1;
	if (exclusive)
		__atomic_store_n(&l->holder, rec->holder, __ATOMIC_RELEASE);
	else
		l->nb_shared++;
	__atomic_store_n(&l->word, rec->token << 1 | exclusive, __ATOMIC_RELEASE);
	sync_list_append(&l->grants, SYNC_LINKS_OF(t->records, link[SYNC_BY_LOCK]), r);
	rec->state = SYNC_KEPT;
}

/*
 * From here on the holder has it. The mark goes last: killed in between, the lock would be marked
 * again by adoption, because of the new holder.
 */
static inline void
sync_tell_grant(struct sync *t, uint32_t r, struct sync_grant *grant)
{
	struct sync_record *rec = &t->records[r];
	struct sync_lock *l = &t->locks[rec->lock];

	rec->call = 0;
	rec->state = SYNC_HELD;
	*grant = (struct sync_grant){
		.lock = rec->lock,
		.mode = rec->mode,
		.token = rec->token,
		.died = l->died,
		.died_holder = l->died ? l->died_holder : 0,
	};
	sync_order();
	l->died = 0;
}

/* Ends a record in whatever state. */
static inline void
sync_drop(struct sync *t, uint32_t r)
{
	struct sync_record *rec = &t->records[r];
	uint32_t id = rec->lock;
	struct sync_lock *l = &t->locks[id];

	if (rec->state == SYNC_WAITING) {
		sync_dequeue(t, r);
	} else if (rec->state != SYNC_AHEAD) {
		sync_list_remove(&l->grants, SYNC_LINKS_OF(t->records, link[SYNC_BY_LOCK]), r);
		if (rec->mode == SYNC_EXCLUSIVE)
			__atomic_store_n(&l->word, l->word & ~UINT64_C(1), __ATOMIC_RELEASE);
		else
			l->nb_shared--;
	}
	sync_record_delete(t, r);
	if (l->queue.first != 0)
		sync_hand_on(t, id);
}

#endif /* SYNC_QUEUE_H */
