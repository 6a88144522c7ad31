/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

/**
 * @file
 * The running server. Made and taken apart by the main lcore; while workers run, what is not
 * marked otherwise stays as it is.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "ask.h"
#include "base/clock.h"
#include "../common/fault_ports.h"
#include "eal_args.h"
#include "echo.h"
#include "options.h"
#include "../common/problem.h"
#include "rdp/neigh.h"

struct comm;
struct mem;
struct mem_provider;
struct port;
struct rdp_ep;
struct sync;
struct target;
struct target_worker;

struct server_port {
	const struct port_options *options;
	struct port *port;
	struct neigh_table *neigh; /**< any worker of the port */
	struct fault *fault;
	struct handover *handover; /**< likewise; NULL: one queue */
};

/** A queue pair of a port with its endpoint; belongs to one worker. */
struct server_pair {
	struct echo_queue io; /**< the worker */
	struct rdp_ep *ep;    /**< the worker, but for its counters */
	struct server_port *port;
	uint16_t queue;
	uint16_t worker; /**< index */
} __rte_cache_aligned;

/** What one worker lcore does. */
struct worker {
	struct target_worker *target;
	struct server_pair **pairs;
	unsigned int nb_pairs;
	unsigned int lcore;
	const struct options *options;
	bool stop; /**< set by the main lcore */

	/* Written by the worker, counters read by anyone. */
	__rte_cache_aligned uint64_t turns;
	uint64_t busy_cycles; /**< of turns that found work */
	uint64_t idle_cycles; /**< of the others, and of sleeping */
	uint64_t sleeps;
	uint64_t last_tsc;
	bool was_busy;       /**< what the time since last_tsc is charged to */
	uint32_t idle_turns; /**< in a row */
	uint32_t sleep_us;   /**< the next sleep in mode sleep */
	bool armed;          /**< receive interrupts are on */

	__rte_cache_aligned struct ask ask; /**< telemetry and the worker */
} __rte_cache_aligned;

struct server {
	const struct options *options;
	const struct eal_args *eal;
	struct clock clock;
	uint64_t epoch;             /**< start of this process, ns of the wall clock */
	struct mem_provider *store; /**< files of --memory-dir; NULL: memory is EAL's */
	bool started;               /**< then what was made in the store stays */
	struct mem *mem;
	bool mem_made;                    /**< not adopted */
	uint16_t made[OPTIONS_POOLS_MAX]; /**< pools, at the start */
	unsigned int nb_made;
	struct sync *sync; /**< worker 0; NULL: no locks */
	bool sync_made;    /**< not adopted */
	struct comm *comm; /**< worker 0; NULL: no inboxes */
	struct target *target;
	struct server_port ports[OPTIONS_PORTS_MAX];
	unsigned int nb_ports;
	struct fault_ports faults; /**< of all ports, for prompt and telemetry */
	struct server_pair *pairs;
	unsigned int nb_pairs;
	struct worker *workers;
	unsigned int nb_workers;
	struct ask ask; /**< telemetry and the main lcore */
};

#endif /* SERVER_SERVER_H */
