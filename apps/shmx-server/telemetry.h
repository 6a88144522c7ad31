/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_TELEMETRY_H
#define SERVER_TELEMETRY_H

#include "server.h"

/**
 * Answer /shmx/... on EAL's telemetry socket from now on. The calls run on threads of the
 * telemetry library: they read plain counters, and for what comes and goes (sessions, pools) they
 * ask the thread it belongs to.
 */
void telemetry_begin(struct server *s);

/** Answer no more; returns when no call is under way. */
void telemetry_end(void);

#endif /* SERVER_TELEMETRY_H */
