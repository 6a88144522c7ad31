/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The table as a whole: how it is laid out, made and let go. */

#include <stdlib.h>

#include "sync_priv.h"

static uint64_t
place(struct sync_header *h, uint64_t n, size_t each)
{
	uint64_t off = h->len;

	h->len = RTE_ALIGN_CEIL(off + n * each, (uint64_t)64);
	return off;
}

int
sync_layout(struct sync_header *h, const struct sync_conf *conf)
{
	memset(h, 0, sizeof(*h));
	h->version = SYNC_VERSION;
	h->size = sizeof(*h);
	h->len = sizeof(*h);
	h->nb_locks = conf->nb_locks != 0 ? conf->nb_locks : 65536;
	h->nb_grants = conf->nb_grants != 0 ? conf->nb_grants : h->nb_locks;
	h->nb_calls = conf->nb_calls != 0 ? conf->nb_calls : 4096;
	h->nb_holders = conf->nb_holders != 0 ? conf->nb_holders : SYNC_HOLDERS_MAX;
	h->seed = conf->seed;
	if (h->nb_locks > SYNC_LOCKS_MAX || h->nb_grants > SYNC_LOCKS_MAX ||
		h->nb_calls > SYNC_LOCKS_MAX || h->nb_holders > SYNC_HOLDERS_MAX)
		return -EINVAL;
	h->name_buckets = rte_align32pow2(h->nb_locks);
	h->record_buckets = rte_align32pow2(h->nb_grants);
	h->locks_off = place(h, h->nb_locks + 1, sizeof(struct sync_lock));
	h->names_off = place(h, h->nb_locks + 1, SYNC_NAME_LEN);
	h->records_off = place(h, h->nb_grants + 1, sizeof(struct sync_record));
	h->slots_off = place(h, h->nb_holders + 1, sizeof(struct sync_slot));
	h->calls_off = place(h, h->nb_calls + 1, sizeof(struct sync_call));
	h->heap_off = place(h, h->nb_calls + 1, sizeof(uint32_t));
	h->by_name_off = place(h, h->name_buckets, sizeof(uint32_t));
	h->by_record_off = place(h, h->record_buckets, sizeof(uint32_t));
	return 0;
}

size_t
sync_table_size(const struct sync_conf *conf)
{
	struct sync_header h;

	return sync_layout(&h, conf) == 0 ? h.len : 0;
}

/* The handle of a table whose header is sound. */
struct sync *
sync_map(void *zone)
{
	struct sync *t = calloc(1, sizeof(*t));
	struct sync_header *h = zone;
	uint8_t *z = zone;

	if (t == NULL)
		return NULL;
	t->hdr = h;
	t->locks = (struct sync_lock *)(void *)(z + h->locks_off);
	t->names = (char(*)[SYNC_NAME_LEN])(void *)(z + h->names_off);
	t->records = (struct sync_record *)(void *)(z + h->records_off);
	t->slots = (struct sync_slot *)(void *)(z + h->slots_off);
	t->calls = (struct sync_call *)(void *)(z + h->calls_off);
	t->heap.elements = t->calls;
	t->heap.stride = sizeof(*t->calls);
	t->heap.places = (uint32_t *)(void *)(z + h->heap_off);
	t->by_name = (uint32_t *)(void *)(z + h->by_name_off);
	t->by_record = (uint32_t *)(void *)(z + h->by_record_off);
	return t;
}

/* Nobody has or wants anything: all records, holders and calls are unused. */
void
sync_pools_init(struct sync *t)
{
	const struct sync_header *h = t->hdr;
	uint32_t i;

	memset(t->slots, 0, (h->nb_holders + 1) * sizeof(*t->slots));
	memset(t->calls, 0, (h->nb_calls + 1) * sizeof(*t->calls));
	memset(t->by_name, 0, h->name_buckets * sizeof(*t->by_name));
	memset(t->by_record, 0, h->record_buckets * sizeof(*t->by_record));
	for (i = h->nb_grants; i > 0; i--) {
		memset(&t->records[i], 0, sizeof(t->records[i]));
		t->records[i].hash_next = t->free_record;
		t->free_record = i;
	}
	for (i = h->nb_calls; i > 0; i--) {
		t->calls[i].next = t->free_call;
		t->free_call = i;
	}
}

struct sync *
sync_create(void *zone, size_t len, const struct sync_conf *conf, int *err)
{
	struct sync_header h;
	struct sync *t;
	uint32_t i;

	*err = (uintptr_t)zone % 64 != 0 ? -EINVAL : sync_layout(&h, conf);
	if (*err == 0 && len < h.len)
		*err = -ENOSPC;
	if (*err != 0)
		return NULL;
	memset(zone, 0, h.len);
	memcpy(zone, &h, sizeof(h));
	t = sync_map(zone);
	if (t == NULL) {
		*err = -ENOMEM;
		return NULL;
	}
	sync_pools_init(t);
	for (i = 1; i <= h.nb_locks; i++)
		sync_free_lock(t, i);
	__atomic_store_n(&t->hdr->magic, SYNC_MAGIC, __ATOMIC_RELEASE);
	return t;
}

uint32_t
sync_last_lock(const struct sync *t)
{
	return t->hdr->nb_locks;
}

void
sync_detach(struct sync *t)
{
	free(t);
}

void
sync_usage(const struct sync *t, struct sync_usage *usage)
{
	*usage = t->used;
}
