/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "client/client_private.h"

static bool
bulk_all_started(const struct bulk *b)
{
	return b->piece == b->pieces;
}

/* No more of a piece that was refused: of the others all is done. */
static void
piece_skip(struct bulk *b, uint64_t piece)
{
	if (b->piece != piece)
		return;
	b->done = 0;
	b->piece++;
}

/* A session has ended: nothing more is started. */
static void
bulk_cut(struct bulk *b, int32_t status)
{
	if (b->status != -ECONNRESET)
		b->status = status;
	b->piece = b->pieces;
}

static void
bulk_finish(struct shmx_ep *ep, struct bulk *b, uint16_t session)
{
	if (unlikely(b->status == -ECANCELED && b->sent))
		b->status = -ECONNRESET;
	client_complete(ep, b->cookie, session, b->status, 0, 0);
	ep->large_done += b->large;
	if (b->timed)
		deadline_disarm(ep, ep->max_ops + (uint32_t)(b - ep->bulk));
	b->used = false;
	b->next = ep->bulk_free;
	ep->bulk_free = (uint16_t)(b - ep->bulk);
}

/* Request for the next part of the current piece. */
static int
part_request(struct shmx_ep *ep, struct bulk *b, struct rdp_session *s, shmx_addr_t addr,
	uint8_t *buf, uint32_t len)
{
	uint16_t index = (uint16_t)(b - ep->bulk);
	struct wire_record *rec;

	switch (b->op) {
	case WIRE_OP_GET:
		rec = client_request(ep, s, WIRE_OP_GET, sizeof(struct wire_get), len, OP_GET, buf,
			len, index, b->piece);
		break;
	case WIRE_OP_PUT:
		rec = client_put(ep, s, buf, len, index, b->piece);
		break;
	default:
		rec = client_request(ep, s, WIRE_OP_FILL, sizeof(struct wire_fill), len, OP_STATUS,
			NULL, 0, index, b->piece);
		if (rec != NULL)
			memcpy(&((struct wire_fill *)rec)->pattern, &b->pattern,
				sizeof(b->pattern));
		break;
	}
	if (rec == NULL)
		return -EAGAIN;
	/* All three have the address first. */
	((struct wire_get *)rec)->addr = rte_cpu_to_be_64(addr);
	return 0;
}

static int
part_start(struct shmx_ep *ep, struct bulk *b)
{
	const struct shmx_vec *v = &b->vec[b->piece];
	struct rdp_session *s = client_route(ep, v->addr);
	uint32_t max, len;

	if (s == NULL)
		return -ENOTCONN;
	if (!share_left(ep, s, b->large, b->op == WIRE_OP_PUT))
		return -EAGAIN;
	max = b->op == WIRE_OP_FILL ? WIRE_FILL_MAX : client_part_max(s);
	len = (uint32_t)RTE_MIN(v->len - b->done, (uint64_t)max);
	if (part_request(ep, b, s, v->addr + b->done, (uint8_t *)v->buf + b->done, len) < 0)
		return -EAGAIN;
	ep->share[s->index].parts++;
	if (b->large)
		share_started(ep, ep->free_op[ep->nb_free_op], len == max && b->op != WIRE_OP_FILL);
	b->outstanding++;
	b->done += len;
	if (b->done == v->len) {
		b->done = 0;
		b->piece++;
	}
	return 0;
}

/* Start parts until a window is full. Returns whether there is more to start. */
static bool
bulk_issue(struct shmx_ep *ep, struct bulk *b)
{
	uint8_t attr = ep->attr;
	int ret = 0;

	ep->attr = b->attr;
	while (ret != -EAGAIN && !bulk_all_started(b)) {
		ret = part_start(ep, b);
		/* There was a session when the transfer began. */
		if (ret < 0 && ret != -EAGAIN)
			bulk_cut(b, -ECANCELED);
	}
	ep->attr = attr;
	return ret == -EAGAIN;
}

static bool
vec_valid(const struct shmx_vec *vec, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (vec[i].buf == NULL || vec[i].len == 0 || vec[i].len > SHMX_LEN_MAX ||
			SHMX_ADDR_OFFSET(vec[i].addr) + vec[i].len > UINT64_C(1) << 48)
			return false;
	return true;
}

static bool
vec_routed(const struct shmx_ep *ep, const struct shmx_vec *vec, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (client_route(ep, vec[i].addr) == NULL)
			return false;
	return true;
}

static bool
vec_in_order(const struct shmx_ep *ep, const struct shmx_vec *vec, unsigned int n)
{
	if (likely(!(ep->attr & ATTR_ORDERED)))
		return true;
	for (unsigned int i = 0; i < n; i++)
		if (!client_in_order(ep, client_route(ep, vec[i].addr), CLIENT_NONE))
			return false;
	return true;
}

