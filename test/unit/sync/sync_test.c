/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Each rule and each error of sync.h, one by one. */

#include "fixture.h"
#include "sync/sync_layout.h"

#define A 1
#define B 2
#define X SYNC_EXCLUSIVE
#define S SYNC_SHARED

static struct fixture f;
static struct sync_grant g[SYNC_CALL_MAX];
static struct sync_event ev[32];

/* Ids 1 .. n are reserved. */
static void
up(uint32_t locks, uint32_t grants, uint32_t calls, uint32_t n)
{
	uint32_t i, id;

	fixture_up(&f, locks, grants, calls);
	for (i = 1; i <= n; i++)
		CU_ASSERT_EQUAL_FATAL(sync_reserve(f.t, i, NULL, &id), 0);
}

static int
take(uint32_t holder, uint32_t lock, uint32_t mode, uint64_t deadline)
{
	struct sync_want w = {lock, mode};

	return sync_acquire(f.t, holder, &w, 1, deadline, holder, g);
}

static int
give(uint32_t holder, uint32_t lock)
{
	return sync_release(f.t, holder, &lock, 1);
}

static void
identifiers(void)
{
	char longest[SYNC_NAME_LEN + 1] = {0};
	struct sync_info info;
	uint32_t id, i;

	up(2000, 4, 4, 0);
	CU_ASSERT_EQUAL(sync_reserve(f.t, 0, "a", &id), 0);
	CU_ASSERT_EQUAL(id, 1);
	CU_ASSERT_EQUAL(sync_reserve(f.t, 0, "a", &id), -EEXIST);
	CU_ASSERT_EQUAL(sync_reserve(f.t, 1, NULL, &id), -EEXIST);
	CU_ASSERT_EQUAL(sync_reserve(f.t, 2001, NULL, &id), -EINVAL);
	CU_ASSERT_EQUAL(sync_reserve(f.t, 0, "", &id), -EINVAL);
	memset(longest, 'x', SYNC_NAME_LEN);
	CU_ASSERT_EQUAL(sync_reserve(f.t, 0, longest, &id), -ENAMETOOLONG);
	CU_ASSERT_EQUAL(sync_lookup(f.t, longest, &id), -ENOENT);
	CU_ASSERT_EQUAL(sync_lookup(f.t, "", &id), -ENOENT);
	longest[SYNC_NAME_LEN - 1] = 0;
	CU_ASSERT_EQUAL(sync_reserve(f.t, 1500, longest, &id), 0);
	CU_ASSERT_EQUAL(sync_lookup(f.t, longest, &id), 0);
	CU_ASSERT_EQUAL(id, 1500);
	CU_ASSERT_EQUAL(sync_lookup(f.t, "b", &id), -ENOENT);
	CU_ASSERT_EQUAL(sync_next(f.t, 0, &info), 0);
	CU_ASSERT_STRING_EQUAL(info.name, "a");
	CU_ASSERT_EQUAL(sync_next(f.t, 2, &info), -EAGAIN);
	CU_ASSERT_EQUAL(sync_next(f.t, info.id, &info), 0);
	CU_ASSERT_EQUAL(info.id, 1500);
	CU_ASSERT_EQUAL(sync_next(f.t, 1501, &info), -ENOENT);
	CU_ASSERT_EQUAL(sync_unreserve(f.t, 1), 0);
	CU_ASSERT_EQUAL(sync_unreserve(f.t, 1), -ENOENT);
	CU_ASSERT_EQUAL(sync_lookup(f.t, "a", &id), -ENOENT);
	for (i = 0; i < 1999; i++)
		CU_ASSERT_EQUAL(sync_reserve(f.t, 0, NULL, &id), 0);
	CU_ASSERT_EQUAL(id, 1); /* what was freed last comes last */
	CU_ASSERT_EQUAL(sync_reserve(f.t, 0, NULL, &id), -ENOSPC);
	fixture_down(&f);
}

