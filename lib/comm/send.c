/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Signals and messages on their way into inboxes. */

#include <rte_memcpy.h>

#include "comm_priv.h"

/* Inboxes that a call reaches. */
struct targets {
	uint32_t n;
	uint16_t nodes[COMM_NODE_MAX];
};

static void
targets_add(struct targets *t, uint32_t word, uint64_t bits)
{
	for (; bits != 0; bits &= bits - 1)
		t->nodes[t->n++] = (uint16_t)(word * 64 + (uint32_t)__builtin_ctzll(bits));
}

static int
targets_of_set(const struct comm *c, const uint64_t *set, struct targets *t)
{
	uint32_t i;

	if (set == NULL || (set[0] & 1))
		return -EINVAL;
	for (i = 0; i < COMM_SET_WORDS; i++)
		targets_add(t, i, c->open[i] & set[i]);
	return t->n > 0 ? 0 : -ENOENT;
}

static void
targets_all(const struct comm *c, uint32_t sender, struct targets *t)
{
	uint32_t from = comm_node_of(sender), i;
	uint64_t bits;

	for (i = 0; i < COMM_SET_WORDS; i++) {
		bits = c->open[i];
		if (i == from / 64)
			bits &= ~(UINT64_C(1) << from % 64);
		targets_add(t, i, bits);
	}
}

static inline int
targets_get(const struct comm *c, uint32_t sender, const struct comm_to *to, struct targets *t)
{
	t->n = 0;
	if (likely(to->kind == COMM_TO_NODE)) {
		if (to->node == 0 || to->node > COMM_NODE_MAX)
			return -EINVAL;
		if (!comm_is_open(c, to->node))
			return -ENOENT;
		t->nodes[0] = (uint16_t)to->node;
		t->n = 1;
		return 0;
	}
	if (to->kind == COMM_TO_SET)
		return targets_of_set(c, to->set, t);
	if (to->kind != COMM_TO_ALL)
		return -EINVAL;
	targets_all(c, sender, t);
	return 0;
}

static bool
run_is_refused(struct comm *c, uint32_t sender, uint16_t run)
{
	struct comm_run *r = &c->runs[sender % COMM_INDICES];

	if (likely(!r->refused))
		return false;
	if (r->holder == sender && r->run == run)
		return true;
	r->refused = 0;
	return false;
}

static int
refuse(struct comm *c, uint32_t sender, uint16_t run)
{
	c->runs[sender % COMM_INDICES] = (struct comm_run){
		.holder = sender, .run = run, .refused = 1};
	c->used.refused++;
	return -ENOBUFS;
}

void
comm_refuse(struct comm *c, uint32_t sender, uint16_t run)
{
	refuse(c, sender, run);
}

/* Whom to send to, unless an earlier message stands in the way. */
static inline int
send_start(
	struct comm *c, uint32_t sender, uint16_t run, const struct comm_to *to, struct targets *t)
{
	int ret = targets_get(c, sender, to, t);

	if (ret == -EINVAL)
		return ret;
	if (unlikely(run_is_refused(c, sender, run)))
		return refuse(c, sender, run);
	return ret;
}

int
comm_signal(
	struct comm *c, uint32_t sender, const struct comm_to *to, uint32_t line, uint32_t count)
{
	struct comm_inbox *ib;
	struct targets t;
	uint32_t i;
	int ret;

	if (line >= COMM_LINES || count == 0)
		return -EINVAL;
	ret = targets_get(c, sender, to, &t);
	if (ret != 0)
		return ret;
	for (i = 0; i < t.n; i++) {
		ib = &c->inboxes[t.nodes[i]];
		ib->pending[line] += count;
		ib->lines |= UINT64_C(1) << line;
		comm_ready_update(c, t.nodes[i]);
	}
	c->used.signals++;
	return (int)t.n;
}

static bool
all_have_room(struct comm *c, const struct targets *t, uint32_t size)
{
	uint32_t i, chunks = 0;

	for (i = 0; i < t->n; i++) {
		if (unlikely(!comm_queue_room(c, t->nodes[i], size, &chunks))) {
			c->inboxes[t->nodes[i]].refused++;
			return false;
		}
	}
	return true;
}

int
comm_send(struct comm *c, uint32_t sender, uint16_t run, const struct comm_to *to, const void *data,
	uint32_t len)
{
	uint32_t i, size = COMM_SIZE(len), from = comm_node_of(sender);
	struct targets t;
	void *at;
	int ret;

	if (len > COMM_SMALL_MAX)
		return -EMSGSIZE;
	ret = send_start(c, sender, run, to, &t);
	if (ret != 0)
		return ret;
	if (unlikely(!all_have_room(c, &t, size)))
		return refuse(c, sender, run);
	for (i = 0; i < t.n; i++) {
		at = comm_queue_push(c, t.nodes[i], size, COMM_MESSAGE, len, from);
		rte_memcpy(at, data, len);
		comm_ready_update(c, t.nodes[i]);
	}
	c->used.sent++;
	return (int)t.n;
}

/* 0, -EMSGSIZE or -ENOBUFS for one inbox. */
static int
ref_room(struct comm *c, uint32_t node, uint64_t len)
{
	struct comm_inbox *ib = &c->inboxes[node];

	if (len > ib->ref_bytes_limit)
		return -EMSGSIZE;
	if (ib->nb_loans < COMM_REFS_MAX && ib->ref_bytes <= ib->ref_bytes_limit - len)
		return 0;
	ib->refused++;
	return -ENOBUFS;
}

static int
all_have_ref_room(struct comm *c, const struct targets *t, uint64_t len)
{
	uint32_t i;
	int ret;

	for (i = 0; i < t->n; i++) {
		ret = ref_room(c, t->nodes[i], len);
		if (ret != 0)
			return ret;
	}
	if (c->used.nb_refs == c->hdr->nb_refs || c->used.nb_loans + t->n > c->hdr->nb_loans)
		return -ENOBUFS;
	return all_have_room(c, t, COMM_REF_SIZE) ? 0 : -ENOBUFS;
}

static void
ref_push(struct comm *c, uint32_t node, uint32_t r)
{
	const struct comm_ref *ref = &c->refs[r];
	struct comm_ref_entry *at = comm_queue_push(
		c, node, COMM_REF_SIZE, COMM_REF, sizeof(*at), comm_node_of(ref->sender));

	at->addr = ref->addr;
	at->len = ref->len;
	at->id = comm_loan_new(c, r, node);
	comm_ready_update(c, node);
}

int
comm_send_ref(struct comm *c, uint32_t sender, uint16_t run, const struct comm_to *to,
	uint64_t addr, uint64_t len)
{
	struct targets t;
	uint32_t i, r;
	int ret;

	if (len == 0)
		return -EINVAL;
	ret = send_start(c, sender, run, to, &t);
	if (ret != 0)
		return ret;
	ret = all_have_ref_room(c, &t, len);
	if (ret != 0)
		return ret == -ENOBUFS ? refuse(c, sender, run) : ret;
	c->used.sent++;
	if (t.n == 0)
		return 0;
	r = comm_ref_new(c, addr, len, sender);
	for (i = 0; i < t.n; i++)
		ref_push(c, t.nodes[i], r);
	return (int)t.n;
}
