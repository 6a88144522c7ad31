/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "linear.h"

struct set {
	uint64_t bits[LINEAR_MAX / 64];
};

/* A set of operations that have happened and the state they left. */
struct pair {
	struct set set;
	struct word state;
	uint64_t search; /* the search that put it here; others' places are free */
};

/* All pairs of a search. The table is kept for the next one, larger if need be. */
static struct {
	struct pair *pair;
	uint64_t size, n;
	uint64_t search;
} seen;

#define SEEN_FIRST 4096 /* a power of two */

struct search {
	const struct oper *ops;
	unsigned int n;
	uint8_t by_end[LINEAR_MAX];       /* indices, those that end first in front */
	bool observes[LINEAR_MAX];        /* leaves the word as it found it */
	struct set sources[LINEAR_MAX];   /* who may have put there what it found */
	struct set shares[UINT8_MAX + 1]; /* by whom a client gave the word back */
	struct set done;
	unsigned int unknown_left; /* of what need not happen, so much more may */
	uint64_t budget;
	uint64_t looked_at;
	bool tired;
	unsigned int depth;
	uint8_t order[LINEAR_MAX];
	struct linear_trail *trail;
};

static inline bool
same(const struct word *a, const struct word *b)
{
	return a->value == b->value && a->owner == b->owner;
}

static inline bool
set_has(const struct set *s, unsigned int i)
{
	return s->bits[i / 64] >> (i % 64) & 1;
}

static inline void
set_flip(struct set *s, unsigned int i)
{
	s->bits[i / 64] ^= UINT64_C(1) << (i % 64);
}

