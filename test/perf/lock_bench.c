/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Cost of an uncontended acquire and release, and of a hand-over to one that waits. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sync/sync.h"

#define ROUNDS 4000000u

static struct sync *t;
static struct sync_grant g[SYNC_CALL_MAX];
static uint32_t call;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void
pairs(uint32_t n, uint32_t over)
{
	struct sync_want w[SYNC_CALL_MAX];
	uint32_t locks[SYNC_CALL_MAX], i, k, at = 1, calls = ROUNDS / n;
	double start = now();

	for (i = 0; i < calls; i++) {
		at = at * 1664525 + 1013904223;
		for (k = 0; k < n; k++) {
			locks[k] = 1 + ((at >> 8) + k) % over;
			w[k] = (struct sync_want){locks[k], SYNC_EXCLUSIVE};
		}
		if (sync_acquire(t, i % 64, w, n, SYNC_TRY, 0, g, &call) != 0 ||
			sync_release(t, i % 64, locks, n) != 0)
			exit(1);
	}
	printf("acquire + release, %2u a call, over %5u locks: %6.1f ns a lock\n", n, over,
		(now() - start) / (double)(calls * n));
}

static void
hand_over(void)
{
	struct sync_want w = {1, SYNC_EXCLUSIVE};
	struct sync_event ev;
	uint32_t i, lock = 1;
	double start;

	if (sync_acquire(t, 0, &w, 1, SYNC_TRY, 0, g, &call) != 0)
		exit(1);
	start = now();
	for (i = 0; i < ROUNDS; i++) {
		if (sync_acquire(t, (i + 1) % 2, &w, 1, i + 1, 0, g, &call) != -EINPROGRESS ||
			sync_release(t, i % 2, &lock, 1) != 0 || sync_poll(t, 0, &ev, 1) != 1)
			exit(1);
	}
	printf("wait + release + poll:                          %6.1f ns\n",
		(now() - start) / ROUNDS);
	sync_release(t, i % 2, &lock, 1);
}

int
main(void)
{
	struct sync_conf conf = {.seed = 1};
	size_t len = sync_table_size(&conf);
	uint32_t i, id;
	void *zone;
	int err;

	if (posix_memalign(&zone, 64, len) != 0)
		return 1;
	t = sync_create(zone, len, &conf, &err);
	for (i = 0; t != NULL && i < 65536; i++)
		err = sync_reserve(t, 0, NULL, &id);
	if (t == NULL || err != 0)
		return 1;
	printf("table of 65536 locks: %.1f MiB\n", (double)len / (1 << 20));
	pairs(1, 1);
	pairs(1, 65536);
	pairs(16, 65536);
	hand_over();
	sync_detach(t);
	free(zone);
	return 0;
}
