/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/fail.h"
#include "run.h"

#define PIECE (1u << 20)

void
content_fill(uint8_t *buf, shmx_addr_t addr, uint64_t len, uint64_t generation)
{
	for (uint64_t i = 0; i < len; i += 8) {
		uint64_t word = content_word(addr + i, generation);

		memcpy(buf + i, &word, sizeof(word));
	}
}

/* The bytes of a word that lie within the length. */
static uint64_t
word_mask(uint64_t left)
{
	return left >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * left) - 1;
}

bool
content_check(
	struct run *run, const uint8_t *buf, shmx_addr_t addr, uint64_t len, uint64_t generation)
{
	for (uint64_t i = 0; i < len; i += 8) {
		uint64_t expected = content_word(addr + i, generation), mask = word_mask(len - i);
		uint64_t is = 0;

		memcpy(&is, buf + i, RTE_MIN(len - i, 8u));
		if (likely(((is ^ expected) & mask) == 0))
			continue;
		run_wrong(run, addr + i, is, expected & mask);
		return false;
	}
	return true;
}

int
content_put(struct bench *b, const struct region *region, uint64_t generation)
{
	uint8_t *buf = malloc(PIECE);
	int ret = buf != NULL ? 0 : -ENOMEM;

	for (uint64_t i = 0; i < region->len && ret == 0 && !stop; i += PIECE) {
		uint64_t len = RTE_MIN(region->len - i, PIECE);

		content_fill(buf, region->base + i, len, generation);
		ret = shmx_put_sync(b->ep, region->base + i, buf, len);
	}
	free(buf);
	return ret;
}

int
content_scan(struct bench *b, const struct region *region,
	void (*piece)(void *ctx, shmx_addr_t addr, const uint8_t *data, uint64_t len), void *ctx)
{
	uint8_t *buf = malloc(PIECE);
	int ret = buf != NULL ? 0 : -ENOMEM;

	for (uint64_t i = 0; i < region->len && ret == 0; i += PIECE) {
		uint64_t len = RTE_MIN(region->len - i, PIECE);

		ret = shmx_get_sync(b->ep, region->base + i, buf, len);
		if (ret == 0)
			piece(ctx, region->base + i, buf, len);
	}
	free(buf);
	return ret;
}
