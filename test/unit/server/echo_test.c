/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The raw echo on one end of a loopback port, with a client at the other. */

#include <stdio.h>
#include <string.h>

#include <CUnit/Basic.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "../../../apps/shmx-server/echo.h"
#include "common/plain.h"
#include "port.h"

#define BURST 32
#define FRAME 60

static struct port *server, *client;
static struct echo_queue queue;
static struct rdp_io io;
static struct rte_mbuf *others[BURST];

static const struct rte_ether_addr mac_a = {{2, 0, 0, 0, 0, 0xa}};
static const struct rte_ether_addr mac_b = {{2, 0, 0, 0, 0, 0xb}};

/* From a to b, with a number in it. */
static void
client_send(uint16_t ether_type, uint8_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(client->pool);
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)rte_pktmbuf_append(m, FRAME);

	CU_ASSERT_PTR_NOT_NULL(eth);
	if (eth == NULL)
		return;
	memset(eth, number, FRAME);
	eth->src_addr = mac_a;
	eth->dst_addr = mac_b;
	eth->ether_type = rte_cpu_to_be_16(ether_type);
	CU_ASSERT_EQUAL(rte_eth_tx_burst(client->port_id, 0, &m, 1), 1);
}

/* The number of the next frame that came back from b to a; -1: none did. */
static int
client_receive(void)
{
	const struct rte_ether_hdr *eth;
	struct rte_mbuf *m;
	int number;

	if (rte_eth_rx_burst(client->port_id, 0, &m, 1) == 0)
		return -1;
	eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	CU_ASSERT(rte_is_same_ether_addr(&eth->src_addr, &mac_b));
	CU_ASSERT(rte_is_same_ether_addr(&eth->dst_addr, &mac_a));
	CU_ASSERT_EQUAL(eth->ether_type, RTE_BE16(ECHO_ETHER_TYPE));
	CU_ASSERT_EQUAL(m->data_len, FRAME);
	number = ((const uint8_t *)eth)[FRAME - 1];
	rte_pktmbuf_free(m);
	return number;
}

/* The number of a frame that was handed on untouched. */
static int
number_of(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	CU_ASSERT(rte_is_same_ether_addr(&eth->src_addr, &mac_a));
	CU_ASSERT_EQUAL(eth->ether_type, RTE_BE16(RTE_ETHER_TYPE_IPV4));
	return ((const uint8_t *)eth)[FRAME - 1];
}

static void
nothing_comes(void)
{
	CU_ASSERT_EQUAL(io.rx_burst(io.ctx, others, BURST), 0);
	CU_ASSERT_EQUAL(echo_take_work(&queue), 0);
}

static void
raw_frames_go_back(void)
{
	uint64_t before = queue.echoed;

	for (uint8_t i = 0; i < 20; i++)
		client_send(ECHO_ETHER_TYPE, i);
	CU_ASSERT_EQUAL(io.rx_burst(io.ctx, others, BURST), 0);
	for (int i = 0; i < 20; i++)
		CU_ASSERT_EQUAL(client_receive(), i);
	CU_ASSERT_EQUAL(client_receive(), -1);
	CU_ASSERT_EQUAL(queue.echoed - before, 20);
	CU_ASSERT_EQUAL(echo_take_work(&queue), 20);
	CU_ASSERT_EQUAL(echo_take_work(&queue), 0);
}

/* More than the bursts that are echoed in a row: none is lost, and the caller gets its turn. */
static void
raw_frames_by_the_hundred(void)
{
	unsigned int back = 0, calls = 0;

	for (unsigned int i = 0; i < 900; i++)
		client_send(ECHO_ETHER_TYPE, (uint8_t)i);
	while (calls < 900 && back < 900) {
		CU_ASSERT_EQUAL(io.rx_burst(io.ctx, others, BURST), 0);
		calls++;
		while (client_receive() == (uint8_t)back)
			back++;
	}
	CU_ASSERT_EQUAL(back, 900);
	CU_ASSERT(calls >= 2);
	echo_take_work(&queue);
}

