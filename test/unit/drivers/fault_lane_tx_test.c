/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* A transmitting lane in virtual time, in front of a port whose ring may be full. */

#include "fault_tests.h"

#define FRAMES 20000
#define BURST  8
#define STEP   1000

static struct lane *lane;
static uint64_t now;
static uint32_t wire[4 * FRAMES]; /* numbers of frames sent */
static uint32_t nb_wire, stand_ins, damaged;
static uint32_t room; /* in the ring */

static const struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 1}};

static void
transmit(struct rte_mbuf *m)
{
	if (is_stand_in(m)) {
		const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

		CU_ASSERT_TRUE(rte_is_same_ether_addr(&eth->dst_addr, &mac));
		CU_ASSERT_TRUE(rte_is_same_ether_addr(&eth->src_addr, &mac));
		stand_ins++;
	} else {
		bool bad = m->pkt_len != FRAME_LEN || frame_damage(m, m->hash.usr) > 0;

		CU_ASSERT_FALSE(bad && (m->ol_flags & RTE_MBUF_F_TX_L4_MASK) != 0);
		damaged += bad;
		wire[nb_wire++] = m->hash.usr;
	}
	rte_pktmbuf_free(m);
}

/* As rte_eth_tx_burst(). */
static uint16_t
port_send(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	n = (uint16_t)RTE_MIN(n, room);
	for (uint16_t i = 0; i < n; i++)
		transmit(mbufs[i]);
	room -= n;
	return n;
}

static void
lane_begin(const char *spec)
{
	const struct lane_out to = {port_send, NULL};
	struct fate_conf conf = conf_of(spec);

	lane = lane_create(FAULT_TX, &mac, &to, SOCKET_ID_ANY);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lane);
	lane_publish(lane, &conf);
	now = 1000000;
	nb_wire = stand_ins = damaged = 0;
	room = UINT32_MAX;
}

static void
lane_end(void)
{
	room = UINT32_MAX;
	lane_destroy(lane);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
}

/* As rte_eth_tx_burst() with the lane as its callback: the frames the port did not take stay. */
static uint16_t
burst(struct rte_mbuf **m, uint16_t n)
{
	lane_tx(lane, now, m, n);
	return port_send(NULL, m, n);
}

static struct rte_mbuf *
numbered(uint32_t number)
{
	struct rte_mbuf *m = frame_make(pool, number);

	m->hash.usr = number;
	return m;
}

static void
send_some(uint32_t first, uint16_t n)
{
	struct rte_mbuf *m[BURST];

	for (uint16_t i = 0; i < n; i++)
		m[i] = numbered(first + i);
	CU_ASSERT_EQUAL(burst(m, n), n);
	now += STEP;
	lane_tx_turn(lane, now);
	CU_ASSERT_EQUAL_FATAL(nb_wire + fault_stats_lost(&lane->stats) + lane->stats.held,
		first + n + lane->stats.duplicated);
}

static void
run(void)
{
	uint32_t i;

	for (i = 0; i < FRAMES; i += BURST)
		send_some(i, BURST);
	for (i = 0; i < 100000 && lane->stats.held > 0; i++)
		send_some(FRAMES, 0);
	CU_ASSERT_EQUAL(lane->stats.held, 0);
}

static bool
in_order(void)
{
	for (uint32_t i = 1; i < nb_wire; i++)
		if (wire[i] < wire[i - 1])
			return false;
	return true;
}

static void
off(void)
{
	lane_begin("off");
	run();
	CU_ASSERT_EQUAL(nb_wire, FRAMES);
	CU_ASSERT_EQUAL(stand_ins, 0);
	CU_ASSERT_TRUE(in_order());
	lane_end();
}

static void
drops(void)
{
	lane_begin("drop=1%");
	run();
	CU_ASSERT_SHARE(lane->stats.dropped, FRAMES, 1);
	CU_ASSERT_EQUAL(nb_wire, FRAMES - lane->stats.dropped);
	CU_ASSERT_EQUAL(stand_ins, lane->stats.dropped);
	CU_ASSERT_TRUE(in_order());
	lane_end();
}

/* One in place of a frame that is lost leaves no room for a stand-in. */
static void
duplicates(void)
{
	lane_begin("dup=5%");
	run();
	CU_ASSERT_SHARE(lane->stats.duplicated, FRAMES, 5);
	CU_ASSERT_EQUAL(nb_wire, FRAMES + lane->stats.duplicated);
	CU_ASSERT_EQUAL(stand_ins, 0);
	CU_ASSERT_TRUE(in_order());
	lane_end();
}