/* More than two frames, which is what others may have to wait for. */
static bool
vec_large(const struct shmx_ep *ep, const struct shmx_vec *vec, unsigned int n)
{
	uint64_t len = 0;

	for (unsigned int i = 0; i < n; i++)
		len += vec[i].len;
	return len > UINT64_C(2) * client_part_max(client_route(ep, vec[0].addr));
}

/* What names this transfer in the list of those with parts to start, or else its end. */
static uint16_t *
active_link(struct shmx_ep *ep, uint16_t index)
{
	uint16_t *link = &ep->bulk_active;

	while (*link != CLIENT_NONE && *link != index)
		link = &ep->bulk[*link].next;
	return link;
}

/* Behind those that came before: the window is theirs first. */
static void
active_append(struct shmx_ep *ep, uint16_t index)
{
	*active_link(ep, index) = index;
	ep->bulk[index].next = CLIENT_NONE;
}

int
bulk_start(struct shmx_ep *ep, uint8_t op, const struct shmx_vec *vec, unsigned int n,
	uint64_t pattern, uint64_t cookie)
{
	struct bulk *b;
	uint16_t index;

	if (ep == NULL || vec == NULL || n == 0 || n > SHMX_VEC_MAX || !vec_valid(vec, n))
		return -EINVAL;
	if (!vec_routed(ep, vec, n))
		return -ENOTCONN;
	if (ep->bulk_free == CLIENT_NONE || client_kept(ep) >= ep->max_ops ||
		!vec_in_order(ep, vec, n))
		return -EAGAIN;
	index = ep->bulk_free;
	b = &ep->bulk[index];
	ep->bulk_free = b->next;
	b->cookie = cookie;
	b->pattern = pattern;
	b->done = 0;
	b->status = 0;
	b->piece = 0;
	b->pieces = (uint16_t)n;
	b->outstanding = 0;
	b->sent = false;
	b->used = true;
	b->op = op;
	b->large = vec_large(ep, vec, n);
	b->attr = ep->attr & (ATTR_ORDERED | ATTR_FENCED);
	memcpy(b->vec, vec, n * sizeof(*vec));
	if (ep->attr & ATTR_DEADLINE)
		deadline_arm(ep, ep->max_ops + index);
	share_look(ep);
	if (bulk_issue(ep, b))
		active_append(ep, index);
	return 0;
}

void
bulk_progress(struct shmx_ep *ep)
{
	uint16_t *link = &ep->bulk_active;

	share_look(ep);
	while (*link != CLIENT_NONE) {
		struct bulk *b = &ep->bulk[*link];

		if (bulk_issue(ep, b)) {
			link = &b->next;
			continue;
		}
		*link = b->next;
		b->next = CLIENT_NONE;
		/* An error may have met it while no part was left in progress. */
		if (b->outstanding == 0)
			bulk_finish(ep, b, CLIENT_NONE);
	}
}

static void
part_failed(struct bulk *b, const struct op *part, int32_t status)
{
	/* That a part may yet take effect is more than that another did not. */
	if (status == -ECONNRESET || status == -ECANCELED) {
		bulk_cut(b, status);
		return;
	}
	if (b->status == 0)
		b->status = status;
	piece_skip(b, part->cookie);
}

void
bulk_part_done(struct shmx_ep *ep, uint16_t id, const struct op *op, int32_t status)
{
	struct bulk *b = &ep->bulk[op->bulk];

	share_done(ep, id, op, status);
	if (b->turn != op->turn)
		return;
	b->outstanding--;
	b->sent |= status != -ECANCELED;
	if (unlikely(status != 0))
		part_failed(b, op, status);
	/* One that still stands in the list of the active is finished from there. */
	if (b->outstanding == 0 && bulk_all_started(b) && *active_link(ep, op->bulk) == CLIENT_NONE)
		bulk_finish(ep, b, op->session);
}

static void
active_remove(struct shmx_ep *ep, uint16_t index)
{
	uint16_t *link = active_link(ep, index);

	if (*link == index)
		*link = ep->bulk[index].next;
}

void
bulk_give_up(struct shmx_ep *ep, uint16_t index, int32_t status)
{
	struct bulk *b = &ep->bulk[index];

	/* Data that are lent to frames which have not left. */
	if (b->op == WIRE_OP_PUT)
		rdp_settle(ep->rdp);
	active_remove(ep, index);
	b->status = b->piece == 0 && b->done == 0 ? -ECANCELED : status;
	b->sent = false;
	/* Its parts are nobody's now. Without any it counts no turn: windows that are full let so
	 * many begin and be given up that an old part's turn would come again. */
	if (b->outstanding > 0)
		b->turn++;
	bulk_finish(ep, b, CLIENT_NONE);
}
