/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Long data are lent to frames and asked for again when a frame is repeated: what is read then must
 * be what may be read then, and what is written what was asked to be written.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_random.h>

#include "client/client_private.h"
#include "client/fixture.h"
#include "client/lossy.h"
#include "fault/lane.h"

#define LONG  1400 /* one record, long enough to be lent */
#define LARGE 6000

/* ---- a port of the memory node that loses frames and copies chains as vhost does ---------------
 */

static unsigned int chains;

/* What leaves the port is a copy with its checksum made; what was given is free again. */
static struct rte_mbuf *
copied(struct rte_mbuf *m)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, m->pool, 0, UINT32_MAX);
	struct wire_ipv4_hdrs *h;

	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	h = rte_pktmbuf_mtod(copy, struct wire_ipv4_hdrs *);
	if (m->ol_flags & RTE_MBUF_F_TX_UDP_CKSUM) {
		h->udp.dgram_cksum = 0;
		h->udp.dgram_cksum = rte_ipv4_udptcp_cksum(&h->ip, &h->udp);
	}
	chains += m->nb_segs > 1;
	copy->ol_flags = 0;
	rte_pktmbuf_free(m);
	return copy;
}

static uint16_t
copying_tx(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = copied(mbufs[i]);

		if (lossy_tx(ctx, &m, 1) == 0)
			rte_pktmbuf_free(m);
	}
	return n;
}

static void
wrap_copying(struct host *h, struct rdp_conf *conf)
{
	conf->io = (struct rdp_io){.ctx = h, .rx_burst = lossy_rx, .tx_burst = copying_tx};
	conf->tx_gather = true;
	conf->tx_udp_cksum = true;
}

static uint16_t
sum_of(struct rte_mbuf *m)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, m->pool, 0, UINT32_MAX);
	struct wire_ipv4_hdrs *h;
	uint16_t sum;

	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	h = rte_pktmbuf_mtod(copy, struct wire_ipv4_hdrs *);
	h->udp.dgram_cksum = 0;
	sum = rte_ipv4_udptcp_cksum(&h->ip, &h->udp);
	rte_pktmbuf_free(copy);
	return sum;
}

/* A port that reads twice, as one does that makes the checksum in software: somebody writes into
 * what is lent after it was summed, and before it is copied. */
static uint16_t
torn_tx(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	static uint64_t written;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = mbufs[i];
		uint64_t *lent;

		if (m->nb_segs == 1)
			continue;
		rte_pktmbuf_mtod(m, struct wire_ipv4_hdrs *)->udp.dgram_cksum = sum_of(m);
		m->ol_flags = 0;
		lent = rte_pktmbuf_mtod(m->next, uint64_t *);
		written++;
		for (size_t k = 0; k < m->next->data_len / sizeof(*lent); k++)
			lent[k] = written;
	}
	return copying_tx(ctx, mbufs, n);
}

static bool tight;

/* The same frame, with a first buffer that has no room behind what is in it. */
static struct rte_mbuf *
tightened(struct rte_mbuf *m)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(m->pool);

	CU_ASSERT_PTR_NOT_NULL_FATAL(head);
	head->data_off = (uint16_t)(head->buf_len - m->data_len);
	memcpy(rte_pktmbuf_mtod(head, void *), rte_pktmbuf_mtod(m, void *), m->data_len);
	head->data_len = m->data_len;
	head->pkt_len = m->pkt_len;
	head->ol_flags = m->ol_flags;
	head->tx_offload = m->tx_offload;
	head->next = m->next;
	head->nb_segs = m->nb_segs;
	m->next = NULL;
	m->nb_segs = 1;
	rte_pktmbuf_free(m);
	return head;
}

/* A port that takes nothing, and whose transmit callback has put other mbufs in their place. */
static uint16_t
tight_tx(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	if (!tight)
		return copying_tx(ctx, mbufs, n);
	for (uint16_t i = 0; i < n; i++) {
		if (mbufs[i]->nb_segs == 1)
			continue;
		chains++;
		mbufs[i] = tightened(mbufs[i]);
	}
	return 0;
}

static void
wrap_torn(struct host *h, struct rdp_conf *conf)
{
	wrap_copying(h, conf);
	conf->io.tx_burst = torn_tx;
}

static void
wrap_tight(struct host *h, struct rdp_conf *conf)
{
	wrap_copying(h, conf);
	conf->io.tx_burst = tight_tx;
}

/* ---- tests -------------------------------------------------------------------------------------
 */

