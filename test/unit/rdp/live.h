/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef LIVE_H
#define LIVE_H

/**
 * Liveness: what is not acknowledged is sent again in time, whatever the network loses. The oldest
 * frame in flight of a session is one that was sent, or became the oldest, no longer ago than the
 * retransmission time-out of doc/protocol.md, a slot of the timer wheel, and a turn of the node.
 * Where the port takes nothing, buffers are short or nobody polls, time begins when that is over.
 * The last frame in flight has the tail probe before that.
 */

#include "net.h"

struct node;

/** What is known of a session of a node; by session index. */
struct live_watch;

struct live_watch *live_new(uint16_t sessions);

/** A DATA frame has left the node. */
void live_sent(const struct node *node, const struct net_frame *f);

/** The node has had a turn; breaks are net_error()s. */
void live_turn(struct node *node);

#endif /* LIVE_H */
