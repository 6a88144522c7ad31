/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <sys/eventfd.h>

#include <rte_malloc.h>
#include <rte_memcpy.h>

#include "client/inbox.h"

#define WINDOW_DEFAULT 65536u
#define WINDOW_MIN     2048u
#define WINDOW_MAX     (UINT32_C(16) << 20)

/* Longest message in the ring. */
#define MESSAGE_ROOM (uint32_t)(sizeof(struct wire_message) + SHMX_MESSAGE_MAX)

static struct inbox *
inbox_of(const struct shmx_ep *ep, shmx_session_t session)
{
	struct inbox *in = ep->inboxes;

	while (in != NULL && in->session != session)
		in = in->next;
	return in;
}

/* ---- what comes --------------------------------------------------------------------------- */

/* Place for a record of that size; there is always room. */
static uint8_t *
ring_put(struct inbox *in, uint32_t size)
{
	uint8_t *to;

	if (in->size - in->got < MESSAGE_ROOM)
		in->got = 0;
	to = in->ring + in->got;
	in->got += size;
	in->nb_new++;
	return to;
}

/* The record that comes at this place, or at the beginning. */
static const struct wire_record *
ring_next(struct inbox *in)
{
	if (in->size - in->shown < MESSAGE_ROOM)
		in->shown = 0;
	return (const struct wire_record *)(in->ring + in->shown);
}

static bool
signalled(struct inbox *in, const struct wire_signalled *sig)
{
	uint16_t line = rte_be_to_cpu_16(sig->rec.id);

	if (line >= SHMX_LINES)
		return false;
	in->lines |= UINT64_C(1) << line;
	in->count[line] += rte_be_to_cpu_64(sig->count);
	return true;
}

/* The pool is reached over the same session, unless it is already known how. */
static void
route_memory(struct shmx_ep *ep, const struct inbox *in, const struct wire_memory_message *mem)
{
	uint16_t pool = SHMX_ADDR_POOL(rte_be_to_cpu_64(mem->addr));

	if (ep->route[pool] == CLIENT_NONE)
		ep->route[pool] = in->session;
}

uint32_t
inbox_input(struct shmx_ep *ep, struct rdp_session *s, const struct wire_record *rec, uint32_t room)
{
	uint32_t size = wire_event_size(rec, room);
	struct inbox *in = inbox_of(ep, s->index);

	if (unlikely(size == 0 || in == NULL))
		return 0;
	if (unlikely(rec->op == WIRE_OP_SIGNALLED)) {
		if (!signalled(in, (const struct wire_signalled *)rec))
			return 0;
	} else {
		/* More than it may send? */
		if (unlikely(in->consumed + in->window < in->arrived + size))
			return 0;
		in->arrived += size;
		rte_memcpy(ring_put(in, size), rec, size);
		if (rec->op == WIRE_OP_MEMORY_MESSAGE)
			route_memory(ep, in, (const struct wire_memory_message *)rec);
	}
	in->news = true;
	ep->inbox_news = true;
	return size;
}

/* ---- telling ------------------------------------------------------------------------------ */

static void
tell_signals(struct shmx_ep *ep, struct inbox *in)
{
	while (in->lines != 0 && (in->on_signal != NULL || ep->event < ep->event_end)) {
		uint8_t line = (uint8_t)__builtin_ctzll(in->lines);
		uint64_t count = in->count[line];

		in->lines &= in->lines - 1;
		in->count[line] = 0;
		if (in->on_signal != NULL)
			in->on_signal(in->ctx, line, count);
		else
			*ep->event++ = (struct shmx_event){
				.cookie = in->cookie,
				.value = line,
				.value2 = count,
				.type = SHMX_EV_SIGNAL,
				.session = in->session,
			};
	}
}

static uint32_t
tell_message(struct shmx_ep *ep, const struct inbox *in, const struct wire_message *msg)
{
	uint32_t len = rte_be_to_cpu_32(msg->rec.len);

	*ep->event++ = (struct shmx_event){
		.cookie = in->cookie,
		.value = (uintptr_t)(msg + 1),
		.value2 = len,
		.status = rte_be_to_cpu_16(msg->node),
		.type = SHMX_EV_MESSAGE,
		.session = in->session,
	};
	return (uint32_t)sizeof(*msg) + wire_pad(len);
}

static uint32_t
tell_memory(struct shmx_ep *ep, const struct inbox *in, const struct wire_memory_message *mem)
{
	*ep->event++ = (struct shmx_event){
		.cookie = rte_be_to_cpu_64(mem->message),
		.value = rte_be_to_cpu_64(mem->addr),
		.value2 = rte_be_to_cpu_64(mem->size),
		.status = rte_be_to_cpu_16(mem->node),
		.type = SHMX_EV_MEMORY,
		.session = in->session,
	};
	return sizeof(*mem);
}

