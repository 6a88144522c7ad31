/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>
#include <rte_pause.h>

#include "../common/fail.h"
#include "raw.h"
#include "receivers.h"
#include "resolve.h"

#define BURST       32u
#define WINDOW_MAX  512
#define TEMPLATE    64
#define SLICE_US    300000 /* the endpoint is polled at least this often */
#define BREATH_US   1000
#define SILENCE_US  10000 /* frames that have not come back by then are lost */
#define SPINS_CHECK 1024
#define POOL_MBUFS  4095

struct raw {
	struct bench *bench;
	struct rte_mempool *pool;
	struct rte_mempool *own_pool;
	uint16_t port_id;
	uint16_t size;
	uint16_t window;
	uint32_t outstanding;
	uint64_t echoes, lost;
	uint64_t last_rx;      /* ticks */
	uint64_t silence;      /* ticks */
	struct result *result; /* NULL: warming up */
	uint8_t template[TEMPLATE] __rte_aligned(TEMPLATE);
};

static uint64_t
us_to_ticks(double us)
{
	return (uint64_t)(us * 1e-6 * (double)rte_get_tsc_hz());
}

static inline void
frame_fill(const struct raw *raw, struct rte_mbuf *m)
{
	rte_mov64(rte_pktmbuf_mtod(m, uint8_t *), raw->template);
	m->data_len = raw->size;
	m->pkt_len = raw->size;
}

static inline void
raw_send(struct raw *raw, uint16_t n)
{
	struct rte_mbuf *m[BURST];
	uint16_t sent;

	if (unlikely(rte_pktmbuf_alloc_bulk(raw->pool, m, n) != 0))
		return;
	for (uint16_t i = 0; i < n; i++)
		frame_fill(raw, m[i]);
	sent = rte_eth_tx_burst(raw->port_id, 0, m, n);
	if (unlikely(sent < n))
		rte_pktmbuf_free_bulk(m + sent, n - sent);
	raw->outstanding += sent;
}

static inline uint16_t
raw_receive(struct raw *raw)
{
	struct rte_mbuf *m[BURST];
	uint16_t n = rte_eth_rx_burst(raw->port_id, 0, m, BURST);

	if (n == 0)
		return 0;
	rte_pktmbuf_free_bulk(m, n);
	raw->echoes += n;
	raw->outstanding -= RTE_MIN(raw->outstanding, n);
	return n;
}

/* Frames get lost: what has not come back after a silence never will. */
static void
silence_check(struct raw *raw, uint64_t now)
{
	if (raw->outstanding == 0 || now - raw->last_rx < raw->silence)
		return;
	raw->lost += raw->outstanding;
	raw->outstanding = 0;
	raw->last_rx = now;
}

static void
rate_slice(struct raw *raw, uint64_t end)
{
	uint64_t now = rte_rdtsc();

	raw->last_rx = now;
	while (now < end && !stop) {
		uint16_t n = raw_receive(raw);
		uint32_t room = raw->window - RTE_MIN(raw->outstanding, raw->window);

		if (room >= BURST || (room > 0 && raw->window < 2 * BURST))
			raw_send(raw, (uint16_t)RTE_MIN(room, BURST));
		now = rte_rdtsc();
		if (n > 0)
			raw->last_rx = now;
		else
			silence_check(raw, now);
	}
}

static bool
is_echo(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	return eth->ether_type == rte_cpu_to_be_16(RAW_ETHER_TYPE);
}

/* Wait for the echo sent at @p start; when it came, in ticks, or 0 when it did not. */
static uint64_t
await_echo(struct raw *raw, uint64_t start)
{
	struct rte_mbuf *m[BURST];
	bool echo = false;
	uint64_t now;

	for (uint32_t spins = 1;; spins++) {
		uint16_t n = rte_eth_rx_burst(raw->port_id, 0, m, BURST);

		if (n > 0) {
			/* The time is taken before the frame is looked at. */
			now = rte_rdtsc();
			for (uint16_t i = 0; i < n; i++)
				echo |= is_echo(m[i]);
			rte_pktmbuf_free_bulk(m, n);
			if (echo)
				return now;
		}
		rte_pause();
		if (spins % SPINS_CHECK == 0 && (stop || rte_rdtsc() - start > raw->silence))
			return 0;
	}
}

static void
round_trip(struct raw *raw)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(raw->pool);
	uint64_t start, end;

	if (m == NULL)
		return;
	frame_fill(raw, m);
	start = rte_rdtsc();
	if (rte_eth_tx_burst(raw->port_id, 0, &m, 1) == 0) {
		rte_pktmbuf_free(m);
		return;
	}
	end = await_echo(raw, start);
	raw->echoes += end != 0;
	raw->lost += end == 0;
	if (end != 0 && raw->result != NULL)
		histogram_add(&raw->result->latency, end - start);
}

static void
latency_slice(struct raw *raw, uint64_t end)
{
	while (rte_rdtsc() < end && !stop)
		round_trip(raw);
}

static void
drain(struct raw *raw)
{
	uint64_t now = rte_rdtsc();

	raw->last_rx = now;
	while (raw->outstanding > 0) {
		if (raw_receive(raw) > 0)
			raw->last_rx = now;
		silence_check(raw, now);
		now = rte_rdtsc();
	}
}

