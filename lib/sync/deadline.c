/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The heap of deadlines. */

#include <stdbool.h>

#include "deadline.h"

static struct sync_due *
element(const struct sync_heap *h, uint32_t i)
{
	return (struct sync_due *)(void *)((uint8_t *)h->elements + i * h->stride);
}

static bool
earlier(const struct sync_heap *h, uint32_t a, uint32_t b)
{
	return element(h, h->places[a])->deadline < element(h, h->places[b])->deadline;
}

static void
put(struct sync_heap *h, uint32_t pos, uint32_t i)
{
	h->places[pos] = i;
	element(h, i)->heap_pos = pos;
}

static void
swap(struct sync_heap *h, uint32_t a, uint32_t b)
{
	uint32_t i = h->places[a];

	put(h, a, h->places[b]);
	put(h, b, i);
}

static void
up(struct sync_heap *h, uint32_t pos)
{
	for (; pos > 1 && earlier(h, pos, pos / 2); pos /= 2)
		swap(h, pos, pos / 2);
}

static void
down(struct sync_heap *h, uint32_t pos)
{
	uint32_t child;

	while ((child = 2 * pos) <= h->n) {
		if (child < h->n && earlier(h, child + 1, child))
			child++;
		if (!earlier(h, child, pos))
			return;
		swap(h, child, pos);
		pos = child;
	}
}

void
sync_heap_add(struct sync_heap *h, uint32_t i)
{
	put(h, ++h->n, i);
	up(h, h->n);
}

void
sync_heap_del(struct sync_heap *h, uint32_t i)
{
	uint32_t pos = element(h, i)->heap_pos, last;

	if (pos == 0)
		return;
	last = h->places[h->n--];
	element(h, i)->heap_pos = 0;
	if (last == i)
		return;
	put(h, pos, last);
	up(h, pos);
	down(h, element(h, last)->heap_pos);
}

uint64_t
sync_heap_earliest(const struct sync_heap *h)
{
	return h->n > 0 ? element(h, h->places[1])->deadline : UINT64_MAX;
}
