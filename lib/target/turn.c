/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "target/target_private.h"

/*
 * One turn of a worker serves all its sessions, and none of them may hold it up for long. Most
 * operations cost about what their frame is long. Those that write more than they carry share
 * TARGET_TURN_BYTES a turn: FILL, clearing what a FREE or RESIZE gives back, and clearing for an
 * allocation that waits. So do those that look at more than they carry, each look for as many bytes
 * as could be written meanwhile: lists of nodes and pools, counters of all workers, and whose
 * memory a range is and becomes. Each may begin while anything is left, so a turn exceeds it by one
 * of them at most: 64 KiB, or 127 granules of the pool, or one such look, where those are more.
 *
 * Those that find nothing left are put off: their frame is parked (lib/rdp/park.c),
 * which offers it again once a poll and once for each frame of its session that arrives. A refusal
 * costs a look at one record, and none of the records before it are looked at again. What came
 * from another worker waits at home: looks and changes of owners in the order they came, and before
 * what comes then; allocations and the like are tried again in each turn, as said in job.c.
 *
 * So that none starves: turns make rounds. In a round, each session may have as much as one turn
 * has, once; the round ends when a turn put off none but those that have had their share.
 * Whoever is put off is offered again in every turn, so in each round all are served, in whatever
 * order they are offered.
 */

/* What the handler keeps of a session (rdp_session.user[0]): the round, and bytes it had in it. */
#define USER(round, bytes) ((uint64_t)(round) << 32 | (bytes))
#define USER_ROUND(user)   ((uint32_t)((user) >> 32))
#define USER_BYTES(user)   ((uint32_t)(user))

/* Nothing counts for more: the sums of one operation must not wrap. */
#define SPENT_MOST (UINT64_C(1) << 27)

void
turn_init(struct target_worker *w)
{
	w->turn_bytes = TARGET_TURN_BYTES;
	w->round = 1; /* a new session was in none */
}

uint32_t
turn_renew(struct target_worker *w)
{
	uint32_t waits = w->put_off;

	w->round += !w->unserved;
	w->turn_bytes = TARGET_TURN_BYTES;
	w->put_off = false;
	w->unserved = false;
	return waits;
}

/* Whether an operation that may write more than it carries has its turn. */
bool
turn_admits(struct target_worker *w, struct rdp_session *s)
{
	if (USER_ROUND(s->user[0]) != w->round)
		s->user[0] = USER(w->round, 0);
	if (likely(w->turn_bytes > 0 && USER_BYTES(s->user[0]) < TARGET_TURN_BYTES))
		return true;
	w->put_off = true;
	w->unserved |= USER_BYTES(s->user[0]) < TARGET_TURN_BYTES;
	return false;
}

/* What it wrote then. */
void
turn_charge(struct rdp_session *s, uint32_t bytes)
{
	s->user[0] += bytes;
}

/* Work other than filling and clearing, in bytes that could be written meanwhile. */
void
turn_spend(struct target_worker *w, uint64_t bytes)
{
	w->turn_bytes -= (int32_t)RTE_MIN(bytes, SPENT_MOST);
}

/* Clear freed memory of a pool for an allocation, as far as the turn goes. */
uint32_t
turn_clear(struct target_worker *w, uint16_t pool)
{
	uint64_t done;

	if (w->turn_bytes <= 0)
		return 0;
	done = mem_zero_step(w->mem, pool, (uint64_t)w->turn_bytes);
	w->turn_bytes -= (int32_t)done;
	return (uint32_t)done;
}
