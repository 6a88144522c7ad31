/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Tokens checked by other threads while home grants and releases. Build it with
 * -Db_sanitize=thread to have the order of memory accesses checked, too.
 */

#include <pthread.h>

#include "fixture.h"

#define ROUNDS  200000u
#define READERS 2

static struct fixture f;
/* Written by home, read by the readers: tokens up to these were granted, are being released, are.
 */
static uint64_t granted, releasing, released;
static uint32_t stop;
/* Each by its reader; wrong is read when it has ended. */
static uint64_t wrong[READERS], seen[READERS];

static uint32_t
holder_of(uint64_t token)
{
	return (uint32_t)(token % 7) + 1;
}

static void *
reader(void *arg)
{
	uint64_t *bad = &wrong[(uintptr_t)arg], *good = &seen[(uintptr_t)arg], old, now;
	uint32_t holder;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		old = __atomic_load_n(&released, __ATOMIC_ACQUIRE);
		*bad += sync_token_holder(f.t, 1, old) != 0;
		now = __atomic_load_n(&granted, __ATOMIC_ACQUIRE);
		holder = sync_token_holder(f.t, 1, now);
		if (holder != 0)
			__atomic_fetch_add(good, 1, __ATOMIC_RELAXED);
		else
			*bad += __atomic_load_n(&releasing, __ATOMIC_ACQUIRE) < now;
		*bad += holder != 0 && holder != holder_of(now);
	}
	return NULL;
}

/* A busy machine may let a reader start late. */
static bool
all_saw(void)
{
	int i;

	for (i = 0; i < READERS; i++)
		if (__atomic_load_n(&seen[i], __ATOMIC_RELAXED) < 1000)
			return false;
	return true;
}

static void
home(void)
{
	struct sync_want w = {1, SYNC_EXCLUSIVE};
	struct sync_grant g;
	uint32_t i, lock = 1;

	for (i = 1; i <= ROUNDS || !all_saw(); i++) {
		CU_ASSERT_FATAL(sync_acquire(f.t, holder_of(i), &w, 1, SYNC_TRY, 0, &g) == 0);
		__atomic_store_n(&granted, g.token, __ATOMIC_RELEASE);
		if (i % 64 == 0)
			sched_yield();
		__atomic_store_n(&releasing, g.token, __ATOMIC_RELEASE);
		CU_ASSERT_FATAL(sync_release(f.t, holder_of(i), &lock, 1) == 0);
		__atomic_store_n(&released, g.token, __ATOMIC_RELEASE);
	}
}

static void
threads(void)
{
	pthread_t id[READERS];
	uintptr_t i;
	uint32_t lock;

	fixture_up(&f, 1, 1, 1);
	CU_ASSERT_EQUAL(sync_reserve(f.t, 1, NULL, &lock), 0);
	for (i = 0; i < READERS; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&id[i], NULL, reader, (void *)i), 0);
	home();
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (i = 0; i < READERS; i++) {
		pthread_join(id[i], NULL);
		CU_ASSERT_EQUAL(wrong[i], 0);
	}
	fixture_down(&f);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {{"threads", threads}, {NULL, NULL}};

	return run_suite("sync token", tests);
}
