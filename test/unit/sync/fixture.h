/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* What the tests of lib/sync share: a table in the C heap. */

#ifndef TEST_SYNC_FIXTURE_H
#define TEST_SYNC_FIXTURE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>

#include "common/suite.h"
#include "sync/sync.h"

#define FIXTURE_HOLDERS 128 /* indexes 1 .. this are good */

struct fixture {
	struct sync_conf conf;
	size_t len;
	void *zone;
	struct sync *t;
};

static inline void
fixture_up(struct fixture *f, uint32_t locks, uint32_t grants, uint32_t calls)
{
	int err = -1;

	f->conf = (struct sync_conf){
		.nb_locks = locks,
		.nb_grants = grants,
		.nb_calls = calls,
		.nb_holders = FIXTURE_HOLDERS,
		.seed = 7,
	};
	f->len = sync_table_size(&f->conf);
	CU_ASSERT_EQUAL_FATAL(posix_memalign(&f->zone, 64, f->len), 0);
	memset(f->zone, 0xa5, f->len);
	f->t = sync_create(f->zone, f->len, &f->conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->t);
	CU_ASSERT_EQUAL(err, 0);
}

/* Another process, at another address, that adopts what is there now. */
static inline void
fixture_adopt(struct fixture *f)
{
	void *zone = NULL;
	int err = -1;

	CU_ASSERT_EQUAL_FATAL(posix_memalign(&zone, 64, f->len), 0);
	memcpy(zone, f->zone, f->len);
	memset(f->zone, 0xa5, f->len);
	free(f->zone);
	sync_detach(f->t);
	f->zone = zone;
	f->t = sync_adopt(zone, f->len, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->t);
	CU_ASSERT_EQUAL(err, 0);
}

/* Nothing may be left behind. */
static inline void
fixture_down(struct fixture *f)
{
	struct sync_usage u;

	sync_usage(f->t, &u);
	CU_ASSERT_EQUAL(u.nb_grants, 0);
	CU_ASSERT_EQUAL(u.nb_calls, 0);
	CU_ASSERT_EQUAL(u.nb_holders, 0);
	CU_ASSERT_EQUAL(sync_next_deadline(f->t), SYNC_FOREVER);
	CU_ASSERT_FALSE(sync_pending(f->t));
	sync_detach(f->t);
	free(f->zone);
}

#endif /* TEST_SYNC_FIXTURE_H */
