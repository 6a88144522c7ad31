/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Acquiring several locks in one call, and releasing them. */

#include "sync_priv.h"

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

static int
sort(struct sync_want *sorted, const struct sync_want *wants, unsigned int n)
{
	unsigned int i;

	if (n == 0 || n > SYNC_CALL_MAX)
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (wants[i].mode > SYNC_EXCLUSIVE || !insert(sorted, i, &wants[i]))
			return -EINVAL;
	return 0;
}

static int
check(const struct sync *t, uint32_t holder, const struct sync_want *wants, unsigned int n)
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
	const struct sync_lock *l;
	unsigned int i;

	for (i = 0; i < n; i++) {
		l = &t->locks[wants[i].lock];
		if (l->queue.first != 0 || !sync_compatible(l, wants[i].mode))
			return false;
	}
	return true;
}

static void
wait_for(struct sync *t, uint32_t holder, const struct sync_want *wants, unsigned int n, uint32_t c)
{
	struct sync_call *call = &t->calls[c];

	call->holder = holder;
	for (call->n = 0; call->n < n; call->n++) {
		call->records[call->n] = sync_record_new(t, holder, &wants[call->n]);
		t->records[call->records[call->n]].call = c;
	}
	sync_call_advance(t, c);
}

int
sync_acquire(struct sync *t, uint32_t holder, const struct sync_want *wants, unsigned int n,
	uint64_t deadline, uint64_t cookie, struct sync_grant *grants, uint32_t *call)
{
	struct sync_want sorted[SYNC_CALL_MAX];
	int ret = sort(sorted, wants, n);
	unsigned int i;
	uint32_t r;

	if (ret == 0)
		ret = check(t, holder, sorted, n);
	if (ret != 0)
		return ret;
	if (!at_once(t, sorted, n)) {
		if (deadline == SYNC_TRY)
			return -EBUSY;
		if (n > t->hdr->nb_grants - t->used.nb_grants || t->free_call == 0)
			return -ENOSPC;
		*call = sync_call_new(t, deadline, cookie);
		wait_for(t, holder, sorted, n, *call);
		return -EINPROGRESS;
	}
	if (n > t->hdr->nb_grants - t->used.nb_grants)
		return -ENOSPC;
	for (i = 0; i < n; i++) {
		r = sync_record_new(t, holder, &sorted[i]);
		sync_take(t, r);
		sync_tell_grant(t, r, &grants[i]);
	}
	return 0;
}

int
sync_release(struct sync *t, uint32_t holder, const uint32_t *locks, unsigned int n)
{
	struct sync_want sorted[SYNC_CALL_MAX];
	uint32_t records[SYNC_CALL_MAX];
	unsigned int i;

	if (n == 0 || n > SYNC_CALL_MAX)
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (!insert(sorted, i, &(struct sync_want){.lock = locks[i]}))
			return -EINVAL;
	for (i = 0; i < n; i++)
		if (sync_lock_of(t, locks[i]) == NULL)
			return -ENOENT;
	for (i = 0; i < n; i++) {
		records[i] = sync_record_find(t, holder, locks[i]);
		if (records[i] == 0 || t->records[records[i]].state != SYNC_HELD)
			return -EPERM;
	}
	for (i = 0; i < n; i++)
		sync_drop(t, records[i]);
	return 0;
}
