/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CLIENT_PRIVATE_H
#define CLIENT_PRIVATE_H

#include <errno.h>
#include <string.h>

#include <rte_branch_prediction.h>

#include "base/ip_addr.h"
#include "port.h"
#include "rdp/neigh.h"
#include "rdp/rdp.h"
#include "rdp/rdp_eth.h"
#include "shmx.h"
#include "wire/record.h"

/** No operation, no bulk transfer, no session. */
#define CLIENT_NONE UINT16_MAX

/** What the response of an operation carries and where it goes. */
enum op_kind {
	OP_FREE = 0,
	OP_STATUS,    /**< nothing but the status */
	OP_GET,       /**< bytes for `dst` */
	OP_VALUE,     /**< one 64-bit number; `len`: what takes back what has it, WIRE_OP_*, or 0 */
	OP_VALUE2,    /**< two of them */
	OP_POOL,      /**< a pool id: its addresses go over this session from now on; `len`: kept */
	OP_POOL_GONE, /**< nothing; the addresses of pool `len` lead nowhere any more */
	OP_POOL_INFO, /**< descriptions of pools for `dst`, at most `len` of them */
	OP_OWNERS,    /**< ids of nodes for `dst`, at most `len` of them */
	OP_NODE_INFO, /**< descriptions of nodes for `dst`, at most `len` of them */
	OP_POOL_NODES, /**< nodes of a pool for `dst`, at most `len` of them */
	OP_NODE_STAT,  /**< what the memory node has counted, for `dst` */
	OP_REOPEN,     /**< a pool id, which kept pool `len` should have; the library's own */
	OP_SKIP,       /**< what nobody wants any more */
	OP_LOCK,       /**< grants, for `dst`; `len`: OP_LOCKS() */
	OP_LOCK_ENDS,  /**< the same, given up: `turn` responses are to come */
	OP_UNDO,       /**< OP_VALUE, given up: what has the number is to go back */
	OP_UNDOES,     /**< nothing; it is on its way back */
	OP_SEND,       /**< one 64-bit number; `len`: the run it was sent in */
	OP_BARRIER,    /**< ids of nodes for `dst` when it fails, at most `len` of them */
	OP_INBOX,      /**< nothing; `len`: whether the inbox is to be open then */
	OP_LOCK_INFO,  /**< descriptions of locks for `dst`, at most `len` of them */
};

/** An operation in progress; its index is the record's id. */
struct op {
	uint64_t cookie; /**< of a part of a transfer: which piece it is of */
	void *dst;       /**< OP_STATUS of a put whose data are lent: where they are */
	uint32_t len;    /**< bytes, or entries, that `dst` takes or holds */
	uint32_t psn;    /**< frame that carries the request */
	uint16_t bulk;   /**< transfer it is a part of, CLIENT_NONE, or OP_GIVEN_UP */
	uint16_t session;
	uint8_t kind;    /**< enum op_kind */
	bool timed : 1;  /**< it has a deadline */
	bool large : 1;  /**< it counts in struct share.large */
	bool cancel : 1; /**< LOCK_CANCEL is to be sent; it counts in shmx_ep.nb_cancels */
	uint16_t turn;   /**< of `bulk`, when it was started */
};

/** How many locks, up to 16, and one of them. */
#define OP_LOCKS(n, lock)  ((n) | (uint32_t)(lock) << 5)
#define OP_LOCKS_N(len)    ((len)&31u)
#define OP_LOCKS_LOCK(len) ((len) >> 5)

/** Its event has been told, its response is to come. */
#define OP_GIVEN_UP (CLIENT_NONE - 1)

/** How operations that are started now are carried out; bits of shmx_ep.attr. */
#define ATTR_ORDERED  WIRE_REQUEST_ORDERED /**< as it goes into the record */
#define ATTR_FENCED   0x02u                /**< with ATTR_ORDERED */
#define ATTR_DEADLINE 0x04u

static_assert(sizeof(struct op) == 32, "two to a cache line");

