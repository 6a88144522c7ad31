/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * The same histories with a bug in the memory node: a test of the checker, which passes when the
 * bug is found, within as many histories as are run every day.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bugs.h"
#include "common/plain.h"
#include "history.h"
#include "rdp/run.h"

/* It ends with the history that shows the bug: SHMX_ROUNDS may ask for more, and not for less. */
static void
expect_found(const struct sitter *bug, enum load load, unsigned int usual)
{
	unsigned int rounds = RTE_MAX(history_rounds(usual), usual);
	struct world *w = world_create();
	bool quiet = getenv("SHMX_VERBOSE") == NULL;
	struct tally t = {0}, again = {0};
	unsigned int i = 0;

	w->bug = bug;
	while (t.bad == 0 && i < rounds)
		history_run(w, plain_seed() + i++, load, quiet, &t);
	CU_ASSERT(t.bad > 0);
	if (t.bad > 0) {
		/* The seed is all it takes to see it again. */
		history_run(w, plain_seed() + i - 1, load, true, &again);
		CU_ASSERT(again.bad > 0);
	}
	printf("\n    %s: %sfound in history %u of %u, ", bug->name, t.bad > 0 ? "" : "not ", i,
		rounds);
	history_replay(stdout, plain_seed() + i - 1);
	world_free(w);
}

static void
mixed(const struct sitter *bug)
{
	expect_found(bug, LOAD_MIXED, HISTORY_MIXED);
}

static void
planted__doubled_frame(void)
{
	mixed(&bug_doubled);
}

static void
planted__doubled_frame_in_sums(void)
{
	expect_found(&bug_doubled, LOAD_ADDS, HISTORY_ADDS);
}

static void
planted__old_session(void)
{
	mixed(&bug_old_session);
}

static void
planted__stale_get(void)
{
	mixed(&bug_stale_get);
}

static void
planted__two_step_cas(void)
{
	mixed(&bug_two_step_cas);
}

static void
planted__owner_ignored(void)
{
	expect_found(&bug_owner_ignored, LOAD_OWNERS, HISTORY_OWNERS);
}

static CU_TestInfo tests[] = {
	TEST(planted__doubled_frame),
	TEST(planted__doubled_frame_in_sums),
	TEST(planted__old_session),
	TEST(planted__stale_get),
	TEST(planted__two_step_cas),
	TEST(planted__owner_ignored),
	CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
	{"planted", NULL, NULL, NULL, NULL, tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	return run_suites("planted", suites);
}
