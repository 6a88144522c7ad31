/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The queue of held frames against a list that is searched from end to end each time. */

#include "fault_tests.h"

#define STEPS 20000

struct entry {
	uint64_t due, seq, overtake;
	struct rte_mbuf *m;
	bool aside;
};

static struct hold hold;

/* The model: what is held in order of arrival, and what has passed. */
static struct {
	struct entry held[HOLD_MAX];
	uint32_t n, nb_aside;
	struct rte_mbuf *passed[4 * HOLD_MAX];
	uint32_t nb_passed, taken;
	uint64_t seq;
} model;

/* Frames are only names here. */
static struct rte_mbuf frames[HOLD_MAX * 2];

static void
model_remove(uint32_t i)
{
	model.n--;
	memmove(&model.held[i], &model.held[i + 1], (model.n - i) * sizeof(model.held[0]));
}

static int
model_find(uint64_t seq)
{
	for (uint32_t i = 0; i < model.n; i++)
		if (model.held[i].seq == seq)
			return (int)i;
	return -1;
}

static uint32_t aside_seq[HOLD_ASIDE];

static void
aside_drop(uint32_t k)
{
	model.nb_aside--;
	memmove(&aside_seq[k], &aside_seq[k + 1], (model.nb_aside - k) * sizeof(aside_seq[0]));
}

static void
model_out(uint32_t i)
{
	model.passed[model.nb_passed++] = model.held[i].m;
	model_remove(i);
}

/* Those in front of a frame that passes have one less to wait for. Held frames stand in order of
 * their arrival: the first that need not wait any more is the earliest. */
static void
model_pass(uint64_t seq)
{
	model_out((uint32_t)model_find(seq));
	for (uint32_t i = 0; i < model.n; i++)
		if (model.held[i].aside && model.held[i].seq < seq)
			model.held[i].overtake--;
	for (uint32_t i = 0; i < model.n; i++) {
		if (!model.held[i].aside || model.held[i].overtake > 0)
			continue;
		for (uint32_t k = 0; k < model.nb_aside; k++)
			if (aside_seq[k] == model.held[i].seq)
				aside_drop(k);
		model_pass(model.held[i].seq);
		return;
	}
}

static uint64_t
aside_expired(uint64_t now)
{
	for (uint32_t k = 0; k < model.nb_aside; k++) {
		uint64_t seq = aside_seq[k];

		if (model.held[model_find(seq)].due > now)
			continue;
		aside_drop(k);
		return seq;
	}
	return UINT64_MAX;
}

static struct entry *
next_due(uint64_t now)
{
	struct entry *best = NULL;

	for (uint32_t i = 0; i < model.n; i++) {
		struct entry *e = &model.held[i];

		if (!e->aside && e->due <= now && (best == NULL || e->due < best->due))
			best = e;
	}
	return best;
}

static uint32_t
model_run(uint64_t now, uint64_t patience, uint32_t max)
{
	uint32_t refused = 0;
	struct entry *e;
	uint64_t seq;

	while ((seq = aside_expired(now)) != UINT64_MAX)
		model_pass(seq);
	for (; max > 0 && (e = next_due(now)) != NULL; max--) {
		if (e->overtake > 0 && model.nb_aside < HOLD_ASIDE) {
			e->aside = true;
			e->due = now + patience;
			aside_seq[model.nb_aside++] = (uint32_t)e->seq;
			continue;
		}
		refused += e->overtake > 0;
		model_pass(e->seq);
	}
	return refused;
}

static bool
model_put(struct rte_mbuf *m, uint64_t due, uint32_t overtake)
{
	if (model.n + model.nb_passed - model.taken == HOLD_MAX)
		return false;
	model.held[model.n++] = (struct entry){due, model.seq++, overtake, m, false};
	return true;
}

static void
begin(void)
{
	memset(&hold, 0, sizeof(hold));
	memset(&model, 0, sizeof(model));
}

/* Take some; they are the ones that have passed in the model. */
static void
take(uint32_t n)
{
	struct rte_mbuf *m[64];
	uint32_t got = hold_peek(&hold, m, RTE_MIN(n, RTE_DIM(m)));

	for (uint32_t i = 0; i < got; i++)
		CU_ASSERT_PTR_EQUAL_FATAL(m[i], model.passed[model.taken + i]);
	hold_take(&hold, got);
	model.taken += got;
	if (model.taken == model.nb_passed)
		model.taken = model.nb_passed = 0;
}

static void
run_both(uint64_t now, uint64_t patience, uint32_t max)
{
	uint32_t refused = hold_run(&hold, now, patience, max);

	CU_ASSERT_EQUAL_FATAL(refused, model_run(now, patience, max));
	CU_ASSERT_EQUAL_FATAL(hold_ready(&hold), model.nb_passed - model.taken);
	CU_ASSERT_EQUAL_FATAL(hold_count(&hold), model.n + hold_ready(&hold));
}

