/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Chunks of one extent, counted in granules: holes (free) and used ones. Segregated fit, lowest
 * address first, with holes merged at once.
 *
 * Two bits per granule tell the truth: free, and "a used chunk starts here". A used chunk ends
 * where the next bit of either kind is. All else is derived: 64 granules, one word of each, share
 * a descriptor with the lengths that reach beyond the word; and each size class has a bitmap
 * of the words in which a hole of that class starts. Finding a hole is finding a bit, so the cost
 * of a call does not depend on how many holes there are.
 */

#include "mem_priv.h"

#define TRIES 32 /* holes looked at before taking one that surely fits */

uint32_t
mem_class_of(uint32_t len)
{
	uint32_t k;

	if (len < 64)
		return len - 1;
	k = 31 - (uint32_t)__builtin_clz(len);
	return 63 + (k - 6) * MEM_SUB + ((len >> (k - MEM_SUB_LOG)) & (MEM_SUB - 1));
}

/* The first class in which every hole has at least len. */
static uint32_t
class_above(uint64_t len)
{
	uint32_t k;

	if (len < 64)
		return (uint32_t)len - 1;
	k = 63 - (uint32_t)__builtin_clzll(len);
	len += (UINT64_C(1) << (k - MEM_SUB_LOG)) - 1;
	return len >> 32 ? MEM_CLASSES : mem_class_of((uint32_t)len);
}

static uint64_t *
class_words(const struct mem_ext *x, uint32_t c)
{
	return x->class_bits + (size_t)c * x->pages.words;
}

/* Bits at which at least k ones begin, their own included. */
static uint64_t
runs_of(uint64_t f, uint32_t k)
{
	uint32_t have = 1, step;

	for (; have < k; have += step) {
		step = RTE_MIN(have, k - have);
		f &= f >> step;
	}
	return f;
}

/* Holes that start in word w and reach its end; 0 or one bit. Starts are all hole starts in w. */
static uint64_t
tail_of(uint64_t f, uint64_t starts)
{
	uint32_t ones;

	if (f >> 63 == 0)
		return 0;
	ones = ~f == 0 ? 64 : (uint32_t)__builtin_clzll(~f);
	return starts & UINT64_C(1) << (64 - ones);
}

/* The holes of class c that start in word w, as bits. */
static uint64_t
starts_of(const struct mem_ext *x, uint32_t w, uint32_t c)
{
	uint64_t f = x->free[w], starts, tail, found = 0;
	uint64_t carry = w > 0 ? x->free[w - 1] >> 63 : 0;

	starts = f & ~(f << 1 | carry);
	tail = tail_of(f, starts);
	if (c < 63)
		found = starts & ~tail & runs_of(f, c + 1) & ~runs_of(f, c + 2);
	if (tail != 0 && mem_class_of(x->desc[w].len) == c)
		found |= tail;
	return found;
}

static void
pool_class_on(struct mem_pool *p, const struct mem_ext *x, uint32_t c)
{
	uint64_t *mask = &p->hdr->class_mask[c / 64];

	p->hdr->class_ext[c][x->index / 64] |= UINT64_C(1) << (x->index % 64);
	__atomic_store_n(mask, *mask | UINT64_C(1) << (c % 64), __ATOMIC_RELAXED);
}

static void
pool_class_off(struct mem_pool *p, const struct mem_ext *x, uint32_t c)
{
	uint64_t *w = p->hdr->class_ext[c], *mask = &p->hdr->class_mask[c / 64], any = 0;
	uint32_t i;

	w[x->index / 64] &= ~(UINT64_C(1) << (x->index % 64));
	for (i = 0; i < MEM_EXT_WORDS; i++)
		any |= w[i];
	if (any == 0)
		__atomic_store_n(mask, *mask & ~(UINT64_C(1) << (c % 64)), __ATOMIC_RELAXED);
}

