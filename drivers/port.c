/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_string_fns.h>

#include "controller.h"

#define POOL_CACHE   512
#define POOL_ROOM    2176 /* headroom 128 and 2048 bytes of frame */
#define FRAME_EXTRA  (RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN + 2 * RTE_VLAN_HLEN)
#define SLOT_EXTRA   64 /* slots of packet sockets are so much longer than what is in them */
#define NB_DESC      1024
#define TX_CKSUMS    (RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM)
#define TX_OFFLOADS  (TX_CKSUMS | RTE_ETH_TX_OFFLOAD_VLAN_INSERT)
#define RX_CKSUMS    (RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_IPV4_CKSUM)
#define RSS_WANTED   (RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP)
#define LINK_POLL_US 1000

/* Ports that this library opened: nobody opens one twice. They have no owner in the sense of
 * rte_eth_dev_owner_set(): dpdk-dumpcap, dpdk-proc-info and telemetry do not see ports that do. */
static bool in_use[RTE_MAX_ETHPORTS];

static int
port_take(const struct port *port)
{
	struct rte_eth_dev_owner owner;

	if (!in_use[port->port_id] && rte_eth_dev_owner_get(port->port_id, &owner) == 0 &&
		owner.id == RTE_ETH_DEV_NO_OWNER) {
		in_use[port->port_id] = true;
		return 0;
	}
	DRV_LOG(ERR, "%s: port %u is in use already", port->spec, port->port_id);
	return -EBUSY;
}

/* The text behind the colon; NULL with a log line if the spec names no controller. */
static const char *
spec_parse(struct port *port, const char *spec)
{
	size_t len;

	if (spec == NULL || rte_strscpy(port->spec, spec, sizeof(port->spec)) < 0) {
		DRV_LOG(ERR, "port spec missing, or longer than %d characters", PORT_SPEC_MAX - 1);
		rte_errno = EINVAL;
		return NULL;
	}
	len = strcspn(spec, ":");
	port->ctl = drv_controller_find(spec, len);
	if (port->ctl != NULL && spec[len] == ':' && spec[len + 1] != '\0')
		return spec + len + 1;
	if (port->ctl != NULL)
		DRV_LOG(ERR, "%s: write it as %s:%s", spec, port->ctl->name, port->ctl->args);
	else
		DRV_LOG(ERR,
			"%s: no such kind of port; there are eth, vhost, virtio_user, "
			"af_packet, af_xdp and loopback, written as KIND:ARGUMENTS",
			spec);
	rte_errno = port->ctl != NULL ? EINVAL : EPROTONOSUPPORT;
	return NULL;
}

static uint16_t
pool_room(uint16_t mtu)
{
	uint32_t need = RTE_PKTMBUF_HEADROOM + mtu + FRAME_EXTRA + SLOT_EXTRA;

	return RTE_MIN(RTE_MAX(RTE_ALIGN_CEIL(need, 128), (uint32_t)POOL_ROOM),
		(uint32_t)RTE_ALIGN_FLOOR(UINT16_MAX, 128));
}

struct rte_mempool *
port_pool_create(const char *name, uint32_t nb_mbufs, uint16_t mtu, int socket)
{
	uint32_t cache = RTE_MIN((uint32_t)POOL_CACHE, nb_mbufs * 2 / 3);

	return rte_pktmbuf_pool_create(name, nb_mbufs, cache, 16, pool_room(mtu), socket);
}

static int
pool_make(const struct port_conf *conf, struct port *port)
{
	uint32_t n = port->nb_queues * (2 * (port->nb_rxd + port->nb_txd) + 2 * POOL_CACHE);
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "shmx_port%u", port->port_id);
	n = (n + conf->nb_mbufs) * RTE_MAX(port->ctl->pool_users, 1);
	port->pool = port_pool_create(name, n, port->mtu, conf->socket_id);
	port->own_pool = port->pool != NULL;
	if (port->own_pool)
		return 0;
	DRV_LOG(ERR,
		"%s: no memory for a pool of %" PRIu32 " mbufs (%s); ask for fewer, or give "
		"EAL more with -m",
		port->spec, n, rte_strerror(rte_errno));
	return -ENOMEM;
}