/**
 * Parts of transfers in progress, a session: enough to keep both ends busy, few enough that the
 * frames stay in the cache.
 */
#define BULK_WINDOW 64
#define BULK_MAX    64

/** A transfer of more than one record: large, or a vector. */
struct bulk {
	uint64_t cookie;
	uint64_t pattern;
	uint64_t done;  /**< bytes of vec[piece] that have been started */
	int32_t status; /**< first error, or -ECONNRESET if that was one */
	uint16_t piece, pieces;
	uint16_t outstanding; /**< parts in progress */
	uint16_t next;        /**< free list, or list of those with parts to start */
	uint16_t turn;        /**< counts the transfers that were here */
	uint8_t op;           /**< WIRE_OP_GET, _PUT or _FILL */
	uint8_t attr;         /**< ATTR_ORDERED, ATTR_FENCED: of its parts */
	bool sent;            /**< a part was, and may have taken effect */
	bool used;
	bool timed; /**< it has a deadline */
	bool large; /**< it fills frames, and gives way to operations that do not */
	struct shmx_vec vec[SHMX_VEC_MAX];
};

/** What transfers have of a session; share.c. */
struct share {
	uint64_t start_ns; /**< of the part that is timed */
	uint64_t least_ns; /**< that a part took since the last look for it; UINT64_MAX: none has */
	uint64_t look_ns;  /**< when to look anew */
	uint16_t parts;    /**< in progress */
	uint16_t large;    /**< of these, of large transfers */
	uint16_t window;   /**< most of these while others are about */
	uint16_t timed;    /**< operation, or CLIENT_NONE */
	uint8_t rounds;    /**< parts still to be timed before `window` holds again */
	bool opening;      /**< `window` doubles, because no queue was seen yet */
};

/** A pool to be found again by its name; `len` of its operation is its index. */
struct kept_pool {
	uint16_t pool; /**< 0: the response that tells it has not come */
	uint16_t session;
	bool used;
	char name[SHMX_NAME_LEN];
};

#define KEPT_NONE UINT32_MAX

/** Deadlines: a wheel with slots of 2^16 ns, one turn of it 17 ms. */
#define DEADLINE_SHIFT 16
#define DEADLINE_SLOTS 256

/** Of an operation, or behind those of all operations, of a transfer. */
struct deadline {
	uint64_t at_ns;
	uint32_t next, prev; /**< in its slot; index plus one, 0: none */
};

enum link_state {
	LINK_ONCE = 0, /**< first attempt, or connected */
	LINK_WAIT,     /**< until the next attempt; there is no session below */
	LINK_TRY,      /**< an attempt to reconnect is being made */
	LINK_REOPEN,   /**< connected again, pools are being looked up */
};

/** What is known of a session beyond its end; by session index. */
struct link {
	struct shmx_peer peer;
	uint64_t at_ns;  /**< LINK_WAIT: next attempt */
	uint32_t tries;  /**< attempts since the session ended */
	uint32_t next;   /**< LINK_REOPEN: kept pool to look up next */
	uint8_t state;   /**< enum link_state */
	bool may_return; /**< it was connected once */
	bool asked;      /**< LINK_REOPEN: a response is to come */
};

