/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef PAIR_H
#define PAIR_H

/** A server (node 0) and a client (node 1): where most conversations happen. */

#include "net.h"
#include "node.h"
#include "run.h"

#define SERVER 0
#define CLIENT 1

struct pair {
	struct net *net;
	struct node *server, *client;
	struct rdp_session *s; /**< the server's end */
	struct rdp_session *c; /**< the client's end */
};

/** Changes the configuration of both nodes, told apart by conf->listen. */
typedef void (*pair_tweak_t)(struct node_conf *conf);

/** Two nodes, not connected. @p tweak may be NULL. */
struct pair pair_start(pair_tweak_t tweak);

/** The same with addresses of IPv6 alone. */
struct pair pair_start_v6(pair_tweak_t tweak);

/** Two nodes and a session; the log starts after the handshake. */
struct pair pair_open(pair_tweak_t tweak);

/** Connect a pair_start(), or connect again. */
void pair_connect(struct pair *p);

/** Assert what net_free() asserts. */
void pair_free(struct pair *p);

/** The server's process dies and starts again, or the client's. */
void pair_restart(struct pair *p, unsigned int index, pair_tweak_t tweak);

/** Write @p n small requests that want no answer, one to a frame. @return how many had room. */
unsigned int pair_frames(struct node *node, struct rdp_session *s, unsigned int n);

/** Let the ring of frame numbers of one direction start at @p psn. Nothing may be in flight. */
void pair_start_psn(struct rdp_session *from, struct rdp_session *to, uint32_t psn);

/** The next frame of a type that @p from sends goes into net->jar, and is lost. */
void pair_keep_next(struct pair *p, unsigned int from, uint8_t type);

/** Wait for it. @return the newest of the jar, NULL when none came within 10 ms. */
struct net_packet *pair_kept(struct pair *p);

#endif /* PAIR_H */
