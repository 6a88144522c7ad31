/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include <rte_memcpy.h>
#include <rte_prefetch.h>

#include "target/target_private.h"

/*
 * Get, put, fill and atomics, in two passes over a burst: check and translate all of them,
 * starting to fetch their memory, then execute. By the second pass the first lines are there.
 */

/* Words that may lie anywhere and alias anything. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word64;
typedef uint32_t __attribute__((may_alias, aligned(1))) word32;

static inline struct target_access *
stage_slot(struct target_worker *w)
{
	if (unlikely(w->nb_batch == TARGET_BATCH))
		target_run_batch(w);
	return &w->batch[w->nb_batch];
}

/* The bytes that pad data to eight must not tell what was in the buffer before. */
static inline void
clear_padding(uint8_t *data, uint32_t len)
{
	if (len % 8 != 0)
		memset(data + RTE_ALIGN_FLOOR(len, 8u), 0, 8);
}

/* Whether this endpoint may borrow memory until its next flush. */
static bool
may_lend(struct target_worker *w, struct rdp_ep *ep)
{
	for (uint16_t i = w->nb_lent; i-- > 0;)
		if (w->lent_ep[i] == ep)
			return true;
	if (w->nb_lent == TARGET_LENT)
		return false;
	w->lent_ep[w->nb_lent++] = ep;
	return true;
}

void
target_settle(struct target_worker *w)
{
	while (w->nb_lent > 0)
		rdp_settle(w->lent_ep[--w->nb_lent]);
}

/* A long get: the frame takes the data from the pool when it leaves. The address stands behind the
 * record header, for the case that it has to be sent again. */
static int
lend_get(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec,
	const void *va, uint32_t len)
{
	uint8_t *to = rdp_response_lend(s, sizeof(*rec), va, len);

	if (unlikely(to == NULL))
		return -EAGAIN;
	for (uint32_t at = 0; at < len; at += RTE_CACHE_LINE_SIZE)
		rte_prefetch1((const uint8_t *)va + at);
	target_response(to, WIRE_OP_GET, STATUS_OK, rec->id, len);
	memcpy(to + sizeof(*rec), &((const struct wire_get *)rec)->addr, sizeof(rte_be64_t));
	w->stats.bytes_read += len;
	return 0;
}

int32_t
target_read_again(struct target_worker *w, struct rdp_session *s, struct wire_record *rec)
{
	struct wire_get *get = (struct wire_get *)rec;
	uint32_t len = rte_be_to_cpu_32(rec->len);
	int err;
	const void *va = mem_access(w->mem, rte_be_to_cpu_64(get->addr), len, s->peer_node, &err);

	if (va == NULL) {
		w->stats.op_errors++;
		target_response(rec, WIRE_OP_GET, status_from_errno(err), rec->id, 0);
		return 0;
	}
	rte_memcpy(rec + 1, va, len);
	return (int32_t)len;
}

static inline int
stage_get(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	const struct wire_get *get = (const struct wire_get *)rec;
	uint32_t len = rte_be_to_cpu_32(rec->len);
	struct target_access *a = stage_slot(w);
	uint8_t *to;
	int err;

	/* Room in the frame is not enough: the peer takes no response with more. */
	if (unlikely(len > WIRE_DATA_MAX || len + sizeof(*rec) > s->mss))
		return target_respond_status(w, s, rec, STATUS_MSGSIZE);
	a->va = mem_access(w->mem, rte_be_to_cpu_64(get->addr), len, s->peer_node, &err);
	if (unlikely(a->va == NULL))
		return target_respond_status(w, s, rec, status_from_errno(err));
	/* What is lent is read when the frame leaves, or later, if it is lost: in no order. */
	if (len % 8 == 0 && rec->status == 0 && rdp_lendable(s, len) && may_lend(w, s->ep))
		return lend_get(w, s, rec, a->va, len);
	to = rdp_response(s, (uint32_t)sizeof(*rec) + wire_pad(len));
	if (unlikely(to == NULL))
		return -EAGAIN;
	rte_prefetch0(a->va);
	target_response(to, WIRE_OP_GET, STATUS_OK, rec->id, len);
	a->out = to + sizeof(*rec);
	a->len = len;
	a->op = WIRE_OP_GET;
	w->nb_batch++;
	w->stats.bytes_read += len;
	return 0;
}

