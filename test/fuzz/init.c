/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* How fuzzers begin that need buffers. */

#include "fuzz.h"
#include "rdp/strict_pool.h"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	fuzz_eal_init();
	strict_pool_reuse();
	return 0;
}
