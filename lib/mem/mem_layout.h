/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * What lies in the zones. Three kinds:
 *   <prefix>_mem         root: header, pool directory, owner sets
 *   <prefix>_p<id>       pool: header, extent table, names
 *   <prefix>_p<id>_x<n>  extent: data, ownership map, allocator
 * Offsets count from the start of the zone. "derived" marks what adoption computes anew.
 */

#ifndef MEM_LAYOUT_H
#define MEM_LAYOUT_H

#include <stddef.h>

#include "mem.h"

#define MEM_ROOT_MAGIC UINT64_C(0x746f6f722d6d6873)
#define MEM_POOL_MAGIC UINT64_C(0x6c6f6f702d6d6873)
#define MEM_EXT_MAGIC  UINT64_C(0x2d7478652d6d6873)
#define MEM_VERSION    7

/* Life of a directory entry, a pool or an extent. */
enum mem_state {
	MEM_STATE_NONE,
	MEM_STATE_MAKING, /* control is building it; adoption discards it */
	MEM_STATE_LIVE,
	MEM_STATE_LEAVING, /* out of use, zones still there; adoption discards it */
};

/* Two-choice hash table of 32-bit values: a line per bucket, see index.h. */
#define MEM_SLOTS 8
struct mem_bucket {
	uint32_t tag[MEM_SLOTS]; /* upper hash bits with bit 0 set; 0 is an empty slot */
	uint32_t val[MEM_SLOTS];
};
_Static_assert(sizeof(struct mem_bucket) == 64, "a bucket is a cache line");

struct mem_dirent {
	uint32_t state; /* control (release), home at destroy */
	uint32_t pad;
	char name[MEM_NAME_LEN]; /* control, before state */
};
_Static_assert(sizeof(struct mem_dirent) == 72, "layout");

enum mem_set_state {
	MEM_SET_UNUSED,
	MEM_SET_LIVE,
	MEM_SET_DYING, /* reclaim began, out of the index */
	MEM_SET_FIXED, /* built in, not counted */
};

struct mem_set_rec {
	uint64_t refs;      /* any worker, atomic add: granules in the maps + explicit ones */
	uint32_t state;     /* under set_lock, atomic */
	uint32_t next_free; /* under set_lock: id of the next unused record, 0 ends */
};
_Static_assert(sizeof(struct mem_set_rec) == 16, "layout");

struct mem_root {
	uint64_t magic; /* control, last of all (release) */
	uint32_t version;
	uint32_t size; /* of this structure */
	uint64_t len;  /* of the zone */
	uint64_t seed;
	uint32_t nb_pools; /* ids, from first_pool on */
	uint32_t max_nodes;
	uint32_t nb_sets; /* ids, built-in ones included */
	uint32_t set_shift;
	uint32_t set_buckets; /* power of two */
	uint32_t first_pool;
	uint64_t dir_off;
	uint64_t bits_off;
	uint64_t recs_off;
	uint64_t index_off; /* of the sets: derived */
	uint64_t identity;  /* mem_identity() */
	/* what changes has a line of its own; all above is constant once magic is there */
	uint32_t set_lock __attribute__((aligned(64))); /* any worker: 1 while interning */
	uint32_t set_free;                              /* under set_lock: derived */
};
_Static_assert(offsetof(struct mem_root, seed) == 24, "layout");
_Static_assert(offsetof(struct mem_root, dir_off) == 56, "layout");
_Static_assert(offsetof(struct mem_root, set_lock) == 128, "the lock has its own line");
_Static_assert(sizeof(struct mem_root) == 192, "layout");

/* Bytes of it that never change; the same of a pool. */
#define MEM_ROOT_CONSTANT (offsetof(struct mem_root, index_off) + sizeof(uint64_t))
#define MEM_POOL_CONSTANT (offsetof(struct mem_pool_hdr, len) + sizeof(uint64_t))

/* At the end of a pool's zone, if it has a quota: bytes that each node holds. Home. Derived. */
#define MEM_HELD_LEN (MEM_NODES_MAX * sizeof(uint64_t))

/* Size classes of holes: one per granule below 64, then SUB per power of two up to 2^31. */
#define MEM_SUB_LOG     2
#define MEM_SUB         (1u << MEM_SUB_LOG)
#define MEM_CLASSES     (63 + 26 * MEM_SUB)
#define MEM_CLASS_WORDS ((MEM_CLASSES + 63) / 64)
#define MEM_CHANGE_SETS 16 /* different owners in one change */
#define MEM_EXT_WORDS   (MEM_EXTENTS / 64)

struct mem_extent_rec {
	uint32_t state; /* control: NONE, MAKING. home: LIVE, LEAVING (release) */
	uint32_t first; /* page of the pool where it begins; control, before state */
	uint32_t pages; /* control, before state */
	uint32_t pad;
};
_Static_assert(sizeof(struct mem_extent_rec) == 16, "layout");

