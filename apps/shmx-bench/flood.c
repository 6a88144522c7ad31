/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_random.h>

#include "../common/fail.h"
#include "flood.h"
#include "rdp/checksum.h"
#include "resolve.h"
#include "wire/frame.h"

#define BURST      32u
#define BURST_MIN  8u /* frames that wait for each other: some microseconds */
#define POOL_NAME  "bench_flood"
#define POOL_MBUFS 2047

struct hello {
	struct wire_ipv4_hdrs h;
	struct wire_hello body;
} __rte_packed __rte_aligned(2);

struct flood {
	struct rte_mempool *pool;
	uint16_t port_id;
	uint64_t gap;  /**< ticks between two frames */
	uint64_t next; /**< when the next is due, ticks */
	uint64_t sent;
	uint32_t ip_sum;  /**< of the frame, without what differs between strangers */
	uint32_t udp_sum; /**< the same, with the pseudo header */
	struct hello frame;
};

static void
frame_init(struct flood *f, const struct bench *b)
{
	struct hello *frame = &f->frame;
	const uint16_t port = b->opt.link.server.udp_port != 0 ? b->opt.link.server.udp_port
	                                                       : WIRE_UDP_PORT;

	resolve(f->port_id, f->pool, &b->opt, &frame->h.eth.dst_addr);
	rte_eth_macaddr_get(f->port_id, &frame->h.eth.src_addr);
	frame->h.eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	frame->h.ip.version_ihl = 0x45;
	frame->h.ip.total_length = RTE_BE16(sizeof(*frame) - sizeof(frame->h.eth));
	frame->h.ip.time_to_live = 64;
	frame->h.ip.next_proto_id = IPPROTO_UDP;
	frame->h.ip.dst_addr = ip_addr_to_v4(b->opt.link.server.ip);
	frame->h.udp.dst_port = rte_cpu_to_be_16(port);
	frame->h.udp.dgram_len = RTE_BE16(
		sizeof(*frame) - sizeof(frame->h.eth) - sizeof(frame->h.ip));
	frame->h.frame.version_type = WIRE_VERSION << 4 | WIRE_HELLO;
	frame->h.frame.session = RTE_BE16(WIRE_SESSION_NONE);
	frame->body.version_min = frame->body.version_max = WIRE_VERSION;
	frame->body.mtu = RTE_BE16(RTE_ETHER_MTU);
	frame->body.window = RTE_BE16(WIRE_WINDOW_MAX);
	f->ip_sum = (uint16_t)~rte_ipv4_cksum(&frame->h.ip);
	f->udp_sum = (uint16_t)~rte_ipv4_udptcp_cksum(&frame->h.ip, &frame->h.udp);
}

/* Another stranger. The sums are carried on, so that little time is spent on being one. */
static void
frame_write(const struct flood *f, struct hello *frame)
{
	uint64_t random = rte_rand();
	uint32_t ip = (uint32_t)random;
	uint32_t inc = (uint32_t)(random >> 16) | RTE_BE32(1);
	uint16_t port = (uint16_t)(random >> 32) | RTE_BE16(1);
	uint32_t ip_words = (ip >> 16) + (ip & 0xffff);

	*frame = f->frame;
	frame->h.ip.src_addr = ip;
	frame->h.udp.src_port = port;
	frame->h.frame.src_inc = inc;
	frame->h.ip.hdr_checksum = (rte_be16_t)~checksum_fold(f->ip_sum + ip_words);
	frame->h.udp.dgram_cksum = (rte_be16_t)~checksum_fold(
		f->udp_sum + ip_words + port + (inc >> 16) + (inc & 0xffff));
	if (unlikely(frame->h.udp.dgram_cksum == 0))
		frame->h.udp.dgram_cksum = 0xffff;
}

static void
buffer_write(struct rte_mempool *pool, void *arg, void *object, unsigned int index)
{
	struct rte_mbuf *m = object;

	rte_pktmbuf_reset(m);
	frame_write(arg, rte_pktmbuf_mtod(m, struct hello *));
}

struct flood *
flood_create(struct bench *b)
{
	struct flood *f = calloc(1, sizeof(*f));

	if (f == NULL) {
		fail("out of memory");
		return NULL;
	}
	f->port_id = b->port_id;
	f->gap = rte_get_tsc_hz() / b->opt.flood;
	f->pool = rte_mempool_lookup(POOL_NAME);
	if (f->pool == NULL)
		f->pool = rte_pktmbuf_pool_create(
			POOL_NAME, POOL_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, rte_socket_id());
	if (f->pool == NULL) {
		fail("no memory for frames: give EAL more with -m");
		free(f);
		return NULL;
	}
	frame_init(f, b);
	rte_mempool_obj_iter(f->pool, buffer_write, f);
	f->next = rte_rdtsc();
	return f;
}

/* Frames may sit in the transmit ring until the port is closed: the pool stays, for the next. */
void
flood_destroy(struct flood *f)
{
	free(f);
}

void
flood_turn(struct flood *f)
{
	uint64_t now = rte_rdtsc(), due = 0;
	struct rte_mbuf *m[BURST];
	uint16_t n, sent;

	if (now >= f->next)
		due = RTE_MIN((now - f->next) / f->gap + 1, (uint64_t)BURST);
	n = (uint16_t)due;
	if (due < BURST_MIN || rte_pktmbuf_alloc_bulk(f->pool, m, n) != 0)
		return;
	for (uint16_t i = 0; i < n; i++) {
		m[i]->data_len = sizeof(struct hello);
		m[i]->pkt_len = sizeof(struct hello);
	}
	frame_write(f, rte_pktmbuf_mtod(m[0], struct hello *));
	sent = rte_eth_tx_burst(f->port_id, 0, m, n);
	if (unlikely(sent < n))
		rte_pktmbuf_free_bulk(m + sent, (unsigned int)(n - sent));
	f->sent += sent;
	/* Who comes late does not catch up by more than a burst. */
	f->next = RTE_MAX(f->next + n * f->gap, now - BURST * f->gap);
}

uint64_t
flood_sent(const struct flood *f)
{
	return f->sent;
}