/* The response is lost, and before it is repeated another node frees the memory. */
static void
get_again_from_free_memory(void (*wrap)(struct host *h, struct rdp_conf *conf))
{
	const struct fixture_conf conf = {.nb_hosts = 2, .rto_min_us = 50000, .wrap = wrap};
	static uint8_t in[LONG], out[LONG];
	struct fixture f;
	struct shmx_event event;
	shmx_addr_t addr;

	if (fixture_up(&f, &conf) < 0)
		return;
	addr = alloc_of(&f, 0, sizeof(in));
	pattern_fill(in, sizeof(in), 1);
	SAME(STATUS(f.host[0].ep, shmx_put(f.host[0].ep, addr, in, sizeof(in), cookie)), 0);
	SAME(shmx_get(f.host[0].ep, addr, out, sizeof(out), 7), 0);
	lossy_mute = true;
	shmx_flush(f.host[0].ep);
	server_turn(&f);
	lossy_mute = false;
	SAME(STATUS(f.host[1].ep, shmx_free(f.host[1].ep, addr, cookie)), 0);
	SAME(shmx_wait(f.host[0].ep, 7, &event), -ESTALE);
	fixture_down(&f);
}

static void
get_again_stale(void)
{
	get_again_from_free_memory(wrap_lossy);
}

static void
get_again_stale_chain(void)
{
	chains = 0;
	get_again_from_free_memory(wrap_copying);
	CU_ASSERT_TRUE(chains > 0);
}

/* The response waits for the port in a form that has no room for what is lent: it must not be sent
 * with what is there later. */
static void
get_without_room(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .rto_min_us = 50000, .wrap = wrap_tight};
	static uint8_t in[LONG], out[LONG];
	struct fixture f;
	struct shmx_event event;
	shmx_addr_t addr;

	if (fixture_up(&f, &conf) < 0)
		return;
	addr = alloc_of(&f, 0, sizeof(in));
	SAME(STATUS(f.host[0].ep, shmx_put(f.host[0].ep, addr, in, sizeof(in), cookie)), 0);
	SAME(shmx_get(f.host[0].ep, addr, out, sizeof(out), 7), 0);
	chains = 0;
	tight = true;
	shmx_flush(f.host[0].ep);
	server_turn(&f);
	tight = false;
	CU_ASSERT(chains > 0);
	SAME(STATUS(f.host[1].ep, shmx_free(f.host[1].ep, addr, cookie)), 0);
	SAME(shmx_wait(f.host[0].ep, 7, &event), -ESTALE);
	fixture_down(&f);
}

/* Whoever writes all the time into what is read costs a repetition a frame, and nothing else: it is
 * read once then. */
static void
written_while_sent(void)
{
	const struct fixture_conf conf = {.wrap = wrap_torn};
	static uint64_t out[LONG / 8];
	struct shmx_ep_stats stats;
	struct fixture f;
	uint64_t last = 0;
	shmx_addr_t addr;

	if (fixture_up(&f, &conf) < 0)
		return;
	addr = alloc_of(&f, 0, sizeof(out));
	SAME(STATUS(f.host[0].ep, shmx_put(f.host[0].ep, addr, out, sizeof(out), cookie)), 0);
	chains = 0;
	for (unsigned int i = 0; i < 100; i++) {
		SAME(STATUS(f.host[0].ep, shmx_get(f.host[0].ep, addr, out, sizeof(out), cookie)),
			0);
		CU_ASSERT_EQUAL(memcmp(out, out + 1, sizeof(out) - sizeof(out[0])), 0);
		CU_ASSERT(out[0] > last);
		last = out[0];
	}
	shmx_ep_stats_get(f.host[0].ep, &stats);
	SAME(chains, 100);
	SAME(stats.rx_bad_checksum, 100);
	CU_ASSERT(rdp_ep_stats(f.host[0].server)->tx_retransmit >= 100);
	SAME(rdp_ep_stats(f.host[0].server)->sessions_closed, 0);
	fixture_down(&f);
}

/* A get and, in the same turn of the memory node, what makes the memory another node's alone and
 * lets it write there: the get shows what was there before, or is refused. */
