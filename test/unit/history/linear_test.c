/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * The checker itself: histories written by hand whose verdict is plain to see, and random ones
 * held against a search that tries every order.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "linear.h"
#include "rdp/net.h"
#include "rdp/run.h"

static const struct word zero;

/* An operation on a whole word of eight bytes that ended well. */
#define DONE(c, b, e, what, ...)                                                                   \
	{                                                                                          \
		.client = (c), .begin = (b), .end = (e), .act = (what), .fate = FATE_DONE,         \
		.width = 8, __VA_ARGS__                                                            \
	}
#define GET(c, b, e, found)     DONE(c, b, e, ACT_GET, .result = (found))
#define PUT(c, b, e, to)        DONE(c, b, e, ACT_PUT, .operand = (to))
#define ADD(c, b, e, more, old) DONE(c, b, e, ACT_ADD, .operand = (more), .result = (old))
#define SWAP(c, b, e, to, old)  DONE(c, b, e, ACT_SWAP, .operand = (to), .result = (old))
#define CAS(c, b, e, if_, to, old)                                                                 \
	DONE(c, b, e, ACT_CAS, .compare = (if_), .operand = (to), .result = (old))
#define OWN(c, b, e)   DONE(c, b, e, ACT_OWN)
#define SHARE(c, b, e) DONE(c, b, e, ACT_SHARE)

/* The same with another end. */
#define ENDED(how, c, b, e, what, ...)                                                             \
	{                                                                                          \
		.client = (c), .begin = (b), .end = (e), .act = (what), .fate = (how), .width = 8, \
		__VA_ARGS__                                                                        \
	}
#define MAYBE(c, b, e, what, ...) ENDED(FATE_UNKNOWN, c, b, e, what, __VA_ARGS__)
#define NEVER(c, b, e, what, ...) ENDED(FATE_NEVER, c, b, e, what, __VA_ARGS__)
#define REFUSED(c, b, e, what)    ENDED(FATE_REFUSED, c, b, e, what, .operand = 7)

/* A history is from the second argument on. */
#define EXPECT(verdict, ...)                                                                       \
	do {                                                                                       \
		const struct oper ops_[] = {__VA_ARGS__};                                          \
		CU_ASSERT_EQUAL(                                                                   \
			linear_check(ops_, RTE_DIM(ops_), &zero, LINEAR_BUDGET, NULL), verdict);   \
	} while (0)
#define GOOD(...) EXPECT(LINEAR_YES, __VA_ARGS__)
#define BAD(...)  EXPECT(LINEAR_NO, __VA_ARGS__)

static void
one_after_the_other(void)
{
	CU_ASSERT_EQUAL(linear_check(NULL, 0, &zero, LINEAR_BUDGET, NULL), LINEAR_YES);
	GOOD(GET(1, 1, 2, 0));
	BAD(GET(1, 1, 2, 5));
	GOOD(PUT(1, 1, 2, 5), GET(2, 3, 4, 5));
	BAD(PUT(1, 1, 2, 5), GET(2, 3, 4, 0));
	GOOD(PUT(1, 1, 2, 5), PUT(1, 3, 4, 6), GET(2, 5, 6, 6));
	BAD(PUT(1, 1, 2, 5), PUT(1, 3, 4, 6), GET(2, 5, 6, 5));
	GOOD(ADD(1, 1, 2, 3, 0), ADD(2, 3, 4, 4, 3), GET(1, 5, 6, 7));
	GOOD(SWAP(1, 1, 2, 3, 0), SWAP(1, 3, 4, 9, 3), GET(2, 5, 6, 9));
	BAD(SWAP(1, 1, 2, 3, 0), SWAP(1, 3, 4, 9, 0));
}

static void
side_by_side(void)
{
	/* A get beside a put finds either; two gets one after the other do not go back. */
	GOOD(PUT(1, 1, 10, 5), GET(2, 2, 3, 0));
	GOOD(PUT(1, 1, 10, 5), GET(2, 2, 3, 5));
	GOOD(PUT(1, 1, 10, 5), GET(2, 2, 3, 0), GET(3, 4, 5, 5));
	BAD(PUT(1, 1, 10, 5), GET(2, 2, 3, 5), GET(3, 4, 5, 0));
	GOOD(PUT(1, 1, 10, 5), GET(2, 2, 5, 5), GET(3, 4, 6, 0));
	/* Both orders of two puts; not one for the one reader and the other for the other. */
	GOOD(PUT(1, 1, 4, 5), PUT(2, 2, 3, 6), GET(3, 5, 6, 5));
	GOOD(PUT(1, 1, 4, 5), PUT(2, 2, 3, 6), GET(3, 5, 6, 6));
	BAD(PUT(1, 1, 4, 5), PUT(2, 2, 3, 6), GET(3, 5, 6, 5), GET(4, 7, 8, 6));
	/* The order in which the list names them says nothing. */
	GOOD(GET(3, 5, 6, 5), PUT(2, 2, 3, 6), PUT(1, 1, 4, 5));
}