static void
errors(void)
{
	struct sync_want w[17] = {{B, X}, {A, S}, {B, S}}, bad = {A, 2};
	const uint32_t twice[] = {A, A}, both[] = {A, B};

	up(8, 8, 1, 2);
	CU_ASSERT_EQUAL(sync_acquire(f.t, 1, w, 0, 0, 0, g), -EINVAL);
	CU_ASSERT_EQUAL(sync_acquire(f.t, 1, w, 17, 0, 0, g), -EINVAL);
	CU_ASSERT_EQUAL(sync_acquire(f.t, 1, w, 3, 0, 0, g), -EINVAL);
	CU_ASSERT_EQUAL(sync_acquire(f.t, 1, &bad, 1, 0, 0, g), -EINVAL);
	CU_ASSERT_EQUAL(take(1, 0, X, 0), -ENOENT);
	CU_ASSERT_EQUAL(take(1, 3, X, 0), -ENOENT);
	CU_ASSERT_EQUAL(take(1, 9, X, 0), -ENOENT);
	CU_ASSERT_EQUAL(sync_acquire(f.t, 1, w, 2, 0, 0, g), 0);
	CU_ASSERT(g[0].lock == A && g[0].mode == S && g[1].lock == B && g[1].mode == X);
	CU_ASSERT_EQUAL(take(1, A, S, 0), -EDEADLK);
	CU_ASSERT_EQUAL(take(2, B, S, 0), -EBUSY);
	CU_ASSERT_EQUAL(sync_unreserve(f.t, B), -EBUSY);
	CU_ASSERT_EQUAL(give(2, B), -EPERM);
	CU_ASSERT_EQUAL(give(1, 3), -ENOENT);
	CU_ASSERT_EQUAL(sync_release(f.t, 1, twice, 2), -EINVAL);
	CU_ASSERT_EQUAL(sync_release(f.t, 1, twice, 0), -EINVAL);
	CU_ASSERT_EQUAL(take(2, A, S, 0), 0);
	CU_ASSERT_EQUAL(sync_release(f.t, 2, both, 2), -EPERM);
	CU_ASSERT_EQUAL(give(2, A), 0); /* nothing was given back before */
	CU_ASSERT_EQUAL(take(3, B, X, SYNC_FOREVER), -EINPROGRESS);
	CU_ASSERT_EQUAL(take(3, B, S, SYNC_FOREVER), -EDEADLK);
	CU_ASSERT_EQUAL(take(4, B, X, SYNC_FOREVER), -ENOSPC);
	CU_ASSERT_EQUAL(sync_cancel(f.t, 3, B, 3), 0);
	CU_ASSERT_EQUAL(sync_cancel(f.t, 3, B, 3), -ENOENT);
	CU_ASSERT_EQUAL(sync_poll(f.t, 0, ev, 32), 1);
	CU_ASSERT(ev[0].status == -ECANCELED && ev[0].cookie == 3 && ev[0].nb_grants == 0);
	CU_ASSERT_EQUAL(sync_release(f.t, 1, both, 2), 0);
	fixture_down(&f);
}

