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

/* Sessions that the layer above began itself are marked in rdp_session.user: the one that the
 * other end asks for at the same time may take its place. */
struct told {
	int attempts; /* to connect, without an answer */
	int open;
};

/** rdp_connect() said 0 and gave @p s. */
void told_connecting(struct told *t, struct rdp_session *s);

/** The handler's opened() and closed(). */
void told_opened(struct told *t, struct rdp_session *s, int status);
void told_closed(struct told *t, const struct rdp_session *s, int status);

/** Before rdp_close(). */
void told_closing(struct told *t, const struct rdp_session *s);

/** Between two turns of the endpoint. */
void told_check(const struct told *t, const struct node *node);

#endif /* TOLD_H */
