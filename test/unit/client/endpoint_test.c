/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Endpoints and sessions that do not come about, and sessions that end: with which error. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_malloc.h>
#include <rte_udp.h>

#include "client/client_private.h"
#include "fixture.h"
#include "rdp/rdp_private.h"
#include "wire/frame.h"

#define TIMEOUT_MS 60 /* of peers */

static struct fixture fx;

static const struct shmx_peer server = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};

/* ---- what the system gives ---------------------------------------------------------------- */

/* The so manyth allocation from now fails; 0: none does. */
static unsigned int fail_at;
static bool no_random;

void *__real_rte_zmalloc(const char *type, size_t size, unsigned int align);
void *__real_rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket);
void *__real_rte_malloc_socket(const char *type, size_t size, unsigned int align, int socket);
ssize_t __real_getrandom(void *to, size_t len, unsigned int flags);
void *__wrap_rte_zmalloc(const char *type, size_t size, unsigned int align);
void *__wrap_rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket);
void *__wrap_rte_malloc_socket(const char *type, size_t size, unsigned int align, int socket);
ssize_t __wrap_getrandom(void *to, size_t len, unsigned int flags);

static bool
fails(void)
{
	return fail_at > 0 && --fail_at == 0;
}

void *
__wrap_rte_zmalloc(const char *type, size_t size, unsigned int align)
{
	return fails() ? NULL : __real_rte_zmalloc(type, size, align);
}

void *
__wrap_rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	return fails() ? NULL : __real_rte_zmalloc_socket(type, size, align, socket);
}

void *
__wrap_rte_malloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	return fails() ? NULL : __real_rte_malloc_socket(type, size, align, socket);
}

ssize_t
__wrap_getrandom(void *to, size_t len, unsigned int flags)
{
	return no_random ? -1 : __real_getrandom(to, len, flags);
}

static unsigned int
heap_blocks(void)
{
	struct rte_malloc_socket_stats st = {0};

	rte_malloc_get_socket_stats(0, &st);
	return st.alloc_count;
}

/* ---- endpoints ---------------------------------------------------------------------------- */

static struct shmx_port *
port_with(uint16_t queues, struct rte_mempool *pool)
{
	const struct shmx_port_conf conf = {
		.spec = "loopback:e", .nb_queues = queues, .pool = pool};
	struct shmx_port *port = shmx_port_open(&conf);

	CU_ASSERT_PTR_NOT_NULL_FATAL(port);
	return port;
}

/* Whichever allocation fails, it is told, and what was there is freed. */
static void
ep__out_of_memory(void)
{
	struct shmx_ep_conf conf = {.node = 7, .ip = 1, .max_ops = 64};
	struct shmx_ep *ep = NULL;
	unsigned int blocks, n = 0;

	conf.port = port_with(1, NULL);
	blocks = heap_blocks();
	while (ep == NULL && n < 100) {
		fail_at = ++n;
		ep = shmx_ep_create(&conf);
		if (ep != NULL)
			break;
		/* proves: shmx_ep_create ENOMEM */
		SAME(rte_errno, ENOMEM);
		SAME(heap_blocks(), blocks);
	}
	fail_at = 0;
	CU_ASSERT(ep != NULL && n > 15);
	shmx_ep_destroy(ep);
	SAME(heap_blocks(), blocks);
	shmx_port_close(conf.port);
}

static void
ep__no_random_numbers(void)
{
	struct shmx_ep_conf conf = {.node = 7, .ip = 1, .max_ops = 64};
	struct shmx_ep *ep;
	unsigned int blocks;

	conf.port = port_with(1, NULL);
	blocks = heap_blocks();
	no_random = true;
	/* proves: shmx_ep_create EIO */
	CU_ASSERT_PTR_NULL(shmx_ep_create(&conf));
	SAME(rte_errno, EIO);
	no_random = false;
	SAME(heap_blocks(), blocks);
	ep = shmx_ep_create(&conf);
	CU_ASSERT_PTR_NOT_NULL(ep);
	shmx_ep_destroy(ep);
	shmx_port_close(conf.port);
}

