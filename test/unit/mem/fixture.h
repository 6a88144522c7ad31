/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* What the tests of lib/mem share: a memory on heap zones. */

#ifndef TEST_MEM_FIXTURE_H
#define TEST_MEM_FIXTURE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>

#include "common/suite.h"
#include "mem/mem.h"
#include "mem/mem_access.h"

#define MIB (UINT64_C(1) << 20)

struct fixture {
	struct mem_provider *prov;
	struct mem_conf conf;
	struct mem *m;
};

static inline void
fixture_up(struct fixture *f)
{
	int err = -1;

	f->prov = mem_provider_heap_create();
	f->conf = (struct mem_conf){
		.last_pool = 7, .max_nodes = 100, .max_sets = 64, .provider = *f->prov, .seed = 1};
	f->m = mem_create(&f->conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->m);
	CU_ASSERT_EQUAL(err, 0);
}

/* Nothing may be left behind. */
static inline void
fixture_down(struct fixture *f)
{
	mem_destroy(f->m);
	CU_ASSERT_EQUAL(mem_provider_heap_count(f->prov), 0);
	mem_provider_heap_destroy(f->prov);
}

static inline uint16_t
fixture_pool(
	struct fixture *f, const char *name, uint64_t size, uint64_t max_size, uint64_t extent_size)
{
	struct mem_pool_params q = {.size = size, .max_size = max_size, .extent_size = extent_size};
	uint16_t id = 0;

	snprintf(q.name, sizeof(q.name), "%s", name);
	CU_ASSERT_EQUAL_FATAL(mem_pool_create(f->m, &q, 0, &id), 0);
	return id;
}

/* 0 or the error of an access. */
static inline int
try_access(const struct mem *m, uint64_t addr, uint32_t len, uint16_t node)
{
	int err = 0;

	return mem_access(m, addr, len, node, &err) != NULL ? 0 : err;
}

#endif /* TEST_MEM_FIXTURE_H */
