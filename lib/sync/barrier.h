/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Barriers among sets of nodes: who enters is told when every node of the set has entered, or that
 * its deadline came first. Knows nothing of packets or sessions.
 *
 * Threads
 *   home     one worker owns the whole table: every call marked [home]. Others hand it messages.
 *   control  set-up and tear-down, while nobody else uses the table: [control]
 *
 * A node that has entered waits at no cost. What becomes of it comes out of barrier_poll(), exactly
 * once. Nothing is allocated after creation, and what happened is not kept: whoever waits when the
 * process ends enters again. Look-ups by id go through hash chains of expected constant length,
 * keyed with a seed; a deadline costs the logarithm of how many there are; everything else is
 * constant.
 */

#ifndef BARRIER_H
#define BARRIER_H

#include <stdbool.h>
#include <stdint.h>

#include "sync.h"

#define BARRIER_NODES   1024 /* node ids 0 .. 1023 */
#define BARRIER_MAX     (1u << 20)
#define BARRIER_FOREVER UINT64_MAX /* deadline: none */

struct barrier;

struct barrier_conf {
	uint32_t nb_barriers; /* at which somebody waits, at a time, 288 bytes each; 0 is 1024 */
	uint32_t nb_waits;    /* nodes that wait, over all barriers, 64 bytes each; 0 is 4096 */
	uint32_t nb_holders;  /* as in struct sync_conf, 16 bytes each; 0 is SYNC_HOLDERS_MAX */
	uint32_t seed;        /* keys the hash; choose it at random */
};

/* Node n is bit n % 64 of bits[n / 64]. */
struct barrier_set {
	uint64_t bits[BARRIER_NODES / 64];
};

static inline bool
barrier_set_has(const struct barrier_set *set, uint32_t node)
{
	return node < BARRIER_NODES && (set->bits[node / 64] >> (node % 64) & 1);
}

/* node is below BARRIER_NODES. */
static inline void
barrier_set_add(struct barrier_set *set, uint32_t node)
{
	set->bits[node / 64] |= UINT64_C(1) << (node % 64);
}

/*
 * [control] NULL and *err on failure: -EINVAL for more than BARRIER_MAX barriers or waits, or
 * SYNC_HOLDERS_MAX holders; -ENOMEM.
 */
struct barrier *barrier_create(const struct barrier_conf *conf, int *err);
/* [control] Those who wait are not told. b may be NULL. */
void barrier_destroy(struct barrier *b);

/* What became of one that entered. */
struct barrier_event {
	uint64_t cookie;
	uint32_t holder;
	uint32_t id;
	uint32_t node;
	int status;                 /* 0: all have entered; -ETIMEDOUT */
	struct barrier_set missing; /* -ETIMEDOUT: nodes that had not entered then; else empty */
};

/*
 * [home] node enters barrier id, any number that the users choose, whose users are the nodes in
 * set. The first that enters a barrier at which nobody waits says what its set is; when the last
 * node of the set enters, everybody who waits is told, that last one, too, and the id is free for
 * the next round at once. cookie comes back in the event. deadline is in the time of
 * barrier_poll()'s now. holder is a number as in sync_acquire(): who may be revoked. 0: node was
 * the last; -EINPROGRESS: others are missing. Either way barrier_poll() answers. -EINVAL node is
 * not in set, or the set is another one than that of those who wait, or holder's index is out of
 * range; -EEXIST node waits there already, or another holder with this index waits anywhere;
 * -ENOSPC no room for one more barrier or one more that waits. What was not told yet takes room,
 * too.
 */
int barrier_enter(struct barrier *b, uint32_t id, uint32_t node, const struct barrier_set *set,
	uint64_t deadline, uint64_t cookie, uint32_t holder);

/*
 * [home] Writes up to n events and returns how many: of complete rounds, the earliest first and in
 * the order in which the nodes entered, then of those whose deadline is now or earlier. Each of
 * these has left the barrier: it counts as missing for those that stay, and may enter again. A
 * round that became complete before a deadline is complete, even if this call comes later. Costs n
 * steps.
 */
unsigned int barrier_poll(
	struct barrier *b, uint64_t now, struct barrier_event *events, unsigned int n);
/* [home] There are events to take, whatever the time. */
bool barrier_pending(const struct barrier *b);
/* [home] The earliest deadline, not later than that of any that waits; BARRIER_FOREVER without. */
uint64_t barrier_next_deadline(const struct barrier *b);

/*
 * [home] Takes holder out of where it waits, the oldest first, without any event: it has not
 * entered, and the others go on waiting. What is complete stays so for the others. At most max;
 * returns how many. Call again until it returns less than max.
 */
unsigned int barrier_revoke(struct barrier *b, uint32_t holder, unsigned int max);

/* [home] How much is in use. */
struct barrier_usage {
	uint32_t nb_barriers; /* at which somebody waits, or was not told yet */
	uint32_t nb_waits;    /* that wait or were not told yet */
};
void barrier_usage(const struct barrier *b, struct barrier_usage *usage);

#endif /* BARRIER_H */
