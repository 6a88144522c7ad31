/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "bench.h"
#include "plan.h"

/** What is measured, with which options. */
void report_header(const struct bench *b, const struct outcome *out);

/** A pair that has just been measured: baseline and workload. */
void report_pair(const struct options *o, const struct outcome *out, const struct result slice[2]);

/** The line that was written over and over is over. */
void report_live_end(const struct options *o);

/** The table at the end, and the ratios. */
void report_table(const struct options *o, const struct outcome *out);

/** All of it as one JSON object; keys are described in doc/bench.md. */
void report_json(const struct bench *b, const struct outcome *out);

#endif /* BENCH_REPORT_H */
