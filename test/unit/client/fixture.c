/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "fixture.h"

#define SERVER_IP RTE_BE32(RTE_IPV4(10, 0, 0, 1))
#define MS_NS     UINT64_C(1000000)
#define TURNS_MAX 1000000

/* A worker's polls look at its rings and lists only now and then: give each several. */
#define TARGET_POLLS 16

/* Control waits for the workers, which are this same thread: between their turns they are quiet. */
static void
control_turn(struct fixture *f)
{
	for (unsigned int i = 0; i < f->workers; i++)
		target_worker_offline(target_worker_at(f->target, i));
	target_control_poll(f->target);
	for (unsigned int i = 0; i < f->workers; i++)
		target_worker_online(target_worker_at(f->target, i));
}

void
server_turn(struct fixture *f)
{
	/* A turn polls ports, whose callbacks would ask for another. */
	if (f->server_stopped || f->in_turn)
		return;
	f->in_turn = true;
	for (unsigned int i = 0; i < f->workers * TARGET_POLLS; i++)
		target_worker_poll(target_worker_at(f->target, i % f->workers));
	if (!f->control_stopped)
		control_turn(f);
	for (unsigned int i = 0; i < f->nb_hosts; i++)
		if (f->host[i].server != NULL)
			rdp_poll(f->host[i].server);
	for (unsigned int i = 0; i < f->nb_hosts; i++)
		if (f->host[i].server != NULL)
			rdp_flush(f->host[i].server);
	f->in_turn = false;
}

static uint16_t
on_client_receives(uint16_t port_id, uint16_t queue, struct rte_mbuf *pkts[], uint16_t nb,
	uint16_t max, void *fixture)
{
	(void)port_id;
	(void)queue;
	(void)pkts;
	(void)max;
	server_turn(fixture);
	return nb;
}

static int
server_ep(struct fixture *f, const struct fixture_conf *conf, struct host *h, unsigned int index)
{
	struct rdp_conf rc = {
		.handler = &target_handler,
		.handler_ctx = target_worker_at(f->target, index % f->workers),
		.pool = h->server_port->pool,
		.neigh = &h->neigh,
		.mac = h->server_port->mac,
		.ip = SERVER_IP,
		.udp_port = SHMX_UDP_PORT,
		.node = 100,
		.epoch = 1 + f->epoch,
		.mtu = h->server_port->mtu,
		.window = 128,
		.max_sessions = 16,
		.listen = true,
		.rto_min_ns = conf->rto_min_us != 0 ? conf->rto_min_us * MS_NS / 1000 : 200000,
		.ack_delay_ns = 25000,
		.peer_timeout_ns = 2000 * MS_NS,
		.keepalive_ns = 1000 * MS_NS,
		.socket_id = SOCKET_ID_ANY,
	};

	h->eth = (struct rdp_eth){.port_id = h->server_port->port_id};
	rc.io = h->io = rdp_eth_io(&h->eth);
	if (conf->wrap != NULL)
		conf->wrap(h, &rc);
	rc.clock = f->clock;
	neigh_init(&h->neigh);
	return rdp_ep_create(&rc, &h->server);
}

static struct fixture_conf up_with;

void
server_restart(struct fixture *f, unsigned int host)
{
	struct host *h = &f->host[host];

	rdp_ep_destroy(h->server);
	h->server = NULL;
	f->epoch++;
	CU_ASSERT_EQUAL(server_ep(f, &up_with, h, host), 0);
}

static int
client_ep(struct fixture *f, const struct fixture_conf *conf, struct host *h, unsigned int index)
{
	struct shmx_ep_conf ec = {
		.port = h->port,
		.node = (uint16_t)(index + 1),
		.ip = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 2) + index),
		.max_ops = conf->max_ops,
		.window = conf->window,
		.peer_timeout_ms = conf->peer_timeout_ms,
		.rto_min_us = conf->rto_min_us,
	};
	struct shmx_peer peer = {.ip = SERVER_IP, .reconnect = conf->reconnect};

	h->turn = rte_eth_add_rx_callback(shmx_port_id(h->port), 0, on_client_receives, f);
	if (h->turn == NULL)
		return -ENOMEM;
	h->ep = shmx_ep_create(&ec);
	if (h->ep == NULL)
		return -rte_errno;
	return shmx_connect_sync(h->ep, &peer, &h->session);
}

