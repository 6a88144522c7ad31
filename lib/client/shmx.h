/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SHMX_H
#define SHMX_H

/**
 * @file
 * shmx: memory shared between machines over Ethernet.
 *
 * A *memory node* (`shmx-server`) keeps pools of memory. A *compute node* is a DPDK application
 * that links this library: it creates one *endpoint* per lcore, connects it to memory nodes and
 * starts operations on their memory from inside its own run-to-completion loop.
 *
 * **Operations** are asynchronous. A submit call returns 0, or a negative errno when nothing was
 * started; every operation for which it returned 0 completes exactly once, as an event that
 * shmx_poll() returns with the caller's cookie. Operations of one endpoint are independent: they
 * may complete in any order, and take effect in any order unless the caller waits in between or
 * asks for an order: shmx_op_attr_set().
 * Each takes effect exactly once or fails with a status, whatever the network loses or doubles.
 *
 * **Threads.** An endpoint belongs to one thread at a time and has no lock: never call into the
 * same endpoint from two threads. Calls that begin or end a session, and shmx_cancel(), return
 * -EBUSY when they meet another thread in shmx_poll(). Endpoints are independent of each other. The
 * library creates no thread. After creation, no call here takes a lock, allocates from libc, makes
 * a system call or writes a log, but for the calls whose comment says *slow*.
 *
 * **Addresses** are 64 bits, pool id in the upper 16 and offset in the lower 48. They mean the
 * same on every node.
 *
 * **Errors.** The comment of a call lists behind "Returns" what it may return, and behind "Event"
 * how its event may end, beside 0; there are no others. A call that returns an error, and an
 * operation that ends with one, have changed nothing, unless it is said what.
 *
 * **Every operation**, that is every call with a cookie but shmx_connect() and shmx_cancel(), may
 * return -EINVAL, -EAGAIN or -ENOTCONN, and its event may be -ECONNRESET, -ECANCELED, -EINTR or
 * -ETIMEDOUT, which is not repeated there.
 *
 * They mean:
 *
 * | value         | meaning                                                                   |
 * |---------------|---------------------------------------------------------------------------|
 * | -EINVAL       | an argument is null, zero, misaligned or too large                        |
 * | -EAGAIN       | a window is full, buffers are short, or as many events as the endpoint has
 * |               | operations wait to be taken: poll with room for events, then call again   |
 * | -ENOTCONN     | no session leads to that pool, or the session is not (any more) connected |
 * | -ENOENT       | no such pool, name or allocation                                          |
 * | -EEXIST       | the name is taken                                                         |
 * | -ENOMEM       | the pool has no room for that length, or may not grow further             |
 * | -EDQUOT       | the node that makes, or made, an allocation would hold more than the      |
 * |               | quota of its pool                                                         |
 * | -EPERM        | the memory or pool is for other nodes; the lock is not held               |
 * | -EFAULT       | the range leaves the pool                                                 |
 * | -ESTALE       | the range touches memory that is free                                     |
 * | -EBUSY        | still in use (pool with allocations, lock); or the memory node has more to
 * |               | do than it keeps account of: call again later; or another thread polls
 * |               | the endpoint; or the device, or its queue, is in use already              |
 * | -EDEADLK      | the session has that lock already, or waits for it                        |
 * | -ENOLCK       | the fencing token is not that of a lock this node has now                 |
 * | -ENOSPC       | a table of the memory node is full                                        |
 * | -EMSGSIZE     | more in one call than allowed; of a session: the network between carries
 * |               | less than 1280 bytes, or less than when it began                          |
 * | -ENOTSUP      | the memory node has no locks, or no inboxes                               |
 * | -ECONNRESET   | the session ended after the operation was sent: its fate is unknown       |
 * | -ECANCELED    | the session ended, the operation was cancelled, or its deadline passed,
 * |               | before any of it was sent: it took no effect                              |
 * | -EINTR        | it was cancelled after it was sent: its fate is unknown                   |
 * | -ETIMEDOUT    | the memory node did not answer a connection attempt, or an operation before
 * |               | its deadline: its fate is unknown; a lock was not to be had in time       |
 * | -ECONNREFUSED | the memory node refused the connection                                    |
 * | -ENOBUFS      | a receiver of a message takes no more for now: send it again later        |
 * | -EPROTO       | the peer broke the protocol                                               |
 * | -EHOSTUNREACH | nobody answered to the memory node's IP address on the link               |
 * | -EAFNOSUPPORT | the endpoint has no address of that family                                |
 * | -EIO          | the system gives no random numbers                                        |
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "shmx_api.h"
#include "shmx_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Address of shared memory; 0 is never valid. */
typedef uint64_t shmx_addr_t;

#define SHMX_ADDR(pool, offset) ((shmx_addr_t)(pool) << 48 | (shmx_addr_t)(offset))
#define SHMX_ADDR_POOL(addr)    ((uint16_t)((addr) >> 48))
#define SHMX_ADDR_OFFSET(addr)  ((addr) & ((UINT64_C(1) << 48) - 1))

/** Bytes of a name, including the terminating zero. */
#define SHMX_NAME_LEN 64

/** UDP port that memory nodes listen on unless configured otherwise. */
#define SHMX_UDP_PORT 51966

struct shmx_ep;

/** A session of an endpoint: small integer, reused after the session has ended. */
typedef uint16_t shmx_session_t;

/** Congestion control of a session; the guide on congestion says how to choose. */
enum shmx_cc {
	SHMX_CC_FIXED, /**< the whole window, always */
	SHMX_CC_SWIFT, /**< as much of it as keeps the queues of the network short */
};

/* ---- endpoints ------------------------------------------------------------------------- */

/**
 * All zero but `port`, `node` and an address is a sensible configuration. An endpoint has an
 * address of IPv4, of IPv6 or of both, and connects to memory nodes of the families it has.
 */
