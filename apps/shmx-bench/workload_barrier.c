/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "run.h"

/* All nodes of a set meet, again and again: an operation is a round. */
#define BARRIER 0x62656e63u /* "benc" */

/* Until the others have started, too. */
#define MEET_US (60 * UINT64_C(1000000))

static uint32_t
barrier_most(const struct options *o)
{
	(void)o;
	return 1;
}

static void
barrier_submit(struct run *run, uint32_t n)
{
	const struct options *o = &run->bench->opt;
	uint32_t slot = run_slot(run);

	(void)n;
	run_started(run, shmx_barrier(run->ep, run->bench->session, BARRIER, o->nodes, o->nb_nodes,
				 MEET_US, NULL, 0, run_cookie(run, slot)));
}

const struct workload workload_barrier = {
	.name = "barrier",
	.submit = barrier_submit,
	.most = barrier_most,
};