struct shmx_ep {
	/* Where completions go: the caller's array while it polls, else the ring of kept ones. */
	struct shmx_event *event, *event_end;
	struct op *op;
	uint16_t *free_op; /**< stack of indices */
	uint32_t nb_free_op;
	uint32_t max_ops;
	struct rdp_session **session; /**< open ones, by index */
	uint16_t max_sessions;
	uint16_t bulk_active; /**< list of transfers with parts to start */
	uint16_t bulk_free;
	uint8_t attr; /**< ATTR_*: of what is started now */
	struct rdp_ep *rdp;
	struct shmx_event *kept; /**< ring: completions that found no room */
	uint32_t kept_head, kept_tail, kept_mask;
	bool inbox_news;  /**< an inbox has something to be told */
	bool inbox_shown; /**< something was told in the latest poll, or credit waits for room */
	bool inbox_turn;  /**< the odd event of a poll is an inbox's */
	struct inbox *inboxes; /**< list */
	uint16_t *send_run;    /**< by session index: counts refusals; of messages sent now */
	bool no_room;          /**< for a request that a response calls for */
	bool polling; /**< written by the thread that polls, read by whoever calls meanwhile */
	uint64_t ops_done;
	uint64_t last_ns, busy_ns, idle_ns;
	bool was_busy;
	uint16_t *route;          /**< pool id to session index */
	uint64_t *connect_cookie; /**< by session index */
	struct share *share;      /**< by session index */
	struct bulk *bulk;
	uint64_t look_ns;            /**< when a link may have something to do; UINT64_MAX: none */
	struct link *link;           /**< by session index */
	struct kept_pool *kept_pool; /**< SHMX_POOLS_KEPT of them */
	uint32_t large;              /**< parts of large transfers in progress */
	bool greedy;                 /**< transfers never give way */
	bool yields;                 /**< they do: others are about */
	uint64_t large_done;         /**< large transfers that have completed */
	uint64_t others_done;        /**< others that had, when it was last looked */
	uint64_t others_ns;          /**< when others were last about; 0: never */
	uint64_t timeout_ns;         /**< with ATTR_DEADLINE */
	uint32_t nb_deadlines;
	uint32_t nb_cancels;                    /**< calls for locks to be cancelled */
	uint32_t cancel_next;                   /**< operation where the search for them goes on */
	uint64_t deadline_tick;                 /**< slots up to here have been looked at */
	struct deadline *deadline;              /**< by operation, then by transfer */
	uint32_t deadline_slot[DEADLINE_SLOTS]; /**< first of each; index plus one */
	struct shmx_port *port;
	uint16_t queue;
	uint16_t node; /**< this one's id */
	struct rdp_eth eth;
	uint64_t wait_cookies; /**< counts those given out */
};

struct shmx_port {
	struct port *port;
	struct neigh_table neigh;
	struct clock clock; /**< of all its endpoints: they share the table above */
	uint16_t vlan;      /**< 0: none */
	uint8_t vlan_priority;
	uint64_t queues_used; /**< bit per queue that an endpoint has */
};

extern const struct rdp_handler client_handler;

/** Address of a memory node, of whichever family is given; none: neither or both are. */
static inline struct ip_addr
client_peer_ip(const struct shmx_peer *peer)
{
	struct ip_addr v6 = ip_addr_v6(peer->ip6);

	if (peer->ip == 0 && ip_addr_is_host(v6) && !ip_addr_is_v4(v6))
		return v6;
	return ip_addr_is_none(v6) ? ip_addr_v4(peer->ip) : ip_addr_v4(0);
}

/** Session that leads to the pool of @p addr; NULL: none. */
static inline struct rdp_session *
client_route(const struct shmx_ep *ep, shmx_addr_t addr)
{
	uint16_t index = ep->route[SHMX_ADDR_POOL(addr)];

	return likely(index != CLIENT_NONE) ? ep->session[index] : NULL;
}

/** The session, when it is open; NULL. */
static inline struct rdp_session *
client_session(const struct shmx_ep *ep, shmx_session_t session)
{
	return session < ep->max_sessions ? ep->session[session] : NULL;
}

/** Bytes that one record of a transfer carries: whole cache lines, so that parts stay aligned. */
static inline uint32_t
client_part_max(const struct rdp_session *s)
{
	return RTE_MIN(RTE_ALIGN_FLOOR(s->mss - (uint32_t)sizeof(struct wire_put), 64u),
		(uint32_t)WIRE_DATA_MAX);
}

/** Whether @p len bytes are more than one record carries. Every path has room for short ones. */
static inline bool
client_in_parts(const struct rdp_session *s, uint64_t len)
{
	return unlikely(len > SHMX_INLINE_MAX) && unlikely(len > client_part_max(s));
}

/** Events that wait for a poll with room. */
static inline uint32_t
client_kept(const struct shmx_ep *ep)
{
	return ep->kept_head - ep->kept_tail;
}

