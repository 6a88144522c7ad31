/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_FAULT_TELEMETRY_H
#define COMMON_FAULT_TELEMETRY_H

#include "fault_ports.h"

/**
 * Offer `/shmx/fault`: faults of all ports; `/shmx/fault,PORT`: of one; `/shmx/fault,PORT SPEC`:
 * set them, and show what is in force then. It runs on a thread of the telemetry library.
 */
void fault_telemetry_begin(const struct fault_ports *ports);

/** The ports go away: the command fails from here on. */
void fault_telemetry_end(void);

#endif /* COMMON_FAULT_TELEMETRY_H */
