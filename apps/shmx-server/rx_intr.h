/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_RX_INTR_H
#define SERVER_RX_INTR_H

/**
 * @file
 * Waiting for frames instead of looking for them, where the port's driver can.
 */

#include "server.h"

/** Whether the port of a pair can interrupt. @return 0, or -EINVAL with a problem. */
int rx_intr_check(const struct server_pair *pair, struct problem *p);

/** Let the queues of a worker wake its thread; called by that thread, once. @return 0 or -errno. */
int rx_intr_join(struct worker *w);
void rx_intr_leave(struct worker *w);

/** Have the ports interrupt from now on, or not any more. Look for frames after switching on. */
void rx_intr_arm(struct worker *w, bool on);

/** Sleep until a port interrupts, or @p timeout_ms have passed. */
void rx_intr_wait(struct worker *w, int timeout_ms);

#endif /* SERVER_RX_INTR_H */