/**
 * Events that may have to be kept at a time. Operations in progress and kept events together are
 * at most `max_ops` when an operation starts, and that and two a session when a connection does;
 * both then end once, and a session twice. A transfer may come to that, and so may, in the
 * meantime, one more in its place. Transfers that end one after the other come to that too, until
 * `max_ops` events of any kind are kept.
 */
static inline uint32_t
client_kept_max(const struct shmx_ep *ep)
{
	return 2 * ep->max_ops + 4u * ep->max_sessions + 2 * BULK_MAX;
}

/** Room for one more event. There always is: the ring holds all operations and sessions, and
 * one whose event is still kept counts as in progress. */
static inline struct shmx_event *
client_event(struct shmx_ep *ep)
{
	if (likely(ep->event < ep->event_end))
		return ep->event++;
	return &ep->kept[ep->kept_head++ & ep->kept_mask];
}

/** An operation of the application has ended: its event. */
static inline void
client_complete(struct shmx_ep *ep, uint64_t cookie, uint16_t session, int32_t status,
	uint64_t value, uint64_t value2)
{
	*client_event(ep) = (struct shmx_event){
		.cookie = cookie,
		.value = value,
		.value2 = value2,
		.status = status,
		.type = SHMX_EV_OP,
		.session = session,
	};
	ep->ops_done++;
}

/* ---- attr.c ---- */

/**
 * With attributes: whether what is to come before an operation over @p s that starts now has been
 * sent. A part of transfer @p bulk has waited for that before.
 */
bool client_in_order(const struct shmx_ep *ep, const struct rdp_session *s, uint16_t bulk);

/** With attributes: operation @p id was just written into the session's frame, at @p rec. */
void client_attr(struct shmx_ep *ep, struct rdp_session *s, struct wire_record *rec, uint16_t id);

/** Whether one more operation over @p s may start, as a part of transfer @p bulk, which has no
 * event of its own, or as none. */
static inline bool
client_may_start(const struct shmx_ep *ep, const struct rdp_session *s, uint16_t bulk)
{
	return likely(ep->nb_free_op > (bulk == CLIENT_NONE ? client_kept(ep) : 0)) &&
	       (likely(ep->attr == 0) || client_in_order(ep, s, bulk));
}

/** Write the header of a request, and take an operation to wait for its response. */
static inline void
client_start(struct shmx_ep *ep, struct rdp_session *s, struct wire_record *rec, uint8_t op,
	uint32_t len, enum op_kind kind, void *dst, uint32_t dst_len, uint16_t bulk,
	uint64_t cookie)
{
	uint16_t id = ep->free_op[--ep->nb_free_op];
	struct op *o = &ep->op[id];

	/* One by one: a whole structure would be cleared first. */
	o->cookie = cookie;
	o->dst = dst;
	o->len = dst_len;
	o->psn = s->tx_next;
	o->bulk = bulk;
	o->session = s->index;
	o->kind = (uint8_t)kind;
	o->timed = false;
	o->large = false;
	o->turn = likely(bulk == CLIENT_NONE) ? 0 : ep->bulk[bulk].turn;
	wire_record_write(rec, op, 0, rte_cpu_to_be_16(id), len);
	if (unlikely(ep->attr != 0))
		client_attr(ep, s, rec, id);
}

/**
 * Room for a request of @p size bytes, and an operation to wait for its response. The caller
 * fills what follows the record header. NULL: a window is full, and nothing has changed.
 */
static inline struct wire_record *
client_request(struct shmx_ep *ep, struct rdp_session *s, uint8_t op, uint32_t size, uint32_t len,
	enum op_kind kind, void *dst, uint32_t dst_len, uint16_t bulk, uint64_t cookie)
{
	struct wire_record *rec;

	if (unlikely(!client_may_start(ep, s, bulk)))
		return NULL;
	rec = (struct wire_record *)rdp_request(s, size);
	if (likely(rec != NULL))
		client_start(ep, s, rec, op, len, kind, dst, dst_len, bulk, cookie);
	return rec;
}

