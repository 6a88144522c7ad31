/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_RUN_H
#define BENCH_RUN_H

/**
 * @file
 * The loop that is measured: start operations up to the window, poll, take completions. What
 * operations these are is up to a workload.
 *
 * Each operation outstanding has a slot, whose number is its cookie; free slots form a stack, so
 * that the same few stay in the cache. One operation in SAMPLE_EVERY carries a time stamp; with a
 * window of one, or long operations, all do.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_cycles.h>

#include "bench.h"
#include "beside.h"
#include "result.h"
#include "stream.h"

#define SAMPLE_EVERY   64   /* a power of two */
#define SAMPLE_ALL     4096 /* bytes of an operation from which on all are timed */
#define COOKIE_SAMPLED (UINT64_C(1) << 32)
#define COOKIE_BESIDE  (UINT64_C(1) << 33)
#define COOKIE_STEP    (UINT64_C(1) << 34)
#define COOKIE_OTHER   (COOKIE_SAMPLED | COOKIE_BESIDE | COOKIE_STEP) /* one look finds all */

struct slot {
	uint64_t start; /**< ticks; when sampled */
	shmx_addr_t addr;
	uint64_t arg; /**< the workload's */
};

struct run;

struct workload {
	const char *name;
	bool moves_size; /**< an operation moves `size` bytes, otherwise 8 or none */
	bool atomic;     /**< an operation moves a word */
	bool stateful;   /**< done() is needed without checks, too */
	/** Once, before the first operation. @return 0, or negative after a line that says why. */
	int (*prepare)(struct run *run);
	/** Start up to @p n operations, at most run->nb_free. */
	void (*submit)(struct run *run, uint32_t n);
	/** An operation of this slot has completed without error. */
	void (*done)(struct run *run, uint32_t slot, const struct shmx_event *ev);
	/** What an operation of several steps has completed, with COOKIE_STEP, also with an error.
	 * The slot is taken until the workload calls run_complete() or run_failed(). */
	void (*step)(struct run *run, const struct shmx_event *ev);
	/** A signal or message has come; may be NULL. */
	void (*heard)(struct run *run, const struct shmx_event *ev);
	/** Once a turn, before the poll: start what a full window has put off; may be NULL. */
	void (*go_on)(struct run *run);
	/** Most operations at a time; NULL: what the options say. */
	uint32_t (*most)(const struct options *o);
	/** Nodes that each operation reaches; NULL: one. */
	uint32_t (*fan_out)(const struct options *o);
	/** An operation has completed with an error; may be NULL. */
	void (*failed)(struct run *run, uint32_t slot);
	/** After the last operation, when checks are asked for: count in run->wrong what is not as
	 * it should be. @return 0, or the status of an operation that failed. */
	int (*verify)(struct run *run);
	/** Give back what prepare() took beside run->state, which is freed; if it was set. */
	void (*finish)(struct run *run);
};

struct run {
	struct shmx_ep *ep;
	const struct workload *workload;
	void (*done)(struct run *run, uint32_t slot, const struct shmx_event *ev); /**< or NULL */
	void (*go_on)(struct run *run);                                            /**< or NULL */
	struct slot *slots;
	uint32_t *free_slots;
	uint32_t nb_free, nb_slots;
	uint32_t burst;
	uint32_t sample_mask;
	uint32_t sample;
	bool check;
	int error;     /**< of a submit call other than -EAGAIN, or of the session */
	uint64_t left; /**< operations still to be started */
	uint64_t completed, errors;
	int first_error; /**< status */
	uint64_t size;
	struct stream stream;
	uint8_t *buffers; /**< one a slot */
	uint64_t buffer_stride;
	struct histogram *latency; /**< NULL: warming up */

	/* Checks. */
	uint64_t wrong;
	uint64_t word; /**< faa: what the words add up to at the end, if verified */
	void *state;   /**< the workload's */

	struct bench *bench;
	struct flood *flood; /**< NULL: none */
	struct beside beside;
	uint64_t live_ops, live_ticks; /**< when the live line was last written */
};

/** @return NULL after a line that says why. */
struct run *run_create(struct bench *b, enum workload_id id);
void run_destroy(struct run *run);

/**
 * Warm up, measure, and wait for what is outstanding.
 * @param result begun with result_init()
 * @return 0, or negative after a line that says why.
 */
int run_measure(struct run *run, double warmup, double seconds, struct result *result);

/** Whether all went well, and the workload's own check if asked for. @return 0, or negative after a
 * line. */
int run_verify(struct run *run);

/** Called about once a second of a run, and at its end; see report.h. */
void run_live(struct run *run, uint64_t now);

/* ---- for the workloads ----------------------------------------------------------------- */

/** The slot that the next operation gets. */
static inline uint32_t
run_slot(const struct run *run)
{
	return run->free_slots[run->nb_free - 1];
}

static inline uint8_t *
run_buffer(const struct run *run, uint32_t slot)
{
	return run->buffers + slot * run->buffer_stride;
}

static inline uint64_t
run_cookie(struct run *run, uint32_t slot)
{
	if (likely((++run->sample & run->sample_mask) != 0))
		return slot;
	run->slots[slot].start = rte_rdtsc();
	return slot | COOKIE_SAMPLED;
}

/** Account for what a submit call returned. @return whether to go on. */
static inline bool
run_started(struct run *run, int ret)
{
	if (likely(ret == 0)) {
		run->nb_free--;
		return true;
	}
	if (ret != -EAGAIN)
		run->error = ret;
	return false;
}

/** The time since run_cookie() marked a slot, which an operation of several steps is to be known
 * by. */
static inline void
run_timed(struct run *run, uint32_t slot)
{
	if (run->latency != NULL)
		histogram_add(run->latency, rte_rdtsc() - run->slots[slot].start);
}

/** An operation of several steps is over. */
static inline void
run_complete(struct run *run, uint32_t slot)
{
	run->free_slots[run->nb_free++] = slot;
	run->completed++;
}

/** Likewise, with an error. */
void run_failed(struct run *run, uint32_t slot, int status);

/** One result is not what it has to be: say so once. */
void run_wrong(struct run *run, shmx_addr_t addr, uint64_t is, uint64_t expected);

/* ---- content of a region, for checks ---------------------------------------------------- */

/** The word at @p addr, of a generation of contents. */
static inline uint64_t
content_word(shmx_addr_t addr, uint64_t generation)
{
	uint64_t x = addr + generation * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/** Of a message: messages differ by what would stand in memory at different places. */
static inline shmx_addr_t
content_at(const struct run *run, uint64_t number)
{
	return number * run->buffer_stride;
}

/** Fill @p buf, which has room for @p len rounded up to eight bytes. */
void content_fill(uint8_t *buf, shmx_addr_t addr, uint64_t len, uint64_t generation);

/** Compare; counts a difference with run_wrong(). @return whether they are equal. */
bool content_check(
	struct run *run, const uint8_t *buf, shmx_addr_t addr, uint64_t len, uint64_t generation);

/** Write the contents of a generation to all of a region. @return 0 or a negative status. */
int content_put(struct bench *b, const struct region *region, uint64_t generation);

/** Go through a region in pieces that divide it. @return 0, or the status of a get. */
int content_scan(struct bench *b, const struct region *region,
	void (*piece)(void *ctx, shmx_addr_t addr, const uint8_t *data, uint64_t len), void *ctx);

extern const struct workload workload_get, workload_put, workload_faa, workload_cas, workload_alloc,
	workload_mix, workload_lock, workload_lockn, workload_signal, workload_msg,
	workload_barrier, workload_bcast;

#endif /* BENCH_RUN_H */
