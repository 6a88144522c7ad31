/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* What the tests of lib/comm share: inboxes in the C heap. */

#ifndef TEST_COMM_FIXTURE_H
#define TEST_COMM_FIXTURE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>

#include "comm/comm.h"
#include "common/suite.h"

struct fixture {
	struct comm_conf conf;
	size_t len;
	void *zone;
	struct comm *c;
};

static inline void
fixture_up(struct fixture *f, uint32_t chunks, uint32_t refs, uint32_t loans)
{
	int err = -1;

	f->conf = (struct comm_conf){.nb_chunks = chunks, .nb_refs = refs, .nb_loans = loans};
	f->len = comm_table_size(&f->conf);
	CU_ASSERT_EQUAL_FATAL(posix_memalign(&f->zone, 64, f->len), 0);
	memset(f->zone, 0xa5, f->len);
	f->c = comm_create(f->zone, f->len, &f->conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->c);
	CU_ASSERT_EQUAL(err, 0);
}

/* All inboxes are closed and all freed references taken: nothing may be left behind. */
static inline void
fixture_down(struct fixture *f)
{
	struct comm_usage u;

	comm_usage(f->c, &u);
	CU_ASSERT_EQUAL(u.nb_inboxes, 0);
	CU_ASSERT_EQUAL(u.nb_chunks, 0);
	CU_ASSERT_EQUAL(u.nb_refs, 0);
	CU_ASSERT_EQUAL(u.nb_loans, 0);
	CU_ASSERT_EQUAL(comm_nb_ready(f->c), 0);
	CU_ASSERT_EQUAL(comm_ready(f->c), 0);
	comm_detach(f->c);
	free(f->zone);
}

#endif /* TEST_COMM_FIXTURE_H */