struct shmx_ep_conf {
	struct shmx_port *port; /**< opened by shmx_port_open(); outlives the endpoint */
	uint16_t queue;         /**< receive and transmit queue of this endpoint alone */
	uint16_t node;          /**< id of this node, 1 to 1023; the same for all its endpoints */
	rte_be32_t ip;          /**< own IPv4 address; 0: none */
	uint8_t prefix_len;     /**< of the subnet; 0: everything is on the link */
	rte_be32_t gateway;     /**< 0: none */
	uint8_t ip6[16];        /**< own IPv6 address, global or link-local; all zero: none */
	uint8_t prefix6_len;    /**< likewise; fe80::/10 is on the link always */
	uint8_t gateway6[16];   /**< all zero: none */
	uint16_t udp_port;      /**< own UDP port, host order; 0: a random one */
	uint16_t max_sessions;  /**< 0: 64 */
	uint32_t max_ops;       /**< operations in progress, at most 65535; 0: 4096 */
	uint16_t window;        /**< frames in flight a session, a power of two, 8 to 256; 0: 128 */
	bool no_coalesce;       /**< one record a frame; for measuring */
	int8_t crc;          /**< CRC32C over every frame: 0 as the port suggests, 1 on, -1 off */
	uint32_t rto_min_us; /**< floor of the retransmission time-out; 0: 200 */
	bool no_tail_probe;  /**< repeat nothing before that time-out */
	uint32_t peer_timeout_ms; /**< silence after which a peer is down; 0: 2000 */
	uint32_t keepalive_ms;    /**< idle time before a keep-alive; 0: 1000 */
	enum shmx_cc cc;          /**< congestion control of new sessions, this end's sending */
	uint32_t cc_target_us; /**< Swift: delay that queues may add before it slows down; 0: 25 */
	bool greedy; /**< large transfers do not give way to small operations beside them */
};

/**
 * Create an endpoint. *Slow.*
 * @return NULL with rte_errno set: EINVAL, ENOMEM, EBUSY the queue has an endpoint already, EIO the
 *   system gives no random numbers, ENOSPC too many endpoints of the port have an IPv6 address of
 *   their own; and what the driver says to the Ethernet group of such an address.
 */
SHMX_API struct shmx_ep *shmx_ep_create(const struct shmx_ep_conf *conf);

/** Close all sessions, without waiting for the peers, and free the endpoint. *Slow.* */
SHMX_API void shmx_ep_destroy(struct shmx_ep *ep);

/** Counters of an endpoint; free-running. */
struct shmx_ep_stats {
	uint64_t rx_frames, tx_frames;
	uint64_t rx_dropped;       /**< frames not for us or damaged, all reasons */
	uint64_t rx_bad_checksum;  /**< of these, UDP or IP checksum or CRC wrong */
	uint64_t rx_stale;         /**< frames of a session or incarnation that is gone */
	uint64_t rx_duplicate;     /**< frames that had arrived before */
	uint64_t tx_retransmit;    /**< frames sent again */
	uint64_t tx_ack;           /**< frames that carried nothing but an acknowledgement */
	uint64_t rto;              /**< retransmission time-outs */
	uint64_t mtu_lowered;      /**< sessions whose path carries less than both ends take */
	uint64_t no_mbuf;          /**< times the mbuf pool was empty */
	uint64_t ops;              /**< operations completed */
	uint64_t ops_in_progress;  /**< a gauge: now */
	uint64_t busy_ns, idle_ns; /**< time around polls that did work, and polls that did not */
};

SHMX_API void shmx_ep_stats_get(const struct shmx_ep *ep, struct shmx_ep_stats *stats);

/* ---- events ---------------------------------------------------------------------------- */

enum shmx_event_type {
	SHMX_EV_OP = 0,        /**< an operation has completed */
	SHMX_EV_CONNECTED = 1, /**< a connection attempt has ended: see status */
	SHMX_EV_PEER_DOWN = 2, /**< a session has ended; its operations completed with an error */
	/* Of an inbox: see shmx_inbox_open(). Cookie of SIGNAL and MESSAGE: that of the call. */
	SHMX_EV_SIGNAL = 3,  /**< value: line, value2: how many since the last event of that line */
	SHMX_EV_MESSAGE = 4, /**< value: where it is, a pointer; value2: its length */
	SHMX_EV_MEMORY = 5, /**< value: its address, also in a pool that was not opened; value2: its
	                     * length; cookie: its number, for shmx_message_done() */
};

struct shmx_event {
	uint64_t cookie; /**< of the submit call; PEER_DOWN: that of shmx_connect(). A number of the
	                  * library's where that call was a _sync one: go by session and type */
	uint64_t value;  /**< what the operation returns; see each call */
	uint64_t value2; /**< likewise */
	int32_t status;  /**< 0 or a negative errno; MESSAGE, MEMORY: the sender's node */
	uint16_t type;   /**< enum shmx_event_type */
	/** Not of a vector, or of what takes more than one frame: any of theirs, or none. */
	shmx_session_t session;
};

/**
 * Send what was submitted, receive, and return completions. Call it from the loop of the thread
 * that owns the endpoint, also when nothing is pending: it answers ARP and neighbour discovery,
 * acknowledges and keeps sessions alive.
 * @param events room for @p max events; NULL when max is 0: events are then kept.
 * @return number of events written; all of them when less than @p max.
 * @event SHMX_EV_PEER_DOWN: -ECONNRESET the peer ended the session, or began anew; -ETIMEDOUT it
 * was silent; -EPROTO; -EMSGSIZE.
 */
SHMX_API uint16_t shmx_poll(struct shmx_ep *ep, struct shmx_event *events, uint16_t max);

/** Send what was submitted so far; shmx_poll() does so too. */
SHMX_API void shmx_flush(struct shmx_ep *ep);

/* ---- sessions -------------------------------------------------------------------------- */

/** Never give up. */
#define SHMX_TRIES_FOREVER UINT32_MAX

/** Pools of an endpoint, opened or created by it, that are found again after a reconnection. */
#define SHMX_POOLS_KEPT 256

/**
 * Whether, and how, the library connects again by itself when a session has ended. The time
 * between two attempts begins with first_ms and doubles up to max_ms; each is shortened by up to
 * a half at random, so that the nodes of a restarted memory node do not all come at once. An
 * attempt takes up to the peer time-out. None succeeds over a virtio_user port whose server has
 * ended: shmx_port_link_wait() then says -ENOTCONN, and the port has to be opened again.
 */
struct shmx_reconnect {
	uint32_t tries;    /**< attempts after each end; 0: none, SHMX_TRIES_FOREVER */
	uint32_t first_ms; /**< 0: 10 */
	uint32_t max_ms;   /**< 0: 1000 */
};

struct shmx_peer {
	rte_be32_t ip;                   /**< IPv4 address of the memory node, or */
	uint8_t ip6[16];                 /**< its IPv6 address; the other is all zero */
	uint16_t udp_port;               /**< host order; 0: SHMX_UDP_PORT */
	struct shmx_reconnect reconnect; /**< all zero: a session that ends has ended */
	/** Worker of the memory node's port that is to have the session, the first being 1; 0: any.
	 * Where it cannot be reached it is another one: see shmx_session_worker(). */
	uint8_t worker;
};

