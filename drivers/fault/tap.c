/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "fault/tap.h"

static uint16_t
on_rx(uint16_t port_id, uint16_t queue, struct rte_mbuf **mbufs, uint16_t n, uint16_t max,
	void *ctx)
{
	struct tap *t = ctx;
	uint64_t now;

	__atomic_store_n(&t->polls, t->polls + 1, __ATOMIC_RELEASE);
	if (lane_idle(t->lane[FAULT_RX]) && lane_idle(t->lane[FAULT_TX]))
		return n;
	now = rte_rdtsc();
	lane_tx_turn(t->lane[FAULT_TX], now);
	return lane_rx(t->lane[FAULT_RX], now, mbufs, n, max);
}

static uint16_t
on_tx(uint16_t port_id, uint16_t queue, struct rte_mbuf **mbufs, uint16_t n, void *ctx)
{
	struct tap *t = ctx;

	if (!t->sending && !lane_idle(t->lane[FAULT_TX]))
		lane_tx(t->lane[FAULT_TX], rte_rdtsc(), mbufs, n);
	return n;
}

/* Through the other callbacks of the queue, if there are any: what leaves can be captured. */
static uint16_t
send_own(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	struct tap *t = ctx;

	t->sending = true;
	n = rte_eth_tx_burst(t->port_id, t->queue, mbufs, n);
	t->sending = false;
	return n;
}

struct tap *
tap_create(uint16_t port_id, uint16_t queue)
{
	int socket = rte_eth_dev_socket_id(port_id);
	struct tap *t = rte_zmalloc_socket("fault_tap", sizeof(*t), RTE_CACHE_LINE_SIZE, socket);
	const struct lane_out out = {send_own, t};
	struct rte_ether_addr mac = {{0}};

	if (t == NULL)
		return NULL;
	rte_eth_macaddr_get(port_id, &mac);
	t->port_id = port_id;
	t->queue = queue;
	t->lane[FAULT_RX] = lane_create(FAULT_RX, &mac, NULL, socket);
	t->lane[FAULT_TX] = lane_create(FAULT_TX, &mac, &out, socket);
	if (t->lane[FAULT_RX] != NULL && t->lane[FAULT_TX] != NULL)
		return t;
	tap_destroy(t);
	return NULL;
}

/* ethdev unlinks a callback and leaves its memory to whoever knows that nobody is inside it. */
static void
unlink_callbacks(struct tap *t)
{
	if (t->cb[FAULT_RX] != NULL)
		rte_eth_remove_rx_callback(t->port_id, t->queue, t->cb[FAULT_RX]);
	if (t->cb[FAULT_TX] != NULL)
		rte_eth_remove_tx_callback(t->port_id, t->queue, t->cb[FAULT_TX]);
}

static void
retire(struct tap *t)
{
	for (int dir = 0; dir < FAULT_DIRS; dir++) {
		rte_free((void *)(uintptr_t)t->retired[dir]);
		t->retired[dir] = t->cb[dir];
		t->cb[dir] = NULL;
	}
}

void
tap_destroy(struct tap *t)
{
	if (t == NULL)
		return;
	/* First, so that what the lane sends now does not come back to it. */
	unlink_callbacks(t);
	retire(t);
	retire(t);
	lane_destroy(t->lane[FAULT_RX]);
	lane_destroy(t->lane[FAULT_TX]);
	rte_free(t);
}

int
tap_insert(struct tap *t)
{
	if (t->cb[FAULT_RX] == NULL && t->cb[FAULT_TX] == NULL)
		t->inserted = __atomic_load_n(&t->polls, __ATOMIC_ACQUIRE);
	/* Receiving first: only a receive poll sends what is held. */
	if (t->cb[FAULT_RX] == NULL)
		t->cb[FAULT_RX] = rte_eth_add_rx_callback(t->port_id, t->queue, on_rx, t);
	if (t->cb[FAULT_RX] == NULL)
		return -rte_errno;
	if (t->cb[FAULT_TX] == NULL)
		t->cb[FAULT_TX] = rte_eth_add_tx_callback(t->port_id, t->queue, on_tx, t);
	return t->cb[FAULT_TX] != NULL ? 0 : -rte_errno;
}

/*
 * The first receive callback after an insertion may be one of the time before, begun late. With
 * the second that one has been left: both are the same thread's.
 */
bool
tap_drained(const struct tap *t)
{
	uint64_t polls = __atomic_load_n(&t->polls, __ATOMIC_ACQUIRE);

	return polls - t->inserted >= 2 && lane_drained(t->lane[FAULT_RX]) &&
	       lane_drained(t->lane[FAULT_TX]);
}

/* The polling thread may be inside these callbacks still, but not inside the retired ones. */
void
tap_remove(struct tap *t)
{
	unlink_callbacks(t);
	retire(t);
}
