/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <CUnit/CUnit.h>

#include "world.h"

#define PAUSE_NS (300 * NET_US) /* between sessions, at most */

/* What a cookie is of stands above the number of the attempt to connect; for calls see calls.c. */
#define COOKIE_CONNECT (UINT64_C(1) << 40)
#define COOKIE_OPEN    (UINT64_C(2) << 40)

static void
player_connect(struct player *p)
{
	struct world *w = p->world;
	struct shmx_peer peer = {.ip = net_ip(p->index % w->plan.workers)};
	int ret = shmx_connect(p->ep, &peer, COOKIE_CONNECT + p->attempt + 1, &p->session);

	if (ret == 0) {
		p->attempt++;
		p->state = PLAYER_CONNECTING;
		return;
	}
	/* Sessions that are being closed take places, and events that wait may, too. */
	if (ret != -ENOSPC && ret != -EAGAIN)
		world_complain(w, "client %u: shmx_connect() said %d", p->index + 1, ret);
	p->next_ns = w->net->now_ns + net_dice(&p->dice) % PAUSE_NS;
}

static bool
may_call(const struct player *p)
{
	const struct plan *plan = &p->world->plan;

	return p->state == PLAYER_READY && p->world->going && p->calls < plan->calls &&
	       p->pending < plan->outstanding;
}

static void
call_some(struct player *p)
{
	struct world *w = p->world;

	while (may_call(p) && p->next_ns <= w->net->now_ns) {
		if (!player_call(p)) {
			p->next_ns = w->net->now_ns + NET_US;
			return;
		}
		if (dice_chance(&p->dice, 0.5))
			p->next_ns += net_dice(&p->dice) % (w->plan.gap_ns + 1);
	}
	if (dice_chance(&p->dice, 0.5))
		shmx_flush(p->ep);
}

static void
connected(struct player *p, const struct shmx_event *event)
{
	trace_say(p->world, "client %u: connected, %d", p->index + 1, event->status);
	if (event->cookie != COOKIE_CONNECT + p->attempt || p->state != PLAYER_CONNECTING)
		return;
	p->state = PLAYER_DOWN;
	p->next_ns = p->world->net->now_ns;
	if (event->status != 0)
		return;
	player_settle_unknown(p);
	p->state = PLAYER_OPENING;
	if (shmx_pool_open(p->ep, p->session, WORLD_POOL, COOKIE_OPEN + p->attempt) != 0)
		player_disconnect(p);
}

static void
opened(struct player *p, const struct shmx_event *event)
{
	if (event->cookie != COOKIE_OPEN + p->attempt || event->status != 0)
		return;
	if (event->value != p->world->memnode.pool)
		world_complain(p->world, "the pool has another id");
	p->state = PLAYER_READY;
	p->next_ns = p->world->net->now_ns;
}

static void
peer_down(struct player *p, const struct shmx_event *event)
{
	trace_say(p->world, "client %u: peer down, %d", p->index + 1, event->status);
	if (event->status == -EPROTO)
		world_complain(p->world, "client %u: the peer broke the protocol", p->index + 1);
	if (event->cookie == COOKIE_CONNECT + p->disconnected)
		world_complain(p->world, "client %u: peer down after a disconnect", p->index + 1);
	if (event->cookie != COOKIE_CONNECT + p->attempt)
		return;
	p->state = PLAYER_DOWN;
	p->next_ns = p->world->net->now_ns + net_dice(&p->dice) % PAUSE_NS;
}

static void
player_event(struct player *p, const struct shmx_event *event)
{
	if (event->type == SHMX_EV_CONNECTED)
		connected(p, event);
	else if (event->type == SHMX_EV_PEER_DOWN)
		peer_down(p, event);
	else if (event->cookie >= COOKIE_CALL)
		player_call_event(p, event);
	else
		opened(p, event);
}

static void
player_turn(void *player)
{
	struct player *p = player;
	struct shmx_event events[32];
	uint16_t n = shmx_poll(p->ep, events, p->world->plan.max_events);

	for (uint16_t i = 0; i < n; i++)
		player_event(p, &events[i]);
	if (p->state == PLAYER_DOWN && p->next_ns <= p->world->net->now_ns)
		player_connect(p);
	else if (may_call(p))
		call_some(p);
}

