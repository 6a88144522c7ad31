/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdlib.h>

#include "sums.h"

/* How much of each client is in a value. */
struct shares {
	uint32_t of[PLAN_CLIENTS];
	uint32_t all;
};

static struct shares
shares_of(uint64_t value, unsigned int width)
{
	unsigned int bits = width * 8 / PLAN_CLIENTS;
	struct shares s = {.all = 0};

	for (unsigned int i = 0; i < PLAN_CLIENTS; i++) {
		s.of[i] = (uint32_t)(value >> (i * bits) & ((UINT64_C(1) << bits) - 1));
		s.all += s.of[i];
	}
	return s;
}

static int
by_all(const void *a, const void *b)
{
	uint32_t x = ((const struct shares *)a)->all, y = ((const struct shares *)b)->all;

	return x < y ? -1 : x > y;
}

/* What was found, in order: each a step from the one before, and nothing missing if all is known.
 */
static const char *
chain_wrong(const struct shares *found, unsigned int n, bool all_known)
{
	for (unsigned int i = 0; i < n; i++) {
		if (all_known && found[i].all != i)
			return "what was found is not each number once";
		for (unsigned int k = 0; i > 0 && k < PLAN_CLIENTS; k++)
			if (found[i].of[k] < found[i - 1].of[k])
				return "what was found does not only grow";
		if (i > 0 && found[i].all == found[i - 1].all)
			return "two found the same";
	}
	return NULL;
}

static const char *
end_wrong(const struct shares *end, const struct shares *done, const struct shares *unknown)
{
	for (unsigned int i = 0; i < PLAN_CLIENTS; i++) {
		if (end->of[i] < done->of[i])
			return "something that happened is lost";
		if (end->of[i] > done->of[i] + unknown->of[i])
			return "something happened twice";
	}
	return NULL;
}

const char *
sums_wrong(const struct world *w, unsigned int word)
{
	static struct shares found[WORLD_OPERS];
	struct shares end = {.all = 0}, done = end, unknown = end;
	const char *wrong;
	unsigned int n = 0;

	for (unsigned int i = 0; i < w->opers; i++) {
		const struct oper *o = &w->oper[i];

		if (o->word != word)
			continue;
		if (o->client == 0) {
			end = shares_of(o->result, o->width);
		} else if (o->fate == FATE_DONE) {
			found[n++] = shares_of(o->result, o->width);
			done.of[o->client - 1]++;
		} else if (o->fate == FATE_UNKNOWN) {
			unknown.of[o->client - 1]++;
			unknown.all++;
		}
	}
	qsort(found, n, sizeof(found[0]), by_all);
	wrong = chain_wrong(found, n, unknown.all == 0);
	return wrong != NULL ? wrong : end_wrong(&end, &done, &unknown);
}
