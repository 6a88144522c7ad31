/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_memcpy.h>

#include "base/status.h"
#include "client/client_private.h"

/* Locks of a memory node, and writes that a lock guards. */

static bool
has_twice(const struct shmx_lock_req *locks, unsigned int n)
{
	for (unsigned int i = 1; i < n; i++)
		for (unsigned int k = 0; k < i; k++)
			if (locks[i].lock == locks[k].lock)
				return true;
	return false;
}

int
shmx_lock(struct shmx_ep *ep, shmx_session_t session, const struct shmx_lock_req *locks,
	unsigned int n, uint64_t timeout_us, struct shmx_lock_grant *grants, uint64_t cookie)
{
	uint32_t tail = n * (uint32_t)sizeof(struct wire_lock_want);
	struct wire_lock_want *want;
	struct wire_lock *lock;
	int err;

	if (unlikely(ep == NULL || locks == NULL || n == 0 || n > SHMX_LOCKS_MAX ||
		     has_twice(locks, n)))
		return -EINVAL;
	lock = (struct wire_lock *)client_ask(ep, session, WIRE_OP_LOCK, sizeof(*lock), tail,
		OP_LOCK, grants, OP_LOCKS(n, locks[0].lock), cookie, &err);
	if (unlikely(lock == NULL))
		return err;
	lock->timeout_us = rte_cpu_to_be_64(timeout_us);
	want = (struct wire_lock_want *)(lock + 1);
	for (unsigned int i = 0; i < n; i++)
		want[i] = (struct wire_lock_want){
			.lock = rte_cpu_to_be_32(locks[i].lock), .shared = locks[i].shared};
	return 0;
}

int
shmx_unlock(struct shmx_ep *ep, shmx_session_t session, const uint32_t *locks, unsigned int n,
	uint64_t cookie)
{
	struct wire_unlock *req;
	rte_be32_t *left;
	int err;

	if (unlikely(ep == NULL || locks == NULL || n == 0 || n > SHMX_LOCKS_MAX))
		return -EINVAL;
	req = (struct wire_unlock *)client_ask(ep, session, WIRE_OP_UNLOCK, sizeof(*req),
		n * (uint32_t)sizeof(*left), OP_STATUS, NULL, 0, cookie, &err);
	if (unlikely(req == NULL))
		return err;
	wire_pad_clear(req + 1, n * (uint32_t)sizeof(*left));
	left = (rte_be32_t *)(req + 1);
	for (unsigned int i = 0; i < n; i++)
		left[i] = rte_cpu_to_be_32(locks[i]);
	return 0;
}

bool
client_grants_read(
	const struct op *op, const void *data, uint32_t len, uint64_t *token, uint64_t *died)
{
	const struct wire_lock_grant *from = data;
	struct shmx_lock_grant *to = op->dst;
	uint32_t n = OP_LOCKS_N(op->len);

	if (len != n * sizeof(*from))
		return false;
	*token = rte_be_to_cpu_64(from[0].token);
	*died = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (*died == 0)
			*died = rte_be_to_cpu_16(from[i].died);
		if (to != NULL)
			to[i] = (struct shmx_lock_grant){
				.token = rte_be_to_cpu_64(from[i].token),
				.lock = rte_be_to_cpu_32(from[i].lock),
				.died = rte_be_to_cpu_16(from[i].died),
			};
	}
	return true;
}

/* ---- calls that were given up ------------------------------------------------------------- */

/*
 * The memory node is asked to let the call wait no more; what it had granted before goes back. All
 * that is asked for it has the id of the call, which is free when all of that is answered: so no
 * request can be taken for one that has the id after it.
 */

/* Behind the call itself, whichever frame comes first, and where responses have room: requests may
 * take all of theirs for as long as they like. @return whether there was any. */