/* Frames come and go at random; @p spread of their times decides how many pile up. */
static void
random_run(uint64_t spread, uint32_t max_overtake, uint32_t put_max, uint32_t take_max)
{
	struct dice d = {seed + spread};
	uint64_t now = 1000;
	uint32_t next = 0, full = 0;

	begin();
	for (uint32_t step = 0; step < STEPS; step++) {
		for (uint64_t k = dice_below(dice_roll(&d), put_max); k > 0; k--) {
			struct rte_mbuf *m = &frames[next++ % RTE_DIM(frames)];
			uint64_t due = now + dice_below(dice_roll(&d), spread);
			uint64_t aside = dice_below(dice_roll(&d), 8);
			uint32_t over = 0;
			bool ok;

			if (aside == 0)
				over = (uint32_t)dice_below(dice_roll(&d), max_overtake + 1);
			ok = hold_put(&hold, m, due, over);
			CU_ASSERT_EQUAL_FATAL(ok, model_put(m, due, over));
			full += !ok;
		}
		now += dice_below(dice_roll(&d), 10);
		run_both(now, 50, (uint32_t)dice_below(dice_roll(&d), 2 * put_max));
		take((uint32_t)dice_below(dice_roll(&d), take_max));
	}
	CU_ASSERT_EQUAL(full > 0, spread > 10000);
}

static void
few_and_quick(void)
{
	random_run(20, 4, 4, 8);
}

static void
many_and_slow(void)
{
	random_run(3000, 9, 4, 8);
}

static void
more_than_fit(void)
{
	random_run(20000, 9, 6, 8);
}

/* A frame that lets k pass is passed by exactly k of those that came later. */
static void
exactly_so_many(void)
{
	struct rte_mbuf *m;

	for (uint32_t k = 1; k <= 20; k++) {
		begin();
		CU_ASSERT_TRUE(hold_put(&hold, &frames[0], 0, k));
		for (uint32_t i = 1; i <= 30; i++)
			CU_ASSERT_TRUE(hold_put(&hold, &frames[i], 0, 0));
		CU_ASSERT_EQUAL(hold_run(&hold, 0, 100, 100), 0);
		CU_ASSERT_EQUAL(hold_ready(&hold), 31);
		for (uint32_t i = 0; hold_peek(&hold, &m, 1) == 1; i++) {
			hold_take(&hold, 1);
			CU_ASSERT_PTR_EQUAL(m, &frames[i < k ? i + 1 : i == k ? 0 : i]);
		}
	}
}

/* Two aside, and the one that came later goes first: it counts for the other. */
static void
one_after_the_other(void)
{
	static const int order[] = {2, 1, 0, 3};
	struct rte_mbuf *m;

	begin();
	hold_put(&hold, &frames[0], 0, 2);
	hold_put(&hold, &frames[1], 0, 1);
	hold_put(&hold, &frames[2], 0, 0);
	hold_put(&hold, &frames[3], 0, 0);
	hold_run(&hold, 0, 100, 100);
	for (unsigned int i = 0; i < RTE_DIM(order); i++) {
		CU_ASSERT_EQUAL_FATAL(hold_peek(&hold, &m, 1), 1);
		hold_take(&hold, 1);
		CU_ASSERT_PTR_EQUAL(m, &frames[order[i]]);
	}
	CU_ASSERT_EQUAL(hold_count(&hold), 0);
}

/* Where no later ones come, patience ends. */
static void
nobody_comes(void)
{
	begin();
	hold_put(&hold, &frames[0], 10, 5);
	hold_run(&hold, 9, 100, 100);
	CU_ASSERT_EQUAL(hold_count(&hold), 1);
	hold_run(&hold, 10, 100, 100);
	hold_run(&hold, 109, 100, 100);
	CU_ASSERT_EQUAL(hold_ready(&hold), 0);
	hold_run(&hold, 110, 100, 100);
	CU_ASSERT_EQUAL(hold_ready(&hold), 1);
}

static void
release_and_free(void)
{
	struct rte_mbuf *m;

	begin();
	for (uint32_t i = 0; i < 500; i++)
		CU_ASSERT_TRUE(hold_put(&hold, frame_make(pool, i), i < 100 ? 0 : 1000 - i,
			i < 100 && i % 5 == 0 ? 50 : 0));
	hold_run(&hold, 0, 1000000, 50);
	CU_ASSERT(hold.nb_aside > 0 && hold.nb_waiting > 0 && hold_ready(&hold) > 0);
	hold_release(&hold);
	CU_ASSERT_EQUAL(hold_ready(&hold), 500);
	for (uint32_t i = 0; i < 200; i++) {
		CU_ASSERT_EQUAL_FATAL(hold_peek(&hold, &m, 1), 1);
		hold_take(&hold, 1);
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 300);
	hold_free(&hold);
	CU_ASSERT_EQUAL(hold_count(&hold), 0);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
}

CU_TestInfo hold_tests[] = {
	{"few and quick", few_and_quick},
	{"many and slow", many_and_slow},
	{"more than fit", more_than_fit},
	{"exactly so many overtake", exactly_so_many},
	{"one after the other", one_after_the_other},
	{"nobody comes", nobody_comes},
	{"release and free", release_and_free},
	CU_TEST_INFO_NULL,
};
