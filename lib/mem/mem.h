/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * The memory of a memory node: pools made of extents, an allocator, an ownership map, names and
 * owner sets. Knows nothing of packets. Everything that must outlive the process lies in zones
 * taken from a provider (rte_memzone in the server) and holds offsets only, so that another
 * process can adopt it at other virtual addresses: see mem_attach().
 *
 * Threads
 *   any worker   mem_access() and mem_own_check(): lock-free, see mem_access.h
 *   home         the one worker a pool belongs to: every call marked [home] for that pool
 *   control      one slow thread per process: every call marked [control]
 *   any          calls that are safe from every thread
 *
 * Reclaim waits for the quiescence of all workers. The library does not wait: it offers a begin
 * and an end, and the caller puts a grace period (rte_rcu_qsbr) between them. mem_free() and its
 * like do both at once, for a process with a single worker.
 *
 * Functions return 0 or a negative errno, and set their outputs only when they return 0.
 */

#ifndef MEM_H
#define MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEM_NAME_LEN  64   /* pool and allocation names, with the final NUL */
#define MEM_ZONE_LEN  32   /* zone names, as RTE_MEMZONE_NAMESIZE */
#define MEM_NODES_MAX 1024 /* node ids are 1 .. max_nodes - 1; 0 is the memory node itself */
#define MEM_EXTENTS   256  /* extents of one pool */
#define MEM_PAGE_LOG  21   /* unit of translation, of extents and of the map: 2 MiB */
#define MEM_PAGE_SIZE (1u << MEM_PAGE_LOG)

/*
 * An address is valid on every node and between restarts: pool id in the upper 16 bits, offset in
 * the lower 48. No pool has id 0, so 0 is never an address.
 */
#define MEM_OFF_BITS 48
#define MEM_OFF_MASK ((UINT64_C(1) << MEM_OFF_BITS) - 1)

static inline uint16_t
mem_addr_pool(uint64_t addr)
{
	return (uint16_t)(addr >> MEM_OFF_BITS);
}

static inline uint64_t
mem_addr_off(uint64_t addr)
{
	return addr & MEM_OFF_MASK;
}

static inline uint64_t
mem_addr(uint16_t pool, uint64_t off)
{
	return (uint64_t)pool << MEM_OFF_BITS | off;
}

/*
 * Ids of pools of several memory nodes meet at their clients, so no two nodes may give out the
 * same. Unless told otherwise, memory node n, 1 to 1023, has these.
 */
#define MEM_NODE_POOLS 64

static inline uint16_t
mem_node_first_pool(uint16_t node)
{
	return (uint16_t)((node - 1) * MEM_NODE_POOLS + 1);
}

/* Owner sets with a meaning of their own. Nobody owns free memory, so every access is refused. */
#define MEM_SET_FREE     0
#define MEM_SET_EVERYONE 1

/*
 * Where zones come from. Names are shorter than MEM_ZONE_LEN. A zone need not be zeroed. All are
 * called by the control thread only.
 */
struct mem_provider {
	void *ctx;
	/* A new zone; -EEXIST when the name is taken, -ENOMEM. */
	int (*reserve)(void *ctx, const char *name, size_t len, size_t align, void **va);
	/* A zone that exists, in this or in another process; -ENOENT, -EBADMSG: damaged. */
	int (*lookup)(void *ctx, const char *name, void **va, size_t *len);
	/* NULL for one that may not be mapped here. -ENOENT there is none of that name, there. */
	int (*release)(void *ctx, const char *name, void *va);
};

/* Zones are memzones on this NUMA socket (or SOCKET_ID_ANY). */
struct mem_provider mem_provider_memzone(int socket);

/*
 * Zones are files of this directory, for whoever comes after this process: mem_attach(). It is made
 * if it is not there, and best lies on hugetlbfs or tmpfs. All pages of a zone are taken when it is
 * made or found, or there is an error: none is missing later. One process at a time: the directory
 * is locked, and the lock goes with the process. Links in it are not followed. NULL and *err on
 * failure: -EBUSY another has it, -ENOMEM, what mkdir() and open() say.
 */
