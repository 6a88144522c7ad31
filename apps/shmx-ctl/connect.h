/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CTL_CONNECT_H
#define CTL_CONNECT_H

#include "ctl.h"
#include "table.h"

/** Start EAL, open the port, connect to the memory node. ctl_close() follows, whatever it returns.
 * @return CTL_DONE, or another after a line. */
enum ctl_exit ctl_open(struct ctl *c);

/** Everything in reverse. */
void ctl_close(struct ctl *c);

/**
 * Tell in one line why an operation failed, and what to do about it.
 * @param what was to be done, and on what
 * @param status a negative errno of a call or an event
 */
enum ctl_exit ctl_explain(const struct ctl *c, const char *what, int status);

/** Wait for an operation that has no synchronous call: @p ret is what its start returned. */
int ctl_wait(struct ctl *c, int ret, uint64_t cookie, struct shmx_event *event);

/** Print one row alone: table_object(). */
enum ctl_exit ctl_object(const struct ctl *c, const struct column *columns, unsigned int nb_columns,
	const union cell *cells);

#endif /* CTL_CONNECT_H */
