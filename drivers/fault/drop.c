/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "fault/drop.h"

#define STAND_IN_LEN 60 /* the shortest Ethernet frame, without its check sum */

/* One sequence for each direction: how often a queue is polled has no influence on the other. */
struct dice {
	uint64_t state;
	uint64_t threshold; /* of 2^32 */
};

struct drop {
	struct dice rx, tx;
	struct drop_stats stats;
	const struct rte_eth_rxtx_callback *rx_cb, *tx_cb;
	uint16_t port_id, queue;
};

static void
dice_init(struct dice *d, uint64_t seed, double fraction)
{
	/* SplitMix64: seeds that differ in one bit give unrelated sequences, and none gives 0. */
	seed += UINT64_C(0x9e3779b97f4a7c15);
	seed = (seed ^ (seed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	seed = (seed ^ (seed >> 27)) * UINT64_C(0x94d049bb133111eb);
	d->state = (seed ^ (seed >> 31)) | 1;
	d->threshold = (uint64_t)(fraction * 4294967296.0);
}

/* xorshift64*, upper half */
static inline bool
dice_hit(struct dice *d)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return (d->state * UINT64_C(0x2545f4914f6cdd1d)) >> 32 < d->threshold;
}

static uint16_t
drop_rx(uint16_t port_id, uint16_t queue, struct rte_mbuf **mbufs, uint16_t n, uint16_t max,
	void *ctx)
{
	struct drop *d = ctx;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (dice_hit(&d->rx))
			rte_pktmbuf_free(mbufs[i]);
		else
			mbufs[kept++] = mbufs[i];
	}
	d->stats.rx_seen += n;
	d->stats.rx_dropped += n - kept;
	return kept;
}

static struct rte_mbuf *
stand_in(const struct rte_mbuf *frame)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(frame->pool);
	struct rte_ether_hdr *eth;

	if (m == NULL)
		return NULL;
	eth = (struct rte_ether_hdr *)rte_pktmbuf_append(m, STAND_IN_LEN);
	memset(eth, 0, STAND_IN_LEN);
	memcpy(eth, rte_pktmbuf_mtod(frame, const void *), 2 * RTE_ETHER_ADDR_LEN);
	eth->ether_type = rte_cpu_to_be_16(DROP_ETHER_TYPE);
	return m;
}

static uint16_t
drop_tx(uint16_t port_id, uint16_t queue, struct rte_mbuf **mbufs, uint16_t n, void *ctx)
{
	struct drop *d = ctx;
	struct rte_mbuf *m;

	d->stats.tx_seen += n;
	for (uint16_t i = 0; i < n; i++) {
		if (!dice_hit(&d->tx))
			continue;
		m = stand_in(mbufs[i]);
		if (m == NULL) {
			d->stats.tx_spared++;
			continue;
		}
		rte_pktmbuf_free(mbufs[i]);
		mbufs[i] = m;
		d->stats.tx_dropped++;
	}
	return n;
}

static int
callbacks_add(struct drop *d)
{
	d->rx_cb = rte_eth_add_rx_callback(d->port_id, d->queue, drop_rx, d);
	if (d->rx_cb == NULL)
		return -rte_errno;
	d->tx_cb = rte_eth_add_tx_callback(d->port_id, d->queue, drop_tx, d);
	return d->tx_cb != NULL ? 0 : -rte_errno;
}

int
drop_install(uint16_t port_id, uint16_t queue, double rx_fraction, double tx_fraction,
	uint64_t seed, struct drop **drop)
{
	struct drop *d;
	int ret;

	if (!(rx_fraction >= 0 && rx_fraction <= 1 && tx_fraction >= 0 && tx_fraction <= 1))
		return -EINVAL;
	d = rte_zmalloc("drop", sizeof(*d), RTE_CACHE_LINE_SIZE);
	if (d == NULL)
		return -ENOMEM;
	d->port_id = port_id;
	d->queue = queue;
	dice_init(&d->rx, seed, rx_fraction);
	dice_init(&d->tx, ~seed, tx_fraction);
	ret = callbacks_add(d);
	if (ret < 0) {
		drop_remove(d);
		return ret;
	}
	*drop = d;
	return 0;
}

/* ethdev unlinks a callback and leaves its memory to whoever knows that nobody is inside it. */
void
drop_remove(struct drop *d)
{
	if (d == NULL)
		return;
	if (d->rx_cb != NULL && rte_eth_remove_rx_callback(d->port_id, d->queue, d->rx_cb) == 0)
		rte_free((void *)(uintptr_t)d->rx_cb);
	if (d->tx_cb != NULL && rte_eth_remove_tx_callback(d->port_id, d->queue, d->tx_cb) == 0)
		rte_free((void *)(uintptr_t)d->tx_cb);
	rte_free(d);
}

void
drop_stats(const struct drop *drop, struct drop_stats *stats)
{
	static const struct drop_stats none;

	*stats = drop != NULL ? drop->stats : none;
}