/* Each address of its own needs an Ethernet group, and a port receives so many. */
static void
ep__too_many_addresses(void)
{
	struct shmx_ep_conf conf = {.node = 7, .ip6 = {0xfd}, .max_ops = 64};
	struct rte_mempool *pool = port_pool_create("few", 1000, 1500, SOCKET_ID_ANY);
	struct shmx_ep *ep[PORT_GROUPS_MAX];
	unsigned int blocks;

	conf.port = port_with(PORT_GROUPS_MAX + 1, pool);
	for (uint8_t i = 0; i < PORT_GROUPS_MAX; i++) {
		conf.queue = i;
		conf.ip6[15] = (uint8_t)(1 + i);
		ep[i] = shmx_ep_create(&conf);
		CU_ASSERT_PTR_NOT_NULL_FATAL(ep[i]);
	}
	conf.queue = PORT_GROUPS_MAX;
	conf.ip6[15] = 100;
	blocks = heap_blocks();
	/* proves: shmx_ep_create ENOSPC */
	CU_ASSERT_PTR_NULL(shmx_ep_create(&conf));
	SAME(rte_errno, ENOSPC);
	SAME(heap_blocks(), blocks);
	/* One that another endpoint has already is received. */
	conf.ip6[15] = 1;
	shmx_ep_destroy(ep[0]);
	ep[0] = shmx_ep_create(&conf);
	CU_ASSERT_PTR_NOT_NULL(ep[0]);
	for (unsigned int i = 0; i < PORT_GROUPS_MAX; i++)
		shmx_ep_destroy(ep[i]);
	shmx_port_close(conf.port);
	rte_mempool_free(pool);
}

/* ---- connecting --------------------------------------------------------------------------- */

static void
begin_with(void (*wrap)(struct host *h, struct rdp_conf *conf))
{
	const struct fixture_conf conf = {.peer_timeout_ms = TIMEOUT_MS, .wrap = wrap};

	fixture_up(&fx, &conf);
}

static void
begin(void)
{
	begin_with(NULL);
}

/* The status of an attempt, which left nothing behind. */
static int
attempt(const struct shmx_peer *peer)
{
	struct shmx_ep *ep = fx.host[0].ep;
	uint16_t before = ep->rdp->nb_free;
	shmx_session_t s = 99;
	int ret = shmx_connect_sync(ep, peer, &s);

	poll_for(ep, 1);
	if (ret == 0)
		return ret;
	SAME(ep->rdp->nb_free, before);
	SAME(shmx_session_worker(ep, s), -ENOTCONN);
	SAME(shmx_disconnect(ep, s), -ENOTCONN);
	return ret;
}

static void
connect__out_of_memory(void)
{
	shmx_session_t s = 99;

	begin();
	fail_at = 1;
	SAME(shmx_connect(fx.host[0].ep, &server, 1, &s), -ENOMEM);
	fail_at = 0;
	SAME(s, 99);
	SAME(attempt(&server), 0);
	fixture_down(&fx);
}

static void
connect__no_such_family(void)
{
	const struct shmx_peer six = {.ip6 = {0xfd, [15] = 1}};
	shmx_session_t s = 99;

	begin();
	SAME(shmx_connect(fx.host[0].ep, &six, 1, &s), -EAFNOSUPPORT);
	SAME(s, 99);
	fixture_down(&fx);
}

/* More than the memory node has room for. */
static void
connect__refused(void)
{
	unsigned int n = 1;
	int ret = 0;

	begin();
	for (; ret == 0 && n < 100; n++)
		ret = attempt(&server);
	/* proves: shmx_connect -ECONNREFUSED */
	SAME(ret, -ECONNREFUSED);
	SAME(n, 17);
	fixture_down(&fx);
}

static void
connect__nobody_there(void)
{
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 77))};

	begin();
	/* proves: shmx_connect -EHOSTUNREACH -ETIMEDOUT */
	SAME(attempt(&peer), -EHOSTUNREACH);
	/* A machine, and nobody on that port. */
	peer = server;
	peer.udp_port = SHMX_UDP_PORT + 7;
	SAME(attempt(&peer), -ETIMEDOUT);
	fixture_down(&fx);
}

/* ---- frames that are changed on their way ------------------------------------------------- */

/* The network takes no more than so many bytes of IP. */
static uint16_t narrow = UINT16_MAX;

static uint16_t
drop_large(uint16_t port, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t n, uint16_t max,
	void *arg)
{
	uint16_t kept = 0;

	(void)port;
	(void)queue;
	(void)max;
	(void)arg;
	for (uint16_t i = 0; i < n; i++)
		if (mbufs[i]->pkt_len > narrow + sizeof(struct rte_ether_hdr))
			rte_pktmbuf_free(mbufs[i]);
		else
			mbufs[kept++] = mbufs[i];
	return kept;
}

