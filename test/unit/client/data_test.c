/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Data of every length and place, and atomics against a model. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define AREA    (17 * MIB)
#define MARGIN  64
#define LONGEST 3000

static struct fixture fx;
static uint64_t seed = 88172645463325252u;

static uint64_t
rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void
random_bytes(uint8_t *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)(rnd() >> 11);
}

static void
begin(void)
{
	const struct fixture_conf conf = {.pool_size = 20 * MIB};

	fixture_up(&fx, &conf);
}

/* Put it there and read it back, from a page of guarded buffers: nothing beside it changes. */
static void
put_and_get(shmx_addr_t area, uint8_t *model, uint64_t off, uint64_t len)
{
	struct shmx_ep *ep = fx.host[0].ep;
	uint8_t *in = malloc(len + 2 * MARGIN);

	random_bytes(model + off, len);
	SAME(shmx_put_sync(ep, area + off, model + off, len), 0);
	memset(in, 0xa5, len + 2 * MARGIN);
	SAME(shmx_get_sync(ep, area + off, in + MARGIN, len), 0);
	CU_ASSERT(memcmp(in + MARGIN, model + off, len) == 0);
	for (unsigned int i = 0; i < MARGIN; i++)
		CU_ASSERT(in[i] == 0xa5 && in[MARGIN + len + i] == 0xa5);
	free(in);
}

static void
compare(shmx_addr_t area, const uint8_t *model, uint64_t len)
{
	uint8_t *in = malloc(len);

	SAME(shmx_get_sync(fx.host[0].ep, area, in, len), 0);
	CU_ASSERT(memcmp(in, model, len) == 0);
	free(in);
}

static void
test_every_length(void)
{
	uint8_t model[2 * LONGEST] = {0};
	shmx_addr_t area;

	begin();
	area = alloc_of(&fx, 0, sizeof(model));
	for (uint64_t len = 1; len <= LONGEST; len++)
		put_and_get(area, model, rnd() % LONGEST | 1, len);
	compare(area, model, sizeof(model));
	fixture_down(&fx);
}

static void
test_long(void)
{
	static const uint64_t lens[] = {MIB - 1, MIB + 1, MIB + 1407, 3 * MIB + 12345, 16 * MIB};
	uint8_t *model = calloc(1, AREA);
	shmx_addr_t area;

	begin();
	area = alloc_of(&fx, 0, AREA);
	for (unsigned int i = 0; i < RTE_DIM(lens); i++)
		put_and_get(area, model, rnd() % (AREA - lens[i]), lens[i]);
	compare(area, model, AREA);
	free(model);
	fixture_down(&fx);
}

static void
model_fill(uint8_t *model, uint64_t len, uint64_t pattern)
{
	for (uint64_t i = 0; i < len; i++)
		model[i] = ((const uint8_t *)&pattern)[i % 8];
}

static void
test_fill(void)
{
	uint64_t size = 600000;
	uint8_t *model = calloc(1, size);
	shmx_addr_t area;

	begin();
	area = alloc_of(&fx, 0, size);
	for (unsigned int i = 0; i < 400; i++) {
		uint64_t len = i < 200 ? i + 1 : 1 + rnd() % (i < 300 ? 3000 : 250000);
		uint64_t off = rnd() % (size - len), pattern = rnd();

		SAME(shmx_fill_sync(fx.host[0].ep, area + off, len, pattern), 0);
		model_fill(model + off, len, pattern);
	}
	compare(area, model, size);
	free(model);
	fixture_down(&fx);
}

static void
test_vectors(void)
{
	static uint8_t model[64 * 5000], in[64 * 5000];
	struct shmx_vec out[SHMX_VEC_MAX], back[SHMX_VEC_MAX];
	shmx_addr_t area;

	begin();
	memset(model, 0, sizeof(model));
	area = alloc_of(&fx, 0, sizeof(model));
	for (unsigned int round = 0; round < 50; round++) {
		for (unsigned int i = 0; i < SHMX_VEC_MAX; i++) {
			uint64_t len = 1 + rnd() % 4000, off = i * 5000 + rnd() % 1000;

			random_bytes(model + off, len);
			out[i] = (struct shmx_vec){area + off, model + off, len};
			back[i] = (struct shmx_vec){area + off, in + off, len};
		}
		SAME(STATUS(fx.host[0].ep, shmx_putv(fx.host[0].ep, out, SHMX_VEC_MAX, cookie)), 0);
		SAME(STATUS(fx.host[0].ep, shmx_getv(fx.host[0].ep, back, SHMX_VEC_MAX, cookie)),
			0);
		for (unsigned int i = 0; i < SHMX_VEC_MAX; i++)
			CU_ASSERT(memcmp(out[i].buf, back[i].buf, out[i].len) == 0);
	}
	compare(area, model, sizeof(model));
	fixture_down(&fx);
}

