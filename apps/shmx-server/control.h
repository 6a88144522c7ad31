/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include "server.h"

/** From now on SIGTERM, SIGINT and SIGHUP end control_run(), also when they come before it. */
void control_catch_signals(void);

/** Whether one of them has come. */
bool control_stop_asked(void);

/**
 * What the main lcore does while the workers work: operations that reserve or release memory,
 * figures, answers for telemetry; sleeping otherwise.
 * @return 0 after a signal, -EINVAL with a problem when a worker has given up.
 */
int control_run(struct server *s, struct problem *p);

#endif /* SERVER_CONTROL_H */