static void
get_beside_own(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .wrap = wrap_copying};
	static uint8_t ours[LONG], theirs[LONG], out[LONG];
	struct fixture f;
	struct shmx_event event;

	if (fixture_up(&f, &conf) < 0)
		return;
	pattern_fill(ours, sizeof(ours), 1);
	pattern_fill(theirs, sizeof(theirs), 2);
	for (int i = 0; i < 100; i++) {
		struct shmx_ep *us = f.host[0].ep, *them = f.host[1].ep;
		shmx_addr_t addr = alloc_of(&f, 0, 4096);

		SAME(STATUS(us, shmx_put(us, addr, ours, sizeof(ours), cookie)), 0);
		SAME(shmx_get(us, addr, out, sizeof(out), 7), 0);
		SAME(shmx_own(them, addr, 4096, SHMX_OWNER_SELF, 8), 0);
		SAME(shmx_put(them, addr, theirs, sizeof(theirs), 9), 0);
		shmx_flush(us);
		shmx_flush(them);
		if (shmx_wait(us, 7, &event) == 0)
			CU_ASSERT_EQUAL(memcmp(out, ours, sizeof(out)), 0);
		SAME(shmx_wait(them, 8, &event), 0);
		SAME(shmx_wait(them, 9, &event), 0);
	}
	fixture_down(&f);
}

/* ---- faults that hold what a port would have copied --------------------------------------------
 */

static struct lane *lane;

static uint16_t
held_tx(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	if (lane != NULL)
		lane_tx(lane, rte_rdtsc(), mbufs, n);
	return copying_tx(ctx, mbufs, n);
}

static uint16_t
held_rx(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	if (lane != NULL)
		lane_tx_turn(lane, rte_rdtsc());
	return lossy_rx(ctx, mbufs, n);
}

static void
wrap_held(struct host *h, struct rdp_conf *conf)
{
	wrap_copying(h, conf);
	if (h->server_port->port_id == 0)
		conf->io = (struct rdp_io){.ctx = h, .rx_burst = held_rx, .tx_burst = held_tx};
}

static void
lane_up(struct host *h)
{
	const struct fault_spec spec = {.delay_ns = 30000000, .seed = 1};
	const struct rte_ether_addr mac = {{2}};
	const struct lane_out out = {copying_tx, h};
	struct fate_conf fate;

	lane = lane_create(FAULT_TX, &mac, &out, SOCKET_ID_ANY);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lane);
	fate_conf_fill(&fate, &spec, 1, rte_get_tsc_hz());
	lane_publish(lane, &fate);
}

/* A response is held back on its way, and meanwhile its memory becomes another node's. */
static void
held_get(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .rto_min_us = 90000, .wrap = wrap_held};
	static uint8_t ours[LONG], theirs[LONG], out[LONG];
	struct fixture f;
	struct shmx_event event;
	shmx_addr_t addr;

	if (fixture_up(&f, &conf) < 0)
		return;
	pattern_fill(ours, sizeof(ours), 1);
	pattern_fill(theirs, sizeof(theirs), 2);
	addr = alloc_of(&f, 0, 4096);
	SAME(STATUS(f.host[0].ep, shmx_put(f.host[0].ep, addr, ours, sizeof(ours), cookie)), 0);
	lane_up(&f.host[0]);
	SAME(shmx_get(f.host[0].ep, addr, out, sizeof(out), 7), 0);
	shmx_flush(f.host[0].ep);
	server_turn(&f);
	SAME(hold_count(&lane->hold) > 0, true);
	SAME(STATUS(f.host[1].ep, shmx_own(f.host[1].ep, addr, 4096, SHMX_OWNER_SELF, cookie)), 0);
	SAME(STATUS(f.host[1].ep, shmx_put(f.host[1].ep, addr, theirs, sizeof(theirs), cookie)), 0);
	SAME(shmx_wait(f.host[0].ep, 7, &event), 0);
	CU_ASSERT_EQUAL(memcmp(out, ours, sizeof(out)), 0);
	lane_destroy(lane);
	lane = NULL;
	fixture_down(&f);
}

/* ---- what lending must not cost ----------------------------------------------------------------
 */

/* Gets that fit into a frame together travel together. */
static void
gets_share_frames(void)
{
	static uint8_t out[32][700];
	const struct fixture_conf conf = {0};
	struct shmx_event events[64];
	const struct rdp_stats *stats;
	struct fixture f;
	shmx_addr_t addr;
	uint64_t before;
	unsigned int done = 0;

	if (fixture_up(&f, &conf) < 0)
		return;
	addr = alloc_of(&f, 0, 4096);
	stats = rdp_ep_stats(f.host[0].server);
	before = stats->tx_frames - stats->tx_ack - stats->tx_retransmit;
	for (unsigned int i = 0; i < 32; i++)
		SAME(shmx_get(f.host[0].ep, addr, out[i], 688, i), 0);
	while (done < 32)
		done += shmx_poll(f.host[0].ep, events, 64);
	SAME(stats->tx_frames - stats->tx_ack - stats->tx_retransmit - before, 16);
	fixture_down(&f);
}

