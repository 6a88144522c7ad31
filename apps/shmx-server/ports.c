/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "fault/fault.h"
#include "port.h"
#include "ports.h"
#include "rdp/handover.h"
#include "rx_intr.h"
#include "target/target.h"

#define US_NS UINT64_C(1000)
#define MS_NS UINT64_C(1000000)

/* Neighbours ask for an IPv6 address by the group that belongs to it. */
static int
join_groups(struct port *port, const struct port_options *options)
{
	struct rte_ether_addr group = nd_group_mac(options->ip.v6.addr);

	return ip_addr_is_none(options->ip.v6.addr) ? 0 : port_group_join(port, &group);
}

static int
open_port(struct server *s, const struct port_options *options, struct problem *p)
{
	struct server_port *sp = &s->ports[s->nb_ports++];
	const struct port_conf conf = {
		.spec = options->spec,
		.nb_queues = (uint16_t)options->queues,
		.mtu = (uint16_t)options->mtu,
		.vlan = (uint16_t)options->vlan,
		.nb_mbufs = options->mbufs,
		.rx_intr = s->options->idle == IDLE_INTERRUPT,
		.socket_id = SOCKET_ID_ANY,
	};

	sp->options = options;
	sp->handover = NULL;
	sp->neigh = rte_zmalloc("neigh_table", sizeof(*sp->neigh), RTE_CACHE_LINE_SIZE);
	if (sp->neigh == NULL)
		return problem_set(p, "port %s: no memory for its neighbours", options->spec);
	neigh_init(sp->neigh);
	if (options->queues > 1) {
		sp->handover = handover_create((uint16_t)options->queues,
			(uint16_t)s->options->max_sessions, SOCKET_ID_ANY);
		if (sp->handover == NULL)
			return problem_set(p, "port %s: %u queues with %u sessions each: %s%s",
				options->spec, options->queues, s->options->max_sessions,
				rte_strerror(rte_errno),
				rte_errno == EINVAL ? ": 65535 are the most: fewer --max-sessions"
						    : "");
	}
	if (port_open(&conf, &sp->port) != 0 || join_groups(sp->port, options) != 0)
		return problem_set(p, "%s", ""); /* it has said why */
	sp->fault = fault_create(sp->port->port_id, sp->port->nb_queues);
	if (sp->fault == NULL)
		return problem_set(p, "port %s: no memory", options->spec);
	s->nb_pairs += options->queues;
	return 0;
}

static bool
wants_crc(const struct options *o, const struct port *port)
{
	return o->crc == CRC_ON || (o->crc == CRC_AUTO && (port->caps & PORT_CAP_MEMORY) == 0);
}

static void
fill_conf(struct server *s, struct server_pair *pair, struct rdp_conf *conf)
{
	const struct port_options *po = pair->port->options;
	const struct port *port = pair->port->port;
	const struct options *o = s->options;
	const struct rdp_eth eth = {
		port->port_id, pair->queue, (port->caps & PORT_CAP_TX_PREPARE) != 0};

	*conf = (struct rdp_conf){
		.io = echo_io(&pair->io, &eth),
		.clock = s->clock,
		.handler = &target_handler,
		.handler_ctx = s->workers[pair->worker].target,
		.pool = port->pool,
		.neigh = pair->port->neigh,
		.mac = port->mac,
		.ip = ip_addr_to_v4(po->ip.v4.addr),
		.netmask = ipv4_netmask(&po->ip.v4),
		.gateway = ip_addr_to_v4(po->gateway.v4.addr),
		.ip6 = po->ip.v6.addr,
		.prefix6_len = po->ip.v6.len,
		.gateway6 = po->gateway.v6.addr,
		.udp_port = (uint16_t)o->udp_port,
		.node = (uint16_t)o->node,
		.epoch = s->epoch,
		.mtu = port->mtu,
		.window = (uint16_t)o->window,
		.max_sessions = (uint16_t)o->max_sessions,
		.max_per_source = (uint16_t)o->max_per_source,
		.handover = pair->port->handover,
		.member = pair->queue,
		.listen = true,
		.vlan = (uint16_t)po->vlan,
		.vlan_priority = (uint8_t)po->vlan_priority,
		.tx_vlan_insert = po->vlan != 0 && (port->caps & PORT_CAP_TX_VLAN) != 0,
		.tx_udp_cksum = (port->caps & PORT_CAP_TX_UDP_CKSUM) != 0,
		.tx_gather = port_tx_gather(port),
		.crc = wants_crc(o, port),
		.no_coalesce = o->coalesce == OFF,
		.rto_min_ns = o->rto_min_us * US_NS,
		.ack_delay_ns = o->ack_delay_us * US_NS,
		.peer_timeout_ns = o->peer_timeout_ms * MS_NS,
		.keepalive_ns = o->keepalive_ms * MS_NS,
		.cc = (enum rdp_cc)o->cc,
		.cc_target_ns = o->cc_target_us * US_NS,
		.socket_id = (int)rte_lcore_to_socket_id(s->workers[pair->worker].lcore),
	};
}