/* A piece that is refused keeps none of the others from being done, those included that found no
 * room at first. */
static void
test_vector_of_which_one_fails(void)
{
	static uint8_t model[2 * MIB], in[2 * MIB];
	struct shmx_ep *ep;
	shmx_addr_t area, gone;
	struct shmx_vec vec[4];

	begin();
	ep = fx.host[0].ep;
	area = alloc_of(&fx, 0, sizeof(model));
	gone = alloc_of(&fx, 0, sizeof(model));
	SAME(shmx_free_sync(ep, gone), 0);
	random_bytes(model, sizeof(model));
	for (unsigned int bad = 0; bad < RTE_DIM(vec); bad++) {
		uint64_t half = sizeof(model) / 2;

		SAME(shmx_fill_sync(ep, area, sizeof(model), 0), 0);
		vec[0] = (struct shmx_vec){area, model, half};
		vec[1] = (struct shmx_vec){area + half, model + half, half - 8};
		vec[2] = (struct shmx_vec){area + 2 * half - 8, model + 2 * half - 8, 8};
		vec[3] = vec[bad];
		vec[bad] = (struct shmx_vec){gone, model, MIB};
		SAME(STATUS(ep, shmx_putv(ep, vec, RTE_DIM(vec), cookie)), -ESTALE);
		compare(area, model, sizeof(model));
		for (unsigned int i = 0; i < RTE_DIM(vec); i++)
			vec[i].buf = in + ((uint8_t *)vec[i].buf - model);
		memset(in, 0, sizeof(in));
		vec[bad].buf = model;
		SAME(STATUS(ep, shmx_getv(ep, vec, RTE_DIM(vec), cookie)), -ESTALE);
		CU_ASSERT(memcmp(in, model, sizeof(in)) == 0);
	}
	fixture_down(&fx);
}

static uint64_t
model_atomic(enum shmx_atomic_op op, uint64_t old, uint64_t operand, uint64_t compare_to)
{
	switch (op) {
	case SHMX_FETCH_ADD:
		return old + operand;
	case SHMX_FETCH_AND:
		return old & operand;
	case SHMX_FETCH_OR:
		return old | operand;
	case SHMX_FETCH_XOR:
		return old ^ operand;
	case SHMX_SWAP:
		return operand;
	default:
		return old == compare_to ? operand : old;
	}
}

static void
test_atomics(void)
{
	uint8_t model[512];
	struct shmx_ep *ep;
	shmx_addr_t area;

	begin();
	ep = fx.host[0].ep;
	area = alloc_of(&fx, 0, sizeof(model));
	random_bytes(model, sizeof(model));
	SAME(shmx_put_sync(ep, area, model, sizeof(model)), 0);
	for (unsigned int i = 0; i < 20000; i++) {
		enum shmx_atomic_op op = (enum shmx_atomic_op)(rnd() % (SHMX_CAS + 1));
		unsigned int width = rnd() % 2 != 0 ? 8 : 4;
		uint64_t off = rnd() % (sizeof(model) / width) * width;
		uint64_t operand = rnd(), old = 0, next, expected = rnd(), found = 1;

		memcpy(&old, model + off, width);
		if (rnd() % 2 != 0)
			expected = old;
		/* What does not fit into the word must not matter. */
		next = model_atomic(op, old, operand, width == 8 ? expected : (uint32_t)expected);
		SAME(shmx_atomic_sync(ep, op, area + off, width, operand,
			     width == 8 ? expected : (uint32_t)expected, &found),
			0);
		SAME(found, old);
		memcpy(model + off, &next, width);
	}
	compare(area, model, sizeof(model));
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"every length", test_every_length},
	{"long", test_long},
	{"fill", test_fill},
	{"vectors", test_vectors},
	{"vector of which one fails", test_vector_of_which_one_fails},
	{"atomics", test_atomics},
};

int
main(void)
{
	return tests_run("data", tests, RTE_DIM(tests));
}
