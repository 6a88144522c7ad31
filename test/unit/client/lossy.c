/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_random.h>

#include "client/lossy.h"

unsigned int lossy;
bool lossy_deaf, lossy_mute;

static bool
is_lost(void)
{
	return lossy != 0 && rte_rand_max(lossy) == 0;
}

uint16_t
lossy_tx(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	struct host *h = ctx;

	for (uint16_t i = 0; i < n; i++)
		if (lossy_mute || is_lost())
			rte_pktmbuf_free(mbufs[i]);
		else if (h->io.tx_burst(h->io.ctx, &mbufs[i], 1) == 0)
			return i;
	return n;
}

uint16_t
lossy_rx(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	struct host *h = ctx;
	uint16_t kept = 0;

	n = h->io.rx_burst(h->io.ctx, mbufs, n);
	for (uint16_t i = 0; i < n; i++)
		if (lossy_deaf || is_lost())
			rte_pktmbuf_free(mbufs[i]);
		else
			mbufs[kept++] = mbufs[i];
	return kept;
}

void
wrap_lossy(struct host *h, struct rdp_conf *conf)
{
	conf->io = (struct rdp_io){.ctx = h, .rx_burst = lossy_rx, .tx_burst = lossy_tx};
}