static int
host_up(struct fixture *f, const struct fixture_conf *conf, unsigned int index)
{
	struct host *h = &f->host[index];
	char spec[32];
	struct port_conf pc = {
		.spec = spec,
		.nb_queues = 1,
		.nb_mbufs = conf->nb_mbufs != 0 ? conf->nb_mbufs : 4096,
		.mtu = conf->mtu,
		.socket_id = SOCKET_ID_ANY,
	};
	struct shmx_port_conf cc = {.spec = spec, .mtu = conf->mtu};
	int ret;

	snprintf(spec, sizeof(spec), "loopback:h%u", index);
	ret = port_open(&pc, &h->server_port);
	if (ret < 0)
		return ret;
	h->port = shmx_port_open(&cc);
	if (h->port == NULL)
		return -rte_errno;
	ret = server_ep(f, conf, h, index);
	return ret < 0 ? ret : client_ep(f, conf, h, index);
}

static int
locks_up(struct fixture *f, const struct fixture_conf *fc)
{
	const struct sync_conf conf = {.nb_locks = fc->locks != 0 ? fc->locks : 64,
		.nb_grants = 256,
		.nb_calls = 64,
		.seed = 1};
	size_t len = sync_table_size(&conf);
	int err = 0;

	f->sync_zone = rte_malloc("locks", len, RTE_CACHE_LINE_SIZE);
	if (f->sync_zone == NULL)
		return -ENOMEM;
	f->sync = sync_create(f->sync_zone, len, &conf, &err);
	return err;
}

static int
inboxes_up(struct fixture *f)
{
	const struct comm_conf conf = {.nb_chunks = 64, .nb_refs = 16, .nb_loans = 32};
	size_t len = comm_table_size(&conf);
	int err = 0;

	f->comm_zone = rte_malloc("inboxes", len, RTE_CACHE_LINE_SIZE);
	if (f->comm_zone == NULL)
		return -ENOMEM;
	f->comm = comm_create(f->comm_zone, len, &conf, &err);
	return err;
}

static int
memory_up(struct fixture *f, const struct fixture_conf *fc)
{
	const struct mem_conf conf = {
		.first_pool = fc->first_pool,
		.last_pool = fc->last_pool,
		.max_nodes = fc->max_nodes != 0 ? fc->max_nodes : 1024,
		.max_sets = fc->max_sets,
		.provider = mem_provider_memzone(SOCKET_ID_ANY),
	};
	struct target_conf tc = {.nb_workers = f->workers, .socket_id = SOCKET_ID_ANY};
	int ret = 0;

	f->mem = mem_create(&conf, &ret);
	if (f->mem == NULL)
		return ret;
	if (!fc->no_locks)
		ret = locks_up(f, fc);
	if (ret == 0 && !fc->no_inboxes)
		ret = inboxes_up(f);
	if (ret < 0)
		return ret;
	tc.mem = f->mem;
	tc.sync = f->sync;
	tc.comm = f->comm;
	tc.nb_refs = 16;
	tc.clock = f->clock;
	tc.owner_grace_ns = fc->owner_grace_ms * UINT64_C(1000000);
	ret = target_create(&tc, &f->target);
	for (unsigned int i = 0; ret == 0 && i < f->workers; i++)
		target_worker_online(target_worker_at(f->target, i));
	return ret;
}

static int
pool_up(struct fixture *f, const struct fixture_conf *conf)
{
	struct shmx_pool_req req = {
		.name = "main",
		.size = conf->pool_size != 0 ? conf->pool_size : 8 * MIB,
		.max_size = conf->pool_max_size,
	};
	int ret = shmx_pool_create_sync(f->host[0].ep, f->host[0].session, &req, &f->pool);

	for (unsigned int i = 1; ret == 0 && i < f->nb_hosts; i++)
		ret = shmx_pool_open_sync(f->host[i].ep, f->host[i].session, "main", &f->pool);
	return ret;
}

int
fixture_up(struct fixture *f, const struct fixture_conf *conf)
{
	int ret;

	CU_ASSERT_FATAL(conf->nb_hosts <= NODES_MAX);
	up_with = *conf;
	memset(f, 0, sizeof(*f));
	clock_init_tsc(&f->clock);
	f->nb_hosts = conf->nb_hosts != 0 ? conf->nb_hosts : 1;
	f->workers = conf->workers != 0 ? conf->workers : 1;
	ret = memory_up(f, conf);
	for (unsigned int i = 0; ret == 0 && i < f->nb_hosts; i++)
		ret = host_up(f, conf, i);
	if (ret == 0)
		ret = pool_up(f, conf);
	if (ret < 0)
		fprintf(stderr, "fixture: %s\n", strerror(-ret));
	CU_ASSERT_EQUAL(ret, 0);
	return ret;
}

void
fixture_control(struct fixture *f)
{
	for (unsigned int i = 0; i < f->workers; i++)
		target_worker_offline(target_worker_at(f->target, i));
	target_control_poll(f->target);
	for (unsigned int i = 0; i < f->workers; i++)
		target_worker_online(target_worker_at(f->target, i));
}

