/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_memcpy.h>

#include "target/target_private.h"

/*
 * Signals and messages: requests on lib/comm, at its home, and what it has for those who have
 * opened inboxes. With one worker requests are served, and events written into the frames of their
 * sessions, on the spot. With several, requests come to home as jobs, and a session gets its events
 * as a job: one at a time, so that their order stays. Until it is back the inbox keeps them, and
 * has them again when the session had ended.
 */

/* Inboxes that one turn serves, and records that one of them gets in it. */
#define SERVE_INBOXES 64u
#define SERVE_RECORDS 64u

/* Memory that one turn gives back to pools: so many, and none when its bytes are used up. */
#define SERVE_FREES 32u

/* ---- off the wire ------------------------------------------------------------------------- */

/* Node ids, as the bits that lib/comm takes. */
static bool
set_bits(const rte_be16_t *id, unsigned int n, uint64_t *bits)
{
	memset(bits, 0, COMM_SET_WORDS * sizeof(*bits));
	for (unsigned int i = 0; i < n; i++) {
		uint16_t node = rte_be_to_cpu_16(id[i]);

		if (node == 0 || node > COMM_NODE_MAX)
			return false;
		bits[node / 64] |= UINT64_C(1) << node % 64;
	}
	return n > 0;
}

/* Whom it is for; `bits` has to last as long. */
static bool
to_read(uint8_t to, rte_be16_t node, const void *ids, unsigned int n, uint64_t *bits,
	struct comm_to *whom)
{
	switch (to) {
	case WIRE_TO_NODE:
		*whom = (struct comm_to){.kind = COMM_TO_NODE, .node = rte_be_to_cpu_16(node)};
		return n == 0;
	case WIRE_TO_SET:
		*whom = (struct comm_to){.kind = COMM_TO_SET, .set = bits};
		return set_bits(ids, n, bits);
	case WIRE_TO_ALL:
		*whom = (struct comm_to){.kind = COMM_TO_ALL};
		return n == 0;
	default:
		return false;
	}
}

static int
signal_now(struct comm *c, uint32_t holder, const struct wire_record *rec)
{
	const struct wire_signal *sig = (const struct wire_signal *)rec;
	uint32_t len = rte_be_to_cpu_32(rec->len);
	uint64_t bits[COMM_SET_WORDS];
	struct comm_to whom;

	if (len % 2 != 0 || !to_read(sig->to, sig->node, sig + 1, len / 2, bits, &whom))
		return -EINVAL;
	return comm_signal(c, holder, &whom, sig->line, rte_be_to_cpu_32(sig->count));
}

/* Where the message stands in a SEND, and how long it is; NULL: it is malformed. */
static const uint8_t *
message_of(const struct wire_send *send, uint32_t *len)
{
	uint32_t room = wire_pad(send->nodes * 2u), all = rte_be_to_cpu_32(send->rec.len);

	if (room > all || all - room > WIRE_MESSAGE_MAX)
		return NULL;
	*len = all - room;
	return (const uint8_t *)(send + 1) + room;
}

static int
send_now(struct comm *c, uint32_t holder, const struct wire_record *rec)
{
	const struct wire_send *send = (const struct wire_send *)rec;
	uint64_t bits[COMM_SET_WORDS];
	struct comm_to whom;
	const uint8_t *data;
	uint32_t len;

	data = message_of(send, &len);
	if (unlikely(data == NULL ||
		     !to_read(send->to, send->node, send + 1, send->nodes, bits, &whom)))
		return -EINVAL;
	return comm_send(c, holder, rte_be_to_cpu_16(send->run), &whom, data, len);
}

static int
credit_now(struct comm *c, uint32_t holder, const struct wire_record *rec)
{
	return comm_credit(
		c, holder, rte_be_to_cpu_64(((const struct wire_inbox_credit *)rec)->consumed));
}

static bool
has_value(uint8_t op)
{
	return op == WIRE_OP_SIGNAL || op == WIRE_OP_SEND || op == WIRE_OP_SEND_MEMORY;
}

/* The response, for which there is room. */
static void
answer(struct target_worker *w, uint8_t *to, const struct wire_record *rec, int ret)
{
	uint32_t len = has_value(rec->op) ? sizeof(uint64_t) : 0;
	rte_be64_t value = rte_cpu_to_be_64(ret > 0 ? (uint64_t)ret : 0);

	w->stats.op_errors += ret < 0;
	target_response(to, rec->op, ret < 0 ? status_from_errno(ret) : STATUS_OK, rec->id, len);
	if (len > 0)
		memcpy(to + sizeof(*rec), &value, sizeof(value));
}

