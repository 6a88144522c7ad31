/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "figures.h"
#include "rdp/rdp.h"
#include "target/target.h"

static void
add_pair(const struct server_pair *pair, struct figures *f)
{
	const struct rdp_stats *r = rdp_ep_stats(pair->ep);

	f->rx_frames += r->rx_frames;
	f->tx_frames += r->tx_frames;
	f->echoed += pair->io.echoed;
	f->retransmits += r->tx_retransmit;
	f->dropped += r->rx_malformed + r->rx_bad_checksum + r->rx_stale + r->rx_refused +
	              r->handover_full;
	f->sessions += r->sessions_opened - r->sessions_closed;
}

static void
add_worker(const struct worker *w, struct figures *f)
{
	const struct target_stats *t = target_worker_stats(w->target);

	for (unsigned int i = 0; i < RTE_DIM(t->ops); i++)
		f->ops += t->ops[i];
	f->op_errors += t->op_errors;
	f->busy_cycles += w->busy_cycles;
	f->idle_cycles += w->idle_cycles;
}

void
figures_read(const struct server *s, struct figures *f)
{
	memset(f, 0, sizeof(*f));
	f->tsc = rte_rdtsc();
	for (unsigned int i = 0; i < s->nb_pairs; i++)
		add_pair(&s->pairs[i], f);
	for (unsigned int i = 0; i < s->nb_workers; i++)
		add_worker(&s->workers[i], f);
}

void
figures_print(const struct figures *before, const struct figures *now)
{
	double seconds = (double)(now->tsc - before->tsc) / (double)rte_get_tsc_hz();
	uint64_t busy = now->busy_cycles - before->busy_cycles;
	uint64_t cycles = busy + now->idle_cycles - before->idle_cycles;

#define RATE(field) ((double)(now->field - before->field) / seconds)
	printf("stats: %.0f ops/s, %" PRIu64 " failed, rx %.0f tx %.0f echo %.0f frames/s, "
	       "%" PRIu64 " sent again, %" PRIu64 " dropped, %" PRIu64 " sessions, "
	       "workers %.0f %% busy\n",
		RATE(ops), now->op_errors - before->op_errors, RATE(rx_frames), RATE(tx_frames),
		RATE(echoed), now->retransmits - before->retransmits,
		now->dropped - before->dropped, now->sessions,
		cycles == 0 ? 0.0 : 100.0 * (double)busy / (double)cycles);
#undef RATE
	fflush(stdout);
}
