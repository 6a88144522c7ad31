/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>

#include <rte_random.h>

#include "client/client_private.h"

/*
 * Sessions that come back. While one is down its index is held below, so that the application's
 * handle, the routes and whatever else goes by it stay; and ep->session has nothing at it, so that
 * nobody sends before pools have been found again.
 */

#define FIRST_MS 10
#define MAX_MS   1000
#define MS_NS    UINT64_C(1000000)

static void
look_at(struct shmx_ep *ep, uint64_t ns)
{
	ep->look_ns = RTE_MIN(ep->look_ns, ns);
}

/* Doubled with every attempt, and between half of that and all of it. */
static uint64_t
delay_ns(const struct link *l)
{
	const struct shmx_reconnect *r = &l->peer.reconnect;
	uint64_t first = r->first_ms != 0 ? r->first_ms : FIRST_MS;
	uint64_t max = r->max_ms != 0 ? r->max_ms : MAX_MS;
	uint64_t ns = RTE_MIN(first << RTE_MIN(l->tries, 24u), max) * MS_NS;

	return ns - rte_rand_max(ns / 2 + 1);
}

/* Wait for the next attempt, with the index held. @return false: there is none. */
static bool
wait_again(struct shmx_ep *ep, struct rdp_session *s)
{
	struct link *l = &ep->link[s->index];

	if (l->tries >= l->peer.reconnect.tries)
		return false;
	rdp_hold(s);
	l->at_ns = rdp_now(ep->rdp) + delay_ns(l);
	if (l->peer.reconnect.tries != SHMX_TRIES_FOREVER || l->tries < 24)
		l->tries++;
	l->state = LINK_WAIT;
	look_at(ep, l->at_ns);
	return true;
}

/* An attempt to reconnect came to nothing. */
static void
attempt_failed(struct shmx_ep *ep, struct rdp_session *s, int status)
{
	if (wait_again(ep, s))
		return;
	link_end(ep, s->index);
	client_forget_session(ep, s->index);
	client_connected(ep, s, status);
}

static void
connected(struct shmx_ep *ep, struct rdp_session *s)
{
	struct link *l = &ep->link[s->index];

	l->state = LINK_ONCE;
	l->tries = 0;
	l->may_return = true;
	client_connected(ep, s, 0);
}

static int
reopen(struct shmx_ep *ep, struct rdp_session *s, uint32_t index)
{
	const char *name = ep->kept_pool[index].name;
	uint32_t len = (uint32_t)strlen(name);
	uint8_t attr = ep->attr;
	struct wire_record *rec;

	ep->attr = 0;
	rec = client_request(ep, s, WIRE_OP_POOL_OPEN,
		(uint32_t)sizeof(struct wire_pool_open) + wire_pad(len), len, OP_REOPEN, NULL,
		index, CLIENT_NONE, 0);
	ep->attr = attr;
	if (rec == NULL)
		return -EAGAIN;
	client_name_write((struct wire_pool_open *)rec + 1, name, len);
	return 0;
}

/* Look up the next pool of the session; after the last one it is the application's again. */
static void
reopen_next(struct shmx_ep *ep, struct rdp_session *s)
{
	struct link *l = &ep->link[s->index];

	for (; l->next < SHMX_POOLS_KEPT; l->next++) {
		const struct kept_pool *k = &ep->kept_pool[l->next];

		if (!k->used || k->pool == 0 || k->session != s->index)
			continue;
		l->asked = reopen(ep, s, l->next) == 0;
		if (l->asked)
			l->next++;
		else
			look_at(ep, 0);
		return;
	}
	connected(ep, s);
}

void
link_reopened(struct shmx_ep *ep, uint16_t session, uint32_t index, uint64_t pool)
{
	struct kept_pool *k = &ep->kept_pool[index];

	/* Its place may have become that of a pool that another session opens. */
	if (k->used && k->session == session && k->pool != pool) {
		if (ep->route[k->pool] == session)
			ep->route[k->pool] = CLIENT_NONE;
		k->used = false;
	}
	reopen_next(ep, rdp_session_at(ep->rdp, session));
}

