/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Faults on real ports, the two ends of a loopback: callbacks come and go, also under traffic. */

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "fault/fault.h"
#include "fault_tests.h"
#include "port.h"

#define QUEUES 2
#define FRAMES 20000

static struct port *a, *b;

/* What arrived at b, queue by queue. */
static struct {
	uint32_t n, stand_ins, damaged;
} arrived[QUEUES];

int
ports_open(void)
{
	struct port_conf conf = {.spec = "loopback:fault", .nb_queues = QUEUES, .socket_id = -1};
	int ret = port_open(&conf, &a);

	return ret == 0 ? port_open(&conf, &b) : ret;
}

int
ports_close(void)
{
	bool leak = rte_mempool_in_use_count(a->pool) != 0 || rte_mempool_in_use_count(b->pool);

	port_close(a);
	port_close(b);
	return leak;
}

static bool
callbacks_in(const struct port *port)
{
	for (uint16_t q = 0; q < QUEUES; q++) {
		const struct rte_eth_rxtx_callback *rx = rte_eth_fp_ops[port->port_id].rxq.clbk[q];

		/* The loopback has one of its own in front. */
		if (rx != NULL && *(const void *const *)rx != NULL)
			return true;
		if (rte_eth_fp_ops[port->port_id].txq.clbk[q] != NULL)
			return true;
	}
	return false;
}

static void
take(uint16_t queue)
{
	struct rte_mbuf *m[32];
	uint16_t n = rte_eth_rx_burst(b->port_id, queue, m, 32);

	for (uint16_t i = 0; i < n; i++) {
		if (is_stand_in(m[i]))
			arrived[queue].stand_ins++;
		else
			arrived[queue].n++;
		rte_pktmbuf_free(m[i]);
	}
}

static void
send_some(uint16_t queue, uint32_t number, uint16_t n)
{
	struct rte_mbuf *m[32];

	for (uint16_t i = 0; i < n; i++)
		m[i] = frame_make(a->pool, number + i);
	CU_ASSERT_EQUAL_FATAL(rte_eth_tx_burst(a->port_id, queue, m, n), n);
}

/* What waits at a leaves with its receive polls. */
static void
poll_both(uint16_t queue)
{
	struct rte_mbuf *m[32];

	CU_ASSERT_EQUAL(rte_eth_rx_burst(a->port_id, queue, m, 32), 0);
	take(queue);
}

static void
transfer(uint16_t queue, uint32_t frames)
{
	memset(arrived, 0, sizeof(arrived));
	for (uint32_t i = 0; i < frames; i += 8) {
		send_some(queue, i, 8);
		poll_both(queue);
	}
}

static struct fault_stats
stats(struct fault *f, enum fault_dir dir)
{
	struct fault_stats s;

	fault_stats_get(f, dir, &s);
	return s;
}

static int
set(struct fault *f, const char *spec)
{
	struct fault_settings s = settings_of(spec);

	return fault_set(f, &s);
}

static pthread_t poller;
static bool polling;

/* The other side of fault_set(): somebody polls. */
static void *
poll_on(void *arg)
{
	while (__atomic_load_n(&polling, __ATOMIC_ACQUIRE))
		for (uint16_t q = 0; q < QUEUES; q++)
			poll_both(q);
	return NULL;
}

static void
poller_start(void)
{
	polling = true;
	thread_start(&poller, poll_on, NULL);
}

static void
poller_stop(void)
{
	__atomic_store_n(&polling, false, __ATOMIC_RELEASE);
	pthread_join(poller, NULL);
}

static void
nothing_set_costs_nothing(void)
{
	struct fault *f = fault_create(a->port_id, QUEUES);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(set(f, "off"), 0);
	CU_ASSERT_FALSE(callbacks_in(a));
	transfer(0, FRAMES);
	CU_ASSERT_EQUAL(arrived[0].n, FRAMES);
	CU_ASSERT_EQUAL(stats(f, FAULT_TX).seen, 0);
	fault_destroy(f);
	fault_destroy(NULL);
	CU_ASSERT_EQUAL(stats(NULL, FAULT_RX).seen, 0);
}

