/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Small operations beside large transfers of the same session, in virtual time on a link of a fixed
 * rate: how long they wait in frame times, and what is left to the transfers.
 */

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "client/client_private.h"
#include "mem/mem.h"
#include "rdp/net.h"
#include "rdp/run.h"
#include "rdp/strict_pool.h"
#include "target/target.h"

#define SERVER 0
#define CLIENT 1
#define MBUFS  1024

#define LARGE     (UINT64_C(1) << 18)
#define TRANSFERS 2 /* at a time, so that there is always one */
#define SAMPLES   2000
#define GAP_NS    (20 * NET_US) /* between two small operations, at most */
#define FRAME     (NET_MTU + 14 + NET_WIRE_EXTRA)

#define COOKIE_CONNECT 1
#define COOKIE_POOL    2
#define COOKIE_SMALL   3
#define COOKIE_LARGE   4 /* and up */

enum beside {
	NOTHING,
	PUTS,
	GETS,
};

struct fixture {
	struct net *net;
	struct rte_mempool *pool[2];
	struct mem_provider *provider;
	struct mem *mem;
	struct target *target;
	struct rdp_ep *server;
	struct port port;
	struct shmx_port shmx_port;
	struct shmx_ep *ep;
	shmx_session_t session;
	shmx_addr_t addr;
	enum beside beside;
	uint64_t word;
	uint8_t data[TRANSFERS][LARGE];
	bool ready;
	bool small_about; /* small operations are wanted */
	bool small_open;
	uint64_t small_ns; /* when the next is to start, or the last did */
	uint64_t waited[SAMPLES];
	unsigned int samples, wanted;
	unsigned int again; /* small ones that found no room */
	unsigned int errors;
	bool without_gap; /* the next small one starts when the last has completed */
	uint8_t pressure; /* that the server tells; 0: as it is */
	uint64_t moved;   /* bytes of transfers */
	uint32_t parts;   /* most that transfers had in progress */
};

static struct fixture *f;

static void
server_turn(void *ctx)
{
	rdp_poll(f->server);
	target_worker_poll(target_worker_at(f->target, 0));
	if (f->pressure > 0)
		f->server->pressure = f->pressure;
	rdp_flush(f->server);
}

static uint64_t
at_once(void *ctx)
{
	return 0;
}

static void
large_start(unsigned int i)
{
	int ret = f->beside == PUTS
	                  ? shmx_put(f->ep, f->addr + 64, f->data[i], LARGE, COOKIE_LARGE + i)
	                  : shmx_get(f->ep, f->addr + 64, f->data[i], LARGE, COOKIE_LARGE + i);

	f->errors += ret != 0;
}

static void
large_done(unsigned int i)
{
	f->moved += LARGE;
	if (f->beside != NOTHING)
		large_start(i);
}

static void
small_done(void)
{
	f->waited[f->samples++] = f->net->now_ns - f->small_ns;
	f->small_open = false;
	f->small_ns = f->net->now_ns;
	if (!f->without_gap)
		f->small_ns += net_random(f->net) % GAP_NS;
}

static void
small_start(void)
{
	int ret;

	if (!f->small_about || f->small_open || f->samples == f->wanted ||
		f->small_ns > f->net->now_ns)
		return;
	ret = shmx_get(f->ep, f->addr, &f->word, sizeof(f->word), COOKIE_SMALL);
	f->again += ret == -EAGAIN;
	f->errors += ret != 0 && ret != -EAGAIN;
	f->small_open = ret == 0;
	f->small_ns = f->net->now_ns;
}

static void
event(const struct shmx_event *ev)
{
	f->errors += ev->status != 0;
	if (ev->cookie == COOKIE_CONNECT)
		shmx_pool_open(f->ep, f->session, "main", COOKIE_POOL);
	else if (ev->cookie == COOKIE_POOL)
		f->ready = true;
	else if (ev->cookie == COOKIE_SMALL)
		small_done();
	else
		large_done((unsigned int)(ev->cookie - COOKIE_LARGE));
}

static void
client_turn(void *ctx)
{
	struct shmx_event events[8];
	uint16_t n = shmx_poll(f->ep, events, RTE_DIM(events));

	for (uint16_t i = 0; i < n; i++)
		event(&events[i]);
	f->parts = RTE_MAX(f->parts, f->ep->large);
	small_start();
}

