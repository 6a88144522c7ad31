/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_pause.h>

#include "../common/fail.h"
#include "flood.h"
#include "run.h"

#define EVENTS        128
#define SLOTS_DEFAULT 4096
#define BUFFERS_MAX   (8u << 20) /* of all slots: as much as a second-level cache or two */
#define SLOTS_MIN     4
#define DRAIN_S       10

static const struct workload *const workloads[] = {
	[WORKLOAD_GET] = &workload_get,
	[WORKLOAD_PUT] = &workload_put,
	[WORKLOAD_FAA] = &workload_faa,
	[WORKLOAD_CAS] = &workload_cas,
	[WORKLOAD_ALLOC] = &workload_alloc,
	[WORKLOAD_MIX] = &workload_mix,
	[WORKLOAD_LOCK] = &workload_lock,
	[WORKLOAD_LOCKN] = &workload_lockn,
	[WORKLOAD_SIGNAL] = &workload_signal,
	[WORKLOAD_MSG] = &workload_msg,
	[WORKLOAD_BARRIER] = &workload_barrier,
	[WORKLOAD_BCAST] = &workload_bcast,
};

/* A full window of large operations: as many as keep the port busy, within reason. */
static uint32_t
slots_wanted(const struct options *o, const struct workload *workload, uint64_t size)
{
	uint64_t n = o->window;

	if (n == WINDOW_FULL)
		n = RTE_MAX(
			RTE_MIN(BUFFERS_MAX / size, (uint64_t)SLOTS_DEFAULT), (uint64_t)SLOTS_MIN);
	if (o->workload == WORKLOAD_ALLOC)
		n = RTE_MIN(n, o->live);
	if (workload->most != NULL)
		n = RTE_MIN(n, workload->most(o));
	return (uint32_t)n;
}

static void
slots_init(struct run *run)
{
	for (uint32_t i = 0; i < run->nb_slots; i++)
		run->free_slots[i] = run->nb_slots - 1 - i;
	run->nb_free = run->nb_slots;
}

static bool
run_memory(struct run *run)
{
	uint32_t n = run->nb_slots;

	run->slots = rte_zmalloc("slots", n * sizeof(*run->slots), RTE_CACHE_LINE_SIZE);
	run->free_slots = rte_zmalloc("free", n * sizeof(*run->free_slots), RTE_CACHE_LINE_SIZE);
	run->buffers = rte_zmalloc("buffers", n * run->buffer_stride, RTE_CACHE_LINE_SIZE);
	return run->slots != NULL && run->free_slots != NULL && run->buffers != NULL;
}

static uint32_t
sample_every(const struct run *run)
{
	return run->nb_slots == 1 || run->size >= SAMPLE_ALL ? 1 : SAMPLE_EVERY;
}

static void
run_init(struct run *run, struct bench *b, enum workload_id id)
{
	const struct workload *workload = workloads[id];
	const struct options *o = &b->opt;

	run->bench = b;
	run->ep = b->ep;
	run->workload = workload;
	run->size = options_size(o, id);
	run->buffer_stride = RTE_ALIGN_CEIL(run->size, 8);
	run->nb_slots = slots_wanted(o, workload, run->buffer_stride);
	run->burst = o->burst;
	run->sample_mask = sample_every(run) - 1;
	run->check = o->check;
	run->done = o->check || workload->stateful ? workload->done : NULL;
	run->go_on = workload->go_on;
	run->left = o->count;
	stream_init(&run->stream, workload->atomic ? &b->counters : &b->data, run->size, o->pattern,
		o->link.node);
}

struct run *
run_create(struct bench *b, enum workload_id id)
{
	struct run *run = rte_zmalloc("run", sizeof(*run), RTE_CACHE_LINE_SIZE);

	if (run == NULL) {
		fail("out of memory: give EAL more with -m");
		return NULL;
	}
	run_init(run, b, id);
	if (!run_memory(run)) {
		fail("out of memory: give EAL more with -m, or use a smaller --window or --size");
		run_destroy(run);
		return NULL;
	}
	slots_init(run);
	if (run->workload->prepare != NULL && run->workload->prepare(run) < 0) {
		run_destroy(run);
		return NULL;
	}
	return run;
}

