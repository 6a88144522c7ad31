/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* A million random steps against a model made of one plain list that is searched from end to end.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>

#include "common/model.h"
#include "common/suite.h"
#include "sync/barrier.h"

#define STEPS    (getenv("SHMX_SHORT") != NULL ? 50000u : 1000000u)
#define BARRIERS 5
#define WAITS    11
#define HOLDERS  9
#define IDS      7
#define NODES    6

static const uint32_t nodes[NODES] = {0, 1, 63, 64, 700, 1023};

struct model_wait {
	uint32_t id, node, holder;
	uint64_t cookie, deadline;
	struct barrier_set set;
	uint64_t complete; /* number of the round that became complete; 0: it waits */
};

struct model {
	struct barrier *b;
	uint64_t rnd, now, cookie, rounds;
	struct model_wait waits[WAITS]; /* the oldest first */
	uint32_t nb;
	uint32_t number[HOLDERS + 1]; /* by index: who waits, or did last */
	uint32_t complete, timed_out, revoked, full, refused, strangers, bad;
};

static struct model *m;

#define CHECK(cond) MODEL_CHECK(m, cond)

static uint32_t
below(uint32_t n)
{
	return model_below(&m->rnd, n);
}

/* A holder, or sometimes another one with the index of that. */
static uint32_t
someone(void)
{
	return m->number[1 + below(HOLDERS)] ^ (below(16) == 0) << 16;
}