/**
 * Start to connect. Completes as SHMX_EV_CONNECTED; event value: the peer's node id, value2: its
 * epoch, which changes when the memory node starts again.
 *
 * With `reconnect`, a session that was connected once survives its end. Its operations complete
 * with -ECONNRESET or -ECANCELED, then SHMX_EV_PEER_DOWN comes, and calls return -ENOTCONN. When
 * the library has connected again, pools that were opened or created over the session are looked
 * up by name, and SHMX_EV_CONNECTED comes with status 0 and the first cookie: the same session
 * leads to the pools that have the same id as before, and no more to the others. With another
 * epoch than before, a pool may be there but what was allocated in it is gone, unless `memory` of
 * struct shmx_pool_info is as before: then the memory outlived its node. When all tries have
 * failed, SHMX_EV_CONNECTED comes with the last error, and the session is gone. No operation is
 * started again by the library: that is the application's to decide, who knows whether it may
 * take effect twice.
 * @param[out] session the session, valid from now on and until the event of its failure or of
 *   its end (SHMX_EV_PEER_DOWN without `reconnect`), or until shmx_disconnect().
 * @return 0, -EINVAL, -EAFNOSUPPORT, -ENOSPC the endpoint has no session left, -ENOMEM, -EAGAIN too
 *   many events wait for a poll that takes them, -EBUSY another thread polls.
 * @event -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH, -EMSGSIZE, -EPROTO.
 */
SHMX_API int shmx_connect(
	struct shmx_ep *ep, const struct shmx_peer *peer, uint64_t cookie, shmx_session_t *session);

/**
 * End a session in good order, and stop to reconnect it. Operations still in progress complete with
 * -ECONNRESET or -ECANCELED at the next polls; no SHMX_EV_PEER_DOWN follows, nor SHMX_EV_CONNECTED
 * of an attempt that is being made.
 * @return 0, -EINVAL, -ENOTCONN, -EBUSY another thread polls.
 */
SHMX_API int shmx_disconnect(struct shmx_ep *ep, shmx_session_t session);

/**
 * Worker of the memory node's port that has the session, the first being 1; 0 when the memory node
 * does not tell.
 * @return as said, or -EINVAL; -ENOTCONN the session is not open.
 */
SHMX_API int shmx_session_worker(const struct shmx_ep *ep, shmx_session_t session);

/**
 * Largest IP datagram that an open session sends: less than both ports take when something between
 * the nodes carries less. That is found out when the session begins.
 * @return as said, 0 when it is not open.
 */
SHMX_API uint16_t shmx_session_mtu(const struct shmx_ep *ep, shmx_session_t session);

/**
 * Change how this end of a session controls congestion; it starts anew, at the full window.
 * @return 0, -EINVAL, -ENOTCONN the session is not open, -EBUSY another thread polls.
 */
SHMX_API int shmx_session_cc_set(struct shmx_ep *ep, shmx_session_t session, enum shmx_cc cc);

/* ---- how operations are carried out ---------------------------------------------------- */

/**
 * Takes effect after every operation with SHMX_ORDERED or SHMX_FENCED that was submitted before it
 * over the same session.
 */
#define SHMX_ORDERED 0x1u

/**
 * Takes effect after every operation that was submitted before it over the same session. A get that
 * is not marked itself may all the same be read again afterwards, when its response was lost.
 */
#define SHMX_FENCED 0x2u

struct shmx_op_attr {
	uint32_t flags;      /**< 0, SHMX_ORDERED, SHMX_FENCED */
	uint32_t timeout_us; /**< until an operation completes with -ETIMEDOUT at last; 0: none */
};

/**
 * What holds for the operations that are submitted from now on, until the next call. Nothing is
 * waited for: an operation with an order travels at once, and the memory node keeps it until its
 * turn. Other operations do not wait for it, nor for what it waits for. But as long as a transfer
 * of several frames that has to come first is not on its way as a whole, submit calls return
 * -EAGAIN. The pieces of a vector are not ordered among each other.
 *
 * A deadline is kept to 66 us or the time between two polls, whichever is longer. What holds after
 * shmx_cancel() holds after it.
 * @param attr NULL: no order and no deadline, as at the beginning
 * @return 0, -EINVAL.
 */
SHMX_API int shmx_op_attr_set(struct shmx_ep *ep, const struct shmx_op_attr *attr);

/**
 * Give up the operations with that cookie: each completes, with -EINTR, or with -ECANCELED if
 * nothing of it was submitted to the network yet. Its buffers are the caller's when this returns.
 * An operation that was sent takes effect or not, now or later, and counts against the limits of
 * the endpoint until the memory node has answered. Takes time in proportion to max_ops.
 *
 * What only its event would have named is not left behind: an allocation without a name is freed,
 * and a lock reserved without a number and a name is released, by the library, as soon as the
 * memory node says that it made them; no event tells of it. Granted locks go back: shmx_lock().
 * Everything else stays as it was done. What has a name, or the number that was asked for, is
 * found by that (shmx_lookup(), shmx_lock_lookup(), shmx_pool_open()), and others may use it by
 * then; shmx_resize(), shmx_own() and the like leave nothing that the caller does not know; an
 * inbox is the session's. If the session ends before it went back, it is as with -ECONNRESET:
 * memory with SHMX_FREE goes with its owners, other memory and the lock stay. So does memory for
 * other nodes alone (SHMX_OWNER_NODES without this one), which this one may not free.
 * @return 0, -EINVAL, -ENOENT no operation with that cookie is in progress, -EBUSY another thread
 *   polls.
 */
SHMX_API int shmx_cancel(struct shmx_ep *ep, uint64_t cookie);

/* ---- data ------------------------------------------------------------------------------ */

/**
 * Longest single get, put or fill. A range that passes the last offset, 2^48 - 1, is -EINVAL for
 * vectors, fill and what takes more than one frame, and event -EFAULT for others.
 */
#define SHMX_LEN_MAX (UINT64_C(1) << 40)

/**
 * Read @p len bytes from @p src. @p dst belongs to the library until completion.
 *
 * Aligned words of up to 8 bytes are read as a whole. A longer range is read piece by piece,
 * concurrently with other nodes' writes, at some time before the event, and a piece whose response
 * was lost is read again: also then the right to read it must be there.
 * @event -EFAULT, -ENOENT the pool is gone, -ESTALE, -EPERM. The contents of @p dst are then
 *   undefined.
 */
SHMX_API int shmx_get(
	struct shmx_ep *ep, shmx_addr_t src, void *dst, uint64_t len, uint64_t cookie);

/** Bytes that a put copies at once. */
#define SHMX_INLINE_MAX 1024

/**
 * Write @p len bytes to @p dst. @p src belongs to the library until completion; up to
 * SHMX_INLINE_MAX bytes are copied at once and @p src may be reused when the call returns.
 *
 * Aligned words of up to 8 bytes are written as a whole.
 * @event as shmx_get(): -EFAULT, -ENOENT, -ESTALE, -EPERM. A range that takes more than one frame
 *   may then be written in part.
 */