static void
equal_values(void)
{
	/* Put 1, put 2, put 1 again: a reader goes 1, 2, 1, but never back to 2. */
	GOOD(PUT(1, 1, 2, 1), PUT(1, 3, 8, 2), PUT(2, 4, 9, 1), GET(3, 5, 6, 2), GET(3, 10, 11, 1));
	GOOD(PUT(1, 1, 2, 1), PUT(1, 3, 20, 2), PUT(2, 4, 21, 1), GET(3, 5, 6, 1), GET(3, 7, 8, 2),
		GET(3, 9, 10, 1));
	BAD(PUT(1, 1, 2, 1), PUT(1, 3, 20, 2), PUT(2, 4, 21, 1), GET(3, 5, 6, 2), GET(3, 7, 8, 1),
		GET(3, 9, 10, 2));
}

static void
read_modify_write(void)
{
	/* A lost update, one that happened twice, one that nobody asked for. */
	BAD(ADD(1, 1, 4, 1, 0), ADD(2, 2, 3, 1, 0));
	BAD(ADD(1, 1, 2, 1, 0), GET(1, 3, 4, 2));
	BAD(ADD(1, 1, 4, 1, 0), ADD(2, 2, 3, 1, 1), GET(1, 5, 6, 1));
	GOOD(ADD(1, 1, 4, 1, 1), ADD(2, 2, 3, 1, 0), GET(1, 5, 6, 2));
	/* Of two who compare with the same value one alone may win. */
	GOOD(CAS(1, 1, 4, 0, 5, 0), CAS(2, 2, 3, 0, 6, 5), GET(1, 5, 6, 5));
	BAD(CAS(1, 1, 4, 0, 5, 0), CAS(2, 2, 3, 0, 6, 0));
	BAD(CAS(1, 1, 4, 0, 5, 0), CAS(2, 2, 3, 0, 6, 5), GET(1, 5, 6, 6));
	/* Unless the value comes back in between. */
	GOOD(CAS(1, 1, 9, 0, 5, 0), CAS(2, 2, 8, 0, 6, 0), CAS(3, 3, 7, 5, 0, 5));
	GOOD(DONE(1, 1, 2, ACT_OR, .operand = 6, .result = 0),
		DONE(1, 3, 4, ACT_AND, .operand = 3, .result = 6),
		DONE(1, 5, 6, ACT_XOR, .operand = 1, .result = 2), GET(1, 7, 8, 3));
}

static void
part_of_a_word(void)
{
	struct oper low = ADD(1, 1, 2, 1, 0), high = PUT(1, 3, 4, 0x1234), all = GET(1, 5, 6, 0);
	struct word start = {.value = UINT64_C(0x00000000ffffffff)};
	struct oper ops[3];

	/* No carry into the neighbour. */
	low.width = 4;
	low.result = 0xffffffff;
	high.width = 2;
	high.at = 6;
	all.result = UINT64_C(0x1234000000000000);
	ops[0] = low;
	ops[1] = high;
	ops[2] = all;
	CU_ASSERT_EQUAL(linear_check(ops, 3, &start, LINEAR_BUDGET, NULL), LINEAR_YES);
	ops[2].result |= UINT64_C(1) << 32;
	CU_ASSERT_EQUAL(linear_check(ops, 3, &start, LINEAR_BUDGET, NULL), LINEAR_NO);
}

