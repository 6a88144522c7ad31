/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_TABLES_H
#define SERVER_TABLES_H

#include "server.h"

/** Create what locks and inboxes take. @return 0, or a negative errno with a problem. */
int tables_create(struct server *s, struct problem *p);

/** Free it; good without, too. */
void tables_destroy(struct server *s);

#endif /* SERVER_TABLES_H */
