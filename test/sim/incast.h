/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef INCAST_H
#define INCAST_H

/**
 * Many senders and one receiver behind one port of a switch, in virtual time: each sender has a
 * link of its own, all frames to the receiver share a queue that drops at its tail. The endpoints
 * are those of lib/rdp, unchanged. Every session keeps as many requests of a frame each on their
 * way as it may, from the same moment on; each is answered by a small response.
 */

#include <stdint.h>
#include <stdio.h>

#include "rdp/rdp.h"

struct incast_conf {
	unsigned int senders;
	unsigned int sessions; /**< a sender */
	enum rdp_cc cc;
	uint64_t cc_target_ns;
	uint16_t window;
	double gbps;          /**< of every link */
	uint32_t buffer;      /**< bytes of the shared queue */
	uint64_t latency_ns;  /**< of the way from a sender to the receiver, and back */
	uint64_t warmup_ns;   /**< not counted */
	uint64_t duration_ns; /**< counted */
	uint64_t op_gap_ns;   /**< between two requests of a session; 0: as many as have room */
	uint64_t seed;
	FILE *csv; /**< queue and goodput over time; NULL: none */
};

struct incast_result {
	double queue_mean; /**< bytes, over time */
	uint32_t queue_max;
	double goodput; /**< share of the bottleneck that carried frames for the first time */
	double jain;    /**< fairness among sessions, 1/n to 1 */
	double least;   /**< the slowest session's share, 1: as much as the average */
	uint64_t ops;
	uint64_t p50_ns, p99_ns, p999_ns; /**< from request to response */
	uint64_t drops;                   /**< by the queue */
	uint64_t retransmits;
	uint64_t timeouts;
	uint16_t request_room_least; /**< of all sessions, at the end of warm-up or after */
};

/** 64 senders, 25 Gb/s, 2 MiB, 5 us. */
struct incast_conf incast_conf_default(void);

/** EAL is up. @return 0 or negative errno. */
int incast_run(const struct incast_conf *conf, struct incast_result *result);

#endif /* INCAST_H */