static uint64_t
hash(const struct set *set, const struct word *state)
{
	uint64_t h = state->value ^ (uint64_t)state->owner << 56;

	for (unsigned int i = 0; i < LINEAR_MAX / 64; i++) {
		h = (h ^ set->bits[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h * UINT64_C(0xbf58476d1ce4e5b9) >> 20;
}

/* The place of a pair, or the free one where it belongs. */
static struct pair *
seen_place(const struct set *set, const struct word *state)
{
	for (uint64_t i = hash(set, state);; i++) {
		struct pair *p = &seen.pair[i % seen.size];

		if (p->search != seen.search ||
			(memcmp(&p->set, set, sizeof(*set)) == 0 && same(&p->state, state)))
			return p;
	}
}

static void
seen_grow(void)
{
	struct pair *old = seen.pair;
	uint64_t size = seen.size;

	seen.size = size == 0 ? SEEN_FIRST : size * 2;
	seen.pair = calloc(seen.size, sizeof(*seen.pair));
	if (seen.pair == NULL)
		abort();
	for (uint64_t i = 0; i < size; i++)
		if (old[i].search == seen.search)
			*seen_place(&old[i].set, &old[i].state) = old[i];
	free(old);
}

static void
seen_begin(void)
{
	if (seen.size == 0)
		seen_grow();
	seen.search++;
	seen.n = 0;
}

/* Returns whether it is new. */
static bool
seen_add(const struct set *set, const struct word *state)
{
	struct pair *p;

	if (seen.n * 2 >= seen.size)
		seen_grow();
	p = seen_place(set, state);
	if (p->search == seen.search)
		return false;
	*p = (struct pair){.set = *set, .state = *state, .search = seen.search};
	seen.n++;
	return true;
}

static bool search_on(struct search *s, const struct word *state);

/* Let an operation be the next one, or have never happened; `state` is what it leaves. */
static bool
search_with(struct search *s, unsigned int i, const struct word *state, bool happened)
{
	bool found = false;

	set_flip(&s->done, i);
	if (seen_add(&s->done, state)) {
		s->order[s->depth] = (uint8_t)i;
		s->depth += happened;
		found = search_on(s, state);
		s->depth -= happened;
	}
	set_flip(&s->done, i);
	return found;
}

static void
note_trail(struct search *s, const struct word *state)
{
	if (s->trail == NULL || s->depth <= s->trail->n)
		return;
	s->trail->n = s->depth;
	s->trail->state = *state;
	memcpy(s->trail->order, s->order, s->depth);
}

/* The first of those left to end; n when none is left. */
static unsigned int
first_left(const struct search *s)
{
	unsigned int k = 0;

	while (k < s->n && set_has(&s->done, s->by_end[k]))
		k++;
	return k;
}

static uint64_t
bound_at(const struct search *s, unsigned int first)
{
	return first < s->n ? s->ops[s->by_end[first]].end : NO_END;
}

/*
 * What only tells of the word, and fits now, is taken now: later it could do no more good, and
 * nothing waits for it any more. Returns the new first_left().
 */
static unsigned int
take_observations(struct search *s, const struct word *state)
{
	unsigned int first = first_left(s);
	uint64_t bound = bound_at(s, first);

	for (unsigned int k = first; k < s->n; k++) {
		unsigned int i = s->by_end[k];
		struct word after = *state;

		if (set_has(&s->done, i) || !s->observes[i] || s->ops[i].begin >= bound ||
			!word_apply(&after, &s->ops[i]))
			continue;
		set_flip(&s->done, i);
		s->order[s->depth++] = (uint8_t)i;
		if (k > first)
			continue;
		/* The end that all others had to begin before is a later one now. */
		first = first_left(s);
		bound = bound_at(s, first);
		k = first - 1;
	}
	return first;
}

static bool
none_left(const struct search *s, const struct set *set)
{
	uint64_t left = 0;

	for (unsigned int b = 0; b < LINEAR_MAX / 64; b++)
		left |= set->bits[b] & ~s->done.bits[b];
	return left == 0;
}

/* Whether an operation cannot have ended as it did in this state, nor in one that may come. */
static bool
out_of_reach(const struct search *s, unsigned int i, const struct word *state)
{
	const struct oper *o = &s->ops[i];
	struct word next = *state;

	if (o->fate == FATE_UNKNOWN || word_apply(&next, o))
		return false;
	if (o->fate == FATE_DONE && state->owner != 0 && state->owner != o->client &&
		o->client != 0)
		return none_left(s, &s->shares[state->owner]);
	return none_left(s, &s->sources[i]);
}

static bool
hopeless(const struct search *s, const struct word *state, unsigned int first)
{
	for (unsigned int k = first; k < s->n; k++)
		if (!set_has(&s->done, s->by_end[k]) && out_of_reach(s, s->by_end[k], state))
			return true;
	return false;
}

/* Let something that need not happen be next; where it changes nothing it is no help. */
static bool
search_unknown(struct search *s, unsigned int i, const struct word *before, const struct word *next)
{
	bool found;

	if (same(before, next) || s->unknown_left == 0)
		return false;
	s->unknown_left--;
	found = search_with(s, i, next, true);
	s->unknown_left++;
	return found;
}

/* Let those that may be next be it, one after the other. */
static bool
search_next(struct search *s, const struct word *state, unsigned int first)
{
	uint64_t bound = bound_at(s, first);

	for (unsigned int k = first; k < s->n && !s->tired; k++) {
		unsigned int i = s->by_end[k];
		struct word next = *state;

		if (set_has(&s->done, i) || s->ops[i].begin >= bound ||
			!word_apply(&next, &s->ops[i]))
			continue;
		if (s->ops[i].fate == FATE_UNKNOWN ? search_unknown(s, i, state, &next)
						   : search_with(s, i, &next, true))
			return true;
	}
	return !s->tired && s->ops[s->by_end[first]].fate == FATE_UNKNOWN &&
	       search_with(s, s->by_end[first], state, false);
}

/*
 * Go on from here. The next operation is one that began before any that is left has ended; those
 * that end first are tried first, which is right more often than not. What may have happened until
 * its end, and does not fit, has not; that is decided when nothing else can come before its end.
 */
static bool
search_on(struct search *s, const struct word *state)
{
	struct set before = s->done;
	unsigned int depth = s->depth, first = take_observations(s, state);

	note_trail(s, state);
	if (bound_at(s, first) == NO_END)
		return true;
	if (++s->looked_at > s->budget)
		s->tired = true;
	if (!s->tired && !hopeless(s, state, first) && search_next(s, state, first))
		return true;
	s->done = before;
	s->depth = depth;
	return false;
}

/* Whether an operation leaves every word as it was in which it can have ended as it did. */
static bool
observes(const struct oper *o)
{
	struct word before = {.value = o->result << (o->at * 8)}, after = before;

	if (o->fate == FATE_REFUSED || o->act == ACT_GET)
		return o->fate != FATE_UNKNOWN;
	if (o->fate != FATE_DONE || !act_finds(o->act))
		return false;
	return word_apply(&after, o) && same(&before, &after);
}

/* Whether @p o may have ended as it did and @p source be the last that changed what it found. */
static bool
may_be_source(const struct oper *source, const struct oper *o)
{
	uint64_t common = oper_mask(o) & oper_mask(source);
	struct word after = {.value = source->result << (source->at * 8)};
	struct oper done = *source;

	if (o->fate == FATE_REFUSED)
		return source->act == ACT_OWN && source->client != o->client;
	if (common == 0 || source->act >= ACT_OWN)
		return false;
	if (source->fate == FATE_UNKNOWN) {
		if (source->act >= ACT_ADD && source->act <= ACT_XOR)
			return true;
		/* Only a compare-and-swap that found what it looked for has changed anything. */
		after.value = source->compare << (source->at * 8);
		done.fate = FATE_DONE;
		done.result = source->compare;
	}
	word_apply(&after, &done);
	return ((after.value ^ o->result << (o->at * 8)) & common) == 0;
}

static void
find_sources(struct search *s)
{
	for (unsigned int i = 0; i < s->n; i++) {
		s->observes[i] = observes(&s->ops[i]);
		if (s->ops[i].act == ACT_SHARE && s->ops[i].fate != FATE_REFUSED)
			set_flip(&s->shares[s->ops[i].client], i);
	}
	for (unsigned int i = 0; i < s->n; i++)
		for (unsigned int k = 0; k < s->n; k++)
			if (k != i && !s->observes[k] && may_be_source(&s->ops[k], &s->ops[i]))
				set_flip(&s->sources[i], k);
}

/* Insertion sort: they come nearly in order. */
static void
sort_by_end(struct search *s)
{
	for (unsigned int i = 0; i < s->n; i++) {
		unsigned int at = i;

		for (; at > 0 && s->ops[s->by_end[at - 1]].end > s->ops[i].end; at--)
			s->by_end[at] = s->by_end[at - 1];
		s->by_end[at] = (uint8_t)i;
	}
}

/* With at most so much of what need not happen. */
static bool
search_within(struct search *s, const struct word *start, unsigned int unknown, uint64_t budget)
{
	seen_begin();
	s->done = (struct set){0};
	s->depth = 0;
	s->tired = false;
	s->unknown_left = unknown;
	s->budget = s->looked_at + budget;
	return search_on(s, start);
}

/*
 * Of what may have happened little explains much, so first few are allowed to. Only the search with
 * all of them tells that there is no order.
 */
static bool
search_all(struct search *s, const struct word *start, unsigned int unknown, uint64_t budget)
{
	for (unsigned int few = 1; few < unknown; few *= 2)
		if (search_within(s, start, few, budget / 8))
			return true;
	return search_within(s, start, unknown, budget);
}

enum verdict
linear_check(const struct oper *ops, unsigned int n, const struct word *start, uint64_t budget,
	struct linear_trail *trail)
{
	struct search s = {.ops = ops, .n = n, .trail = trail};
	unsigned int unknown = 0;
	bool found;

	if (trail != NULL)
		*trail = (struct linear_trail){.state = *start};
	if (n > LINEAR_MAX)
		return LINEAR_OPEN;
	sort_by_end(&s);
	find_sources(&s);
	for (unsigned int i = 0; i < n; i++)
		unknown += ops[i].fate == FATE_UNKNOWN;
	found = search_all(&s, start, unknown, budget);
	if (trail != NULL)
		trail->looked_at = s.looked_at;
	if (found)
		return LINEAR_YES;
	return s.tired ? LINEAR_OPEN : LINEAR_NO;
}

/* What was known of a history when an event had just come: calls without one are open. */
static unsigned int
beginning(const struct oper *ops, unsigned int n, uint64_t until, struct oper *out)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (ops[i].begin > until)
			continue;
		out[kept] = ops[i];
		if (ops[i].end > until) {
			out[kept].end = NO_END;
			out[kept].fate = FATE_UNKNOWN;
		}
		kept++;
	}
	return kept;
}

static unsigned int
shortest_beginning(
	const struct oper *ops, unsigned int n, const struct word *start, struct oper *out)
{
	uint64_t until = 0;

	for (;;) {
		uint64_t next = NO_END;
		unsigned int kept;

		for (unsigned int i = 0; i < n; i++)
			if (ops[i].end > until && ops[i].end < next)
				next = ops[i].end;
		if (next == NO_END)
			return 0;
		until = next;
		kept = beginning(ops, n, until, out);
		if (linear_check(out, kept, start, LINEAR_BUDGET, NULL) == LINEAR_NO)
			return kept;
	}
}

/* Less is claimed of an operation: nothing, or that it may have happened. */
static struct oper
weaker(const struct oper *o)
{
	struct oper w = *o;

	w.fate = o->fate == FATE_DONE && act_changes(o->act) ? FATE_UNKNOWN : FATE_NEVER;
	return w;
}

unsigned int
linear_reduce(const struct oper *ops, unsigned int n, const struct word *start, struct oper *out)
{
	unsigned int kept = shortest_beginning(ops, n, start, out), left = 0;

	for (unsigned int i = kept; i-- > 0;) {
		struct oper o = out[i];

		if (o.fate == FATE_UNKNOWN)
			continue;
		out[i] = weaker(&o);
		if (linear_check(out, kept, start, LINEAR_BUDGET, NULL) != LINEAR_NO)
			out[i] = o;
	}
	for (unsigned int i = 0; i < kept; i++)
		if (out[i].fate != FATE_NEVER)
			out[left++] = out[i];
	return left;
}

/* Whether an operation is among some, and what they say of it is what it said. */
static bool
claimed(const struct oper *o, const struct oper *few, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (few[i].begin == o->begin)
			return few[i].fate == o->fate && o->fate != FATE_UNKNOWN;
	return false;
}

static void
print_those(FILE *to, const struct oper *ops, unsigned int n, const struct oper *few,
	unsigned int nb_few, bool are_claimed)
{
	for (unsigned int i = 0; i < n; i++)
		if (claimed(&ops[i], few, nb_few) == are_claimed)
			oper_print(to, &ops[i]);
}

void
linear_explain(FILE *to, const struct oper *ops, unsigned int n, const struct word *start)
{
	struct oper few[LINEAR_MAX], until[LINEAR_MAX];
	unsigned int nb_few = linear_reduce(ops, n, start, few);
	unsigned int nb_until = shortest_beginning(ops, n, start, until);
	struct linear_trail trail;

	fprintf(to, "the word was 0x%" PRIx64 "; no order of operations explains these:\n",
		start->value);
	print_those(to, until, nb_until, few, nb_few, true);
	fprintf(to, "whatever had become of the others that there were:\n");
	print_those(to, until, nb_until, few, nb_few, false);
	linear_check(until, nb_until, start, LINEAR_BUDGET, &trail);
	fprintf(to, "the longest order that fits leaves 0x%" PRIx64, trail.state.value);
	if (trail.state.owner != 0)
		fprintf(to, ", owned by client %u", trail.state.owner);
	fprintf(to, trail.n > 0 ? ":\n" : ".\n");
	for (unsigned int i = 0; i < trail.n; i++)
		oper_print(to, &until[trail.order[i]]);
}
