/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_STORE_H
#define SERVER_STORE_H

#include "server.h"

/**
 * @file
 * The directory of --memory-dir, whose files outlive the server.
 */

/** Take hold of it, if there is to be one: s->store. @return 0, or -EINVAL with a problem. */
int store_open(struct server *s, struct problem *p);
void store_close(struct server *s);

/** Say why @p what could not be made or found in it, which the provider or its reader calls @p err.
 * @return -EINVAL. */
int store_complain(const struct server *s, const char *what, int err, struct problem *p);

#endif /* SERVER_STORE_H */
