/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * What lies in the table's memory. Every array has a place 0 that is never used, so that index 0
 * means none. All is written by home, and read by home, unless a field says otherwise. "derived"
 * marks what adoption computes anew.
 */

#ifndef SYNC_LAYOUT_H
#define SYNC_LAYOUT_H

#include "deadline.h"
#include "list.h"
#include "sync.h"

#define SYNC_MAGIC   UINT64_C(0x6b636f6c2d6d6873)
#define SYNC_VERSION 2

/* Lists that a record is in. */
enum {
	SYNC_BY_LOCK,   /* the lock's grants or queue */
	SYNC_BY_HOLDER, /* what the holder has or wants */
	SYNC_LINKS
};

struct sync_lock {
	uint64_t word;   /* token << 1 | held exclusively; written last (release), read by any */
	uint32_t holder; /* of an exclusive grant; written before word (release), read by any */
	uint32_t reserved;
	uint32_t died; /* 1: the next grant says so; written after died_holder */
	uint32_t died_holder;
	uint32_t nb_shared;      /* derived, as all below */
	uint32_t nb_records;     /* that name this lock, in whatever state */
	struct sync_list grants; /* KEPT and HELD; of a free id: its neighbours in the free list */
	struct sync_list queue;  /* WAITING */
	uint32_t nb_waiting;
	uint32_t name_next; /* in the chain of its hash bucket */
	uint32_t run_next;  /* in the list of locks to hand on */
	uint32_t runs;      /* 1: it is in that list */
};
_Static_assert(sizeof(struct sync_lock) == 64, "a lock is a cache line");
_Static_assert(offsetof(struct sync_lock, nb_shared) == 24, "layout");

/* One lock that one holder has or wants. */
struct sync_record {
	uint32_t state; /* enum sync_state, 0 is unused; written last */
	uint32_t lock;
	uint32_t holder;
	uint32_t mode;
	uint64_t token;
	uint32_t call;  /* that waits; derived, as all below */
	uint32_t chain; /* of (holder, lock), from 1 on; 0: it is in none */
	struct sync_link link[SYNC_LINKS];
	uint32_t hash_next; /* in that chain; of an unused one: free list */
	uint32_t pad[3];
};
_Static_assert(sizeof(struct sync_record) == 64, "a record is a cache line");

/* What the holder with this index has or wants. Derived. */
struct sync_slot {
	uint32_t holder; /* the last one that had any of them */
	uint32_t pad;
	struct sync_list records;
};
_Static_assert(sizeof(struct sync_slot) == 16, "layout");

/* A call that waits, or has ended and was not told. Derived. */
struct sync_call {
	struct sync_due due;
	uint64_t cookie;
	uint32_t holder;
	int32_t status;
	uint32_t next; /* free list; list of those to tell */
	uint32_t n;
	uint32_t pos; /* records before it are KEPT, this one is WAITING */
	uint32_t waits;
	uint32_t records[SYNC_CALL_MAX];
	uint32_t pad2[4];
};
_Static_assert(sizeof(struct sync_call) == 128, "two cache lines");

/* Constant once magic is there. */
struct sync_header {
	uint64_t magic; /* written last (release) */
	uint32_t version;
	uint32_t size; /* of this structure */
	uint64_t len;  /* of the table */
	uint32_t nb_locks;
	uint32_t nb_grants;
	uint32_t nb_calls;
	uint32_t nb_holders;
	uint32_t seed;
	uint32_t name_buckets; /* powers of two */
	uint32_t record_buckets;
	uint32_t pad;
	uint64_t locks_off;
	uint64_t names_off;
	uint64_t records_off;
	uint64_t slots_off;
	uint64_t calls_off;
	uint64_t heap_off;
	uint64_t by_name_off;
	uint64_t by_record_off;
	uint64_t pad2;
};
_Static_assert(sizeof(struct sync_header) == 128, "layout");

#endif /* SYNC_LAYOUT_H */
