/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Dropping on purpose, between the two ends of a loopback port. */

#include <errno.h>
#include <string.h>

#include <CUnit/Basic.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "fault/drop.h"
#include "port.h"

#define FRAMES 20000
#define TYPE   0x88b5
#define SEED   1234

static struct port *a, *b;

/* What arrived: numbers of frames, in order, and how many stand-ins. */
struct arrived {
	uint32_t number[FRAMES];
	uint32_t n, stand_ins;
};

static struct arrived one, two;

static int
ports_open(void)
{
	struct port_conf conf = {.spec = "loopback:drop", .nb_queues = 1, .socket_id = -1};
	int ret = port_open(&conf, &a);

	return ret == 0 ? port_open(&conf, &b) : ret;
}

static int
ports_close(void)
{
	bool leak = rte_mempool_in_use_count(a->pool) != 0 || rte_mempool_in_use_count(b->pool);

	port_close(a);
	port_close(b);
	return leak;
}

static struct rte_mbuf *
frame_make(uint32_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(a->pool);
	struct rte_ether_hdr *eth;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	eth = (struct rte_ether_hdr *)rte_pktmbuf_append(m, 100);
	memset(eth, 0xab, 100);
	eth->ether_type = rte_cpu_to_be_16(TYPE);
	memcpy(eth + 1, &number, sizeof(number));
	return m;
}

static void
frame_take(struct arrived *to, struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	if (eth->ether_type == rte_cpu_to_be_16(DROP_ETHER_TYPE)) {
		CU_ASSERT_EQUAL(m->pkt_len, 60);
		to->stand_ins++;
	} else {
		CU_ASSERT_EQUAL(m->pkt_len, 100);
		memcpy(&to->number[to->n++], eth + 1, sizeof(uint32_t));
	}
	rte_pktmbuf_free(m);
}

/* All frames from a to b, a few at a time. */
static void
transfer(struct arrived *to)
{
	struct rte_mbuf *m[32];

	memset(to, 0, sizeof(*to));
	for (uint32_t i = 0; i < FRAMES; i += 8) {
		uint16_t n;

		for (uint32_t j = 0; j < 8; j++)
			m[j] = frame_make(i + j);
		CU_ASSERT_EQUAL_FATAL(rte_eth_tx_burst(a->port_id, 0, m, 8), 8);
		n = rte_eth_rx_burst(b->port_id, 0, m, 32);
		for (uint16_t j = 0; j < n; j++)
			frame_take(to, m[j]);
	}
}

static void
none_dropped(void)
{
	struct drop_stats s = {.rx_seen = 1};
	struct drop *d;

	drop_stats(NULL, &s);
	CU_ASSERT_EQUAL(s.rx_seen, 0);
	CU_ASSERT_EQUAL_FATAL(drop_install(a->port_id, 0, 0, 0, SEED, &d), 0);
	transfer(&one);
	drop_stats(d, &s);
	drop_remove(d);
	CU_ASSERT_EQUAL(one.n, FRAMES);
	CU_ASSERT_EQUAL(s.tx_seen, FRAMES);
	CU_ASSERT_EQUAL(s.tx_dropped, 0);
}

static void
all_dropped(void)
{
	struct drop *d;

	CU_ASSERT_EQUAL_FATAL(drop_install(b->port_id, 0, 1, 0, SEED, &d), 0);
	transfer(&one);
	drop_remove(d);
	CU_ASSERT_EQUAL(one.n, 0);
	CU_ASSERT_EQUAL_FATAL(drop_install(a->port_id, 0, 0, 1, SEED, &d), 0);
	transfer(&one);
	drop_remove(d);
	CU_ASSERT_EQUAL(one.n, 0);
	CU_ASSERT_EQUAL(one.stand_ins, FRAMES);
	transfer(&one);
	CU_ASSERT_EQUAL(one.n, FRAMES);
}

/* One in a hundred, give or take five standard deviations. */
static void
about(uint64_t dropped)
{
	CU_ASSERT(dropped > FRAMES / 100 - 70);
	CU_ASSERT(dropped < FRAMES / 100 + 70);
}

