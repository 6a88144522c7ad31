/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CTL_PLACE_H
#define CTL_PLACE_H

#include "ctl.h"
#include "words.h"

/** Open a pool by name, so that its addresses are known. @return CTL_DONE, or another after a line.
 */
enum ctl_exit pool_find(struct ctl *c, const char *name, uint16_t *pool);

/**
 * Find the address of a place, and open its pool.
 * @param[out] left bytes from there to the end of the allocation; 0: not known
 * @return likewise.
 */
enum ctl_exit place_find(struct ctl *c, struct place *place, uint64_t *left);

#endif /* CTL_PLACE_H */