static void
memory_up(void)
{
	struct mem_pool_params params = {.name = "main", .size = MEM_PAGE_SIZE};
	struct mem_conf mc = {.max_nodes = 8, .max_sets = 8, .seed = 1};
	struct target_conf tc = {.nb_workers = 1, .socket_id = SOCKET_ID_ANY};
	uint16_t pool;
	int err = 0;

	f->provider = mem_provider_heap_create();
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->provider);
	mc.provider = *f->provider;
	tc.mem = f->mem = mem_create(&mc, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->mem);
	CU_ASSERT_EQUAL_FATAL(mem_pool_create(f->mem, &params, 0, &pool), 0);
	CU_ASSERT_EQUAL_FATAL(
		mem_alloc(f->mem, pool, LARGE + 64, 0, MEM_SET_EVERYONE, NULL, &f->addr), 0);
	CU_ASSERT_EQUAL_FATAL(target_create(&tc, &f->target), 0);
}

static void
server_up(void)
{
	struct rdp_conf conf = {
		.io = net_io(f->net, SERVER),
		.clock = net_clock(f->net),
		.handler = &target_handler,
		.handler_ctx = target_worker_at(f->target, 0),
		.pool = f->pool[SERVER],
		.mac = net_mac(SERVER),
		.ip = net_ip(SERVER),
		.udp_port = SHMX_UDP_PORT,
		.node = 100,
		.epoch = 1,
		.mtu = NET_MTU,
		.window = 128,
		.max_sessions = 4,
		.listen = true,
		.rto_min_ns = 200 * NET_US,
		.ack_delay_ns = 25 * NET_US,
		.peer_timeout_ns = 2 * NET_S,
		.keepalive_ns = NET_S,
		.socket_id = SOCKET_ID_ANY,
	};

	CU_ASSERT_EQUAL_FATAL(rdp_ep_create(&conf, &f->server), 0);
	target_worker_online(target_worker_at(f->target, 0));
	f->net->guest[SERVER] = (struct net_guest){.turn = server_turn, .wake_ns = at_once};
}

static bool
ready(void *ctx)
{
	return f->ready;
}

static void
client_up(const struct shmx_ep_conf *like)
{
	struct rte_ether_addr mac = net_mac(SERVER);
	struct shmx_peer peer = {.ip = net_ip(SERVER)};
	struct shmx_ep_conf conf = *like;

	f->wanted = SAMPLES;
	f->port = (struct port){.port_id = RTE_MAX_ETHPORTS,
		.nb_queues = 1,
		.mtu = NET_MTU,
		.mac = net_mac(CLIENT),
		.pool = f->pool[CLIENT]};
	f->shmx_port = (struct shmx_port){.port = &f->port, .clock = net_clock(f->net)};
	neigh_init(&f->shmx_port.neigh);
	neigh_learn(
		&f->shmx_port.neigh, ip_addr_v4(net_ip(SERVER)), &mac, NEIGH_ENTRY, f->net->now_ns);
	conf.port = &f->shmx_port;
	conf.node = 1;
	conf.ip = net_ip(CLIENT);
	conf.udp_port = 50000;
	conf.crc = -1;
	f->ep = shmx_ep_create(&conf);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->ep);
	/* In place of the device that the port does not have. */
	f->ep->rdp->io = net_io(f->net, CLIENT);
	f->net->guest[CLIENT] = (struct net_guest){.turn = client_turn, .wake_ns = at_once};
	CU_ASSERT_EQUAL(shmx_connect(f->ep, &peer, COOKIE_CONNECT, &f->session), 0);
	CU_ASSERT_FATAL(net_run_until(f->net, ready, NULL, NET_S));
}

static void
up(const struct shmx_ep_conf *conf)
{
	static const char *const names[] = {"share0", "share1"};

	f = aligned_alloc(alignof(struct fixture), sizeof(*f));
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	memset(f, 0, sizeof(*f));
	f->net = net_create();
	f->net->logging = false;
	for (unsigned int i = 0; i < RTE_DIM(names); i++) {
		f->pool[i] = strict_pool_create(
			names[i], MBUFS, NET_MTU + RTE_PKTMBUF_HEADROOM + 64);
		CU_ASSERT_PTR_NOT_NULL_FATAL(f->pool[i]);
	}
	memory_up();
	server_up();
	client_up(conf);
}

