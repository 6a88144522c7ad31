/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Status and errno, both ways, for every value there is. */

#include <errno.h>
#include <limits.h>

#include "base/status.h"
#include "base_tests.h"

/* As doc/protocol.md has it. */
static const int table[] = {0, EINVAL, ENOENT, EEXIST, ENOMEM, EPERM, EFAULT, ESTALE, EBUSY,
	ENOTSUP, EMSGSIZE, ENOSPC, EIO, EDQUOT, EDEADLK, ETIMEDOUT, ECANCELED, ENOLCK, ENOBUFS};

#define NB_TABLE (sizeof(table) / sizeof(table[0]))

static void
status__to_errno(void)
{
	CU_ASSERT_EQUAL(NB_TABLE, STATUS_MAX);
	for (unsigned int s = 0; s <= UINT8_MAX; s++)
		CU_ASSERT_EQUAL(status_to_errno((uint8_t)s), s < NB_TABLE ? -table[s] : -EIO);
}

static void
status__and_back(void)
{
	for (unsigned int s = 0; s < STATUS_MAX; s++)
		CU_ASSERT_EQUAL(status_from_errno(status_to_errno((uint8_t)s)), s);
}

/* What an errno becomes that has no status of its own. */
static uint8_t
expected(int err)
{
	if (err == ENAMETOOLONG)
		return STATUS_INVAL;
	if (err == E2BIG)
		return STATUS_NOMEM;
	if (err == EAGAIN)
		return STATUS_BUSY;
	for (unsigned int s = 0; s < NB_TABLE; s++)
		if (table[s] == err)
			return (uint8_t)s;
	return STATUS_IO;
}

static void
status__from_every_errno(void)
{
	for (int err = 0; err < 4096; err++)
		CU_ASSERT_EQUAL(status_from_errno(-err), expected(err));
}

/* Not negative, or no errno at all: something went wrong, and no success comes of it. */
static void
status__from_what_is_none(void)
{
	static const int none[] = {1, EINVAL, ENOMEM, INT_MAX, INT_MIN, INT_MIN + 1, -4096};

	for (unsigned int i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CU_ASSERT_EQUAL(status_from_errno(none[i]), STATUS_IO);
}

CU_TestInfo status_tests[] = {
	TEST(status__to_errno),
	TEST(status__and_back),
	TEST(status__from_every_errno),
	TEST(status__from_what_is_none),
	CU_TEST_INFO_NULL,
};