static uint64_t
player_wake_ns(void *player)
{
	const struct player *p = player;
	uint64_t at = world_wake_ns(p->ep->rdp);

	if (client_kept(p->ep) > 0 || p->ep->bulk_active != CLIENT_NONE)
		return 0;
	return p->state == PLAYER_DOWN || may_call(p) ? RTE_MIN(at, p->next_ns) : at;
}

static void
endpoint_create(struct player *p)
{
	struct world *w = p->world;
	const struct plan *plan = &w->plan;
	unsigned int server = p->index % plan->workers;
	struct rte_ether_addr mac = net_mac(server);
	struct shmx_ep_conf conf = {
		.port = &p->shmx_port,
		.node = (uint16_t)(p->index + 1),
		.ip = net_ip(p->at),
		.udp_port = (uint16_t)(50000 + p->index),
		.max_sessions = 8,
		.max_ops = plan->max_ops,
		.window = plan->client_window,
		.no_coalesce = plan->no_coalesce,
		.crc = plan->client_crc ? 1 : -1,
		.peer_timeout_ms = plan->peer_timeout_ms,
		.keepalive_ms = RTE_MAX(plan->peer_timeout_ms / 2, 1u),
	};

	p->port = (struct port){.port_id = RTE_MAX_ETHPORTS,
		.nb_queues = 1,
		.mtu = NET_MTU,
		.mac = net_mac(p->at),
		.pool = w->pool[p->at]};
	p->shmx_port = (struct shmx_port){.port = &p->port, .clock = net_clock(w->net)};
	neigh_init(&p->shmx_port.neigh);
	neigh_learn(
		&p->shmx_port.neigh, ip_addr_v4(net_ip(server)), &mac, NEIGH_ENTRY, w->net->now_ns);
	p->ep = shmx_ep_create(&conf);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->ep);
	/* In place of the device that the port does not have. */
	p->ep->rdp->io = net_io(w->net, p->at);
	w->net->guest[p->at] = (struct net_guest){
		.ctx = p, .turn = player_turn, .wake_ns = player_wake_ns};
}

void
player_start(struct player *p, struct world *w, unsigned int index)
{
	*p = (struct player){.world = w, .index = index, .at = w->plan.workers + index};
	p->dice = w->plan.seed * 31 + index;
	p->next_ns = w->net->now_ns;
	endpoint_create(p);
}

void
player_stop(struct player *p, bool silent)
{
	struct net_port *port = &p->world->net->port[p->at];
	bool was_cut_off = port->cut_off;

	port->cut_off = silent;
	shmx_ep_destroy(p->ep);
	port->cut_off = was_cut_off;
	p->world->net->guest[p->at] = (struct net_guest){0};
	net_release(p->world->net, p->at);
}

void
player_reborn(struct player *p)
{
	trace_say(p->world, "client %u dies and begins anew", p->index + 1);
	player_stop(p, dice_chance(&p->dice, 0.5));
	player_forget_calls(p);
	p->state = PLAYER_DOWN;
	p->next_ns = p->world->net->now_ns + net_dice(&p->dice) % PAUSE_NS;
	endpoint_create(p);
}

void
player_disconnect(struct player *p)
{
	int ret;

	if (p->state == PLAYER_DOWN)
		return;
	trace_say(p->world, "client %u disconnects", p->index + 1);
	ret = shmx_disconnect(p->ep, p->session);
	if (ret == 0)
		p->disconnected = p->attempt;
	else if (ret != -ENOTCONN)
		world_complain(p->world, "shmx_disconnect() said %d", ret);
	p->state = PLAYER_DOWN;
	p->next_ns = p->world->net->now_ns;
	if (dice_chance(&p->dice, 0.5))
		p->next_ns += net_dice(&p->dice) % PAUSE_NS;
}

bool
player_finished(const struct player *p)
{
	return p->calls == p->world->plan.calls && p->pending == 0;
}
