/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Large messages. Each is there once, and has a loan for every inbox it was sent to. An id names a
 * loan and its generation, so it is good for one holder, and once.
 */

#include "comm_priv.h"

/* The caller has seen that there is one left. */
uint32_t
comm_ref_new(struct comm *c, uint64_t addr, uint64_t len, uint32_t sender)
{
	uint32_t r = c->free_ref;

	c->free_ref = c->refs[r].next;
	c->refs[r] = (struct comm_ref){.addr = addr, .len = len, .sender = sender};
	c->used.nb_refs++;
	return r;
}

/* The caller has seen that there is one left. */
uint64_t
comm_loan_new(struct comm *c, uint32_t ref, uint32_t node)
{
	struct comm_inbox *ib = &c->inboxes[node];
	uint32_t l = c->free_loan;
	struct comm_loan *loan = &c->loans[l];

	c->free_loan = loan->next;
	loan->ref = ref;
	loan->node = node;
	loan->state = COMM_LOAN_WAITING;
	loan->prev = ib->loan_last;
	loan->next = 0;
	if (ib->loan_last != 0)
		c->loans[ib->loan_last].next = l;
	else
		ib->loan_first = l;
	ib->loan_last = l;
	ib->nb_loans++;
	ib->ref_bytes += c->refs[ref].len;
	c->refs[ref].readers++;
	c->used.nb_loans++;
	return (uint64_t)loan->generation << 32 | l;
}

static void
reader_gone(struct comm *c, uint32_t r)
{
	struct comm_ref *ref = &c->refs[r];

	if (--ref->readers != 0)
		return;
	ref->next = 0;
	if (c->freed_last != 0)
		c->refs[c->freed_last].next = r;
	else
		c->freed_first = r;
	c->freed_last = r;
}

static void
loan_unlink(struct comm *c, const struct comm_loan *loan)
{
	struct comm_inbox *ib = &c->inboxes[loan->node];

	if (loan->prev != 0)
		c->loans[loan->prev].next = loan->next;
	else
		ib->loan_first = loan->next;
	if (loan->next != 0)
		c->loans[loan->next].prev = loan->prev;
	else
		ib->loan_last = loan->prev;
	ib->nb_loans--;
	ib->ref_bytes -= c->refs[loan->ref].len;
}

static void
loan_return(struct comm *c, uint32_t l)
{
	struct comm_loan *loan = &c->loans[l];

	loan_unlink(c, loan);
	reader_gone(c, loan->ref);
	loan->state = COMM_LOAN_UNUSED;
	loan->generation++;
	loan->next = c->free_loan;
	c->free_loan = l;
	c->used.nb_loans--;
}

/* They are handed out in the order in which they came: those are the first ones. */
void
comm_loans_return(struct comm *c, uint32_t node, bool handed_only)
{
	const struct comm_inbox *ib = &c->inboxes[node];

	while (ib->loan_first != 0 &&
		(!handed_only || c->loans[ib->loan_first].state == COMM_LOAN_HANDED))
		loan_return(c, ib->loan_first);
}

int
comm_read_done(struct comm *c, uint32_t holder, uint64_t id)
{
	uint32_t l = (uint32_t)id;
	const struct comm_loan *loan;

	if (comm_inbox_of(c, holder) == NULL || l == 0 || l > c->hdr->nb_loans)
		return -ENOENT;
	loan = &c->loans[l];
	if (loan->state != COMM_LOAN_HANDED || loan->generation != id >> 32 ||
		loan->node != comm_node_of(holder))
		return -ENOENT;
	loan_return(c, l);
	return 0;
}

int
comm_freed(struct comm *c, struct comm_freed *freed)
{
	uint32_t r = c->freed_first;
	struct comm_ref *ref = &c->refs[r];

	if (r == 0)
		return -ENOENT;
	c->freed_first = ref->next;
	if (ref->next == 0)
		c->freed_last = 0;
	*freed = (struct comm_freed){.addr = ref->addr, .len = ref->len, .sender = ref->sender};
	ref->next = c->free_ref;
	c->free_ref = r;
	c->used.nb_refs--;
	return 0;
}
