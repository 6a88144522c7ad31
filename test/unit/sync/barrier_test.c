/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Each rule and each error of barrier.h, one by one. */

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <CUnit/Basic.h>

#include "common/suite.h"
#include "sync/barrier.h"

#define ID 0xfeedbee5

static struct barrier *b;
static struct barrier_event ev[32];

static void
up(uint32_t barriers, uint32_t waits)
{
	struct barrier_conf conf = {
		.nb_barriers = barriers, .nb_waits = waits, .nb_holders = 8, .seed = 5};
	int err = -1;

	b = barrier_create(&conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_EQUAL(err, 0);
}

/* Nothing may be left behind. */
static void
down(void)
{
	struct barrier_usage u;

	barrier_usage(b, &u);
	CU_ASSERT(u.nb_barriers == 0 && u.nb_waits == 0);
	CU_ASSERT_FALSE(barrier_pending(b));
	CU_ASSERT_EQUAL(barrier_next_deadline(b), BARRIER_FOREVER);
	CU_ASSERT_EQUAL(barrier_poll(b, UINT64_MAX - 1, ev, 32), 0);
	barrier_destroy(b);
}

static struct barrier_set
set_of(unsigned int n, ...)
{
	struct barrier_set set = {{0}};
	va_list ap;

	va_start(ap, n);
	for (; n > 0; n--)
		barrier_set_add(&set, va_arg(ap, unsigned int));
	va_end(ap);
	return set;
}

static bool
missing_is(const struct barrier_event *e, struct barrier_set set)
{
	return memcmp(&e->missing, &set, sizeof(set)) == 0;
}

/* The cookie is the node, the holder is its number. */
static int
enter(uint32_t id, uint32_t node, struct barrier_set set, uint64_t deadline, uint32_t holder)
{
	return barrier_enter(b, id, node, &set, deadline, node, holder);
}

static void
all_enter(void)
{
	static const uint32_t nodes[] = {0, 63, 64, 1023};
	struct barrier_set set = set_of(4, 0, 63, 64, 1023);
	struct barrier_usage u;
	uint32_t round, i;

	up(1, 4);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 4; i++) {
			CU_ASSERT_FALSE(barrier_pending(b));
			CU_ASSERT_EQUAL(barrier_poll(b, 1, ev, 32), 0);
			CU_ASSERT_EQUAL(enter(ID, nodes[i], set, 50, 7 << 16 | (i + 1)),
				i == 3 ? 0 : -EINPROGRESS);
		}
		CU_ASSERT(barrier_pending(b));
		barrier_usage(b, &u);
		CU_ASSERT(u.nb_barriers == 1 && u.nb_waits == 4);
		/* polled late, and no more than asked for */
		CU_ASSERT_EQUAL(barrier_poll(b, 100, ev, 3), 3);
		CU_ASSERT_EQUAL(barrier_poll(b, 100, ev + 3, 3), 1);
		for (i = 0; i < 4; i++) {
			CU_ASSERT(ev[i].status == 0 && ev[i].id == ID && ev[i].node == nodes[i]);
			CU_ASSERT(ev[i].cookie == nodes[i] && ev[i].holder == (7 << 16 | (i + 1)));
			CU_ASSERT(missing_is(&ev[i], set_of(0)));
		}
	}
	down();
}

static void
alone(void)
{
	up(1, 2);
	CU_ASSERT_EQUAL(enter(0, 5, set_of(1, 5), BARRIER_FOREVER, 1), 0);
	CU_ASSERT_EQUAL(barrier_poll(b, 0, ev, 32), 1);
	CU_ASSERT(ev[0].status == 0 && ev[0].node == 5 && ev[0].id == 0);
	/* for another one, for as long as it takes */
	CU_ASSERT_EQUAL(enter(0, 5, set_of(2, 5, 6), BARRIER_FOREVER, 1), -EINPROGRESS);
	CU_ASSERT_EQUAL(barrier_poll(b, UINT64_MAX, ev, 32), 0);
	CU_ASSERT_EQUAL(enter(0, 6, set_of(2, 5, 6), BARRIER_FOREVER, 2), 0);
	CU_ASSERT_EQUAL(barrier_poll(b, UINT64_MAX, ev, 0), 0);
	CU_ASSERT_EQUAL(barrier_poll(b, UINT64_MAX, ev, 32), 2);
	down();
}