SHMX_API int shmx_put(
	struct shmx_ep *ep, shmx_addr_t dst, const void *src, uint64_t len, uint64_t cookie);

/** Piece of a vector operation. */
struct shmx_vec {
	shmx_addr_t addr;
	void *buf;
	uint64_t len;
};

/** Most pieces of one vector operation. */
#define SHMX_VEC_MAX 64

/**
 * Gather: read all pieces; one event when all are done, with the first error if any failed, or
 * -ECONNRESET if that was one. All or none of them are started. The vector itself may be reused
 * when the call returns, the buffers belong to the library until completion. Pieces may lie on
 * different memory nodes.
 * @return 0, -EINVAL no piece, too many, or a bad one: none has been started.
 * @event as shmx_get(): -EFAULT, -ENOENT, -ESTALE, -EPERM. The other pieces are done all the same.
 */
SHMX_API int shmx_getv(
	struct shmx_ep *ep, const struct shmx_vec *vec, unsigned int n, uint64_t cookie);

/**
 * Scatter: write all pieces; likewise.
 * @event -EFAULT, -ENOENT, -ESTALE, -EPERM.
 */
SHMX_API int shmx_putv(
	struct shmx_ep *ep, const struct shmx_vec *vec, unsigned int n, uint64_t cookie);

/**
 * Fill @p len bytes with the eight bytes of @p pattern, as they lie in memory, repeated.
 * @event as shmx_put(): -EFAULT, -ENOENT, -ESTALE, -EPERM.
 */
SHMX_API int shmx_fill(
	struct shmx_ep *ep, shmx_addr_t dst, uint64_t len, uint64_t pattern, uint64_t cookie);

enum shmx_atomic_op {
	SHMX_FETCH_ADD,
	SHMX_FETCH_AND,
	SHMX_FETCH_OR,
	SHMX_FETCH_XOR,
	SHMX_SWAP,
	SHMX_CAS,
};

/**
 * Atomic on a word of @p width 4 or 8 bytes, naturally aligned, little-endian in memory; atomic
 * against every other atomic, get and put of an aligned word, of all nodes. Event value: the
 * word before the operation; compare-and-swap succeeded when it equals @p compare.
 * @param operand the addend, mask or new value
 * @param compare compare-and-swap only
 * @event -EFAULT, -ENOENT, -ESTALE, -EPERM.
 */
SHMX_API int shmx_atomic(struct shmx_ep *ep, enum shmx_atomic_op op, shmx_addr_t addr,
	unsigned int width, uint64_t operand, uint64_t compare, uint64_t cookie);

static inline int
shmx_fetch_add(struct shmx_ep *ep, shmx_addr_t addr, uint64_t operand, uint64_t cookie)
{
	return shmx_atomic(ep, SHMX_FETCH_ADD, addr, 8, operand, 0, cookie);
}

static inline int
shmx_cas(struct shmx_ep *ep, shmx_addr_t addr, uint64_t compare, uint64_t swap, uint64_t cookie)
{
	return shmx_atomic(ep, SHMX_CAS, addr, 8, swap, compare, cookie);
}

static inline int
shmx_swap(struct shmx_ep *ep, shmx_addr_t addr, uint64_t value, uint64_t cookie)
{
	return shmx_atomic(ep, SHMX_SWAP, addr, 8, value, 0, cookie);
}

/* ---- memory ---------------------------------------------------------------------------- */

enum shmx_owner {
	SHMX_OWNER_EVERYONE, /**< every node may read, write and free it */
	SHMX_OWNER_SELF,     /**< only this node may */
	SHMX_OWNER_NODES, /**< only the nodes that are named may; this one need not be among them */
};

/** What becomes of an allocation when its owners have gone. */
enum shmx_on_death {
	SHMX_KEEP, /**< it stays, for whoever knows its name or address */
	SHMX_FREE, /**< it is freed, as by shmx_free() */
};

/** Ids of nodes are 1 to this. */
#define SHMX_NODE_MAX 1023

/** Most nodes that one call names; more come by SHMX_OWN_ADD. */
#define SHMX_NODES_MAX 64

struct shmx_alloc_req {
	uint16_t pool;
	uint64_t len;
	uint32_t align; /**< power of two up to 2 MiB; 0: 64 */
	enum shmx_owner owner;
	const char *name;      /**< unique in the pool; NULL: none */
	const uint16_t *nodes; /**< with SHMX_OWNER_NODES: ids, copied */
	unsigned int nb_nodes; /**< up to SHMX_NODES_MAX */
	enum shmx_on_death on_death;
};

/**
 * Allocate contiguous memory; it reads as zeros. Event value: the address.
 *
 * With SHMX_FREE the memory node frees it when all who own any part of it have been without a
 * session for its grace period (shmx-server --owner-grace, 5 s; at most twice that passes). A node
 * that comes back in time keeps it. It counts who owns it then: memory that was handed on follows
 * its new owners, and while any of it is everyone's it stays. Not for SHMX_OWNER_EVERYONE, nor for
 * a list of all nodes there are: -EINVAL.
 *
 * Given up, it leaves nothing behind, unless it has a name: shmx_cancel().
 * @event -ENOMEM; -EDQUOT this node would hold more than the pool's quota; -ENOENT the pool is
 * gone; -EEXIST; -ENOSPC no room for another name, or another set of nodes; -EPERM the pool is for
 *   other nodes; -EINVAL the memory node has no such nodes; -EBUSY.
 */
SHMX_API int shmx_alloc(struct shmx_ep *ep, const struct shmx_alloc_req *req, uint64_t cookie);

/**
 * Free an allocation by its first address. From the event on, every access to it fails with
 * -ESTALE until it is allocated again.
 * @event -ENOENT no allocation starts there; -EINVAL off the granule; -EPERM; -EBUSY, also: it was
 *   sent, and has not been done with.
 */
SHMX_API int shmx_free(struct shmx_ep *ep, shmx_addr_t addr, uint64_t cookie);

/**
 * Change the length of an allocation in place.
 * @event -ENOMEM what follows is taken, or the end of the pool; -EDQUOT the node that made it would
 *   hold more than the pool's quota; and as shmx_free(): -ENOENT, -EINVAL, -EPERM, -EBUSY.
 */
SHMX_API int shmx_resize(struct shmx_ep *ep, shmx_addr_t addr, uint64_t len, uint64_t cookie);

/**
 * Find an allocation by name. Event value: address, value2: length.
 * @event -ENOENT; -EPERM the pool is for other nodes; -EBUSY.
 */