int
inbox_request(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	struct comm *c = w->target->comm;
	uint32_t holder;
	uint8_t *to;
	int ret;

	/* It would overtake one that goes by the home of its pool: its frame waits in the park. */
	if (unlikely(target_sends_memory(s)) &&
		(rec->op == WIRE_OP_SEND || rec->op == WIRE_OP_SEND_MEMORY))
		return -EAGAIN;
	if (!target_at_home(w) || c == NULL ||
		(rec->op != WIRE_OP_SEND && rec->op != WIRE_OP_SIGNAL &&
			rec->op != WIRE_OP_INBOX_CREDIT))
		return target_start_job(w, s, rec);
	holder = target_holder(w, s);
	if (unlikely(holder == 0))
		return target_respond_status(w, s, rec, STATUS_NOSPC);
	to = rdp_response(
		s, (uint32_t)(sizeof(*rec) + (has_value(rec->op) ? sizeof(uint64_t) : 0)));
	if (unlikely(to == NULL))
		return -EAGAIN;
	if (likely(rec->op == WIRE_OP_SEND))
		ret = send_now(c, holder, rec);
	else if (rec->op == WIRE_OP_SIGNAL)
		ret = signal_now(c, holder, rec);
	else
		ret = credit_now(c, holder, rec);
	answer(w, to, rec, ret);
	return 0;
}

/* ---- as jobs ------------------------------------------------------------------------------ */

/* SEND and SIGNAL travel to home as they came; only where there are several workers. */
static bool
keep_record(struct target_worker *w, struct target_job *job, const struct wire_record *rec)
{
	uint32_t size = wire_request_size(rec, UINT32_MAX);

	if (w->target->comm == NULL)
		return true;
	if (w->letters == NULL || size > TARGET_LETTER)
		return false;
	job->letter_len = size;
	memcpy(target_letter(job), rec, size);
	return true;
}

static bool
read_open(struct target_job *job, const struct wire_record *rec)
{
	const struct wire_inbox_open *open = (const struct wire_inbox_open *)rec;

	job->granule = rte_be_to_cpu_32(open->bytes);
	job->to.count = rte_be_to_cpu_32(open->window);
	job->max_size = rte_be_to_cpu_64(open->memory);
	job->how = open->policy;
	return open->policy <= WIRE_INBOX_KEEP;
}

static bool
to_good(const struct target_to *to, uint32_t ids_len)
{
	switch (to->to) {
	case WIRE_TO_NODE:
		return ids_len == 0 && to->node != 0 && to->node <= COMM_NODE_MAX;
	case WIRE_TO_SET:
		return ids_len > 0;
	default:
		return ids_len == 0 && to->to == WIRE_TO_ALL;
	}
}

static bool
read_send_memory(struct target_job *job, const struct wire_record *rec)
{
	const struct wire_send_memory *mem = (const struct wire_send_memory *)rec;
	uint32_t len = rte_be_to_cpu_32(rec->len);

	job->addr = rte_be_to_cpu_64(mem->addr);
	job->pool = mem_addr_pool(job->addr);
	job->size = rte_be_to_cpu_64(mem->size);
	job->to = (struct target_to){
		.to = mem->send.to,
		.node = rte_be_to_cpu_16(mem->send.node),
		.run = rte_be_to_cpu_16(mem->send.run),
	};
	return job->size > 0 && mem->send.nodes * 2u == len && to_good(&job->to, len) &&
	       owners_read(job, mem + 1, len) == 0;
}

bool
inbox_read(struct target_worker *w, struct target_job *job, const struct wire_record *rec)
{
	job->values = has_value(rec->op);
	switch (rec->op) {
	case WIRE_OP_INBOX_OPEN:
		return read_open(job, rec);
	case WIRE_OP_INBOX_CLOSE:
		return true;
	case WIRE_OP_INBOX_CREDIT:
		job->size = rte_be_to_cpu_64(((const struct wire_inbox_credit *)rec)->consumed);
		return true;
	case WIRE_OP_MESSAGE_DONE:
		job->size = rte_be_to_cpu_64(((const struct wire_message_done *)rec)->message);
		return true;
	case WIRE_OP_SEND_MEMORY:
		return read_send_memory(job, rec);
	default:
		return keep_record(w, job, rec);
	}
}

static int
open_inbox(struct comm *c, const struct target_job *job)
{
	const struct comm_limits limits = {
		.bytes = job->granule,
		.window = job->to.count,
		.ref_bytes = job->max_size,
		.policy = job->how == WIRE_INBOX_KEEP ? COMM_KEEP : COMM_DROP,
	};
	int ret = comm_open(c, job->holder, &limits);

	return ret == -EALREADY ? -EEXIST : ret;
}