struct mem_provider *mem_provider_files_create(const char *path, int *err);
/* Whether there is any file whose name begins like this. -errno */
int mem_provider_files_any(const struct mem_provider *prov, const char *prefix);
/* Unmaps the zones, after mem_detach(). The files stay. NULL is allowed. */
void mem_provider_files_destroy(struct mem_provider *prov);

/*
 * Zones are aligned blocks of the C heap, kept in a table of this process: for tests, and for
 * programs without EAL. NULL when out of memory.
 */
struct mem_provider *mem_provider_heap_create(void);
/* A second table with a copy of every zone, at other addresses. */
struct mem_provider *mem_provider_heap_clone(const struct mem_provider *from);
/* Frees the table and the zones still in it. */
void mem_provider_heap_destroy(struct mem_provider *prov);
unsigned int mem_provider_heap_count(const struct mem_provider *prov);
/* The n-th reserve from now fails with -ENOMEM, once; 0 disarms. */
void mem_provider_heap_fail(struct mem_provider *prov, unsigned int nth);

struct mem;

struct mem_conf {
	const char *prefix;           /* of zone names, at most 15 bytes; NULL is "shmx" */
	uint32_t first_pool;          /* lowest id of a pool; 0 is 1 */
	uint32_t last_pool;           /* highest, at most 65535; 0 is first_pool + 63 */
	uint32_t max_nodes;           /* node ids 1 .. max_nodes - 1; 0 is 256 */
	uint32_t max_sets;            /* interned sets beside the built-in ones; 0 is 4096 */
	uint64_t seed;                /* keys the hashes of names and sets; 0 takes the clock */
	struct mem_provider provider; /* copied */
};

/* [control] Lays out a new root zone. NULL and *err on failure. */
struct mem *mem_create(const struct mem_conf *conf, int *err);

enum mem_attach_mode {
	/*
	 * Become the owner of zones whose owner is gone, wherever it died: what was half done is
	 * finished or undone, and all that can be derived is derived anew. Explicit references to
	 * sets are dropped, those of the map stay.
	 */
	MEM_ATTACH_ADOPT,
	/*
	 * Look at the memory of a live owner. Only mem_access() and calls marked [view] are
	 * allowed; nothing is written. mem_refresh() follows pools and extents that come and go.
	 */
	MEM_ATTACH_VIEW,
};

/*
 * [control] Finds the zones of an earlier mem_create() by conf->prefix; pool ids and sizes in conf
 * are ignored, those of the zone hold: its pools keep their ids, and new ones get ids beside them.
 * -ENOENT without a root zone, or with one that its owner was still making or already taking apart,
 * which who adopts releases; -EPROTO when its magic, version or layout differ, -EBADMSG when it
 * is damaged; or what the provider says of a zone.
 */
struct mem *mem_attach(const struct mem_conf *conf, enum mem_attach_mode mode, int *err);

/*
 * [any] [view] A number that was chosen when this memory was created, and stays with it from one
 * process to the next: not 0, 48 bits.
 */
#define MEM_IDENTITY_MAX ((UINT64_C(1) << 48) - 1)
uint64_t mem_identity(const struct mem *m);

/* [any] [view] The ids that pools of this memory have or may get. */
uint16_t mem_first_pool(const struct mem *m);
uint16_t mem_last_pool(const struct mem *m);

/*
 * [view] [control] Maps what the owner added and unmaps what it took away since. The caller's
 * workers must be outside of mem_access().
 */
int mem_refresh(struct mem *m);

/* [control] Frees what is private to this process; the zones stay for mem_attach(). */
void mem_detach(struct mem *m);

/* [control] Releases every zone (a view: none) and detaches. */
void mem_destroy(struct mem *m);

/*
 * Pools
 */

struct mem_pool_params {
	char name[MEM_NAME_LEN];
	uint64_t size;        /* initial, rounded up to 2 MiB; 0 makes an empty pool */
	uint64_t max_size;    /* growth limit; 0 is size; below 2^46 */
	uint32_t granule;     /* unit of ownership: a power of two 64 .. 32768; 0 is 64 */
	uint64_t extent_size; /* initial size is cut in extents of this; 0 is as few as can be, of
	                         2^31 granules at most */
	uint32_t max_names;   /* named allocations; 0 is 1024, at most 2^20 */
	/* How it changes by itself, for mem_pool_wants(); bytes, grow_by rounded up to 2 MiB */
	uint64_t grow_below;   /* with less free, it is to grow; 0 is never */
	uint64_t grow_by;      /* by so much, up to max_size; 0 with grow_below only */
	uint64_t shrink_above; /* with more free, it is to shrink; at least both together; 0 is
	                          never */
	uint16_t nodes; /* set of those that may use it, which the caller holds; 0: everyone */
	uint64_t quota; /* bytes that one node may hold, rounded up to granules; 0: no limit */
};