SHMX_API int shmx_lookup(struct shmx_ep *ep, uint16_t pool, const char *name, uint64_t cookie);

/**
 * Hand a range, granule-aligned, to everyone or to this node alone. The range may be a part of an
 * allocation, or span several that lie side by side. Only an owner of all of it may; all of it
 * changes hands, or nothing. After the event no other node's write under the old ownership takes
 * effect, and none is under way.
 * @event -EPERM; -EINVAL off the granule; -ESTALE where nothing is allocated; -EFAULT; -ENOENT the
 *   pool is gone; -EBUSY also: some of it was sent, and has not been read by all
 *   (shmx_send_memory()).
 */
SHMX_API int shmx_own(
	struct shmx_ep *ep, shmx_addr_t addr, uint64_t len, enum shmx_owner owner, uint64_t cookie);

enum shmx_own_how {
	SHMX_OWN_SET,  /**< the nodes are the owners from now on, whoever they were before */
	SHMX_OWN_ADD,  /**< they own it, too */
	SHMX_OWN_DROP, /**< they do not own it any more; others have to: event -EINVAL */
};

/**
 * The same for a set of nodes. Pieces of the range may have had different owners and then still
 * have.
 * @event as shmx_own(): -EPERM, -EINVAL, -ESTALE, -EFAULT, -ENOENT, -EBUSY; and -EMSGSIZE
 *   SHMX_OWN_ADD or _DROP would have to look at more than 4096 such pieces or more than 16 sets of
 *   owners: use shorter ranges; -ENOSPC the memory node knows as many different sets as it can.
 */
SHMX_API int shmx_own_nodes(struct shmx_ep *ep, shmx_addr_t addr, uint64_t len,
	enum shmx_own_how how, const uint16_t *nodes, unsigned int n, uint64_t cookie);

/**
 * Hand a range that belongs to exactly the nodes @p from to the nodes @p to.
 * @event as shmx_own(): -EPERM also where it has other owners than those, -EINVAL, -ESTALE,
 * -EFAULT, -ENOENT, -EBUSY; and -ENOSPC as shmx_own_nodes().
 */
SHMX_API int shmx_own_move(struct shmx_ep *ep, shmx_addr_t addr, uint64_t len, const uint16_t *from,
	unsigned int nb_from, const uint16_t *to, unsigned int nb_to, uint64_t cookie);

#define SHMX_NODES_ALL UINT64_MAX

/**
 * Who owns the granule at @p addr: their ids in ascending order into @p nodes, as many as fit into
 * @p max, at most 128; it belongs to the library until completion. Any node may ask. Event value:
 * how many they are, or SHMX_NODES_ALL, value2: how many of @p len bytes from there on have the
 * same owners.
 * @event -ESTALE nothing is allocated there; -ENOENT the pool has no such memory, or is gone;
 *   -EINVAL off the granule; -EPERM the pool is for other nodes; -EBUSY.
 */
SHMX_API int shmx_owners(struct shmx_ep *ep, shmx_addr_t addr, uint64_t len, uint16_t *nodes,
	uint16_t max, uint64_t cookie);

/* ---- locks ----------------------------------------------------------------------------- */

/*
 * A memory node has a table of locks, numbered from 1 on, 65536 unless it was told otherwise. An id
 * is reserved first, by whoever, and may have a name. Then sessions acquire it, alone or to share.
 *
 * A lock belongs to the *session* that acquired it, for as long as the session lives: shmx_poll()
 * keeps it alive. When it ends, in good order or because its node died, its locks pass on, within
 * one *lease* after the node was last heard: the memory node's peer time-out, and for an idle
 * session a keep-alive more (by default 2 s and 3.2 s). Whoever gets such a lock next is told that
 * its holder died, for what the lock protects may be half done. After SHMX_EV_PEER_DOWN a session
 * has no locks any more, also when it is connected again.
 *
 * A node that was cut off may not know yet that its lock has passed on. Therefore each grant comes
 * with a *fencing token* that grows with every grant of that lock: shmx_put_fenced() writes only
 * while the token is that of the present holder, so that a stale holder's writes are refused.
 */

/** Most locks of one call. */
#define SHMX_LOCKS_MAX 16

/** Wait for as long as it takes. */
#define SHMX_FOREVER UINT64_MAX

struct shmx_lock_req {
	uint32_t lock;
	bool shared; /**< with others who share it; otherwise alone */
};

struct shmx_lock_grant {
	uint64_t token; /**< fencing token, of this lock, never 0 */
	uint32_t lock;
	uint16_t died; /**< node that died, or was forced to let go, while it had the lock, if
	                * nobody was told yet; 0: none */
};

/**
 * Acquire 1 to 16 locks, all or none. First come, first served, whatever the mode, so that nobody
 * starves; those who share and stand next to each other in the queue share. Locks of a call are
 * taken in ascending order of id, so that calls never wait for each other in a circle, as long as
 * a session that waits has no locks from earlier calls.
 *
 * Waiting costs the memory node nothing. shmx_cancel() and a deadline end the wait there, too, a
 * message later; a lock that was granted by then is given back by the library. Where frames are
 * lost or overtake each other, who asks again at once may be told -EDEADLK.
 * @param timeout_us how long to wait, at the memory node; 0: not at all; SHMX_FOREVER
 * @param[out] grants @p n of them, in ascending order of the ids; the library's until completion.
 *   May be NULL. Event value: the token of the first, value2: the node that died, of the first
 *   lock that has one; 0: none.
 * @return 0, -EINVAL also: a lock twice.
 * @event -ENOENT an id is not reserved; -EBUSY not to be had at once and timeout_us is 0;
 * -ETIMEDOUT; -EDEADLK; -ENOSPC too many grants, waiting calls or sessions with locks; -ECANCELED
 * an operator took what the call had so far; -ENOTSUP.
 */
SHMX_API int shmx_lock(struct shmx_ep *ep, shmx_session_t session,
	const struct shmx_lock_req *locks, unsigned int n, uint64_t timeout_us,
	struct shmx_lock_grant *grants, uint64_t cookie);

/**
 * Give back 1 to 16 locks, of whichever calls, all or none. Writes of this node's that have
 * completed before are seen by the next holder.
 * @event -EINVAL a lock twice; -ENOENT; -EPERM the session does not have one of them; -EBUSY;
 *   -ENOTSUP.
 */
SHMX_API int shmx_unlock(struct shmx_ep *ep, shmx_session_t session, const uint32_t *locks,
	unsigned int n, uint64_t cookie);

