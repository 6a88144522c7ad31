/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* A table where the server has it. Needs EAL, but neither hugepages nor ports. */

#include <rte_memory.h>
#include <rte_memzone.h>

#include "common/eal_suite.h"
#include "fixture.h"

static void
memzones(void)
{
	struct sync_want w = {.lock = 65536, .mode = SYNC_EXCLUSIVE};
	struct sync_conf conf = {.seed = 3};
	struct sync_grant g;
	struct sync *t;
	uint32_t id;
	int err;

	CU_ASSERT_PTR_NULL(sync_memzone_adopt("zt_sync", &err));
	CU_ASSERT_EQUAL(err, -ENOENT);
	t = sync_memzone_create("zt_sync", SOCKET_ID_ANY, &conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_PTR_NULL(sync_memzone_create("zt_sync", SOCKET_ID_ANY, &conf, &err));
	CU_ASSERT_EQUAL(err, -EEXIST);
	CU_ASSERT_EQUAL(sync_reserve(t, 65536, "last", &id), 0);
	CU_ASSERT_EQUAL(sync_reserve(t, 65537, NULL, &id), -EINVAL);
	CU_ASSERT_EQUAL(sync_acquire(t, SYNC_HOLDERS_MAX, &w, 1, SYNC_TRY, 0, &g), 0);
	sync_detach(t);
	t = sync_memzone_adopt("zt_sync", &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_EQUAL(sync_lookup(t, "last", &id), 0);
	CU_ASSERT_EQUAL(id, 65536);
	CU_ASSERT_EQUAL(sync_memzone_destroy(t, "another"), -ENOENT);
	CU_ASSERT_EQUAL(sync_memzone_destroy(t, "zt_sync"), 0);
	CU_ASSERT_PTR_NULL(rte_memzone_lookup("zt_sync"));
	conf.nb_calls = SYNC_LOCKS_MAX + 1;
	CU_ASSERT_PTR_NULL(sync_memzone_create("zt_sync", SOCKET_ID_ANY, &conf, &err));
	CU_ASSERT_EQUAL(err, -EINVAL);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {{"memzones", memzones}, {NULL, NULL}};

	return run_suite_on_eal("sync memzone", tests);
}
