/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SESSION_TESTS_H
#define SESSION_TESTS_H

/** Conversations of a server and a client, one table of tests a file. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pair.h"

extern CU_TestInfo close_tests[];
extern CU_TestInfo control_crc_tests[];
extern CU_TestInfo delivery_tests[];
extern CU_TestInfo handover_tests[];
extern CU_TestInfo handshake_tests[];
extern CU_TestInfo idle_tests[];
extern CU_TestInfo input_tests[];
extern CU_TestInfo bounds_tests[];
extern CU_TestInfo ipv6_tests[];
extern CU_TestInfo loss_tests[];
extern CU_TestInfo ordered_tests[];
extern CU_TestInfo probe_tests[];
extern CU_TestInfo pmtu_tests[];
extern CU_TestInfo replay_tests[];
extern CU_TestInfo unsent_tests[];
extern CU_TestInfo vlan_tests[];
extern CU_TestInfo worker_tests[];

#endif /* SESSION_TESTS_H */
