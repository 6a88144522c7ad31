/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <sys/random.h>
#include <time.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include "base/log.h"
#include "client/client_private.h"
#include "client/inbox.h"

#define MAX_OPS_DEFAULT      4096
#define MAX_SESSIONS_DEFAULT 64
#define WINDOW_DEFAULT       128
#define NODE_MAX             1023

#define US_NS UINT64_C(1000)
#define MS_NS UINT64_C(1000000)

#define CLOSE_BURST   32
#define CLOSE_WAIT_NS (100 * MS_NS)

static bool
addresses_good(const struct shmx_ep_conf *conf)
{
	struct ip_addr v6 = ip_addr_v6(conf->ip6);

	if (conf->prefix_len > 32 || conf->prefix6_len > 128 ||
		(conf->ip != 0 && !ip_addr_is_host(ip_addr_v4(conf->ip))))
		return false;
	return ip_addr_is_none(v6) ? conf->ip != 0 : ip_addr_is_host(v6) && !ip_addr_is_v4(v6);
}

static bool
window_good(uint16_t window)
{
	return window == 0 || (window >= 8 && window <= RDP_RING && rte_is_power_of_2(window));
}

/* What is wrong, for people. NULL: nothing. */
static const char *
conf_fault(const struct shmx_ep_conf *conf)
{
	if (conf == NULL || conf->port == NULL)
		return "it needs a port: see shmx_port_open()";
	if (conf->node == 0 || conf->node > NODE_MAX)
		return "node has to be 1 to 1023";
	if (!addresses_good(conf))
		return "ip or ip6 has to be a host's address, in network byte order, and a prefix "
		       "no longer than that";
	if (conf->queue >= conf->port->port->nb_queues)
		return "the port has no such queue: open it with more of them (nb_queues)";
	if (!window_good(conf->window))
		return "window has to be a power of two from 8 to 256";
	if (conf->max_ops > UINT16_MAX || conf->max_sessions == UINT16_MAX ||
		conf->cc > SHMX_CC_SWIFT)
		return "max_ops, max_sessions or cc is too large";
	return NULL;
}

static int
conf_check(const struct shmx_ep_conf *conf)
{
	const char *fault = conf_fault(conf);

	if (fault != NULL) {
		BASE_LOG(ERR, "cannot create an endpoint: %s", fault);
		return -EINVAL;
	}
	if (conf->port->queues_used & UINT64_C(1) << conf->queue) {
		BASE_LOG(ERR, "queue %u of this port has an endpoint already: one each",
			conf->queue);
		return -EBUSY;
	}
	return 0;
}

static void *
table(const struct shmx_ep *ep, size_t n, size_t size)
{
	return rte_zmalloc_socket(
		"shmx_ep", n * size, RTE_CACHE_LINE_SIZE, rte_eth_dev_socket_id(ep->eth.port_id));
}

static int
alloc_tables(struct shmx_ep *ep)
{
	uint32_t kept = rte_align32pow2(client_kept_max(ep));

	ep->op = table(ep, ep->max_ops, sizeof(*ep->op));
	ep->free_op = table(ep, ep->max_ops, sizeof(*ep->free_op));
	ep->session = table(ep, ep->max_sessions, sizeof(*ep->session));
	ep->connect_cookie = table(ep, ep->max_sessions, sizeof(*ep->connect_cookie));
	ep->share = table(ep, ep->max_sessions, sizeof(*ep->share));
	ep->send_run = table(ep, ep->max_sessions, sizeof(*ep->send_run));
	ep->link = table(ep, ep->max_sessions, sizeof(*ep->link));
	ep->kept_pool = table(ep, SHMX_POOLS_KEPT, sizeof(*ep->kept_pool));
	ep->kept = table(ep, kept, sizeof(*ep->kept));
	ep->route = table(ep, UINT16_MAX + 1, sizeof(*ep->route));
	ep->bulk = table(ep, BULK_MAX, sizeof(*ep->bulk));
	ep->deadline = table(ep, ep->max_ops + BULK_MAX, sizeof(*ep->deadline));
	ep->kept_mask = kept - 1;
	return ep->op != NULL && ep->free_op != NULL && ep->session != NULL &&
	                       ep->connect_cookie != NULL && ep->share != NULL &&
	                       ep->kept != NULL && ep->route != NULL && ep->bulk != NULL &&
	                       ep->send_run != NULL && ep->link != NULL && ep->kept_pool != NULL &&
	                       ep->deadline != NULL
	               ? 0
	               : -ENOMEM;
}

