/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Acquiring several locks in one call, and releasing them. */

#include "queue.h"

/* Inserts in ascending order; false when it is there already. */
static bool
insert(struct sync_want *sorted, unsigned int n, const struct sync_want *want)
{
	while (n > 0 && sorted[n - 1].lock > want->lock) {
		sorted[n] = sorted[n - 1];
		n--;
	}
	sorted[n] = *want;
	return n == 0 || sorted[n - 1].lock != want->lock;
}

/* False for a call that nobody may make. */
static __rte_noinline bool
sort(struct sync_want *sorted, const struct sync_want *wants, unsigned int n)
{
	unsigned int i;

	if (n == 0 || n > SYNC_CALL_MAX)
		return false;
	for (i = 0; i < n; i++)
		if (wants[i].mode > SYNC_EXCLUSIVE || !insert(sorted, i, &wants[i]))
			return false;
	return true;
}

static int
check_holder(const struct sync *t, uint32_t holder)
{
	const struct sync_slot *s = sync_slot_of(t, holder);

	if (s == NULL)
		return -EINVAL;
	return s->records.first != 0 && s->holder != holder ? -EEXIST : 0;
}

static int
check_locks(const struct sync *t, uint32_t holder, const struct sync_want *wants, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (sync_lock_of(t, wants[i].lock) == NULL)
			return -ENOENT;
	for (i = 0; i < n; i++)
		if (sync_record_find(t, holder, wants[i].lock) != 0)
			return -EDEADLK;
	return 0;
}

static bool
at_once(const struct sync *t, const struct sync_want *wants, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!sync_free_for(&t->locks[wants[i].lock], wants[i].mode))
			return false;
	return true;
}

static void
grant(struct sync *t, uint32_t holder, const struct sync_want *want, struct sync_grant *told)
{
	uint32_t r = sync_record_new(t, holder, want);

	if (t->locks[want->lock].grants.first != 0)
		sync_record_hash(t, r);
	sync_take(t, r);
	sync_tell_grant(t, r, told);
}

/* Out of line: what is granted at once does not pay for it. */
static __rte_noinline int
wait_for(struct sync *t, uint32_t holder, const struct sync_want *wants, unsigned int n,
	uint64_t deadline, uint64_t cookie)
{
	struct sync_call *call;
	uint32_t c, r;

	if (n > t->hdr->nb_grants - t->used.nb_grants || t->free_call == 0)
		return -ENOSPC;
	c = sync_call_new(t, deadline, cookie);
	call = &t->calls[c];
	call->holder = holder;
	for (call->n = 0; call->n < n; call->n++) {
		r = sync_record_new(t, holder, &wants[call->n]);
		sync_record_hash(t, r);
		t->records[r].call = c;
		call->records[call->n] = r;
	}
	sync_call_advance(t, c);
	return -EINPROGRESS;
}

/* wants are in ascending order. Inline, so that a call for one lock, n known, has no loops. */
static __rte_always_inline int
acquire(struct sync *t, uint32_t holder, const struct sync_want *wants, unsigned int n,
	uint64_t deadline, uint64_t cookie, struct sync_grant *grants)
{
	int ret = check_holder(t, holder);
	unsigned int i;

	if (ret == 0)
		ret = check_locks(t, holder, wants, n);
	if (ret != 0)
		return ret;
	if (!at_once(t, wants, n))
		return deadline == SYNC_TRY ? -EBUSY
		                            : wait_for(t, holder, wants, n, deadline, cookie);
	if (n > t->hdr->nb_grants - t->used.nb_grants)
		return -ENOSPC;
	for (i = 0; i < n; i++)
		grant(t, holder, &wants[i], &grants[i]);
	return 0;
}

int
sync_acquire(struct sync *t, uint32_t holder, const struct sync_want *wants, unsigned int n,
	uint64_t deadline, uint64_t cookie, struct sync_grant *grants)
{
	struct sync_want sorted[SYNC_CALL_MAX];

	if (n == 1 && wants->mode <= SYNC_EXCLUSIVE)
		return acquire(t, holder, wants, 1, deadline, cookie, grants);
	if (!sort(sorted, wants, n))
		return -EINVAL;
	return acquire(t, holder, sorted, n, deadline, cookie, grants);
}

static __rte_noinline bool
all_different(const uint32_t *locks, unsigned int n)
{
	struct sync_want sorted[SYNC_CALL_MAX];
	unsigned int i;

	if (n == 0 || n > SYNC_CALL_MAX)
		return false;
	for (i = 0; i < n; i++)
		if (!insert(sorted, i, &(struct sync_want){.lock = locks[i]}))
			return false;
	return true;
}

/* The records of what the holder has of these. */
static __rte_always_inline int
find_held(const struct sync *t, uint32_t holder, const uint32_t *locks, unsigned int n,
	uint32_t *records)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (sync_lock_of(t, locks[i]) == NULL)
			return -ENOENT;
	for (i = 0; i < n; i++) {
		records[i] = sync_record_find(t, holder, locks[i]);
		if (records[i] == 0 || t->records[records[i]].state != SYNC_HELD)
			return -EPERM;
	}
	return 0;
}

static __rte_always_inline int
release(struct sync *t, uint32_t holder, const uint32_t *locks, unsigned int n)
{
	uint32_t records[SYNC_CALL_MAX];
	unsigned int i;
	int ret = find_held(t, holder, locks, n, records);

	for (i = 0; ret == 0 && i < n; i++)
		sync_drop(t, records[i]);
	return ret;
}

int
sync_release(struct sync *t, uint32_t holder, const uint32_t *locks, unsigned int n)
{
	if (n == 1)
		return release(t, holder, locks, 1);
	return all_different(locks, n) ? release(t, holder, locks, n) : -EINVAL;
}

/* 0: the holder has it no more, or by another grant. */
static uint32_t
find_grant(const struct sync *t, uint32_t holder, const struct sync_grant *g)
{
	uint32_t r = sync_record_of(t, holder, g->lock);

	if (r == 0 || t->records[r].state != SYNC_HELD || t->records[r].token != g->token)
		return 0;
	return r;
}

int
sync_take_back(struct sync *t, uint32_t holder, const struct sync_grant *grants, unsigned int n)
{
	uint32_t record;

	if (n == 0 || n > SYNC_CALL_MAX)
		return -EINVAL;
	for (const struct sync_grant *g = grants; g < grants + n; g++) {
		record = find_grant(t, holder, g);
		if (record == 0)
			continue;
		if (g->died && !t->locks[g->lock].died)
			sync_mark_died(&t->locks[g->lock], g->died_holder);
		sync_order();
		sync_drop(t, record);
	}
	return 0;
}