static void
unknown_fates(void)
{
	struct oper put = MAYBE(1, 1, NO_END, ACT_PUT, .operand = 5);

	GOOD(put);
	GOOD(put, GET(2, 2, 3, 0), GET(2, 4, 5, 0));
	GOOD(put, GET(2, 2, 3, 5), GET(2, 4, 5, 5));
	GOOD(put, GET(2, 2, 3, 0), GET(2, 40, 50, 5)); /* late */
	BAD(put, GET(2, 2, 3, 5), GET(2, 4, 5, 0));
	BAD(put, GET(2, 2, 3, 6));
	/* Not before it was asked for. */
	BAD(GET(2, 1, 2, 5), MAYBE(1, 3, NO_END, ACT_PUT, .operand = 5));
	/* Once, not twice: after 6 was put over it, 5 does not come back. */
	GOOD(put, GET(2, 2, 3, 0), PUT(2, 4, 5, 6), GET(2, 6, 7, 5));
	BAD(put, GET(2, 2, 3, 5), PUT(2, 4, 5, 6), GET(2, 6, 7, 5));
	GOOD(MAYBE(1, 1, NO_END, ACT_ADD, .operand = 2), ADD(2, 2, 3, 1, 2), GET(2, 4, 5, 3));
	BAD(MAYBE(1, 1, NO_END, ACT_ADD, .operand = 2), ADD(2, 2, 3, 1, 2), GET(2, 4, 5, 5));
	/* Two of them: neither, one, or both. */
	GOOD(MAYBE(1, 1, NO_END, ACT_ADD, .operand = 1), MAYBE(2, 2, NO_END, ACT_ADD, .operand = 2),
		GET(3, 3, 4, 2), GET(3, 5, 6, 3));
	BAD(MAYBE(1, 1, NO_END, ACT_ADD, .operand = 1), MAYBE(2, 2, NO_END, ACT_ADD, .operand = 2),
		GET(3, 3, 4, 2), GET(3, 5, 6, 1));
}

static void
unknown_until(void)
{
	struct oper put = MAYBE(1, 1, 10, ACT_PUT, .operand = 5);

	GOOD(put, GET(2, 2, 3, 0), GET(2, 11, 12, 0));
	GOOD(put, GET(2, 2, 3, 5), GET(2, 11, 12, 5));
	GOOD(put, GET(2, 2, 3, 0), GET(2, 11, 12, 5));
	/* After its end it does not happen any more. */
	BAD(put, GET(2, 11, 12, 0), GET(2, 13, 14, 5));
	GOOD(MAYBE(1, 1, 13, ACT_PUT, .operand = 5), GET(2, 11, 12, 0), GET(2, 14, 15, 5));
	BAD(put, PUT(2, 11, 12, 6), GET(2, 13, 14, 5));
}

static void
never_happened(void)
{
	GOOD(NEVER(1, 1, 2, ACT_PUT, .operand = 5), GET(2, 3, 4, 0));
	BAD(NEVER(1, 1, 2, ACT_PUT, .operand = 5), GET(2, 3, 4, 5));
	BAD(NEVER(1, 1, 2, ACT_ADD, .operand = 1), ADD(2, 3, 4, 1, 1));
}

static void
owners(void)
{
	GOOD(OWN(1, 1, 2), PUT(1, 3, 4, 5), REFUSED(2, 5, 6, ACT_GET), GET(1, 7, 8, 5));
	BAD(REFUSED(2, 1, 2, ACT_GET));
	BAD(OWN(1, 1, 2), REFUSED(1, 3, 4, ACT_PUT));
	/* Beside the change either; after it what its owner wants. */
	GOOD(OWN(1, 1, 10), GET(2, 2, 3, 0), REFUSED(2, 4, 5, ACT_GET));
	BAD(OWN(1, 1, 10), REFUSED(2, 2, 3, ACT_GET), GET(2, 4, 5, 0));
	BAD(OWN(1, 1, 2), GET(2, 3, 4, 0));
	BAD(OWN(1, 1, 2), PUT(2, 3, 4, 5));
	GOOD(OWN(1, 1, 2), SHARE(1, 3, 10), REFUSED(2, 4, 5, ACT_PUT), PUT(2, 6, 7, 1),
		GET(1, 11, 12, 1));
	BAD(OWN(1, 1, 2), SHARE(1, 3, 4), REFUSED(2, 5, 6, ACT_PUT));
	/* One alone gets it. */
	GOOD(OWN(1, 1, 4), REFUSED(2, 2, 3, ACT_OWN));
	BAD(OWN(1, 1, 4), OWN(2, 2, 3));
	GOOD(MAYBE(1, 1, NO_END, ACT_OWN), REFUSED(2, 2, 3, ACT_GET));
	/* What owns nothing may not happen: a late put after another took the word. */
	BAD(MAYBE(1, 1, NO_END, ACT_PUT, .operand = 5), OWN(2, 2, 3), GET(2, 4, 5, 0),
		GET(2, 6, 7, 5));
	/* The memory itself sees what others may not. */
	GOOD(OWN(1, 1, 2), GET(0, 3, 4, 0));
}

