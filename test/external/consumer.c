/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* A program outside the tree: every public header, and one call. */

#include <stdio.h>

#include <shmx_version.h>

int
main(void)
{
	printf("%s %s\n", SHMX_VERSION_STRING, shmx_version());
	return 0;
}