static void
errors(void)
{
	struct barrier_set ab = set_of(2, 1, 2), abc = set_of(3, 1, 2, 3);

	up(4, 8);
	CU_ASSERT_EQUAL(enter(ID, 3, ab, 10, 1), -EINVAL);
	CU_ASSERT_EQUAL(enter(ID, 1024, abc, 10, 1), -EINVAL);
	CU_ASSERT_EQUAL(enter(ID, UINT32_MAX, abc, 10, 1), -EINVAL);
	CU_ASSERT_EQUAL(enter(ID, 1, set_of(0), 10, 1), -EINVAL);
	CU_ASSERT_EQUAL(enter(ID, 1, ab, 10, 0), -EINVAL);
	CU_ASSERT_EQUAL(enter(ID, 1, ab, 10, 1 << 16), -EINVAL);
	CU_ASSERT_EQUAL(enter(ID, 1, ab, 10, 9), -EINVAL);
	CU_ASSERT_EQUAL(enter(ID, 1, ab, 10, 8), -EINPROGRESS);
	CU_ASSERT_EQUAL(enter(ID, 1, ab, 10, 8), -EEXIST);
	CU_ASSERT_EQUAL(enter(ID, 1, ab, 10, 2), -EEXIST);
	CU_ASSERT_EQUAL(enter(ID, 2, abc, 10, 2), -EINVAL);
	CU_ASSERT_EQUAL(enter(ID, 3, abc, 10, 2), -EINVAL);
	CU_ASSERT_EQUAL(enter(ID + 1, 3, abc, 10, 1 << 16 | 8), -EEXIST);
	CU_ASSERT_EQUAL(enter(ID, 2, ab, 10, 2), 0);
	/* the next round, before this one was told: another set, and the same node */
	CU_ASSERT_EQUAL(enter(ID, 1, abc, 10, 8), -EINPROGRESS);
	CU_ASSERT_EQUAL(barrier_poll(b, 9, ev, 32), 2);
	CU_ASSERT_EQUAL(barrier_revoke(b, 8, 9), 1);
	/* nobody waits: the set may be any again */
	CU_ASSERT_EQUAL(enter(ID, 1, ab, 10, 1 << 16 | 8), -EINPROGRESS);
	CU_ASSERT_EQUAL(barrier_revoke(b, 8, 9), 0);
	CU_ASSERT_EQUAL(barrier_revoke(b, 1 << 16 | 8, 9), 1);
	down();
}

static void
no_room(void)
{
	struct barrier_set ab = set_of(2, 1, 2), abc = set_of(3, 1, 2, 3);
	struct barrier_usage u;

	up(2, 3);
	CU_ASSERT_EQUAL(enter(1, 1, abc, 10, 1), -EINPROGRESS);
	CU_ASSERT_EQUAL(enter(2, 1, ab, 10, 1), -EINPROGRESS);
	CU_ASSERT_EQUAL(enter(3, 2, ab, 10, 2), -ENOSPC); /* no third barrier */
	barrier_usage(b, &u);
	CU_ASSERT(u.nb_barriers == 2 && u.nb_waits == 2);
	CU_ASSERT_EQUAL(enter(1, 2, abc, 10, 2), -EINPROGRESS);
	CU_ASSERT_EQUAL(enter(1, 3, abc, 10, 3), -ENOSPC); /* no fourth that waits */
	CU_ASSERT_EQUAL(barrier_revoke(b, 1, 1), 1);
	CU_ASSERT_EQUAL(enter(2, 2, ab, 10, 2), 0);
	CU_ASSERT_EQUAL(enter(3, 3, set_of(1, 3), 10, 3), -ENOSPC); /* it was not told yet */
	CU_ASSERT_EQUAL(barrier_poll(b, 0, ev, 32), 2);
	CU_ASSERT_EQUAL(enter(3, 3, set_of(1, 3), 10, 3), 0);
	CU_ASSERT_EQUAL(barrier_poll(b, 10, ev, 32), 2);
	CU_ASSERT(ev[0].id == 3 && ev[0].status == 0);
	CU_ASSERT(ev[1].id == 1 && ev[1].status == -ETIMEDOUT && ev[1].node == 2);
	CU_ASSERT(missing_is(&ev[1], set_of(2, 1, 3)));
	down();
}

