/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_MODEL_H
#define COMMON_MODEL_H

/** What tests have in common that hold a structure against a model over random steps. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <CUnit/Basic.h>

/** With a model `m` that counts in `bad`; the first twenty are told. */
#define MODEL_CHECK(m, cond)                                                                       \
	do {                                                                                       \
		if (!(cond) && (m)->bad++ < 20)                                                    \
			CU_FAIL(#cond);                                                            \
	} while (0)

/** Where the random numbers begin, which is printed: SHMX_SEED, or something new. */
static inline uint64_t
model_seed(void)
{
	const char *env = getenv("SHMX_SEED");
	uint64_t seed = env != NULL ? strtoull(env, NULL, 0) : (uint64_t)time(NULL);

	printf("SHMX_SEED=%llu ", (unsigned long long)seed);
	fflush(stdout);
	return seed * 2 + 1;
}

/** The next one below @p n: xorshift64*, Marsaglia 2003 and Vigna 2016. */
static inline uint32_t
model_below(uint64_t *rnd, uint32_t n)
{
	*rnd ^= *rnd << 13;
	*rnd ^= *rnd >> 7;
	*rnd ^= *rnd << 17;
	return (uint32_t)((*rnd * UINT64_C(0x2545f4914f6cdd1d) >> 33) % n);
}

#endif /* COMMON_MODEL_H */
