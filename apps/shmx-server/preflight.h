/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_PREFLIGHT_H
#define SERVER_PREFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "eal_args.h"
#include "../common/problem.h"

/**
 * Look for what EAL would stumble over, before it does so in many lines.
 * @return 0, or -EINVAL with a problem.
 */
int preflight_check(const struct eal_args *eal, struct problem *p);

/** What preflight_check() decides, from what it found; for itself and for tests. */
int preflight_hugepages(
	uint64_t reserved_bytes, bool mounted, const struct eal_args *eal, struct problem *p);

/** Bytes in hugepages of all sizes. */
uint64_t preflight_hugepage_bytes(bool only_free);

/** Say why EAL may have failed to start. @return -EINVAL. */
int preflight_explain(struct problem *p);

/** Say how to have @p bytes for this program. */
void preflight_more_memory(const struct eal_args *eal, uint64_t bytes, char *buf, size_t size);

#endif /* SERVER_PREFLIGHT_H */
