/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <rte_malloc.h>

#include "base/log.h"
#include "rdp/peer_table.h"
#include "rdp/rdp_private.h"

/* At least one, and each of its own family. */
static int
addresses_check(const struct rdp_conf *conf)
{
	if (ip_addr_is_none(conf->ip6))
		return conf->ip != 0 ? 0 : -EINVAL;
	return ip_addr_is_host(conf->ip6) && !ip_addr_is_v4(conf->ip6) && conf->prefix6_len <= 128
	               ? 0
	               : -EINVAL;
}

static int
conf_check(const struct rdp_conf *conf)
{
	if (conf == NULL || conf->io.rx_burst == NULL || conf->io.tx_burst == NULL ||
		conf->handler == NULL || conf->pool == NULL)
		return -EINVAL;
	if (conf->window < 8 || conf->window > RDP_RING || !rte_is_power_of_2(conf->window) ||
		conf->cc > RDP_CC_SWIFT || conf->max_sessions == 0 ||
		conf->max_sessions == WIRE_SESSION_NONE)
		return -EINVAL;
	if (conf->handover != NULL &&
		(conf->member >= conf->handover->nb || conf->max_sessions > conf->handover->stride))
		return -EINVAL;
	if (conf->vlan > RDP_VLAN_MAX || conf->vlan_priority > 7)
		return -EINVAL;
	if (conf->mtu < RDP_MTU_MIN || conf->node == 0 || conf->node > WIRE_NODE_MAX ||
		conf->udp_port == 0 ||
		rte_pktmbuf_data_room_size(conf->pool) <
			conf->mtu + RTE_ETHER_HDR_LEN + RTE_PKTMBUF_HEADROOM)
		return -EINVAL;
	return addresses_check(conf);
}

static void
copy_conf(struct rdp_ep *ep, const struct rdp_conf *conf)
{
	ep->conf = *conf;
	ep->io = conf->io;
	ep->handler = conf->handler;
	ep->handler_ctx = conf->handler_ctx;
	ep->udp_port = conf->udp_port;
	ep->nb_ports = 1;
	ep->ip = conf->ip;
	ep->max_sessions = conf->max_sessions;
	if (conf->handover != NULL)
		ep->index_base = (uint16_t)(conf->member * conf->handover->stride);
	ep->tx_udp_cksum = conf->tx_udp_cksum;
	ep->tx_gather = conf->tx_gather;
	ep->rto_min_ns = conf->rto_min_ns;
	ep->ack_delay_ns = conf->ack_delay_ns;
	ep->self.mac = conf->mac;
	ep->self.ip = conf->ip;
	ep->self.netmask = conf->netmask;
	ep->self.gateway = conf->gateway;
	ep->self.ip6 = conf->ip6;
	ep->self.prefix6_len = conf->prefix6_len;
	ep->self.gateway6 = conf->gateway6;
	ep->wide = !ip_addr_is_none(conf->ip6) || conf->vlan != 0;
	ep->vlan_tci = conf->vlan != 0 ? (uint16_t)(conf->vlan_priority << 13 | conf->vlan) : 0;
	rdp_clock_read(ep);
	ep->polled_ns = ep->now_ns;
	ep->tell_next = conf->max_sessions;
	ep->parked_most = conf->pool->size / RDP_PARK_SHARE;
	if (conf->handover != NULL)
		ep->parked_most /= conf->handover->nb;
	ep->wheel_tick = ep->now_ns >> RDP_WHEEL_SHIFT;
}

static void *
table(const struct rdp_ep *ep, size_t size)
{
	return rte_zmalloc_socket("rdp_table", (size_t)ep->max_sessions * size, RTE_CACHE_LINE_SIZE,
		ep->conf.socket_id);
}

static int
alloc_tables(struct rdp_ep *ep)
{
	ep->session = table(ep, sizeof(ep->session[0]));
	ep->free_index = table(ep, sizeof(ep->free_index[0]));
	ep->inc_mask = rte_align32pow2(ep->max_sessions) - 1;
	ep->by_inc = rte_zmalloc_socket("rdp_table", (ep->inc_mask + 1) * sizeof(ep->by_inc[0]),
		RTE_CACHE_LINE_SIZE, ep->conf.socket_id);
	ep->last_peer = table(ep, sizeof(ep->last_peer[0]));
	if (ep->session == NULL || ep->free_index == NULL || ep->last_peer == NULL ||
		ep->by_inc == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < RDP_LISTS; i++) {
		ep->list[i].item = table(ep, sizeof(struct rdp_session *));
		if (ep->list[i].item == NULL)
			return -ENOMEM;
	}
	/* A stack: the lowest index is taken first. */
	for (uint16_t i = ep->max_sessions; i-- > 0;)
		ep->free_index[ep->nb_free++] = i;
	return peer_table_create(ep);
}

