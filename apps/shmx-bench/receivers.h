/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_RECEIVERS_H
#define BENCH_RECEIVERS_H

/**
 * @file
 * Other nodes in this process, which have inboxes and hear what is sent to several: --receivers.
 * Each has an endpoint on a queue of its own, and the id behind the one before; the first comes
 * behind this node. All are polled by the lcore that measures, so that there is one clock.
 */

#include "bench.h"

struct receiver {
	struct shmx_ep *ep;
	shmx_session_t session;
	bool connected;
	uint16_t node;
	uint32_t inbox; /**< bytes; 0: none is open */
	uint32_t come;  /**< the workload's: messages that it has got */
};

struct receivers {
	uint32_t nb;
	struct receiver at[];
};

/** Endpoints and sessions, if the options ask for them. @return 0, or negative after a line. */
int receivers_open(struct bench *b);

/** Give each an inbox for so many messages, or a larger one. @return likewise. */
int receivers_inboxes(struct bench *b, uint32_t messages, uint64_t size);

/** While another workload runs: answers and keep-alives. */
void receivers_rest(struct bench *b);

void receivers_close(struct bench *b);

#endif /* BENCH_RECEIVERS_H */
