/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Inboxes where the server has them. Needs EAL, but neither hugepages nor ports. */

#include <rte_memory.h>
#include <rte_memzone.h>

#include "common/eal_suite.h"
#include "fixture.h"

static void
memzones(void)
{
	struct comm_conf conf = {.nb_chunks = 16};
	struct comm_limits limits = {0};
	struct comm *c;
	int err;

	c = comm_memzone_create("zt_comm", SOCKET_ID_ANY, &conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_PTR_NULL(comm_memzone_create("zt_comm", SOCKET_ID_ANY, &conf, &err));
	CU_ASSERT_EQUAL(err, -EEXIST);
	CU_ASSERT_EQUAL(comm_open(c, 1023 << 16 | 1, &limits), 0);
	CU_ASSERT_EQUAL(comm_memzone_destroy(c, "another"), -ENOENT);
	CU_ASSERT_EQUAL(comm_memzone_destroy(c, "zt_comm"), 0);
	CU_ASSERT_PTR_NULL(rte_memzone_lookup("zt_comm"));
	conf.nb_chunks = (1u << 20) + 1;
	CU_ASSERT_PTR_NULL(comm_memzone_create("zt_comm", SOCKET_ID_ANY, &conf, &err));
	CU_ASSERT_EQUAL(err, -EINVAL);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {{"memzones", memzones}, {NULL, NULL}};

	return run_suite_on_eal("comm memzone", tests);
}
