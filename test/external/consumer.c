/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* A program outside the tree: the public headers, and every function linked though none but the
 * version is called, because that needs no EAL. */

#include <stdio.h>

#include <shmx.h>
#include <shmx_sync.h>
#include <shmx_version.h>

typedef void (*function)(void);

#define LINK(name) (function)(name),

/* Volatile, or the compiler would leave out what nobody reads. */
static const volatile function every[] = {
#include "exported.h"
};

int
main(void)
{
	for (unsigned int i = 0; i < sizeof(every) / sizeof(every[0]); i++)
		if (every[i] == NULL)
			return 1;
	printf("%s %s\n", SHMX_VERSION_STRING, shmx_version());
	return 0;
}
