/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "pair.h"

static struct node *
start(struct net *net, unsigned int index, pair_tweak_t tweak)
{
	struct node_conf conf = node_conf(net, index);

	if (tweak != NULL)
		tweak(&conf);
	return node_start(net, index, &conf);
}

static struct pair
start_both(pair_tweak_t tweak, bool v6)
{
	struct pair p = {.net = net_create()};

	p.net->v6 = v6;
	p.server = start(p.net, SERVER, tweak);
	p.client = start(p.net, CLIENT, tweak);
	return p;
}

struct pair
pair_start(pair_tweak_t tweak)
{
	return start_both(tweak, false);
}

struct pair
pair_start_v6(pair_tweak_t tweak)
{
	return start_both(tweak, true);
}

void
pair_connect(struct pair *p)
{
	p->c = node_open(p->client, SERVER);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->c);
	p->s = node_peer_session(p->c, p->server);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->s);
	net_run_quiet(p->net, NET_MS);
}

struct pair
pair_open(pair_tweak_t tweak)
{
	struct pair p = pair_start(tweak);

	pair_connect(&p);
	net_log_clear(p.net);
	return p;
}

void
pair_free(struct pair *p)
{
	net_free(p->net);
}

void
pair_restart(struct pair *p, unsigned int index, pair_tweak_t tweak)
{
	CU_ASSERT_EQUAL(node_stop(p->net->node[index]), 0);
	*(index == SERVER ? &p->server : &p->client) = start(p->net, index, tweak);
}

unsigned int
pair_frames(struct node *node, struct rdp_session *s, unsigned int n)
{
	unsigned int i = 0;

	for (; i < n && node_request(node, s, NODE_RECORD_MIN, 0) >= 0; i++)
		rdp_flush(node->ep);
	return i;
}

void
pair_start_psn(struct rdp_session *from, struct rdp_session *to, uint32_t psn)
{
	from->tx_next = psn;
	from->tx_una = psn;
	from->tx_released = psn;
	from->sack_high = psn;
	to->rx_next = psn;
}

void
pair_keep_next(struct pair *p, unsigned int from, uint8_t type)
{
	p->net->port[from].keep_next[type]++;
}

static bool
nothing_to_keep(void *ctx)
{
	const struct net *net = ctx;

	for (unsigned int i = 0; i < NET_NODES; i++)
		for (unsigned int type = 0; type < NET_TYPES; type++)
			if (net->port[i].keep_next[type] > 0)
				return false;
	return true;
}

struct net_packet *
pair_kept(struct pair *p)
{
	struct net *net = p->net;

	if (!net_run_until(net, nothing_to_keep, net, 10 * NET_MS))
		return NULL;
	return net->nb_jar > 0 ? net->jar[net->nb_jar - 1] : NULL;
}
