/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef WORLD_H
#define WORLD_H

/**
 * One history: a memory node and clients of the public API in one process, on the network of
 * test/unit/rdp/net.h with its virtual time. Nothing in it but the code under test decides what
 * happens, and chance comes from the seed, so the same seed gives the same history.
 */

#include "client/client_private.h"
#include "plan.h"
#include "target/target_private.h"
#include "word.h"

#define WORLD_POOL  "main"
#define WORLD_OPERS 2048

/** The words stand in the first granules of a block, one each. */
#define WORLD_BLOCK   1024
#define WORLD_GRANULE 64
#define WORLD_FILLING 0xc3 /**< what stands around them */

/** Operations of one call, at most. */
#define CALL_PIECES PLAN_WORDS

/** How a call names the words it is about. */
enum call_kind {
	CALL_ONE,    /**< a single word, or a part of it */
	CALL_VECTOR, /**< several, in any order, also one several times */
	CALL_BLOCK,  /**< all of them, and the block around them */
};

/** A call of the API, which is one operation or several. */
struct call {
	bool open;
	uint8_t kind;   /**< enum call_kind */
	uint8_t client; /**< index */
	uint8_t n;
	uint16_t oper[CALL_PIECES]; /**< indices */
	uint64_t data[CALL_PIECES]; /**< what get reads into, and put writes */
	uint8_t *block;             /**< get of a block: the same; from malloc() */
};

struct sitter;
struct world;

/** The memory node. Its worker i is node i of the network. */
struct memnode {
	struct world *world;
	struct mem_provider *provider;
	struct mem *mem;
	struct target *target;
	struct rdp_ep *ep[PLAN_WORKERS];
	uint16_t pool;
	shmx_addr_t block;
	bool up;
};

enum player_state {
	PLAYER_DOWN,
	PLAYER_CONNECTING,
	PLAYER_OPENING, /**< asks for the pool */
	PLAYER_READY,
};

/** A client. Client i is behind the workers in the network, and is node i + 1 to the others. */
struct player {
	struct world *world;
	unsigned int index;
	unsigned int at; /**< in the network */
	struct port port;
	struct shmx_port shmx_port;
	struct shmx_ep *ep;
	shmx_session_t session;
	enum player_state state;
	uint64_t attempt;      /**< counts sessions */
	uint64_t disconnected; /**< the last of them that the client ended itself */
	uint64_t dice;
	uint64_t next_ns;           /**< next call, or next attempt to connect */
	uint32_t calls;             /**< begun */
	uint32_t pending;           /**< of these, without an event yet */
	uint32_t unique;            /**< counts values written */
	uint64_t known[PLAN_WORDS]; /**< what it last found in each word */
};

struct world {
	struct net *net;
	struct plan plan;
	struct memnode memnode;
	struct player player[PLAN_CLIENTS];
	uint64_t order; /**< events so far: calls, and what ended them */
	bool going;     /**< clients may call */
	struct oper oper[WORLD_OPERS];
	unsigned int opers;
	struct call call[WORLD_OPERS];
	unsigned int calls;
	uint64_t first[PLAN_WORDS]; /**< what stood in each word before */
	unsigned int complaints;
	FILE *trace;              /**< NULL: none */
	const struct sitter *bug; /**< of the memory node; NULL: those that it has */
	bool quiet;               /**< count complaints, and do not print them */
	struct rte_mempool *pool[NET_NODES];
};

/** One at a time; any number of histories can happen in it, one after the other. */
struct world *world_create(void);
void world_free(struct world *w);

/** Let the history of a plan happen, from beginning to end. */
void world_run(struct world *w, const struct plan *plan);

/** Something is wrong that no order of operations explains. */
void world_complain(struct world *w, const char *format, ...) __rte_format_printf(2, 3);

/** Virtual time since the beginning, for people. */
double world_us(const struct world *w);

static inline shmx_addr_t
world_address(const struct world *w, unsigned int word)
{
	return w->memnode.block + (shmx_addr_t)word * WORLD_GRANULE;
}

/** When an endpoint has to be polled again; 0: at once. */
uint64_t world_wake_ns(const struct rdp_ep *ep);

/* memnode.c */
void memnode_create(struct memnode *m, struct world *w);
void memnode_start(struct memnode *m);
void memnode_stop(struct memnode *m);
void memnode_move(struct memnode *m); /**< while it is stopped */
void memnode_throw_out(struct memnode *m, unsigned int client);
void memnode_free(struct memnode *m);

/** Read what is in the memory at the end, as operations of node 0. */
void memnode_read_all(struct memnode *m);

/* player.c */
void player_start(struct player *p, struct world *w, unsigned int index);
void player_stop(struct player *p, bool silent);
void player_reborn(struct player *p);
void player_disconnect(struct player *p);
bool player_finished(const struct player *p);

/* calls.c */
/** Cookies of calls are above this; what is below is of sessions. */
#define COOKIE_CALL (UINT64_C(3) << 40)
/** Begin one. @return whether there was room for it. */
bool player_call(struct player *p);
void player_call_event(struct player *p, const struct shmx_event *event);
/** The client will not hear of what it has begun. */
void player_forget_calls(struct player *p);
/** Nothing that the client began before can happen any more. */
void player_settle_unknown(struct player *p);

/* trace.c */
void trace_frame(const struct world *w, const struct net_frame *f, const struct net_fate *fate);
void trace_call(const struct world *w, const struct oper *o);
void trace_end(const struct world *w, const struct oper *o);
void trace_say(const struct world *w, const char *format, ...) __rte_format_printf(2, 3);
extern const struct sitter trace_watcher;

#endif /* WORLD_H */
