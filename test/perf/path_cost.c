/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * What the path of an operation costs without any driver or second core: one thread plays the
 * memory node and a compute node, joined by a loopback port.
 *
 *	path_cost [OPERATIONS [CASE]]
 *
 * prints nanoseconds an operation, both ends together. Under
 *	valgrind --tool=callgrind --toggle-collect=case_run path_cost 10000 alone
 * it counts instructions, which do not depend on the machine's mood.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>

#include "mem/mem.h"
#include "port.h"
#include "rdp/neigh.h"
#include "rdp/rdp.h"
#include "rdp/rdp_eth.h"
#include "shmx.h"
#include "shmx_sync.h"
#include "target/target.h"

#define MS_NS UINT64_C(1000000)
#define MIB   (UINT64_C(1) << 20)
#define BULK  UINT64_C(65536)

struct node {
	struct mem *mem;
	struct target *target;
	struct port *port;
	struct neigh_table neigh;
	struct rdp_eth eth;
	struct rdp_ep *ep;
};

static struct node server;
static struct shmx_ep *client;
static shmx_addr_t base;
static uint64_t buffer[BULK / 8];

static void
must(const char *what, int ret)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "path_cost: %s: %s\n", what, strerror(-ret));
	exit(1);
}

static void
server_turn(void)
{
	target_worker_poll(target_worker_at(server.target, 0));
	rdp_poll(server.ep);
	rdp_flush_turn(server.ep);
}

/* ---- cases: start operations until there are `left`, window `window` ---------------------- */

struct path_case {
	const char *name;
	uint32_t window;
	bool no_coalesce;
	int (*start)(uint64_t i);
};

static shmx_addr_t
word(uint64_t i)
{
	return base + i * 64 * 37 % MIB;
}

static int
start_get(uint64_t i)
{
	return shmx_get(client, word(i), &buffer[i % 4096], 8, i);
}

static int
start_put(uint64_t i)
{
	return shmx_put(client, word(i), &buffer[i % 4096], 8, i);
}

static int
start_faa(uint64_t i)
{
	return shmx_fetch_add(client, word(i), 1, i);
}

static int
start_cas(uint64_t i)
{
	return shmx_cas(client, word(i), 0, 1, i);
}

static int
start_get_long(uint64_t i)
{
	return shmx_get(client, base + i * BULK % MIB, buffer, BULK, i);
}

static int
start_put_long(uint64_t i)
{
	return shmx_put(client, base + i * BULK % MIB, buffer, BULK, i);
}

static const struct path_case cases[] = {
	{"alone", 1, false, start_get},
	{"get", 2048, false, start_get},
	{"put", 2048, false, start_put},
	{"faa", 2048, false, start_faa},
	{"cas", 2048, false, start_cas},
	{"get64k", 4, false, start_get_long},
	{"put64k", 4, false, start_put_long},
	{"uncoalesced", 32, true, start_get},
};

/** The name is what callgrind is told to collect. */
void case_run(const struct path_case *c, uint64_t n);

__rte_noinline void
case_run(const struct path_case *c, uint64_t n)
{
	struct shmx_event events[128];
	uint64_t started = 0, done = 0;

	while (done < n) {
		uint16_t got;

		while (started < n && started - done < c->window) {
			int ret = c->start(started);

			if (ret == -EAGAIN)
				break;
			must(c->name, ret);
			started++;
		}
		got = shmx_poll(client, events, 128);
		for (uint16_t i = 0; i < got; i++)
			must(c->name, events[i].status);
		done += got;
		server_turn();
	}
}

/* ---- bringing it up ---------------------------------------------------------------------- */

static void
server_memory(void)
{
	const struct mem_conf mc = {
		.max_nodes = 1024, .provider = mem_provider_memzone(SOCKET_ID_ANY)};
	struct target_conf tc = {.nb_workers = 1, .socket_id = SOCKET_ID_ANY};
	struct mem_pool_params pool = {.name = "main", .size = 4 * MIB};
	uint16_t id;
	int ret = 0;

	server.mem = mem_create(&mc, &ret);
	must("memory", ret);
	tc.mem = server.mem;
	must("target", target_create(&tc, &server.target));
	target_worker_online(target_worker_at(server.target, 0));
	must("pool", mem_pool_create(server.mem, &pool, 0, &id));
	must("alloc", mem_alloc(server.mem, id, MIB, 64, MEM_SET_EVERYONE, NULL, &base));
}

