/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include <stdint.h>

#include "bench.h"

/**
 * The addresses that a workload visits: chunks of a region, at random or one after the other.
 * A random one costs a xorshift64 and two multiplications, 1 to 2 ns; the header line of the
 * output says what it is here.
 */
struct stream {
	uint64_t state;
	shmx_addr_t base;
	uint64_t stride; /**< between chunks; a multiple of eight */
	uint64_t chunks; /**< below 2^32 */
	uint64_t next;   /**< sequential: the chunk to come; random: unused */
	bool sequential;
};

void stream_init(
	struct stream *s, const struct region *region, uint64_t size, int pattern, uint64_t seed);

/** Nanoseconds that one address costs. */
double stream_cost_ns(const struct stream *s);

/** 64 random bits; state is never 0. */
static inline uint64_t
stream_random(struct stream *s)
{
	s->state ^= s->state << 13;
	s->state ^= s->state >> 7;
	s->state ^= s->state << 17;
	return s->state;
}

static inline shmx_addr_t
stream_next(struct stream *s)
{
	uint64_t chunk;

	if (s->sequential) {
		chunk = s->next;
		s->next = chunk + 1 < s->chunks ? chunk + 1 : 0;
	} else {
		chunk = ((stream_random(s) >> 32) * s->chunks) >> 32;
	}
	return s->base + chunk * s->stride;
}

#endif /* BENCH_STREAM_H */
