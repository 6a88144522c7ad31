/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* What congestion control is for: many senders behind one queue. The bounds leave a wide margin to
 * what doc/congestion.md shows, and hold for any seed. */

#include "../../sim/incast.h"
#include "cc_tests.h"
#include "common/plain.h"

#define MS UINT64_C(1000000)

static struct incast_conf
conf_of(enum rdp_cc cc, unsigned int senders, unsigned int sessions)
{
	struct incast_conf conf = incast_conf_default();

	conf.cc = cc;
	conf.senders = senders;
	conf.sessions = sessions;
	conf.window = 32;
	conf.buffer = 512 << 10;
	conf.warmup_ns = 15 * MS;
	conf.duration_ns = 10 * MS;
	conf.seed = plain_seed();
	return conf;
}

static void
incast__swift_keeps_the_queue_short(unsigned int senders, unsigned int sessions)
{
	struct incast_conf fixed = conf_of(RDP_CC_FIXED, senders, sessions);
	struct incast_conf swift = conf_of(RDP_CC_SWIFT, senders, sessions);
	struct incast_result f, s;

	CU_ASSERT_EQUAL_FATAL(incast_run(&fixed, &f), 0);
	CU_ASSERT_EQUAL_FATAL(incast_run(&swift, &s), 0);
	CU_ASSERT(f.queue_mean > 0.8 * fixed.buffer);
	CU_ASSERT(s.queue_mean < 0.6 * f.queue_mean);
	CU_ASSERT(s.goodput > 0.9);
	CU_ASSERT(s.jain > 0.9);
	CU_ASSERT(s.least > 0.3);
	CU_ASSERT(s.drops * 10 < f.drops);
	CU_ASSERT(s.retransmits * 10 < f.retransmits);
	CU_ASSERT(s.p99_ns < f.p99_ns);
}

static void
incast__of_64_senders(void)
{
	incast__swift_keeps_the_queue_short(64, 1);
}

static void
incast__of_many_sessions_each(void)
{
	incast__swift_keeps_the_queue_short(16, 4);
}

/* Alone, and asking for half of what the line carries: never less than the window. */
static void
incast__alone(void)
{
	struct incast_conf conf = conf_of(RDP_CC_SWIFT, 1, 1);
	struct incast_result r;

	conf.warmup_ns = MS;
	conf.op_gap_ns = 1000;
	CU_ASSERT_EQUAL_FATAL(incast_run(&conf, &r), 0);
	CU_ASSERT_EQUAL(r.request_room_least, conf.window / 2 + conf.window / 16);
	CU_ASSERT_EQUAL(r.retransmits, 0);
	/* And all that the line carries. */
	conf.op_gap_ns = 0;
	conf.window = 256;
	CU_ASSERT_EQUAL_FATAL(incast_run(&conf, &r), 0);
	CU_ASSERT(r.goodput > 0.9);
	CU_ASSERT_EQUAL(r.retransmits, 0);
}

CU_TestInfo incast_tests[] = {
	TEST(incast__of_64_senders),
	TEST(incast__of_many_sessions_each),
	TEST(incast__alone),
	CU_TEST_INFO_NULL,
};