/**
 * Write up to SHMX_INLINE_MAX bytes, copied at once, if this node has @p lock alone, by the grant
 * with @p token. The lock is one of the memory node that has the memory. What is longer goes where
 * nobody looks first, and is then published by such a write.
 * @event -ENOLCK; -ENOTSUP; and as shmx_put(): -EFAULT, -ENOENT, -ESTALE, -EPERM.
 */
SHMX_API int shmx_put_fenced(struct shmx_ep *ep, shmx_addr_t dst, const void *src, uint32_t len,
	uint32_t lock, uint64_t token, uint64_t cookie);

/**
 * Reserve lock @p id, or with 0 any free one, with a name that is unique on the memory node, or
 * without (NULL). Event value: the id. Given up, one with 0 and NULL leaves nothing behind:
 * shmx_cancel().
 * @event -EEXIST the id or the name is taken; -ENOSPC; -EINVAL an id beyond the table; -EBUSY;
 *   -ENOTSUP.
 */
SHMX_API int shmx_lock_reserve(
	struct shmx_ep *ep, shmx_session_t session, uint32_t id, const char *name, uint64_t cookie);

/**
 * Release an id for others to reserve.
 * @event -ENOENT; -EBUSY also: somebody has it or waits; -ENOTSUP.
 */
SHMX_API int shmx_lock_unreserve(
	struct shmx_ep *ep, shmx_session_t session, uint32_t id, uint64_t cookie);

/**
 * Find a lock by name. Event value: the id.
 * @event -ENOENT; -EBUSY; -ENOTSUP.
 */
SHMX_API int shmx_lock_lookup(
	struct shmx_ep *ep, shmx_session_t session, const char *name, uint64_t cookie);

/**
 * For operators: take a lock from whoever has it. The next holder is told as if that one had died;
 * those who wait for it go on. A call that waits for another lock and has this one ends with
 * -ECANCELED. Event value: how many had it; 0 also where there is no such lock.
 * @event -EBUSY; -ENOTSUP.
 */
SHMX_API int shmx_lock_force(
	struct shmx_ep *ep, shmx_session_t session, uint32_t id, uint64_t cookie);

struct shmx_lock_info {
	uint64_t token; /**< of the latest grant; 0: there was none */
	uint32_t lock;
	uint32_t shared;  /**< sessions that share it now */
	uint32_t waiting; /**< calls in its queue */
	uint16_t holder;  /**< node that has it alone; 0: nobody */
	uint16_t died;    /**< node that the next holder will be told of; 0: none */
	char name[SHMX_NAME_LEN];
};

/**
 * Describe reserved locks with id @p first or above, in order of their ids, as many as fit into
 * @p max, and a few at a time: go on from the last id + 1 until none comes back. Event value: how
 * many. @p info belongs to the library until completion.
 * @event -EBUSY; -ENOTSUP.
 */
SHMX_API int shmx_lock_list(struct shmx_ep *ep, shmx_session_t session, uint32_t first,
	struct shmx_lock_info *info, uint16_t max, uint64_t cookie);

/* ---- barriers -------------------------------------------------------------------------- */

/**
 * Wait until all nodes of a set have come. Each of them calls this, with the same @p barrier, a
 * number that they agree on, and the same nodes, this one among them. When the last one has come
 * all their events do, and the number is free for the next round.
 *
 * A node whose session ends has not come. It is not an error for the others, for it may come back:
 * they wait for it until their time is up. One that gives up by shmx_cancel() or a deadline has
 * come all the same, once its call was sent.
 * @param nodes ids, copied; up to SHMX_NODES_MAX of them
 * @param[out] missing with event -ETIMEDOUT: ids of those who had not come, as many as there is
 *   room for in @p max, ascending; the library's until completion. Event value: how many they are,
 *   128 at most. NULL with max 0.
 * @return 0, -EINVAL also: this node is not one of them.
 * @event -ETIMEDOUT; -EINVAL others wait there with another set; -EEXIST this node does; -ENOSPC
 * too many barriers, waiting nodes or sessions; -EBUSY; -ENOTSUP.
 */
SHMX_API int shmx_barrier(struct shmx_ep *ep, shmx_session_t session, uint32_t barrier,
	const uint16_t *nodes, unsigned int n, uint64_t timeout_us, uint16_t *missing, uint16_t max,
	uint64_t cookie);

/* ---- signals and messages -------------------------------------------------------------- */

/*
 * Nodes reach each other through a memory node. Who wants to hear opens an *inbox* there: a node
 * has one at a time, which belongs to the session that opened it, and gets what is for the node,
 * also what other endpoints of the node would like to have.
 *
 * *Signals* are counted on 64 lines of each inbox. They are never refused: as long as the receiver
 * has not heard, the counts add up.
 *
 * *Messages* come in the order in which a session sent them, each once, whole. A short one travels
 * inside its record. A long one is memory: the sender allocates it, writes it, and sends the
 * allocation, which belongs to the receivers from then on; they read it in place, one copy for all
 * of them, and when the last one is done with it the memory node frees it.
 *
 * Inboxes are bounded. A message for one that is full is refused with -ENOBUFS, for all its
 * receivers, and so is whatever the same session sent behind it, so that nothing overtakes: collect
 * the events, then send again what was refused, in the same order. A receiver that is slow thus
 * slows those who send to it, and nobody else. The same rule holds behind a message in memory that
 * is refused with -ENOSPC or -EBUSY. What gets any other status, as -ENOENT or -EPERM, is not sent,
 * and what was sent behind it is.
 *
 * Inboxes, what is in them, and memory that was sent and not yet read by all do not outlive the
 * process of the memory node, also where the pool does (`memory` of struct shmx_pool_info). When
 * that has started again, the session ends as any does (SHMX_EV_PEER_DOWN); whether messages that
 * end with -ECONNRESET have reached anybody is not known. The session that follows, also one that
 * the library connects again, has no inbox: open it again. It is empty, also when it was to be
 * kept. What this end had got before is still polled, and SHMX_EV_MEMORY among it names memory that
 * is gone: shmx_message_done() ends with -ENOENT.
 */

/** Longest message inside a record. */
#define SHMX_MESSAGE_MAX 1024

/** Lines of signals, 0 to this minus one. */
#define SHMX_LINES 64

enum shmx_to_kind {
	SHMX_TO_NODE, /**< one */
	SHMX_TO_SET,  /**< those of a set that have an inbox */
	SHMX_TO_ALL,  /**< all that have an inbox, but not this node */
};

/** Whom a signal or message is for. */
struct shmx_to {
	enum shmx_to_kind kind;
	uint16_t node;         /**< SHMX_TO_NODE */
	const uint16_t *nodes; /**< SHMX_TO_SET: ids, copied */
	unsigned int nb_nodes; /**< up to SHMX_NODES_MAX */
};

