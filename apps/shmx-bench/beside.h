/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_BESIDE_H
#define BENCH_BESIDE_H

#include <stdint.h>

#include <shmx.h>

struct run;

#define BESIDE_TRANSFERS 2 /**< at a time, so that there always is one */

/** Large transfers that go on and on beside the operations that are measured. */
struct beside {
	uint8_t *buffers; /**< NULL: there are none */
	uint32_t open;
	bool going;
	uint64_t completed;
};

/** @return 0, or negative after a line that says why. */
int beside_create(struct run *run);
void beside_destroy(struct run *run);

void beside_begin(struct run *run);

/** Let those that are under way be the last. */
void beside_end(struct run *run);

/** A transfer has completed. */
void beside_event(struct run *run, const struct shmx_event *ev);

#endif /* BENCH_BESIDE_H */
