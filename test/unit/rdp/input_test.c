/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Frames that are not what they should be: counted, dropped, and nothing believed of them. */

#include "session_tests.h"

/* A DATA frame of the client that never arrived, to be spoiled and sent. */
static struct wire_ipv4_hdrs *
data_frame(struct pair *p, uint32_t *len)
{
	struct net_packet *packet;

	pair_keep_next(p, CLIENT, WIRE_DATA);
	CU_ASSERT_EQUAL(pair_frames(p->client, p->c, 1), 1);
	packet = pair_kept(p);
	CU_ASSERT_PTR_NOT_NULL_FATAL(packet);
	*len = packet->len;
	return (struct wire_ipv4_hdrs *)packet->bytes;
}

static void
crc__wrong_session_index_is_no_reason_to_reset(void)
{
	struct pair p = pair_open(NULL);
	const struct rdp_stats *st = rdp_ep_stats(p.server->ep);
	uint32_t len;
	struct wire_ipv4_hdrs *h = data_frame(&p, &len);
	rte_be16_t right = h->frame.session;
	uint32_t sum;

	/* Damage that the UDP checksum cannot see. */
	h->frame.session ^= RTE_BE16(1);
	sum = h->udp.dgram_cksum + right + (uint16_t)~h->frame.session;
	h->udp.dgram_cksum = (uint16_t)((sum & 0xffff) + (sum >> 16));
	net_replay(p.net, 0);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT_EQUAL(st->rx_bad_checksum, 1);
	CU_ASSERT_EQUAL(st->resets_sent, 0);
	CU_ASSERT_EQUAL(p.client->closed, 0);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

CU_TestInfo input_tests[] = {
	TEST(crc__wrong_session_index_is_no_reason_to_reset),
	CU_TEST_INFO_NULL,
};