/* An index is one holder's at a time, for as long as it has or wants something. */
static void
holders(void)
{
	const uint32_t old = 7 << 16 | 3, new = 8 << 16 | 3, last = 1 << 16 | FIXTURE_HOLDERS;
	struct sync_item it[2];
	struct sync_usage u;

	up(4, 8, 8, 2);
	CU_ASSERT_EQUAL(take(0, A, X, 0), -EINVAL);
	CU_ASSERT_EQUAL(take(5 << 16, A, X, 0), -EINVAL);
	CU_ASSERT_EQUAL(take(last + 1, A, X, 0), -EINVAL);
	CU_ASSERT_EQUAL(give(last + 1, A), -EPERM);
	CU_ASSERT_EQUAL(sync_revoke(f.t, last + 1, 9), 0);
	CU_ASSERT_EQUAL(sync_of_holder(f.t, 0, it, 2), 0);
	CU_ASSERT_EQUAL(take(last, A, X, 0), 0);
	CU_ASSERT_EQUAL(take(old, A, X, SYNC_FOREVER), -EINPROGRESS);
	CU_ASSERT_EQUAL(take(new, B, X, 0), -EEXIST);
	CU_ASSERT_EQUAL(give(last, A), 0);
	CU_ASSERT_EQUAL(sync_poll(f.t, 0, ev, 32), 1);
	CU_ASSERT(ev[0].holder == old && ev[0].status == 0);
	CU_ASSERT_EQUAL(sync_token_holder(f.t, A, ev[0].grants[0].token), old);
	CU_ASSERT_EQUAL(take(new, B, S, 0), -EEXIST);
	CU_ASSERT_EQUAL(give(new, A), -EPERM);
	CU_ASSERT_EQUAL(sync_revoke(f.t, new, 9), 0);
	CU_ASSERT_EQUAL(sync_of_holder(f.t, new, it, 2), 0);
	CU_ASSERT_EQUAL(sync_revoke(f.t, old, 9), 1);
	CU_ASSERT_EQUAL(take(new, A, S, 0), 0);
	CU_ASSERT(g[0].died && g[0].died_holder == old);
	sync_usage(f.t, &u);
	CU_ASSERT_EQUAL(u.nb_holders, 1);
	CU_ASSERT_EQUAL(give(new, A), 0);
	fixture_down(&f);
}

/* Nobody was told of it: neither is the death lost, nor is there another one. */
static void
taken_back(void)
{
	const struct sync_want w[] = {{B, X}, {A, S}};

	up(2, 8, 8, 2);
	CU_ASSERT_EQUAL(take(1, A, X, 0), 0);
	CU_ASSERT_EQUAL(sync_revoke(f.t, 1, 9), 1);
	CU_ASSERT_EQUAL(sync_acquire(f.t, 2, w, 2, 0, 0, g), 0);
	CU_ASSERT(g[0].died && g[0].died_holder == 1 && !g[1].died);
	CU_ASSERT_EQUAL(take(3, A, X, SYNC_FOREVER), -EINPROGRESS);
	sync_take_back(f.t, 2, g, 2);
	CU_ASSERT_EQUAL(sync_poll(f.t, 0, ev, 32), 1);
	CU_ASSERT(ev[0].holder == 3 && ev[0].grants[0].died);
	CU_ASSERT_EQUAL(ev[0].grants[0].died_holder, 1);
	CU_ASSERT_EQUAL(give(3, A), 0);
	CU_ASSERT_EQUAL(take(2, A, X, 0), 0);
	CU_ASSERT(!g[0].died);
	CU_ASSERT_EQUAL(take(2, B, X, 0), 0);
	CU_ASSERT(!g[0].died);
	CU_ASSERT_EQUAL(sync_revoke(f.t, 2, 9), 2);
	fixture_down(&f);
}