static void
tell_messages(struct shmx_ep *ep, struct inbox *in)
{
	while (in->nb_new > 0 && ep->event < ep->event_end) {
		const struct wire_record *rec = ring_next(in);
		uint32_t size;

		if (likely(rec->op == WIRE_OP_MESSAGE))
			size = tell_message(ep, in, (const struct wire_message *)rec);
		else
			size = tell_memory(ep, in, (const struct wire_memory_message *)rec);
		in->shown += size;
		in->bytes_shown += size;
		in->nb_new--;
	}
}

static void
notify(struct inbox *in)
{
	if (in->news && in->notify_fd != 0)
		eventfd_write(in->notify_fd, 1);
	in->news = false;
}

/* Whether the event of its opening is kept no more: nothing is told before it. */
static bool
is_known(const struct shmx_ep *ep, const struct inbox *in)
{
	return in->opening - ep->kept_tail >= client_kept(ep);
}

/* The first one is the last from now on. */
static void
inboxes_rotate(struct shmx_ep *ep)
{
	struct inbox *first = ep->inboxes, **end = &ep->inboxes;

	while (*end != NULL)
		end = &(*end)->next;
	*end = first;
	ep->inboxes = first->next;
	first->next = NULL;
}

void
inboxes_tell(struct shmx_ep *ep)
{
	ep->inbox_news = false;
	for (struct inbox *in = ep->inboxes; in != NULL; in = in->next) {
		notify(in);
		if (is_known(ep, in)) {
			tell_signals(ep, in);
			tell_messages(ep, in);
		}
		ep->inbox_news |= in->nb_new > 0 || in->lines != 0;
		ep->inbox_shown |= in->bytes_shown > 0;
	}
	if (ep->inbox_news && ep->inboxes->next != NULL)
		inboxes_rotate(ep);
}

void
inboxes_turn(struct shmx_ep *ep, uint16_t max)
{
	struct shmx_event *end = ep->event_end;

	ep->inbox_turn = !ep->inbox_turn;
	ep->event_end = ep->event + (max + ep->inbox_turn) / 2;
	inboxes_tell(ep);
	ep->event_end = end;
}

/* ---- consuming ---------------------------------------------------------------------------- */

/* The library's own request: nobody waits for its answer. */
static void
credit(struct shmx_ep *ep, struct inbox *in, struct rdp_session *s)
{
	struct wire_inbox_credit *req;
	uint8_t attr = ep->attr;

	ep->attr = 0;
	req = (struct wire_inbox_credit *)client_request(
		ep, s, WIRE_OP_INBOX_CREDIT, sizeof(*req), 0, OP_SKIP, NULL, 0, CLIENT_NONE, 0);
	ep->attr = attr;
	if (req == NULL)
		return;
	ep->op[rte_be_to_cpu_16(req->rec.id)].bulk = OP_GIVEN_UP;
	req->consumed = rte_cpu_to_be_64(in->consumed);
	in->told = in->consumed;
}

static bool
consume(struct shmx_ep *ep, struct inbox *in)
{
	struct rdp_session *s = in->open ? client_session(ep, in->session) : NULL;

	in->consumed += in->bytes_shown;
	in->bytes_shown = 0;
	if (s != NULL && in->consumed - in->told >= in->window / 4)
		credit(ep, in, s);
	return s != NULL && in->consumed - in->told >= in->window / 4;
}

void
inboxes_consume(struct shmx_ep *ep)
{
	ep->inbox_shown = false;
	for (struct inbox *in = ep->inboxes; in != NULL; in = in->next)
		ep->inbox_shown |= consume(ep, in);
}

/* ---- opening and closing ------------------------------------------------------------------ */

static struct inbox *
inbox_new(struct shmx_ep *ep, shmx_session_t session, uint32_t window)
{
	uint32_t size = window + 2 * MESSAGE_ROOM;
	struct inbox *in = rte_zmalloc("shmx_inbox", sizeof(*in), RTE_CACHE_LINE_SIZE);

	if (in == NULL)
		return NULL;
	in->ring = rte_malloc_socket("shmx_inbox", size, RTE_CACHE_LINE_SIZE, SOCKET_ID_ANY);
	if (in->ring == NULL) {
		rte_free(in);
		return NULL;
	}
	in->size = size;
	in->window = window;
	in->session = session;
	in->next = ep->inboxes;
	ep->inboxes = in;
	return in;
}

static void
inbox_free(struct shmx_ep *ep, struct inbox *in)
{
	struct inbox **at = &ep->inboxes;

	while (*at != in)
		at = &(*at)->next;
	*at = in->next;
	rte_free(in->ring);
	rte_free(in);
}

