/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Deadlines of calls that wait: a binary heap, from place 1 on. */

#include "sync_priv.h"

static bool
earlier(const struct sync *t, uint32_t a, uint32_t b)
{
	return t->calls[t->heap[a]].deadline < t->calls[t->heap[b]].deadline;
}

static void
put(struct sync *t, uint32_t pos, uint32_t c)
{
	t->heap[pos] = c;
	t->calls[c].heap_pos = pos;
}

static void
swap(struct sync *t, uint32_t a, uint32_t b)
{
	uint32_t c = t->heap[a];

	put(t, a, t->heap[b]);
	put(t, b, c);
}

static void
up(struct sync *t, uint32_t pos)
{
	for (; pos > 1 && earlier(t, pos, pos / 2); pos /= 2)
		swap(t, pos, pos / 2);
}

static void
down(struct sync *t, uint32_t pos)
{
	uint32_t child;

	while ((child = 2 * pos) <= t->nb_heap) {
		if (child < t->nb_heap && earlier(t, child + 1, child))
			child++;
		if (!earlier(t, child, pos))
			return;
		swap(t, child, pos);
		pos = child;
	}
}

void
sync_deadline_add(struct sync *t, uint32_t c)
{
	put(t, ++t->nb_heap, c);
	up(t, t->nb_heap);
}

void
sync_deadline_del(struct sync *t, uint32_t c)
{
	uint32_t pos = t->calls[c].heap_pos, last = t->heap[t->nb_heap--];

	t->calls[c].heap_pos = 0;
	if (last == c)
		return;
	put(t, pos, last);
	up(t, pos);
	down(t, t->calls[last].heap_pos);
}

uint64_t
sync_next_deadline(const struct sync *t)
{
	return t->nb_heap > 0 ? t->calls[t->heap[1]].deadline : SYNC_FOREVER;
}