/* Each for itself, by its token; and a death since then is not forgotten for an earlier one. */
static void
taken_back_later(void)
{
	struct sync_grant both[] = {
		{.lock = A, .died = true, .died_holder = 7}, {.lock = B, .died = true}};
	struct sync_info info;

	up(2, 8, 8, 2);
	CU_ASSERT_EQUAL(take(1, A, S, 0), 0);
	both[0].token = g[0].token;
	CU_ASSERT_EQUAL(sync_take_back(f.t, 1, both, 0), -EINVAL);
	CU_ASSERT_EQUAL(sync_take_back(f.t, 1, both, SYNC_CALL_MAX + 1), -EINVAL);
	CU_ASSERT_EQUAL(sync_take_back(f.t, 2, both, 1), 0);
	CU_ASSERT_EQUAL(sync_take_back(f.t, 1, &(const struct sync_grant){.lock = 99}, 1), 0);
	CU_ASSERT_EQUAL(sync_take_back(f.t, 1, &(const struct sync_grant){.lock = A}, 1), 0);
	CU_ASSERT_EQUAL(sync_info(f.t, A, &info), 0);
	CU_ASSERT(!info.died && info.nb_shared == 1);
	CU_ASSERT_EQUAL(take(3, A, S, 0), 0);
	CU_ASSERT_EQUAL(sync_revoke(f.t, 3, 9), 1);
	CU_ASSERT_EQUAL(sync_take_back(f.t, 1, both, 2), 0);
	CU_ASSERT_EQUAL(take(2, A, X, 0), 0);
	CU_ASSERT(g[0].died && g[0].died_holder == 3);
	both[1] = (struct sync_grant){
		.lock = A, .token = g[0].token, .died = true, .died_holder = 7};
	CU_ASSERT_EQUAL(sync_take_back(f.t, 2, both, 2), 0);
	CU_ASSERT_EQUAL(take(2, A, X, 0), 0);
	CU_ASSERT(g[0].died && g[0].died_holder == 7);
	CU_ASSERT_EQUAL(give(2, A), 0);
	fixture_down(&f);
}

/* A grant is found however many came before it and left. */
static void
readers(void)
{
	static const uint32_t leave[] = {2, 1, 4, 3, 5};
	uint32_t i, k;

	up(1, 8, 8, 1);
	for (i = 1; i <= 5; i++)
		CU_ASSERT_EQUAL(take(i, A, S, 0), 0);
	for (i = 0; i < 5; i++) {
		for (k = 0; k < 5; k++)
			CU_ASSERT_EQUAL(take(leave[k], A, S, 0), k < i ? 0 : -EDEADLK);
		for (k = 0; k < i; k++)
			CU_ASSERT_EQUAL(give(leave[k], A), 0);
		CU_ASSERT_EQUAL(give(leave[i], A), 0);
		CU_ASSERT_EQUAL(give(leave[i], A), -EPERM);
	}
	fixture_down(&f);
}

static void
prefetch(void)
{
	up(2, 2, 2, 1);
	sync_prefetch(f.t, 0);
	sync_prefetch(f.t, 2);
	sync_prefetch(f.t, 3);
	sync_prefetch(f.t, UINT32_MAX);
	CU_ASSERT_EQUAL(take(1, A, X, 0), 0);
	CU_ASSERT_EQUAL(give(1, A), 0);
	fixture_down(&f);
}

/* Without room for all of a call, none of it happens. */
static void
no_room(void)
{
	struct sync_want w[3] = {{1, X}, {2, X}, {3, X}};
	struct sync_usage u;

	up(8, 3, 2, 3);
	CU_ASSERT_EQUAL(take(1, 3, X, 0), 0);
	CU_ASSERT_EQUAL(sync_acquire(f.t, 2, w, 3, SYNC_FOREVER, 0, g), -ENOSPC);
	sync_usage(f.t, &u);
	CU_ASSERT(u.nb_grants == 1 && u.nb_calls == 0 && u.nb_holders == 1);
	CU_ASSERT_EQUAL(sync_acquire(f.t, 2, w, 2, 0, 0, g), 0);
	CU_ASSERT_EQUAL(take(3, 3, S, 5), -ENOSPC);
	CU_ASSERT_EQUAL(sync_revoke(f.t, 1, 9), 1);
	CU_ASSERT_EQUAL(sync_revoke(f.t, 2, 1), 1);
	CU_ASSERT_EQUAL(sync_revoke(f.t, 2, 9), 1);
	fixture_down(&f);
}