static void
init_tables(struct shmx_ep *ep)
{
	/* A stack: index 0 comes first, and few operations in progress touch few lines. */
	for (uint32_t i = ep->max_ops; i-- > 0;)
		ep->free_op[ep->nb_free_op++] = (uint16_t)i;
	memset(ep->route, 0xff, (UINT16_MAX + 1) * sizeof(*ep->route));
	ep->look_ns = UINT64_MAX;
	ep->bulk_active = CLIENT_NONE;
	ep->bulk_free = CLIENT_NONE;
	for (uint16_t i = BULK_MAX; i-- > 0;) {
		ep->bulk[i].next = ep->bulk_free;
		ep->bulk_free = i;
	}
	/* Anywhere: what was refused to a process before this one is not this one's. */
	for (uint16_t i = 0; i < ep->max_sessions; i++)
		ep->send_run[i] = (uint16_t)rte_rand();
}

/* A port of the dynamic range (RFC 6335), so that a restarted process is not taken for its
 * predecessor. */
static uint16_t
udp_port_pick(void)
{
	uint16_t r = 0;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		r = (uint16_t)rte_rdtsc();
	return (uint16_t)(49152 + r % (65536 - 49152 - RDP_PORTS));
}

static uint64_t
wall_clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static uint64_t
or_default(uint64_t value, uint64_t fallback)
{
	return value != 0 ? value : fallback;
}

static rte_be32_t
netmask(uint8_t prefix_len)
{
	return prefix_len == 0 ? 0 : rte_cpu_to_be_32(UINT32_MAX << (32 - prefix_len));
}

static void
rdp_conf_fill(struct rdp_conf *rc, const struct shmx_ep_conf *conf, struct shmx_ep *ep)
{
	const struct port *port = conf->port->port;
	bool memory = port->caps & PORT_CAP_MEMORY;

	*rc = (struct rdp_conf){
		.io = rdp_eth_io(&ep->eth),
		.handler = &client_handler,
		.handler_ctx = ep,
		.pool = port->pool,
		.neigh = &conf->port->neigh,
		.clock = conf->port->clock,
		.mac = port->mac,
		.ip = conf->ip,
		.netmask = netmask(conf->prefix_len),
		.gateway = conf->gateway,
		.ip6 = ip_addr_v6(conf->ip6),
		.prefix6_len = conf->prefix6_len,
		.gateway6 = ip_addr_v6(conf->gateway6),
		.udp_port = (uint16_t)or_default(conf->udp_port, udp_port_pick()),
		.node = conf->node,
		.epoch = wall_clock_ns(),
		.mtu = port->mtu,
		.window = (uint16_t)or_default(conf->window, WINDOW_DEFAULT),
		.max_sessions = ep->max_sessions,
		.vlan = conf->port->vlan,
		.vlan_priority = conf->port->vlan_priority,
		.tx_vlan_insert = conf->port->vlan != 0 && port->caps & PORT_CAP_TX_VLAN,
		.tx_udp_cksum = port->caps & PORT_CAP_TX_UDP_CKSUM,
		.tx_gather = port_tx_gather(port),
		.crc = conf->crc > 0 || (conf->crc == 0 && !memory),
		.no_coalesce = conf->no_coalesce,
		.no_tail_probe = conf->no_tail_probe,
		.rto_min_ns = or_default(conf->rto_min_us, 200) * US_NS,
		.ack_delay_ns = 25 * US_NS,
		.peer_timeout_ns = or_default(conf->peer_timeout_ms, 2000) * MS_NS,
		.keepalive_ns = or_default(conf->keepalive_ms, 1000) * MS_NS,
		.cc = (enum rdp_cc)conf->cc,
		.cc_target_ns = or_default(conf->cc_target_us, RDP_CC_TARGET_US) * US_NS,
		.socket_id = rte_eth_dev_socket_id(port->port_id),
	};
}

static void
ep_free(struct shmx_ep *ep)
{
	rdp_ep_destroy(ep->rdp);
	rte_free(ep->op);
	rte_free(ep->free_op);
	rte_free(ep->session);
	rte_free(ep->connect_cookie);
	rte_free(ep->share);
	rte_free(ep->send_run);
	inboxes_free(ep);
	rte_free(ep->link);
	rte_free(ep->kept_pool);
	rte_free(ep->kept);
	rte_free(ep->route);
	rte_free(ep->bulk);
	rte_free(ep->deadline);
	rte_free(ep);
}