/* The hole at g, once of class c, is gone: is there another of its kind in the word? */
static void
class_recheck(struct mem_pool *p, struct mem_ext *x, uint32_t g, uint32_t c)
{
	if (starts_of(x, g / 64, c) == 0 && hbm_clear(&x->pages, class_words(x, c), g / 64))
		pool_class_off(p, x, c);
}

static void
class_add(struct mem_pool *p, struct mem_ext *x, uint32_t g, uint32_t n)
{
	uint32_t c = mem_class_of(n);

	mem_chunk_describe(x, g, n);
	if (hbm_set(&x->pages, class_words(x, c), g / 64))
		pool_class_on(p, x, c);
}

/* For adoption: level 0 only, the pool learns of it in mem_hole_show(). */
void
mem_class_mark(struct mem_ext *x, uint32_t g, uint32_t n)
{
	class_words(x, mem_class_of(n))[g / 64 / 64] |= UINT64_C(1) << (g / 64 % 64);
}

void
mem_chunk_describe(struct mem_ext *x, uint32_t g, uint32_t n)
{
	uint32_t last = (g + n - 1) / 64;

	if (g % 64 + n >= 64)
		x->desc[g / 64].len = n;
	if (last != g / 64)
		x->desc[last].start = g;
}

/* Length of the hole that starts at g. */
uint32_t
mem_hole_len(const struct mem_ext *x, uint32_t g)
{
	uint64_t f = x->free[g / 64] >> (g % 64);
	uint32_t ones = ~f == 0 ? 64 : (uint32_t)__builtin_ctzll(~f);

	return g % 64 + ones < 64 ? ones : x->desc[g / 64].len;
}

/* Start of the hole that ends right before g. */
static uint32_t
hole_before(const struct mem_ext *x, uint32_t g)
{
	uint32_t w = (g - 1) / 64, bits = (g - 1) % 64 + 1, ones;
	uint64_t f = x->free[w] << (64 - bits);

	ones = ~f == 0 ? 64 : (uint32_t)__builtin_clzll(~f);
	if (ones < bits)
		return g - ones;
	return w > 0 && x->free[w - 1] >> 63 ? x->desc[w].start : w * 64;
}

/* Length of the used chunk that starts at g. */
uint32_t
mem_chunk_len(const struct mem_ext *x, uint32_t g)
{
	uint64_t edge = x->free[g / 64] | x->start[g / 64];

	/* shift in two steps: by 64 is undefined */
	edge = edge >> (g % 64) >> 1;
	return edge != 0 ? (uint32_t)__builtin_ctzll(edge) + 1 : x->desc[g / 64].len;
}

static void
free_bits(struct mem_ext *x, uint32_t g, uint32_t n, bool set)
{
	uint32_t i, w0 = g / 64, w1 = (g + n - 1) / 64;
	uint64_t mask;

	/* Highest word first, so that a half-taken chunk shows at its start: see adopt.c. */
	for (i = w1 + 1; i-- > w0;) {
		mask = ~UINT64_C(0);
		if (i == w1)
			mask >>= 63 - (g + n - 1) % 64;
		if (i == w0)
			mask &= ~UINT64_C(0) << (g % 64);
		if (set)
			x->free[i] |= mask;
		else
			x->free[i] &= ~mask;
	}
	mem_order();
}

static bool
fits(uint32_t hole, uint32_t len, uint32_t n, uint32_t align, uint32_t *g)
{
	uint64_t at = RTE_ALIGN_CEIL((uint64_t)hole, align);

	*g = (uint32_t)at;
	return at + n <= (uint64_t)hole + len;
}

/* What a search carries from hole to hole. */
struct search {
	struct mem_pool *p;
	uint32_t n;
	uint32_t align;
	uint32_t tries;
	/* result */
	struct mem_ext *x;
	uint32_t hole;
	uint32_t len;
	uint32_t g;
};

static bool
search_word(struct search *s, struct mem_ext *x, uint32_t w, uint32_t c)
{
	uint64_t starts = starts_of(x, w, c);

	for (; starts != 0 && s->tries > 0; starts &= starts - 1, s->tries--) {
		s->hole = w * 64 + (uint32_t)__builtin_ctzll(starts);
		s->len = mem_hole_len(x, s->hole);
		s->x = x;
		if (fits(s->hole, s->len, s->n, s->align, &s->g))
			return true;
	}
	return false;
}

