/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "target/target_private.h"

/*
 * Which nodes are there: the sessions that each has, with whatever worker. They come and go on any
 * worker; whose memory is at home looks.
 */

void
presence_init(struct target *t, uint64_t grace_ns)
{
	struct target_presence *p = &t->presence;
	uint64_t now = clock_now(&t->clock);

	p->grace_ns = grace_ns != 0 ? grace_ns : TARGET_GRACE_NS;
	/* Owners of memory that was adopted have not come back yet: their time runs from now on. */
	for (unsigned int i = 0; i < MEM_NODES_MAX; i++)
		p->left_ns[i] = now;
	p->departures = 1;
}

void
presence_came(struct target *t, uint16_t node)
{
	struct target_presence *p = &t->presence;

	if (node < MEM_NODES_MAX &&
		__atomic_fetch_add(&p->sessions[node], 1, __ATOMIC_ACQ_REL) == 0)
		__atomic_fetch_add(&p->arrivals, 1, __ATOMIC_RELEASE);
}

void
presence_went(struct target *t, uint16_t node)
{
	struct target_presence *p = &t->presence;

	if (node >= MEM_NODES_MAX)
		return;
	__atomic_store_n(&p->left_ns[node], clock_now(&t->clock), __ATOMIC_RELAXED);
	if (__atomic_fetch_sub(&p->sessions[node], 1, __ATOMIC_ACQ_REL) == 1)
		__atomic_fetch_add(&p->departures, 1, __ATOMIC_RELEASE);
}

/* Whether it has been without a session for the grace period. */
bool
presence_absent(const struct target *t, uint16_t node, uint64_t now)
{
	const struct target_presence *p = &t->presence;

	if (__atomic_load_n(&p->sessions[node], __ATOMIC_ACQUIRE) != 0)
		return false;
	return now >= __atomic_load_n(&p->left_ns[node], __ATOMIC_RELAXED) + p->grace_ns;
}