/* A writer waits for the readers in front of it, and for none behind it. */
static void
order(void)
{
	uint32_t i;

	up(2, 32, 32, 1);
	CU_ASSERT_EQUAL(take(1, A, S, 0), 0);
	CU_ASSERT_EQUAL(take(2, A, X, SYNC_FOREVER), -EINPROGRESS);
	CU_ASSERT_EQUAL(take(3, A, S, 0), -EBUSY);
	for (i = 3; i < 6; i++)
		CU_ASSERT_EQUAL(take(i, A, S, SYNC_FOREVER), -EINPROGRESS);
	CU_ASSERT_EQUAL(take(6, A, X, SYNC_FOREVER), -EINPROGRESS);
	CU_ASSERT_EQUAL(sync_poll(f.t, 0, ev, 32), 0);
	CU_ASSERT_EQUAL(give(1, A), 0);
	CU_ASSERT(sync_pending(f.t));
	CU_ASSERT_EQUAL(take(7, A, S, 0), -EBUSY); /* nor between a release and the poll */
	CU_ASSERT_EQUAL(sync_poll(f.t, 0, ev, 32), 1);
	CU_ASSERT(ev[0].holder == 2 && ev[0].grants[0].token == 2);
	CU_ASSERT_EQUAL(give(2, A), 0);
	CU_ASSERT_EQUAL(sync_poll(f.t, 0, ev, 2), 2); /* no more than asked for */
	CU_ASSERT_EQUAL(sync_poll(f.t, 0, ev + 2, 30), 1);
	for (i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(ev[i].holder, 3 + i);
		CU_ASSERT_EQUAL(ev[i].grants[0].token, 3 + i);
		CU_ASSERT_EQUAL(sync_poll(f.t, 0, ev + 8, 8), 0);
		CU_ASSERT_EQUAL(give(3 + i, A), 0);
	}
	CU_ASSERT_EQUAL(sync_poll(f.t, 0, ev, 32), 1);
	CU_ASSERT_EQUAL(ev[0].holder, 6);
	CU_ASSERT_EQUAL(give(6, A), 0);
	fixture_down(&f);
}

/* When a writer gives up, the readers behind it join those in front. */
static void
deadlines(void)
{
	up(2, 8, 8, 1);
	CU_ASSERT_EQUAL(take(1, A, S, 0), 0);
	CU_ASSERT_EQUAL(take(2, A, X, 100), -EINPROGRESS);
	CU_ASSERT_EQUAL(take(3, A, S, 50), -EINPROGRESS);
	CU_ASSERT_EQUAL(take(4, A, S, 200), -EINPROGRESS);
	CU_ASSERT_EQUAL(sync_next_deadline(f.t), 50);
	CU_ASSERT_EQUAL(sync_poll(f.t, 49, ev, 32), 0);
	CU_ASSERT_EQUAL(sync_poll(f.t, 50, ev, 32), 1);
	CU_ASSERT(ev[0].holder == 3 && ev[0].status == -ETIMEDOUT);
	CU_ASSERT_EQUAL(sync_poll(f.t, 100, ev, 32), 2);
	CU_ASSERT(ev[0].holder == 2 && ev[0].status == -ETIMEDOUT);
	CU_ASSERT(ev[1].holder == 4 && ev[1].status == 0);
	/* free in time, polled late: granted */
	CU_ASSERT_EQUAL(take(5, A, X, 300), -EINPROGRESS);
	CU_ASSERT_EQUAL(give(1, A), 0);
	CU_ASSERT_EQUAL(give(4, A), 0);
	CU_ASSERT_EQUAL(sync_poll(f.t, 1000, ev, 32), 1);
	CU_ASSERT(ev[0].holder == 5 && ev[0].status == 0);
	CU_ASSERT_EQUAL(give(5, A), 0);
	fixture_down(&f);
}

