/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../common/link_options.h"
#include "../common/option.h"
#include "fault/spec.h"

/** In the order of workload_names[]. */
enum workload_id {
	WORKLOAD_RAW,
	WORKLOAD_GET,
	WORKLOAD_PUT,
	WORKLOAD_FAA,
	WORKLOAD_CAS,
	WORKLOAD_ALLOC,
	WORKLOAD_MIX,
	WORKLOAD_LOCK,
	WORKLOAD_LOCKN,
	WORKLOAD_SIGNAL,
	WORKLOAD_MSG,
	WORKLOAD_BARRIER,
	WORKLOAD_BCAST,
};

extern const char *const workload_names[];

enum pattern {
	PATTERN_RANDOM,
	PATTERN_SEQUENTIAL,
};

enum beside_op {
	BESIDE_PUT,
	BESIDE_GET,
};

enum bcast_to {
	BCAST_ALL,
	BCAST_SET,
};

#define NODES_MAX   64 /**< of one barrier: SHMX_NODES_MAX */
#define RECEIVERS   63 /**< of a broadcast: each has a queue of the port, and so has the sender */
#define WINDOW_FULL 0  /**< as many operations as the endpoint takes */
#define COUNT_NONE  UINT64_MAX

struct options {
	struct link_options link;
	int workload;  /**< enum workload_id */
	int baseline;  /**< likewise; of --pairs */
	uint64_t size; /**< 0: what suits the workload */
	uint32_t window;
	uint32_t burst;
	bool no_coalesce;
	int cc;  /**< enum shmx_cc */
	int crc; /**< 0 as the port suggests, 1 on, 2 off */
	int pattern;
	uint64_t span;
	uint32_t live;
	uint32_t locks;
	bool shared;
	const char *meeting;       /**< NULL: not given */
	uint16_t nodes[NODES_MAX]; /**< of `meeting`, of a barrier */
	uint32_t nb_nodes;
	uint32_t receivers; /**< of a broadcast; 0: it is not measured, and there are none */
	int to;             /**< enum bcast_to */
	uint64_t beside;    /**< bytes of transfers that go on beside the workload; 0: none */
	int beside_op;      /**< enum beside_op */
	uint32_t worker;    /**< of the memory node's port; 0: any */
	bool greedy;
	uint32_t idle_sessions; /**< beside the one that works */
	uint32_t flood;         /**< handshakes of strangers a second, beside it */
	double seconds;         /**< negative: default */
	double warmup;          /**< negative: default */
	uint64_t count;
	uint32_t pairs;
	const char *pool;
	const char *word;
	struct option_bytes expect;
	double drop;
	uint64_t drop_seed; /**< 0: from the clock */
	struct fault_settings fault;
	struct fault_settings baseline_fault; /**< while the baseline is measured; else as above */
	bool interactive;
	bool check;
	bool json;
	bool quiet;
	bool help;
};

/**
 * Read the program's own options, those behind `--`. The texts stay in @p argv.
 * @return 0, or -EINVAL after a line on standard error that says what to do.
 */
int options_parse(struct options *o, int argc, char **argv);

/** Bytes that an operation of that workload moves, which is the one that is measured or the
 * baseline. */
uint64_t options_size(const struct options *o, enum workload_id id);

/** Whether the baseline of pairs has faults of its own. */
bool options_baseline_faults(const struct options *o);

/** The screen of --help. */
void options_help(void);

#endif /* BENCH_OPTIONS_H */