/* Addresses of pools whose names were not kept lead nowhere. */
static void
drop_unnamed(struct shmx_ep *ep, uint16_t session)
{
	uint8_t named[(UINT16_MAX + 1) / 8] = {0};

	for (uint32_t i = 0; i < SHMX_POOLS_KEPT; i++)
		if (ep->kept_pool[i].used && ep->kept_pool[i].session == session)
			named[ep->kept_pool[i].pool / 8] |= (uint8_t)(1u
								      << ep->kept_pool[i].pool % 8);
	for (uint32_t pool = 0; pool <= UINT16_MAX; pool++)
		if (ep->route[pool] == session && !(named[pool / 8] >> pool % 8 & 1))
			ep->route[pool] = CLIENT_NONE;
}

bool
link_opened(struct shmx_ep *ep, struct rdp_session *s, int status)
{
	struct link *l = &ep->link[s->index];

	if (l->state == LINK_ONCE) {
		l->may_return = status == 0;
		return true;
	}
	if (status != 0) {
		attempt_failed(ep, s, status);
		return false;
	}
	l->state = LINK_REOPEN;
	l->asked = false;
	l->next = 0;
	drop_unnamed(ep, s->index);
	reopen_next(ep, s);
	return false;
}

void
link_closed(struct shmx_ep *ep, struct rdp_session *s, int status)
{
	struct link *l = &ep->link[s->index];

	if (l->state == LINK_REOPEN) {
		attempt_failed(ep, s, status);
		return;
	}
	if (!l->may_return || !wait_again(ep, s))
		client_forget_session(ep, s->index);
	client_peer_down(ep, s->index, status);
}

bool
link_end(struct shmx_ep *ep, uint16_t index)
{
	bool waits;

	if (index >= ep->max_sessions)
		return false;
	waits = ep->link[index].state == LINK_WAIT;
	if (waits)
		rdp_index_put(ep->rdp, index);
	ep->link[index] = (struct link){0};
	return waits;
}

static void
try_again(struct shmx_ep *ep, uint16_t index)
{
	struct link *l = &ep->link[index];
	uint16_t port = l->peer.udp_port != 0 ? l->peer.udp_port : SHMX_UDP_PORT;
	struct rdp_session *s;

	if (!client_may_connect(ep) ||
		rdp_connect_at(ep->rdp, index, client_peer_ip(&l->peer), port, &s) < 0) {
		l->at_ns = rdp_now(ep->rdp) + MS_NS;
		return;
	}
	rdp_ask_worker(s, l->peer.worker);
	l->state = LINK_TRY;
}

void
link_run(struct shmx_ep *ep)
{
	uint64_t now = rdp_now(ep->rdp);

	ep->look_ns = UINT64_MAX;
	for (uint16_t i = 0; i < ep->max_sessions; i++) {
		struct link *l = &ep->link[i];
		struct rdp_session *s = rdp_session_at(ep->rdp, i);

		if (l->state == LINK_WAIT && l->at_ns <= now)
			try_again(ep, i);
		else if (l->state == LINK_REOPEN && s != NULL && s->state == RDP_OPEN && !l->asked)
			reopen_next(ep, s);
		if (l->state == LINK_WAIT)
			look_at(ep, l->at_ns);
	}
}

uint32_t
kept_pool_add(struct shmx_ep *ep, uint16_t session, const char *name)
{
	for (uint32_t i = 0; i < SHMX_POOLS_KEPT; i++) {
		struct kept_pool *k = &ep->kept_pool[i];

		if (k->used)
			continue;
		*k = (struct kept_pool){.session = session, .used = true};
		snprintf(k->name, sizeof(k->name), "%s", name);
		return i;
	}
	return KEPT_NONE;
}

void
kept_pool_del(struct shmx_ep *ep, uint16_t pool)
{
	for (uint32_t i = 0; i < SHMX_POOLS_KEPT; i++)
		if (ep->kept_pool[i].used && ep->kept_pool[i].pool == pool)
			ep->kept_pool[i].used = false;
}

void
kept_pool_set(struct shmx_ep *ep, uint32_t index, uint64_t pool)
{
	if (index == KEPT_NONE)
		return;
	if (pool == 0) {
		ep->kept_pool[index].used = false;
		return;
	}
	/* Opened before, perhaps over another session: the latest counts. */
	kept_pool_del(ep, (uint16_t)pool);
	ep->kept_pool[index].used = true;
	ep->kept_pool[index].pool = (uint16_t)pool;
}
