/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* What this process keeps beside the table, and what the files of this folder share. */

#ifndef SYNC_PRIV_H
#define SYNC_PRIV_H

#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "sync.h"
#include "sync_layout.h"

/* Pointers are constant; what changes is home's, and begins at nothing in each process. */
struct sync {
	struct sync_header *hdr;
	struct sync_lock *locks;
	char (*names)[SYNC_NAME_LEN];
	struct sync_record *records;
	struct sync_slot *slots;
	struct sync_call *calls;
	uint32_t *by_name;
	uint32_t *by_record;
	struct sync_list free_locks;
	uint32_t free_record;
	uint32_t free_call;
	struct sync_heap heap; /* of calls that wait and have a deadline */
	struct sync_list run;  /* locks to hand on */
	struct sync_list tell; /* calls that have ended */
	struct sync_usage used;
};

/* Order of stores seen by whoever adopts the table after this process was killed in between. */
static inline void
sync_order(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* A reserved lock, or NULL. */
static inline struct sync_lock *
sync_lock_of(const struct sync *t, uint32_t id)
{
	if (id == 0 || id > t->hdr->nb_locks || !t->locks[id].reserved)
		return NULL;
	return &t->locks[id];
}

static inline bool
sync_is_exclusive(const struct sync_lock *l)
{
	return l->word & 1;
}

static inline void
sync_mark_died(struct sync_lock *l, uint32_t holder)
{
	l->died_holder = holder;
	sync_order();
	l->died = 1;
}

/* table_create.c */
int sync_layout(struct sync_header *h, const struct sync_conf *conf);
struct sync *sync_map(void *zone);
void sync_pools_init(struct sync *t);

/* names.c */
void sync_name_enter(struct sync *t, uint32_t id);
void sync_free_lock(struct sync *t, uint32_t id);

/* wait.c: calls that wait */
uint32_t sync_call_new(struct sync *t, uint64_t deadline, uint64_t cookie);
void sync_call_advance(struct sync *t, uint32_t c);
void sync_call_end(struct sync *t, uint32_t c, int status);

#endif /* SYNC_PRIV_H */