static int
pool_check(const struct port_conf *conf, struct port *port)
{
	uint32_t need = RTE_PKTMBUF_HEADROOM + port->mtu + FRAME_EXTRA;

	if (port->pool == NULL)
		port->pool = conf->pool;
	if (port->pool == NULL)
		return pool_make(conf, port);
	if (rte_pktmbuf_data_room_size(port->pool) >= RTE_MIN(need, (uint32_t)UINT16_MAX))
		return 0;
	DRV_LOG(ERR, "%s: mbufs of pool %s hold %u bytes, mtu %u needs %" PRIu32, port->spec,
		port->pool->name, rte_pktmbuf_data_room_size(port->pool), port->mtu, need);
	return -EINVAL;
}

static int
queues_check(struct port *port, const struct rte_eth_dev_info *info)
{
	uint16_t max = RTE_MIN(info->max_rx_queues, info->max_tx_queues);

	if (port->nb_queues <= max)
		return 0;
	DRV_LOG(ERR, "%s: %u queues asked, the device has %u: use at most as many workers",
		port->spec, port->nb_queues, max);
	return -EINVAL;
}

static int
desc_check(const struct port *port, uint16_t asked, const struct rte_eth_desc_lim *lim,
	const char *what)
{
	if (asked == 0 || (asked >= lim->nb_min && (lim->nb_max == 0 || asked <= lim->nb_max)))
		return 0;
	DRV_LOG(ERR, "%s: %u %s descriptors asked, the device takes %u to %u", port->spec, asked,
		what, lim->nb_min, lim->nb_max);
	return -EINVAL;
}

static uint16_t
desc_pick(uint16_t asked, uint16_t controller, uint16_t device)
{
	if (asked != 0)
		return asked;
	if (controller != 0)
		return controller;
	return device != 0 ? RTE_MAX(device, (uint16_t)(NB_DESC / 2)) : NB_DESC;
}

static int
descs_choose(const struct port_conf *conf, struct port *port, const struct rte_eth_dev_info *info)
{
	int ret = desc_check(port, conf->nb_rxd, &info->rx_desc_lim, "receive");

	if (ret == 0)
		ret = desc_check(port, conf->nb_txd, &info->tx_desc_lim, "transmit");
	if (ret < 0)
		return ret;
	port->nb_rxd = desc_pick(
		conf->nb_rxd, port->ctl->nb_desc, info->default_rxportconf.ring_size);
	port->nb_txd = desc_pick(
		conf->nb_txd, port->ctl->nb_desc, info->default_txportconf.ring_size);
	return 0;
}

static uint16_t
mtu_max(const struct rte_eth_dev_info *info)
{
	uint32_t frame = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
	uint32_t max = info->max_mtu == 0 ? UINT16_MAX : info->max_mtu;

	if (info->max_rx_pktlen > frame)
		max = RTE_MIN(max, info->max_rx_pktlen - frame);
	return max;
}

static int
mtu_choose(const struct port_conf *conf, struct port *port, const struct rte_eth_dev_info *info)
{
	uint16_t min = RTE_MAX(info->min_mtu, RTE_ETHER_MIN_MTU);
	uint16_t max = RTE_MAX(mtu_max(info), port->real_mtu);

	if (port->mtu == 0 && rte_eth_dev_get_mtu(port->port_id, &port->mtu) != 0)
		port->mtu = RTE_ETHER_MTU;
	port->mtu = RTE_MIN(port->mtu, max);
	if (conf->mtu == 0)
		return 0;
	if (conf->mtu < min || conf->mtu > max) {
		DRV_LOG(ERR, "%s: mtu %u refused, the device takes %u to %u", port->spec, conf->mtu,
			min, max);
		return -EINVAL;
	}
	port->mtu = conf->mtu;
	return 0;
}