static inline struct shmx_to
shmx_to_node(uint16_t node)
{
	struct shmx_to to = {SHMX_TO_NODE, node, NULL, 0};

	return to;
}

struct shmx_inbox_conf {
	uint32_t bytes;  /**< of messages that may wait at the memory node, 16 more for each; 0: 64
	                  * KiB,  at least 2 KiB, at most 16 MiB */
	uint32_t window; /**< of messages that wait here until they are polled; likewise */
	uint64_t memory; /**< bytes of memory that was sent and not done with; 0: 64 MiB */
	/** When the session ends: false: the inbox is closed, and what is in it is lost. true: it
	 * goes on to take signals and messages, up to its limits, until a session of this node
	 * opens it. */
	bool keep;
	int notify_fd; /**< an eventfd(2) that a poll which got something writes to, for threads
	                * that sleep: a system call a poll. With EFD_NONBLOCK, or the poll blocks
	                * when nobody has read it 2^64 - 2 times; 0: none; below: -EINVAL */
	/** Called from inside shmx_poll() instead of SHMX_EV_SIGNAL; NULL: the event. It must not
	 * call into the endpoint. */
	void (*on_signal)(void *ctx, uint8_t line, uint64_t count);
	void *ctx;
};

/**
 * Open this node's inbox at the memory node of @p session. *Slow.* From the event on
 * SHMX_EV_SIGNAL, SHMX_EV_MESSAGE and SHMX_EV_MEMORY come, with @p cookie. A message stays where it
 * is until the next shmx_poll() that has room for events. What is not taken by then waits: first
 * here, then at the memory node, then with the senders.
 * @param conf NULL: all zero.
 * @return 0, -EINVAL, -ENOMEM, -EAGAIN also: messages of the inbox that this session had before
 * have not been polled; -EEXIST the session has it already.
 * @event -EBUSY also: another session of this node has it; -ENOSPC too many sessions; -ENOTSUP.
 */
SHMX_API int shmx_inbox_open(struct shmx_ep *ep, shmx_session_t session,
	const struct shmx_inbox_conf *conf, uint64_t cookie);

/**
 * Close it, with all that is in it; what this end has got already is still polled.
 * @event -ENOENT the session has none; -ENOSPC too many sessions; -EBUSY; -ENOTSUP.
 */
SHMX_API int shmx_inbox_close(struct shmx_ep *ep, shmx_session_t session, uint64_t cookie);

/**
 * Add @p count, at least 1, to a line of each inbox. Event value: how many inboxes.
 * @event -ENOENT a node, or a set, that has none; -ENOSPC too many sessions; -EBUSY; -ENOTSUP.
 */
SHMX_API int shmx_signal(struct shmx_ep *ep, shmx_session_t session, const struct shmx_to *to,
	uint8_t line, uint32_t count, uint64_t cookie);

/**
 * Send a message of 0 to SHMX_MESSAGE_MAX bytes, copied at once, to all inboxes or, if one takes no
 * more, to none. Event value: how many inboxes have it.
 * @event -ENOBUFS as above; -ENOENT a node, or a set, that has none; -ENOSPC too many sessions;
 *   -ENOTSUP.
 */
SHMX_API int shmx_send(struct shmx_ep *ep, shmx_session_t session, const struct shmx_to *to,
	const void *data, uint32_t len, uint64_t cookie);

/**
 * Send the first @p len bytes of the allocation that starts at @p addr. This node has to own all of
 * it. From the call on it must not be written any more; when the event says that one inbox or more
 * has it, it is the receivers', and otherwise this node's as before. Ordered with shmx_send().
 * @return 0, -ENOTCONN also: another session leads to the pool.
 * @event as shmx_send(): -ENOBUFS also: too many are sent and not done with, -ENOENT also: no
 *   allocation starts there, -ENOSPC also: another set of nodes, -ENOTSUP; and -EMSGSIZE more than
 * `memory` of a receiver; -EPERM it is not this node's, or the pool is not for all receivers;
 * -EINVAL off the granule, longer than the allocation, or it has several sets of owners; -EBUSY
 * what was sent from there in a pool that was destroyed since has not been done with.
 */
SHMX_API int shmx_send_memory(struct shmx_ep *ep, shmx_session_t session, const struct shmx_to *to,
	shmx_addr_t addr, uint64_t len, uint64_t cookie);

/**
 * A receiver is done with SHMX_EV_MEMORY number @p message. Until the last one is, the memory
 * cannot be freed.
 * @event -ENOENT it was not for this session, or is done with already; -ENOSPC too many sessions;
 *   -EBUSY; -ENOTSUP.
 */
SHMX_API int shmx_message_done(
	struct shmx_ep *ep, shmx_session_t session, uint64_t message, uint64_t cookie);

/* ---- pools ----------------------------------------------------------------------------- */

struct shmx_pool_req {
	const char *name;  /**< unique on the memory node */
	uint64_t size;     /**< bytes; rounded up to 2 MiB */
	uint64_t max_size; /**< growth limit; 0: no growth */
	uint32_t granule;  /**< unit of ownership, power of two, 64 to 4096; 0: 64 */
	/*
	 * Growing and shrinking by itself, in bytes that are in no allocation. grow_below and
	 * grow_by go together and need a max_size above size; shrink_above is 0 or at least their
	 * sum. Else the call says -EINVAL.
	 */
	uint64_t grow_below;   /**< with less free, grow; 0: not by itself */
	uint64_t grow_by;      /**< rounded up to 2 MiB; the last time, what is left to max_size */
	uint64_t shrink_above; /**< with more free, give wholly free extents back, as long as
	                          grow_below + grow_by stay free and `size` stays; 0: not by
	                          itself */
	/*
	 * What one node may hold of the pool at a time: the allocations that it has made and that
	 * have not been freed, whoever owns them meanwhile. One that changes its length counts
	 * anew; one that was sent counts until the last receiver is done with it; one that a node
	 * left behind when it died counts for the next that has its id.
	 */
	uint64_t quota; /**< bytes; rounded up to granules; 0: no limit */
	/*
	 * Who may open the pool, allocate in it, resize, describe and destroy it; no part of it
	 * ever belongs to others: "everyone" means these nodes there. Others are told -EPERM.
	 */
	const uint16_t *nodes; /**< their ids, with or without this node's */
	uint16_t nb_nodes;     /**< at most SHMX_NODES_MAX; 0: all nodes */
};

