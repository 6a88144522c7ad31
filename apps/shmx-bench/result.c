/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "result.h"

void
result_add(struct result *to, const struct result *slice)
{
	to->ops += slice->ops;
	to->errors += slice->errors;
	to->bytes += slice->bytes;
	to->ticks += slice->ticks;
	to->retransmits += slice->retransmits;
	to->dropped += slice->dropped;
	to->lost += slice->lost;
	to->busy += slice->busy;
	to->idle += slice->idle;
	histogram_merge(&to->latency, &slice->latency);
}