void
inboxes_free(struct shmx_ep *ep)
{
	while (ep->inboxes != NULL)
		inbox_free(ep, ep->inboxes);
}

static bool
limit_good(uint32_t bytes)
{
	return bytes == 0 || (bytes >= WINDOW_MIN && bytes <= WINDOW_MAX);
}

/* One for the session, that is empty. NULL: *err says why. */
static struct inbox *
inbox_for(struct shmx_ep *ep, shmx_session_t session, uint32_t window, int *err)
{
	struct inbox *in = inbox_of(ep, session);

	*err = -EEXIST;
	if (in != NULL && in->open)
		return NULL;
	*err = -EAGAIN;
	if (in != NULL && (in->nb_new > 0 || in->lines != 0 || in->bytes_shown > 0))
		return NULL;
	if (in != NULL)
		inbox_free(ep, in);
	*err = -ENOMEM;
	return inbox_new(ep, session, window);
}

static void
open_write(struct wire_inbox_open *req, const struct shmx_inbox_conf *conf, uint32_t window)
{
	req->bytes = rte_cpu_to_be_32(conf->bytes);
	req->window = rte_cpu_to_be_32(window);
	req->memory = rte_cpu_to_be_64(conf->memory);
	req->policy = conf->keep ? WIRE_INBOX_KEEP : WIRE_INBOX_DROP;
	memset(req->reserved, 0, sizeof(req->reserved));
}

int
shmx_inbox_open(struct shmx_ep *ep, shmx_session_t session, const struct shmx_inbox_conf *conf,
	uint64_t cookie)
{
	static const struct shmx_inbox_conf none;
	struct wire_inbox_open *req;
	struct rdp_session *s;
	struct inbox *in;
	uint32_t window;
	int err;

	conf = conf != NULL ? conf : &none;
	if (ep == NULL || !limit_good(conf->bytes) || !limit_good(conf->window) ||
		conf->notify_fd < 0)
		return -EINVAL;
	s = client_session(ep, session);
	if (s == NULL)
		return -ENOTCONN;
	window = RTE_ALIGN_CEIL(conf->window != 0 ? conf->window : WINDOW_DEFAULT, 8u);
	in = inbox_for(ep, session, window, &err);
	if (in == NULL)
		return err;
	req = (struct wire_inbox_open *)client_request(
		ep, s, WIRE_OP_INBOX_OPEN, sizeof(*req), 0, OP_INBOX, NULL, 1, CLIENT_NONE, cookie);
	if (req == NULL) {
		inbox_free(ep, in);
		return -EAGAIN;
	}
	open_write(req, conf, window);
	/* Behind what was told of the inbox that this session had before. */
	rdp_order(s);
	in->cookie = cookie;
	in->on_signal = conf->on_signal;
	in->ctx = conf->ctx;
	in->notify_fd = conf->notify_fd;
	in->open = true;
	return 0;
}

int
shmx_inbox_close(struct shmx_ep *ep, shmx_session_t session, uint64_t cookie)
{
	const struct wire_record *req;
	int err;

	if (ep == NULL)
		return -EINVAL;
	req = client_ask(
		ep, session, WIRE_OP_INBOX_CLOSE, sizeof(*req), 0, OP_INBOX, NULL, 0, cookie, &err);
	return req != NULL ? 0 : err;
}

void
inbox_opened(struct shmx_ep *ep, shmx_session_t session, int32_t status)
{
	struct inbox *in = inbox_of(ep, session);

	if (in != NULL && status < 0)
		in->open = false;
	else if (in != NULL)
		in->opening = ep->kept_head;
}

void
inbox_ended(struct shmx_ep *ep, shmx_session_t session)
{
	inbox_opened(ep, session, -ENOTCONN);
}

/* ---- sending ------------------------------------------------------------------------------ */

static bool
to_good(const struct shmx_to *to)
{
	if (to == NULL)
		return false;
	switch (to->kind) {
	case SHMX_TO_NODE:
		return to->node != 0 && to->node <= SHMX_NODE_MAX;
	case SHMX_TO_SET:
		return client_nodes_good(to->nodes, to->nb_nodes);
	default:
		return to->kind == SHMX_TO_ALL;
	}
}

static const uint8_t to_wire[] = {
	[SHMX_TO_NODE] = WIRE_TO_NODE,
	[SHMX_TO_SET] = WIRE_TO_SET,
	[SHMX_TO_ALL] = WIRE_TO_ALL,
};

static unsigned int
to_ids(const struct shmx_to *to)
{
	return to->kind == SHMX_TO_SET ? to->nb_nodes : 0;
}

static rte_be16_t
to_node(const struct shmx_to *to)
{
	return rte_cpu_to_be_16(to->kind == SHMX_TO_NODE ? to->node : 0);
}

