/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The inboxes as a whole: how they are laid out, made and let go. */

#include <stdlib.h>

#include "comm_priv.h"

#define POOL_MAX (1u << 20)

static uint64_t
place(struct comm_header *h, uint64_t n, size_t each)
{
	uint64_t off = h->len;

	h->len = RTE_ALIGN_CEIL(off + n * each, (uint64_t)64);
	return off;
}

int
comm_layout(struct comm_header *h, const struct comm_conf *conf)
{
	memset(h, 0, sizeof(*h));
	h->version = COMM_VERSION;
	h->size = sizeof(*h);
	h->len = sizeof(*h);
	h->nb_chunks = conf->nb_chunks != 0 ? conf->nb_chunks : 4096;
	h->nb_refs = conf->nb_refs != 0 ? conf->nb_refs : 4096;
	h->nb_loans = conf->nb_loans != 0 ? conf->nb_loans : 16384;
	if (h->nb_chunks > POOL_MAX || h->nb_refs > POOL_MAX || h->nb_loans > POOL_MAX)
		return -EINVAL;
	h->inboxes_off = place(h, COMM_NODES, sizeof(struct comm_inbox));
	h->runs_off = place(h, COMM_INDICES, sizeof(struct comm_run));
	h->chunks_off = place(h, COMM_NODES + h->nb_chunks, sizeof(struct comm_chunk));
	h->refs_off = place(h, h->nb_refs + 1, sizeof(struct comm_ref));
	h->loans_off = place(h, h->nb_loans + 1, sizeof(struct comm_loan));
	h->data_off = place(h, COMM_NODES + h->nb_chunks, COMM_CHUNK);
	return 0;
}

size_t
comm_table_size(const struct comm_conf *conf)
{
	struct comm_header h;

	return comm_layout(&h, conf) == 0 ? h.len : 0;
}

static struct comm *
map(void *zone)
{
	struct comm *c = calloc(1, sizeof(*c));
	struct comm_header *h = zone;
	uint8_t *z = zone;

	if (c == NULL)
		return NULL;
	c->hdr = h;
	c->inboxes = (struct comm_inbox *)(void *)(z + h->inboxes_off);
	c->runs = (struct comm_run *)(void *)(z + h->runs_off);
	c->chunks = (struct comm_chunk *)(void *)(z + h->chunks_off);
	c->refs = (struct comm_ref *)(void *)(z + h->refs_off);
	c->loans = (struct comm_loan *)(void *)(z + h->loans_off);
	c->data = z + h->data_off;
	return c;
}

static void
pools_init(struct comm *c, uint32_t generation)
{
	uint32_t i;

	for (i = COMM_NODES + c->hdr->nb_chunks - 1; i >= COMM_NODES; i--) {
		c->chunks[i].next = c->free_chunk;
		c->free_chunk = i;
	}
	for (i = c->hdr->nb_refs; i > 0; i--) {
		c->refs[i].next = c->free_ref;
		c->free_ref = i;
	}
	for (i = c->hdr->nb_loans; i > 0; i--) {
		c->loans[i].generation = generation;
		c->loans[i].next = c->free_loan;
		c->free_loan = i;
	}
}

struct comm *
comm_create(void *zone, size_t len, const struct comm_conf *conf, int *err)
{
	struct comm_header h;
	struct comm *c;

	*err = (uintptr_t)zone % 64 != 0 ? -EINVAL : comm_layout(&h, conf);
	if (*err == 0 && len < h.len)
		*err = -ENOSPC;
	if (*err != 0)
		return NULL;
	memset(zone, 0, h.data_off); /* chunks are written before they are read */
	memcpy(zone, &h, sizeof(h));
	c = map(zone);
	if (c == NULL) {
		*err = -ENOMEM;
		return NULL;
	}
	pools_init(c, conf->generation);
	__atomic_store_n(&c->hdr->magic, COMM_MAGIC, __ATOMIC_RELEASE);
	return c;
}

void
comm_detach(struct comm *c)
{
	free(c);
}

void
comm_usage(const struct comm *c, struct comm_usage *usage)
{
	*usage = c->used;
}