static bool
search_ext(struct search *s, struct mem_ext *x, uint32_t c)
{
	const uint64_t *bits = class_words(x, c);
	uint32_t w = hbm_next(&x->pages, bits, 0);

	for (; w != HBM_NONE && s->tries > 0; w = hbm_next(&x->pages, bits, w + 1))
		if (search_word(s, x, w, c))
			return true;
	return false;
}

static bool
search_class(struct search *s, uint32_t c)
{
	const uint64_t *exts = s->p->hdr->class_ext[c];
	uint64_t mask;
	uint32_t i;

	for (i = 0; i < MEM_EXT_WORDS; i++)
		for (mask = exts[i]; mask != 0 && s->tries > 0; mask &= mask - 1)
			if (search_ext(s, &s->p->ext[i * 64 + (uint32_t)__builtin_ctzll(mask)], c))
				return true;
	return false;
}

/* First class from c on that has a hole. */
static uint32_t
class_next(const struct mem_pool *p, uint32_t c)
{
	uint32_t i = c / 64;
	uint64_t w;

	if (c >= MEM_CLASSES)
		return MEM_CLASSES;
	w = p->hdr->class_mask[i] & ~UINT64_C(0) << (c % 64);
	while (w == 0 && ++i < MEM_CLASS_WORDS)
		w = p->hdr->class_mask[i];
	return w == 0 ? MEM_CLASSES : i * 64 + (uint32_t)__builtin_ctzll(w);
}

/*
 * A place for n granules at a multiple of align: the smallest class first, in it the lowest
 * address. Where a class holds both what fits and what does not, TRIES holes are looked at before
 * going to the classes in which everything fits, alignment slack included.
 */
bool
mem_hole_find(struct mem_pool *p, uint32_t n, uint32_t align, struct mem_spot *at, uint32_t *hole,
	uint32_t *hole_len)
{
	uint32_t sure = class_above((uint64_t)n + align - 1);
	uint32_t c = class_next(p, mem_class_of(n));
	struct search s = {.p = p, .n = n, .align = align, .tries = TRIES};
	bool found = false;

	for (; c < sure && s.tries > 0 && !found; c = class_next(p, c + 1))
		found = search_class(&s, c);
	if (!found) {
		s.tries = 1;
		c = class_next(p, sure);
		found = c < MEM_CLASSES && search_class(&s, c);
	}
	if (!found)
		return false;
	*at = (struct mem_spot){.p = p, .x = s.x, .g = s.g};
	*hole = s.hole;
	*hole_len = s.len;
	return true;
}

/* Uses [g, g + n) of a hole. */
void
mem_hole_take(struct mem_pool *p, struct mem_ext *x, uint32_t hole, uint32_t hole_len, uint32_t g,
	uint32_t n)
{
	uint32_t end = hole + hole_len;

	hbm_set(&x->starts, x->start, g);
	mem_order();
	free_bits(x, g, n, false);
	mem_chunk_describe(x, g, n);
	if (g > hole)
		class_add(p, x, hole, g - hole);
	if (g + n < end)
		class_add(p, x, g + n, end - g - n);
	class_recheck(p, x, hole, mem_class_of(hole_len));
	x->hdr->used += n;
	mem_stat_add(&p->hdr->used, (uint64_t)n << p->granule_log);
}

/* A used chunk becomes a hole, one with its neighbours. */
void
mem_hole_give(struct mem_pool *p, struct mem_ext *x, uint32_t g, uint32_t n)
{
	uint32_t start = g, end = g + n;

	if (g > 0 && hbm_test(x->free, g - 1))
		start = hole_before(x, g);
	if (end < x->nb_granules && hbm_test(x->free, end))
		end += mem_hole_len(x, end);
	free_bits(x, g, n, true);
	hbm_clear(&x->starts, x->start, g);
	class_add(p, x, start, end - start);
	if (start < g)
		class_recheck(p, x, start, mem_class_of(g - start));
	if (end > g + n)
		class_recheck(p, x, g + n, mem_class_of(end - g - n));
	x->hdr->used -= n;
	mem_stat_add(&p->hdr->used, -((uint64_t)n << p->granule_log));
}

