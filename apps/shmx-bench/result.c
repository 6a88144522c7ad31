/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "result.h"

/* What was counted adds up; of what is held, the latest look counts. */
static void
add_faults(struct fault_stats *to, const struct fault_stats *s)
{
	fault_stats_add(to, s);
	to->held = s->held;
}

void
result_add_faults(struct result *r, const struct fault_stats before[FAULT_DIRS],
	const struct fault_stats after[FAULT_DIRS])
{
	for (int dir = 0; dir < FAULT_DIRS; dir++) {
		struct fault_stats done = after[dir];

		fault_stats_sub(&done, &before[dir]);
		add_faults(&r->fault[dir], &done);
		r->dropped += fault_stats_lost(&done);
	}
}

void
result_add(struct result *to, const struct result *slice)
{
	to->ops += slice->ops;
	to->fan_out = slice->fan_out;
	to->errors += slice->errors;
	to->bytes += slice->bytes;
	to->beside_bytes += slice->beside_bytes;
	to->ticks += slice->ticks;
	to->retransmits += slice->retransmits;
	to->dropped += slice->dropped;
	to->lost += slice->lost;
	to->flooded += slice->flooded;
	to->busy += slice->busy;
	to->idle += slice->idle;
	for (int dir = 0; dir < FAULT_DIRS; dir++)
		add_faults(&to->fault[dir], &slice->fault[dir]);
	histogram_merge(&to->latency, &slice->latency);
}
