/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef TARGET_TARGET_H
#define TARGET_TARGET_H

/**
 * @file
 * The target executes request records against memory. It runs in the memory node, and in any
 * process that exports memory.
 *
 * One `struct target` is shared; one `struct target_worker` belongs to each thread that polls
 * endpoints, and is the handler context of those endpoints (target_handler). Data operations run
 * at once, on the worker that received them. Operations on a pool's allocator run on the pool's
 * home worker, pool id modulo the number of workers; others hand them over on rings. Operations
 * that reserve or release memory run on the control thread (target_control_poll()). Locks are at
 * home with worker 0.
 */

#include <stdint.h>

#include "base/clock.h"
#include "rdp/rdp.h"

struct comm;
struct mem;
struct sync;
struct target;
struct target_worker;

struct target_conf {
	struct mem *mem;
	struct sync *sync;    /**< lock table, whose home is worker 0 then; NULL: no locks */
	struct comm *comm;    /**< inboxes, at home with them; NULL: none */
	unsigned int nb_refs; /**< messages in memory at a time, as `comm` was made for */
	struct clock clock;   /**< that of the endpoints */
	unsigned int nb_workers;
	bool mapped; /**< other processes map the memory and use atomics on it, too */
	int socket_id;
	/**
	 * ns that a node may be without a session before memory that ends with its owners does.
	 * 0: TARGET_GRACE_NS.
	 */
	uint64_t owner_grace_ns;
};

#define TARGET_GRACE_NS UINT64_C(5000000000)

/** @return 0, -EINVAL, -ENOMEM. Slow. */
int target_create(const struct target_conf *conf, struct target **target);
void target_destroy(struct target *target);

/** Context of worker @p index, 0 to nb_workers - 1. */
struct target_worker *target_worker_at(struct target *target, unsigned int index);

/** Handler of the endpoints of a worker; its context is the target_worker. */
extern const struct rdp_handler target_handler;

/**
 * Once per turn of a worker, in front of rdp_poll() of its endpoints and behind rdp_flush() of the
 * turn before, when no frame borrows memory: serve what other workers and the control thread
 * handed over, finish frees, report a quiescent state.
 * @return work done.
 */
uint32_t target_worker_poll(struct target_worker *w);

/** The worker's thread starts or stops polling; what it does not report is not waited for. */
void target_worker_online(struct target_worker *w);
void target_worker_offline(struct target_worker *w);

/**
 * Serve operations that reserve or release memory. Called by one thread that may sleep, a few
 * times a millisecond; takes as long as the system needs to map memory.
 * @return operations served.
 */
uint32_t target_control_poll(struct target *target);

/** Counters of a worker; free-running, written by it, read by anyone. */
struct target_stats {
	uint64_t ops[64];   /**< by enum wire_op */
	uint64_t op_errors; /**< operations that ended with a status other than OK */
	uint64_t bytes_read, bytes_written;
	uint64_t handed_over; /**< operations given to another worker or the control thread */
	uint64_t busy;        /**< operations refused because the hand-over table was full */
	uint64_t malformed;
	uint64_t reaped; /**< allocations freed because their owners have gone */
	uint64_t reaped_bytes;
};

const struct target_stats *target_worker_stats(const struct target_worker *w);

/** What a pool did by itself, as its creation told it to. */
struct target_policy_stats {
	uint64_t grown;  /**< times, for an allocation that did not fit included */
	uint64_t shrunk; /**< times */
	uint64_t failed; /**< to grow: no memory, or no room for another extent */
};

/** Of the thread that calls target_control_poll(). NULL: no such pool id. */
const struct target_policy_stats *target_policy_stats(const struct target *target, uint16_t pool);

#endif /* TARGET_TARGET_H */
