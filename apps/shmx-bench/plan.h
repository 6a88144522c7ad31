/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include "bench.h"
#include "result.h"

/** What a workload and its baseline are compared by. */
enum metric {
	METRIC_RATE,      /**< operations per second; more is better */
	METRIC_BANDWIDTH, /**< bytes per second; more is better */
	METRIC_RTT,       /**< median round trip; less is better */
};

extern const char *const metric_names[];

/** All that was measured. */
struct outcome {
	struct result workload;
	struct result baseline; /**< with pairs only */
	enum metric metric;
	uint32_t nb_pairs;
	double *ratios; /**< workload by baseline, of each pair */
	double median, min, max;
	double stream_ns; /**< what one address costs the bench itself */
	bool done;        /**< nothing failed */
	uint64_t word;    /**< with --word: its value at the end */
};

/**
 * Connect if the workloads need it, measure what the options ask for, verify.
 * @return 0, or negative after a line that says why; @p outcome then holds what there is.
 */
int plan_run(struct bench *b, struct outcome *outcome);
void outcome_free(struct outcome *outcome);

#endif /* BENCH_PLAN_H */
