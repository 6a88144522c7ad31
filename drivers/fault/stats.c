/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stddef.h>

#include "fault/stats.h"

#define NAME(name, text) #name,
const char *const fault_stats_names[] = {FAULT_STATS(NAME) "held", NULL};
#undef NAME

_Static_assert(sizeof(fault_stats_names) / sizeof(fault_stats_names[0]) ==
		       sizeof(struct fault_stats) / sizeof(uint64_t) + 1,
	"a name for each field");

void
fault_stats_add(struct fault_stats *to, const struct fault_stats *s)
{
#define ADD(name, text) to->name += s->name;
	FAULT_STATS(ADD)
#undef ADD
	to->held += s->held;
}

void
fault_stats_sub(struct fault_stats *from, const struct fault_stats *s)
{
#define SUB(name, text) from->name -= s->name;
	FAULT_STATS(SUB)
#undef SUB
}
