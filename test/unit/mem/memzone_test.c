/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The provider the server uses. Needs EAL, but neither hugepages nor ports. */

#include <rte_memory.h>
#include <rte_memzone.h>

#include "common/eal_suite.h"
#include "fixture.h"

static void
memzones(void)
{
	struct mem_conf conf = {.prefix = "zt", .provider = mem_provider_memzone(SOCKET_ID_ANY)};
	struct mem_pool_params q = {.name = "p", .size = 4 * MIB, .max_size = 8 * MIB};
	struct mem_extent x;
	uint64_t addr, len;
	struct mem *m;
	uint16_t pool;
	int err;

	m = mem_create(&conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_PTR_NULL(mem_create(&conf, &err));
	CU_ASSERT_EQUAL(err, -EEXIST);
	CU_ASSERT_EQUAL(mem_pool_create(m, &q, 0, &pool), 0);
	CU_ASSERT_PTR_NOT_NULL(rte_memzone_lookup("zt_p1_x0"));
	CU_ASSERT_EQUAL(mem_extent_prepare(m, pool, 2 * MIB, &x), 0);
	CU_ASSERT_EQUAL(mem_extent_attach(m, &x), 0);
	CU_ASSERT_EQUAL(mem_alloc(m, pool, 3 * MIB, 2 * MIB, 1, "root", &addr), 0);
	CU_ASSERT_EQUAL((uintptr_t)mem_access(m, addr, 8, 1, &err) % (2 * MIB), 0);
	mem_detach(m);
	m = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(mem_alloc_lookup(m, pool, "root", &addr, &len), 0);
	CU_ASSERT_EQUAL(len, 3 * MIB);
	mem_destroy(m);
	CU_ASSERT_PTR_NULL(rte_memzone_lookup("zt_p1_x0"));
	CU_ASSERT_PTR_NULL(rte_memzone_lookup("zt_mem"));
	CU_ASSERT_PTR_NULL(mem_attach(&conf, MEM_ATTACH_ADOPT, &err));
	CU_ASSERT_EQUAL(err, -ENOENT);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {{"memzones", memzones}, {NULL, NULL}};

	return run_suite_on_eal("mem memzone", tests);
}