/* Each byte that was read counts once, however often its request found no room. */
static void
bytes_count_once(void)
{
	const struct fixture_conf conf = {.window = 8};
	static uint8_t out[1024];
	const struct target_stats *stats;
	struct shmx_event events[64];
	struct fixture f;
	shmx_addr_t addr;
	uint64_t before;
	unsigned int n = 0, done = 0;

	if (fixture_up(&f, &conf) < 0)
		return;
	addr = alloc_of(&f, 0, 4096);
	stats = target_worker_stats(target_worker_at(f.target, 0));
	before = stats->bytes_read;
	while (n < 200 && shmx_get(f.host[0].ep, addr, out, sizeof(out), n) == 0)
		n++;
	while (done < n)
		done += shmx_poll(f.host[0].ep, events, 64);
	SAME(rdp_ep_stats(f.host[0].server)->rx_parked > 0, true);
	SAME(stats->bytes_read - before, n * sizeof(out));
	fixture_down(&f);
}

/* Once an operation has ended its buffer may hold anything: none of that is sent. */
static void
nothing_of_an_ended_put(void)
{
	const struct fixture_conf conf = {0};
	static uint64_t room[LARGE / 8];
	struct wire_put *put = (struct wire_put *)room;
	struct rdp_session *s;
	struct fixture f;

	if (fixture_up(&f, &conf) < 0)
		return;
	s = f.host[0].ep->session[f.host[0].session];
	put->rec = (struct wire_record){.op = WIRE_OP_PUT, .id = 0, .len = RTE_BE32(LONG)};
	SAME(client_handler.recall(f.host[0].ep, s, 1, (uint8_t *)(put + 1)),
		-(int32_t)sizeof(*put));
	fixture_down(&f);
}

/* Random puts and gets over links that lose frames, all from one buffer that is filled anew as soon
 * as it may be. */
static void
random_rounds(struct fixture *f, unsigned int rounds)
{
	static uint8_t buf[LARGE], model[16][LARGE], out[LARGE];
	struct shmx_ep *ep = f->host[0].ep;
	shmx_addr_t base = alloc_of(f, 0, sizeof(model));

	memset(model, 0, sizeof(model));
	for (unsigned int i = 0; i < rounds; i++) {
		uint32_t slot = (uint32_t)rte_rand_max(16), len = 1 + (uint32_t)rte_rand_max(LARGE);
		shmx_addr_t addr = base + slot * LARGE;

		if (rte_rand_max(4) != 0)
			len = RTE_MAX(RTE_ALIGN_FLOOR(len, 8u), 8u);
		if (rte_rand_max(2) == 0) {
			pattern_fill(buf, len, i);
			memcpy(model[slot], buf, len);
			SAME(STATUS(ep, shmx_put(ep, addr, buf, len, cookie)), 0);
			pattern_fill(buf, LARGE, ~(uint64_t)i);
		} else {
			SAME(STATUS(ep, shmx_get(ep, addr, out, len, cookie)), 0);
			CU_ASSERT_EQUAL(memcmp(out, model[slot], len), 0);
		}
	}
	SAME(STATUS(ep, shmx_free(ep, base, cookie)), 0);
}

static void
random_over(void (*wrap)(struct host *h, struct rdp_conf *conf), unsigned int rounds)
{
	const struct fixture_conf conf = {.wrap = wrap};
	const char *given = getenv("SHMX_SEED");
	uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : rte_rdtsc();
	struct fixture f;

	fprintf(stderr, "  seed %" PRIu64 " (SHMX_SEED)\n", seed);
	rte_srand(seed);
	if (fixture_up(&f, &conf) < 0)
		return;
	lossy = 8;
	random_rounds(&f, rounds);
	lossy = 0;
	fixture_down(&f);
}

static void
random_plain(void)
{
	random_over(wrap_lossy, 500);
}

static void
random_chains(void)
{
	chains = 0;
	random_over(wrap_copying, 500);
	CU_ASSERT_TRUE(chains > 100);
}

static const struct named_test tests[] = {
	{"get again, memory freed", get_again_stale},
	{"get again, memory freed, chain", get_again_stale_chain},
	{"get without room", get_without_room},
	{"written while sent", written_while_sent},
	{"get beside own", get_beside_own},
	{"held get", held_get},
	{"gets share frames", gets_share_frames},
	{"bytes count once", bytes_count_once},
	{"nothing of an ended put", nothing_of_an_ended_put},
	{"random, lossy", random_plain},
	{"random, lossy, chains", random_chains},
};

int
main(void)
{
	return tests_run("lend", tests, RTE_DIM(tests));
}