/**
 * Room for a request over a session that the caller names: @p fixed bytes and a tail of @p tail.
 * NULL: *err is -ENOTCONN, or -EAGAIN because a window is full, and nothing has changed.
 */
static inline struct wire_record *
client_ask(struct shmx_ep *ep, shmx_session_t session, uint8_t op, uint32_t fixed, uint32_t tail,
	enum op_kind kind, void *dst, uint32_t dst_len, uint64_t cookie, int *err)
{
	struct rdp_session *s = client_session(ep, session);

	*err = s != NULL ? -EAGAIN : -ENOTCONN;
	if (unlikely(s == NULL))
		return NULL;
	return client_request(
		ep, s, op, fixed + wire_pad(tail), tail, kind, dst, dst_len, CLIENT_NONE, cookie);
}

/** Request to put @p len bytes, without the address. */
struct wire_record *client_put(struct shmx_ep *ep, struct rdp_session *s, const void *src,
	uint32_t len, uint16_t bulk, uint64_t cookie);

/** End all operations of a session that ends. */
void client_fail_ops(struct shmx_ep *ep, const struct rdp_session *s);

/** Forget a session: routes and all. */
void client_forget_session(struct shmx_ep *ep, uint16_t index);

/** Whether another thread is polling: calls that may take the time look. */
static inline bool
client_is_polled(const struct shmx_ep *ep)
{
	return unlikely(__atomic_load_n(&ep->polling, __ATOMIC_RELAXED));
}

/** Whether the endpoint has room for the events of one more session. */
static inline bool
client_may_connect(const struct shmx_ep *ep)
{
	return client_kept(ep) < ep->nb_free_op + 2u * ep->max_sessions;
}

/** The session is connected, or could not be: the event. */
void client_connected(struct shmx_ep *ep, struct rdp_session *s, int status);

/** The session has ended: the event. */
void client_peer_down(struct shmx_ep *ep, uint16_t session, int status);

/* ---- reconnect.c ---- */

/** An attempt to connect has ended. @return whether the application is to be told. */
bool link_opened(struct shmx_ep *ep, struct rdp_session *s, int status);

/** A session has ended, and its operations have. Tells the application what it has to know. */
void link_closed(struct shmx_ep *ep, struct rdp_session *s, int status);

/** The session's index is free for others, or will be. @return whether there was only the link. */
bool link_end(struct shmx_ep *ep, uint16_t index);

/** What is due. */
void link_run(struct shmx_ep *ep);

/** Remember the name of a pool that is being opened. @return its index, KEPT_NONE: no room. */
uint32_t kept_pool_add(struct shmx_ep *ep, uint16_t session, const char *name);

/** It has this id; or with 0, it could not be opened. */
void kept_pool_set(struct shmx_ep *ep, uint32_t index, uint64_t pool);

/** Forget a pool that was destroyed. */
void kept_pool_del(struct shmx_ep *ep, uint16_t pool);

/** The response to OP_REOPEN: an id, 0 for none. */
void link_reopened(struct shmx_ep *ep, uint16_t session, uint32_t index, uint64_t pool);

/** Length of a name; -EINVAL when it is null, empty or too long. */
int client_name_len(const char *name);

/* ---- owners.c ---- */

/** The response to shmx_owners(). @return false: it is none. */
bool client_owners_read(struct shmx_ep *ep, uint16_t id, const void *data, uint32_t len,
	uint64_t *count, uint64_t *size);

/** The nodes that did not come to a barrier. @return how many they are. */
uint32_t client_missing_read(const struct op *op, const void *data, uint32_t len);

bool client_nodes_good(const uint16_t *nodes, unsigned int n);

/** Behind what is there; the last word has been cleared. @return where they end. */
rte_be16_t *client_nodes_write(rte_be16_t *to, const uint16_t *nodes, unsigned int n);

/* ---- locks.c ---- */

/** The response to shmx_lock(). @return false: it is none. */
bool client_grants_read(
	const struct op *op, const void *data, uint32_t len, uint64_t *token, uint64_t *died);

