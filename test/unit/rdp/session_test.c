/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "session_tests.h"

static CU_SuiteInfo suites[] = {
	{"handshake", NULL, NULL, NULL, NULL, handshake_tests},
	{"close", NULL, NULL, NULL, NULL, close_tests},
	{"control_crc", NULL, NULL, NULL, NULL, control_crc_tests},
	{"delivery", NULL, NULL, NULL, NULL, delivery_tests},
	{"loss", NULL, NULL, NULL, NULL, loss_tests},
	{"input", NULL, NULL, NULL, NULL, input_tests},
	{"handover", NULL, NULL, NULL, NULL, handover_tests},
	{"ordered", NULL, NULL, NULL, NULL, ordered_tests},
	{"probe", NULL, NULL, NULL, NULL, probe_tests},
	{"replay", NULL, NULL, NULL, NULL, replay_tests},
	{"idle", NULL, NULL, NULL, NULL, idle_tests},
	{"unsent", NULL, NULL, NULL, NULL, unsent_tests},
	{"ipv6", NULL, NULL, NULL, NULL, ipv6_tests},
	{"vlan", NULL, NULL, NULL, NULL, vlan_tests},
	{"worker", NULL, NULL, NULL, NULL, worker_tests},
	{"pmtu", NULL, NULL, NULL, NULL, pmtu_tests},
	{"bounds", NULL, NULL, NULL, NULL, bounds_tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	return run_suites("session", suites);
}
