/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* One lock: its queue, and its token. */

#include "queue.h"

/* Somebody left, and somebody waits: perhaps there is one to grant it to. */
void
sync_hand_on(struct sync *t, uint32_t id)
{
	struct sync_lock *l = &t->locks[id];

	if (l->runs)
		return;
	l->runs = 1;
	l->run_next = 0;
	sync_list_add(&t->run, &t->locks[t->run.last].run_next, id);
}

void
sync_enqueue(struct sync *t, uint32_t r)
{
	struct sync_lock *l = &t->locks[t->records[r].lock];

	sync_list_append(&l->queue, SYNC_LINKS_OF(t->records, link[SYNC_BY_LOCK]), r);
	l->nb_waiting++;
	t->records[r].state = SYNC_WAITING;
}

void
sync_dequeue(struct sync *t, uint32_t r)
{
	struct sync_lock *l = &t->locks[t->records[r].lock];

	sync_list_remove(&l->queue, SYNC_LINKS_OF(t->records, link[SYNC_BY_LOCK]), r);
	l->nb_waiting--;
	t->records[r].state = SYNC_AHEAD;
}

void
sync_prefetch(const struct sync *t, uint32_t lock)
{
	if (lock <= t->hdr->nb_locks)
		__builtin_prefetch(&t->locks[lock], 1);
}

uint32_t
sync_token_holder(const struct sync *t, uint32_t lock, uint64_t token)
{
	const struct sync_lock *l = &t->locks[lock];
	uint64_t want = token << 1 | 1;
	uint32_t holder;

	if (lock == 0 || lock > t->hdr->nb_locks || token >> 63 != 0)
		return 0;
	if (__atomic_load_n(&l->word, __ATOMIC_ACQUIRE) != want)
		return 0;
	/*
	 * The word never has a value twice, and is cleared before the next holder is written: who
	 * saw that holder sees the word changed.
	 */
	holder = __atomic_load_n(&l->holder, __ATOMIC_ACQUIRE);
	return __atomic_load_n(&l->word, __ATOMIC_RELAXED) == want ? holder : 0;
}
