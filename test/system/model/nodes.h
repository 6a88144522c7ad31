/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef MODEL_NODES_H
#define MODEL_NODES_H

/**
 * @file
 * Sixteen nodes, each with a port and an endpoint of its own, and the operations they have under
 * way. What an operation is told at its end is foreseen when it starts: no two that are under way
 * touch the same granules, or the same name.
 */

#include "model.h"
#include "shmx.h"

#define OPS_MAX  256  /* a node has under way */
#define DATA_MAX 4096 /* bytes of a get or put */
#define IDS_MAX  128
#define ERRNOS   128

enum kind {
	OP_ALLOC,
	OP_FREE,
	OP_RESIZE,
	OP_OWN,
	OP_PUT,
	OP_GET,
	OP_OWNERS,
	OP_LOOKUP,
	OP_STAT,
	OP_KINDS,
};

struct op {
	enum kind kind;
	bool used;
	bool locks;  /* granules [lock, lock + nb_lock) and its name are its own until it ends */
	bool exact;  /* counts on free memory to stay free: no allocation is under way beside it */
	bool landed; /* ALLOC: it has ended where something is being freed that has not ended yet */
	uint8_t node;
	int expect;
	uint32_t pool, g, n; /* granules it is about */
	uint32_t lock, nb_lock;
	uint32_t alloc; /* FREE, RESIZE: the allocation */
	uint32_t name;
	uint32_t fresh;       /* sets of owners that it makes */
	uint32_t version;     /* PUT */
	uint64_t off, len;    /* bytes; of RESIZE and ALLOC: the new length */
	uint32_t align;       /* ALLOC */
	struct change change; /* OWN; ALLOC: nodes */
	uint32_t owners;      /* OWNERS: what is foreseen, with n granules of them */
	uint64_t value[2];    /* likewise, LOOKUP */
	uint16_t ids[IDS_MAX];
	struct shmx_pool_info info;
	uint8_t data[DATA_MAX];
};

struct node {
	struct shmx_port *port;
	struct shmx_ep *ep;
	shmx_session_t session;
	unsigned int under_way;
	struct op op[OPS_MAX];
};

struct nodes {
	struct model m;
	struct node node[NODES];
	uint8_t *busy[POOLS]; /* granules that an operation under way touches */
	bool name_busy[POOLS][NAMES + 1];
	unsigned int under_way, allocs, exact, landed; /* operations; of these */
	uint32_t fresh;
	uint64_t done[OP_KINDS], refused[OP_KINDS]; /* as foreseen */
	uint64_t told[ERRNOS];                      /* with which errno */
	uint64_t grown;                             /* resizes to more */
	uint64_t wrong;
	uint64_t rnd;
};

/* Ports are DIR/1.sock and so on. -1 when one does not come up. */
int nodes_create(struct nodes *s, const char *dir);
void nodes_destroy(struct nodes *s);
/* Pools of so many bytes in all, made by one node and opened by the others. */
int nodes_pools(struct nodes *s, uint64_t bytes);

/* Something is not as the model has it. */
void wrong(struct nodes *s, const struct op *op, const char *what, uint64_t is, uint64_t should);

/* An operation of a node; NULL when it has as many as @p most. */
struct op *op_take(struct nodes *s, unsigned int node, enum kind kind, unsigned int most);
void op_drop(struct nodes *s, struct op *op);
/* Start it; where that cannot be now it is dropped, and this is false. */
bool op_start(struct nodes *s, struct op *op);

/* All nodes, once. Sleeps a little when nothing came. */
void nodes_poll(struct nodes *s);
/* Until all has ended. */
void nodes_settle(struct nodes *s);

static inline shmx_addr_t
address(const struct nodes *s, uint32_t pool, uint64_t off)
{
	return SHMX_ADDR(s->m.pool[pool].id, off);
}

/* end.c: what an operation that ended means. */
void op_end(struct nodes *s, struct op *op, const struct shmx_event *event);
/* Allocations that landed on what was being freed. */
void op_look_again(struct nodes *s);

/* steps.c: random operations, until so many allocations are held, and then so many more. */
void steps_run(struct nodes *s, uint32_t allocs, uint64_t more);

/* check.c: every node asks for everything. */
void check_all(struct nodes *s);
void check_stat(struct nodes *s);
/* Free everything. */
void clear_all(struct nodes *s);

/* adopt.c: @return exit status. */
int adopt(const char *path);

#endif /* MODEL_NODES_H */
