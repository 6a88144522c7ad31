/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* One lock: who has it, who waits for it, its token. */

#include "sync_priv.h"

/* Could it be taken in this mode, with those who have it now? */
bool
sync_compatible(const struct sync_lock *l, uint32_t mode)
{
	return !sync_is_exclusive(l) && (mode == SYNC_SHARED || l->nb_shared == 0);
}

/* Somebody left: perhaps there is one to grant it to. */
static void
hand_on(struct sync *t, uint32_t id)
{
	struct sync_lock *l = &t->locks[id];

	if (l->queue.first == 0 || l->runs)
		return;
	l->runs = 1;
	l->run_next = 0;
	sync_list_add(&t->run, &t->locks[t->run.last].run_next, id);
}

/* The lock is compatible. The holder is told later, by sync_tell_grant(). */
void
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
	sync_link_add(t, &l->grants, r, SYNC_BY_LOCK);
	rec->state = SYNC_KEPT;
}

void
sync_enqueue(struct sync *t, uint32_t r)
{
	struct sync_lock *l = &t->locks[t->records[r].lock];

	sync_link_add(t, &l->queue, r, SYNC_BY_LOCK);
	l->nb_waiting++;
	t->records[r].state = SYNC_WAITING;
}

void
sync_dequeue(struct sync *t, uint32_t r)
{
	struct sync_lock *l = &t->locks[t->records[r].lock];

	sync_link_del(t, &l->queue, r, SYNC_BY_LOCK);
	l->nb_waiting--;
	t->records[r].state = SYNC_AHEAD;
}

/* Ends a record in whatever state. */
void
sync_drop(struct sync *t, uint32_t r)
{
	struct sync_record *rec = &t->records[r];
	uint32_t id = rec->lock;
	struct sync_lock *l = &t->locks[id];

	if (rec->state == SYNC_WAITING) {
		sync_dequeue(t, r);
	} else if (rec->state != SYNC_AHEAD) {
		sync_link_del(t, &l->grants, r, SYNC_BY_LOCK);
		if (rec->mode == SYNC_EXCLUSIVE)
			__atomic_store_n(&l->word, l->word & ~UINT64_C(1), __ATOMIC_RELEASE);
		else
			l->nb_shared--;
	}
	sync_record_delete(t, r);
	hand_on(t, id);
}

/*
 * From here on the holder has it. The mark goes last: killed in between, the lock would be marked
 * again by adoption, because of the new holder.
 */
void
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

bool
sync_token_valid(const struct sync *t, uint32_t lock, uint64_t token, uint32_t holder)
{
	const struct sync_lock *l = &t->locks[lock];
	uint64_t want = token << 1 | 1;

	if (lock == 0 || lock > t->hdr->nb_locks || token >> 63 != 0)
		return false;
	/*
	 * The word never has a value twice, and is cleared before the next holder is written: who
	 * saw that holder sees the word changed.
	 */
	return __atomic_load_n(&l->word, __ATOMIC_ACQUIRE) == want &&
	       __atomic_load_n(&l->holder, __ATOMIC_ACQUIRE) == holder &&
	       __atomic_load_n(&l->word, __ATOMIC_RELAXED) == want;
}

uint32_t
sync_token_holder(const struct sync *t, uint32_t lock, uint64_t token)
{
	uint32_t holder;

	if (lock == 0 || lock > t->hdr->nb_locks)
		return 0;
	holder = __atomic_load_n(&t->locks[lock].holder, __ATOMIC_ACQUIRE);
	return sync_token_valid(t, lock, token, holder) ? holder : 0;
}
