/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "shmx_version.h"

#include <rte_common.h>

/* The numbers and the words of the header are written by hand, and have to agree. */
_Static_assert(__builtin_strcmp(SHMX_VERSION_STRING,
		       RTE_STR(SHMX_VERSION_MAJOR) "." RTE_STR(SHMX_VERSION_MINOR) "." RTE_STR(
			       SHMX_VERSION_PATCH)) == 0,
	"version");

const char *
shmx_version(void)
{
	return SHMX_VERSION_STRING;
}