/* Two calls for the same locks, written in opposite order, do not meet in the middle. */
static void
no_deadlock(void)
{
	struct sync_want ab[] = {{A, X}, {B, X}}, ba[] = {{B, X}, {A, X}};
	const uint32_t both[] = {B, A};
	struct sync_item it[4];

	up(2, 8, 8, 2);
	CU_ASSERT_EQUAL(take(9, B, X, 0), 0);
	CU_ASSERT_EQUAL(sync_acquire(f.t, 1, ab, 2, 10, 1, g), -EINPROGRESS);
	CU_ASSERT_EQUAL(sync_acquire(f.t, 2, ba, 2, 20, 2, g), -EINPROGRESS);
	CU_ASSERT_EQUAL(sync_of_holder(f.t, 1, it, 4), 2);
	CU_ASSERT(it[0].state == SYNC_KEPT && it[1].state == SYNC_WAITING);
	CU_ASSERT_EQUAL(sync_of_holder(f.t, 2, it, 4), 2);
	CU_ASSERT(it[0].state == SYNC_WAITING && it[1].state == SYNC_AHEAD);
	CU_ASSERT_EQUAL(give(1, A), -EPERM); /* kept by the call, not held yet */
	CU_ASSERT_EQUAL(give(9, B), 0);
	CU_ASSERT_EQUAL(sync_poll(f.t, 0, ev, 32), 1);
	CU_ASSERT(ev[0].holder == 1 && ev[0].nb_grants == 2);
	CU_ASSERT_EQUAL(sync_release(f.t, 1, both, 2), 0);
	CU_ASSERT_EQUAL(sync_poll(f.t, 0, ev, 32), 1);
	CU_ASSERT(ev[0].holder == 2 && ev[0].nb_grants == 2);
	CU_ASSERT_EQUAL(sync_release(f.t, 2, both, 2), 0);
	fixture_down(&f);
}

static void
owner_died(void)
{
	uint32_t id;
	struct sync_want ab[] = {{A, X}, {B, X}};

	up(4, 8, 8, 2);
	CU_ASSERT_EQUAL(take(1, A, X, 0), 0);
	CU_ASSERT(!g[0].died);
	CU_ASSERT_EQUAL(sync_token_holder(f.t, A, g[0].token), 1);
	CU_ASSERT_EQUAL(sync_token_holder(f.t, B, g[0].token), 0);
	CU_ASSERT_EQUAL(sync_token_holder(f.t, 5, g[0].token), 0);
	CU_ASSERT_EQUAL(sync_token_holder(f.t, 0, g[0].token), 0);
	CU_ASSERT_EQUAL(sync_token_holder(f.t, A, g[0].token | UINT64_C(1) << 63), 0);
	CU_ASSERT_EQUAL(sync_revoke(f.t, 1, 99), 1);
	CU_ASSERT_EQUAL(sync_token_holder(f.t, A, g[0].token), 0);
	/* a call that takes the lock and gives up was never told: the mark stays */
	CU_ASSERT_EQUAL(take(2, B, X, 0), 0);
	CU_ASSERT_EQUAL(sync_acquire(f.t, 3, ab, 2, 10, 3, g), -EINPROGRESS);
	CU_ASSERT_EQUAL(sync_poll(f.t, 10, ev, 32), 1);
	CU_ASSERT_EQUAL(take(4, A, S, 0), 0);
	CU_ASSERT(g[0].died && g[0].died_holder == 1 && g[0].token == 3);
	CU_ASSERT_EQUAL(take(5, A, S, 0), 0);
	CU_ASSERT(!g[0].died);
	/* by force, with somebody waiting */
	CU_ASSERT_EQUAL(take(6, B, X, SYNC_FOREVER), -EINPROGRESS);
	CU_ASSERT_EQUAL(sync_force(f.t, B, 1), 1);
	CU_ASSERT_EQUAL(sync_poll(f.t, 10, ev, 32), 1);
	CU_ASSERT(ev[0].holder == 6 && ev[0].grants[0].died && ev[0].grants[0].died_holder == 2);
	/* of a call that keeps a lock, too: it ends */
	CU_ASSERT_EQUAL(sync_force(f.t, A, 9), 2);
	CU_ASSERT_EQUAL(sync_acquire(f.t, 7, ab, 2, 20, 7, g), -EINPROGRESS);
	CU_ASSERT_EQUAL(sync_force(f.t, A, 9), 1);
	CU_ASSERT_EQUAL(sync_force(f.t, 4, 9), 0);
	CU_ASSERT_EQUAL(sync_poll(f.t, 10, ev, 32), 1);
	CU_ASSERT(ev[0].holder == 7 && ev[0].status == -ECANCELED);
	CU_ASSERT_EQUAL(sync_revoke(f.t, 6, 9), 1);
	/* an id that is given up takes its mark with it, not its token */
	CU_ASSERT_EQUAL(sync_unreserve(f.t, A), 0);
	CU_ASSERT_EQUAL(sync_reserve(f.t, A, NULL, &id), 0);
	CU_ASSERT_EQUAL(take(1, A, X, 0), 0);
	CU_ASSERT(!g[0].died && g[0].token == 6);
	CU_ASSERT_EQUAL(give(1, A), 0);
	fixture_down(&f);
}

