/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_memcpy.h>

#include "base/status.h"
#include "client/client_private.h"
#include "client/inbox.h"

/* Responses, and what the protocol tells of sessions. */

static inline void
op_free(struct shmx_ep *ep, uint16_t id)
{
	ep->op[id].kind = OP_FREE;
	ep->free_op[ep->nb_free_op++] = id;
}

static void
op_release(struct shmx_ep *ep, uint16_t id)
{
	if (unlikely(ep->op[id].timed))
		deadline_disarm(ep, id);
	client_cancel_done(ep, &ep->op[id]);
	op_free(ep, id);
}

static void
op_finish(struct shmx_ep *ep, uint16_t id, int32_t status, uint64_t value, uint64_t value2)
{
	const struct op *op = &ep->op[id];

	if (unlikely(op->bulk != CLIENT_NONE)) {
		const struct op part = *op;

		op_release(ep, id);
		if (part.bulk != OP_GIVEN_UP)
			bulk_part_done(ep, id, &part, status);
		return;
	}
	client_complete(ep, op->cookie, op->session, status, value, value2);
	op_release(ep, id);
}

static uint64_t
number_at(const void *data)
{
	rte_be64_t be;

	memcpy(&be, data, sizeof(be));
	return rte_be_to_cpu_64(be);
}

static bool
same_node(const struct rdp_session *a, const struct rdp_session *b)
{
	return a == b || (a != NULL && b != NULL && a->peer_node == b->peer_node &&
				 a->peer_epoch == b->peer_epoch);
}

/* Addresses of the pool go over this session from now on. */
static int32_t
route_add(struct shmx_ep *ep, uint16_t pool, uint16_t session)
{
	uint16_t now = ep->route[pool];

	if (now != CLIENT_NONE && ep->session[now] != NULL &&
		!same_node(ep->session[now], ep->session[session]))
		return -EEXIST;
	ep->route[pool] = session;
	return 0;
}

static void
pool_info_decode(struct shmx_pool_info *to, const struct wire_pool_info *from)
{
	size_t len = RTE_MIN(from->name_len, (size_t)WIRE_NAME_MAX);
	rte_be64_t memory = 0;

	memcpy(to->name, from->name, len);
	to->name[len] = '\0';
	to->size = rte_be_to_cpu_64(from->size);
	to->max_size = rte_be_to_cpu_64(from->max_size);
	to->used = rte_be_to_cpu_64(from->used);
	to->largest_free = rte_be_to_cpu_64(from->largest_free);
	to->allocs = rte_be_to_cpu_64(from->allocs);
	to->granule = rte_be_to_cpu_32(from->granule);
	to->extents = rte_be_to_cpu_16(from->extents);
	to->pool = rte_be_to_cpu_16(from->pool);
	to->nb_nodes = rte_be_to_cpu_16(from->nodes);
	to->quota = rte_be_to_cpu_64(from->quota);
	to->held = rte_be_to_cpu_64(from->held);
	to->grow_below = rte_be_to_cpu_64(from->grow_below);
	to->grow_by = rte_be_to_cpu_64(from->grow_by);
	to->shrink_above = rte_be_to_cpu_64(from->shrink_above);
	memcpy((uint8_t *)&memory + 2, from->memory, sizeof(from->memory));
	to->memory = rte_be_to_cpu_64(memory);
}

/* The answer that the pool which had this id before is gone may come after this one. */
static void
late_gone_ignore(struct shmx_ep *ep, uint16_t pool)
{
	for (uint32_t id = 0; id < ep->max_ops; id++)
		if (ep->op[id].kind == OP_POOL_GONE && ep->op[id].len == pool)
			ep->op[id].kind = OP_STATUS;
}

static int32_t
pool_opened(struct shmx_ep *ep, const struct op *op, uint16_t pool)
{
	int32_t ret = route_add(ep, pool, op->session);

	late_gone_ignore(ep, pool);
	kept_pool_set(ep, op->len, ret == 0 ? pool : 0);
	return ret;
}

