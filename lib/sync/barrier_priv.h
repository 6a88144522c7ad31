/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* What the files of barriers share. */

#ifndef BARRIER_PRIV_H
#define BARRIER_PRIV_H

#include "barrier.h"
#include "deadline.h"
#include "list.h"

/*
 * A barrier at which somebody waits. It is found by its id until it is complete, and lives until
 * the last of its waits was told or taken away. Every array has a place 0 that is never used, so
 * that index 0 means none.
 */
struct barrier_round {
	struct barrier_set set;
	struct barrier_set missing; /* of set, who has not entered */
	uint32_t id;
	uint32_t nb_missing;    /* 0: complete, in no chain, in the list of these */
	uint32_t next;          /* in the chain of its id; of an unused one: free list */
	struct sync_list waits; /* the oldest first */
	struct sync_link link;  /* in the list of complete ones */
};

struct barrier_wait {
	struct sync_due due;
	uint64_t cookie;
	uint32_t holder;
	uint32_t node;
	uint32_t round;
	uint32_t next; /* of an unused one: free list */
	struct sync_link by_round;
	struct sync_link by_holder;
	uint32_t pad[2];
};
_Static_assert(sizeof(struct barrier_wait) == 64, "a wait is a cache line");

/* What the holder with this index waits for. */
struct barrier_slot {
	uint32_t holder;
	uint32_t pad;
	struct sync_list waits;
};

/* All is home's. */
struct barrier {
	struct barrier_conf conf; /* with the defaults filled in */
	struct barrier_round *rounds;
	struct barrier_wait *waits;
	struct barrier_slot *slots;
	uint32_t *by_id; /* first rounds of chains */
	uint32_t mask;   /* of the hash of an id */
	uint32_t free_round;
	uint32_t free_wait;
	struct sync_list complete;
	struct sync_heap heap; /* of waits */
	struct barrier_usage used;
};

#endif /* BARRIER_PRIV_H */