/* Memory is far: all lines at once, while the rest of the burst is looked at. */
static __rte_noinline void
prefetch_rest(const uint8_t *to, uint32_t len)
{
	for (uint32_t at = RTE_CACHE_LINE_SIZE; at < len; at += RTE_CACHE_LINE_SIZE)
		__builtin_prefetch(to + at, 1);
}

static inline int
stage_write(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec,
	const void *in)
{
	/* PUT, PUT_FENCED and FILL have the address in the same place. */
	const struct wire_put *put = (const struct wire_put *)rec;
	uint32_t len = rte_be_to_cpu_32(rec->len);
	struct target_access *a = stage_slot(w);
	uint8_t *to;
	int err;

	if (unlikely(rec->op == WIRE_OP_FILL)) {
		if (len > WIRE_FILL_MAX)
			return target_respond_status(w, s, rec, STATUS_MSGSIZE);
		if (!turn_admits(w, s))
			return -EAGAIN;
	}
	a->va = mem_access(w->mem, rte_be_to_cpu_64(put->addr), len, s->peer_node, &err);
	if (unlikely(a->va == NULL))
		return target_respond_status(w, s, rec, status_from_errno(err));
	to = rdp_response(s, sizeof(*rec));
	if (unlikely(to == NULL))
		return -EAGAIN;
	__builtin_prefetch(a->va, 1);
	if (unlikely(len > RTE_CACHE_LINE_SIZE))
		prefetch_rest(a->va, len);
	target_response(to, rec->op, STATUS_OK, rec->id, 0);
	a->in = in;
	a->len = len;
	a->op = rec->op == WIRE_OP_FILL ? WIRE_OP_FILL : WIRE_OP_PUT;
	w->nb_batch++;
	w->stats.bytes_written += len;
	if (unlikely(rec->op == WIRE_OP_FILL)) {
		w->turn_bytes -= (int32_t)len;
		turn_charge(s, len);
	}
	return 0;
}

static inline int
stage_atomic(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	const struct wire_atomic *atomic = (const struct wire_atomic *)rec;
	uint64_t addr = rte_be_to_cpu_64(atomic->addr);
	uint32_t width = rte_be_to_cpu_32(rec->len);
	struct target_access *a = stage_slot(w);
	uint8_t *to;
	int err;

	if (unlikely((width != 8 && width != 4) || (addr & (width - 1)) != 0))
		return target_respond_status(w, s, rec, STATUS_INVAL);
	a->va = mem_access(w->mem, addr, width, s->peer_node, &err);
	if (unlikely(a->va == NULL))
		return target_respond_status(w, s, rec, status_from_errno(err));
	to = rdp_response(s, sizeof(*rec) + sizeof(uint64_t));
	if (unlikely(to == NULL))
		return -EAGAIN;
	__builtin_prefetch(a->va, 1);
	target_response(to, rec->op, STATUS_OK, rec->id, sizeof(uint64_t));
	a->out = to + sizeof(*rec);
	if (rec->op == WIRE_OP_CAS) {
		const struct wire_cas *cas = (const struct wire_cas *)rec;

		a->a = rte_be_to_cpu_64(cas->swap);
		a->b = rte_be_to_cpu_64(cas->compare);
	} else {
		a->a = rte_be_to_cpu_64(atomic->operand);
	}
	a->len = width;
	a->op = rec->op;
	w->nb_batch++;
	return 0;
}

int
target_stage(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	switch (rec->op) {
	case WIRE_OP_GET:
		return stage_get(w, s, rec);
	case WIRE_OP_PUT:
		return stage_write(w, s, rec, (const struct wire_put *)rec + 1);
	case WIRE_OP_FILL:
		return stage_write(w, s, rec, &((const struct wire_fill *)rec)->pattern);
	default:
		return stage_atomic(w, s, rec);
	}
}

/* Whoever has the lock next is not told before what is staged here has been written: locks.c. */
int
target_stage_fenced(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	const struct wire_put_fenced *put = (const struct wire_put_fenced *)rec;
	const struct sync *sync = w->target->locks.sync;
	uint32_t holder;

	if (unlikely(sync == NULL))
		return target_respond_status(w, s, rec, STATUS_NOTSUP);
	holder = sync_token_holder(sync, rte_be_to_cpu_32(put->lock), rte_be_to_cpu_64(put->token));
	if (unlikely(holder == 0 || holder >> 16 != s->peer_node))
		return target_respond_status(w, s, rec, STATUS_NOLCK);
	return stage_write(w, s, rec, put + 1);
}