/* Who gives up is missing for the others, and may come back. */
static void
deadlines(void)
{
	struct barrier_set set = set_of(4, 1, 2, 3, 1000);

	up(2, 8);
	CU_ASSERT_EQUAL(enter(ID, 1, set, 30, 1), -EINPROGRESS);
	CU_ASSERT_EQUAL(enter(ID, 2, set, 20, 2), -EINPROGRESS);
	CU_ASSERT_EQUAL(enter(ID, 3, set, BARRIER_FOREVER, 3), -EINPROGRESS);
	CU_ASSERT_EQUAL(barrier_next_deadline(b), 20);
	CU_ASSERT_EQUAL(barrier_poll(b, 19, ev, 32), 0);
	CU_ASSERT_EQUAL(barrier_poll(b, 20, ev, 32), 1);
	CU_ASSERT(ev[0].node == 2 && ev[0].status == -ETIMEDOUT);
	CU_ASSERT(missing_is(&ev[0], set_of(1, 1000)));
	CU_ASSERT_EQUAL(barrier_next_deadline(b), 30);
	CU_ASSERT_EQUAL(enter(ID, 1000, set, 40, 4), -EINPROGRESS);
	CU_ASSERT_EQUAL(barrier_poll(b, 35, ev, 32), 1);
	CU_ASSERT(ev[0].node == 1 && missing_is(&ev[0], set_of(1, 2)));
	CU_ASSERT_EQUAL(enter(ID, 2, set, 0, 2), -EINPROGRESS); /* a deadline that has passed */
	CU_ASSERT_EQUAL(barrier_poll(b, 36, ev, 32), 1);
	CU_ASSERT(ev[0].node == 2 && missing_is(&ev[0], set_of(1, 1)));
	CU_ASSERT_EQUAL(enter(ID, 2, set, 50, 2), -EINPROGRESS);
	CU_ASSERT_EQUAL(enter(ID, 1, set, 0, 1), 0); /* means nothing to the last one */
	CU_ASSERT_EQUAL(barrier_poll(b, 60, ev, 32), 4);
	CU_ASSERT(ev[0].node == 3 && ev[1].node == 1000 && ev[2].node == 2 && ev[3].node == 1);
	down();
}

static void
revoked(void)
{
	struct barrier_set ab = set_of(2, 1, 2), ac = set_of(2, 1, 3);

	up(4, 8);
	CU_ASSERT_EQUAL(enter(1, 1, ab, 10, 1), -EINPROGRESS);
	CU_ASSERT_EQUAL(enter(2, 1, ac, 20, 1), -EINPROGRESS);
	CU_ASSERT_EQUAL(enter(3, 1, ac, 30, 1), -EINPROGRESS);
	CU_ASSERT_EQUAL(barrier_revoke(b, 1, 2), 2);
	CU_ASSERT_EQUAL(barrier_next_deadline(b), 30);
	CU_ASSERT_EQUAL(barrier_revoke(b, 1, 2), 1);
	CU_ASSERT_EQUAL(barrier_revoke(b, 1, 2), 0);
	CU_ASSERT_EQUAL(barrier_revoke(b, 0, 2), 0);
	CU_ASSERT_EQUAL(barrier_revoke(b, 9, 2), 0);
	/* it has not entered: the others wait for its node */
	CU_ASSERT_EQUAL(enter(1, 2, ab, 40, 2), -EINPROGRESS);
	CU_ASSERT_EQUAL(enter(1, 1, ab, 40, 3), 0);
	/* complete for the others, though one of them dies before it is told */
	CU_ASSERT_EQUAL(barrier_revoke(b, 3, 9), 1);
	CU_ASSERT(barrier_pending(b));
	CU_ASSERT_EQUAL(barrier_poll(b, 50, ev, 32), 1);
	CU_ASSERT(ev[0].node == 2 && ev[0].status == 0);
	/* all of them */
	CU_ASSERT_EQUAL(enter(1, 2, ab, 60, 2), -EINPROGRESS);
	CU_ASSERT_EQUAL(enter(1, 1, ab, 60, 2), 0);
	CU_ASSERT_EQUAL(barrier_revoke(b, 2, 9), 2);
	down();
}

static void
creation(void)
{
	struct barrier_conf conf = {.nb_barriers = BARRIER_MAX + 1};
	int err = 0;

	CU_ASSERT_PTR_NULL(barrier_create(&conf, &err));
	CU_ASSERT_EQUAL(err, -EINVAL);
	conf = (struct barrier_conf){.nb_waits = BARRIER_MAX + 1};
	CU_ASSERT_PTR_NULL(barrier_create(&conf, &err));
	conf = (struct barrier_conf){.nb_holders = SYNC_HOLDERS_MAX + 1};
	CU_ASSERT_PTR_NULL(barrier_create(&conf, &err));
	conf = (struct barrier_conf){0};
	b = barrier_create(&conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_EQUAL(enter(ID, 1, set_of(2, 1, 2), 10, SYNC_HOLDERS_MAX), -EINPROGRESS);
	barrier_destroy(b); /* while somebody waits */
	barrier_destroy(NULL);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {
		{"all_enter", all_enter},
		{"alone", alone},
		{"errors", errors},
		{"no_room", no_room},
		{"deadlines", deadlines},
		{"revoked", revoked},
		{"creation", creation},
		{NULL, NULL},
	};

	return run_suite("barrier", tests);
}
