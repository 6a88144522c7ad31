/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Calls that wait, from the first lock they have to wait for until they are told. */

#include "queue.h"

/* The caller has seen that there is one left. */
uint32_t
sync_call_new(struct sync *t, uint64_t deadline, uint64_t cookie)
{
	uint32_t c = t->free_call;

	t->free_call = t->calls[c].next;
	t->calls[c] = (struct sync_call){.due.deadline = deadline, .cookie = cookie, .waits = 1};
	t->used.nb_calls++;
	if (deadline != SYNC_FOREVER)
		sync_heap_add(&t->heap, c);
	return c;
}

/* Waits no more: its event is the next one after those before it. */
static void
tell(struct sync *t, uint32_t c, int status)
{
	struct sync_call *call = &t->calls[c];

	sync_heap_del(&t->heap, c);
	call->waits = 0;
	call->status = status;
	call->next = 0;
	sync_list_add(&t->tell, &t->calls[t->tell.last].next, c);
}

/* Takes what can be taken, and queues for the first lock that cannot. */
void
sync_call_advance(struct sync *t, uint32_t c)
{
	struct sync_call *call = &t->calls[c];
	const struct sync_lock *l;
	uint32_t r;

	for (; call->pos < call->n; call->pos++) {
		r = call->records[call->pos];
		l = &t->locks[t->records[r].lock];
		if (!sync_free_for(l, t->records[r].mode)) {
			sync_enqueue(t, r);
			return;
		}
		sync_take(t, r);
	}
	tell(t, c, 0);
}

/*
 * Ends a call that waits, or one that has all its locks and was not told yet: nobody got anything.
 */
void
sync_call_end(struct sync *t, uint32_t c, int status)
{
	struct sync_call *call = &t->calls[c];
	uint32_t i;

	for (i = 0; i < call->n; i++)
		sync_drop(t, call->records[i]);
	call->n = 0;
	if (call->waits)
		tell(t, c, status);
	call->status = status;
}

int
sync_cancel(struct sync *t, uint32_t holder, uint32_t lock, uint64_t cookie)
{
	uint32_t r = sync_record_of(t, holder, lock);
	uint32_t c = r != 0 ? t->records[r].call : 0;

	if (c == 0 || t->records[r].state == SYNC_HELD || !t->calls[c].waits ||
		t->calls[c].cookie != cookie)
		return -ENOENT;
	sync_call_end(t, c, -ECANCELED);
	return 0;
}

static void
emit(struct sync *t, struct sync_event *ev)
{
	uint32_t c = t->tell.first, i;
	struct sync_call *call = &t->calls[c];

	t->tell.first = call->next;
	if (t->tell.first == 0)
		t->tell.last = 0;
	ev->cookie = call->cookie;
	ev->holder = call->holder;
	ev->status = call->status;
	ev->nb_grants = call->n;
	for (i = 0; i < call->n; i++)
		sync_tell_grant(t, call->records[i], &ev->grants[i]);
	call->next = t->free_call;
	t->free_call = c;
	t->used.nb_calls--;
}

/* One grant from the first lock that somebody left; or that lock is done. */
static void
run_one(struct sync *t)
{
	uint32_t id = t->run.first;
	struct sync_lock *l = &t->locks[id];
	uint32_t r = l->queue.first;

	if (r == 0 || !sync_compatible(l, t->records[r].mode)) {
		t->run.first = l->run_next;
		if (t->run.first == 0)
			t->run.last = 0;
		l->runs = 0;
		return;
	}
	sync_dequeue(t, r);
	sync_take(t, r);
	t->calls[t->records[r].call].pos++;
	sync_call_advance(t, t->records[r].call);
}

unsigned int
sync_poll(struct sync *t, uint64_t now, struct sync_event *events, unsigned int n)
{
	unsigned int steps = 16 * n + 64, done = 0;

	for (; steps > 0; steps--) {
		if (t->tell.first != 0) {
			if (done == n)
				break;
			emit(t, &events[done++]);
		} else if (t->run.first != 0) {
			run_one(t);
		} else if (t->heap.n > 0 && sync_heap_earliest(&t->heap) <= now) {
			sync_call_end(t, t->heap.places[1], -ETIMEDOUT);
		} else {
			break;
		}
	}
	return done;
}

bool
sync_pending(const struct sync *t)
{
	return t->tell.first != 0 || t->run.first != 0;
}

uint64_t
sync_next_deadline(const struct sync *t)
{
	return sync_heap_earliest(&t->heap);
}