static void
both_directions(void)
{
	struct fault *fa = fault_create(a->port_id, QUEUES), *fb = fault_create(b->port_id, QUEUES);

	CU_ASSERT_EQUAL(set(fa, "drop=1%,dir=tx"), 0);
	CU_ASSERT_EQUAL(set(fb, "drop=2%,dir=rx"), 0);
	transfer(1, FRAMES);
	CU_ASSERT_SHARE(stats(fa, FAULT_TX).dropped, FRAMES, 1);
	CU_ASSERT_SHARE(stats(fb, FAULT_RX).dropped, FRAMES, 2);
	CU_ASSERT_EQUAL(stats(fa, FAULT_RX).dropped, 0);
	CU_ASSERT_EQUAL(arrived[1].n + arrived[1].stand_ins, FRAMES - stats(fb, FAULT_RX).dropped);
	fault_destroy(fa);
	fault_destroy(fb);
	CU_ASSERT_FALSE(callbacks_in(a));
	CU_ASSERT_FALSE(callbacks_in(b));
}

/* Each queue has sequences and counters of its own. */
static void
queues(void)
{
	struct fault *f = fault_create(b->port_id, QUEUES);
	struct fault_stats q0, q1;

	CU_ASSERT_EQUAL(set(f, "drop=5%"), 0);
	transfer(0, FRAMES);
	transfer(1, FRAMES);
	fault_queue_stats_get(f, 0, FAULT_RX, &q0);
	fault_queue_stats_get(f, 1, FAULT_RX, &q1);
	CU_ASSERT_EQUAL(q0.seen, FRAMES);
	CU_ASSERT_EQUAL(q1.seen, FRAMES);
	CU_ASSERT_SHARE(q0.dropped, FRAMES, 5);
	CU_ASSERT_SHARE(q1.dropped, FRAMES, 5);
	CU_ASSERT_NOT_EQUAL(q0.dropped, q1.dropped);
	CU_ASSERT_EQUAL(stats(f, FAULT_RX).dropped, q0.dropped + q1.dropped);
	fault_stats_clear(f);
	CU_ASSERT_EQUAL(stats(f, FAULT_RX).dropped, 0);
	transfer(0, FRAMES);
	CU_ASSERT_EQUAL(stats(f, FAULT_RX).seen, FRAMES);
	fault_destroy(f);
}

/* The direction that is not spoken of goes on; one spec for both begins both anew. */
static void
directions_are_set_apart(void)
{
	struct fault *f = fault_create(b->port_id, QUEUES);
	struct fault_settings s;
	char text[FAULT_TEXT_MAX];

	CU_ASSERT_EQUAL(fault_settings_parse("drop=1%,seed=5,dir=rx", &s, text, sizeof(text)), 0);
	CU_ASSERT_EQUAL(fault_set(f, &s), 0);
	CU_ASSERT_EQUAL(fault_settings_parse("dup=1%,seed=6,dir=tx", &s, text, sizeof(text)), 0);
	CU_ASSERT_EQUAL(fault_set(f, &s), 0);
	fault_get(f, &s);
	CU_ASSERT_STRING_EQUAL(fault_settings_format(&s, text, sizeof(text)),
		"drop=1%,seed=5,dir=rx+dup=1%,seed=6,dir=tx");
	CU_ASSERT_EQUAL(fault_settings_parse("off,dir=rx", &s, text, sizeof(text)), 0);
	CU_ASSERT_EQUAL(fault_set(f, &s), 0);
	fault_get(f, &s);
	CU_ASSERT_STRING_EQUAL(
		fault_settings_format(&s, text, sizeof(text)), "dup=1%,seed=6,dir=tx");
	CU_ASSERT_TRUE(callbacks_in(b));
	fault_destroy(f);
}

static void
seed_is_chosen_and_told(void)
{
	struct fault *f = fault_create(b->port_id, QUEUES);
	struct fault_settings s;
	char why[64];

	CU_ASSERT_EQUAL(fault_settings_parse("drop=1%", &s, why, sizeof(why)), 0);
	CU_ASSERT_EQUAL(fault_set(f, &s), 0);
	fault_get(f, &s);
	CU_ASSERT_NOT_EQUAL(s.dir[FAULT_RX].seed, 0);
	CU_ASSERT_EQUAL(s.dir[FAULT_RX].seed, s.dir[FAULT_TX].seed);
	fault_destroy(f);
}

