/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Whatever network and machines do, what four clients see of a few words can be explained by
 * their operations having happened one after the other.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include "common/plain.h"
#include "history.h"
#include "rdp/run.h"

/* Of a thousand histories the checker may leave one undecided: see LINEAR_BUDGET. */
#define OPEN_ONE_IN 1000

static size_t
heap_used(void)
{
	struct rte_malloc_socket_stats stats = {0};

	rte_malloc_get_socket_stats(0, &stats);
	return stats.heap_allocsz_bytes;
}

static void
run(const char *name, enum load load, unsigned int rounds)
{
	struct world *w = world_create();
	struct tally t = {0};
	size_t used = 0;

	for (unsigned int i = 0; i < rounds && t.bad + t.complaints == 0; i++) {
		history_run(w, plain_seed() + i, load, false, &t);
		if (i == 0)
			used = heap_used();
	}
	tally_print(name, &t);
	CU_ASSERT_EQUAL(t.bad, 0);
	CU_ASSERT_EQUAL(t.complaints, 0);
	CU_ASSERT(t.open * OPEN_ONE_IN <= t.histories);
	CU_ASSERT_EQUAL(heap_used(), used);
	world_free(w);
}

static void
history__mixed(void)
{
	run("mixed", LOAD_MIXED, history_rounds(HISTORY_MIXED));
}

static void
history__owners(void)
{
	run("owners", LOAD_OWNERS, history_rounds(HISTORY_OWNERS));
}

static void
history__sums(void)
{
	run("sums", LOAD_ADDS, history_rounds(HISTORY_ADDS));
}

/* Without that no history could be told again. */
static void
history__same_seed(void)
{
	struct world *w = world_create();
	struct oper *first = calloc(WORLD_OPERS, sizeof(*first));
	struct tally t = {0};

	CU_ASSERT_PTR_NOT_NULL_FATAL(first);
	for (unsigned int i = 0; i < 50; i++) {
		uint64_t end_ns;
		unsigned int n;

		history_run(w, plain_seed() + i, LOAD_MIXED, true, &t);
		end_ns = w->net->now_ns;
		n = w->opers;
		memcpy(first, w->oper, n * sizeof(*first));
		history_run(w, plain_seed() + 1000, LOAD_OWNERS, true, &t);
		history_run(w, plain_seed() + i, LOAD_MIXED, true, &t);
		CU_ASSERT_EQUAL(w->net->now_ns, end_ns);
		CU_ASSERT_EQUAL_FATAL(w->opers, n);
		CU_ASSERT(memcmp(first, w->oper, n * sizeof(*first)) == 0);
	}
	free(first);
	world_free(w);
}

static CU_TestInfo tests[] = {
	TEST(history__mixed),
	TEST(history__owners),
	TEST(history__sums),
	TEST(history__same_seed),
	CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
	{"history", NULL, NULL, NULL, NULL, tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	return run_suites("history", suites);
}
