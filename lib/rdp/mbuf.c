/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include "rdp/rdp_private.h"

bool
rdp_mbuf_refill(struct rdp_ep *ep, unsigned int least)
{
	struct rte_mempool *pool = ep->conf.pool;

	for (unsigned int n = RDP_MBUF_CACHE / 2; n > 0; n /= 4) {
		while (rte_mempool_get_bulk(pool, (void **)&ep->mbufs[ep->nb_mbufs], n) == 0) {
			ep->nb_mbufs = (uint16_t)(ep->nb_mbufs + n);
			if (ep->nb_mbufs >= least)
				return true;
		}
	}
	ep->stats.no_mbuf++;
	return false;
}

void
rdp_mbuf_spill(struct rdp_ep *ep)
{
	unsigned int n = RDP_MBUF_CACHE / 2;

	/* The lower half: it has lain there longest. */
	rte_mempool_put_bulk(ep->conf.pool, (void **)ep->mbufs, n);
	memmove(ep->mbufs, ep->mbufs + n, (RDP_MBUF_CACHE - n) * sizeof(ep->mbufs[0]));
	ep->nb_mbufs = (uint16_t)(RDP_MBUF_CACHE - n);
}

/* What was attached belongs to others. */
static void
nothing_to_free(void *addr, void *opaque)
{
}

/* A segment that points to @p data; its own buffer is idle meanwhile and holds the counter that the
 * mbuf library wants. The port reads by address: it is one that copies. */
struct rte_mbuf *
rdp_mbuf_attach(struct rdp_ep *ep, const void *data, uint32_t len)
{
	struct rte_mbuf *m = rdp_mbuf_get(ep);
	struct rte_mbuf_ext_shared_info *info;

	if (unlikely(m == NULL))
		return NULL;
	info = m->buf_addr;
	info->free_cb = nothing_to_free;
	rte_mbuf_ext_refcnt_set(info, 1);
	rte_pktmbuf_attach_extbuf(m, (void *)(uintptr_t)data, RTE_BAD_IOVA, (uint16_t)len, info);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	return m;
}