struct mem_pool_stat {
	char name[MEM_NAME_LEN];
	uint16_t id;
	uint32_t granule;
	uint32_t nb_extents;
	uint64_t size;                                     /* bytes in attached extents */
	uint64_t max_size;                                 /* growth limit */
	uint64_t grow_below, grow_by, shrink_above, quota; /* as it was made, rounded */
	uint64_t used;    /* allocated, or freed and not yet ended */
	uint64_t free;    /* can be allocated now, in some number of pieces */
	uint64_t zeroing; /* freed, and waiting for mem_zero_step() */
	/*
	 * One allocation of this many bytes would succeed. Exact while at most 32 holes share the
	 * top size class, else at most a fifth too small.
	 */
	uint64_t largest_free;
	uint64_t nb_allocs; /* live */
	uint64_t nb_names;
};

/*
 * [control] Creates and publishes a pool with id_hint, or the lowest free id when it is 0. -EEXIST
 * when the name or the id is taken, -EINVAL, also for an id that is not this memory's,
 * -ENAMETOOLONG, -ENOSPC when all ids are taken, -ENOMEM. The memory is zeroed here: this takes its
 * time. Also -EINVAL: grow_below without grow_by or the reverse, either without a max_size to grow
 * to, a shrink_above less than their sum, nodes that are no set, a quota of 2^46 and more once it
 * is rounded up.
 */
int mem_pool_create(
	struct mem *m, const struct mem_pool_params *params, uint16_t id_hint, uint16_t *id);

/*
 * [home] Unpublishes: accesses and [home] calls answer -ENOENT from now on. -EBUSY while
 * allocations live, unless forced.
 */
int mem_pool_destroy_begin(struct mem *m, uint16_t pool, bool force);
/*
 * [control] After quiescence: releases the zones. -EIO: the pool has gone, but not all of them, and
 * nobody gets its id before the next process, which tries again.
 */
int mem_pool_destroy_end(struct mem *m, uint16_t pool);

/* [any] [view] -ENOENT. Compares at most a name for each id. */
int mem_pool_lookup(const struct mem *m, const char *name, uint16_t *id);
/* [any] [view] Whether there is a pool with this id, of which nobody has begun to make an end. */
bool mem_pool_exists(const struct mem *m, uint16_t pool);
/* [any] [view] Writes up to n ids from first on, ascending, and returns how many. */
uint32_t mem_pool_list(const struct mem *m, uint16_t first, uint16_t *ids, uint32_t n);
/*
 * [any] [view] The set of nodes that may use a pool; everyone where there is no such pool, for
 * what is asked of it says -ENOENT. The library tells, and whoever makes allocations or changes
 * their owners sees to it that none belongs to other nodes. The pool must not be released
 * meanwhile.
 */
uint16_t mem_pool_nodes(const struct mem *m, uint16_t pool);
/*
 * [any] [view] Bytes that a node holds of a pool with a quota: in live allocations that it has
 * made, whoever owns them. 0 without a quota, and where there is no such pool or node. The pool
 * must not be released meanwhile.
 */
uint64_t mem_pool_held(const struct mem *m, uint16_t pool, uint16_t node);
/* [any] [view] Likewise: the first node from that one on that holds any. MEM_NODES_MAX: none. */
uint16_t mem_pool_holder(const struct mem *m, uint16_t pool, uint16_t from);
/* [home] The search for the largest hole must not meet a change. -ENOENT */
int mem_pool_stat(const struct mem *m, uint16_t pool, struct mem_pool_stat *st);
/*
 * [any] [view] The same from single words that home keeps: each is of now, together they may be of
 * before and after a change. largest_free is exact below 64 granules, else up to a fifth too
 * small. The pool must not be released meanwhile: between two quiescent states of the caller, or
 * on the control thread.
 */