static void
many_at_once(void)
{
	struct oper ops[LINEAR_MAX];
	struct linear_trail trail;

	/* All begin together and end in the wrong order; each says what it found. */
	for (unsigned int i = 0; i < 40; i++)
		ops[i] = (struct oper)ADD(1, i + 1, 200 - i, 1, i);
	CU_ASSERT_EQUAL(linear_check(ops, 40, &zero, LINEAR_BUDGET, &trail), LINEAR_YES);
	CU_ASSERT(trail.looked_at < 10000);
	ops[39].result = 38;
	CU_ASSERT_EQUAL(linear_check(ops, 40, &zero, LINEAR_BUDGET, &trail), LINEAR_NO);
	CU_ASSERT_EQUAL(trail.n, 39);
	/* Twelve whose fate nobody knows, each of which could be behind what a reader finds. */
	for (unsigned int i = 0; i < 12; i++)
		ops[i] = (struct oper)MAYBE(1, i + 1, NO_END, ACT_ADD, .operand = 1u << i);
	for (unsigned int i = 12; i < 40; i++)
		ops[i] = (struct oper)GET(
			2, 2 * i + 1, 2 * i + 2, (1u << RTE_MIN(i - 11, 12u)) - 1);
	CU_ASSERT_EQUAL(linear_check(ops, 40, &zero, LINEAR_BUDGET, &trail), LINEAR_YES);
	ops[39].result = 4094;
	CU_ASSERT_EQUAL(linear_check(ops, 40, &zero, LINEAR_BUDGET, &trail), LINEAR_NO);
	/* More than a bitmap of 64. */
	for (unsigned int i = 0; i < LINEAR_MAX; i++)
		ops[i] = (struct oper)ADD(1, 3 * i + 1, 3 * i + 5, 1, i);
	CU_ASSERT_EQUAL(linear_check(ops, LINEAR_MAX, &zero, LINEAR_BUDGET, NULL), LINEAR_YES);
	ops[LINEAR_MAX - 1].result = 3;
	CU_ASSERT_EQUAL(linear_check(ops, LINEAR_MAX, &zero, LINEAR_BUDGET, NULL), LINEAR_NO);
}

static void
gives_up(void)
{
	struct linear_trail trail = {.looked_at = 1};
	struct oper ops[LINEAR_MAX];

	/* No sum of even numbers is odd; but there are many of them. */
	for (unsigned int i = 0; i < 30; i++)
		ops[i] = (struct oper)MAYBE(1, i + 1, NO_END, ACT_ADD, .operand = 2u << i);
	ops[30] = (struct oper)GET(2, 200, 201, 77);
	CU_ASSERT_EQUAL(linear_check(ops, 31, &zero, 1000, NULL), LINEAR_OPEN);
	CU_ASSERT_EQUAL(linear_check(ops, LINEAR_MAX + 1, &zero, 1000, &trail), LINEAR_OPEN);
	CU_ASSERT_EQUAL(trail.looked_at, 0);
}

/* What people are shown: the beginning, and of it what it takes. */
static void
reduced(void)
{
	const struct oper ops[] = {GET(3, 1, 2, 0), PUT(1, 3, 4, 5), GET(2, 5, 6, 5),
		ADD(2, 7, 8, 1, 5), GET(3, 9, 10, 5), PUT(1, 11, 12, 9), GET(1, 13, 14, 9)};
	struct oper out[RTE_DIM(ops)];
	unsigned int n = linear_reduce(ops, RTE_DIM(ops), &zero, out);

	/* That somebody found 5 after 1 had been added; what was found before does not matter. */
	CU_ASSERT_EQUAL_FATAL(n, 3);
	CU_ASSERT(out[0].act == ACT_PUT && out[0].fate == FATE_UNKNOWN);
	CU_ASSERT(out[1].act == ACT_ADD && out[1].fate == FATE_DONE && out[1].begin == 7);
	CU_ASSERT(out[2].act == ACT_GET && out[2].begin == 9);
	CU_ASSERT_EQUAL(linear_reduce(ops, 4, &zero, out), 0);
}

static void
explained(void)
{
	const struct oper ops[] = {PUT(1, 1, 2, 5), ADD(2, 3, 4, 1, 5), GET(3, 5, 6, 5),
		MAYBE(1, 7, NO_END, ACT_PUT, .operand = 9, .status = -ECONNRESET), GET(1, 8, 9, 9)};
	const char *const said[] = {"fetch-add 0x1 found 0x5\n[5, 6]",
		"others that there were:\n[1, 2] client 1, operation 0, word 0: put 0x5 done\n",
		"leaves 0x6:\n[1, 2]"};
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	CU_ASSERT_PTR_NOT_NULL_FATAL(to);
	linear_explain(to, ops, RTE_DIM(ops), &zero);
	fclose(to);
	for (unsigned int i = 0; i < RTE_DIM(said); i++)
		CU_ASSERT_PTR_NOT_NULL(strstr(text, said[i]));
	/* What came after the first surprise is not mentioned. */
	CU_ASSERT_PTR_NULL(strstr(text, "0x9"));
	free(text);
}