static void
both_directions(void)
{
	struct drop_stats rx, tx;
	struct drop *da, *db;

	CU_ASSERT_EQUAL_FATAL(drop_install(a->port_id, 0, 0, 0.01, SEED, &da), 0);
	CU_ASSERT_EQUAL_FATAL(drop_install(b->port_id, 0, 0.01, 0, SEED + 1, &db), 0);
	transfer(&one);
	drop_stats(da, &tx);
	drop_stats(db, &rx);
	about(tx.tx_dropped);
	about(rx.rx_dropped);
	CU_ASSERT_EQUAL(tx.tx_spared, 0);
	CU_ASSERT_EQUAL(one.n + one.stand_ins, FRAMES - rx.rx_dropped);
	drop_remove(da);
	drop_remove(db);
}

static void
run_with_seed(uint64_t seed, struct arrived *to)
{
	struct drop *d;

	CU_ASSERT_EQUAL_FATAL(drop_install(b->port_id, 0, 0.02, 0, seed, &d), 0);
	transfer(to);
	drop_remove(d);
}

static void
seed_repeats(void)
{
	run_with_seed(SEED, &one);
	run_with_seed(SEED, &two);
	CU_ASSERT_EQUAL(memcmp(&one, &two, sizeof(one)), 0);
	run_with_seed(SEED + 1, &two);
	CU_ASSERT_NOT_EQUAL(memcmp(&one, &two, sizeof(one)), 0);
}

/* A sender that keeps a reference, to send again: the frame it holds is left alone. */
static void
kept_frame_is_left_alone(void)
{
	struct rte_mbuf *kept = frame_make(7), *m = kept, *got;
	struct drop *d;

	CU_ASSERT_EQUAL_FATAL(drop_install(a->port_id, 0, 0, 1, SEED, &d), 0);
	rte_mbuf_refcnt_update(kept, 1);
	CU_ASSERT_EQUAL(rte_eth_tx_burst(a->port_id, 0, &m, 1), 1);
	CU_ASSERT_PTR_NOT_EQUAL(m, kept);
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(kept), 1);
	drop_remove(d);
	memset(&one, 0, sizeof(one));
	CU_ASSERT_EQUAL_FATAL(rte_eth_rx_burst(b->port_id, 0, &got, 1), 1);
	frame_take(&one, got);
	CU_ASSERT_EQUAL(one.stand_ins, 1);
	frame_take(&one, kept);
	CU_ASSERT_EQUAL(one.n, 1);
	CU_ASSERT_EQUAL(one.number[0], 7);
}

static void
bad_arguments(void)
{
	struct drop *d = NULL;

	CU_ASSERT_EQUAL(drop_install(a->port_id, 0, -0.1, 0, SEED, &d), -EINVAL);
	CU_ASSERT_EQUAL(drop_install(a->port_id, 0, 0, 1.1, SEED, &d), -EINVAL);
	CU_ASSERT(drop_install(a->port_id, 99, 0, 0, SEED, &d) < 0);
	CU_ASSERT(drop_install(RTE_MAX_ETHPORTS, 0, 0, 0, SEED, &d) < 0);
	CU_ASSERT_PTR_NULL(d);
	drop_remove(NULL);
}

static CU_TestInfo tests[] = {
	{"no fraction drops nothing", none_dropped},
	{"the whole drops everything", all_dropped},
	{"both directions, about as many as asked", both_directions},
	{"a seed repeats the sequence", seed_repeats},
	{"a frame that the sender keeps is left alone", kept_frame_is_left_alone},
	{"bad arguments", bad_arguments},
	CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
	{"drop", ports_open, ports_close, NULL, NULL, tests},
	CU_SUITE_INFO_NULL,
};

static int
eal_up(void)
{
	char name[] = "drop", huge[] = "--no-huge", pci[] = "--no-pci", conf[] = "--no-shconf",
	     tel[] = "--no-telemetry", log[] = "--log-level=*:alert", m[] = "-m", size[] = "256";
	char *argv[] = {name, huge, pci, conf, tel, log, m, size};

	return rte_eal_init(RTE_DIM(argv), argv);
}

int
main(void)
{
	unsigned int failures;

	if (eal_up() < 0 || CU_initialize_registry() != CUE_SUCCESS ||
		CU_register_suites(suites) != CUE_SUCCESS)
		return 1;
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	rte_eal_cleanup();
	return failures != 0;
}