static void
connect__too_narrow(void)
{
	const struct rte_eth_rxtx_callback *cb;
	uint16_t port;

	begin();
	port = shmx_port_id(fx.host[0].port);
	cb = rte_eth_add_rx_callback(port, 0, drop_large, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(cb);
	narrow = 1000;
	/* proves: shmx_connect -EMSGSIZE */
	SAME(attempt(&server), -EMSGSIZE);
	narrow = UINT16_MAX;
	SAME(attempt(&server), 0);
	rte_eth_remove_rx_callback(port, 0, cb);
	rte_free((void *)(uintptr_t)cb);
	fixture_down(&fx);
}

/* An ACCEPT that grants more than was asked for. */
static bool greedy_accepts;

static void
change_accept(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(
		m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	struct wire_frame *f = (struct wire_frame *)(udp + 1);
	struct wire_accept *a = (struct wire_accept *)(f + 1);

	if (ip->version_ihl != 0x45 || ip->next_proto_id != IPPROTO_UDP ||
		(f->version_type & 0xf) != WIRE_ACCEPT)
		return;
	a->window = RTE_BE16(4096);
	udp->dgram_cksum = 0;
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
}

static uint16_t
changed_tx(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	struct host *h = ctx;

	for (uint16_t i = 0; i < n && greedy_accepts; i++)
		change_accept(mbufs[i]);
	return h->io.tx_burst(h->io.ctx, mbufs, n);
}

static uint16_t
unchanged_rx(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	struct host *h = ctx;

	return h->io.rx_burst(h->io.ctx, mbufs, n);
}

static void
wrap_changed(struct host *h, struct rdp_conf *conf)
{
	conf->io = (struct rdp_io){.ctx = h, .rx_burst = unchanged_rx, .tx_burst = changed_tx};
}

static void
connect__answered_wrongly(void)
{
	begin_with(wrap_changed);
	greedy_accepts = true;
	/* proves: shmx_connect -EPROTO */
	SAME(attempt(&server), -EPROTO);
	greedy_accepts = false;
	SAME(attempt(&server), 0);
	fixture_down(&fx);
}

/* ---- sessions that end -------------------------------------------------------------------- */

/* The status of the next event of a type, and of the operation with a cookie if it came before. */
static int
next_event(enum shmx_event_type type, uint64_t cookie, int *status)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() * 2;
	struct shmx_event e;

	while (rte_rdtsc() < end) {
		if (shmx_poll(fx.host[0].ep, &e, 1) == 0)
			continue;
		if (e.type == SHMX_EV_OP && e.cookie == cookie)
			*status = e.status;
		if (e.type == type)
			return e.status;
	}
	return 1;
}

static void
down__peer_began_anew(void)
{
	uint64_t word;
	int status = 1;

	begin();
	server_restart(&fx, 0);
	SAME(shmx_get(fx.host[0].ep, SHMX_ADDR(fx.pool, 0), &word, 8, 5), 0);
	/* proves: shmx_poll -ECONNRESET */
	SAME(next_event(SHMX_EV_PEER_DOWN, 5, &status), -ECONNRESET);
	SAME(status, -ECONNRESET);
	SAME(poll_for(fx.host[0].ep, 2), 0);
	fixture_down(&fx);
}

static void
down__peer_is_silent(void)
{
	uint64_t word;
	int status = 1;

	begin();
	fx.server_stopped = true;
	SAME(shmx_get(fx.host[0].ep, SHMX_ADDR(fx.pool, 0), &word, 8, 5), 0);
	/* proves: shmx_poll -ETIMEDOUT */
	SAME(next_event(SHMX_EV_PEER_DOWN, 5, &status), -ETIMEDOUT);
	SAME(status, -ECONNRESET);
	SAME(poll_for(fx.host[0].ep, 2), 0);
	fx.server_stopped = false;
	fixture_down(&fx);
}

/* Small ones pass all the time. */
static void
down__path_became_narrow(void)
{
	static uint8_t big[1400];
	const struct rte_eth_rxtx_callback *cb;
	uint64_t now = rte_rdtsc(), end = now + rte_get_tsc_hz() * 2, next = now;
	struct shmx_event e = {0};
	shmx_addr_t area;
	uint64_t word;

	begin();
	area = alloc_of(&fx, 0, sizeof(big));
	cb = rte_eth_add_rx_callback(fx.host[0].server_port->port_id, 0, drop_large, NULL);
	narrow = 1280;
	SAME(shmx_put(fx.host[0].ep, area, big, sizeof(big), 5), 0);
	for (; e.type != SHMX_EV_PEER_DOWN && now < end; now = rte_rdtsc()) {
		/* Fewer than the window holds. */
		if (now >= next && shmx_get(fx.host[0].ep, area, &word, 8, 6) == 0)
			next = now + rte_get_tsc_hz() / 1000 * 3;
		if (shmx_poll(fx.host[0].ep, &e, 1) == 1 && e.cookie == 5 && e.type == SHMX_EV_OP)
			SAME(e.status, -ECONNRESET);
	}
	/* proves: shmx_poll -EMSGSIZE */
	SAME(e.status, -EMSGSIZE);
	narrow = UINT16_MAX;
	rte_eth_remove_rx_callback(fx.host[0].server_port->port_id, 0, cb);
	rte_free((void *)(uintptr_t)cb);
	fixture_down(&fx);
}

/* The memory node answers a request to open a pool with an id that no pool has. */
static void
answer_pool(uint64_t pool)
{
	const struct shmx_ep *ep = fx.host[0].ep;
	struct rdp_session *s = rdp_session_at(fx.host[0].server, 0);
	uint16_t id = ep->free_op[ep->nb_free_op];
	rte_be64_t value = rte_cpu_to_be_64(pool);
	uint8_t *to = rdp_response(s, sizeof(struct wire_record) + sizeof(value));

	CU_ASSERT_PTR_NOT_NULL_FATAL(to);
	wire_record_write(
		to, WIRE_OP_POOL_OPEN | WIRE_RESPONSE, 0, rte_cpu_to_be_16(id), sizeof(value));
	memcpy(to + sizeof(struct wire_record), &value, sizeof(value));
	rdp_flush(fx.host[0].server);
}

static void
down__protocol_broken(void)
{
	const uint64_t bad[] = {0, UINT16_MAX + 1};

	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		int status = 1;

		begin();
		fx.server_stopped = true;
		SAME(shmx_pool_open(fx.host[0].ep, fx.host[0].session, "main", 5), 0);
		answer_pool(bad[i]);
		/* proves: shmx_poll -EPROTO */
		SAME(next_event(SHMX_EV_PEER_DOWN, 5, &status), -EPROTO);
		SAME(status == -ECONNRESET || status == -ECANCELED, true);
		fx.server_stopped = false;
		fixture_down(&fx);
	}
}