void
run_destroy(struct run *run)
{
	if (run == NULL)
		return;
	if (run->state != NULL && run->workload->finish != NULL)
		run->workload->finish(run);
	free(run->state);
	flood_destroy(run->flood);
	beside_destroy(run);
	rte_free(run->buffers);
	rte_free(run->free_slots);
	rte_free(run->slots);
	rte_free(run);
}

static inline uint32_t
slots_busy(const struct run *run)
{
	return run->nb_slots - run->nb_free;
}

static void
count_error(struct run *run, int status)
{
	if (run->first_error == 0)
		run->first_error = status;
	run->errors++;
}

static void
event_failed(struct run *run, const struct shmx_event *ev, uint32_t slot)
{
	if (run->workload->failed != NULL)
		run->workload->failed(run, slot);
	count_error(run, ev->status);
}

void
run_failed(struct run *run, uint32_t slot, int status)
{
	count_error(run, status);
	run_complete(run, slot);
}

static inline void
event_op(struct run *run, const struct shmx_event *ev)
{
	uint32_t slot = (uint32_t)ev->cookie;

	if (unlikely((ev->cookie & COOKIE_OTHER) != 0)) {
		if ((ev->cookie & COOKIE_STEP) != 0) {
			if (run->workload->step != NULL)
				run->workload->step(run, ev);
			return;
		}
		if ((ev->cookie & COOKIE_BESIDE) != 0) {
			beside_event(run, ev);
			return;
		}
		run_timed(run, slot);
	}
	if (unlikely(ev->status != 0))
		event_failed(run, ev, slot);
	else if (run->done != NULL)
		run->done(run, slot, ev);
	run_complete(run, slot);
}

static inline void
take_events(struct run *run, const struct shmx_event *ev, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		if (likely(ev[i].type == SHMX_EV_OP))
			event_op(run, &ev[i]);
		else if (ev[i].type == SHMX_EV_PEER_DOWN)
			run->error = -ECONNRESET;
		else if (run->workload->heard != NULL)
			run->workload->heard(run, &ev[i]);
	}
}

static inline void
submit_some(struct run *run)
{
	uint32_t n = RTE_MIN(run->burst, run->nb_free), before = run->nb_free;

	n = (uint32_t)RTE_MIN(n, run->left);
	if (n == 0)
		return;
	run->workload->submit(run, n);
	run->left -= before - run->nb_free;
}

/* One turn. @return completions. */
static inline uint16_t
turn(struct run *run)
{
	struct shmx_event ev[EVENTS];
	uint16_t n;

	if (run->go_on != NULL)
		run->go_on(run);
	n = shmx_poll(run->ep, ev, EVENTS);
	take_events(run, ev, n);
	return n;
}

static bool
finished(const struct run *run)
{
	return stop || run->error != 0 || (run->left == 0 && run->nb_free == run->nb_slots);
}

/*
 * The clock is read after completions only: with a window of one, nothing stands between two
 * polls that a program waiting for its result would not do.
 */
static void
run_until(struct run *run, uint64_t end)
{
	uint64_t now;

	while (!finished(run)) {
		if (unlikely(run->flood != NULL))
			flood_turn(run->flood);
		submit_some(run);
		if (turn(run) == 0 && slots_busy(run) > 0) {
			rte_pause();
			continue;
		}
		now = rte_rdtsc();
		if (unlikely(now >= run->live_ticks))
			run_live(run, now);
		if (now >= end)
			break;
	}
}