static int
serve(struct comm *c, const struct target_job *job)
{
	switch (job->op) {
	case WIRE_OP_INBOX_OPEN:
		return open_inbox(c, job);
	case WIRE_OP_INBOX_CREDIT:
		return comm_credit(c, job->holder, job->size);
	case WIRE_OP_MESSAGE_DONE:
		return comm_read_done(c, job->holder, job->size);
	case WIRE_OP_SEND:
		return send_now(c, job->holder, (const struct wire_record *)target_letter(job));
	default:
		return signal_now(c, job->holder, (const struct wire_record *)target_letter(job));
	}
}

/* What brings a holder its events; NULL: nothing does, for there is one worker, or no such node. */
static struct target_carrier *
carrier_of(const struct target *t, uint32_t holder)
{
	uint32_t node = holder >> 16;

	return t->carrier != NULL && node <= COMM_NODE_MAX ? &t->carrier[node] : NULL;
}

/* Whether something of this holder has left its inbox and is not known to have arrived. */
static bool
under_way(const struct target_carrier *carrier, uint32_t holder)
{
	return carrier != NULL && carrier->job.holder == holder;
}

/* Its session has ended. @return whether to wait until what is under way is back; no more leaves.
 */
bool
inbox_ends(const struct target *t, uint32_t holder)
{
	struct target_carrier *carrier = carrier_of(t, holder);

	if (!under_way(carrier, holder))
		return false;
	carrier->ends = true;
	return true;
}

/* Answered when what is on its way to the session's frames has come there, or the session ended. */
static enum job_place
close_step(struct target_worker *w, struct target_job *job)
{
	if (job->step == 0)
		job->err = comm_close(w->target->comm, job->holder);
	job->step = 1;
	return under_way(carrier_of(w->target, job->holder), job->holder) ? JOB_LATER : JOB_ANSWER;
}

enum job_place
inbox_step(struct target_worker *w, struct target_job *job)
{
	struct comm *c = w->target->comm;
	int ret;

	if (c == NULL)
		job->err = -ENOTSUP;
	else if (job->holder == 0)
		job->err = -ENOSPC;
	else if (job->op == WIRE_OP_SEND_MEMORY)
		return send_memory_step(w, job);
	if (job->err < 0)
		return JOB_ANSWER;
	if (job->op == WIRE_OP_INBOX_CLOSE)
		return close_step(w, job);
	ret = serve(c, job);
	job->err = RTE_MIN(ret, 0);
	job->value[0] = (uint64_t)RTE_MAX(ret, 0);
	return JOB_ANSWER;
}

void
inbox_gone(struct target_worker *w, uint32_t holder)
{
	const struct target *t = w->target;
	struct target_carrier *carrier;

	if (t->comm == NULL)
		return;
	comm_revoke(t->comm, holder);
	carrier = carrier_of(t, holder);
	if (carrier != NULL)
		carrier->ends = false;
}

/* ---- delivery ----------------------------------------------------------------------------- */

static void
write_signal(uint8_t *to, const struct comm_item *item)
{
	struct wire_signalled *sig = (struct wire_signalled *)to;

	wire_record_write(
		to, WIRE_OP_SIGNALLED, 0, rte_cpu_to_be_16((uint16_t)item->signal.line), 0);
	sig->count = rte_cpu_to_be_64(item->signal.count);
}

static void
write_message(uint8_t *to, const struct comm_item *item)
{
	struct wire_message *msg = (struct wire_message *)to;

	wire_record_write(to, WIRE_OP_MESSAGE, 0, 0, item->message.len);
	msg->node = rte_cpu_to_be_16((uint16_t)item->from);
	memset(msg->reserved, 0, sizeof(msg->reserved));
	wire_pad_clear(msg + 1, item->message.len);
	rte_memcpy(msg + 1, item->message.data, item->message.len);
}

static void
write_memory(uint8_t *to, const struct comm_item *item)
{
	struct wire_memory_message *msg = (struct wire_memory_message *)to;

	wire_record_write(to, WIRE_OP_MEMORY_MESSAGE, 0, 0, 0);
	msg->node = rte_cpu_to_be_16((uint16_t)item->from);
	memset(msg->reserved, 0, sizeof(msg->reserved));
	msg->addr = rte_cpu_to_be_64(item->ref.addr);
	msg->size = rte_cpu_to_be_64(item->ref.len);
	msg->message = rte_cpu_to_be_64(item->ref.id);
}

static_assert(sizeof(struct wire_signalled) == COMM_SIGNAL_SIZE, "what lib/comm counts");
static_assert(sizeof(struct wire_message) == COMM_HEADER, "what lib/comm counts");
static_assert(sizeof(struct wire_memory_message) == COMM_REF_SIZE, "what lib/comm counts");

static void
write_item(uint8_t *to, const struct comm_item *item)
{
	if (likely(item->kind == COMM_MESSAGE))
		write_message(to, item);
	else if (item->kind == COMM_SIGNAL)
		write_signal(to, item);
	else
		write_memory(to, item);
}

