/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The network of the tests itself: what it carries, loses, doubles, keeps and notices. */

#include "net.h"
#include "node.h"
#include "run.h"

static void
net__carries_requests_both_ways(void)
{
	struct net *net = net_create();
	struct node *server = node_start_plain(net, 0), *client = node_start_plain(net, 1);
	struct rdp_session *s = node_open(client, 0);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_PTR_EQUAL(node_peer_session(s, server), server->session);
	for (int i = 0; i < 10; i++) {
		CU_ASSERT(node_request(client, s, 64, 32) >= 0);
		CU_ASSERT(node_request(server, server->session, 32, 64) >= 0);
	}
	CU_ASSERT(net_run_quiet(net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	CU_ASSERT_EQUAL(ledger_sent(), 20);
	CU_ASSERT_EQUAL(client->responses_in, 10);
	CU_ASSERT_EQUAL(server->responses_in, 10);
	net_free(net);
}

static CU_TestInfo net_tests[] = {
	TEST(net__carries_requests_both_ways),
	CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
	{"net", NULL, NULL, NULL, NULL, net_tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	return run_suites("net", suites);
}
