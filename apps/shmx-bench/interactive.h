/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_INTERACTIVE_H
#define BENCH_INTERACTIVE_H

#include "bench.h"

/**
 * Measure on a worker lcore, and have a prompt on this one meanwhile. `quit` ends the measurement
 * early, the end of the input ends the prompt alone.
 * @return what @p measure returned, or negative after a line that says why it did not run.
 */
int interactive_run(struct bench *b, int (*measure)(void *bench));

#endif /* BENCH_INTERACTIVE_H */
