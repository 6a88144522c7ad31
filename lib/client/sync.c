/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "client/client_private.h"
#include "shmx_sync.h"

/* Whether an event may come with this cookie, or waits: a session comes back with that of its
 * beginning. */
static bool
cookie_in_use(const struct shmx_ep *ep, uint64_t cookie)
{
	for (uint32_t i = 0; i < ep->max_sessions; i++)
		if (ep->connect_cookie[i] == cookie)
			return true;
	for (uint32_t i = ep->kept_tail; i != ep->kept_head; i++)
		if (ep->kept[i & ep->kept_mask].cookie == cookie)
			return true;
	return false;
}

uint64_t
shmx_wait_cookie(struct shmx_ep *ep)
{
	uint64_t cookies = (ep->kept_mask + UINT64_C(1)) * sizeof(*ep->kept), cookie;

	/* Addresses inside the endpoint: no cookie that an application makes up from its own
	 * pointers or small numbers is equal to one. The ring has room for an event of each
	 * session, so there are many more than are in use. */
	do
		cookie = (uint64_t)(uintptr_t)ep->kept + ep->wait_cookies++ % cookies;
	while (cookie_in_use(ep, cookie));
	return cookie;
}

/* Take the event with this cookie out of those kept; the others keep their order. */
static bool
kept_take(struct shmx_ep *ep, uint64_t cookie, struct shmx_event *event)
{
	for (uint32_t i = ep->kept_tail; i != ep->kept_head; i++) {
		struct shmx_event *e = &ep->kept[i & ep->kept_mask];

		if (e->cookie != cookie || e->type == SHMX_EV_PEER_DOWN)
			continue;
		*event = *e;
		for (; i != ep->kept_tail; i--)
			ep->kept[i & ep->kept_mask] = ep->kept[(i - 1) & ep->kept_mask];
		ep->kept_tail++;
		return true;
	}
	return false;
}

int
shmx_wait(struct shmx_ep *ep, uint64_t cookie, struct shmx_event *event)
{
	struct shmx_event own;

	event = event != NULL ? event : &own;
	while (!kept_take(ep, cookie, event))
		shmx_poll(ep, NULL, 0);
	return event->status;
}

/* Operations in progress whose event is still to come. */
static uint32_t
nb_to_come(const struct shmx_ep *ep)
{
	uint32_t n = 0;

	for (uint32_t id = 0; id < ep->max_ops; id++)
		n += ep->op[id].kind != OP_FREE && ep->op[id].kind != OP_REOPEN &&
		     ep->op[id].bulk == CLIENT_NONE;
	return n;
}

/* Nothing would change by polling: the events that fill the endpoint are the caller's to take, and
 * an operation that ends only makes one more of them. */
static bool
is_stuck(const struct shmx_ep *ep)
{
	if (likely(client_kept(ep) < ep->nb_free_op))
		return false;
	return client_kept(ep) + nb_to_come(ep) >= ep->max_ops;
}

/* Start, again and again while a window is full; then wait. */
#define SYNC(ep, event, start)                                                                     \
	do {                                                                                       \
		uint64_t cookie;                                                                   \
		int ret;                                                                           \
                                                                                                   \
		if ((ep) == NULL)                                                                  \
			return -EINVAL;                                                            \
		cookie = shmx_wait_cookie(ep);                                                     \
		while ((ret = (start)) == -EAGAIN && !is_stuck(ep))                                \
			shmx_poll(ep, NULL, 0);                                                    \
		if (ret == 0)                                                                      \
			ret = shmx_wait(ep, cookie, event);                                        \
		if (ret < 0)                                                                       \
			return ret;                                                                \
	} while (0)

int
shmx_connect_sync(struct shmx_ep *ep, const struct shmx_peer *peer, shmx_session_t *session)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_connect(ep, peer, cookie, session));
	return 0;
}

int
shmx_disconnect_sync(struct shmx_ep *ep, shmx_session_t session)
{
	int ret = shmx_disconnect(ep, session);

	while (ret == 0 && rdp_closing(ep->rdp) > 0)
		shmx_poll(ep, NULL, 0);
	return ret;
}

int
shmx_get_sync(struct shmx_ep *ep, shmx_addr_t src, void *dst, uint64_t len)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_get(ep, src, dst, len, cookie));
	return 0;
}

int
shmx_put_sync(struct shmx_ep *ep, shmx_addr_t dst, const void *src, uint64_t len)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_put(ep, dst, src, len, cookie));
	return 0;
}

int
shmx_fill_sync(struct shmx_ep *ep, shmx_addr_t dst, uint64_t len, uint64_t pattern)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_fill(ep, dst, len, pattern, cookie));
	return 0;
}

