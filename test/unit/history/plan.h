/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef PLAN_H
#define PLAN_H

/** What a history will be like: everything that its seed decides before it begins. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "rdp/net.h"

#define PLAN_CLIENTS  4
#define PLAN_WORDS    4
#define PLAN_WORKERS  2
#define PLAN_TROUBLES 4

enum load {
	LOAD_MIXED,  /**< every operation on data */
	LOAD_OWNERS, /**< and words that nodes take for themselves and give back */
	LOAD_ADDS,   /**< fetch-and-add alone, each client in bits of its own: see sums.c */
};

enum trouble_kind {
	TROUBLE_HOLE,       /**< what a node sends is lost for a time */
	TROUBLE_RESTART,    /**< the memory node dies and comes back with its memory */
	TROUBLE_MOVE,       /**< likewise, and its memory lies elsewhere then */
	TROUBLE_REBORN,     /**< a client's process dies and begins anew */
	TROUBLE_DISCONNECT, /**< a client ends its session and connects again */
	TROUBLE_THROW_OUT,  /**< the memory node ends a client's session */
	TROUBLES
};

struct trouble {
	uint64_t at_ns;  /**< from the first operation on */
	uint64_t for_ns; /**< how long it lasts; 0: no time */
	uint8_t kind;    /**< enum trouble_kind */
	uint8_t who;     /**< index of the client; of a hole: index in the network */
};

struct plan {
	uint64_t seed;
	enum load load;
	struct net_chances chances;
	uint64_t latency_ns;
	uint32_t peer_timeout_ms;
	uint16_t client_window, server_window;
	uint32_t max_ops; /**< of a client's endpoint */
	uint16_t max_events;
	bool client_crc, server_crc;
	bool no_coalesce;
	bool mapped; /**< the memory node uses the processor's atomics though it is alone */
	uint8_t workers;
	uint8_t words;
	uint8_t width[PLAN_WORDS]; /**< 4 or 8 bytes */
	uint32_t calls;            /**< of each client */
	uint32_t outstanding;      /**< of these, at a time */
	uint64_t gap_ns;           /**< most time between two; half of them follow at once */
	bool few_values;           /**< what is written is often equal */
	struct trouble trouble[PLAN_TROUBLES];
	unsigned int troubles;
};

void plan_make(struct plan *plan, uint64_t seed, enum load load);

void plan_print(FILE *to, const struct plan *plan);

/* chance */
uint32_t dice_below(uint64_t *dice, uint32_t n);
bool dice_chance(uint64_t *dice, double probability);

#endif /* PLAN_H */
