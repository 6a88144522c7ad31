/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Cost of an uncontended acquire and release, and of a hand-over to one that waits. Each figure is
 * taken several times: the least of them is what it costs when nobody disturbs.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "sync/sync.h"

#define LOCKS   65536u
#define ROUNDS  (1u << 18)
#define REPEATS 15
#define BURST   32
#define HUGE    ((size_t)2 << 20) /* alignment that lets the table lie in large pages */

/* What is measured: n locks a call, neighbours, from a random place among the first over. */
struct load {
	const char *what;
	void (*run)(const struct load *load);
	uint32_t n;
	uint32_t mode;
	uint32_t over; /* a power of two */
};

static struct sync *t;
static struct sync_grant g[SYNC_CALL_MAX];
static uint32_t place = 1;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static uint32_t
next(uint32_t over)
{
	place = place * 1664525 + 1013904223;
	return (place >> 8) & (over - 1);
}

static void
pair(const struct load *load, uint32_t holder, uint32_t at)
{
	struct sync_want w[SYNC_CALL_MAX];
	uint32_t locks[SYNC_CALL_MAX], k;

	for (k = 0; k < load->n; k++) {
		locks[k] = 1 + ((at + k) & (load->over - 1));
		w[k] = (struct sync_want){locks[k], load->mode};
	}
	if (sync_acquire(t, holder, w, load->n, SYNC_TRY, 0, g) != 0 ||
		sync_release(t, holder, locks, load->n) != 0)
		exit(1);
}

static void
pairs(const struct load *load)
{
	uint32_t i;

	for (i = 0; i < ROUNDS / load->n; i++)
		pair(load, 1 + i % 64, next(load->over));
}

/* As a server does it that looks through a burst first. */
static void
prefetched(const struct load *load)
{
	uint32_t at[BURST], i, k;

	for (i = 0; i < ROUNDS / BURST; i++) {
		for (k = 0; k < BURST; k++) {
			at[k] = next(load->over);
			sync_prefetch(t, 1 + at[k]);
		}
		for (k = 0; k < BURST; k++)
			pair(load, 1 + k, at[k]);
	}
}

static void
hand_over(const struct load *load)
{
	struct sync_want w = {1, SYNC_EXCLUSIVE};
	struct sync_event ev;
	uint32_t i, lock = 1;

	if (sync_acquire(t, 1, &w, 1, SYNC_TRY, 0, g) != 0)
		exit(1);
	for (i = 0; i < ROUNDS; i++) {
		if (sync_acquire(t, 1 + (i + 1) % 2, &w, 1, i + 1, 0, g) != -EINPROGRESS ||
			sync_release(t, 1 + i % 2, &lock, 1) != 0 || sync_poll(t, 0, &ev, 1) != 1)
			exit(1);
	}
	if (sync_release(t, 1 + i % 2, &lock, 1) != 0)
		exit(1);
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
measure(const struct load *load)
{
	double ns[REPEATS], start;
	uint32_t i;

	for (i = 0; i < REPEATS; i++) {
		start = now();
		load->run(load);
		ns[i] = (now() - start) / ROUNDS;
	}
	qsort(ns, REPEATS, sizeof(ns[0]), ascending);
	printf("%-50s %6.1f ns, median %6.1f\n", load->what, ns[0], ns[REPEATS / 2]);
}

int
main(void)
{
	static const struct load loads[] = {
		{"one lock, always the same", pairs, 1, SYNC_EXCLUSIVE, 1},
		{"the same, shared", pairs, 1, SYNC_SHARED, 1},
		{"one lock, at random", pairs, 1, SYNC_EXCLUSIVE, LOCKS},
		{"the same, shared", pairs, 1, SYNC_SHARED, LOCKS},
		{"one lock, at random, prefetched", prefetched, 1, SYNC_EXCLUSIVE, LOCKS},
		{"the same, shared", prefetched, 1, SYNC_SHARED, LOCKS},
		{"16 neighbours in a call, each", pairs, 16, SYNC_EXCLUSIVE, LOCKS},
		{"wait, release, poll", hand_over, 1, SYNC_EXCLUSIVE, 1},
	};
	struct sync_conf conf = {.nb_locks = LOCKS, .seed = 1};
	size_t len = sync_table_size(&conf), i;
	uint32_t id;
	void *zone;
	int err;

	if (posix_memalign(&zone, HUGE, (len + HUGE - 1) / HUGE * HUGE) != 0)
		return 1;
	madvise(zone, len, MADV_HUGEPAGE);
	t = sync_create(zone, len, &conf, &err);
	for (i = 0; t != NULL && i < LOCKS; i++)
		err = sync_reserve(t, 0, NULL, &id);
	if (t == NULL || err != 0)
		return 1;
	printf("table of %u locks: %.1f MiB; acquire and release:\n", LOCKS,
		(double)len / (1 << 20));
	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		measure(&loads[i]);
	sync_detach(t);
	free(zone);
	return 0;
}