/* Where the port is memory, its driver would do in software what the headers do for nothing. */
static void
vlan_choose(const struct rte_eth_dev_info *info, struct rte_eth_conf *eth)
{
	eth->rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
	eth->txmode.offloads |= info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_VLAN_INSERT;
}

/* Never MBUF_FAST_FREE: frames to send may be of several pools, and have segments attached. */
static void
offloads_choose(const struct port_conf *conf, const struct port *port,
	const struct rte_eth_dev_info *info, struct rte_eth_conf *eth)
{
	uint64_t rss = info->flow_type_rss_offloads & RSS_WANTED;

	eth->rxmode.mtu = RTE_MIN(port->mtu, mtu_max(info));
	eth->intr_conf.rxq = conf->rx_intr;
	eth->txmode.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	if (!conf->no_offload) {
		eth->txmode.offloads |= info->tx_offload_capa & TX_CKSUMS;
		eth->rxmode.offloads |= info->rx_offload_capa & RX_CKSUMS;
	}
	if (conf->vlan != 0 && (port->ctl->caps & PORT_CAP_MEMORY) == 0)
		vlan_choose(info, eth);
	if (port->nb_queues > 1 && rss != 0) {
		eth->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		eth->rx_adv_conf.rss_conf.rss_hf = rss;
	}
}