int mem_pool_peek(const struct mem *m, uint16_t pool, struct mem_pool_stat *st);

/*
 * Extents: growing and shrinking under load. The handle is a plain value; send it from the
 * control thread to the home thread and back in a message.
 */

struct mem_extent {
	uint16_t pool;
	uint16_t index;
	uint32_t pages; /* of 2 MiB */
};

/*
 * [control] Reserves, zeroes and lays out an extent. -EINVAL for 0 or more than 2^31 granules,
 * -E2BIG above max_size, -ENOSPC when the pool has all its extents or no gap in its offsets is
 * long enough (they span twice max_size), -ENOMEM.
 */
int mem_extent_prepare(struct mem *m, uint16_t pool, uint64_t len, struct mem_extent *x);
/*
 * [home] From now on its memory is allocated. Costs two stores per 2 MiB. -ENOENT when the pool's
 * destruction has begun: the extent then goes with the pool, or by mem_extent_release().
 */
int mem_extent_attach(struct mem *m, const struct mem_extent *x);
/*
 * [home] Takes the largest wholly free extent of at most max_len bytes out of the pool; call again
 * for more. -EBUSY when none is free, -EAGAIN when one will be after mem_zero_step().
 */
int mem_extent_detach(struct mem *m, uint16_t pool, uint64_t max_len, struct mem_extent *x);
/*
 * [control] After quiescence, or for a prepared extent that was never attached. What the provider
 * says: the extent has gone, but its zone remains, until the next process tries again.
 */
int mem_extent_release(struct mem *m, const struct mem_extent *x);

/*
 * Policy: what a pool was told at its creation to do by itself. The library only says what is due;
 * the caller does it as if asked by hand.
 */

enum mem_want {
	MEM_WANT_NOTHING,
	MEM_WANT_GROW,   /* by an extent of *len bytes */
	MEM_WANT_SHRINK, /* by a wholly free extent of at most *len bytes */
};

/*
 * [control] What is due now. Growing waits for an extent that is prepared and not attached yet. A
 * pool that shrinks keeps its initial size, and as much free as if it had just grown; so between
 * growing and shrinking lies at least grow_by of allocating or freeing.
 */
enum mem_want mem_pool_wants(const struct mem *m, uint16_t pool, uint64_t *len);
/*
 * [any] By how many bytes it may grow for an allocation of len that does not fit; 0: it may not.
 * The pool must not be released meanwhile.
 */
uint64_t mem_pool_growth(const struct mem *m, uint16_t pool, uint64_t len);
/* [control] Whether an extent is prepared and neither attached nor released yet. */
bool mem_extent_coming(const struct mem *m, uint16_t pool);

/*
 * Allocations
 */

#define MEM_ALIGN_NATURAL UINT64_MAX /* the next power of two of len, at most 2 MiB */

struct mem_alloc_req {
	uint64_t len;   /* rounded up to granules */
	uint64_t align; /* 0 is the granule, or a power of two up to 2 MiB, or MEM_ALIGN_NATURAL */
	const char *name; /* may be NULL */
	uint16_t pool;
	uint16_t set;  /* owners; the caller holds a reference during the call */
	uint16_t node; /* who asks; 0: the memory node, which has no quota */
	/*
	 * It ends with its owners: mem_mortal_next() finds it, and whoever knows which nodes are
	 * there frees it. Stays so when it changes hands or length. Not with everyone.
	 */
	bool mortal;
};

/*
 * [home] Contiguous memory, reading as zeros. Where the pool has a quota it is charged to the node,
 * whoever owns it, until it is freed.
 * -ENOENT no such pool; -EINVAL len, align, set, an empty name, or a node that cannot be;
 * -ENAMETOOLONG; -EEXIST name; -EDQUOT the node would hold more than the quota; -ENOSPC no room for
 * another name; -ENOMEM; -EAGAIN would fit, perhaps, once mem_zero_step() has cleared what was
 * freed.
 */
int mem_alloc_for(struct mem *m, const struct mem_alloc_req *req, uint64_t *addr);

