/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include "bugs.h"
#include "mem/mem_access.h"
#include "rdp/checksum.h"

#define STALE_NS (20 * NET_US)

/*
 * Frames executed again.
 */

/* Headers of a DATA frame that is whole; NULL when it is anything else. */
static const struct wire_ipv4_hdrs *
data_frame(const struct rte_mbuf *m)
{
	const struct wire_ipv4_hdrs *h = rte_pktmbuf_mtod(m, const struct wire_ipv4_hdrs *);

	if (m->data_len < sizeof(*h) + WIRE_CRC_LEN || wire_type(&h->frame) != WIRE_DATA ||
		rte_be_to_cpu_16(h->ip.total_length) + sizeof(h->eth) != m->data_len ||
		rte_be_to_cpu_16(h->udp.dgram_len) + sizeof(h->eth) + sizeof(h->ip) !=
			m->data_len ||
		!checksum_good(m, h))
		return NULL;
	return h;
}

static struct seat_frame *
keep_frame(struct seat *seat, struct rdp_session *s, const struct wire_frame *f,
	const uint8_t *records, uint32_t len)
{
	struct seat_frame *kept = &seat->frame[seat->next_frame++ % SEAT_FRAMES];

	*kept = (struct seat_frame){.s = s, .inc = f->dst_inc, .psn = f->psn, .len = len};
	memcpy(kept->records, records, len);
	return kept;
}

/* Room is opened first, so that the second answer can be taken back: nobody waits for it. */
static void
execute_again(struct seat *seat, struct rdp_session *s, const struct seat_frame *f)
{
	struct rte_mbuf *open;
	uint8_t *wr, *end, *request_end;
	uint16_t lent_len;

	if (s->state != RDP_OPEN || s->no_coalesce ||
		(s->wr == NULL && rdp_response_open(s, 0) == NULL))
		return;
	open = s->open;
	wr = s->wr;
	end = s->end;
	request_end = s->request_end;
	lent_len = s->lent_len;
	seat->inner->records(seat->inner_ctx, s, f->records, f->len);
	seat->inner->batch_end(seat->inner_ctx);
	if (s->open != open)
		return;
	s->wr = wr;
	s->end = end;
	s->request_end = request_end;
	s->lent_len = lent_len;
}

static void
doubled_taken(struct seat *seat, struct rdp_session *s, const uint8_t *records, uint32_t len)
{
	const struct wire_frame *f = (const struct wire_frame *)(records - sizeof(*f));

	/* What was parked and is offered again does not stand behind a header. */
	if (f->dst_inc == s->local_inc && f->src_inc == s->peer_inc)
		keep_frame(seat, s, f, records, len);
}

static void
doubled_frame(struct seat *seat, const struct rte_mbuf *m)
{
	const struct wire_ipv4_hdrs *h = data_frame(m);

	for (unsigned int i = 0; h != NULL && i < SEAT_FRAMES && seat->nb_again < SEAT_FRAMES;
		i++) {
		struct seat_frame *f = &seat->frame[i];

		if (f->s != NULL && f->inc == h->frame.dst_inc && f->psn == h->frame.psn)
			seat->again[seat->nb_again++] = f;
	}
}

static void
doubled_batch_end(struct seat *seat)
{
	unsigned int n = seat->nb_again;

	seat->nb_again = 0;
	for (unsigned int i = 0; i < n; i++)
		if (seat->again[i]->s->local_inc == seat->again[i]->inc)
			execute_again(seat, seat->again[i]->s, seat->again[i]);
}

const struct sitter bug_doubled = {
	.name = "a doubled frame is executed twice",
	.taken = doubled_taken,
	.frame = doubled_frame,
	.batch_end = doubled_batch_end,
};

static struct rdp_session *
session_with(struct rdp_ep *ep, rte_be32_t ip, rte_be32_t not_inc)
{
	for (uint16_t i = 0; i < ep->max_sessions; i++) {
		struct rdp_session *s = rdp_session_at(ep, i);

		if (s != NULL && s->state == RDP_OPEN &&
			ip_addr_equal(s->peer_ip, ip_addr_v4(ip)) && s->local_inc != not_inc)
			return s;
	}
	return NULL;
}

static bool
session_is_there(struct rdp_ep *ep, rte_be32_t inc)
{
	for (uint16_t i = 0; i < ep->max_sessions; i++)
		if (rdp_session_at(ep, i) != NULL && rdp_session_at(ep, i)->local_inc == inc)
			return true;
	return false;
}

static void
old_frame(struct seat *seat, const struct rte_mbuf *m)
{
	const struct wire_ipv4_hdrs *h = data_frame(m);
	struct rdp_ep *ep = seat->world->memnode.ep[seat->worker];
	struct rdp_session *s;
	uint32_t len;

	if (h == NULL || session_is_there(ep, h->frame.dst_inc) || seat->nb_again == SEAT_FRAMES)
		return;
	s = session_with(ep, h->ip.src_addr, h->frame.dst_inc);
	len = m->data_len - (uint32_t)sizeof(*h) - (h->frame.flags & WIRE_F_CRC ? WIRE_CRC_LEN : 0);
	if (s != NULL && len > 0)
		seat->again[seat->nb_again++] = keep_frame(
			seat, s, &h->frame, (const uint8_t *)(h + 1), len);
}

