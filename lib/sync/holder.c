/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* All that one holder has, and all that have one lock: taking it away, and listing it. */

#include "queue.h"

/* A grant, and the lock is marked; or the call that the record belongs to. */
static void
take_away(struct sync *t, uint32_t r)
{
	const struct sync_record *rec = &t->records[r];

	if (rec->call != 0) {
		sync_call_end(t, rec->call, -ECANCELED);
		return;
	}
	sync_mark_died(&t->locks[rec->lock], rec->holder);
	sync_order();
	sync_drop(t, r);
}

unsigned int
sync_revoke(struct sync *t, uint32_t holder, unsigned int max)
{
	unsigned int n;
	uint32_t r;

	for (n = 0; n < max; n++) {
		r = sync_first_of(t, holder);
		if (r == 0)
			break;
		take_away(t, r);
	}
	return n;
}

unsigned int
sync_force(struct sync *t, uint32_t lock, unsigned int max)
{
	const struct sync_lock *l = sync_lock_of(t, lock);
	unsigned int n;

	for (n = 0; l != NULL && n < max && l->grants.first != 0; n++)
		take_away(t, l->grants.first);
	return n;
}

static void
item_fill(const struct sync_record *rec, struct sync_item *item)
{
	*item = (struct sync_item){
		.lock = rec->lock,
		.holder = rec->holder,
		.mode = rec->mode,
		.state = rec->state,
		.token = rec->token,
	};
}

unsigned int
sync_of_holder(const struct sync *t, uint32_t holder, struct sync_item *items, unsigned int n)
{
	uint32_t r = sync_first_of(t, holder);
	unsigned int i;

	for (i = 0; i < n && r != 0; i++, r = t->records[r].link[SYNC_BY_HOLDER].next)
		item_fill(&t->records[r], &items[i]);
	return i;
}

unsigned int
sync_of_lock(const struct sync *t, uint32_t lock, struct sync_item *items, unsigned int n)
{
	const struct sync_lock *l = sync_lock_of(t, lock);
	unsigned int i = 0;
	uint32_t r;

	if (l == NULL)
		return 0;
	for (r = l->grants.first; i < n && r != 0; r = t->records[r].link[SYNC_BY_LOCK].next)
		item_fill(&t->records[r], &items[i++]);
	for (r = l->queue.first; i < n && r != 0; r = t->records[r].link[SYNC_BY_LOCK].next)
		item_fill(&t->records[r], &items[i++]);
	return i;
}