struct shmx_pool_info {
	char name[SHMX_NAME_LEN];
	uint64_t size;
	uint64_t max_size;
	uint64_t used;         /**< bytes in allocations */
	uint64_t largest_free; /**< longest allocation that would succeed now; listed: or a fifth
	                          less */
	uint64_t allocs;
	uint32_t granule;
	uint16_t extents;
	uint16_t pool;
	uint16_t nb_nodes; /**< how many nodes may use it; 0: all; shmx_pool_nodes() tells which */
	uint64_t quota;    /**< as it was created, rounded; so the next */
	uint64_t grow_below, grow_by, shrink_above;
	uint64_t held; /**< of the quota, by this node; 0 without one */
	/**
	 * Number of the memory that the pools of its node lie in. Is it the same after the memory
	 * node has started again, all that was allocated is as it was. 0: the node does not tell.
	 */
	uint64_t memory;
};

/** A node that may use a pool which is not for all, or that holds some of one with a quota. */
struct shmx_pool_node {
	uint64_t held; /**< bytes; 0 also without a quota */
	uint16_t node;
};

/**
 * Create a pool on the memory node of @p session. Event value: the pool id.
 *
 * A pool that grows by itself does so off the data path, as by shmx_pool_grow(). An allocation that
 * does not fit waits for it, and fails with -ENOMEM when it may not grow as far or the memory node
 * has no memory left.
 * @event -EEXIST; -ENOMEM; -ENOSPC all pool ids of the memory node are taken, 64 unless it was
 * given more, or it knows as many different sets of nodes as it can; -EINVAL nodes that it does
 * not have; -EBUSY.
 */
SHMX_API int shmx_pool_create(struct shmx_ep *ep, shmx_session_t session,
	const struct shmx_pool_req *req, uint64_t cookie);

/**
 * Find a pool by name and route its addresses over @p session. Event value: the pool id.
 * @event -ENOENT; -EPERM it is for other nodes; -EEXIST a session with another memory node leads to
 *   a pool with that id: two nodes have the same id, or were given --pool-ids that overlap.
 */
SHMX_API int shmx_pool_open(
	struct shmx_ep *ep, shmx_session_t session, const char *name, uint64_t cookie);

/**
 * Destroy a pool.
 * @event -EBUSY also: it has allocations, unless @p force; -EPERM it is for other nodes; -ENOENT.
 */
SHMX_API int shmx_pool_destroy(struct shmx_ep *ep, uint16_t pool, bool force, uint64_t cookie);

/**
 * Add @p bytes, rounded up to 2 MiB, while the pool is in use. Event value: the new size.
 * @event -ENOMEM; -ENOSPC it has as many extents as there may be, 256, or no gap in its offsets;
 *   -EINVAL more than 2^31 granules; -EPERM it is for other nodes; -ENOENT; -EBUSY.
 */
SHMX_API int shmx_pool_grow(struct shmx_ep *ep, uint16_t pool, uint64_t bytes, uint64_t cookie);

/**
 * Give back up to @p bytes of wholly free extents. Event value: the new size.
 * @event -EBUSY also: none is; -EPERM it is for other nodes; -ENOENT.
 */
SHMX_API int shmx_pool_shrink(struct shmx_ep *ep, uint16_t pool, uint64_t bytes, uint64_t cookie);

/**
 * Describe a pool into @p info, which belongs to the library until completion.
 * @event -EPERM it is for other nodes; -ENOENT; -EBUSY.
 */
SHMX_API int shmx_pool_stat(
	struct shmx_ep *ep, uint16_t pool, struct shmx_pool_info *info, uint64_t cookie);

/**
 * Describe pools of the memory node with id @p first or above, in order of their ids, as many as
 * fit into @p max and into one frame: go on from the last id + 1 until none comes back. Of a pool
 * that is for other nodes, or just goes away, the id alone is told.
 * Event value: how many. @p info belongs to the library until completion.
 */
SHMX_API int shmx_pool_list(struct shmx_ep *ep, shmx_session_t session, uint16_t first,
	struct shmx_pool_info *info, uint16_t max, uint64_t cookie);

/**
 * Tell which nodes may use pool @p pool of the memory node of @p session, where not all may, and
 * what nodes hold of it, where it has a quota: those with id @p first or above, in order of their
 * ids, as many as fit into @p max and into one frame: go on from the last id + 1 until none comes
 * back. Event value: how many. @p nodes belongs to the library until completion.
 * @event -ENOENT; -EPERM the pool is for other nodes.
 */
SHMX_API int shmx_pool_nodes(struct shmx_ep *ep, shmx_session_t session, uint16_t pool,
	uint16_t first, struct shmx_pool_node *nodes, uint16_t max, uint64_t cookie);

/* ---- memory nodes ------------------------------------------------------------------------ */

/** A node that has sessions with a memory node. */
struct shmx_node_info {
	rte_be32_t ip;     /**< IPv4 address of one of its sessions, or */
	uint8_t ip6[16];   /**< the IPv6 address; both zero: it changes just now */
	uint16_t udp_port; /**< likewise, host order */
	uint16_t node;
	uint32_t sessions; /**< this one among them */
	uint32_t workers;  /**< bit i: worker i of the memory node, the first being 0, has some */
};

/**
 * Describe nodes that have sessions with the memory node of @p session, with id @p first or above,
 * in order of their ids, as many as fit into @p max and into one frame: go on from the last id + 1
 * until none comes back. A node that is gone without a word is listed until its silence is noticed.
 * Event value: how many. @p info belongs to the library until completion.
 */
SHMX_API int shmx_node_list(struct shmx_ep *ep, shmx_session_t session, uint16_t first,
	struct shmx_node_info *info, uint16_t max, uint64_t cookie);

/** Kinds of operations that are counted. */
#define SHMX_OPS_MAX 64

/** What a memory node has done since it started, all workers; free-running. */
struct shmx_node_stat {
	uint64_t ops[SHMX_OPS_MAX]; /**< operations asked for, of each kind: shmx_op_name() */
	uint64_t op_errors;         /**< of these, ended with an error */
	uint64_t bytes_read, bytes_written;
	uint64_t handed_over; /**< operations given to another worker, or to the control thread */
	uint64_t busy;        /**< refused because too many of those were in progress */
	uint64_t malformed;   /**< sessions ended because the peer broke the protocol */
	uint32_t nodes;       /**< that have sessions: a gauge, as the next */
	uint32_t sessions;
	uint16_t workers;
};

/** Ask the memory node of @p session. @p stat belongs to the library until completion. */
SHMX_API int shmx_node_stat(
	struct shmx_ep *ep, shmx_session_t session, struct shmx_node_stat *stat, uint64_t cookie);

/** Name of a kind of operations, as in "fetch-add"; NULL when there is no such kind. */
SHMX_API const char *shmx_op_name(unsigned int op);

#ifdef __cplusplus
}
#endif

#endif /* SHMX_H */
