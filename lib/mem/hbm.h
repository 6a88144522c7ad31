/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Hierarchical bitmap: a bit in level l + 1 says that a word of level l is not zero. Finding the
 * first, next or previous set bit of 2^31 takes at most 2 * 6 words. The shape is computed, the
 * words lie wherever the caller keeps them.
 */

#ifndef MEM_HBM_H
#define MEM_HBM_H

#include <stdbool.h>
#include <stdint.h>

#define HBM_LEVELS 6
#define HBM_NONE   UINT32_MAX

struct hbm {
	uint32_t levels;
	uint32_t words;           /* in all */
	uint32_t off[HBM_LEVELS]; /* first word of each level, the last level has one word */
};

static inline void
hbm_shape(struct hbm *s, uint32_t bits)
{
	uint32_t n = bits;

	s->levels = 0;
	s->words = 0;
	do {
		n = n / 64 + (n % 64 != 0);
		s->off[s->levels++] = s->words;
		s->words += n;
	} while (n > 1);
}

static inline bool
hbm_empty(const struct hbm *s, const uint64_t *b)
{
	return b[s->off[s->levels - 1]] == 0;
}

/* True when the bitmap was empty. */
static inline bool
hbm_set(const struct hbm *s, uint64_t *b, uint32_t i)
{
	uint32_t l;

	for (l = 0; l < s->levels; l++, i >>= 6) {
		uint64_t *w = &b[s->off[l] + (i >> 6)];
		uint64_t old = *w;

		*w = old | UINT64_C(1) << (i & 63);
		if (old != 0)
			return false;
	}
	return true;
}

/* True when the bitmap became empty, or was. */
static inline bool
hbm_clear(const struct hbm *s, uint64_t *b, uint32_t i)
{
	uint32_t l;

	for (l = 0; l < s->levels; l++, i >>= 6) {
		uint64_t *w = &b[s->off[l] + (i >> 6)];

		*w &= ~(UINT64_C(1) << (i & 63));
		if (*w != 0)
			return false;
	}
	return true;
}

static inline bool
hbm_test(const uint64_t *b, uint32_t i)
{
	return b[i >> 6] >> (i & 63) & 1;
}

/* First set bit at or behind i, below the size of the bitmap; HBM_NONE. */
static inline uint32_t
hbm_next(const struct hbm *s, const uint64_t *b, uint32_t i)
{
	uint32_t l = 0, end;
	uint64_t w;

	for (;; l++) {
		if (l == s->levels)
			return HBM_NONE;
		end = (l + 1 < s->levels ? s->off[l + 1] : s->words) - s->off[l];
		if (i >> 6 >= end)
			return HBM_NONE;
		w = b[s->off[l] + (i >> 6)] >> (i & 63);
		if (w != 0)
			break;
		i = (i >> 6) + 1;
	}
	i += (uint32_t)__builtin_ctzll(w);
	while (l-- > 0)
		i = i << 6 | (uint32_t)__builtin_ctzll(b[s->off[l] + i]);
	return i;
}

/* Last set bit at or before i; HBM_NONE. */
static inline uint32_t
hbm_prev(const struct hbm *s, const uint64_t *b, uint32_t i)
{
	uint32_t l;
	uint64_t w;

	for (l = 0;; l++) {
		if (l == s->levels)
			return HBM_NONE;
		w = b[s->off[l] + (i >> 6)] << (63 - (i & 63));
		if (w != 0)
			break;
		if (i >> 6 == 0)
			return HBM_NONE;
		i = (i >> 6) - 1;
	}
	i -= (uint32_t)__builtin_clzll(w);
	while (l-- > 0)
		i = i << 6 | (63 - (uint32_t)__builtin_clzll(b[s->off[l] + i]));
	return i;
}

/* Makes the upper levels agree with level 0. */
static inline void
hbm_rebuild(const struct hbm *s, uint64_t *b)
{
	uint32_t l, i, n;

	for (l = 1; l < s->levels; l++) {
		n = s->off[l] - s->off[l - 1];
		for (i = s->off[l]; i < s->off[l] + (n + 63) / 64; i++)
			b[i] = 0;
		for (i = 0; i < n; i++)
			if (b[s->off[l - 1] + i] != 0)
				b[s->off[l] + i / 64] |= UINT64_C(1) << (i % 64);
	}
}

#endif /* MEM_HBM_H */