void
fixture_down(struct fixture *f)
{
	for (unsigned int i = 0; i < f->nb_hosts; i++) {
		struct host *h = &f->host[i];

		shmx_ep_destroy(h->ep);
		rdp_ep_destroy(h->server);
		h->server = NULL;
		/* It belongs to the port number: whoever gets it next would inherit it. */
		rte_eth_remove_rx_callback(shmx_port_id(h->port), 0, h->turn);
		shmx_port_close(h->port);
		port_close(h->server_port);
	}
	target_destroy(f->target);
	if (f->sync != NULL)
		sync_detach(f->sync);
	rte_free(f->sync_zone);
	if (f->comm != NULL)
		comm_detach(f->comm);
	rte_free(f->comm_zone);
	mem_destroy(f->mem);
}

int
finish(struct shmx_ep *ep, int ret, uint64_t cookie, struct shmx_event *event)
{
	if (ret != 0)
		return ret;
	ret = shmx_wait(ep, cookie, event);
	return ret;
}

unsigned int
poll_for(struct shmx_ep *ep, unsigned int ms)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * ms;
	struct shmx_event events[32];
	unsigned int n = 0;

	while (rte_rdtsc() < end)
		n += shmx_poll(ep, events, 32);
	return n;
}

bool
pool_same(const struct shmx_pool_info *a, const struct shmx_pool_info *b)
{
	return strcmp(a->name, b->name) == 0 && a->size == b->size && a->max_size == b->max_size &&
	       a->used == b->used && a->largest_free == b->largest_free && a->allocs == b->allocs &&
	       a->granule == b->granule && a->extents == b->extents && a->pool == b->pool &&
	       a->nb_nodes == b->nb_nodes && a->quota == b->quota && a->held == b->held &&
	       a->grow_below == b->grow_below && a->grow_by == b->grow_by &&
	       a->shrink_above == b->shrink_above && a->memory == b->memory;
}

shmx_addr_t
alloc_of(struct fixture *f, unsigned int host, uint64_t len)
{
	struct shmx_alloc_req req = {.pool = f->pool, .len = len};
	shmx_addr_t addr = 0;

	CU_ASSERT_EQUAL(shmx_alloc_sync(f->host[host].ep, &req, &addr), 0);
	return addr;
}

static int
eal_up(void)
{
	char args[][40] = {"test", "--no-huge", "-m", "384", "--no-pci", "--no-shconf",
		"--no-telemetry", "--log-level=*:error", ""};
	char *argv[RTE_DIM(args)];

	/* On whatever core is free. */
	snprintf(args[RTE_DIM(args) - 1], sizeof(args[0]), "--lcores=0@(0-%ld)",
		sysconf(_SC_NPROCESSORS_ONLN) - 1);
	for (unsigned int i = 0; i < RTE_DIM(args); i++)
		argv[i] = args[i];
	return rte_eal_init(RTE_DIM(argv), argv);
}

static bool
suite_add(const char *name, CU_InitializeFunc begin, const struct named_test *tests, unsigned int n)
{
	CU_pSuite suite = CU_add_suite(name, begin, NULL);

	for (unsigned int i = 0; i < n; i++)
		if (suite == NULL || CU_add_test(suite, tests[i].name, tests[i].run) == NULL)
			return false;
	return true;
}

static int
suites_run(void)
{
	unsigned int failures;

	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures != 0;
}

int
tests_run(const char *name, const struct named_test *tests, unsigned int n)
{
	if (eal_up() < 0 || CU_initialize_registry() != CUE_SUCCESS ||
		!suite_add(name, NULL, tests, n))
		return 1;
	return suites_run();
}

unsigned int fixture_workers;

static int
one_worker(void)
{
	fixture_workers = 1;
	return 0;
}

static int
two_workers(void)
{
	fixture_workers = 2;
	return 0;
}

static int
four_workers(void)
{
	fixture_workers = 4;
	return 0;
}

int
tests_run_workers(const struct named_test *tests, unsigned int n)
{
	if (eal_up() < 0 || CU_initialize_registry() != CUE_SUCCESS ||
		!suite_add("1 worker", one_worker, tests, n) ||
		!suite_add("2 workers", two_workers, tests, n) ||
		!suite_add("4 workers", four_workers, tests, n))
		return 1;
	return suites_run();
}

void
pattern_fill(uint8_t *buf, uint32_t len, uint64_t number)
{
	uint64_t x = number * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (uint32_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		buf[i] = (uint8_t)x;
	}
}
