/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Free memory is zero: an allocation hands it out as it is. Small pieces are zeroed when they are
 * freed. A larger one stays a used chunk that nobody owns, on a stack of its extent linked
 * through the descriptors, and is zeroed and given back from its front, slice by slice.
 *
 * Only chunks of 64 granules or more are queued, and slices end at a multiple of 64: so each
 * queued chunk is the one that starts in its descriptor and reaches beyond it.
 */

#include "mem_priv.h"

#define QUEUED (UINT32_C(1) << 31) /* in next: no chunk of 64 starts as high as that bit says */

/* Cost of zeroing inside a free: 64 KiB, or 63 granules where those are more. */
bool
mem_zero_at_once(const struct mem_pool *p, uint32_t n)
{
	return n < 64 || (uint64_t)n << p->granule_log <= MEM_ZERO_INLINE;
}

/* A second end of the same free must not queue it twice. */
bool
mem_zero_queued(const struct mem_ext *x, uint32_t g, uint32_t n)
{
	return n >= 64 && (x->desc[g / 64].next & QUEUED) != 0;
}

void
mem_zero_queue(struct mem_pool *p, struct mem_ext *x, uint32_t g, uint32_t n)
{
	x->desc[g / 64].next = x->hdr->zero_first | QUEUED;
	x->hdr->zero_first = g + 1;
	p->hdr->zero_mask[x->index / 64] |= UINT64_C(1) << (x->index % 64);
	mem_stat_add(&p->hdr->zeroing, (uint64_t)n << p->granule_log);
}

/* How much of a queued chunk goes at once. */
static uint32_t
slice_of(const struct mem_pool *p, uint32_t g, uint32_t n, uint64_t budget)
{
	uint64_t want = RTE_MAX(budget >> p->granule_log, (uint64_t)64);
	uint32_t end;

	if (want >= n)
		return n;
	end = (g + (uint32_t)want) / 64 * 64;
	/* what stays must be able to stay in the queue */
	return end <= g || g + n - end < 64 ? n : end - g;
}

static uint64_t
zero_front(struct mem_pool *p, struct mem_ext *x, uint64_t budget)
{
	uint32_t g = x->hdr->zero_first - 1, n = mem_chunk_len(x, g);
	uint32_t part = slice_of(p, g, n, budget);
	uint64_t bytes = (uint64_t)part << p->granule_log;
	uint32_t next = x->desc[g / 64].next;

	memset(x->data + ((uint64_t)g << p->granule_log), 0, bytes);
	x->desc[g / 64].next = 0;
	x->hdr->zero_first = next & ~QUEUED;
	if (part < n) {
		mem_chunk_split(x, g, n, part);
		x->desc[(g + part) / 64].next = next;
		x->hdr->zero_first = g + part + 1;
	}
	if (x->hdr->zero_first == 0)
		p->hdr->zero_mask[x->index / 64] &= ~(UINT64_C(1) << (x->index % 64));
	mem_stat_add(&p->hdr->zeroing, -bytes);
	mem_hole_give(p, x, g, part);
	return bytes;
}

static struct mem_ext *
first_waiting(struct mem_pool *p)
{
	uint32_t i;

	for (i = 0; i < MEM_EXT_WORDS; i++)
		if (p->hdr->zero_mask[i] != 0)
			return &p->ext[i * 64 + (uint32_t)__builtin_ctzll(p->hdr->zero_mask[i])];
	return NULL;
}

uint64_t
mem_zero_step(struct mem *m, uint16_t pool, uint64_t budget)
{
	struct mem_pool *p = mem_pool_live(m, pool);
	struct mem_ext *x;
	uint64_t done = 0;

	if (p == NULL || p->hdr->zeroing == 0)
		return 0;
	do {
		x = first_waiting(p);
		if (x == NULL)
			break;
		done += zero_front(p, x, budget - done);
	} while (done < budget);
	return done;
}