int
rdp_ep_create(const struct rdp_conf *conf, struct rdp_ep **out)
{
	struct rdp_ep *ep;
	int ret = conf_check(conf);

	if (ret < 0)
		return ret;
	ep = rte_zmalloc_socket("rdp_ep", sizeof(*ep), RTE_CACHE_LINE_SIZE, conf->socket_id);
	if (ep == NULL)
		return -ENOMEM;
	copy_conf(ep, conf);
	/* Nobody may guess a cookie; incarnations of two runs should not meet. */
	if (getrandom(ep->cookie_key, sizeof(ep->cookie_key), 0) != sizeof(ep->cookie_key) ||
		getrandom(&ep->next_inc, sizeof(ep->next_inc), 0) != sizeof(ep->next_inc)) {
		rte_free(ep);
		return -EIO;
	}
	if (conf->handover != NULL)
		memcpy(ep->cookie_key, conf->handover->cookie_key, sizeof(ep->cookie_key));
	ret = alloc_tables(ep);
	if (ret < 0) {
		rdp_ep_destroy(ep);
		return ret;
	}
	*out = ep;
	return 0;
}

static void
free_spares(struct rdp_ep *ep)
{
	while (ep->spare != NULL) {
		struct rdp_session *s = ep->spare;

		ep->spare = s->timer_next;
		rte_free(s);
	}
}

void
rdp_ep_destroy(struct rdp_ep *ep)
{
	if (ep == NULL)
		return;
	for (uint32_t i = 0; ep->session != NULL && i < ep->max_sessions; i++)
		if (ep->session[i] != NULL)
			rdp_session_free(ep->session[i]);
	for (uint16_t i = 0; i < ep->txq_len; i++)
		rte_pktmbuf_free(ep->txq[i].m);
	rte_pktmbuf_free_bulk(ep->held, ep->nb_held);
	rte_pktmbuf_free_bulk(ep->mbufs, ep->nb_mbufs);
	free_spares(ep);
	peer_table_free(ep);
	for (unsigned int i = 0; i < RDP_LISTS; i++)
		rte_free(ep->list[i].item);
	rte_free(ep->by_inc);
	rte_free(ep->last_peer);
	rte_free(ep->free_index);
	rte_free(ep->session);
	rte_free(ep);
}

static void
initiate(struct rdp_session *s, struct ip_addr ip, uint16_t udp_port)
{
	struct rdp_peer *last = &s->ep->last_peer[s->index];
	rte_be16_t port = rte_cpu_to_be_16(udp_port);

	/* From where the last one came, if it led there: the peer knows it by that. */
	if (rdp_peer_is(last, ip, port))
		s->own_port = last->own_port;
	else
		*last = (struct rdp_peer){.ip = ip, .port = port};
	s->initiator = true;
	s->peer_ip = ip;
	s->peer_port = rte_cpu_to_be_16(udp_port);
	s->peer_index = WIRE_SESSION_NONE;
	/* When there is no room, two that connect to each other have two sessions, no more. */
	peer_table_add(s);
	rdp_handshake_start(s);
}

static int
target_check(const struct rdp_ep *ep, struct ip_addr ip, uint16_t udp_port)
{
	if (ip_addr_is_none(ip) || udp_port == 0)
		return -EINVAL;
	if (ip_addr_is_v4(ip) ? ep->ip == 0 : ip_addr_is_none(ep->self.ip6))
		return -EAFNOSUPPORT;
	return 0;
}

int
rdp_connect(struct rdp_ep *ep, struct ip_addr ip, uint16_t udp_port, struct rdp_session **s)
{
	int ret = target_check(ep, ip, udp_port);

	if (ret < 0)
		return ret;
	rdp_clock_read(ep);
	*s = rdp_session_initiate(ep, ip, rte_cpu_to_be_16(udp_port));
	if (*s == NULL)
		return ep->nb_free == 0 ? -ENOSPC : -ENOMEM;
	initiate(*s, ip, udp_port);
	return 0;
}

int
rdp_connect_at(struct rdp_ep *ep, uint16_t index, struct ip_addr ip, uint16_t udp_port,
	struct rdp_session **s)
{
	int ret = target_check(ep, ip, udp_port);

	if (ret < 0)
		return ret;
	if (index >= ep->max_sessions || ep->session[index] != NULL)
		return -EINVAL;
	rdp_clock_read(ep);
	*s = rdp_session_new_at(ep, index);
	if (*s == NULL)
		return -ENOMEM;
	initiate(*s, ip, udp_port);
	return 0;
}

void
rdp_refuse(struct rdp_ep *ep)
{
	ep->conf.listen = false;
}

uint32_t
rdp_unsent(const struct rdp_ep *ep)
{
	return ep->txq_len;
}

const struct rdp_stats *
rdp_ep_stats(const struct rdp_ep *ep)
{
	return &ep->stats;
}

uint64_t
rdp_now(const struct rdp_ep *ep)
{
	return ep->now_ns;
}