static void
reopened(struct shmx_ep *ep, uint16_t id, uint64_t pool)
{
	const struct op op = ep->op[id];

	op_release(ep, id);
	link_reopened(ep, op.session, op.len, pool);
}

/* Whether a message was refused for a reason that passes by itself. */
static bool
refused_for_now(const struct op *op, int32_t status)
{
	return op->kind == OP_SEND && (status == -ENOBUFS || status == -ENOSPC || status == -EBUSY);
}

/* An operation did not succeed, or was not answered. */
static void
op_failed(struct shmx_ep *ep, uint16_t id, int32_t status)
{
	const struct op op = ep->op[id];

	if (op.kind == OP_REOPEN) {
		op_release(ep, id);
		if (status != -ECONNRESET && status != -ECANCELED)
			link_reopened(ep, op.session, op.len, 0);
		return;
	}
	if (op.kind == OP_POOL)
		kept_pool_set(ep, op.len, 0);
	if (refused_for_now(&op, status))
		inbox_refused(ep, op.session, (uint16_t)op.len);
	if (op.kind == OP_INBOX && op.len == 1)
		inbox_opened(ep, op.session, status);
	op_finish(ep, id, status, 0, 0);
}

static bool
locked(struct shmx_ep *ep, uint16_t id, const void *data, uint32_t len)
{
	uint64_t token, died;

	if (!client_grants_read(&ep->op[id], data, len, &token, &died))
		return false;
	op_finish(ep, id, 0, token, died);
	return true;
}

/* Nobody wants them any more. */
static bool
lock_ends(struct shmx_ep *ep, uint16_t id, const struct wire_record *rec)
{
	if (!client_lock_ends(ep, id, rec))
		return false;
	if (ep->op[id].turn == 0)
		op_release(ep, id);
	return true;
}

static bool
undone(struct shmx_ep *ep, uint16_t id, const struct wire_record *rec)
{
	bool done;

	if (!client_undo(ep, id, rec, &done))
		return false;
	if (done)
		op_release(ep, id);
	return true;
}

static bool
is_pool(const void *data, uint32_t len)
{
	return len == sizeof(uint64_t) && number_at(data) > 0 && number_at(data) <= UINT16_MAX;
}

static bool
pool_infos_read(const struct op *op, const void *data, uint32_t len, uint64_t *count)
{
	uint32_t n = len / (uint32_t)sizeof(struct wire_pool_info);

	if (len % sizeof(struct wire_pool_info) != 0 || n > op->len)
		return false;
	for (uint32_t i = 0; i < n; i++)
		pool_info_decode((struct shmx_pool_info *)op->dst + i,
			(const struct wire_pool_info *)data + i);
	*count = n;
	return true;
}

/* Descriptions of something. */
static bool
list_read(struct shmx_ep *ep, uint16_t id, const void *data, uint32_t len, uint64_t *count)
{
	const struct op *op = &ep->op[id];

	switch (op->kind) {
	case OP_POOL_INFO:
		return pool_infos_read(op, data, len, count);
	case OP_LOCK_INFO:
		*count = len / sizeof(struct wire_lock_info);
		return client_lock_infos_read(op, data, len);
	case OP_NODE_INFO:
		return client_nodes_read(ep, id, data, len, count);
	default:
		return client_pool_nodes_read(op, data, len, count);
	}
}