static bool
same(const struct barrier_set *a, const struct barrier_set *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool
waits_at(const struct model_wait *w, uint32_t id)
{
	return w->id == id && w->complete == 0;
}

static bool
holder_waits(uint32_t holder)
{
	uint32_t i;

	for (i = 0; i < m->nb; i++)
		if (m->waits[i].holder == holder)
			return true;
	return false;
}

/* Rounds that somebody waits in, or was not told of. */
static uint32_t
barriers(void)
{
	uint32_t i, k, n = 0;

	for (i = 0; i < m->nb; i++) {
		for (k = 0; k < i; k++)
			if (m->waits[k].id == m->waits[i].id &&
				m->waits[k].complete == m->waits[i].complete)
				break;
		n += k == i;
	}
	return n;
}

/* Of the set of w, who is not there. */
static struct barrier_set
missing(const struct model_wait *w)
{
	struct barrier_set set = w->set;
	uint32_t i, node;

	for (i = 0; i < m->nb; i++) {
		node = m->waits[i].node;
		if (waits_at(&m->waits[i], w->id))
			set.bits[node / 64] &= ~(UINT64_C(1) << (node % 64));
	}
	return set;
}

static void
leave(uint32_t i)
{
	m->nb--;
	memmove(&m->waits[i], &m->waits[i + 1], (m->nb - i) * sizeof(m->waits[0]));
}

/* What barrier_enter() must answer, the last one aside. */
static int
expect(const struct model_wait *w)
{
	uint32_t index = w->holder & UINT16_MAX, i;
	bool exists = false, known = false;

	if (index == 0 || index > HOLDERS || !barrier_set_has(&w->set, w->node))
		return -EINVAL;
	for (i = 0; i < m->nb; i++) {
		if (!waits_at(&m->waits[i], w->id))
			continue;
		known = true;
		exists = exists || m->waits[i].node == w->node;
		if (!same(&m->waits[i].set, &w->set))
			return -EINVAL;
	}
	if (exists || (w->holder != m->number[index] && holder_waits(m->number[index])))
		return -EEXIST;
	return m->nb == WAITS || (!known && barriers() == BARRIERS) ? -ENOSPC : -EINPROGRESS;
}

/* Each id has a set of its own that most agree on. */
static struct barrier_set
random_set(uint32_t id)
{
	uint32_t bits = below(20) ? id * 37 % 61 + 3 : below(64), i;
	struct barrier_set set = {{0}};

	for (i = 0; i < NODES; i++)
		if (bits >> i & 1)
			barrier_set_add(&set, nodes[i]);
	return set;
}

/* No two alike, so that the order of what happens is known. */
static uint64_t
random_deadline(void)
{
	if (below(8) == 0)
		return BARRIER_FOREVER;
	return ((m->now >> 24) + below(300)) << 24 | (m->cookie & 0xffffff);
}

static void
complete(uint32_t id)
{
	uint32_t i;

	m->rounds++;
	m->complete++;
	for (i = 0; i < m->nb; i++)
		if (waits_at(&m->waits[i], id))
			m->waits[i].complete = m->rounds;
}

static void
step_enter(void)
{
	struct model_wait w = {.id = below(IDS) * 0x10001, .cookie = ++m->cookie};
	static const struct barrier_set nobody;
	struct barrier_set left;
	int want, ret;

	w.node = below(64) ? nodes[below(NODES)] : 1024 + below(2) * 63;
	w.holder = below(64) ? someone() : below(2) * (HOLDERS + 1);
	w.deadline = random_deadline();
	w.set = random_set(w.id);
	want = expect(&w);
	if (want == -EINPROGRESS) {
		m->waits[m->nb++] = w;
		m->number[w.holder & UINT16_MAX] = w.holder;
		left = missing(&w);
		if (same(&left, &nobody)) {
			complete(w.id);
			want = 0;
		}
	}
	ret = barrier_enter(m->b, w.id, w.node, &w.set, w.deadline, w.cookie, w.holder);
	CHECK(ret == want);
	m->full += ret == -ENOSPC;
	m->refused += ret == -EINVAL;
	m->strangers += ret == -EEXIST;
}

/* The one to be told next, or m->nb. */
static uint32_t
next_told(void)
{
	uint32_t best = m->nb, i;

	for (i = 0; i < m->nb; i++)
		if (m->waits[i].complete != 0 &&
			(best == m->nb || m->waits[i].complete < m->waits[best].complete))
			best = i;
	if (best != m->nb)
		return best;
	for (i = 0; i < m->nb; i++)
		if (m->waits[i].deadline <= m->now &&
			(best == m->nb || m->waits[i].deadline < m->waits[best].deadline))
			best = i;
	return best;
}

static void
check_event(const struct barrier_event *ev, uint32_t i)
{
	const struct model_wait *w = &m->waits[i];
	struct barrier_set left = {{0}};

	if (w->complete == 0) {
		left = missing(w);
		m->timed_out++;
	}
	CHECK(ev->cookie == w->cookie && ev->holder == w->holder);
	CHECK(ev->id == w->id && ev->node == w->node);
	CHECK(ev->status == (w->complete != 0 ? 0 : -ETIMEDOUT));
	CHECK(same(&ev->missing, &left));
	leave(i);
}

static void
poll_some(uint32_t n)
{
	struct barrier_event ev[WAITS + 1];
	uint32_t got = barrier_poll(m->b, m->now, ev, n), i, next;

	for (i = 0; i < n; i++) {
		next = next_told();
		if (next == m->nb)
			break;
		CHECK(i < got);
		if (m->bad != 0)
			return;
		check_event(&ev[i], next);
	}
	CHECK(got == i);
}

static void
step_revoke(void)
{
	uint32_t holder = someone(), max = 1 + below(4), n = 0, i;

	for (i = 0; i < m->nb && n < max;) {
		if (m->waits[i].holder == holder) {
			leave(i);
			n++;
		} else {
			i++;
		}
	}
	m->revoked += n;
	CHECK(barrier_revoke(m->b, holder, max) == n);
}

static void
check_all(void)
{
	uint64_t earliest = BARRIER_FOREVER;
	struct barrier_usage u;
	uint32_t i;
	bool pending = false;

	for (i = 0; i < m->nb; i++) {
		pending = pending || m->waits[i].complete != 0;
		if (m->waits[i].deadline < earliest)
			earliest = m->waits[i].deadline;
	}
	barrier_usage(m->b, &u);
	CHECK(u.nb_waits == m->nb && u.nb_barriers == barriers());
	CHECK(barrier_pending(m->b) == pending);
	CHECK(pending || barrier_next_deadline(m->b) == earliest);
}

static void
step(void)
{
	uint32_t kind = below(100);

	if (kind < 60)
		step_enter();
	else if (kind < 85)
		poll_some(below(6));
	else if (kind < 97)
		m->now += (uint64_t)below(40) << 24;
	else
		step_revoke();
	check_all();
}

static void
wind_down(void)
{
	uint32_t i;

	for (i = 1; i <= HOLDERS; i++)
		while (barrier_revoke(m->b, m->number[i], 3) == 3)
			;
	m->nb = 0;
	check_all();
	barrier_destroy(m->b);
}

static void
million_steps(void)
{
	struct barrier_conf conf = {
		.nb_barriers = BARRIERS, .nb_waits = WAITS, .nb_holders = HOLDERS, .seed = 11};
	uint32_t steps = STEPS, i;
	int err;

	m = calloc(1, sizeof(*m));
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	m->rnd = model_seed();
	m->b = barrier_create(&conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m->b);
	for (i = 1; i <= HOLDERS; i++)
		m->number[i] = (100 + i) << 16 | i;
	for (i = 0; i < steps && m->bad == 0; i++)
		step();
	if (m->bad != 0)
		printf("first failure at step %u ", i);
	printf("%u rounds, %u timed out, %u revoked, %u times full, %u times refused, %u times "
	       "there "
	       "already ",
		m->complete, m->timed_out, m->revoked, m->full, m->refused, m->strangers);
	CU_ASSERT(m->complete > 0 && m->timed_out > 0 && m->revoked > 0 && m->full > 0);
	CU_ASSERT(m->refused > 0 && m->strangers > 0);
	wind_down();
	free(m);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {{"million_steps", million_steps}, {NULL, NULL}};

	return run_suite("barrier random", tests);
}
