/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SUMS_H
#define SUMS_H

#include "world.h"

/**
 * Check a word to which all that was done is fetch-and-add, far more than an order can be searched
 * for. Each client adds one in bits of its own, so a value tells how much of whom is in it: they
 * only grow, no two operations found the same, and in the end each client's share is what it was
 * told had happened, and of what it was told nothing about at most all.
 * @return NULL, or what is wrong.
 */
const char *sums_wrong(const struct world *w, unsigned int word);

#endif /* SUMS_H */