/* ---- pools and inboxes -------------------------------------------------------------------- */

/* Another memory node, as it says, has a pool with the same id: the way to the first one stays. */
static void
pool__of_two_nodes(void)
{
	struct shmx_ep *ep;
	shmx_session_t second;
	shmx_addr_t addr;
	uint64_t word = 0;
	uint16_t pool = 99;

	begin();
	ep = fx.host[0].ep;
	addr = alloc_of(&fx, 0, 64);
	fx.host[0].server->conf.node++;
	SAME(shmx_connect_sync(ep, &server, &second), 0);
	SAME(shmx_pool_open_sync(ep, second, "main", &pool), -EEXIST);
	SAME(pool, 99);
	SAME(shmx_disconnect(ep, second), 0);
	poll_for(ep, 1);
	SAME(shmx_get_sync(ep, addr, &word, 8), 0);
	fixture_down(&fx);
}

static void
inbox__out_of_memory(void)
{
	struct shmx_ep *ep;
	unsigned int blocks;

	begin();
	ep = fx.host[0].ep;
	blocks = heap_blocks();
	for (unsigned int n = 1; n <= 2; n++) {
		fail_at = n;
		SAME(shmx_inbox_open(ep, fx.host[0].session, NULL, 1), -ENOMEM);
		SAME(fail_at, 0);
		SAME(heap_blocks(), blocks);
	}
	SAME(poll_for(ep, 1), 0);
	SAME(shmx_inbox_open_sync(ep, fx.host[0].session, NULL), 0);
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"ep__out_of_memory", ep__out_of_memory},
	{"ep__no_random_numbers", ep__no_random_numbers},
	{"ep__too_many_addresses", ep__too_many_addresses},
	{"connect__out_of_memory", connect__out_of_memory},
	{"connect__no_such_family", connect__no_such_family},
	{"connect__refused", connect__refused},
	{"connect__nobody_there", connect__nobody_there},
	{"connect__too_narrow", connect__too_narrow},
	{"connect__answered_wrongly", connect__answered_wrongly},
	{"down__peer_began_anew", down__peer_began_anew},
	{"down__peer_is_silent", down__peer_is_silent},
	{"down__path_became_narrow", down__path_became_narrow},
	{"down__protocol_broken", down__protocol_broken},
	{"pool__of_two_nodes", pool__of_two_nodes},
	{"inbox__out_of_memory", inbox__out_of_memory},
};

int
main(void)
{
	return tests_run("endpoints", tests, RTE_DIM(tests));
}