/*
 * Random histories against every order there is.
 */

#define FEW 6

static bool
every_order(const struct oper *ops, unsigned int n, unsigned int left, const struct word *state)
{
	for (unsigned int i = 0; i < n; i++) {
		struct word next = *state;
		bool may = left & 1u << i;

		for (unsigned int k = 0; k < n && may; k++)
			may = !(left & 1u << k) || ops[i].begin < ops[k].end;
		if (may && word_apply(&next, &ops[i]) &&
			every_order(ops, n, left & ~(1u << i), &next))
			return true;
		/* It is left out here; that must be possible at any moment. */
		if (left & 1u << i && ops[i].fate == FATE_UNKNOWN &&
			every_order(ops, n, left & ~(1u << i), state))
			return true;
	}
	return left == 0;
}

static struct oper
random_oper(struct net *net, unsigned int i)
{
	struct oper o = {
		.number = (uint16_t)i,
		.client = (uint8_t)(1 + net_random_below(net, 3)),
		.act = (uint8_t)net_random_below(net, ACTS),
		.width = (uint8_t)(1u << net_random_below(net, 4)),
		.begin = 1 + net_random_below(net, 12),
		.operand = net_random_below(net, 3),
		.compare = net_random_below(net, 3),
		.result = net_random_below(net, 3),
	};

	o.at = (uint8_t)(net_random_below(net, 8u / o.width) * o.width);
	o.end = o.begin + 1 + net_random_below(net, 6);
	switch (net_random_below(net, 8)) {
	case 0:
		o.fate = FATE_REFUSED;
		break;
	case 1:
		o.fate = FATE_UNKNOWN;
		break;
	case 2:
		o.fate = FATE_UNKNOWN;
		o.end = NO_END;
		break;
	default:
		o.fate = FATE_DONE;
		break;
	}
	/* Places are all different: ends are odd. */
	o.begin = o.begin * 2 * FEW + 2 * i;
	if (o.end != NO_END)
		o.end = o.end * 2 * FEW + 2 * i + 1;
	return o;
}

/* Give every one the result that some order of all of them gives; ends and begins stay. */
static void
make_plausible(struct net *net, struct oper *ops, unsigned int n)
{
	struct word w = zero;

	for (unsigned int i = 0; i < n; i++) {
		bool foreign = w.owner != 0 && w.owner != ops[i].client;

		if (ops[i].fate == FATE_UNKNOWN && net_random_below(net, 2) == 0)
			continue;
		if (ops[i].fate != FATE_UNKNOWN)
			ops[i].fate = foreign ? FATE_REFUSED : FATE_DONE;
		ops[i].result = (w.value & oper_mask(&ops[i])) >> (ops[i].at * 8);
		word_apply(&w, &ops[i]);
	}
}

static void
random__as_every_order_says(void)
{
	struct net *net = net_create();
	unsigned int good = 0, bad = 0;

	for (unsigned int round = 0; round < 60000; round++) {
		unsigned int n = 1 + net_random_below(net, FEW);
		struct oper ops[FEW];
		bool may;

		for (unsigned int i = 0; i < n; i++)
			ops[i] = random_oper(net, i);
		if (round % 2 == 0)
			make_plausible(net, ops, n);
		may = every_order(ops, n, (1u << n) - 1, &zero);
		good += may;
		bad += !may;
		if (linear_check(ops, n, &zero, LINEAR_BUDGET, NULL) ==
			(may ? LINEAR_YES : LINEAR_NO))
			continue;
		net_error(net, "round %u: every order says %d of this:\n", round, may);
		for (unsigned int i = 0; i < n; i++)
			oper_print(stderr, &ops[i]);
	}
	/* Enough of both. */
	CU_ASSERT(good > 10000);
	CU_ASSERT(bad > 10000);
	net_free(net);
}

static CU_TestInfo tests[] = {
	TEST(one_after_the_other),
	TEST(side_by_side),
	TEST(equal_values),
	TEST(read_modify_write),
	TEST(part_of_a_word),
	TEST(unknown_fates),
	TEST(unknown_until),
	TEST(never_happened),
	TEST(owners),
	TEST(many_at_once),
	TEST(gives_up),
	TEST(reduced),
	TEST(explained),
	TEST(random__as_every_order_says),
	CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
	{"linear", NULL, NULL, NULL, NULL, tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	return run_suites("history", suites);
}
