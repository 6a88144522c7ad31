/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_PORTS_H
#define SERVER_PORTS_H

#include "server.h"

/**
 * Open all ports, and an endpoint on each of their queue pairs, dealt out to the workers in turn.
 * Needs the target and the number of workers.
 * @return 0, or -EINVAL with a problem; its text is empty when the log has said it already.
 */
int ports_open(struct server *s, struct problem *p);

/** Undo ports_open(), wherever it stopped. Nobody polls any more. */
void ports_close(struct server *s);

#endif /* SERVER_PORTS_H */