static void
down(void)
{
	CU_ASSERT_EQUAL(f->errors, 0);
	shmx_ep_destroy(f->ep);
	for (unsigned int i = 0; i < RTE_DIM(f->pool); i++) {
		f->net->guest[i] = (struct net_guest){0};
		net_release(f->net, i);
	}
	rdp_ep_destroy(f->server);
	target_destroy(f->target);
	mem_destroy(f->mem);
	mem_provider_heap_destroy(f->provider);
	for (unsigned int i = 0; i < RTE_DIM(f->pool); i++)
		CU_ASSERT_EQUAL(strict_pool_free(f->pool[i]), 0);
	net_free(f->net);
	free(f);
}

static bool
sampled(void *ctx)
{
	return f->samples == f->wanted;
}

static int
by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Small operations beside that, sorted by how long they took. @return time that all took. */
static uint64_t
measure(enum beside beside)
{
	uint64_t begin;

	f->beside = beside;
	for (unsigned int i = 0; i < TRANSFERS && beside != NOTHING; i++)
		large_start(i);
	f->small_about = true;
	/* Not what comes before the transfers know of the others. */
	net_run(f->net, 2 * NET_MS);
	f->samples = 0;
	/* SHMX_SHORT: as many as a percentile takes. */
	f->wanted = getenv("SHMX_SHORT") != NULL ? SAMPLES / 4 : SAMPLES;
	f->moved = 0;
	begin = f->net->now_ns;
	CU_ASSERT_FATAL(net_run_until(f->net, sampled, NULL, 10 * NET_S));
	begin = f->net->now_ns - begin;
	f->small_about = false;
	f->beside = NOTHING;
	net_run(f->net, 5 * NET_MS);
	qsort(f->waited, f->wanted, sizeof(f->waited[0]), by_size);
	return begin;
}

/* Of those measured, the one that so many in a hundred do not exceed. */
static double
percentile(unsigned int percent)
{
	unsigned int at = f->wanted * percent / 100;

	return (double)f->waited[at];
}

struct path {
	const char *name;
	uint64_t gbps, latency_ns, step_ns;
};

static void
beside_transfer(const struct path *path, enum beside beside)
{
	uint64_t ns;
	double alone, frame_ns = FRAME * 8.0 / (double)path->gbps, median, p99, share;

	up(&(struct shmx_ep_conf){0});
	f->net->gbps = path->gbps;
	f->net->latency_ns = path->latency_ns;
	f->net->step_ns = path->step_ns;
	measure(NOTHING);
	alone = percentile(50);
	ns = measure(beside);
	median = (percentile(50) - alone) / frame_ns;
	p99 = (percentile(99) - alone) / frame_ns;
	share = (double)f->moved * 8 / (double)path->gbps / (double)ns;
	printf("\n    %s, beside %s: alone %.2f us, waits %.2f frames more, p99 %.2f; the transfer "
	       "has %.2f of the link",
		path->name, beside == PUTS ? "put" : "get", alone / 1000, median, p99, share);
	CU_ASSERT(median <= 2);
	CU_ASSERT(p99 <= 3.5);
	CU_ASSERT(share >= 0.8);
	CU_ASSERT_EQUAL(f->again, 0);
	down();
}

static const struct path paths[] = {
	{"10 Gbit/s, 2 us", 10, 2 * NET_US, 100},
	{"10 Gbit/s, 15 us", 10, 15 * NET_US, 100},
	{"25 Gbit/s, 5 us", 25, 5 * NET_US, 50},
};

static void
share__put_delays_small_by_two_frames(void)
{
	for (unsigned int i = 0; i < RTE_DIM(paths); i++)
		beside_transfer(&paths[i], PUTS);
}

static void
share__get_delays_small_by_two_frames(void)
{
	for (unsigned int i = 0; i < RTE_DIM(paths); i++)
		beside_transfer(&paths[i], GETS);
}

/* Also where they do not give way, and whatever the sizes. */
static void
share__small_can_always_start(void)
{
	static const struct shmx_ep_conf confs[] = {
		{.greedy = true},
		{.greedy = true, .window = 8},
		{.greedy = true, .window = 256},
		{.greedy = true, .max_ops = 4},
		{.greedy = true, .max_ops = 32, .no_coalesce = true},
		{.max_ops = 8},
	};

	for (unsigned int i = 0; i < RTE_DIM(confs) * 2; i++) {
		up(&confs[i / 2]);
		measure(i % 2 == 0 ? PUTS : GETS);
		CU_ASSERT_EQUAL(f->again, 0);
		CU_ASSERT(f->parts > 0);
		down();
	}
}

