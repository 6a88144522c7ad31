/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef NODE_H
#define NODE_H

/**
 * An endpoint of a test and what stands above it: requests that carry a number and a pattern,
 * responses to them, and a ledger of both. Responses are reserved when the request is read and
 * written when the burst ends, as the target does it.
 */

#include "net.h"

enum ledger_state {
	LEDGER_SENT = 1,     /**< request written into a frame */
	LEDGER_ARRIVED = 2,  /**< the request took effect */
	LEDGER_ANSWERED = 4, /**< its response took effect */
	LEDGER_LOST = 8,     /**< its session has ended */
};

struct node_conf {
	struct rdp_conf rdp;
	unsigned int mbufs;
};

struct node {
	struct net *net;
	unsigned int index;
	struct rdp_ep *ep;
	struct rte_mempool *pool;
	struct rdp_conf conf;
	struct rdp_session *session; /**< the newest that was opened */
	bool deaf;                   /**< consume no requests */
	bool mute;                   /**< read requests and do not answer */
	bool blind;                  /**< take whatever comes as consumed, unread */
	int break_with;              /**< records() says this next time, if negative */
	void (*on_opened)(struct node *node, struct rdp_session *s, int status);
	void (*on_closed)(struct node *node, struct rdp_session *s, int status);
	void (*on_records)(struct node *node, struct rdp_session *s);
	void (*on_request)(struct node *node, uint64_t number); /**< one takes effect now */
	void (*pump)(struct node *node); /**< each turn, between poll and flush */
	void *user;
	bool check; /**< white-box invariants after every poll; on unless there are many sessions */
	bool no_flush;
	bool untimed; /**< the test holds its timers back: nothing is repeated in time */
	struct live_watch *watch; /**< by session index, while `check` */
	uint64_t turn_ns;         /**< of the latest turn */

	unsigned int opened, failed, closed; /**< calls */
	int status;                          /**< of the last of them */
	uint64_t status_ns;                  /**< and when */
	uint64_t requests_in, responses_in;
	uint64_t last_request; /**< number, plus one */
	uint64_t overtaken;    /**< requests that came before an older one */

	struct staged *staged; /**< responses to be written when the burst ends */
	unsigned int nb_staged, staged_size;
	struct seen_records *seen;
	unsigned int nb_seen, seen_size;
};

/** Configuration of node @p index of @p net, to be changed and handed to node_start(). */
struct node_conf node_conf(struct net *net, unsigned int index);

struct node *node_start(struct net *net, unsigned int index, const struct node_conf *conf);

/** Start with node_conf() as it is; node 0 listens. */
struct node *node_start_plain(struct net *net, unsigned int index);

/** Destroy the endpoint without a word, as a process dies. @return mbufs that went missing. */
unsigned int node_stop(struct node *node);

/** Begin to connect. */
struct rdp_session *node_connect(struct node *node, unsigned int to);

/** Connect and wait. @return the session, NULL when that failed. */
struct rdp_session *node_open(struct node *node, unsigned int to);

/** rdp_close(), and forget what was to be written into its frames. */
void node_close(struct node *node, struct rdp_session *s);

/**
 * Write a request of @p size bytes that wants a response of @p answer bytes, 0 for none.
 * @return its number, -1 when there is no room.
 */
int64_t node_request(struct node *node, struct rdp_session *s, uint32_t size, uint32_t answer);

/** Smallest record. */
#define NODE_RECORD_MIN 24

/** The session that the peer of @p s at @p peer knows; NULL when there is none. */
struct rdp_session *node_peer_session(const struct rdp_session *s, struct node *peer);

/* The ledger of all nodes. */
void ledger_reset(void);
uint64_t ledger_sent(void);
uint8_t ledger_state(uint64_t number);

/** Requests in a state with all bits of @p with and none of @p without. */
uint64_t ledger_count(uint8_t with, uint8_t without);

/** Whether every request arrived, and was answered if it wanted that. */
bool ledger_complete(void);

/** Requests of a session that ended may stay without effect. */
void ledger_write_off(const struct rdp_session *s);

/** Check what must hold of an endpoint between two calls; breaks are net_error()s. */
void node_check(struct node *node);

/** Nothing in flight, queued, owed or parked. */
bool node_quiet(const struct node *node);

/** Time at which the node has to be polled again though nothing arrives. */
uint64_t node_wake_ns(const struct node *node);

/** One turn. */
void node_turn(struct node *node);

#endif /* NODE_H */
