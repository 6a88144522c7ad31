/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef FAULT_FAULT_H
#define FAULT_FAULT_H

/**
 * @file
 * Faults on purpose, on any port, below everything that polls it: losing, doubling, reordering,
 * delaying and damaging frames, from a seed.
 *
 * It sits in per-queue callbacks of the Ethernet device. They are there while a fault is set, and
 * otherwise not: then it costs nothing. Receive and transmit queue of one number have to be
 * polled by the same thread, for frames that wait to be sent leave with the receive polls.
 *
 * The calls here are slow control: any thread, also while the queues are polled, but for
 * fault_destroy().
 */

#include <stdint.h>

#include "fault/spec.h"
#include "fault/stats.h"

struct fault;

/** For the queue pairs 0 to @p nb_queues - 1 of a port. Nothing is set. @return NULL: no memory. */
struct fault *fault_create(uint16_t port_id, uint16_t nb_queues);

/**
 * Nobody polls the port any more, and it is still started. What waited to be sent is sent as far
 * as the port takes it, all else that was held is freed. NULL is allowed.
 */
void fault_destroy(struct fault *f);

/**
 * Set the directions that @p settings names; the others go on as they are. Each polling thread
 * takes it over with its next poll. Sequences and the time of a black hole begin anew then; what
 * is held stays held until its time, or, when all faults of its direction are off, is delivered
 * at once. When the last fault goes, waits up to 100 ms for that, and takes the callbacks out.
 * A seed of 0 is replaced by one that fault_get() tells.
 * @return 0, -ENOMEM, or what ethdev said: then nothing has changed.
 */
int fault_set(struct fault *f, const struct fault_settings *settings);

/** The settings in force. */
void fault_get(struct fault *f, struct fault_settings *settings);

/** What was done in one direction, since the last fault_stats_clear(). NULL: zeros. Never waits,
 * so polling threads may call it, too. */
void fault_stats_get(struct fault *f, enum fault_dir dir, struct fault_stats *stats);

/** The same of one queue, since the start. */
void fault_queue_stats_get(
	struct fault *f, uint16_t queue, enum fault_dir dir, struct fault_stats *stats);

/** Count from here on. */
void fault_stats_clear(struct fault *f);

#endif /* FAULT_FAULT_H */