static void
server_ep(bool no_coalesce)
{
	struct port_conf pc = {.spec = "loopback:path",
		.nb_queues = 1,
		.nb_mbufs = 4096,
		.socket_id = SOCKET_ID_ANY};
	struct rdp_conf rc = {
		.handler = &target_handler,
		.handler_ctx = target_worker_at(server.target, 0),
		.neigh = &server.neigh,
		.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1)),
		.udp_port = SHMX_UDP_PORT,
		.node = 1,
		.epoch = 1,
		.window = 128,
		.max_sessions = 8,
		.listen = true,
		.no_coalesce = no_coalesce,
		.rto_min_ns = MS_NS / 5,
		.ack_delay_ns = MS_NS / 40,
		.peer_timeout_ns = 2000 * MS_NS,
		.keepalive_ns = 1000 * MS_NS,
		.socket_id = SOCKET_ID_ANY,
	};

	must("port", port_open(&pc, &server.port));
	server.eth = (struct rdp_eth){.port_id = server.port->port_id};
	rc.io = rdp_eth_io(&server.eth);
	rc.pool = server.port->pool;
	rc.mac = server.port->mac;
	rc.mtu = server.port->mtu;
	clock_init_tsc(&rc.clock);
	neigh_init(&server.neigh);
	must("endpoint", rdp_ep_create(&rc, &server.ep));
}

static void
wait_event(struct shmx_event *ev)
{
	while (shmx_poll(client, ev, 1) == 0)
		server_turn();
	must("connect", ev->status);
}

static struct shmx_port *
client_up(bool no_coalesce)
{
	struct shmx_port_conf pc = {.spec = "loopback:path"};
	struct shmx_port *port = shmx_port_open(&pc);
	struct shmx_ep_conf ec = {.port = port,
		.node = 2,
		.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 2)),
		.no_coalesce = no_coalesce};
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	struct shmx_event ev;
	shmx_session_t s;

	client = port != NULL ? shmx_ep_create(&ec) : NULL;
	must("client", client != NULL ? 0 : -ENOMEM);
	must("connect", shmx_connect(client, &peer, 0, &s));
	wait_event(&ev);
	must("open", shmx_pool_open(client, s, "main", 0));
	wait_event(&ev);
	return port;
}

static void
measure(const struct path_case *c, uint64_t n)
{
	struct shmx_port *port;
	uint64_t start;

	server_ep(c->no_coalesce);
	port = client_up(c->no_coalesce);
	if (c->start == start_get_long || c->start == start_put_long)
		n /= 64;
	case_run(c, n / 10);
	start = rte_rdtsc();
	case_run(c, n);
	printf("%-12s %8.1f ns\n", c->name,
		(double)(rte_rdtsc() - start) * 1e9 / (double)rte_get_tsc_hz() / (double)n);
	shmx_ep_destroy(client);
	rdp_ep_destroy(server.ep);
	shmx_port_close(port);
	port_close(server.port);
}

int
main(int argc, char **argv)
{
	char args[][32] = {"path_cost", "--no-huge", "-m384", "--no-pci", "--no-shconf",
		"--no-telemetry", "--log-level=*:error", "--lcores=0@(0-1)"};
	char *eal[RTE_DIM(args)];
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	const char *only = argc > 2 ? argv[2] : "";

	for (unsigned int i = 0; i < RTE_DIM(args); i++)
		eal[i] = args[i];
	must("EAL", rte_eal_init(RTE_DIM(eal), eal));
	server_memory();
	for (unsigned int i = 0; i < RTE_DIM(cases); i++)
		if (*only == '\0' || strcmp(only, cases[i].name) == 0)
			measure(&cases[i], n);
	return 0;
}
