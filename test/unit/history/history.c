/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <inttypes.h>
#include <stdlib.h>

#include "history.h"
#include "sums.h"

unsigned int
history_rounds(unsigned int otherwise)
{
	const char *text = getenv("SHMX_ROUNDS");

	if (text != NULL)
		return (unsigned int)strtoul(text, NULL, 0);
	return getenv("SHMX_SHORT") != NULL ? otherwise / 4 : otherwise;
}

void
history_replay(FILE *to, uint64_t seed)
{
	fprintf(to, "SHMX_SEED=%" PRIu64 " SHMX_ROUNDS=1 SHMX_TRACE=1 shows all of it\n", seed);
}

static void
count(const struct world *w, struct tally *t)
{
	t->histories++;
	t->opers += w->opers;
	t->complaints += w->complaints;
	for (unsigned int i = 0; i < w->opers; i++) {
		uint8_t fate = w->oper[i].fate;

		t->done += fate == FATE_DONE;
		t->refused += fate == FATE_REFUSED;
		t->never += fate == FATE_NEVER;
		t->unknown += fate == FATE_UNKNOWN;
	}
}

/* The operations on a word of which there is something to say. */
static unsigned int
of_word(const struct world *w, unsigned int word, struct oper *out, unsigned int most)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < w->opers && n < most; i++) {
		const struct oper *o = &w->oper[i];

		if (o->word != word || o->fate == FATE_NEVER ||
			(o->fate == FATE_UNKNOWN && !act_changes(o->act)))
			continue;
		out[n++] = *o;
	}
	return n;
}

static void
check_word(const struct world *w, unsigned int word, bool quiet, struct tally *t)
{
	struct word start = {.value = w->first[word]};
	struct oper ops[LINEAR_MAX + 1];
	unsigned int n = of_word(w, word, ops, RTE_DIM(ops));
	struct linear_trail trail;
	enum verdict verdict = linear_check(ops, n, &start, LINEAR_BUDGET, &trail);

	t->looked_at += trail.looked_at;
	t->bad += verdict == LINEAR_NO;
	t->open += verdict == LINEAR_OPEN;
	if (verdict == LINEAR_YES || quiet)
		return;
	fprintf(stderr, "\nseed %" PRIu64 ", word %u, %u operations: ", w->plan.seed, word, n);
	if (verdict == LINEAR_NO)
		linear_explain(stderr, ops, n, &start);
	else
		fprintf(stderr, "not decided\n");
}

static void
check_sums(const struct world *w, unsigned int word, bool quiet, struct tally *t)
{
	const char *wrong = sums_wrong(w, word);

	t->bad += wrong != NULL;
	if (wrong != NULL && !quiet)
		fprintf(stderr, "\nseed %" PRIu64 ", word %u: %s\n", w->plan.seed, word, wrong);
}

void
history_run(struct world *w, uint64_t seed, enum load load, bool quiet, struct tally *t)
{
	uint64_t before = t->bad + t->open + t->complaints;
	struct plan plan;

	w->quiet = quiet;
	w->trace = getenv("SHMX_TRACE") != NULL ? stdout : NULL;
	plan_make(&plan, seed, load);
	if (w->trace != NULL) {
		fprintf(w->trace, "\nseed %" PRIu64 ": ", seed);
		plan_print(w->trace, &plan);
	}
	world_run(w, &plan);
	count(w, t);
	for (unsigned int i = 0; i < plan.words; i++)
		(load == LOAD_ADDS ? check_sums : check_word)(w, i, quiet, t);
	if (t->bad + t->open + t->complaints == before || quiet)
		return;
	plan_print(stderr, &plan);
	history_replay(stderr, seed);
}

void
tally_print(const char *name, const struct tally *t)
{
	printf("%s: %" PRIu64 " histories, %" PRIu64 " operations: %" PRIu64 " done, %" PRIu64
	       " refused, %" PRIu64 " cancelled, %" PRIu64
	       " unknown; %.1f steps of the checker each\n",
		name, t->histories, t->opers, t->done, t->refused, t->never, t->unknown,
		t->histories > 0 ? (double)t->looked_at / (double)t->histories : 0);
}
