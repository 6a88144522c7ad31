/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

/**
 * @file
 * What a run of the program holds: a port, perhaps an endpoint with a session, and the regions of
 * shared memory that the workloads use.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>

#include <shmx.h>
#include <shmx_sync.h>

#include "../common/fault_ports.h"
#include "../common/link.h"
#include "options.h"

struct receivers;

struct region {
	shmx_addr_t base; /**< 0: not allocated */
	uint64_t len;
	bool shared; /**< found by name, not ours to free */
};

struct bench {
	struct options opt;
	struct shmx_port *port;
	uint16_t port_id;
	struct fault *fault;
	struct fault_ports faults; /**< of the one port, for prompt and telemetry */

	/** NULL: only raw frames. Written by the lcore that measures; others load it atomically. */
	struct shmx_ep *ep;
	shmx_session_t session;
	uint16_t pool;
	bool connected;
	bool pool_open;
	bool pool_made;         /**< by us, to be destroyed at the end */
	struct region data;     /**< get, put */
	struct region counters; /**< faa, cas */
	struct region beside;   /**< --beside */
	shmx_session_t second;  /**< lockn: the other one that wants the lock */
	bool second_open;
	uint32_t inbox; /**< bytes of this node's inbox; 0: none is open. See inbox.h */
	struct receivers *receivers; /**< NULL: none. See receivers.h */
};

/** Whether the options ask for this workload, measured or as baseline. */
bool bench_uses(const struct bench *b, enum workload_id id);

/** Open the port and wait for the link. @return 0, or negative after a line that says why. */
int bench_port_open(struct bench *b);

/** Endpoint, session, pool and regions. @return likewise. */
int bench_connect(struct bench *b);

/** Those of --fault or --drop from now on, or those of --baseline-fault. @return likewise. */
int bench_faults_set(const struct bench *b, bool baseline);

/** What faults have done so far, in both directions. */
void bench_fault_stats(const struct bench *b, struct fault_stats stats[FAULT_DIRS]);

/** Everything in reverse. */
void bench_close(struct bench *b);

/** One line for an operation that failed. @return @p status. */
int bench_explain(const struct bench *b, const char *what, int status);

#endif /* BENCH_BENCH_H */
