/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CLIENT_LOSSY_H
#define CLIENT_LOSSY_H

/** A port of the memory node that loses frames. */

#include "client/fixture.h"

extern unsigned int lossy; /**< one frame in so many is lost, either way; 0: none */
extern bool lossy_deaf;    /**< all that arrives is */
extern bool lossy_mute;    /**< all that leaves is */

/** For struct rdp_io; the context is the struct host. */
uint16_t lossy_rx(void *ctx, struct rte_mbuf **mbufs, uint16_t n);
uint16_t lossy_tx(void *ctx, struct rte_mbuf **mbufs, uint16_t n);

/** For fixture_conf.wrap. */
void wrap_lossy(struct host *h, struct rdp_conf *conf);

#endif /* CLIENT_LOSSY_H */