static uint32_t
caps_in_force(const struct port *port, const struct rte_eth_conf *eth)
{
	uint64_t tx = eth->txmode.offloads;
	uint32_t caps = port->ctl->caps;

	if ((tx & RTE_ETH_TX_OFFLOAD_UDP_CKSUM) != 0)
		caps |= PORT_CAP_TX_UDP_CKSUM;
	if ((tx & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM) != 0)
		caps |= PORT_CAP_TX_IPV4_CKSUM;
	if ((tx & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0)
		caps |= PORT_CAP_TX_MULTI_SEGS;
	if ((tx & RTE_ETH_TX_OFFLOAD_VLAN_INSERT) != 0)
		caps |= PORT_CAP_TX_VLAN;
	if ((tx & TX_OFFLOADS) != 0 && (caps & PORT_CAP_MEMORY) == 0)
		caps |= PORT_CAP_TX_PREPARE;
	if ((eth->rxmode.offloads & RTE_ETH_RX_OFFLOAD_UDP_CKSUM) != 0)
		caps |= PORT_CAP_RX_CKSUM;
	if (eth->rxmode.mq_mode == RTE_ETH_MQ_RX_RSS)
		caps |= PORT_CAP_RSS;
	return caps;
}

static int
driver_said(const struct port *port, const char *what, int ret)
{
	if (ret < 0)
		DRV_LOG(ERR, "%s: %s failed: %s", port->spec, what, rte_strerror(-ret));
	return ret;
}

static int
device_configure(struct port *port, const struct rte_eth_conf *eth)
{
	int ret = rte_eth_dev_configure(port->port_id, port->nb_queues, port->nb_queues, eth);

	/* Some drivers fail with a bare -1, which would read as a lack of privileges. */
	if (ret == -1)
		ret = -EIO;
	if (ret == 0)
		ret = rte_eth_dev_adjust_nb_rx_tx_desc(port->port_id, &port->nb_rxd, &port->nb_txd);
	return driver_said(port, "configuring the device", ret);
}

/* What the driver would take itself, but for when it takes buffers back. */
static int
txconf_get(const struct port *port, struct rte_eth_txconf *conf)
{
	uint16_t ring = port->ring_size != 0 ? port->ring_size : port->nb_txd;
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(port->port_id, &info);

	*conf = info.default_txconf;
	if (port->ctl->tx_reclaim != 0 && ring > 2 * port->ctl->tx_reclaim)
		conf->tx_free_thresh = ring - port->ctl->tx_reclaim;
	return ret;
}

static int
queues_setup(const struct port *port, int socket_id)
{
	struct rte_eth_txconf txconf;
	int ret = txconf_get(port, &txconf);
	uint16_t q;

	for (q = 0; q < port->nb_queues && ret == 0; q++) {
		ret = rte_eth_rx_queue_setup(
			port->port_id, q, port->nb_rxd, socket_id, NULL, port->pool);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(
				port->port_id, q, port->nb_txd, socket_id, &txconf);
	}
	return driver_said(port, "setting up the queues", ret);
}

/* Some drivers learn the mtu from rxmode, others only here; those that know none take 1500. */
static int
mtu_set(const struct port *port)
{
	uint16_t now = 0;
	int ret;

	if (rte_eth_dev_get_mtu(port->port_id, &now) == 0 && now == port->mtu)
		return 0;
	/* It would refuse what it can do all the same. */
	if (port->real_mtu >= port->mtu && port->mtu > RTE_ETHER_MTU)
		return 0;
	ret = rte_eth_dev_set_mtu(port->port_id, port->mtu);
	/* What is memory has no limit but the buffers'. */
	if (ret == -ENOTSUP && (port->mtu <= RTE_ETHER_MTU || (port->caps & PORT_CAP_MEMORY) != 0))
		return 0;
	return driver_said(port, "setting the mtu", ret);
}

static void
mac_read(struct port *port)
{
	if (rte_eth_macaddr_get(port->port_id, &port->mac) != 0 ||
		!rte_is_valid_assigned_ether_addr(&port->mac))
		rte_eth_random_addr(port->mac.addr_bytes);
}

static int
device_start(const struct port_conf *conf, struct port *port)
{
	int ret = queues_setup(port, conf->socket_id);

	if (ret == 0)
		ret = mtu_set(port);
	if (ret == 0)
		ret = driver_said(port, "starting the device", rte_eth_dev_start(port->port_id));
	if (ret < 0)
		return ret;
	mac_read(port);
	if (port->ctl->post_start != NULL)
		ret = port->ctl->post_start(port);
	if (ret < 0)
		rte_eth_dev_stop(port->port_id);
	return ret;
}

static int
plan(const struct port_conf *conf, struct port *port, struct rte_eth_conf *eth)
{
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(port->port_id, &info);

	if (ret == 0)
		ret = queues_check(port, &info);
	if (ret == 0)
		ret = descs_choose(conf, port, &info);
	if (ret == 0)
		ret = mtu_choose(conf, port, &info);
	if (ret < 0)
		return ret;
	offloads_choose(conf, port, &info, eth);
	if (port->ctl->tune != NULL)
		port->ctl->tune(port, &info, eth);
	port->caps = caps_in_force(port, eth);
	return 0;
}

static int
device_open(const struct port_conf *conf, struct port *port)
{
	struct rte_eth_conf eth = {0};
	int ret = plan(conf, port, &eth);

	if (ret == 0)
		ret = device_configure(port, &eth);
	if (ret == 0)
		ret = pool_check(conf, port);
	if (ret == 0)
		ret = device_start(conf, port);
	return ret;
}

static void
port_free(struct port *port)
{
	if (port->own_pool)
		rte_mempool_free(port->pool);
	rte_free(port);
}

static int
port_bring_up(const struct port_conf *conf, struct port *port, const char *args)
{
	int ret = port->ctl->attach(conf, args, port);

	if (ret < 0)
		return ret;
	ret = port_take(port);
	if (ret == 0) {
		ret = device_open(conf, port);
		if (ret < 0)
			in_use[port->port_id] = false;
	}
	if (ret < 0)
		port->ctl->detach(port);
	return ret;
}

/* virtio_user writes to a UNIX socket whose other end may be dead: EPIPE will do, no signal. */
static void
sigpipe_block(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, before);
}

