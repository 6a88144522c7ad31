/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_FIGURES_H
#define SERVER_FIGURES_H

#include "server.h"

/** What all workers have counted so far. */
struct figures {
	uint64_t tsc;
	uint64_t ops;
	uint64_t op_errors;
	uint64_t rx_frames;
	uint64_t tx_frames;
	uint64_t echoed;
	uint64_t retransmits;
	uint64_t dropped;  /**< received and not processed, all reasons */
	uint64_t sessions; /**< a gauge */
	uint64_t busy_cycles;
	uint64_t idle_cycles;
};

/** Add up. The counters go on meanwhile. */
void figures_read(const struct server *s, struct figures *f);

/** Print what has happened since @p before, as one line on standard output. */
void figures_print(const struct figures *before, const struct figures *now);

#endif /* SERVER_FIGURES_H */