/* Answers, acknowledgements and keep-alives of the session that rests meanwhile. */
static void
breathe(struct raw *raw)
{
	uint64_t end = rte_rdtsc() + us_to_ticks(BREATH_US);
	struct shmx_event ev[BURST];

	if (raw->bench->ep == NULL)
		return;
	while (rte_rdtsc() < end)
		shmx_poll(raw->bench->ep, ev, BURST);
	receivers_rest(raw->bench);
}

static void
measured_slice(struct raw *raw, uint64_t ticks)
{
	uint64_t echoes = raw->echoes, lost = raw->lost, start = rte_rdtsc();

	if (raw->window == 1)
		latency_slice(raw, start + ticks);
	else
		rate_slice(raw, start + ticks);
	if (raw->result != NULL) {
		raw->result->ticks += rte_rdtsc() - start;
		raw->result->ops += raw->echoes - echoes;
		raw->result->bytes += (raw->echoes - echoes) * raw->size;
		raw->result->lost += raw->lost - lost;
	}
	drain(raw);
	breathe(raw);
}

static void
slices(struct raw *raw, double seconds, struct result *result)
{
	uint64_t left = us_to_ticks(seconds * 1e6), n;

	raw->result = result;
	for (; left > 0 && !stop; left -= n) {
		n = RTE_MIN(left, us_to_ticks(SLICE_US));
		measured_slice(raw, n);
	}
}

int
raw_run(struct raw *raw, const struct raw_conf *conf, struct result *result)
{
	struct fault_stats before[FAULT_DIRS], after[FAULT_DIRS];

	raw->size = conf->size;
	raw->window = RTE_MIN(conf->window, WINDOW_MAX);
	raw->echoes = 0;
	slices(raw, conf->warmup, NULL);
	bench_fault_stats(raw->bench, before);
	slices(raw, conf->seconds, result);
	bench_fault_stats(raw->bench, after);
	result_add_faults(result, before, after);
	if (raw->echoes > 0 || stop)
		return 0;
	return fail("no raw frame came back from %s: does shmx-server run there, on this link?",
		link_ip_text(raw->bench->opt.link.server.ip));
}

/* The pool that the port receives into: frames of one pool stay in the cache of the core. */
static struct rte_mempool *
pool_choose(struct raw *raw)
{
	struct rte_eth_rxq_info info;

	if (rte_eth_rx_queue_info_get(raw->port_id, 0, &info) == 0 && info.mp != NULL)
		return info.mp;
	raw->own_pool = rte_pktmbuf_pool_create(
		"bench_raw", POOL_MBUFS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, rte_socket_id());
	return raw->own_pool;
}

static void
template_fill(struct raw *raw)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)raw->template;

	memset(raw->template, 0, TEMPLATE);
	resolve(raw->port_id, raw->pool, &raw->bench->opt, &eth->dst_addr);
	rte_eth_macaddr_get(raw->port_id, &eth->src_addr);
	eth->ether_type = rte_cpu_to_be_16(RAW_ETHER_TYPE);
}

/* A frame that is larger than the port takes would be read from behind its buffer. */
static int
size_check(const struct bench *b)
{
	uint16_t mtu = RTE_ETHER_MTU;
	uint32_t most;

	rte_eth_dev_get_mtu(b->port_id, &mtu);
	most = RTE_MAX((uint32_t)mtu, b->opt.link.mtu) + RTE_ETHER_HDR_LEN;
	if (b->opt.workload != WORKLOAD_RAW || b->opt.size <= most)
		return 0;
	return fail("--size %" PRIu64 ": the port takes frames of up to %" PRIu32
		    " bytes: give less, or a larger --mtu",
		b->opt.size, most);
}

struct raw *
raw_create(struct bench *b)
{
	struct raw *raw;

	if (size_check(b) < 0)
		return NULL;
	raw = aligned_alloc(TEMPLATE, RTE_ALIGN_CEIL(sizeof(*raw), TEMPLATE));
	if (raw == NULL) {
		fail("out of memory");
		return NULL;
	}
	memset(raw, 0, sizeof(*raw));
	raw->bench = b;
	raw->port_id = b->port_id;
	raw->silence = us_to_ticks(SILENCE_US);
	raw->pool = pool_choose(raw);
	if (raw->pool == NULL) {
		fail("no memory for frames: give EAL more with -m");
		raw_destroy(raw);
		return NULL;
	}
	template_fill(raw);
	return raw;
}

/* Frames of an own pool may sit in the transmit ring until the port is closed: it is not freed. */
void
raw_destroy(struct raw *raw)
{
	free(raw);
}

void
raw_conf_for(const struct bench *b, struct raw_conf *conf)
{
	const struct options *o = &b->opt;
	uint16_t mtu = RTE_ETHER_MTU;

	conf->size = 64;
	if (o->workload == WORKLOAD_RAW) {
		conf->size = (uint16_t)o->size;
	} else if (o->size > 1400) {
		rte_eth_dev_get_mtu(b->port_id, &mtu);
		conf->size = mtu + RTE_ETHER_HDR_LEN;
	}
	conf->window = o->window == WINDOW_FULL ? WINDOW_MAX
	                                        : (uint16_t)RTE_MIN(o->window, WINDOW_MAX);
	conf->warmup = o->warmup;
	conf->seconds = o->seconds;
}
