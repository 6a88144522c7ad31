/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_LOCK_TABLE_H
#define SERVER_LOCK_TABLE_H

#include "server.h"

/** Create the lock table. @return 0, or a negative errno with a problem. */
int lock_table_create(struct server *s, struct problem *p);

/** Free it; good without one, too. */
void lock_table_destroy(struct server *s);

#endif /* SERVER_LOCK_TABLE_H */