/* The callbacks go when the thread that polls has let go of what it held, and not before. */
static void
switched_off_while_polled(void)
{
	struct fault *f = fault_create(b->port_id, QUEUES);

	for (int i = 0; i < 20; i++) {
		CU_ASSERT_EQUAL(set(f, "delay=10s"), 0);
		CU_ASSERT_TRUE(callbacks_in(b));
		transfer(0, 64);
		CU_ASSERT_EQUAL(arrived[0].n, 0);
		CU_ASSERT_EQUAL(stats(f, FAULT_RX).held, 64);
		poller_start();
		CU_ASSERT_EQUAL(set(f, "off"), 0);
		poller_stop();
		CU_ASSERT_FALSE(callbacks_in(b));
		CU_ASSERT_EQUAL(arrived[0].n, 64);
	}
	transfer(0, 64);
	CU_ASSERT_EQUAL(arrived[0].n, 64);
	fault_destroy(f);
}

/* Nobody polls: it does not wait for ever, and the frames come with the next poll. */
static void
switched_off_while_nobody_polls(void)
{
	struct fault *f = fault_create(b->port_id, QUEUES);
	uint64_t begin;

	CU_ASSERT_EQUAL(set(f, "delay=10s"), 0);
	transfer(0, 64);
	begin = rte_get_timer_cycles();
	CU_ASSERT_EQUAL(set(f, "off"), 0);
	CU_ASSERT(rte_get_timer_cycles() - begin < 5 * rte_get_timer_hz());
	poll_both(0);
	poll_both(0);
	CU_ASSERT_EQUAL(arrived[0].n, 64);
	CU_ASSERT_EQUAL(set(f, "drop=100%"), 0);
	transfer(0, 64);
	CU_ASSERT_EQUAL(arrived[0].n, 0);
	fault_destroy(f);
}

static void
destroyed_while_holding(void)
{
	struct fault *fa = fault_create(a->port_id, QUEUES), *fb = fault_create(b->port_id, QUEUES);

	CU_ASSERT_EQUAL(set(fb, "delay=10s"), 0);
	transfer(0, 256);
	CU_ASSERT_EQUAL(stats(fb, FAULT_RX).held, 256);
	fault_destroy(fb);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(a->pool), 0);
	CU_ASSERT_EQUAL(set(fa, "delay=10s"), 0);
	transfer(0, 256);
	CU_ASSERT_EQUAL(arrived[0].stand_ins, 256);
	fault_destroy(fa);
	for (int i = 0; i < 8; i++)
		poll_both(0);
	CU_ASSERT_EQUAL(arrived[0].n, 256);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(a->pool), 0);
}

struct load {
	uint32_t sent;
	bool stop;
};

/* The only thread that touches queue 0 of both ports: sends, receives, and drains at the end. */
static void *
load_run(void *arg)
{
	struct load *load = arg;

	while (!__atomic_load_n(&load->stop, __ATOMIC_ACQUIRE)) {
		send_some(0, load->sent, 8);
		load->sent += 8;
		poll_both(0);
	}
	return NULL;
}

