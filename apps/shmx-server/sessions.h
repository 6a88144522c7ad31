/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_SESSIONS_H
#define SERVER_SESSIONS_H

/**
 * @file
 * What the sessions of an endpoint look like at one moment, taken by the worker that owns them.
 */

#include "server.h"

#define SESSIONS_MAX  64   /* in one answer, which telemetry limits to 16 KB */
#define SESSIONS_SCAN 4096 /* indices looked at in one answer, so that no turn takes long */

struct session_view {
	uint16_t index;
	uint16_t peer_node;
	struct ip_addr peer_ip;
	rte_be16_t peer_port;
	uint8_t state; /**< enum rdp_state */
	uint16_t mtu;  /**< largest IP datagram sent */
	uint64_t srtt_ns;
	uint32_t in_flight; /**< frames */
	uint64_t age_ns;
};

struct sessions_view {
	const struct server_pair *pair;
	uint32_t first; /**< index to begin with; then that of the next answer, 0: no more */
	uint32_t limit; /**< one past the last index there may be */
	unsigned int nb;
	struct session_view session[SESSIONS_MAX];
};

/** Fill a struct sessions_view. Runs on the worker. */
void sessions_look(void *view);

/** Name of an enum rdp_state for people. */
const char *session_state_name(uint8_t state);

#endif /* SERVER_SESSIONS_H */
