/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Records by (holder, lock), where the lock alone does not lead to them. */

#include <rte_jhash.h>

#include "record.h"

/* Chains count from 1 on: 0 is none. */
static uint32_t
chain_of(const struct sync *t, uint32_t holder, uint32_t lock)
{
	uint32_t hash = rte_jhash_2words(holder, lock, t->hdr->seed);

	return 1 + (hash & (t->hdr->record_buckets - 1));
}

uint32_t
sync_record_lookup(const struct sync *t, uint32_t holder, uint32_t lock)
{
	uint32_t r = t->by_record[chain_of(t, holder, lock) - 1];

	while (r != 0 && (t->records[r].holder != holder || t->records[r].lock != lock))
		r = t->records[r].hash_next;
	return r;
}

void
sync_record_hash(struct sync *t, uint32_t r)
{
	struct sync_record *rec = &t->records[r];
	uint32_t *first;

	rec->chain = chain_of(t, rec->holder, rec->lock);
	first = &t->by_record[rec->chain - 1];
	rec->hash_next = *first;
	*first = r;
}

void
sync_record_unhash(struct sync *t, uint32_t r)
{
	uint32_t *at = &t->by_record[t->records[r].chain - 1];

	while (*at != r)
		at = &t->records[*at].hash_next;
	*at = t->records[r].hash_next;
}