/* One writer among 15 readers that ask again as soon as they have given back. */
static void
no_starvation(void)
{
	uint32_t turn, waited = 0, n, i;

	up(1, 32, 32, 1);
	for (i = 1; i <= 15; i++)
		CU_ASSERT_EQUAL(take(i, A, S, SYNC_FOREVER), 0);
	CU_ASSERT_EQUAL(take(100, A, X, SYNC_FOREVER), -EINPROGRESS);
	for (turn = 0; turn < 15 * 100; turn++) {
		uint32_t reader = 1 + turn % 15;

		if (give(reader, A) == 0)
			CU_ASSERT_EQUAL(take(reader, A, S, SYNC_FOREVER), -EINPROGRESS);
		n = sync_poll(f.t, 0, ev, 32);
		waited++;
		if (n == 0)
			continue;
		/* as many hand-overs as there were readers when it came, never more */
		CU_ASSERT(n == 1 && ev[0].holder == 100 && waited == 15);
		waited = 0;
		CU_ASSERT_EQUAL(give(100, A), 0);
		CU_ASSERT_EQUAL(take(100, A, X, SYNC_FOREVER), -EINPROGRESS);
		CU_ASSERT_EQUAL(sync_poll(f.t, 0, ev, 32), 15);
	}
	CU_ASSERT_EQUAL(waited, 0);
	CU_ASSERT_EQUAL(sync_revoke(f.t, 100, 1), 1);
	CU_ASSERT_EQUAL(sync_force(f.t, A, 32), 15);
	CU_ASSERT_EQUAL(sync_poll(f.t, 0, ev, 32), 1);
	fixture_down(&f);
}

static void
adoption(void)
{
	struct sync_want ab[] = {{A, X}, {B, X}};
	uint32_t id;

	up(8, 8, 8, 0);
	CU_ASSERT_EQUAL(sync_reserve(f.t, A, "first", &id), 0);
	CU_ASSERT_EQUAL(sync_reserve(f.t, B, NULL, &id), 0);
	CU_ASSERT_EQUAL(take(1, B, X, 0), 0);
	CU_ASSERT_EQUAL(sync_acquire(f.t, 2, ab, 2, 10, 3, g), -EINPROGRESS);
	fixture_adopt(&f);
	CU_ASSERT_EQUAL(sync_lookup(f.t, "first", &id), 0);
	CU_ASSERT_EQUAL(id, A);
	CU_ASSERT_EQUAL(sync_poll(f.t, 100, ev, 32), 0);
	CU_ASSERT_EQUAL(sync_token_holder(f.t, B, 1), 0);
	CU_ASSERT_EQUAL(sync_acquire(f.t, 3, ab, 2, 0, 3, g), 0);
	CU_ASSERT(!g[0].died && g[0].token == 2); /* kept by a call that was not told */
	CU_ASSERT(g[1].died && g[1].died_holder == 1 && g[1].token == 2);
	CU_ASSERT_EQUAL(sync_revoke(f.t, 3, 9), 2);
	fixture_adopt(&f); /* and again, with nothing held: the marks are still there */
	CU_ASSERT_EQUAL(sync_acquire(f.t, 4, ab, 2, 0, 3, g), 0);
	CU_ASSERT(g[0].died && g[0].died_holder == 3 && g[1].died && g[1].died_holder == 3);
	CU_ASSERT_EQUAL(sync_revoke(f.t, 4, 9), 2);
	fixture_down(&f);
}

