/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Signals and messages on their way out, and what comes back from their reader. */

#include "comm_priv.h"

static void
signal_fill(const struct comm_inbox *ib, uint64_t lines, struct comm_item *item)
{
	uint32_t line = (uint32_t)__builtin_ctzll(lines);

	item->kind = COMM_SIGNAL;
	item->size = COMM_SIGNAL_SIZE;
	item->from = 0;
	item->signal.line = line;
	item->signal.count = ib->pending[line];
}

static void
message_fill(const struct comm *c, const struct comm_inbox *ib, struct comm_item *item)
{
	const struct comm_entry *e = comm_head(c, ib);
	const struct comm_ref_entry *ref = (const void *)(e + 1);

	item->kind = e->kind;
	item->size = e->size;
	item->from = e->from;
	if (likely(e->kind == COMM_MESSAGE)) {
		item->message.len = e->len;
		item->message.data = e + 1;
		return;
	}
	item->ref.addr = ref->addr;
	item->ref.len = ref->len;
	item->ref.id = ref->id;
}

/* Lines whose turn it is; 0: that of a message. */
static uint64_t
turn(const struct comm *c, const struct comm_inbox *ib)
{
	uint64_t lines;

	if (likely(ib->lines == 0))
		return 0;
	lines = ib->cursor < COMM_LINES ? ib->lines & (UINT64_MAX << ib->cursor) : 0;
	return lines != 0 || comm_message_ready(c, ib) ? lines : ib->lines;
}

/*
 * A line that is signalled all the time holds up neither the other lines nor messages. The item is
 * written field by field, where it is read from: a copy of a fresh one waits for its stores.
 */
int
comm_next(const struct comm *c, uint32_t holder, uint32_t room, struct comm_item *item)
{
	const struct comm_inbox *ib = comm_inbox_of(c, holder);
	uint64_t lines;

	if (ib == NULL)
		return -ENOENT;
	if (!ib->is_ready && !(ib->loaded && comm_has_some(c, ib)))
		return -EAGAIN;
	lines = turn(c, ib);
	if (room < (lines != 0 ? COMM_SIGNAL_SIZE : comm_head(c, ib)->size))
		return -ENOSPC;
	if (unlikely(lines != 0))
		signal_fill(ib, lines, item);
	else
		message_fill(c, ib, item);
	return 0;
}

static void
signal_taken(struct comm_inbox *ib, const struct comm_item *item)
{
	uint32_t line = item->signal.line;

	ib->pending[line] -= item->signal.count;
	if (ib->pending[line] == 0)
		ib->lines &= ~(UINT64_C(1) << line);
	ib->cursor = line + 1;
}

void
comm_taken(struct comm *c, uint32_t holder, const struct comm_item *item)
{
	struct comm_inbox *ib = comm_inbox_of(c, holder);
	uint32_t node = comm_node_of(holder);

	if (ib == NULL)
		return;
	if (item->kind == COMM_SIGNAL) {
		signal_taken(ib, item);
	} else {
		if (item->kind == COMM_REF)
			c->loans[(uint32_t)item->ref.id].state = COMM_LOAN_HANDED;
		ib->handed += item->size;
		ib->cursor = 0;
		comm_queue_pop(c, node);
	}
	comm_ready_update(c, node);
}

static void
loan_load(struct comm *c, struct comm_inbox *ib, uint32_t l)
{
	c->loans[l].state = COMM_LOAN_LOADED;
	if (ib->loaded_loan == 0)
		ib->loaded_loan = l;
}

void
comm_load(struct comm *c, uint32_t holder, const struct comm_item *item)
{
	struct comm_inbox *ib = comm_inbox_of(c, holder);
	uint32_t node = comm_node_of(holder);

	if (ib == NULL)
		return;
	if (!ib->loaded) {
		ib->loaded = 1;
		ib->first = ib->head;
		ib->first_off = ib->head_off;
	}
	if (item->kind == COMM_SIGNAL) {
		ib->loaded_lines |= UINT64_C(1) << item->signal.line;
		ib->loaded_count[item->signal.line] += item->signal.count;
		signal_taken(ib, item);
	} else {
		ib->handed += item->size;
		ib->cursor = 0;
		if (item->kind == COMM_REF)
			loan_load(c, ib, (uint32_t)item->ref.id);
		comm_queue_load(c, node);
	}
	comm_ready_update(c, node);
}

/* Signals that were loaded count again, behind those that came since. */
static void
signals_return(struct comm_inbox *ib)
{
	uint64_t lines = ib->loaded_lines;

	ib->lines |= lines;
	for (; lines != 0; lines &= lines - 1) {
		uint32_t line = (uint32_t)__builtin_ctzll(lines);

		ib->pending[line] += ib->loaded_count[line];
	}
}

static void
signals_forget(struct comm_inbox *ib)
{
	for (; ib->loaded_lines != 0; ib->loaded_lines &= ib->loaded_lines - 1)
		ib->loaded_count[__builtin_ctzll(ib->loaded_lines)] = 0;
}

/* References that were loaded: handed out now, or waiting as before. */
static void
loans_settle(struct comm *c, struct comm_inbox *ib, uint32_t state)
{
	uint32_t l = ib->loaded_loan;

	for (; l != 0 && c->loans[l].state == COMM_LOAN_LOADED; l = c->loans[l].next)
		c->loans[l].state = state;
	ib->loaded_loan = 0;
}

void
comm_unload(struct comm *c, uint32_t holder, bool arrived)
{
	struct comm_inbox *ib = comm_inbox_of(c, holder);
	uint32_t node = comm_node_of(holder);

	if (ib == NULL || !ib->loaded)
		return;
	if (!arrived) {
		signals_return(ib);
		ib->handed -= ib->loaded_bytes;
	}
	signals_forget(ib);
	loans_settle(c, ib, arrived ? COMM_LOAN_HANDED : COMM_LOAN_WAITING);
	comm_queue_unload(c, node, arrived);
	ib->loaded = 0;
	comm_ready_update(c, node);
}

int
comm_credit(struct comm *c, uint32_t holder, uint64_t consumed)
{
	struct comm_inbox *ib = comm_inbox_of(c, holder);

	if (ib == NULL)
		return -ENOENT;
	if (consumed > ib->handed - ib->loaded_bytes)
		return -EINVAL;
	if (consumed > ib->consumed) {
		ib->consumed = consumed;
		comm_ready_update(c, comm_node_of(holder));
	}
	return 0;
}