static void
others_are_handed_on(void)
{
	for (uint8_t i = 0; i < 5; i++)
		client_send(RTE_ETHER_TYPE_IPV4, i);
	CU_ASSERT_EQUAL(io.rx_burst(io.ctx, others, BURST), 5);
	for (int i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(number_of(others[i]), i);
	rte_pktmbuf_free_bulk(others, 5);
	CU_ASSERT_EQUAL(client_receive(), -1);
	CU_ASSERT_EQUAL(echo_take_work(&queue), 0);
}

/* A burst that begins raw: the raw frames go back, the others are handed on in their order. */
static void
both_in_one_burst(void)
{
	for (uint8_t i = 0; i < 12; i++)
		client_send(i % 3 == 0 ? ECHO_ETHER_TYPE : RTE_ETHER_TYPE_IPV4, i);
	CU_ASSERT_EQUAL(io.rx_burst(io.ctx, others, BURST), 8);
	for (int i = 0; i < 8; i++)
		CU_ASSERT_EQUAL(number_of(others[i]), i / 2 * 3 + i % 2 + 1);
	rte_pktmbuf_free_bulk(others, 8);
	for (int i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(client_receive(), 3 * i);
	CU_ASSERT_EQUAL(client_receive(), -1);
	CU_ASSERT_EQUAL(echo_take_work(&queue), 4);
}

/* A burst of others behind raw ones is handed on by the same call. */
static void
others_behind_raw_bursts(void)
{
	for (uint8_t i = 0; i < BURST; i++)
		client_send(ECHO_ETHER_TYPE, i);
	for (uint8_t i = 0; i < 3; i++)
		client_send(RTE_ETHER_TYPE_IPV4, i);
	CU_ASSERT_EQUAL(io.rx_burst(io.ctx, others, BURST), 3);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(number_of(others[i]), i);
	rte_pktmbuf_free_bulk(others, 3);
	for (int i = 0; i < BURST; i++)
		CU_ASSERT_EQUAL(client_receive(), i);
	echo_take_work(&queue);
}

/* Nobody takes the echoes: what does not go out is given up, not kept. */
static void
no_room_to_send(void)
{
	uint64_t drops = queue.echo_drops;
	unsigned int before = rte_mempool_avail_count(client->pool), back = 0;

	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < 900; i++)
			client_send(ECHO_ETHER_TYPE, 1);
		for (unsigned int i = 0; i < 900; i++)
			CU_ASSERT_EQUAL_FATAL(io.rx_burst(io.ctx, others, BURST), 0);
	}
	while (client_receive() >= 0)
		back++;
	CU_ASSERT(back >= 900 && back < 2700);
	CU_ASSERT_EQUAL(queue.echo_drops - drops, 2700 - back);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(client->pool), before);
	echo_take_work(&queue);
}

static CU_TestInfo tests[] = {
	{"nothing_comes", nothing_comes},
	{"raw_frames_go_back", raw_frames_go_back},
	{"raw_frames_by_the_hundred", raw_frames_by_the_hundred},
	{"others_are_handed_on", others_are_handed_on},
	{"both_in_one_burst", both_in_one_burst},
	{"others_behind_raw_bursts", others_behind_raw_bursts},
	{"no_room_to_send", no_room_to_send},
	CU_TEST_INFO_NULL,
};

static int
ports_open(void)
{
	const struct port_conf conf = {.spec = "loopback:echo", .nb_queues = 1, .nb_mbufs = 8192};
	struct rdp_eth eth = {0};

	if (port_open(&conf, &server) != 0 || port_open(&conf, &client) != 0)
		return -1;
	eth.port_id = server->port_id;
	io = echo_io(&queue, &eth);
	return 0;
}

static int
ports_close(void)
{
	port_close(client);
	port_close(server);
	return 0;
}

static CU_SuiteInfo suites[] = {
	{"echo", ports_open, ports_close, NULL, NULL, tests},
	CU_SUITE_INFO_NULL,
};

static int
eal_up(void)
{
	char name[] = "echo", huge[] = "--no-huge", pci[] = "--no-pci", conf[] = "--no-shconf",
	     tel[] = "--no-telemetry", log[] = "--log-level=*:alert", m[] = "-m", size[] = "256";
	char *argv[] = {name, huge, pci, conf, tel, log, m, size};

	return rte_eal_init(RTE_DIM(argv), argv);
}

int
main(void)
{
	int status;

	if (eal_up() < 0)
		return 1;
	status = plain_run(suites);
	rte_eal_cleanup();
	return status;
}
