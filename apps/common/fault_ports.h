/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_FAULT_PORTS_H
#define COMMON_FAULT_PORTS_H

/**
 * @file
 * The ports of a program as its prompt and its telemetry name them, and the faults on them.
 */

#include <stddef.h>
#include <stdio.h>

#include "fault/fault.h"

#define FAULT_PORTS_MAX 32

/** Filled before the prompt and telemetry begin, constant while they are there. */
struct fault_ports {
	unsigned int nb;
	struct fault *fault[FAULT_PORTS_MAX];
	const char *spec[FAULT_PORTS_MAX]; /**< of the port */
};

/** A number below ports->nb, or "all". */
struct fault_ports_range {
	unsigned int first, end;
};

/** @return 0, or -EINVAL with a line in @p why. */
int fault_ports_find(const struct fault_ports *ports, const char *which,
	struct fault_ports_range *range, char *why, size_t size);

/** Set faults as written in doc/drivers.md. @return 0, or negative errno with a line in @p why. */
int fault_ports_set(const struct fault_ports *ports, const struct fault_ports_range *range,
	const char *text, char *why, size_t size);

/** What is set, and what was done. */
void fault_ports_show(
	const struct fault_ports *ports, const struct fault_ports_range *range, FILE *f);

/** "rx: seen 12, dropped 3": counters that are not zero. */
void fault_stats_show(const char *head, const struct fault_stats *stats, FILE *f);

#endif /* COMMON_FAULT_PORTS_H */
