/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include <rte_errno.h>

#include "fail.h"
#include "link.h"

#define LINK_WAIT_MS 5000

const char *
link_ip_text(struct ip_addr ip)
{
	static char buf[2][IP_ADDR_TEXT];
	static unsigned int turn;

	return ip_addr_format(ip, buf[turn++ % 2]);
}

bool
link_explain(const struct link_options *o, const char *what, int status)
{
	const char *ip = link_ip_text(o->server.ip);

	switch (status) {
	case -ETIMEDOUT:
	case -EHOSTUNREACH:
		fail("no answer from %s: is shmx-server running and the link up?", ip);
		return true;
	case -EMSGSIZE:
		fail("%s: frames of 1280 bytes do not get through to %s, small ones do: give all "
		     "switches and tunnels between a larger MTU",
			what, ip);
		return true;
	case -ECONNREFUSED:
		fail("%s refuses the session: see the log of shmx-server there", ip);
		return true;
	case -ENOTCONN:
	case -ECONNRESET:
	case -ECANCELED:
		fail("%s: lost the connection to %s: has shmx-server ended?", what, ip);
		return true;
	default:
		return false;
	}
}

int
link_open(const struct link_options *o, uint32_t nb_mbufs, struct shmx_port **port)
{
	return link_open_queues(o, nb_mbufs, 1, port);
}

int
link_open_queues(const struct link_options *o, uint32_t nb_mbufs, uint16_t nb_queues,
	struct shmx_port **port)
{
	struct shmx_port_conf conf = {
		.spec = o->port,
		.nb_queues = nb_queues,
		.mtu = (uint16_t)o->mtu,
		.vlan = (uint16_t)o->vlan,
		.vlan_priority = (uint8_t)o->vlan_priority,
		.nb_mbufs = nb_mbufs,
	};

	*port = shmx_port_open(&conf);
	if (*port == NULL)
		return fail("cannot open port %s: %s", o->port, rte_strerror(rte_errno));
	if (shmx_port_link_wait(*port, LINK_WAIT_MS) < 0)
		return fail("the link of %s is down: start shmx-server first, and check the path "
			    "or cable",
			o->port);
	return 0;
}

void
link_own_address(const struct link_options *o, struct shmx_ep_conf *conf)
{
	conf->node = (uint16_t)o->node;
	if (ip_addr_is_v4(o->own.ip)) {
		conf->ip = ip_addr_to_v4(o->own.ip);
		conf->prefix_len = o->own.prefix_len;
		conf->gateway = ip_addr_to_v4(o->gateway);
		return;
	}
	memcpy(conf->ip6, o->own.ip.byte, sizeof(conf->ip6));
	conf->prefix6_len = o->own.prefix_len;
	memcpy(conf->gateway6, o->gateway.byte, sizeof(conf->gateway6));
}

struct shmx_peer
link_memory_node(const struct link_options *o)
{
	struct shmx_peer peer = {.udp_port = o->server.udp_port};

	if (ip_addr_is_v4(o->server.ip))
		peer.ip = ip_addr_to_v4(o->server.ip);
	else
		memcpy(peer.ip6, o->server.ip.byte, sizeof(peer.ip6));
	return peer;
}

void
link_tell_mtu(const struct link_options *o, const struct shmx_ep *ep, shmx_session_t session)
{
	struct shmx_ep_stats stats;

	shmx_ep_stats_get(ep, &stats);
	if (stats.mtu_lowered > 0)
		fail("the path to %s carries packets of %u bytes only, less than both ports: look "
		     "at the MTU of what is between",
			link_ip_text(o->server.ip), shmx_session_mtu(ep, session));
}
