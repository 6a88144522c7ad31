/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include "fault/hold.h"

/* ---- waiting: a binary heap -------------------------------------------------------------- */

static inline bool
earlier(const struct held *a, const struct held *b)
{
	return a->due != b->due ? a->due < b->due : a->seq < b->seq;
}

static void
heap_push(struct hold *h, const struct held *e)
{
	uint32_t i = h->nb_waiting++;

	while (i > 0 && earlier(e, &h->waiting[(i - 1) / 2])) {
		h->waiting[i] = h->waiting[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	h->waiting[i] = *e;
}

static struct held
heap_pop(struct hold *h)
{
	struct held top = h->waiting[0];
	const struct held *last = &h->waiting[--h->nb_waiting];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < h->nb_waiting) {
		if (child + 1 < h->nb_waiting &&
			earlier(&h->waiting[child + 1], &h->waiting[child]))
			child++;
		if (!earlier(&h->waiting[child], last))
			break;
		h->waiting[i] = h->waiting[child];
		i = child;
	}
	h->waiting[i] = *last;
	return top;
}

/* ---- ready and aside --------------------------------------------------------------------- */

static void
ready_push(struct hold *h, const struct held *e)
{
	h->ready[h->tail++ % HOLD_MAX] = *e;
}

static void
aside_remove(struct hold *h, uint32_t i)
{
	h->nb_aside--;
	memmove(&h->aside[i], &h->aside[i + 1], (h->nb_aside - i) * sizeof(h->aside[0]));
}

/* A frame has passed those that came before it. */
static void
aside_count(struct hold *h, uint64_t passed)
{
	for (uint32_t i = 0; i < h->nb_aside; i++)
		h->aside[i].overtake -= h->aside[i].seq < passed;
}

/* The earliest of those that have waited long enough, taken from there. */
static bool
aside_next(struct hold *h, struct held *e)
{
	uint32_t best = h->nb_aside;

	for (uint32_t i = 0; i < h->nb_aside; i++)
		if (h->aside[i].overtake == 0 &&
			(best == h->nb_aside || h->aside[i].seq < h->aside[best].seq))
			best = i;
	if (best == h->nb_aside)
		return false;
	*e = h->aside[best];
	aside_remove(h, best);
	return true;
}

/* One goes into the line, and behind it those that have only waited for that, one by one: each of
 * them may be what the next has waited for. */
static void
pass(struct hold *h, const struct held *first)
{
	struct held e = *first;

	do {
		ready_push(h, &e);
		aside_count(h, e.seq);
	} while (aside_next(h, &e));
}

static void
aside_expire(struct hold *h, uint64_t now)
{
	for (uint32_t i = 0; i < h->nb_aside;) {
		struct held e = h->aside[i];

		if (e.due > now) {
			i++;
			continue;
		}
		aside_remove(h, i);
		pass(h, &e);
		i = 0;
	}
}

bool
hold_put(struct hold *h, struct rte_mbuf *m, uint64_t due, uint32_t overtake)
{
	struct held e = {m, due, h->seq, overtake};

	if (hold_count(h) == HOLD_MAX)
		return false;
	h->seq++;
	heap_push(h, &e);
	return true;
}

uint32_t
hold_run(struct hold *h, uint64_t now, uint64_t patience, uint32_t max)
{
	uint32_t refused = 0;

	if (h->nb_aside > 0)
		aside_expire(h, now);
	for (; max > 0 && h->nb_waiting > 0 && h->waiting[0].due <= now; max--) {
		struct held e = heap_pop(h);

		if (e.overtake > 0 && h->nb_aside < HOLD_ASIDE) {
			e.due = now + patience;
			h->aside[h->nb_aside++] = e;
			continue;
		}
		refused += e.overtake > 0;
		pass(h, &e);
	}
	return refused;
}

void
hold_release(struct hold *h)
{
	for (uint32_t i = 0; i < h->nb_aside; i++)
		ready_push(h, &h->aside[i]);
	h->nb_aside = 0;
	while (h->nb_waiting > 0) {
		struct held e = heap_pop(h);

		ready_push(h, &e);
	}
}

uint32_t
hold_peek(const struct hold *h, struct rte_mbuf **mbufs, uint32_t n)
{
	n = RTE_MIN(n, hold_ready(h));
	for (uint32_t i = 0; i < n; i++)
		mbufs[i] = h->ready[(h->head + i) % HOLD_MAX].m;
	return n;
}

void
hold_free(struct hold *h)
{
	struct rte_mbuf *m;

	hold_release(h);
	for (; hold_peek(h, &m, 1) == 1; hold_take(h, 1))
		rte_pktmbuf_free(m);
}