/* Into the frames of a session here. */
static uint32_t
deliver_here(struct comm *c, uint32_t holder, const struct target_seat *seat)
{
	struct rdp_session *s = job_session(seat->ep, seat->session, seat->session_inc);
	struct comm_item item;
	uint32_t n = 0;

	while (s != NULL && n < SERVE_RECORDS && comm_next(c, holder, s->mss, &item) == 0) {
		uint8_t *to = rdp_request(s, item.size);

		if (to == NULL)
			break;
		write_item(to, &item);
		rdp_order(s);
		comm_taken(c, holder, &item);
		n++;
	}
	return n;
}

/* The carrier with as much as fits. */
static uint32_t
deliver_there(struct target_worker *w, uint32_t holder, const struct target_seat *seat)
{
	struct target_carrier *carrier = carrier_of(w->target, holder);
	struct target_job *job = &carrier->job;
	struct comm *c = w->target->comm;
	struct comm_item item;
	uint32_t n = 0;

	/* Another session of the node had the inbox before, or this one ends. */
	if (job->holder != 0 || carrier->ends)
		return 0;
	target_seat_fill(w, seat, TARGET_OP_DELIVER, job);
	job->holder = holder;
	while (comm_next(c, holder, TARGET_EVENTS - job->letter_len, &item) == 0) {
		write_item(carrier->events + job->letter_len, &item);
		job->letter_len += item.size;
		comm_load(c, holder, &item);
		n++;
	}
	job_go(w->target, w->index, job, JOB_ANSWER);
	return n;
}

/* At the session's worker: into its frames. Returns whether there was room. */
bool
inbox_deliver(struct rdp_session *s, struct target_job *job)
{
	uint8_t *to = rdp_request(s, job->letter_len);

	if (to == NULL)
		return false;
	memcpy(to, ((const struct target_carrier *)job)->events, job->letter_len);
	rdp_order(s);
	job->value[0] = 1;
	return true;
}

/* Home again, delivered or not. */
void
inbox_delivered(struct target_worker *w, struct target_job *job)
{
	comm_unload(w->target->comm, job->holder, job->value[0] != 0);
	job->holder = 0;
}

/* Memory that nobody reads any more goes back to its pool. */
static uint32_t
free_read(struct target_worker *w)
{
	struct comm_freed freed;
	uint32_t n = 0;

	while (n < SERVE_FREES && w->turn_bytes > 0 && w->nb_free_job > 0 &&
		comm_freed(w->target->comm, &freed) == 0) {
		struct target_job *job = job_take(w);

		*job = (struct target_job){
			.owner = w,
			.at = w,
			.op = TARGET_OP_READ,
			.addr = freed.addr,
			.pool = mem_addr_pool(freed.addr),
		};
		job_go(w->target, w->index, job, JOB_HOME);
		n++;
	}
	return n;
}

uint32_t
inboxes_serve(struct target_worker *w)
{
	struct comm *c = w->target->comm;
	uint32_t turns = RTE_MIN(comm_nb_ready(c), SERVE_INBOXES), n = 0, holder;

	for (; turns > 0 && (holder = comm_ready(c)) != 0; turns--) {
		const struct target_seat *seat = target_seat(w->target, holder);

		if (likely(target_at_home(w)))
			n += deliver_here(c, holder, seat);
		else
			n += deliver_there(w, holder, seat);
	}
	return n + free_read(w);
}

static_assert(offsetof(struct target_carrier, job) == 0, "they are jobs");

static int
carriers_create(struct target *t, int socket_id)
{
	if (t->nb_workers == 1 || t->comm == NULL)
		return 0;
	t->carrier = rte_zmalloc_socket("target_carriers",
		(COMM_NODE_MAX + 1) * sizeof(*t->carrier), RTE_CACHE_LINE_SIZE, socket_id);
	return t->carrier != NULL ? 0 : -ENOMEM;
}

int
inboxes_create(struct target *t, const struct target_conf *conf)
{
	t->comm = conf->comm;
	if (carriers_create(t, conf->socket_id) < 0)
		return -ENOMEM;
	for (unsigned int i = 0; i < t->nb_workers && t->comm != NULL; i++) {
		struct target_worker *w = t->worker[i];

		if (send_memory_create(w, conf->nb_refs, conf->socket_id) < 0)
			return -ENOMEM;
		if (t->nb_workers == 1)
			continue;
		w->letters = rte_malloc_socket("target_letters", TARGET_JOBS * TARGET_LETTER,
			RTE_CACHE_LINE_SIZE, conf->socket_id);
		if (w->letters == NULL)
			return -ENOMEM;
	}
	return 0;
}