/* [home] The same for the memory node. */
int mem_alloc(struct mem *m, uint16_t pool, uint64_t len, uint64_t align, uint16_t set,
	const char *name, uint64_t *addr);

/* What a begin hands to its end: a plain value. len 0 has nothing to end. */
struct mem_freed {
	uint64_t addr;
	uint64_t len;
	uint64_t at_once; /* bytes that the end zeroes: all of len, or none */
};

/*
 * [home] From now on accesses are refused with -ESTALE, the name is gone, and nobody is charged.
 * -EINVAL for an address off the granule, -ENOENT when no live allocation starts there, -EPERM when
 * by_node does not own all of it. by_node 0, the memory node, owns everything.
 */
int mem_free_begin(struct mem *m, uint64_t addr, uint16_t by_node, struct mem_freed *f);
/*
 * [home] After quiescence: gives the memory back. Up to 64 KiB, or 63 granules where those are
 * more, are zeroed here; a larger piece is queued for mem_zero_step(), and free afterwards.
 */
int mem_free_end(struct mem *m, const struct mem_freed *f);
int mem_free(struct mem *m, uint64_t addr, uint16_t by_node);

/*
 * [home] The allocation is on its way to new owners, and only this process knows when to free it:
 * whoever adopts the pool does that at once, whoever owns it then. Or it is not any more. Set the
 * mark before the owners change, and clear it after they have changed back. Errors as
 * mem_free_begin().
 */
int mem_sent_set(struct mem *m, uint64_t addr, bool sent);

/*
 * [home] Zeroes up to about budget bytes of freed memory (at least one slice of 64 to 127 granules)
 * and returns how many it zeroed; 0 when nothing waits. Call it when idle, and for an allocation
 * that said -EAGAIN.
 */
uint64_t mem_zero_step(struct mem *m, uint16_t pool, uint64_t budget);

/*
 * [home] Changes the length in place: shrinking always works, growing when enough memory behind it
 * is free, else -ENOMEM, or -EAGAIN as in mem_alloc_for(), and nothing changed; there is no moving.
 * New bytes are zero and belong to the owners of the last granule. The difference is charged to
 * whoever made the allocation: -EDQUOT. Errors as mem_free_begin() and mem_alloc_for().
 * What a shrink cuts off is refused at once, and given back by mem_free_end(tail) after
 * quiescence; a NULL tail does that inside.
 */
int mem_resize(
	struct mem *m, uint64_t addr, uint64_t len, uint16_t by_node, struct mem_freed *tail);

struct mem_alloc_info {
	uint64_t addr;
	uint64_t len;            /* rounded up to granules */
	uint16_t set;            /* of the first granule */
	uint16_t node;           /* who made it; 0 also where the pool has no quota */
	bool mortal;             /* ends with its owners */
	char name[MEM_NAME_LEN]; /* "" without */
};

/* [home] -ENOENT */
int mem_alloc_lookup(
	const struct mem *m, uint16_t pool, const char *name, uint64_t *addr, uint64_t *len);
/* [home] The allocation that starts at addr; errors as mem_free_begin(). */
int mem_alloc_info(const struct mem *m, uint64_t addr, struct mem_alloc_info *info);
/* [home] Bytes of the live allocation that starts at addr; 0: there is none. */
uint64_t mem_alloc_len(const struct mem *m, uint64_t addr);
/* [home] The live allocation that contains addr, which need not be aligned; -ENOENT. */
int mem_alloc_find(const struct mem *m, uint64_t addr, struct mem_alloc_info *info);
/*
 * [home] The first live allocation that starts at or behind addr, in the same pool: for walking
 * through a pool, a bounded step at a time; -ENOENT at the end, -EAGAIN when the step ended
 * without finding one: go on from info->addr, which alone is set then.
 */
int mem_alloc_next(const struct mem *m, uint64_t addr, struct mem_alloc_info *info);
/*
 * [home] Likewise for those that end with their owners alone; others cost nothing. -EAGAIN after
 * one extent without any.
 */
int mem_mortal_next(const struct mem *m, uint64_t addr, struct mem_alloc_info *info);

/*
 * Ownership
 */

