/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_INBOX_H
#define BENCH_INBOX_H

/**
 * @file
 * Inboxes: of this node, and of the receivers beside it. What the workloads send to this node goes
 * to the memory node and from there to the node itself: the way is the same as to another node, and
 * both ends have one clock.
 */

#include "bench.h"

/** Messages of that size that may be on their way at once. */
uint32_t inbox_most(uint64_t size);

/**
 * Open it, or a larger one in place of one that is open, which is empty.
 * @param messages of @p size bytes that may be on their way at once
 * @return 0, or negative after a line that says why.
 */
int inbox_open(struct bench *b, uint32_t messages, uint64_t size);

/** A session that has an inbox, or will. */
struct inbox_seat {
	struct shmx_ep *ep;
	shmx_session_t session;
	uint32_t node;
	uint32_t *bytes;  /**< of the inbox; 0: none is open */
	const char *what; /**< to say when it cannot be opened: "opening the inbox" */
};

/** The same for any session. Waits for one that a killed run left behind to be closed. */
int inbox_open_at(
	const struct bench *b, const struct inbox_seat *seat, uint32_t messages, uint64_t size);

/** Close it, if it is open. */
void inbox_close_at(const struct inbox_seat *seat);
void inbox_close(struct bench *b);

#endif /* BENCH_INBOX_H */