static bool
cancel_send(struct shmx_ep *ep, struct op *op, uint16_t id)
{
	struct rdp_session *s = ep->session[op->session];
	struct wire_lock_cancel *req = NULL;

	if (s != NULL)
		req = (struct wire_lock_cancel *)rdp_response(s, sizeof(*req));
	if (req == NULL)
		return false;
	wire_record_write(req, WIRE_OP_LOCK_CANCEL, 0, rte_cpu_to_be_16(id), 0);
	rdp_order(s);
	req->lock = rte_cpu_to_be_32(OP_LOCKS_LOCK(op->len));
	req->call = rte_cpu_to_be_16(id);
	memset(req->reserved, 0, sizeof(req->reserved));
	op->turn++;
	return true;
}

void
client_lock_give_up(struct shmx_ep *ep, uint16_t id)
{
	struct op *op = &ep->op[id];

	op->kind = OP_LOCK_ENDS;
	op->turn = 1;
	op->cancel = !cancel_send(ep, op, id);
	ep->nb_cancels += op->cancel;
}

/* Operations that one poll looks at. */
#define CANCEL_LOOKS 256

void
client_cancels_send(struct shmx_ep *ep)
{
	for (uint32_t i = 0; i < CANCEL_LOOKS && ep->nb_cancels > 0; i++) {
		uint16_t id = (uint16_t)ep->cancel_next;
		struct op *op = &ep->op[id];

		ep->cancel_next = (ep->cancel_next + 1) % ep->max_ops;
		if (op->kind == OP_LOCK_ENDS && op->cancel && cancel_send(ep, op, id))
			client_cancel_done(ep, op);
	}
}

static bool
grants_return(struct shmx_ep *ep, uint16_t id, const void *data, uint32_t len)
{
	struct rdp_session *s = ep->session[ep->op[id].session];
	uint8_t *to = rdp_response(s, (uint32_t)sizeof(struct wire_lock_return) + len);

	if (to == NULL)
		return false;
	wire_record_write(to, WIRE_OP_LOCK_RETURN, 0, rte_cpu_to_be_16(id), len);
	memcpy((struct wire_lock_return *)to + 1, data, len);
	return true;
}

bool
client_lock_ends(struct shmx_ep *ep, uint16_t id, const struct wire_record *rec)
{
	struct op *op = &ep->op[id];
	uint32_t len = rte_be_to_cpu_32(rec->len);

	if (rec->status == STATUS_OK && rec->op == (WIRE_OP_LOCK | WIRE_RESPONSE)) {
		if (len != OP_LOCKS_N(op->len) * sizeof(struct wire_lock_grant))
			return false;
		ep->no_room = !grants_return(ep, id, rec + 1, len);
		if (!ep->no_room)
			client_cancel_done(ep, op);
		return !ep->no_room;
	}
	op->turn--;
	return true;
}

int
shmx_put_fenced(struct shmx_ep *ep, shmx_addr_t dst, const void *src, uint32_t len, uint32_t lock,
	uint64_t token, uint64_t cookie)
{
	struct wire_put_fenced *put;
	struct rdp_session *s;

	if (unlikely(ep == NULL || src == NULL || len == 0 || len > SHMX_INLINE_MAX))
		return -EINVAL;
	s = client_route(ep, dst);
	if (unlikely(s == NULL))
		return -ENOTCONN;
	put = (struct wire_put_fenced *)client_request(ep, s, WIRE_OP_PUT_FENCED,
		(uint32_t)sizeof(*put) + wire_pad(len), len, OP_STATUS, NULL, 0, CLIENT_NONE,
		cookie);
	if (unlikely(put == NULL))
		return -EAGAIN;
	put->addr = rte_cpu_to_be_64(dst);
	put->token = rte_cpu_to_be_64(token);
	put->lock = rte_cpu_to_be_32(lock);
	memset(put->reserved, 0, sizeof(put->reserved));
	wire_pad_clear(put + 1, len);
	rte_memcpy(put + 1, src, len);
	return 0;
}

/* ---- ids ---------------------------------------------------------------------------------- */

static int
id_request(struct shmx_ep *ep, shmx_session_t session, uint8_t op, uint32_t id, const char *name,
	enum op_kind kind, uint32_t undo, uint64_t cookie)
{
	int len = name != NULL ? client_name_len(name) : 0, err;
	struct wire_lock_id *req;

