/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef PLAIN_H
#define PLAIN_H

/** What tests of plain functions need: a program around a list of suites, and chance from a seed.
 */

#include <stdint.h>

#include <CUnit/CUnit.h>

/** Entry of a table of tests. */
#define TEST(name)                                                                                 \
	{                                                                                          \
#name, name                                                                        \
	}

/** Run the suites, or of them the tests that have SHMX_TEST in their names. @return exit status, 0
 * or 1. */
int plain_run(CU_SuiteInfo *suites);

/** SHMX_SEED, or a new seed, printed once. */
uint64_t plain_seed(void);

/** SHMX_ROUNDS, or @p usual. */
uint64_t plain_rounds(uint64_t usual);

/** A sequence of numbers, the same from the same start. */
struct chance {
	uint64_t state;
};

/** splitmix64 */
static inline uint64_t
chance_next(struct chance *c)
{
	uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/** 0 to @p n - 1. */
static inline uint64_t
chance_below(struct chance *c, uint64_t n)
{
	return (uint64_t)(((__uint128_t)chance_next(c) * n) >> 64);
}

#endif /* PLAIN_H */
