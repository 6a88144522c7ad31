/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * The messages of one inbox: a list of chunks, written at the tail and read at the head. An empty
 * inbox has its own chunk, from the start, and no other; so one that is emptied as fast as it is
 * filled uses the same cache lines over and over. The free list gives the chunk that was used last.
 */

#include "comm_priv.h"

/* Whether one more fits, when the call has taken so many shared chunks for others already. */
bool
comm_queue_room(const struct comm *c, uint32_t node, uint32_t size, uint32_t *taken)
{
	const struct comm_inbox *ib = &c->inboxes[node];

	if (ib->bytes + size > ib->bytes_limit)
		return false;
	if (likely(ib->tail_off + size <= COMM_CHUNK) || ib->own_free)
		return true;
	if (c->used.nb_chunks + *taken == c->hdr->nb_chunks)
		return false;
	(*taken)++;
	return true;
}

static uint32_t
chunk_get(struct comm *c, uint32_t node)
{
	struct comm_inbox *ib = &c->inboxes[node];
	uint32_t chunk = c->free_chunk;

	if (ib->own_free) {
		ib->own_free = 0;
		return node;
	}
	c->free_chunk = c->chunks[chunk].next;
	c->used.nb_chunks++;
	return chunk;
}

static void
chunk_put(struct comm *c, uint32_t node, uint32_t chunk)
{
	if (chunk == node) {
		c->inboxes[node].own_free = 1;
		return;
	}
	c->chunks[chunk].next = c->free_chunk;
	c->free_chunk = chunk;
	c->used.nb_chunks--;
}

static void
tail_advance(struct comm *c, uint32_t node)
{
	struct comm_inbox *ib = &c->inboxes[node];
	uint32_t chunk = chunk_get(c, node);

	c->chunks[ib->tail].next = chunk;
	c->chunks[ib->tail].end = ib->tail_off;
	/* All before it has been loaded. */
	if (ib->nb_messages == 0) {
		ib->head = chunk;
		ib->head_off = 0;
	}
	ib->tail = chunk;
	ib->tail_off = 0;
}

/* The caller has seen that there is room. Returns where the data goes. */
void *
comm_queue_push(
	struct comm *c, uint32_t node, uint32_t size, uint32_t kind, uint32_t len, uint32_t from)
{
	struct comm_inbox *ib = &c->inboxes[node];
	struct comm_entry *at;

	if (unlikely(ib->tail_off + size > COMM_CHUNK))
		tail_advance(c, node);
	at = (void *)(c->data + (size_t)ib->tail * COMM_CHUNK + ib->tail_off);
	at->size = size;
	at->len = len;
	at->from = from;
	at->kind = kind;
	ib->tail_off += size;
	ib->bytes += size;
	ib->nb_messages++;
	ib->received++;
	return at + 1;
}

/* Nothing is in it; its own chunk is in use. */
static void
rewind_to_own(struct comm *c, uint32_t node)
{
	struct comm_inbox *ib = &c->inboxes[node];

	if (unlikely(ib->tail != node)) {
		chunk_put(c, node, ib->tail);
		ib->own_free = 0;
	}
	ib->head = ib->tail = node;
	ib->head_off = ib->tail_off = 0;
}

/* Behind the first message. Returns whether its chunk has no other. */
static bool
head_advance(struct comm *c, struct comm_inbox *ib)
{
	const struct comm_chunk *chunk = &c->chunks[ib->head];

	ib->head_off += comm_head(c, ib)->size;
	if (ib->head == ib->tail || ib->head_off != chunk->end)
		return false;
	ib->head = chunk->next;
	ib->head_off = 0;
	return true;
}

void
comm_queue_pop(struct comm *c, uint32_t node)
{
	struct comm_inbox *ib = &c->inboxes[node];
	uint32_t chunk = ib->head;

	ib->bytes -= comm_head(c, ib)->size;
	if (--ib->nb_messages == 0)
		rewind_to_own(c, node);
	else if (head_advance(c, ib))
		chunk_put(c, node, chunk);
}

/* Behind the first message, which stays where it is. */
void
comm_queue_load(struct comm *c, uint32_t node)
{
	struct comm_inbox *ib = &c->inboxes[node];

	ib->loaded_bytes += comm_head(c, ib)->size;
	ib->loaded_messages++;
	ib->nb_messages--;
	head_advance(c, ib);
}

/* From that one on up to the head. */
static void
chunks_put(struct comm *c, uint32_t node, uint32_t chunk)
{
	uint32_t next;

	for (; chunk != c->inboxes[node].head; chunk = next) {
		next = c->chunks[chunk].next;
		chunk_put(c, node, chunk);
	}
}

static void
loaded_drop(struct comm *c, uint32_t node)
{
	struct comm_inbox *ib = &c->inboxes[node];

	ib->bytes -= ib->loaded_bytes;
	chunks_put(c, node, ib->first);
	if (ib->nb_messages == 0)
		rewind_to_own(c, node);
}

void
comm_queue_unload(struct comm *c, uint32_t node, bool arrived)
{
	struct comm_inbox *ib = &c->inboxes[node];

	if (ib->loaded_messages == 0)
		return;
	if (arrived) {
		loaded_drop(c, node);
	} else {
		ib->head = ib->first;
		ib->head_off = ib->first_off;
		ib->nb_messages += ib->loaded_messages;
	}
	ib->loaded_messages = ib->loaded_bytes = 0;
}

void
comm_queue_init(struct comm *c, uint32_t node)
{
	c->inboxes[node].head = c->inboxes[node].tail = node;
}

void
comm_queue_drop(struct comm *c, uint32_t node)
{
	struct comm_inbox *ib = &c->inboxes[node];
	uint32_t chunk = ib->loaded ? ib->first : ib->head;

	ib->head = ib->tail;
	chunks_put(c, node, chunk);
	ib->bytes = ib->nb_messages = 0;
	rewind_to_own(c, node);
}