/* Responses other than those to get and put. Returns false when the length is not right. */
static bool
complete_other(struct shmx_ep *ep, uint16_t id, const void *data, uint32_t len)
{
	const struct op *op = &ep->op[id];
	uint64_t count, size;

	switch (op->kind) {
	case OP_VALUE2:
		if (len != 2 * sizeof(uint64_t))
			return false;
		op_finish(ep, id, 0, number_at(data), number_at((const uint8_t *)data + 8));
		return true;
	case OP_POOL:
		if (!is_pool(data, len))
			return false;
		op_finish(
			ep, id, pool_opened(ep, op, (uint16_t)number_at(data)), number_at(data), 0);
		return true;
	case OP_REOPEN:
		if (!is_pool(data, len))
			return false;
		reopened(ep, id, number_at(data));
		return true;
	case OP_POOL_GONE:
		ep->route[op->len] = CLIENT_NONE;
		kept_pool_del(ep, (uint16_t)op->len);
		op_finish(ep, id, 0, 0, 0);
		return true;
	case OP_OWNERS:
		if (!client_owners_read(ep, id, data, len, &count, &size))
			return false;
		op_finish(ep, id, 0, count, size);
		return true;
	case OP_LOCK:
		return locked(ep, id, data, len);
	case OP_POOL_INFO:
	case OP_LOCK_INFO:
	case OP_NODE_INFO:
	case OP_POOL_NODES:
		if (!list_read(ep, id, data, len, &count))
			return false;
		op_finish(ep, id, 0, count, 0);
		return true;
	case OP_NODE_STAT:
		if (!client_node_stat_read(ep, id, data, len))
			return false;
		op_finish(ep, id, 0, 0, 0);
		return true;
	default:
		return false;
	}
}

/* A word, or anything longer. */
static inline void
copy_data(void *dst, const void *data, uint32_t len)
{
	if (likely(len == sizeof(uint64_t)))
		memcpy(dst, data, sizeof(uint64_t));
	else
		rte_memcpy(dst, data, len);
}

/* Not all have come. */
static void
missed(struct shmx_ep *ep, uint16_t id, const struct wire_record *rec)
{
	const struct op *op = &ep->op[id];
	uint64_t n = 0;

	if (!client_given_up(ep, op))
		n = client_missing_read(op, rec + 1, rte_be_to_cpu_32(rec->len));
	op_finish(ep, id, status_to_errno(rec->status), n, 0);
}

/* One response, to whatever it is. Returns false when it is not one that the peer may send. */
static __rte_noinline bool
complete_any(struct shmx_ep *ep, uint16_t id, const struct wire_record *rec)
{
	const struct op *op = &ep->op[id];
	uint32_t len = rte_be_to_cpu_32(rec->len);
	const void *data = rec + 1;

	if (unlikely(op->kind == OP_LOCK_ENDS))
		return lock_ends(ep, id, rec);
	if (unlikely(op->kind == OP_UNDO || op->kind == OP_UNDOES))
		return undone(ep, id, rec);
	if (unlikely(rec->status != STATUS_OK && op->kind == OP_BARRIER)) {
		missed(ep, id, rec);
		return true;
	}
	if (unlikely(rec->status != STATUS_OK)) {
		op_failed(ep, id, status_to_errno(rec->status));
		return true;
	}
	switch (op->kind) {
	case OP_GET:
		if (unlikely(len != op->len))
			return false;
		if (likely(!client_given_up(ep, op)))
			copy_data(op->dst, data, len);
		break;
	case OP_STATUS:
	case OP_BARRIER:
	case OP_SKIP:
		break;
	case OP_VALUE:
	case OP_SEND:
		if (unlikely(len != sizeof(uint64_t)))
			return false;
		op_finish(ep, id, 0, number_at(data), 0);
		return true;
	case OP_INBOX:
		if (op->len == 0)
			inbox_ended(ep, op->session);
		else
			inbox_opened(ep, op->session, 0);
		break;
	default:
		return complete_other(ep, id, data, len);
	}
	op_finish(ep, id, 0, 0, 0);
	return true;
}

