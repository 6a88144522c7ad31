/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_LINK_H
#define COMMON_LINK_H

/**
 * @file
 * From the options of a client to its port, its endpoint and the memory node; and what to tell
 * people when that does not work.
 */

#include <shmx.h>

#include "link_options.h"

/**
 * Open the port with @p nb_mbufs buffers (0: the default) and wait for its link. @p port is set
 * whenever it has to be closed.
 * @return 0, or negative after a line that says why.
 */
int link_open(const struct link_options *o, uint32_t nb_mbufs, struct shmx_port **port);

/** The same with a queue for each of so many endpoints. */
int link_open_queues(const struct link_options *o, uint32_t nb_mbufs, uint16_t nb_queues,
	struct shmx_port **port);

/** Fill in the address and the node of an endpoint. */
void link_own_address(const struct link_options *o, struct shmx_ep_conf *conf);

/** The memory node; any worker, no reconnection. */
struct shmx_peer link_memory_node(const struct link_options *o);

/** Tell when the path to the memory node carries less than both ports: it works, but slowly. */
void link_tell_mtu(const struct link_options *o, const struct shmx_ep *ep, shmx_session_t session);

/**
 * One line when @p status says that the memory node was not reached, or is not any more.
 * @param what was to be done
 * @return whether it says so.
 */
bool link_explain(const struct link_options *o, const char *what, int status);

/** An address as text, in one of two static buffers. */
const char *link_ip_text(struct ip_addr ip);

#endif /* COMMON_LINK_H */