/* Words are moved as a whole; anything longer as the processor likes best. */
static inline void
copy(void *to, const void *from, uint32_t len)
{
	switch (len) {
	case 8:
		*(word64 *)to = *(const word64 *)from;
		break;
	case 4:
		*(word32 *)to = *(const word32 *)from;
		break;
	default:
		rte_memcpy(to, from, len);
		break;
	}
}

static void
fill(uint8_t *to, const void *pattern, uint32_t len)
{
	uint64_t word;
	uint32_t i;

	memcpy(&word, pattern, sizeof(word));
	for (i = 0; i + 8 <= len; i += 8)
		memcpy(to + i, &word, 8);
	memcpy(to + i, &word, len - i);
}

/*
 * Read, modify, write, for words of both widths. Where one thread alone touches the memory, plain
 * instructions are as atomic as locked ones and let the processor work on many words at a time;
 * a locked one waits until its word is there, and everything behind it waits too.
 */
#define DEFINE_ATOMIC(bits)                                                                        \
	static inline uint64_t locked_##bits(const struct target_access *a)                        \
	{                                                                                          \
		uint##bits##_t *p = a->va;                                                         \
		uint##bits##_t v = (uint##bits##_t)a->a, old = (uint##bits##_t)a->b;               \
                                                                                                   \
		switch (a->op) {                                                                   \
		case WIRE_OP_FETCH_ADD:                                                            \
			return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);                         \
		case WIRE_OP_FETCH_AND:                                                            \
			return __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST);                         \
		case WIRE_OP_FETCH_OR:                                                             \
			return __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST);                          \
		case WIRE_OP_FETCH_XOR:                                                            \
			return __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST);                         \
		case WIRE_OP_SWAP:                                                                 \
			return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);                        \
		default:                                                                           \
			__atomic_compare_exchange_n(                                               \
				p, &old, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);            \
			return old;                                                                \
		}                                                                                  \
	}                                                                                          \
                                                                                                   \
	static inline uint64_t alone_##bits(const struct target_access *a)                         \
	{                                                                                          \
		word##bits *p = a->va;                                                             \
		uint##bits##_t v = (uint##bits##_t)a->a, old = *p;                                 \
                                                                                                   \
		switch (a->op) {                                                                   \
		case WIRE_OP_FETCH_ADD:                                                            \
			*p = old + v;                                                              \
			break;                                                                     \
		case WIRE_OP_FETCH_AND:                                                            \
			*p = old & v;                                                              \
			break;                                                                     \
		case WIRE_OP_FETCH_OR:                                                             \
			*p = old | v;                                                              \
			break;                                                                     \
		case WIRE_OP_FETCH_XOR:                                                            \
			*p = old ^ v;                                                              \
			break;                                                                     \
		case WIRE_OP_SWAP:                                                                 \
			*p = v;                                                                    \
			break;                                                                     \
		default:                                                                           \
			/* Stored either way, by a mask: a branch would wait for the word. */      \
			*p = old ^ ((old ^ v) & -(uint##bits##_t)(old == (uint##bits##_t)a->b));   \
			break;                                                                     \
		}                                                                                  \
		return old;                                                                        \
	}

DEFINE_ATOMIC(64)
DEFINE_ATOMIC(32)

/* Words are little-endian in memory, whatever this machine is. */
static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "atomics take words as they lie in memory");

static inline uint64_t
atomic(const struct target_access *a, bool alone)
{
	if (alone)
		return a->len == 8 ? alone_64(a) : alone_32(a);
	return a->len == 8 ? locked_64(a) : locked_32(a);
}

static inline void
execute(const struct target_access *a, bool alone)
{
	switch (a->op) {
	case WIRE_OP_GET:
		clear_padding(a->out, a->len);
		copy(a->out, a->va, a->len);
		break;
	case WIRE_OP_PUT:
		copy(a->va, a->in, a->len);
		break;
	case WIRE_OP_FILL:
		fill(a->va, a->in, a->len);
		break;
	default:
		*(word64 *)a->out = rte_cpu_to_be_64(atomic(a, alone));
		break;
	}
}

void
target_run_batch(struct target_worker *w)
{
	for (uint16_t i = 0; i < w->nb_batch; i++)
		execute(&w->batch[i], w->alone);
	w->nb_batch = 0;
}