/* The same, without a detour for what is neither part of a transfer nor has a deadline. */
static inline bool
complete(struct shmx_ep *ep, uint16_t id, const struct wire_record *rec)
{
	const struct op *op = &ep->op[id];
	uint16_t session = op->session;
	uint64_t cookie = op->cookie;
	uint64_t value = 0;

	if (unlikely(rec->status != STATUS_OK || op->bulk != CLIENT_NONE || op->timed))
		return complete_any(ep, id, rec);
	if (likely(op->kind == OP_GET)) {
		uint32_t len = op->len;

		if (unlikely(rec->len != rte_cpu_to_be_32(len)))
			return false;
		copy_data(op->dst, rec + 1, len);
	} else if (op->kind == OP_VALUE || op->kind == OP_SEND) {
		if (unlikely(rec->len != RTE_BE32(sizeof(uint64_t))))
			return false;
		value = number_at(rec + 1);
	} else if (op->kind != OP_STATUS) {
		return complete_any(ep, id, rec);
	}
	client_complete(ep, cookie, session, 0, value, 0);
	op_free(ep, id);
	return true;
}

static int32_t
client_records(void *ctx, struct rdp_session *s, const uint8_t *records, uint32_t len)
{
	struct shmx_ep *ep = ctx;
	uint32_t size;

	for (uint32_t off = 0; off < len; off += size) {
		const struct wire_record *rec = (const struct wire_record *)(records + off);
		uint16_t id;

		if (unlikely(len - off >= sizeof(*rec) && !(rec->op & WIRE_RESPONSE))) {
			size = inbox_input(ep, s, rec, len - off);
			if (size == 0)
				return -EPROTO;
			continue;
		}
		size = wire_response_size(rec, len - off);
		if (unlikely(size == 0))
			return -EPROTO;
		id = rte_be_to_cpu_16(rec->id);
		if (unlikely(id >= ep->max_ops || ep->op[id].kind == OP_FREE ||
			     ep->op[id].session != s->index))
			return -EPROTO;
		if (unlikely(!complete(ep, id, rec))) {
			if (!ep->no_room)
				return -EPROTO;
			/* It comes again, with all that follows. */
			ep->no_room = false;
			return (int32_t)off;
		}
	}
	return (int32_t)len;
}

static void
client_batch_end(void *ctx)
{
}

/* Data of a put that has ended need not travel: the peer has them, or is not to take them. */
static int32_t
client_recall(void *ctx, struct rdp_session *s, uint32_t psn, uint8_t *to)
{
	const struct shmx_ep *ep = ctx;
	struct wire_put *put = (struct wire_put *)to - 1;
	const struct op *op = &ep->op[rte_be_to_cpu_16(put->rec.id)];

	if (op->kind == OP_FREE || op->session != s->index || op->psn != psn)
		return -(int32_t)sizeof(*put);
	if (client_given_up(ep, op)) {
		/* Its answer is waited for all the same. */
		wire_record_write(put, WIRE_OP_NOP, put->rec.status, put->rec.id, 0);
		return -(int32_t)(sizeof(*put) - sizeof(put->rec));
	}
	rte_memcpy(to, op->dst, op->len);
	return (int32_t)op->len;
}

static void
client_opened(void *ctx, struct rdp_session *s, int status)
{
	struct shmx_ep *ep = ctx;

	if (link_opened(ep, s, status))
		client_connected(ep, s, status);
}

void
client_connected(struct shmx_ep *ep, struct rdp_session *s, int status)
{
	if (status == 0) {
		ep->session[s->index] = s;
		share_begin(ep, s->index);
	}
	*client_event(ep) = (struct shmx_event){
		.cookie = ep->connect_cookie[s->index],
		.value = s->peer_node,
		.value2 = s->peer_epoch,
		.status = status,
		.type = SHMX_EV_CONNECTED,
		.session = s->index,
	};
}

void
client_fail_ops(struct shmx_ep *ep, const struct rdp_session *s)
{
	for (uint32_t id = 0; id < ep->max_ops; id++) {
		const struct op *op = &ep->op[id];

		if (op->kind == OP_FREE || op->session != s->index)
			continue;
		/* A frame that is still being filled has certainly not left. */
		op_failed(ep, (uint16_t)id,
			s->open != NULL && op->psn == s->tx_next ? -ECANCELED : -ECONNRESET);
	}
}

