/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * The smallest host: a port that answers ARP and ping.
 *
 *	ping_host [EAL options] -- SPEC IP PREFIX_LENGTH [SOMEONE'S IP [flood]]
 *
 * Prints "open" once it has the port, "ready" once the link is up, "neighbour IP MAC" once it has
 *found someone, whom it then floods with questions if told so, on SIGTERM its counters, and "end"
 *when all is put away.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "base/clock.h"
#include "port.h"
#include "rdp/neigh.h"

#define BURST   32
#define IDLE_US 50
#define LINK_MS 10000

static volatile sig_atomic_t stop;
static struct neigh_table table;
static struct l2_addr self;

static void
on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void
send_or_free(const struct port *port, struct rte_mbuf *m)
{
	if (m != NULL && rte_eth_tx_burst(port->port_id, 0, &m, 1) == 0)
		rte_pktmbuf_free(m);
}

static uint16_t
answer(const struct port *port, uint64_t now_ns)
{
	struct rte_mbuf *frames[BURST];
	uint16_t i, n = rte_eth_rx_burst(port->port_id, 0, frames, BURST);

	for (i = 0; i < n; i++) {
		if (l2_input(&table, &self, frames[i], now_ns) == L2_REPLY)
			send_or_free(port, frames[i]);
		else
			rte_pktmbuf_free(frames[i]);
	}
	return n;
}

/* Whether the search is over. */
static bool
look_for(const struct port *port, const char *text, uint64_t now_ns)
{
	char mac_text[RTE_ETHER_ADDR_FMT_SIZE];
	struct rte_ether_addr mac;
	rte_be32_t ip = inet_addr(text);
	int ret = neigh_resolve(&table, &self, ip_addr_v4(ip), now_ns, &mac);

	if (ret == -EAGAIN) {
		if (neigh_want_request(&table, &self, ip_addr_v4(ip), now_ns))
			send_or_free(port, l2_build_request(port->pool, &self, ip_addr_v4(ip)));
		return false;
	}
	rte_ether_format_addr(mac_text, sizeof(mac_text), &mac);
	printf("neighbour %s %s\n", text, ret == 0 ? mac_text : "unreachable");
	fflush(stdout);
	return true;
}

/* Keep rings full in both directions. */
static void
flood(const struct port *port, const char *text)
{
	struct rte_mbuf *frames[BURST];
	uint16_t n = 0, sent;

	while (n < BURST && (frames[n] = l2_build_request(
				     port->pool, &self, ip_addr_v4(inet_addr(text)))) != NULL)
		n++;
	sent = rte_eth_tx_burst(port->port_id, 0, frames, n);
	rte_pktmbuf_free_bulk(&frames[sent], n - sent);
}

static void
counters(void)
{
	unsigned int i;

	for (i = 0; i < L2_NB_COUNTS; i++)
		if (neigh_count(&table, i) != 0)
			printf("%s %lu\n", l2_count_name(i), neigh_count(&table, i));
}

static int
run(struct port *port, const char *someone, bool flooding)
{
	bool searching = someone != NULL;
	struct clock clock;
	uint64_t now_ns;

	printf("open\n");
	fflush(stdout);
	if (port_link_wait(port, LINK_MS) != 0)
		return 1;
	clock_init_tsc(&clock);
	send_or_free(port, arp_build_announce(port->pool, &self));
	printf("ready\n");
	fflush(stdout);
	while (!stop) {
		now_ns = clock_now(&clock);
		if (searching)
			searching = !look_for(port, someone, now_ns);
		else if (flooding)
			flood(port, someone);
		if (answer(port, now_ns) == 0 && !flooding)
			rte_delay_us_sleep(IDLE_US);
	}
	counters();
	return 0;
}

int
main(int argc, char **argv)
{
	struct port_conf conf = {.nb_queues = 1, .nb_mbufs = 1024, .socket_id = SOCKET_ID_ANY};
	struct port *port;
	int ret = rte_eal_init(argc, argv);

	if (ret < 0 || argc - ret < 4) {
		fprintf(stderr, "ping_host [EAL options] -- SPEC IP PREFIX_LENGTH [IP [flood]]\n");
		return 2;
	}
	argv += ret;
	argc -= ret;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	conf.spec = argv[1];
	if (port_open(&conf, &port) != 0)
		return 1;
	neigh_init(&table);
	self.mac = port->mac;
	self.ip = inet_addr(argv[2]);
	self.netmask = rte_cpu_to_be_32(UINT32_MAX << (32 - strtoul(argv[3], NULL, 10)));
	ret = run(port, argc > 4 ? argv[4] : NULL, argc > 5);
	port_close(port);
	rte_eal_cleanup();
	if (ret == 0)
		printf("end\n");
	return ret;
}