/** A call for locks has been given up: it is to end at the memory node, too. */
void client_lock_give_up(struct shmx_ep *ep, uint16_t id);

/** LOCK_CANCEL was sent, or is not needed any more. */
static inline void
client_cancel_done(struct shmx_ep *ep, struct op *op)
{
	ep->nb_cancels -= op->cancel;
	op->cancel = false;
}

/** The calls that were given up, as far as there is room. */
void client_cancels_send(struct shmx_ep *ep);

/** A response to one of them, or to what was asked since, with its id. @return false: it is none,
 * or ep->no_room: there is no room for the next question. */
bool client_lock_ends(struct shmx_ep *ep, uint16_t id, const struct wire_record *rec);

/** The response to shmx_lock_list(). @return false: it is none. */
bool client_lock_infos_read(const struct op *op, const void *data, uint32_t len);

/* ---- undo.c ---- */

/** A response to OP_UNDO or OP_UNDOES; *done: the last one. @return false: it is none, or
 * ep->no_room: there is no room for the next question. */
bool client_undo(struct shmx_ep *ep, uint16_t id, const struct wire_record *rec, bool *done);

/* ---- nodes.c ---- */

/** The responses to shmx_node_list() and shmx_node_stat(). @return false: it is none. */
bool client_nodes_read(
	struct shmx_ep *ep, uint16_t id, const void *data, uint32_t len, uint64_t *count);
bool client_node_stat_read(struct shmx_ep *ep, uint16_t id, const void *data, uint32_t len);

/* ---- memory.c ---- */

/** The response to shmx_pool_nodes(). @return false: it is none. */
bool client_pool_nodes_read(const struct op *op, const void *data, uint32_t len, uint64_t *count);

/** Name that stands behind the fixed part of a request, padded with zeros. */
void client_name_write(void *to, const char *name, uint32_t len);

/** Start a transfer. */
int bulk_start(struct shmx_ep *ep, uint8_t op, const struct shmx_vec *vec, unsigned int n,
	uint64_t pattern, uint64_t cookie);

/** Start parts of transfers as windows allow. */
void bulk_progress(struct shmx_ep *ep);

/** A part of a transfer is done: operation @p id, a copy of which is @p op. */
void bulk_part_done(struct shmx_ep *ep, uint16_t id, const struct op *op, int32_t status);

/** Give up a transfer, as client_give_up(). */
void bulk_give_up(struct shmx_ep *ep, uint16_t index, int32_t status);

/** Whether nobody waits for this operation any more. */
static inline bool
client_given_up(const struct shmx_ep *ep, const struct op *op)
{
	return op->bulk != CLIENT_NONE &&
	       (op->bulk == OP_GIVEN_UP || ep->bulk[op->bulk].turn != op->turn);
}

/**
 * End an operation though its response has not come. Its buffers are not touched any more.
 */
void client_give_up(struct shmx_ep *ep, uint16_t id, int32_t status);

/* ---- share.c ---- */

/** The session is new. */
void share_begin(struct shmx_ep *ep, uint16_t session);

/** See whether others than large transfers are about. */
void share_look(struct shmx_ep *ep);

/** Whether one more part may start, of a large transfer or another, which @p fills a frame. */
bool share_left(struct shmx_ep *ep, const struct rdp_session *s, bool large, bool fills);

/** Operation @p id is a part of a large transfer; a @p whole one is as long as they get. */
void share_started(struct shmx_ep *ep, uint16_t id, bool whole);

/** A part is done. */
void share_done(struct shmx_ep *ep, uint16_t id, const struct op *op, int32_t status);

/* ---- deadline.c ---- */

/** Give up this operation, or transfer max_ops + index, after ep->timeout_ns. */
void deadline_arm(struct shmx_ep *ep, uint32_t index);
void deadline_disarm(struct shmx_ep *ep, uint32_t index);

/** Give up what is late. */
void deadline_run(struct shmx_ep *ep);

#endif /* CLIENT_PRIVATE_H */