void
client_forget_session(struct shmx_ep *ep, uint16_t index)
{
	ep->session[index] = NULL;
	for (uint32_t pool = 0; pool <= UINT16_MAX; pool++)
		if (ep->route[pool] == index)
			ep->route[pool] = CLIENT_NONE;
	for (uint32_t i = 0; i < SHMX_POOLS_KEPT; i++)
		if (ep->kept_pool[i].session == index && ep->kept_pool[i].pool != 0)
			ep->kept_pool[i].used = false;
}

static void
client_closed(void *ctx, struct rdp_session *s, int status)
{
	struct shmx_ep *ep = ctx;

	if (status == 0)
		status = -ECONNRESET;
	ep->session[s->index] = NULL;
	inbox_ended(ep, s->index);
	client_fail_ops(ep, s);
	/* Transfers with parts to start, too, end before their session is told to have. */
	if (ep->bulk_active != CLIENT_NONE)
		bulk_progress(ep);
	link_closed(ep, s, status);
}

void
client_peer_down(struct shmx_ep *ep, uint16_t session, int status)
{
	*client_event(ep) = (struct shmx_event){
		.cookie = ep->connect_cookie[session],
		.status = status,
		.type = SHMX_EV_PEER_DOWN,
		.session = session,
	};
}

const struct rdp_handler client_handler = {
	.records = client_records,
	.batch_end = client_batch_end,
	.recall = client_recall,
	.opened = client_opened,
	.closed = client_closed,
};

static void
take_kept(struct shmx_ep *ep)
{
	while (ep->event < ep->event_end && ep->kept_tail != ep->kept_head)
		*ep->event++ = ep->kept[ep->kept_tail++ & ep->kept_mask];
}

/* Charge the time since the last poll to what that poll found. */
static inline void
account(struct shmx_ep *ep, uint32_t work)
{
	uint64_t now = rdp_now(ep->rdp);

	if (ep->was_busy)
		ep->busy_ns += now - ep->last_ns;
	else
		ep->idle_ns += now - ep->last_ns;
	ep->last_ns = now;
	ep->was_busy = work > 0;
}

uint16_t
shmx_poll(struct shmx_ep *ep, struct shmx_event *events, uint16_t max)
{
	uint16_t n;

	__atomic_store_n(&ep->polling, true, __ATOMIC_RELAXED);
	ep->event = events;
	ep->event_end = events + max;
	/* What was told in the last poll has been looked at; but an interim poll looks at nothing.
	 */
	if (unlikely(ep->inbox_shown && max > 0))
		inboxes_consume(ep);
	if (unlikely(ep->inbox_news))
		inboxes_turn(ep, max);
	if (unlikely(ep->kept_tail != ep->kept_head))
		take_kept(ep);
	if (unlikely(ep->bulk_active != CLIENT_NONE))
		bulk_progress(ep);
	if (unlikely(ep->nb_cancels > 0))
		client_cancels_send(ep);
	if (unlikely(ep->look_ns <= rdp_now(ep->rdp)))
		link_run(ep);
	/* Since the poll before this one the application did its own work. */
	rdp_flush(ep->rdp);
	account(ep, rdp_poll(ep->rdp));
	/* What has just been answered is not late. */
	if (unlikely(ep->nb_deadlines > 0))
		deadline_run(ep);
	if (unlikely(ep->inbox_news))
		inboxes_tell(ep);
	n = (uint16_t)(ep->event - events);
	ep->event = NULL;
	ep->event_end = NULL;
	__atomic_store_n(&ep->polling, false, __ATOMIC_RELAXED);
	return n;
}

void
shmx_flush(struct shmx_ep *ep)
{
	rdp_flush(ep->rdp);
}
