/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include <stdint.h>

#include <rte_cycles.h>

#include "base/histogram.h"
#include "fault/spec.h"
#include "fault/stats.h"

/** What one workload did in the time it was measured; of several slices, the sum. */
struct result {
	const char *name;
	uint64_t ops;          /**< completed without error; raw: frames echoed */
	uint32_t fan_out;      /**< nodes that each has reached */
	uint64_t errors;       /**< completed with an error status */
	uint64_t bytes;        /**< moved, in the direction of the data; raw: frame bytes one way */
	uint64_t beside_bytes; /**< moved by transfers beside */
	uint64_t ticks;        /**< measured */
	uint64_t retransmits;
	uint64_t dropped;         /**< on purpose */
	uint64_t flooded;         /**< handshakes of strangers sent beside it */
	uint64_t lost;            /**< raw: frames that never came back */
	uint64_t busy, idle;      /**< ns of polls that did work, and that did not */
	struct histogram latency; /**< ticks, of the sampled operations */
	struct fault_stats fault[FAULT_DIRS];
};

static inline void
result_init(struct result *r, const char *name)
{
	memset(r, 0, sizeof(*r));
	histogram_reset(&r->latency);
	r->name = name;
	r->fan_out = 1;
}

static inline double
result_seconds(const struct result *r)
{
	return (double)r->ticks / (double)rte_get_tsc_hz();
}

static inline double
result_rate(const struct result *r)
{
	return r->ticks > 0 ? (double)r->ops / result_seconds(r) : 0;
}

/** Messages that came, a second. */
static inline double
result_delivered(const struct result *r)
{
	return result_rate(r) * r->fan_out;
}

static inline double
result_bandwidth(const struct result *r)
{
	return r->ticks > 0 ? (double)r->bytes / result_seconds(r) : 0;
}

static inline double
result_beside(const struct result *r)
{
	return r->ticks > 0 ? (double)r->beside_bytes / result_seconds(r) : 0;
}

static inline double
ticks_to_us(uint64_t ticks)
{
	return (double)ticks * 1e6 / (double)rte_get_tsc_hz();
}

/** Microseconds that a fraction @p q of the operations did not exceed. */
static inline double
result_quantile(const struct result *r, double q)
{
	return ticks_to_us(histogram_quantile(&r->latency, q));
}

static inline double
result_average(const struct result *r)
{
	return r->latency.count > 0 ? ticks_to_us(r->latency.sum) / (double)r->latency.count : 0;
}

/** Add what faults did between two moments. */
void result_add_faults(struct result *r, const struct fault_stats before[FAULT_DIRS],
	const struct fault_stats after[FAULT_DIRS]);

/** Add a slice of the same workload. */
void result_add(struct result *to, const struct result *slice);

#endif /* BENCH_RESULT_H */