/* Frames leave with the receive polls, when nothing more is sent. */
static void
delays(void)
{
	struct rte_mbuf *m = numbered(0);

	lane_begin("delay=10us");
	CU_ASSERT_EQUAL(burst(&m, 1), 1);
	CU_ASSERT_EQUAL(nb_wire, 0);
	CU_ASSERT_EQUAL(stand_ins, 1);
	lane_tx_turn(lane, now + 9999);
	CU_ASSERT_EQUAL(nb_wire, 0);
	lane_tx_turn(lane, now + 10000);
	CU_ASSERT_EQUAL(nb_wire, 1);
	lane_end();
	lane_begin("delay=10us");
	run();
	CU_ASSERT_EQUAL(nb_wire, FRAMES);
	CU_ASSERT_TRUE(in_order());
	lane_end();
}

static void
reorders(void)
{
	uint32_t late = 0;

	lane_begin("reorder=2%/8");
	run();
	CU_ASSERT_EQUAL(nb_wire, FRAMES);
	for (uint32_t i = 1; i < nb_wire; i++)
		late += wire[i] < wire[i - 1];
	CU_ASSERT(late > 0 && late <= lane->stats.reordered);
	lane_end();
}

static void
blackhole(void)
{
	lane_begin("blackhole=1ms");
	run();
	CU_ASSERT_EQUAL(lane->stats.blackholed, 1000 * BURST);
	CU_ASSERT_EQUAL(stand_ins, 1000 * BURST);
	CU_ASSERT_EQUAL(nb_wire, FRAMES - 1000 * BURST);
	lane_end();
}

/* A sender that keeps a reference, to send again: what it holds is left alone. */
static void
kept_frames_are_left_alone(void)
{
	struct rte_mbuf *kept, *m;

	lane_begin("flip=100%/8,trunc=50%,dup=100%");
	for (uint32_t i = 0; i < 1000; i++) {
		kept = m = numbered(i);
		m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
		m->l2_len = 14;
		m->l3_len = 20;
		rte_mbuf_refcnt_update(kept, 1);
		lane_tx(lane, now, &m, 1);
		CU_ASSERT_PTR_NOT_EQUAL(m, kept);
		CU_ASSERT(frame_damage(m, i) > 0 || m->pkt_len < FRAME_LEN);
		CU_ASSERT_EQUAL(m->ol_flags & RTE_MBUF_F_TX_L4_MASK, 0);
		CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(kept), 1);
		CU_ASSERT_EQUAL(frame_damage(kept, i), 0);
		CU_ASSERT_EQUAL(kept->pkt_len, FRAME_LEN);
		CU_ASSERT_NOT_EQUAL(kept->ol_flags, 0);
		rte_pktmbuf_free(m);
		rte_pktmbuf_free(kept);
		lane_tx_turn(lane, now); /* its duplicate, which is unharmed */
		CU_ASSERT_EQUAL(nb_wire, i + 1);
	}
	CU_ASSERT_EQUAL(damaged, 0);
	lane_end();
}

/* A frame that waits is the port's: its sender sees that from the reference, as with any ring. */
static void
waiting_frames_are_referenced(void)
{
	struct rte_mbuf *kept = numbered(5), *m = kept;

	lane_begin("delay=10us");
	rte_mbuf_refcnt_update(kept, 1);
	burst(&m, 1);
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(kept), 2);
	lane_tx_turn(lane, now + 10000);
	CU_ASSERT_EQUAL(nb_wire, 1);
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(kept), 1);
	rte_pktmbuf_free(kept);
	lane_end();
}

/* The ring is full: held frames wait on, and the sender gets back as many as were not taken. */
static void
full_ring(void)
{
	struct dice d = {seed};
	struct rte_mbuf *m[BURST];
	uint32_t number = 0;
	uint16_t left = 0;

	lane_begin("drop=5%,dup=5%,reorder=5%/4,delay=2us~4us");
	while (number < FRAMES || left > 0) {
		uint16_t sent;

		room = (uint32_t)dice_below(dice_roll(&d), 2 * BURST);
		while (left < BURST && number < FRAMES)
			m[left++] = numbered(number++);
		sent = burst(m, left);
		left -= sent;
		memmove(m, m + sent, left * sizeof(m[0]));
		now += STEP;
		lane_tx_turn(lane, now);
	}
	room = UINT32_MAX;
	/* Longer than one that nobody overtakes stays aside. */
	for (uint64_t end = now + 2 * FAULT_WAIT_NS; now < end; now += STEP)
		lane_tx_turn(lane, now);
	CU_ASSERT_EQUAL(lane->stats.held, 0);
	CU_ASSERT_EQUAL(nb_wire, FRAMES + lane->stats.duplicated - lane->stats.dropped);
	/* Each is judged once, however often it is tried. */
	CU_ASSERT_EQUAL(lane->stats.seen, FRAMES);
	CU_ASSERT_SHARE(lane->stats.dropped, FRAMES, 5);
	CU_ASSERT_SHARE(lane->stats.duplicated, FRAMES - lane->stats.dropped, 5);
	lane_end();
}