/* Settings change a thousand times while frames go by: none is lost without account, none left. */
static void
changed_under_traffic(void)
{
	static const char *const specs[] = {"drop=5%", "dup=5%", "reorder=5%/8", "delay=1us~20us",
		"flip=5%/3", "trunc=5%", "blackhole=20us", "off,dir=rx", "off,dir=tx",
		"drop=1%,dup=1%,reorder=1%/8,delay=1us~3us,flip=1%,trunc=1%"};
	struct fault *fa = fault_create(a->port_id, 1), *fb = fault_create(b->port_id, 1);
	struct load load = {0};
	struct dice d = {seed};
	struct fault_stats tx, rx;
	pthread_t thread;

	memset(arrived, 0, sizeof(arrived));
	thread_start(&thread, load_run, &load);
	for (int i = 0; i < 1000; i++) {
		/* All off now and then: callbacks come and go. */
		const char *spec = i % 50 == 49 ? "off"
		                                : specs[dice_below(dice_roll(&d), RTE_DIM(specs))];

		CU_ASSERT_EQUAL(set(i % 2 == 0 ? fa : fb, spec), 0);
		rte_delay_us_sleep((unsigned int)dice_below(dice_roll(&d), 300));
	}
	CU_ASSERT_EQUAL(set(fa, "off"), 0);
	CU_ASSERT_EQUAL(set(fb, "off"), 0);
	__atomic_store_n(&load.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	for (int i = 0; i < 100; i++)
		poll_both(0);
	tx = stats(fa, FAULT_TX);
	rx = stats(fb, FAULT_RX);
	CU_ASSERT_EQUAL(tx.held + rx.held, 0);
	CU_ASSERT_EQUAL(tx.spared + rx.spared, 0);
	/* Stand-ins are frames, too, for the faults at the other end. */
	CU_ASSERT(load.sent > 0 && rx.seen > 0 && tx.seen > 0);
	CU_ASSERT(arrived[0].n <= load.sent + tx.duplicated + rx.duplicated);
	CU_ASSERT(arrived[0].n + fault_stats_lost(&tx) + fault_stats_lost(&rx) + rx.flipped +
			  rx.truncated + tx.flipped + tx.truncated + arrived[0].stand_ins >=
		  load.sent);
	fault_destroy(fa);
	fault_destroy(fb);
	CU_ASSERT_FALSE(callbacks_in(a));
	CU_ASSERT_FALSE(callbacks_in(b));
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(a->pool), 0);
}

static size_t
heap_used(void)
{
	struct rte_malloc_socket_stats s = {0};

	rte_malloc_get_socket_stats(0, &s);
	return s.heap_allocsz_bytes;
}

/* A hundred times on and off, and made and destroyed: no memory stays. */
static void
leaks_nothing(void)
{
	size_t before = heap_used(), once = 0;
	struct fault *f;

	poller_start();
	f = fault_create(a->port_id, QUEUES);
	for (int i = 0; i < 100; i++) {
		CU_ASSERT_EQUAL(set(f, "drop=1%"), 0);
		CU_ASSERT_EQUAL(set(f, "off"), 0);
		CU_ASSERT_FALSE(callbacks_in(a));
		if (i == 1)
			once = heap_used();
	}
	CU_ASSERT_EQUAL(heap_used(), once);
	poller_stop();
	fault_destroy(f);
	CU_ASSERT_EQUAL(heap_used(), before);
}

static void
impossible_queues(void)
{
	struct fault *f = fault_create(a->port_id, QUEUES + 1);
	size_t before;

	CU_ASSERT(set(f, "drop=1%") < 0);
	CU_ASSERT_EQUAL(set(f, "off"), 0);
	before = heap_used();
	CU_ASSERT(set(f, "drop=1%") < 0);
	CU_ASSERT_EQUAL(heap_used(), before);
	transfer(0, 64);
	CU_ASSERT_EQUAL(arrived[0].n, 64);
	fault_destroy(f);
	CU_ASSERT_FALSE(callbacks_in(a));
	f = fault_create(RTE_MAX_ETHPORTS, 1);
	CU_ASSERT(set(f, "drop=1%") < 0);
	fault_destroy(f);
}

CU_TestInfo port_tests[] = {
	{"nothing set costs nothing", nothing_set_costs_nothing},
	{"both directions", both_directions},
	{"queues", queues},
	{"directions are set apart", directions_are_set_apart},
	{"a seed is chosen and told", seed_is_chosen_and_told},
	{"switched off while polled", switched_off_while_polled},
	{"switched off while nobody polls", switched_off_while_nobody_polls},
	{"destroyed while holding", destroyed_while_holding},
	{"changed under traffic", changed_under_traffic},
	{"leaks nothing", leaks_nothing},
	{"impossible queues", impossible_queues},
	CU_TEST_INFO_NULL,
};
