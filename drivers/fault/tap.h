/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef FAULT_TAP_H
#define FAULT_TAP_H

/**
 * @file
 * Where the lanes of one queue pair meet the Ethernet device: two callbacks, put in and taken out
 * by the control thread while the polling thread goes on.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>

#include "fault/lane.h"

struct tap {
	struct lane *lane[FAULT_DIRS];
	uint16_t port_id, queue;
	bool sending;   /**< the polling thread's: frames of our own go out */
	uint64_t polls; /**< receive callbacks begun; written by the polling thread, read by both */

	/* The control thread's alone. */
	const struct rte_eth_rxtx_callback *cb[FAULT_DIRS];      /**< NULL: not in */
	const struct rte_eth_rxtx_callback *retired[FAULT_DIRS]; /**< taken out, not freed yet */
	uint64_t inserted;                                       /**< `polls` at that time */
};

/** With two lanes, and no callback in. @return NULL without memory. */
struct tap *tap_create(uint16_t port_id, uint16_t queue);

/** Nobody polls any more. NULL is allowed. */
void tap_destroy(struct tap *t);

/** Put the callbacks in that are not. @return 0, or what ethdev said; one may be in then. */
int tap_insert(struct tap *t);

/** Whether any is in. */
static inline bool
tap_inserted(const struct tap *t)
{
	return t->cb[FAULT_RX] != NULL || t->cb[FAULT_TX] != NULL;
}

/** Whether both lanes are off and empty, as the polling thread has confirmed. */
bool tap_drained(const struct tap *t);

/** Take the callbacks out of a drained tap. */
void tap_remove(struct tap *t);

#endif /* FAULT_TAP_H */
