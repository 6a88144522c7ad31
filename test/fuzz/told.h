/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef TOLD_H
#define TOLD_H

/**
 * What the layer above knows of the sessions of its endpoint. Every attempt to connect ends in one
 * opened(), every session that was opened in one closed(), unless the layer above closed it
 * itself; and there is no session that nobody was told of.
 */

#include "fuzz.h"
#include "rdp/node.h"

struct told {
	int attempts; /* to connect, without an answer */
	int open;
};

/** rdp_connect() said 0. */
void told_connecting(struct told *t);

/** The handler's opened() and closed(). */
void told_opened(struct told *t, const struct rdp_session *s, int status);
void told_closed(struct told *t, const struct rdp_session *s, int status);

/** Before rdp_close(). */
void told_closing(struct told *t, const struct rdp_session *s);

/** Between two turns of the endpoint. */
void told_check(const struct told *t, const struct node *node);

#endif /* TOLD_H */