struct mem_name {
	uint64_t off; /* home, last: offset of the allocation + 1; 0 is unused */
	char name[MEM_NAME_LEN];
};
_Static_assert(sizeof(struct mem_name) == 72, "layout");

/*
 * A change of owners while the map is written: which set becomes which. Doing it again does no
 * harm, so whoever adopts the pool goes on with it. Home.
 */
struct mem_change {
	uint32_t going; /* last (release): all else holds */
	uint32_t n;     /* of the sets below; 0: whatever it was becomes now[0] */
	uint64_t addr, len;
	uint16_t old[MEM_CHANGE_SETS], now[MEM_CHANGE_SETS];
};
_Static_assert(sizeof(struct mem_change) == 88, "layout");

struct mem_pool_hdr {
	uint64_t magic; /* control, last */
	uint32_t version;
	uint32_t size; /* of this structure */
	char name[MEM_NAME_LEN];
	uint32_t granule_log;
	uint32_t span; /* pages of address space: twice max_size */
	uint64_t max_size;
	uint32_t max_names;
	uint32_t name_buckets; /* power of two */
	uint64_t names_off;
	uint64_t by_name_off; /* index of names by name: derived */
	uint64_t by_addr_off; /* index of names by allocation: derived */
	uint64_t stack_off;   /* stack of unused names: derived */
	uint64_t min_size;    /* the initial one; this and the next: policy.c */
	uint64_t grow_below;
	uint64_t grow_by;
	uint64_t shrink_above;
	uint64_t nodes; /* set of those that may use it; a reference */
	uint64_t quota; /* bytes of one node; 0: none, and then nothing is kept of it */
	uint64_t len;   /* of the zone; all above is constant once magic is there */

	/* Written by home, read by any thread (relaxed). Derived. */
	uint64_t used __attribute__((aligned(64))); /* bytes */
	uint64_t zeroing;
	uint64_t size_bytes;
	uint64_t nb_allocs;
	uint32_t nb_names;
	uint32_t nb_extents;
	uint32_t stack_top;
	uint32_t pad;

	/* Which classes have a hole, and in which extents. Home; the mask is read by any thread
	 * (relaxed). Derived. */
	uint64_t class_mask[MEM_CLASS_WORDS] __attribute__((aligned(64)));
	uint64_t zero_mask[MEM_EXT_WORDS]; /* extents with memory to be zeroed */
	uint64_t class_ext[MEM_CLASSES][MEM_EXT_WORDS];

	struct mem_change change __attribute__((aligned(64)));

	struct mem_extent_rec extents[MEM_EXTENTS];
};
_Static_assert(offsetof(struct mem_pool_hdr, max_size) == 88, "layout");
_Static_assert(offsetof(struct mem_pool_hdr, used) == 192, "statistics have their own line");
_Static_assert(offsetof(struct mem_pool_hdr, class_mask) == 256, "layout");
_Static_assert(sizeof(struct mem_pool_hdr) % 64 == 0, "layout");

/* What the allocator knows of 64 granules beside their bits: see hole.c. Home. Derived. */
struct mem_desc {
	uint32_t len;   /* of the chunk that starts here and holds our last granule */
	uint32_t start; /* of the hole that began earlier and ends here */
	uint32_t next;  /* start + 1 of what is zeroed after the chunk that starts here: zero.c */
};
_Static_assert(sizeof(struct mem_desc) == 12, "layout");

/* At ext_off in the extent's zone, behind the data. */
struct mem_extent_hdr {
	uint64_t magic; /* control, last */
	uint64_t len;   /* of the zone */
	uint32_t nb_granules;
	uint32_t used;       /* granules; home; derived */
	uint32_t zero_first; /* start + 1 of the first chunk to be zeroed; home; derived */
	uint32_t pad;
	uint64_t granule_off; /* uint16_t per granule: the map */
	uint64_t block_off;   /* uint16_t per 2 MiB: the map */
	uint64_t free_off;    /* bit per granule: free. Home */
	uint64_t start_off;   /* bit per granule, hierarchical: an allocation starts. Home */
	uint64_t mortal_off;  /* the same, of those that end with their owners. Home */
	uint64_t sent_off;    /* the same, of those that whoever adopts them frees. Home */
	uint64_t desc_off;    /* struct mem_desc per 64 granules */
	uint64_t class_off;   /* bit per 64 granules, hierarchical, for each class. Derived */
	uint64_t charge_off;  /* uint16_t per granule: see quota.c; nothing without a quota. Home */
};
_Static_assert(sizeof(struct mem_extent_hdr) == 104, "layout");

#endif /* MEM_LAYOUT_H */
