/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>

#include "target/target_private.h"

/*
 * Memory that ends with its owners. When nodes have gone, or memory has come to some that are not
 * there, each worker waits for the grace period and then walks once through the marked allocations
 * of its pools. One is freed when no granule of it belongs to a node that is there. A long one with
 * many owners may take several turns; whatever changes it meanwhile is executed on the same worker,
 * and makes it begin with it anew.
 */

/** Pieces of allocations that are looked at in one turn of eight. */
#define REAP_STEPS 64

/** Bytes of them: at worst, two words of the map for 512 of these. */
#define REAP_SPAN (UINT64_C(4) << 20)

/** Allocations freed, and one longer than that ends the turn's share. */
#define REAP_FREES 16
#define REAP_LONG  (UINT64_C(1) << 20)

static bool
set_absent(const struct target_worker *w, uint16_t set, uint64_t now)
{
	uint64_t bits[MEM_NODES_MAX / 64];

	if (set == MEM_SET_EVERYONE || set == MEM_SET_FREE)
		return false;
	mem_set_bitmap(w->mem, set, bits, RTE_DIM(bits));
	bits[0] &= ~UINT64_C(1);
	for (unsigned int i = 0; i < RTE_DIM(bits); i++)
		for (; bits[i] != 0; bits[i] &= bits[i] - 1)
			if (!presence_absent(w->target,
				    (uint16_t)(i * 64 + (unsigned int)__builtin_ctzll(bits[i])),
				    now))
				return false;
	return true;
}

static void
pass(struct target_reap *r)
{
	r->at = r->here.addr + r->here.len;
	r->here.len = 0;
}

/* The first pool at home here, from @p pool on. */
static bool
enter_pool(struct target_worker *w, uint32_t pool)
{
	while (pool <= mem_last_pool(w->mem) && target_home(w->target, (uint16_t)pool) != w->index)
		pool++;
	w->reap.here.len = 0;
	w->reap.at = mem_addr((uint16_t)pool, 0);
	return pool <= mem_last_pool(w->mem);
}

static void
begin(struct target_worker *w)
{
	w->reap.again = false;
	w->reap.state = enter_pool(w, mem_first_pool(w->mem)) ? REAP_WALKS : REAP_IDLE;
}

/* The next marked allocation. @return whether `here` is one. */
static bool
find(struct target_worker *w)
{
	struct target_reap *r = &w->reap;
	int ret = mem_mortal_next(w->mem, r->at, &r->here);

	if (ret == 0) {
		r->next = r->here.addr;
		r->arrivals = __atomic_load_n(&w->target->presence.arrivals, __ATOMIC_ACQUIRE);
		return true;
	}
	r->here.len = 0;
	if (ret == -EAGAIN)
		r->at = r->here.addr;
	else if (!enter_pool(w, mem_addr_pool(r->at) + 1u))
		r->state = REAP_IDLE;
	return false;
}

/* One more piece of it with the same owners. @return bytes of it. */
static uint64_t
look(struct target_worker *w, uint64_t most, uint64_t now)
{
	struct target_reap *r = &w->reap;
	uint64_t left = r->here.addr + r->here.len - r->next, run = 0;
	uint16_t set;

	if (mem_own_run(w->mem, r->next, RTE_MIN(left, most), &set, &run) < 0 ||
		!set_absent(w, set, now))
		pass(r);
	else
		r->next += run;
	return run;
}

/* None of its owners is there. @return whether it is on its way. */
static bool
bury(struct target_worker *w)
{
	struct target_reap *r = &w->reap;
	struct target_job *job;

	/*
	 * Somebody may have come since it began: not to be told apart, and seldom. What was sent
	 * as a message is freed when it has been read.
	 */
	if (r->arrivals != __atomic_load_n(&w->target->presence.arrivals, __ATOMIC_ACQUIRE) ||
		send_memory_pinned(w, r->here.addr)) {
		r->again = true;
		pass(r);
		return true;
	}
	job = w->nb_free_job > TARGET_JOBS / 2 ? job_take(w) : NULL;
	if (job == NULL)
		return false;
	*job = (struct target_job){
		.owner = w,
		.at = w,
		.op = TARGET_OP_REAP,
		.pool = mem_addr_pool(r->here.addr),
		.addr = r->here.addr,
		.life = target_life(w->target, mem_addr_pool(r->here.addr)),
	};
	pass(r);
	job_go(w->target, w->index, job, JOB_HOME);
	return true;
}

static uint32_t
walk(struct target_worker *w)
{
	struct target_reap *r = &w->reap;
	uint64_t now = clock_now(&w->target->clock), span = REAP_SPAN;
	uint32_t steps, frees = 0;

	for (steps = 0; steps < REAP_STEPS && frees < REAP_FREES && w->turn_bytes > 0; steps++) {
		if (r->here.len == 0 && !find(w)) {
			if (r->state != REAP_WALKS)
				break;
			continue;
		}
		if (r->next < r->here.addr + r->here.len)
			span -= look(w, span, now);
		if (r->here.len != 0 && r->next == r->here.addr + r->here.len) {
			frees += r->here.len > REAP_LONG ? REAP_FREES : 1;
			if (!bury(w))
				break;
		}
		if (span < MEM_PAGE_SIZE)
			break;
	}
	return steps + 1;
}

/*
 * Called when somebody's right to [addr, addr + len) is about to end: what was found out about the
 * allocation that is being looked at does not count any more.
 */
void
reap_disturb(struct target_worker *w, uint64_t addr, uint64_t len)
{
	struct target_reap *r = &w->reap;

	if (r->here.len != 0 && addr < r->here.addr + r->here.len && r->here.addr < addr + len)
		r->here.len = 0;
}

/*
 * Memory has come to this set, or what is left of its owners is not known (MEM_SET_FREE): they may
 * have gone already, and nobody else may go.
 */
void
reap_given(struct target_worker *w, uint16_t set)
{
	if (set == MEM_SET_FREE || set_absent(w, set, UINT64_MAX))
		w->reap.again = true;
}

uint32_t
reap_poll(struct target_worker *w)
{
	const struct target_presence *p = &w->target->presence;
	uint32_t departures = __atomic_load_n(&p->departures, __ATOMIC_ACQUIRE);
	struct target_reap *r = &w->reap;

	switch (r->state) {
	case REAP_IDLE:
		if (likely(!r->again && r->departures == departures))
			return 0;
		/* Who goes while this one waits or walks is due for the next. */
		r->departures = departures;
		r->due = clock_now(&w->target->clock) + p->grace_ns;
		r->state = REAP_WAITS;
		return 0;
	case REAP_WAITS:
		if (clock_now(&w->target->clock) >= r->due)
			begin(w);
		return 0;
	default:
		return walk(w);
	}
}