	if (len < 0)
		return -EINVAL;
	req = (struct wire_lock_id *)client_ask(
		ep, session, op, sizeof(*req), (uint32_t)len, kind, NULL, undo, cookie, &err);
	if (req == NULL)
		return err;
	req->lock = rte_cpu_to_be_32(id);
	memset(req->reserved, 0, sizeof(req->reserved));
	if (len > 0)
		client_name_write(req + 1, name, (uint32_t)len);
	return 0;
}

int
shmx_lock_reserve(
	struct shmx_ep *ep, shmx_session_t session, uint32_t id, const char *name, uint64_t cookie)
{
	/* When nobody hears of it. Others may know a name, or a number that was asked for. */
	uint32_t undo = id == 0 && name == NULL ? WIRE_OP_LOCK_UNRESERVE : 0;

	if (ep == NULL)
		return -EINVAL;
	return id_request(ep, session, WIRE_OP_LOCK_RESERVE, id, name, OP_VALUE, undo, cookie);
}

int
shmx_lock_unreserve(struct shmx_ep *ep, shmx_session_t session, uint32_t id, uint64_t cookie)
{
	if (ep == NULL || id == 0)
		return -EINVAL;
	return id_request(ep, session, WIRE_OP_LOCK_UNRESERVE, id, NULL, OP_STATUS, 0, cookie);
}

int
shmx_lock_force(struct shmx_ep *ep, shmx_session_t session, uint32_t id, uint64_t cookie)
{
	if (ep == NULL || id == 0)
		return -EINVAL;
	return id_request(ep, session, WIRE_OP_LOCK_FORCE, id, NULL, OP_VALUE, 0, cookie);
}

int
shmx_lock_lookup(struct shmx_ep *ep, shmx_session_t session, const char *name, uint64_t cookie)
{
	struct wire_record *rec;
	int len, err;

	if (ep == NULL || (len = client_name_len(name)) < 0)
		return -EINVAL;
	rec = client_ask(ep, session, WIRE_OP_LOCK_LOOKUP, sizeof(struct wire_lock_lookup),
		(uint32_t)len, OP_VALUE, NULL, 0, cookie, &err);
	if (rec == NULL)
		return err;
	client_name_write((struct wire_lock_lookup *)rec + 1, name, (uint32_t)len);
	return 0;
}

int
shmx_lock_list(struct shmx_ep *ep, shmx_session_t session, uint32_t first,
	struct shmx_lock_info *info, uint16_t max, uint64_t cookie)
{
	struct wire_lock_list *list;
	int err;

	if (ep == NULL || info == NULL || max == 0)
		return -EINVAL;
	list = (struct wire_lock_list *)client_ask(ep, session, WIRE_OP_LOCK_LIST, sizeof(*list), 0,
		OP_LOCK_INFO, info, max, cookie, &err);
	if (list == NULL)
		return err;
	list->first = rte_cpu_to_be_32(first);
	list->max = rte_cpu_to_be_16(max);
	memset(list->reserved, 0, sizeof(list->reserved));
	return 0;
}

static void
info_decode(struct shmx_lock_info *to, const struct wire_lock_info *from)
{
	size_t len = RTE_MIN(from->name_len, (size_t)WIRE_NAME_MAX);

	to->token = rte_be_to_cpu_64(from->token);
	to->lock = rte_be_to_cpu_32(from->lock);
	to->shared = rte_be_to_cpu_32(from->shared);
	to->waiting = rte_be_to_cpu_32(from->waiting);
	to->holder = rte_be_to_cpu_16(from->holder);
	to->died = rte_be_to_cpu_16(from->died);
	memcpy(to->name, from->name, len);
	to->name[len] = '\0';
}

bool
client_lock_infos_read(const struct op *op, const void *data, uint32_t len)
{
	const struct wire_lock_info *from = data;
	uint32_t n = len / (uint32_t)sizeof(*from);

	if (len % sizeof(*from) != 0 || n > op->len)
		return false;
	for (uint32_t i = 0; i < n; i++)
		info_decode((struct shmx_lock_info *)op->dst + i, from + i);
	return true;
}
