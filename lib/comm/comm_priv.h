/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* What this process keeps beside the inboxes, and what the files of this folder share. */

#ifndef COMM_PRIV_H
#define COMM_PRIV_H

#include <errno.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "comm.h"
#include "comm_layout.h"

/* Pointers are constant; what changes is home's. */
struct comm {
	struct comm_header *hdr;
	struct comm_inbox *inboxes; /* by node */
	struct comm_run *runs;      /* by index of the holder */
	struct comm_chunk *chunks;
	struct comm_ref *refs;
	struct comm_loan *loans;
	uint8_t *data;                 /* COMM_CHUNK bytes for each chunk */
	uint64_t open[COMM_SET_WORDS]; /* nodes that have an inbox */
	uint32_t free_chunk;
	uint32_t free_ref;
	uint32_t free_loan;
	uint32_t ready_first; /* nodes */
	uint32_t ready_last;
	uint32_t nb_ready;
	uint32_t freed_first; /* references to tell */
	uint32_t freed_last;
	struct comm_usage used;
};

static inline uint32_t
comm_node_of(uint32_t holder)
{
	return holder >> 16;
}

static inline bool
comm_is_open(const struct comm *c, uint32_t node)
{
	return node <= COMM_NODE_MAX && (c->open[node / 64] >> node % 64 & 1);
}

/* The inbox of a living holder, or NULL. */
static inline struct comm_inbox *
comm_inbox_of(const struct comm *c, uint32_t holder)
{
	uint32_t node = comm_node_of(holder);

	if (node == 0 || node > COMM_NODE_MAX || c->inboxes[node].holder != holder)
		return NULL;
	return &c->inboxes[node];
}

static inline struct comm_entry *
comm_head(const struct comm *c, const struct comm_inbox *ib)
{
	return (struct comm_entry *)(void *)(c->data + (size_t)ib->head * COMM_CHUNK +
					     ib->head_off);
}

/* The next message may go, as far as credit is concerned. */
static inline bool
comm_message_ready(const struct comm *c, const struct comm_inbox *ib)
{
	return ib->nb_messages != 0 &&
	       comm_head(c, ib)->size <= ib->window - (ib->handed - ib->consumed);
}

static inline bool
comm_has_some(const struct comm *c, const struct comm_inbox *ib)
{
	return ib->lines != 0 || comm_message_ready(c, ib);
}

/* table_create.c */
int comm_layout(struct comm_header *h, const struct comm_conf *conf);

/* ready.c: after whatever may have changed that there is something to deliver */
void comm_ready_change(struct comm *c, uint32_t node);

static inline void
comm_ready_update(struct comm *c, uint32_t node)
{
	const struct comm_inbox *ib = &c->inboxes[node];
	bool ready = ib->holder != 0 && !ib->loaded && comm_has_some(c, ib);

	if (ready != ib->is_ready)
		comm_ready_change(c, node);
}

/* queue.c: the messages of one inbox */
bool comm_queue_room(const struct comm *c, uint32_t node, uint32_t size, uint32_t *taken);
void *comm_queue_push(
	struct comm *c, uint32_t node, uint32_t size, uint32_t kind, uint32_t len, uint32_t from);
void comm_queue_pop(struct comm *c, uint32_t node);
void comm_queue_load(struct comm *c, uint32_t node);
void comm_queue_unload(struct comm *c, uint32_t node, bool arrived);
void comm_queue_init(struct comm *c, uint32_t node);
void comm_queue_drop(struct comm *c, uint32_t node);

/* ref.c: large messages and who has them */
uint32_t comm_ref_new(struct comm *c, uint64_t addr, uint64_t len, uint32_t sender);
uint64_t comm_loan_new(struct comm *c, uint32_t ref, uint32_t node);
void comm_loans_return(struct comm *c, uint32_t node, bool handed_only);

#endif /* COMM_PRIV_H */