static int
adopt_error(void)
{
	struct sync *t;
	int err = 0;

	t = sync_adopt(f.zone, f.len, &err);
	CU_ASSERT_PTR_NULL(t);
	sync_detach(t);
	return err;
}

static void
damage(void)
{
	struct sync_header *h;
	struct sync_lock *l;
	struct sync_record *r;
	int err;

	up(8, 8, 8, 2);
	h = f.zone;
	l = (struct sync_lock *)(void *)((char *)f.zone + h->locks_off);
	r = (struct sync_record *)(void *)((char *)f.zone + h->records_off);
	h->magic++;
	CU_ASSERT_EQUAL(adopt_error(), -EPROTO);
	h->magic--;
	h->version++;
	CU_ASSERT_EQUAL(adopt_error(), -EPROTO);
	h->version--;
	h->size++;
	CU_ASSERT_EQUAL(adopt_error(), -EPROTO);
	h->size--;
	h->nb_locks++;
	CU_ASSERT_EQUAL(adopt_error(), -EBADMSG);
	h->nb_locks = UINT32_MAX;
	CU_ASSERT_EQUAL(adopt_error(), -EBADMSG);
	h->nb_locks = 8;
	l[3].reserved = 2;
	CU_ASSERT_EQUAL(adopt_error(), -EBADMSG);
	l[3].reserved = 0;
	r[8].state = 5;
	CU_ASSERT_EQUAL(adopt_error(), -EBADMSG);
	r[8].state = SYNC_HELD;
	r[8].lock = 5;
	r[8].holder = 1;
	CU_ASSERT_EQUAL(adopt_error(), -EBADMSG);
	r[8].lock = A;
	r[8].holder = 3 << 16;
	CU_ASSERT_EQUAL(adopt_error(), -EBADMSG);
	r[8].holder = 3 << 16 | (FIXTURE_HOLDERS + 1);
	CU_ASSERT_EQUAL(adopt_error(), -EBADMSG);
	r[8].state = 0;
	f.len--;
	CU_ASSERT_EQUAL(adopt_error(), -EBADMSG);
	CU_ASSERT_PTR_NULL(sync_create(f.zone, f.len, &f.conf, &err));
	CU_ASSERT_EQUAL(err, -ENOSPC);
	f.len++;
	f.conf.nb_locks = SYNC_LOCKS_MAX + 1;
	CU_ASSERT_EQUAL(sync_table_size(&f.conf), 0);
	f.conf.nb_locks = 8;
	f.conf.nb_holders = SYNC_HOLDERS_MAX + 1;
	CU_ASSERT_EQUAL(sync_table_size(&f.conf), 0);
	fixture_adopt(&f);
	fixture_down(&f);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {
		{"identifiers", identifiers},
		{"errors", errors},
		{"holders", holders},
		{"taken_back", taken_back},
		{"taken_back_later", taken_back_later},
		{"readers", readers},
		{"prefetch", prefetch},
		{"no_room", no_room},
		{"order", order},
		{"deadlines", deadlines},
		{"no_deadlock", no_deadlock},
		{"owner_died", owner_died},
		{"no_starvation", no_starvation},
		{"adoption", adoption},
		{"damage", damage},
		{NULL, NULL},
	};

	return run_suite("sync", tests);
}
