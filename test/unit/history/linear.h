/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef LINEAR_H
#define LINEAR_H

/**
 * Whether what clients saw of one word can be explained by its operations having happened one
 * after the other, each at some moment between its call and its event: linearizability (Herlihy
 * and Wing 1990). Words are independent objects, so that a history is linearizable when each of
 * its words is, and each is checked alone.
 *
 * The search is that of Wing and Gong (1993), which tries every order that the times allow, with
 * the memory of Lowe (2017): what is left to do after a set of operations depends on nothing but
 * that set and the state of the word, so each pair of them is looked at once. What only tells of
 * the word is placed as soon as it fits, and a state is left at once in which something that was
 * found later can never be there again.
 */

#include "word.h"

/** Most operations on one word. */
#define LINEAR_MAX 128

enum verdict {
	LINEAR_YES,
	LINEAR_NO,
	LINEAR_OPEN, /**< not decided within the budget */
};

/** How far the search came: an order of operations that fits, and which nothing continues. */
struct linear_trail {
	unsigned int n;
	uint8_t order[LINEAR_MAX]; /**< indices of the operations */
	struct word state;         /**< after them */
	uint64_t looked_at;        /**< pairs of set and state */
};

/** Pairs of set and state after which a search gives up, unless told otherwise. */
#define LINEAR_BUDGET (UINT64_C(1) << 18)

/**
 * @param start the word before all of them
 * @param trail NULL: not wanted
 */
enum verdict linear_check(const struct oper *ops, unsigned int n, const struct word *start,
	uint64_t budget, struct linear_trail *trail);

/**
 * For a history that is not linearizable: the shortest beginning of it that is not, with all in it
 * that plays no part left out or made vague.
 * @param[out] out room for @p n operations
 * @return how many there are; 0 when no beginning was found wanting within the budget.
 */
unsigned int linear_reduce(
	const struct oper *ops, unsigned int n, const struct word *start, struct oper *out);

/** Print which operations of that cannot be explained, which others there were, and how far an
 * order of all of them comes. */
void linear_explain(FILE *to, const struct oper *ops, unsigned int n, const struct word *start);

#endif /* LINEAR_H */
