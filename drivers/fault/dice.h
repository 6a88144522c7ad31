/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef FAULT_DICE_H
#define FAULT_DICE_H

/**
 * @file
 * Numbers at random that a seed repeats: SplitMix64 (Steele, Lea, Flood: "Fast splittable
 * pseudorandom number generators", 2014). Any state is good, and states that differ in a bit give
 * unrelated sequences.
 */

#include <stdint.h>

#define DICE_STEP UINT64_C(0x9e3779b97f4a7c15)

struct dice {
	uint64_t state;
};

static inline uint64_t
dice_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static inline uint64_t
dice_roll(struct dice *d)
{
	d->state += DICE_STEP;
	return dice_mix(d->state);
}

/** A roll brought down to 0 up to @p n - 1. */
static inline uint64_t
dice_below(uint64_t roll, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)roll * n) >> 64);
}

#endif /* FAULT_DICE_H */