/* Without an answer, the session's end completes what is outstanding: the time is a backstop. */
static void
run_drain(struct run *run)
{
	uint64_t end = rte_rdtsc() + DRAIN_S * rte_get_tsc_hz();

	while (slots_busy(run) + run->beside.open > 0 && rte_rdtsc() < end)
		turn(run);
	if (slots_busy(run) + run->beside.open > 0 && run->error == 0)
		run->error = -ETIMEDOUT;
}

struct snapshot {
	struct shmx_ep_stats stats;
	struct fault_stats fault[FAULT_DIRS];
	uint64_t completed, errors, beside, flooded, ticks;
};

static void
snapshot_take(const struct run *run, struct snapshot *s)
{
	shmx_ep_stats_get(run->ep, &s->stats);
	bench_fault_stats(run->bench, s->fault);
	s->completed = run->completed;
	s->errors = run->errors;
	s->flooded = run->flood != NULL ? flood_sent(run->flood) : 0;
	s->beside = run->beside.completed;
	s->ticks = rte_rdtsc();
}

static uint64_t
bytes_per_op(const struct run *run)
{
	return run->workload->moves_size || run->workload->atomic ? run->size : 0;
}

static void
snapshot_result(
	const struct run *run, const struct snapshot *a, const struct snapshot *b, struct result *r)
{
	uint64_t errors = b->errors - a->errors;
	uint64_t completed = b->completed - a->completed;

	r->errors = errors;
	r->ops = completed - errors;
	r->fan_out = run->workload->fan_out != NULL ? run->workload->fan_out(&run->bench->opt) : 1;
	r->bytes = r->ops * bytes_per_op(run);
	r->beside_bytes = (b->beside - a->beside) * run->bench->opt.beside;
	r->ticks = b->ticks - a->ticks;
	r->flooded = b->flooded - a->flooded;
	r->retransmits = b->stats.tx_retransmit - a->stats.tx_retransmit;
	result_add_faults(r, a->fault, b->fault);
	r->busy = b->stats.busy_ns - a->stats.busy_ns;
	r->idle = b->stats.idle_ns - a->stats.idle_ns;
}

static uint64_t
ticks_from_now(double seconds)
{
	return rte_rdtsc() + (uint64_t)(seconds * (double)rte_get_tsc_hz());
}

int
run_measure(struct run *run, double warmup, double seconds, struct result *result)
{
	struct snapshot before, after;

	run->latency = NULL;
	run->live_ticks = UINT64_MAX;
	beside_begin(run);
	if (warmup > 0)
		run_until(run, ticks_from_now(warmup));
	run->latency = &result->latency;
	snapshot_take(run, &before);
	run->live_ops = run->completed;
	run->live_ticks = ticks_from_now(1);
	run_until(run, run->bench->opt.count != COUNT_NONE ? UINT64_MAX : ticks_from_now(seconds));
	snapshot_take(run, &after);
	run->latency = NULL;
	beside_end(run);
	run_drain(run);
	snapshot_result(run, &before, &after, result);
	if (run->error != 0)
		return bench_explain(run->bench, run->workload->name, run->error);
	return 0;
}

int
run_verify(struct run *run)
{
	bool wanted = run->check || run->bench->opt.word != NULL;
	int ret = 0;

	if (run->errors > 0)
		return fail("%" PRIu64 " operations failed; the first: %s", run->errors,
			rte_strerror(-run->first_error));
	if (wanted && run->workload->verify != NULL)
		ret = run->workload->verify(run);
	if (ret < 0)
		return bench_explain(run->bench, "check", ret);
	if (run->wrong > 0)
		return fail("check failed: %" PRIu64 " results are not what they have to be",
			run->wrong);
	return 0;
}

void
run_wrong(struct run *run, shmx_addr_t addr, uint64_t is, uint64_t expected)
{
	if (run->wrong++ == 0)
		fail("%s: at %016" PRIx64 " is %016" PRIx64 ", expected %016" PRIx64,
			run->workload->name, addr, is, expected);
}
