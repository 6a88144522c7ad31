/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SEAT_H
#define SEAT_H

/**
 * A seat between an endpoint of the memory node and its target. Who sits there sees every record
 * before the target does, and may do worse than hand it on: the bugs that the checker has to find
 * are made here, so that the code under test has none of them built in.
 */

#include "world.h"

struct seat;

/** Who sits there. */
struct sitter {
	const char *name;
	/** A request. @return as rdp_handler.records(); NULL: seat_pass(). */
	int32_t (*record)(struct seat *seat, struct rdp_session *s, const struct wire_record *rec,
		uint32_t size);
	/** A frame came in, before the endpoint looks at it. NULL: nothing. */
	void (*frame)(struct seat *seat, const struct rte_mbuf *m);
	/** Records of a frame that the endpoint took. NULL: nothing. */
	void (*taken)(
		struct seat *seat, struct rdp_session *s, const uint8_t *records, uint32_t len);
	/** The target has executed the burst. NULL: nothing. */
	void (*batch_end)(struct seat *seat);
};

/** A frame's records, kept for later. */
struct seat_frame {
	struct rdp_session *s;
	rte_be32_t inc;
	rte_be32_t psn;
	uint32_t len;
	uint8_t records[NET_MTU] __rte_aligned(8);
};

/** A word as it once was. */
struct seat_word {
	uint64_t addr;
	uint64_t value;
	uint64_t since_ns;
	uint32_t len;
	uint16_t node;
};

/** Half of a compare-and-swap. */
struct seat_swap {
	void *va;
	uint64_t value;
	uint32_t len;
};

#define SEAT_FRAMES 32
#define SEAT_WORDS  16
#define SEAT_SWAPS  64

struct seat {
	const struct sitter *sitter;
	struct world *world;
	unsigned int worker;
	const struct rdp_handler *inner;
	void *inner_ctx;
	struct rdp_io io;
	/* What the bugs remember. */
	struct seat_frame frame[SEAT_FRAMES];
	unsigned int next_frame;
	struct seat_frame *again[SEAT_FRAMES];
	unsigned int nb_again;
	struct seat_word word[SEAT_WORDS];
	unsigned int next_word;
	struct seat_swap swap[SEAT_SWAPS];
	unsigned int nb_swap;
};

/** Sit down between an endpoint that is about to be created and its handler. */
void seat_take(struct seat *seat, struct world *w, unsigned int worker, const struct sitter *sitter,
	struct rdp_conf *conf);

/** Hand a record on. */
int32_t seat_pass(
	struct seat *seat, struct rdp_session *s, const struct wire_record *rec, uint32_t size);

#endif /* SEAT_H */