/* Right after small ones, that is; so that bandwidth is what it can be. */
static void
share__alone_has_half_the_window(void)
{
	for (enum beside beside = PUTS; beside <= GETS; beside++) {
		up(&(struct shmx_ep_conf){0});
		f->beside = beside;
		large_start(0);
		net_run(f->net, 100 * NET_US);
		CU_ASSERT_EQUAL(f->parts, BULK_WINDOW);
		f->beside = NOTHING;
		net_run(f->net, 5 * NET_MS);
		down();
	}
}

/* The least time of a part is not believed for ever. */
static void
share__path_becomes_longer(void)
{
	uint64_t ns;

	up(&(struct shmx_ep_conf){0});
	f->net->gbps = 10;
	f->net->latency_ns = 2 * NET_US;
	f->net->step_ns = 100;
	measure(PUTS);
	f->net->latency_ns = 15 * NET_US;
	/* As when the time has come. */
	f->ep->share[f->session].look_ns = f->net->now_ns;
	ns = measure(PUTS);
	CU_ASSERT((double)f->moved * 8 / 10 / (double)ns >= 0.8);
	down();
}

/* Small ones that never pause leave a transfer its part, though the memory node wants few frames.
 */
static void
share__goes_on_under_pressure(void)
{
	static const struct shmx_ep_conf confs[] = {{0}, {.greedy = true}, {.window = 8}};

	for (unsigned int i = 0; i < RTE_DIM(confs) * 2; i++) {
		up(&confs[i / 2]);
		f->without_gap = true;
		f->pressure = WIRE_PRESSURE_FULL - 1;
		f->beside = i % 2 == 0 ? PUTS : GETS;
		f->small_about = true;
		net_run(f->net, NET_MS);
		large_start(0);
		net_run(f->net, 15 * NET_MS);
		CU_ASSERT(f->samples < SAMPLES);
		CU_ASSERT(f->samples > 200);
		CU_ASSERT(f->moved > 0);
		f->pressure = 0;
		f->small_about = false;
		f->beside = NOTHING;
		net_run(f->net, 5 * NET_MS);
		down();
	}
}

static uint8_t small_to[2][8];

static void
small_vector_start(void)
{
	const struct shmx_vec vec[] = {
		{f->addr, small_to[0], sizeof(small_to[0])},
		{f->addr + 8, small_to[1], sizeof(small_to[1])},
	};

	CU_ASSERT_EQUAL(shmx_getv(f->ep, vec, RTE_DIM(vec), COOKIE_SMALL), 0);
	f->small_ns = f->net->now_ns;
}

/* A vector of a few words does not wait until a transfer before it has ended. */
static void
share__small_vector_does_not_wait(void)
{
	for (unsigned int i = 0; i < 4; i++) {
		enum beside beside = i % 2 == 0 ? PUTS : GETS;

		up(&(struct shmx_ep_conf){.greedy = i >= 2});
		f->net->gbps = 10;
		f->net->latency_ns = 15 * NET_US;
		f->net->step_ns = 100;
		f->beside = beside;
		large_start(0);
		f->beside = NOTHING;
		net_run(f->net, 50 * NET_US);
		CU_ASSERT_EQUAL(f->moved, 0);
		small_vector_start();
		f->wanted = 1;
		CU_ASSERT(net_run_until(f->net, sampled, NULL, NET_S));
		CU_ASSERT_EQUAL(f->moved, 0);
		printf("\n    %.2f us", (double)f->waited[0] / 1000);
		net_run(f->net, 5 * NET_MS);
		CU_ASSERT_EQUAL(f->moved, LARGE);
		down();
	}
}

static CU_TestInfo share_tests[] = {
	TEST(share__small_vector_does_not_wait),
	TEST(share__goes_on_under_pressure),
	TEST(share__small_can_always_start),
	TEST(share__alone_has_half_the_window),
	TEST(share__path_becomes_longer),
	TEST(share__put_delays_small_by_two_frames),
	TEST(share__get_delays_small_by_two_frames),
	CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
	{"share", NULL, NULL, NULL, NULL, share_tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	return run_suites("share", suites);
}