/*
 * [home] The owners of the granule at addr, and how many of the len bytes from there on, at least a
 * granule, have the same. Both granule-aligned: -EINVAL; -ENOENT outside of every extent. The set
 * may be MEM_SET_FREE. Looks at an entry for each whole 2 MiB block.
 */
int mem_own_run(const struct mem *m, uint64_t addr, uint64_t len, uint16_t *set, uint64_t *run);

enum mem_own_how {
	MEM_OWN_SET,  /* nodes own the range from now on, whoever did before */
	MEM_OWN_ADD,  /* nodes own it, too */
	MEM_OWN_DROP, /* nodes do not own it any more; somebody has to: -EINVAL */
	MEM_OWN_MOVE, /* nodes own what belonged to exactly the set from: else -EPERM */
};

#define MEM_OWN_RUNS 4096

/*
 * [home] Changes who owns [addr, addr + len), which may be part of an allocation or span several
 * that lie side by side: all of it, or nothing. -EINVAL alignment, length or set; -ENOENT no such
 * memory; -EFAULT leaves the extents; -ESTALE not allocated; -ENOSPC no id for a new set. ADD and
 * DROP look at each run of equal owners: -EMSGSIZE for more than MEM_OWN_RUNS of them, or for more
 * than 16 different sets. Writes one entry per whole 2 MiB block, one per granule at the ends. The
 * caller holds a reference to the sets during the call, has checked that the requester may
 * (mem_own_check()), and lets a grace period pass before it tells the new owner.
 */
int mem_own_change(struct mem *m, uint64_t addr, uint64_t len, enum mem_own_how how, uint16_t nodes,
	uint16_t from);
/* [home] The same; tells how many runs of equal owners it met, also when it fails. */
int mem_own_change_runs(struct mem *m, uint64_t addr, uint64_t len, enum mem_own_how how,
	uint16_t nodes, uint16_t from, uint32_t *runs);
/* [home] The same with MEM_OWN_SET. */
int mem_own_set(struct mem *m, uint64_t addr, uint64_t len, uint16_t set);
/*
 * [home] Bytes of the map that these calls read for a range, as far as it lies in one extent: two
 * for each granule of a block that has had several owners, eight for any other.
 */
uint64_t mem_own_bytes(const struct mem *m, uint64_t addr, uint64_t len);
/* [any] [view] 0 when node owns all of the range; errors as mem_access(), any length. */
int mem_own_check(const struct mem *m, uint64_t addr, uint64_t len, uint16_t node);

/*
 * Owner sets: sets of nodes with a small id. Equal sets have equal ids. Ids of everyone and of
 * single nodes are built in and need no references. The memory node, 0, is in every set but
 * MEM_SET_FREE.
 */

/*
 * [any] Bit n of the bitmap is node n; bit 0 is ignored. Takes a reference. -EINVAL for the empty
 * set and for nodes from max_nodes on, -ENOSPC when all ids are taken: mem_set_reclaim_begin().
 */
int mem_set_intern(struct mem *m, const uint64_t *bitmap, uint32_t nwords, uint16_t *id);
/* [any] One more reference to a set that is held already. -EINVAL */
int mem_set_hold(struct mem *m, uint16_t id);
/* [any] -EINVAL when there is no such set or no reference. */
int mem_set_release(struct mem *m, uint16_t id);
/* [any] [view] The built-in set of one node, 1 .. max_nodes - 1. -EINVAL */
int mem_set_of_node(const struct mem *m, uint16_t node, uint16_t *id);
/* [any] [view] */
bool mem_set_has(const struct mem *m, uint16_t id, uint16_t node);
/* [any] [view] Whether each node of a set is in the other one, too. */
bool mem_set_within(const struct mem *m, uint16_t id, uint16_t other);
/* [any] [view] Writes min(nwords, set words) words, zero-fills the rest. -EINVAL */
int mem_set_bitmap(const struct mem *m, uint16_t id, uint64_t *bitmap, uint32_t nwords);
/*
 * [control] Ids of sets that nobody refers to, map included, are used again only by this pair, with
 * a grace period between them, because a worker may still be checking an old map entry. Begin
 * returns how many there are, end how many were freed.
 */
uint32_t mem_set_reclaim_begin(struct mem *m);
uint32_t mem_set_reclaim_end(struct mem *m);

#endif /* MEM_H */