int
shmx_atomic_sync(struct shmx_ep *ep, enum shmx_atomic_op op, shmx_addr_t addr, unsigned int width,
	uint64_t operand, uint64_t compare, uint64_t *before)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_atomic(ep, op, addr, width, operand, compare, cookie));
	if (before != NULL)
		*before = event.value;
	return 0;
}

int
shmx_alloc_sync(struct shmx_ep *ep, const struct shmx_alloc_req *req, shmx_addr_t *addr)
{
	struct shmx_event event = {0};

	if (addr == NULL)
		return -EINVAL;
	SYNC(ep, &event, shmx_alloc(ep, req, cookie));
	*addr = event.value;
	return 0;
}

int
shmx_free_sync(struct shmx_ep *ep, shmx_addr_t addr)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_free(ep, addr, cookie));
	return 0;
}

int
shmx_lookup_sync(
	struct shmx_ep *ep, uint16_t pool, const char *name, shmx_addr_t *addr, uint64_t *len)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_lookup(ep, pool, name, cookie));
	if (addr != NULL)
		*addr = event.value;
	if (len != NULL)
		*len = event.value2;
	return 0;
}

int
shmx_pool_create_sync(
	struct shmx_ep *ep, shmx_session_t session, const struct shmx_pool_req *req, uint16_t *pool)
{
	struct shmx_event event = {0};

	if (pool == NULL)
		return -EINVAL;
	SYNC(ep, &event, shmx_pool_create(ep, session, req, cookie));
	*pool = (uint16_t)event.value;
	return 0;
}

int
shmx_pool_open_sync(struct shmx_ep *ep, shmx_session_t session, const char *name, uint16_t *pool)
{
	struct shmx_event event = {0};

	if (pool == NULL)
		return -EINVAL;
	SYNC(ep, &event, shmx_pool_open(ep, session, name, cookie));
	*pool = (uint16_t)event.value;
	return 0;
}

int
shmx_pool_destroy_sync(struct shmx_ep *ep, uint16_t pool, bool force)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_pool_destroy(ep, pool, force, cookie));
	return 0;
}

int
shmx_pool_stat_sync(struct shmx_ep *ep, uint16_t pool, struct shmx_pool_info *info)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_pool_stat(ep, pool, info, cookie));
	return 0;
}

int
shmx_lock_reserve_sync(struct shmx_ep *ep, shmx_session_t session, uint32_t id, const char *name,
	uint32_t *reserved)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_lock_reserve(ep, session, id, name, cookie));
	if (reserved != NULL)
		*reserved = (uint32_t)event.value;
	return 0;
}

int
shmx_lock_lookup_sync(struct shmx_ep *ep, shmx_session_t session, const char *name, uint32_t *id)
{
	struct shmx_event event = {0};

	if (id == NULL)
		return -EINVAL;
	SYNC(ep, &event, shmx_lock_lookup(ep, session, name, cookie));
	*id = (uint32_t)event.value;
	return 0;
}

int
shmx_lock_sync(struct shmx_ep *ep, shmx_session_t session, const struct shmx_lock_req *locks,
	unsigned int n, uint64_t timeout_us, struct shmx_lock_grant *grants)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_lock(ep, session, locks, n, timeout_us, grants, cookie));
	return 0;
}

int
shmx_unlock_sync(struct shmx_ep *ep, shmx_session_t session, const uint32_t *locks, unsigned int n)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_unlock(ep, session, locks, n, cookie));
	return 0;
}

int
shmx_barrier_sync(struct shmx_ep *ep, shmx_session_t session, uint32_t barrier,
	const uint16_t *nodes, unsigned int n, uint64_t timeout_us)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_barrier(ep, session, barrier, nodes, n, timeout_us, NULL, 0, cookie));
	return 0;
}

int
shmx_inbox_open_sync(struct shmx_ep *ep, shmx_session_t session, const struct shmx_inbox_conf *conf)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_inbox_open(ep, session, conf, cookie));
	return 0;
}

int
shmx_signal_sync(struct shmx_ep *ep, shmx_session_t session, const struct shmx_to *to, uint8_t line,
	uint32_t count)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_signal(ep, session, to, line, count, cookie));
	return 0;
}

int
shmx_send_sync(struct shmx_ep *ep, shmx_session_t session, const struct shmx_to *to,
	const void *data, uint32_t len)
{
	struct shmx_event event = {0};

	SYNC(ep, &event, shmx_send(ep, session, to, data, len, cookie));
	return 0;
}
