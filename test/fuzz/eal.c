/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "fuzz.h"
#include "rdp/net.h"

void
fuzz_eal_init(void)
{
	/* Of the network's dice, which no fuzzer throws: what happens is the input's. */
	setenv("SHMX_SEED", "1", 1);
	CHECK(net_eal_init("fuzz") >= 0);
}