/* No burst finds room among the frames held: these leave beside it all the same. */
static void
leaves_beside_what_overflows(void)
{
	struct rte_mbuf *m[BURST];
	uint32_t number = 0;

	lane_begin("delay=1ms");
	while (lane->stats.overflowed == 0) {
		for (uint16_t i = 0; i < BURST; i++)
			m[i] = numbered(number++);
		CU_ASSERT_EQUAL(burst(m, BURST), BURST);
	}
	now += 1000000;
	for (uint32_t i = 0; i < BURST; i++)
		m[i] = numbered(number++);
	CU_ASSERT_EQUAL(burst(m, BURST), BURST);
	CU_ASSERT(lane->stats.held < HOLD_MAX);
	CU_ASSERT(nb_wire > number - HOLD_MAX);
	lane_end();
}

/* A peer that is away: what is tried with every poll does not multiply. */
static void
ring_full_for_long(void)
{
	struct rte_mbuf *m[BURST];

	lane_begin("dup=50%,reorder=20%/3,delay=1us");
	for (uint16_t i = 0; i < BURST; i++)
		m[i] = numbered(i);
	room = 0;
	for (int i = 0; i < 10000; i++) {
		CU_ASSERT_EQUAL_FATAL(burst(m, BURST), 0);
		lane_tx_turn(lane, now += STEP);
	}
	CU_ASSERT_EQUAL(lane->stats.seen, BURST);
	CU_ASSERT(lane->stats.held <= 2 * BURST);
	room = UINT32_MAX;
	CU_ASSERT_EQUAL(burst(m, BURST), BURST);
	lane_tx_turn(lane, now);
	CU_ASSERT_EQUAL(nb_wire, BURST + lane->stats.duplicated);
	lane_end();
}

/* Switched off, or destroyed: what waited is sent. */
static void
ends_with_frames_waiting(void)
{
	struct fate_conf none = conf_of("off");

	lane_begin("delay=1s,reorder=10%/50");
	for (uint32_t i = 0; i < 100 * BURST; i += BURST)
		send_some(i, BURST);
	CU_ASSERT_EQUAL(nb_wire, 0);
	lane_publish(lane, &none);
	for (int i = 0; i < 10; i++)
		lane_tx_turn(lane, now);
	CU_ASSERT_EQUAL(nb_wire, 100 * BURST);
	CU_ASSERT_TRUE(lane_drained(lane));
	lane_end();
	lane_begin("delay=1s");
	for (uint32_t i = 0; i < 100 * BURST; i += BURST)
		send_some(i, BURST);
	lane_end();
	CU_ASSERT_EQUAL(nb_wire, 100 * BURST);
	lane_begin("delay=1s");
	for (uint32_t i = 0; i < 100 * BURST; i += BURST)
		send_some(i, BURST);
	room = 50;
	lane_destroy(lane);
	CU_ASSERT_EQUAL(nb_wire, 50);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
}

/* Without a buffer for a stand-in, all frames pass. */
static void
no_buffer(void)
{
	struct rte_mempool *small = rte_pktmbuf_pool_create(
		"one", 1, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	struct rte_mbuf *m = frame_make(small, 0);

	m->hash.usr = 0;
	lane_begin("drop=100%");
	CU_ASSERT_EQUAL(burst(&m, 1), 1);
	CU_ASSERT_EQUAL(nb_wire, 1);
	CU_ASSERT_EQUAL(lane->stats.spared, 1);
	lane_end();
	rte_mempool_free(small);
}

static void
all_together(void)
{
	lane_begin("drop=2%,dup=2%,reorder=2%/8,delay=5us~10us,flip=2%/3,trunc=2%,blackhole=100us");
	run();
	CU_ASSERT_SHARE(lane->stats.dropped, FRAMES - 100 * BURST, 2);
	CU_ASSERT_SHARE(lane->stats.flipped, FRAMES - 100 * BURST, 2);
	CU_ASSERT_SHARE(damaged, FRAMES - 100 * BURST, 4);
	lane_end();
}

CU_TestInfo lane_tx_tests[] = {
	{"off", off},
	{"drops", drops},
	{"duplicates", duplicates},
	{"delays", delays},
	{"reorders", reorders},
	{"black hole", blackhole},
	{"kept frames are left alone", kept_frames_are_left_alone},
	{"waiting frames are referenced", waiting_frames_are_referenced},
	{"full ring", full_ring},
	{"held frames leave beside what overflows", leaves_beside_what_overflows},
	{"ring full for long", ring_full_for_long},
	{"ends with frames waiting", ends_with_frames_waiting},
	{"no buffer", no_buffer},
	{"all together", all_together},
	CU_TEST_INFO_NULL,
};
