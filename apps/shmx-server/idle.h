/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_IDLE_H
#define SERVER_IDLE_H

/**
 * @file
 * What a worker does when a turn found nothing to do. The only place of its loop that may make a
 * system call, and only if the user chose so.
 */

#include "server.h"

/** Prepare the calling thread for the worker's policy. @return 0 or -errno. */
int idle_begin(struct worker *w);
void idle_end(struct worker *w);

/** After an idle turn. @return whether the worker slept. */
bool idle_turn(struct worker *w);

/** After a busy turn that followed idle ones. */
void idle_over(struct worker *w);

#endif /* SERVER_IDLE_H */
