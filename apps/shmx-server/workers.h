/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_WORKERS_H
#define SERVER_WORKERS_H

#include "server.h"

/** One for each worker lcore of EAL. @return 0, or -EINVAL with a problem. */
int workers_count(struct server *s, struct problem *p);

/** The workers that were counted, and the target they share. @return as above. */
int workers_create(struct server *s, struct problem *p);
void workers_destroy(struct server *s);

/** Let them poll. */
void workers_launch(struct server *s);

/** Whether all of them do; one that cannot has said why. */
bool workers_running(const struct server *s);

/** Have them close their sessions and return, and wait for it. */
void workers_stop(struct server *s);

#endif /* SERVER_WORKERS_H */