static int
open_pair(struct server *s, unsigned int index, struct problem *p)
{
	struct server_pair *pair = &s->pairs[index];
	struct worker *w = &s->workers[pair->worker];
	struct rdp_conf conf;
	int ret;

	fill_conf(s, pair, &conf);
	ret = rdp_ep_create(&conf, &pair->ep);
	if (ret != 0)
		return problem_set(p, "port %s, queue %u: no endpoint: %s%s",
			pair->port->options->spec, pair->queue, rte_strerror(-ret),
			ret == -ENOMEM ? ": give EAL more memory with -m, or ask for fewer "
					 "--max-sessions"
				       : "");
	if (s->options->idle == IDLE_INTERRUPT)
		ret = rx_intr_check(pair, p);
	w->pairs[w->nb_pairs++] = pair;
	return ret;
}

/* Round and round. Where that would give the same worker the first queue of every port, which is
 * the only one that some clients use, the next port begins one further. */
static void
deal_pairs(struct server *s)
{
	struct server_pair *pair = s->pairs;
	unsigned int next = 0;

	for (unsigned int i = 0; i < s->nb_ports; i++) {
		for (unsigned int q = 0; q < s->ports[i].options->queues; q++, pair++) {
			pair->port = &s->ports[i];
			pair->queue = (uint16_t)q;
			pair->worker = (uint16_t)(next++ % s->nb_workers);
		}
		next += s->ports[i].options->queues % s->nb_workers == 0;
	}
}

static int
alloc_pairs(struct server *s, struct problem *p)
{
	bool failed;

	s->pairs = rte_calloc("pairs", s->nb_pairs, sizeof(*s->pairs), RTE_CACHE_LINE_SIZE);
	failed = s->pairs == NULL;
	for (unsigned int i = 0; i < s->nb_workers && !failed; i++) {
		s->workers[i].pairs = rte_calloc(
			"pairs", s->nb_pairs, sizeof(struct server_pair *), RTE_CACHE_LINE_SIZE);
		failed = s->workers[i].pairs == NULL;
	}
	return failed ? problem_set(p, "no memory for %u queues", s->nb_pairs) : 0;
}

/* --drop is short for --fault on all ports. */
static struct fault_settings
faults_asked(const struct options *o, const struct port_options *po)
{
	const struct fault_spec drop = {.drop = o->drop, .seed = o->drop_seed};

	if (o->drop > 0)
		return (struct fault_settings){{drop, drop}, {true, true}};
	return po->fault;
}

static int
start_faults(struct server *s, unsigned int i, struct problem *p)
{
	const struct server_port *sp = &s->ports[i];
	struct fault_settings settings = faults_asked(s->options, sp->options);
	char text[FAULT_TEXT_MAX];
	int ret;

	s->faults.fault[i] = sp->fault;
	s->faults.spec[i] = sp->options->spec;
	s->faults.nb = i + 1;
	ret = fault_set(sp->fault, &settings);
	if (ret != 0)
		return problem_set(
			p, "port %s takes no faults: %s", sp->options->spec, rte_strerror(-ret));
	fault_get(sp->fault, &settings);
	fault_settings_format(&settings, text, sizeof(text));
	if (strcmp(text, "off") != 0)
		printf("shmx-server: port %u %s: --fault %s\n", i, sp->options->spec, text);
	return 0;
}

int
ports_open(struct server *s, struct problem *p)
{
	int ret = 0;

	for (unsigned int i = 0; i < s->options->nb_ports && ret == 0; i++)
		ret = open_port(s, &s->options->ports[i], p);
	if (ret == 0)
		ret = alloc_pairs(s, p);
	if (ret == 0)
		deal_pairs(s);
	for (unsigned int i = 0; i < s->nb_pairs && ret == 0; i++)
		ret = open_pair(s, i, p);
	for (unsigned int i = 0; i < s->nb_ports && ret == 0; i++)
		ret = start_faults(s, i, p);
	if (ret == 0 && s->nb_pairs < s->nb_workers)
		printf("shmx-server: %u of %u workers have no queue to poll: more --queues or "
		       "fewer lcores would help\n",
			s->nb_workers - s->nb_pairs, s->nb_workers);
	return ret;
}

void
ports_close(struct server *s)
{
	for (unsigned int i = 0; s->pairs != NULL && i < s->nb_pairs; i++)
		rdp_ep_destroy(s->pairs[i].ep);
	for (unsigned int i = 0; s->workers != NULL && i < s->nb_workers; i++)
		rte_free(s->workers[i].pairs);
	rte_free(s->pairs);
	s->pairs = NULL;
	for (unsigned int i = 0; i < s->nb_ports; i++) {
		fault_destroy(s->ports[i].fault);
		port_close(s->ports[i].port);
		handover_free(s->ports[i].handover);
		rte_free(s->ports[i].neigh);
	}
	s->nb_ports = 0;
	s->nb_pairs = 0;
}