static int
ep_create(const struct shmx_ep_conf *conf, struct shmx_ep *ep)
{
	struct rdp_conf rc;
	int ret;

	ep->port = conf->port;
	ep->queue = conf->queue;
	ep->node = conf->node;
	ep->eth.port_id = conf->port->port->port_id;
	ep->eth.queue = conf->queue;
	ep->eth.prepare = conf->port->port->caps & PORT_CAP_TX_PREPARE;
	ep->greedy = conf->greedy;
	ep->max_ops = (uint32_t)or_default(conf->max_ops, MAX_OPS_DEFAULT);
	ep->max_sessions = (uint16_t)or_default(conf->max_sessions, MAX_SESSIONS_DEFAULT);
	ret = alloc_tables(ep);
	if (ret < 0)
		return ret;
	init_tables(ep);
	rdp_conf_fill(&rc, conf, ep);
	if (!ip_addr_is_none(rc.ip6)) {
		struct rte_ether_addr group = nd_group_mac(rc.ip6);

		ret = port_group_join(conf->port->port, &group);
		if (ret < 0)
			return ret;
	}
	ret = rdp_ep_create(&rc, &ep->rdp);
	if (ret == 0)
		ep->last_ns = rdp_now(ep->rdp);
	return ret;
}

struct shmx_ep *
shmx_ep_create(const struct shmx_ep_conf *conf)
{
	struct shmx_ep *ep;
	int ret = conf_check(conf);

	if (ret < 0) {
		rte_errno = -ret;
		return NULL;
	}
	ep = rte_zmalloc("shmx_ep", sizeof(*ep), RTE_CACHE_LINE_SIZE);
	if (ep == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	ret = ep_create(conf, ep);
	if (ret < 0) {
		ep_free(ep);
		rte_errno = -ret;
		return NULL;
	}
	conf->port->queues_used |= UINT64_C(1) << conf->queue;
	return ep;
}

/* Nobody will repeat what is lost here: give a port that is slow the time, and one that is gone not
 * for long. */
static void
flush_all(struct shmx_ep *ep, uint64_t until)
{
	do
		rdp_flush(ep->rdp);
	while (rdp_unsent(ep->rdp) > 0 && clock_now(&ep->port->clock) < until);
}

static void
close_sessions(struct shmx_ep *ep)
{
	uint64_t until = clock_now(&ep->port->clock) + CLOSE_WAIT_NS;

	for (uint16_t i = 0; i < ep->max_sessions; i++) {
		struct rdp_session *s = rdp_session_at(ep->rdp, i);

		if (s != NULL)
			rdp_close(s);
		if (i % CLOSE_BURST == CLOSE_BURST - 1)
			flush_all(ep, until);
	}
	flush_all(ep, until);
}

void
shmx_ep_destroy(struct shmx_ep *ep)
{
	if (ep == NULL)
		return;
	close_sessions(ep);
	ep->port->queues_used &= ~(UINT64_C(1) << ep->queue);
	ep_free(ep);
}

void
shmx_ep_stats_get(const struct shmx_ep *ep, struct shmx_ep_stats *stats)
{
	const struct rdp_stats *r = rdp_ep_stats(ep->rdp);

	*stats = (struct shmx_ep_stats){
		.rx_frames = r->rx_frames,
		.tx_frames = r->tx_frames,
		.rx_dropped = r->rx_vlan + r->rx_malformed + r->rx_bad_checksum + r->rx_stale +
	                      r->rx_refused,
		.rx_bad_checksum = r->rx_bad_checksum,
		.rx_stale = r->rx_stale,
		.rx_duplicate = r->rx_duplicate,
		.tx_retransmit = r->tx_retransmit,
		.tx_ack = r->tx_ack,
		.rto = r->rto,
		.mtu_lowered = r->mtu_lowered,
		.no_mbuf = r->no_mbuf,
		.ops = ep->ops_done,
		.ops_in_progress = ep->max_ops - ep->nb_free_op,
		.busy_ns = ep->busy_ns,
		.idle_ns = ep->idle_ns,
	};
}