static void
old_batch_end(struct seat *seat)
{
	unsigned int n = seat->nb_again;

	seat->nb_again = 0;
	for (unsigned int i = 0; i < n; i++)
		execute_again(seat, seat->again[i]->s, seat->again[i]);
}

const struct sitter bug_old_session = {
	.name = "a frame of an ended session is executed",
	.frame = old_frame,
	.batch_end = old_batch_end,
};

/*
 * Gets that find what is not there, or not theirs.
 */

static int32_t
answer(struct rdp_session *s, const struct wire_record *rec, uint32_t size, uint64_t value,
	uint32_t len)
{
	uint8_t *to = rdp_response(s, sizeof(*rec) + sizeof(value));

	if (to == NULL)
		return 0;
	wire_record_write(to, rec->op | WIRE_RESPONSE, 0, rec->id, len);
	memcpy(to + sizeof(*rec), &value, sizeof(value));
	return (int32_t)size;
}

static struct seat_word *
find_word(struct seat *seat, uint64_t addr, uint32_t len, uint16_t node)
{
	for (unsigned int i = 0; i < SEAT_WORDS; i++) {
		struct seat_word *word = &seat->word[i];

		if (word->len == len && word->addr == addr && (node == 0 || word->node == node))
			return word;
	}
	return NULL;
}

static struct seat_word *
keep_word(struct seat *seat, uint64_t addr, uint32_t len, uint16_t node, const void *va)
{
	struct seat_word *word = find_word(seat, addr, len, node);

	if (word == NULL)
		word = &seat->word[seat->next_word++ % SEAT_WORDS];
	*word = (struct seat_word){
		.addr = addr, .len = len, .node = node, .since_ns = seat->world->net->now_ns};
	memcpy(&word->value, va, len);
	return word;
}

static int32_t
stale_record(struct seat *seat, struct rdp_session *s, const struct wire_record *rec, uint32_t size)
{
	uint64_t addr = rte_be_to_cpu_64(((const struct wire_get *)rec)->addr);
	uint32_t len = rte_be_to_cpu_32(rec->len);
	struct seat_word *word;
	int err = 0;
	void *va;

	if (rec->op != WIRE_OP_GET || len > sizeof(word->value))
		return seat_pass(seat, s, rec, size);
	va = mem_access(seat->world->memnode.mem, addr, len, s->peer_node, &err);
	if (va == NULL)
		return seat_pass(seat, s, rec, size);
	word = find_word(seat, addr, len, 0);
	if (word == NULL || seat->world->net->now_ns - word->since_ns > STALE_NS)
		word = keep_word(seat, addr, len, 0, va);
	return answer(s, rec, size, word->value, len);
}

const struct sitter bug_stale_get = {
	.name = "a get reads an old copy",
	.record = stale_record,
};

static int32_t
owner_record(struct seat *seat, struct rdp_session *s, const struct wire_record *rec, uint32_t size)
{
	uint64_t addr = rte_be_to_cpu_64(((const struct wire_get *)rec)->addr), value = 0;
	uint32_t len = rte_be_to_cpu_32(rec->len);
	const struct mem *mem = seat->world->memnode.mem;
	int err = 0;
	void *va;

	if (rec->op != WIRE_OP_GET || len > sizeof(value))
		return seat_pass(seat, s, rec, size);
	va = mem_access(mem, addr, len, s->peer_node, &err);
	if (va != NULL)
		keep_word(seat, addr, len, s->peer_node, va);
	else if (err == -EPERM && find_word(seat, addr, len, s->peer_node) != NULL &&
		 (va = mem_access(mem, addr, len, 0, &err)) != NULL) {
		memcpy(&value, va, len);
		return answer(s, rec, size, value, len);
	}
	return seat_pass(seat, s, rec, size);
}

const struct sitter bug_owner_ignored = {
	.name = "a get is let through after the word changed hands",
	.record = owner_record,
};

/*
 * Compare-and-swap in two steps.
 */

static int32_t
two_step_record(
	struct seat *seat, struct rdp_session *s, const struct wire_record *rec, uint32_t size)
{
	const struct wire_cas *cas = (const struct wire_cas *)rec;
	uint32_t len = rte_be_to_cpu_32(rec->len);
	uint64_t old = 0;
	int32_t taken;
	int err = 0;
	void *va;

	if (rec->op != WIRE_OP_CAS || seat->nb_swap == SEAT_SWAPS)
		return seat_pass(seat, s, rec, size);
	va = mem_access(
		seat->world->memnode.mem, rte_be_to_cpu_64(cas->addr), len, s->peer_node, &err);
	if (va == NULL)
		return seat_pass(seat, s, rec, size);
	memcpy(&old, va, len);
	taken = answer(s, rec, size, rte_cpu_to_be_64(old), sizeof(old));
	if (taken > 0 && old == rte_be_to_cpu_64(cas->compare))
		seat->swap[seat->nb_swap++] = (struct seat_swap){
			.va = va, .value = rte_be_to_cpu_64(cas->swap), .len = len};
	return taken;
}

static void
two_step_batch_end(struct seat *seat)
{
	for (unsigned int i = 0; i < seat->nb_swap; i++)
		memcpy(seat->swap[i].va, &seat->swap[i].value, seat->swap[i].len);
	seat->nb_swap = 0;
}

const struct sitter bug_two_step_cas = {
	.name = "compare-and-swap is not atomic",
	.record = two_step_record,
	.batch_end = two_step_batch_end,
};
