/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_RAW_H
#define BENCH_RAW_H

/**
 * @file
 * The baseline: plain Ethernet frames that the memory node sends back, with no protocol on
 * either side. It is the bar for everything else, so nothing is done for a frame that the best
 * simple program would not do.
 */

#include <stdint.h>

#include "bench.h"
#include "result.h"

/** EtherType of the frames: the first local experimental one of IEEE 802. */
#define RAW_ETHER_TYPE 0x88b5

/** What the baseline of a workload is made of. */
struct raw_conf {
	uint16_t size;   /**< bytes of a frame, without its check sum */
	uint16_t window; /**< frames on their way; 1 measures each round trip */
	double warmup, seconds;
};

struct raw;

/**
 * Learn the memory node's Ethernet address and the pool to take frames from. The endpoint must
 * not be polled by anyone else from here to raw_run()'s return.
 * @return NULL after a line that says why.
 */
struct raw *raw_create(struct bench *b);
void raw_destroy(struct raw *raw);

/**
 * Measure. An endpoint of the bench is polled now and then, outside the measured time, so that
 * its session stays alive; when this returns, no raw frame is on its way any more.
 * @param result begun with result_init()
 * @return 0, or negative after a line that says why.
 */
int raw_run(struct raw *raw, const struct raw_conf *conf, struct result *result);

/** The frames to compare a workload of the options with. */
void raw_conf_for(const struct bench *b, struct raw_conf *conf);

#endif /* BENCH_RAW_H */