/* Ids, padded to eight. Returns where they end. */
static void *
ids_write(void *at, const struct shmx_to *to)
{
	uint32_t len = to_ids(to) * (uint32_t)sizeof(rte_be16_t);

	wire_pad_clear(at, len);
	client_nodes_write(at, to->nodes, to_ids(to));
	return (uint8_t *)at + wire_pad(len);
}

int
shmx_signal(struct shmx_ep *ep, shmx_session_t session, const struct shmx_to *to, uint8_t line,
	uint32_t count, uint64_t cookie)
{
	struct wire_signal *sig;
	uint32_t ids;
	int err;

	if (unlikely(ep == NULL || !to_good(to) || line >= SHMX_LINES || count == 0))
		return -EINVAL;
	ids = to_ids(to) * (uint32_t)sizeof(rte_be16_t);
	sig = (struct wire_signal *)client_ask(
		ep, session, WIRE_OP_SIGNAL, sizeof(*sig), ids, OP_VALUE, NULL, 0, cookie, &err);
	if (unlikely(sig == NULL))
		return err;
	sig->count = rte_cpu_to_be_32(count);
	sig->node = to_node(to);
	sig->to = to_wire[to->kind];
	sig->line = line;
	ids_write(sig + 1, to);
	return 0;
}

/* A request to send, in order behind those before it. */
static struct wire_send *
send_request(struct shmx_ep *ep, struct rdp_session *s, uint8_t op, uint32_t size, uint32_t len,
	const struct shmx_to *to, uint64_t cookie)
{
	uint16_t run = ep->send_run[s->index];
	struct wire_send *send = (struct wire_send *)client_request(
		ep, s, op, size, len, OP_SEND, NULL, run, CLIENT_NONE, cookie);

	if (unlikely(send == NULL))
		return NULL;
	rdp_order(s);
	send->run = rte_cpu_to_be_16(run);
	send->node = to_node(to);
	send->to = to_wire[to->kind];
	send->nodes = (uint8_t)to_ids(to);
	memset(send->reserved, 0, sizeof(send->reserved));
	return send;
}

int
shmx_send(struct shmx_ep *ep, shmx_session_t session, const struct shmx_to *to, const void *data,
	uint32_t len, uint64_t cookie)
{
	struct wire_send *send;
	struct rdp_session *s;
	uint32_t tail;
	void *at;

	if (unlikely(ep == NULL || !to_good(to) || len > SHMX_MESSAGE_MAX ||
		     (data == NULL && len > 0)))
		return -EINVAL;
	s = client_session(ep, session);
	if (unlikely(s == NULL))
		return -ENOTCONN;
	tail = wire_pad(to_ids(to) * (uint32_t)sizeof(rte_be16_t)) + len;
	send = send_request(
		ep, s, WIRE_OP_SEND, (uint32_t)sizeof(*send) + wire_pad(tail), tail, to, cookie);
	if (unlikely(send == NULL))
		return -EAGAIN;
	at = ids_write(send + 1, to);
	wire_pad_clear(at, len);
	rte_memcpy(at, data, len);
	return 0;
}

int
shmx_send_memory(struct shmx_ep *ep, shmx_session_t session, const struct shmx_to *to,
	shmx_addr_t addr, uint64_t len, uint64_t cookie)
{
	struct wire_send_memory *send;
	struct rdp_session *s;
	uint32_t ids;

	if (ep == NULL || !to_good(to) || addr == 0 || len == 0 || len > SHMX_LEN_MAX)
		return -EINVAL;
	s = client_session(ep, session);
	if (s == NULL || client_route(ep, addr) != s)
		return -ENOTCONN;
	ids = to_ids(to) * (uint32_t)sizeof(rte_be16_t);
	send = (struct wire_send_memory *)send_request(ep, s, WIRE_OP_SEND_MEMORY,
		(uint32_t)sizeof(*send) + wire_pad(ids), ids, to, cookie);
	if (send == NULL)
		return -EAGAIN;
	send->addr = rte_cpu_to_be_64(addr);
	send->size = rte_cpu_to_be_64(len);
	ids_write(send + 1, to);
	return 0;
}

void
inbox_refused(struct shmx_ep *ep, shmx_session_t session, uint16_t run)
{
	ep->send_run[session] += run == ep->send_run[session];
}

int
shmx_message_done(struct shmx_ep *ep, shmx_session_t session, uint64_t message, uint64_t cookie)
{
	struct wire_message_done *req;
	int err;

	if (ep == NULL || message == 0)
		return -EINVAL;
	req = (struct wire_message_done *)client_ask(ep, session, WIRE_OP_MESSAGE_DONE,
		sizeof(*req), 0, OP_STATUS, NULL, 0, cookie, &err);
	if (req == NULL)
		return err;
	req->message = rte_cpu_to_be_64(message);
	return 0;
}
