/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_POOLS_H
#define SERVER_POOLS_H

#include "server.h"

/**
 * The memory of the node, with the pools that the options ask for. With --memory-dir those that an
 * earlier server left there are as they were, also those that the options do not name.
 * @return 0, or -EINVAL with a problem.
 */
int pools_create(struct server *s, struct problem *p);
void pools_destroy(struct server *s);

#endif /* SERVER_POOLS_H */
