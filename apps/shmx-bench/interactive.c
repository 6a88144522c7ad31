/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <inttypes.h>
#include <stdio.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#include "../common/prompt.h"
#include "../common/fail.h"
#include "interactive.h"

#define LOOK_US 10000 /* how soon the end of the measurement is noticed */

/* Free-running counters, while another lcore counts on. */
static void
show_stats(void *ctx)
{
	struct bench *b = ctx;
	const struct shmx_ep *ep = __atomic_load_n(&b->ep, __ATOMIC_ACQUIRE);
	struct shmx_ep_stats s;

	if (ep == NULL) {
		printf("no session yet\n");
		return;
	}
	shmx_ep_stats_get(ep, &s);
	printf("operations %" PRIu64 ", in progress %" PRIu64 ", frames rx %" PRIu64 " tx %" PRIu64
	       ", sent again %" PRIu64 ", time-outs %" PRIu64 ", duplicate %" PRIu64
	       ", bad checksum %" PRIu64 ", dropped %" PRIu64 "\n",
		s.ops, s.ops_in_progress, s.rx_frames, s.tx_frames, s.tx_retransmit, s.rto,
		s.rx_duplicate, s.rx_bad_checksum, s.rx_dropped);
}

static void
prompt_until_done(unsigned int lcore)
{
	while (rte_eal_get_lcore_state(lcore) == RUNNING)
		if (prompt_turn(LOOK_US) == PROMPT_QUIT)
			stop = 1;
}

int
interactive_run(struct bench *b, int (*measure)(void *bench))
{
	static struct prompt_conf conf = {.prompt = "shmx-bench> ", .show_stats = show_stats};
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);

	conf.ports = &b->faults;
	conf.ctx = b;
	if (lcore >= RTE_MAX_LCORE)
		return fail("--interactive needs a second lcore to measure on, such as "
			    "--lcores '0@1,1@1'");
	if (prompt_open(&conf) != 0)
		return fail("out of memory");
	rte_eal_remote_launch(measure, b, lcore);
	prompt_until_done(lcore);
	prompt_close();
	return rte_eal_wait_lcore(lcore);
}