static void
sigpipe_restore(const sigset_t *before)
{
	const struct timespec now = {0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	if (sigismember(before, SIGPIPE) == 0)
		while (sigtimedwait(&set, NULL, &now) == SIGPIPE)
			continue;
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

int
port_open(const struct port_conf *conf, struct port **out)
{
	struct port *port = rte_zmalloc("shmx_port", sizeof(*port), RTE_CACHE_LINE_SIZE);
	const char *args;
	sigset_t signals;
	int ret;

	if (port == NULL)
		return -ENOMEM;
	port->nb_queues = RTE_MAX(conf->nb_queues, 1);
	args = spec_parse(port, conf->spec);
	sigpipe_block(&signals);
	ret = args == NULL ? -rte_errno : port_bring_up(conf, port, args);
	sigpipe_restore(&signals);
	if (ret < 0) {
		port_free(port);
		return ret;
	}
	DRV_LOG(INFO, "%s: port %u, %u queues, %u/%u descriptors, mtu %u, caps 0x%" PRIx32,
		port->spec, port->port_id, port->nb_queues, port->nb_rxd, port->nb_txd, port->mtu,
		port->caps);
	*out = port;
	return 0;
}

void
port_close(struct port *port)
{
	sigset_t signals;

	if (port == NULL)
		return;
	sigpipe_block(&signals);
	driver_said(port, "stopping the device", rte_eth_dev_stop(port->port_id));
	in_use[port->port_id] = false;
	port->ctl->detach(port);
	sigpipe_restore(&signals);
	port_free(port);
}

bool
port_link_up(struct port *port)
{
	struct rte_eth_link link = {0};
	bool up;

	if (port->link_lost || (port->ctl->link_up != NULL && !port->ctl->link_up(port)))
		return false;
	up = rte_eth_link_get_nowait(port->port_id, &link) == 0 &&
	     link.link_status == RTE_ETH_LINK_UP;
	port->link_lost = !up && port->link_once;
	return up;
}

/* Groups one by one, or all, or everything, whichever the driver has first. */
static int
groups_receive(struct port *port)
{
	int ret = rte_eth_dev_set_mc_addr_list(port->port_id, port->group, port->nb_groups);

	if (ret == -ENOTSUP)
		ret = rte_eth_allmulticast_enable(port->port_id);
	if (ret == -ENOTSUP)
		ret = rte_eth_promiscuous_enable(port->port_id);
	/* What is memory receives everything as it is. */
	return ret == -ENOTSUP && (port->caps & PORT_CAP_MEMORY) != 0 ? 0 : ret;
}

int
port_group_join(struct port *port, const struct rte_ether_addr *group)
{
	int ret;

	for (uint8_t i = 0; i < port->nb_groups; i++)
		if (rte_is_same_ether_addr(&port->group[i], group))
			return 0;
	if (port->nb_groups == PORT_GROUPS_MAX) {
		DRV_LOG(ERR, "%s: receives %u groups already, that is all: fewer addresses",
			port->spec, PORT_GROUPS_MAX);
		return -ENOSPC;
	}
	port->group[port->nb_groups++] = *group;
	ret = groups_receive(port);
	if (ret < 0)
		port->nb_groups--;
	return driver_said(port, "receiving an Ethernet group", ret);
}

int
port_link_wait(struct port *port, unsigned int timeout_ms)
{
	uint64_t end = rte_get_timer_cycles() + rte_get_timer_hz() / 1000 * timeout_ms;

	while (!port_link_up(port) && !port->link_lost) {
		if (rte_get_timer_cycles() >= end) {
			DRV_LOG(ERR, "%s: no link after %u ms: %s", port->spec, timeout_ms,
				port->ctl->hint);
			return -ETIMEDOUT;
		}
		rte_delay_us_sleep(LINK_POLL_US);
	}
	if (!port->link_lost)
		return 0;
	DRV_LOG(ERR, "%s: the other end has gone: close the port and open it again", port->spec);
	return -ENOTCONN;
}