/* Makes a used chunk longer in place, from n to to. */
bool
mem_hole_extend(struct mem_pool *p, struct mem_ext *x, uint32_t g, uint32_t n, uint32_t to)
{
	uint32_t end = g + n, more = to - n, len;

	if (end >= x->nb_granules || !hbm_test(x->free, end))
		return false;
	len = mem_hole_len(x, end);
	if (len < more)
		return false;
	free_bits(x, end, more, false);
	mem_chunk_describe(x, g, to);
	if (len > more)
		class_add(p, x, end + more, len - more);
	class_recheck(p, x, end, mem_class_of(len));
	x->hdr->used += more;
	mem_stat_add(&p->hdr->used, (uint64_t)more << p->granule_log);
	return true;
}

/* Makes two used chunks of one. */
void
mem_chunk_split(struct mem_ext *x, uint32_t g, uint32_t n, uint32_t head)
{
	hbm_set(&x->starts, x->start, g + head);
	mem_order();
	mem_chunk_describe(x, g, head);
	mem_chunk_describe(x, g + head, n - head);
}

/* The extent's holes are no longer, or are now, the pool's. */
void
mem_hole_hide(struct mem_pool *p, struct mem_ext *x)
{
	uint32_t c;

	for (c = 0; c < MEM_CLASSES; c++)
		if (!hbm_empty(&x->pages, class_words(x, c)))
			pool_class_off(p, x, c);
}

void
mem_hole_show(struct mem_pool *p, struct mem_ext *x)
{
	uint32_t c;

	for (c = 0; c < MEM_CLASSES; c++)
		if (!hbm_empty(&x->pages, class_words(x, c)))
			pool_class_on(p, x, c);
}

/* What a hole of the top class has at least. Any thread and any process: nothing but the mask is
 * read, and none but bits of classes in it are believed. */
uint32_t
mem_hole_at_least(const struct mem_pool *p)
{
	uint32_t i, c;
	uint64_t w = 0;

	for (i = MEM_CLASS_WORDS; w == 0 && i-- > 0;)
		w = __atomic_load_n(&p->hdr->class_mask[i], __ATOMIC_RELAXED);
	if (w == 0)
		return 0;
	c = RTE_MIN(i * 64 + 63 - (uint32_t)__builtin_clzll(w), MEM_CLASSES - 1);
	if (c < 63)
		return c + 1;
	c -= 63;
	return (MEM_SUB + c % MEM_SUB) << (c / MEM_SUB + 6 - MEM_SUB_LOG);
}

/* Longest of the holes of the top class that a search would look at. */
uint32_t
mem_hole_largest(const struct mem_pool *p)
{
	uint32_t c, best = 0, tries = TRIES, i, w;
	uint64_t starts;

	for (c = MEM_CLASSES; c-- > 0;)
		if (p->hdr->class_mask[c / 64] >> (c % 64) & 1)
			break;
	for (i = 0; c < MEM_CLASSES && i < MEM_EXTENTS; i++) {
		const struct mem_ext *x = &p->ext[i];

		if ((p->hdr->class_ext[c][i / 64] >> (i % 64) & 1) == 0)
			continue;
		w = hbm_next(&x->pages, class_words(x, c), 0);
		for (; w != HBM_NONE && tries > 0;
			w = hbm_next(&x->pages, class_words(x, c), w + 1), tries--) {
			starts = starts_of(x, w, c);
			if (starts != 0)
				best = RTE_MAX(
					best, mem_hole_len(x,
						      w * 64 + (uint32_t)__builtin_ctzll(starts)));
		}
	}
	return best;
}
