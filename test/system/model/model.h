/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

/**
 * @file
 * The reference model of pools that nodes share: for each granule to which allocation it belongs,
 * who owns it and what was written there last. Plain arrays, and nothing of lib/mem.
 */

#include <stdbool.h>
#include <stdint.h>

#define NODES 16
#define POOLS 4
#define NAMES 512 /* in each pool */

/* Owners are a bit for each of the nodes, and one for all other nodes that could be. */
#define REST     (1u << NODES)
#define OURS     (REST - 1)
#define EVERYONE (REST | OURS)

#define RUNS_MAX 4096 /* that ADD and DROP look at */
#define SETS_MAX 16   /* that a change may meet */

enum how {
	HOW_SET,
	HOW_ADD,
	HOW_DROP,
	HOW_MOVE,
	HOW_EVERYONE,
	HOW_SELF,
};

struct cell {
	uint32_t alloc;   /* its number; 0: free */
	uint32_t owners;  /* 0 when free */
	uint32_t version; /* of its contents; 0: zeros */
};

struct alloc {
	uint32_t pool;
	uint32_t g, n; /* first granule, and how many */
	uint32_t name; /* from 1 on; 0: none */
	uint32_t at;   /* in the list of those that live */
};

struct mpool {
	char name[8];
	uint32_t id;
	uint32_t granule; /* bytes */
	uint32_t nb;      /* granules */
	uint32_t used;    /* of these */
	uint32_t allocs;
	uint32_t names;
	uint32_t named[NAMES + 1]; /* allocation, by name */
	struct cell *cell;
};

struct model {
	uint64_t seed;
	uint32_t version; /* of what was written last */
	uint32_t nb_live;
	uint32_t nb_allocs; /* in the table, which begins at 1 */
	uint32_t nb_unused;
	uint32_t nb_sets; /* of owners that some granule has */
	uint16_t id[NODES];
	struct mpool pool[POOLS];
	struct alloc *alloc;
	uint32_t *live;
	uint32_t *unused;   /* numbers that can be used again */
	uint32_t *cells_of; /* by owners: how many granules they have */
};

/* Room for @p allocs at a time. The pools are the caller's to describe first. */
void model_create(struct model *m, uint32_t allocs);
void model_destroy(struct model *m);

uint32_t model_take(
	struct model *m, uint32_t pool, uint32_t g, uint32_t n, uint32_t owners, uint32_t name);
void model_give(struct model *m, uint32_t alloc);
/* Cut off its end, or go on behind it with the owners of its last granule. */
void model_resize(struct model *m, uint32_t alloc, uint32_t n);

/* 0, or what a node is told that touches these bytes: of the first that is not its own. */
int model_access(
	const struct model *m, uint32_t pool, uint64_t off, uint64_t len, unsigned int node);
/* Granules from @p g on, at most @p n, that have its owners. */
uint32_t model_run(const struct mpool *p, uint32_t g, uint32_t n);
/* Owners that all of these granules have in common. */
uint32_t model_common(const struct mpool *p, uint32_t g, uint32_t n);
uint32_t model_longest_free(const struct mpool *p);

struct change {
	uint32_t pool, g, n;
	enum how how;
	uint32_t nodes, from;
	unsigned int node; /* who asks */
};

uint32_t model_after(const struct change *c, uint32_t owners);
/* What comes of it. @p fresh: how many sets there will be that are not there now; @p orphans:
 * whether something would belong to none of our nodes. */
int model_foresee(const struct model *m, const struct change *c, uint32_t *fresh, bool *orphans);
void model_change(struct model *m, const struct change *c);

/* What a granule contains, as many bytes. */
void model_contents(const struct model *m, uint32_t pool, uint32_t g, uint8_t *to);
void model_make(const struct mpool *p, uint32_t g, uint32_t version, uint8_t *to);

/* Names are the same in all pools. */
void model_name(uint32_t name, char text[16]);

/* Ids of owners, ascending, at most @p most. @return how many there are. */
uint32_t model_ids(const struct model *m, uint32_t owners, uint16_t *ids, uint32_t most);

int model_save(const struct model *m, const char *path);
int model_load(struct model *m, const char *path);

#endif /* MODEL_MODEL_H */
