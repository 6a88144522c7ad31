/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Settings as people write them, and back. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fault_tests.h"

static struct fault_settings s;
static char why[256];

static int
parse(const char *text)
{
	memset(&s, 0xee, sizeof(s));
	why[0] = '\0';
	return fault_settings_parse(text, &s, why, sizeof(why));
}

static void
every_key(void)
{
	const struct fault_spec *rx = &s.dir[FAULT_RX];

	CU_ASSERT_EQUAL_FATAL(
		parse("drop=1%,dup=0.5,reorder=2%/8,delay=50us~20us,flip=0.1%/3,trunc=0.25%,"
		      "blackhole=100ms,seed=7,dir=rx"),
		0);
	CU_ASSERT_TRUE(s.named[FAULT_RX]);
	CU_ASSERT_FALSE(s.named[FAULT_TX]);
	CU_ASSERT_FALSE(fault_spec_on(&s.dir[FAULT_TX]));
	CU_ASSERT_EQUAL(rx->drop, 1);
	CU_ASSERT_EQUAL(rx->dup, 0.5);
	CU_ASSERT_EQUAL(rx->reorder, 2);
	CU_ASSERT_EQUAL(rx->reorder_frames, 8);
	CU_ASSERT_EQUAL(rx->reorder_ns, FAULT_WAIT_NS);
	CU_ASSERT_EQUAL(rx->delay_ns, 50000);
	CU_ASSERT_EQUAL(rx->jitter_ns, 20000);
	CU_ASSERT_EQUAL(rx->flip, 0.1);
	CU_ASSERT_EQUAL(rx->flip_bits, 3);
	CU_ASSERT_EQUAL(rx->trunc, 0.25);
	CU_ASSERT_EQUAL(rx->blackhole_ns, 100000000);
	CU_ASSERT_EQUAL(rx->seed, 7);
}

/* What is written is what is read; of equal texts the one that people would write. */
static void
there_and_back(void)
{
	static const char *const pairs[][2] = {
		{"drop=1%", "drop=1%,seed=0,dir=both"},
		{"drop=33.3,dir=tx", "drop=33.3%,seed=0,dir=tx"},
		{"dir=both,seed=0x10,dup=100%", "dup=100%,seed=16,dir=both"},
		{"reorder=2%/100us", "reorder=2%/100us,seed=0,dir=both"},
		{"reorder=2%/8", "reorder=2%/8/1ms,seed=0,dir=both"},
		{"reorder=2%/8/1500us", "reorder=2%/8/1500us,seed=0,dir=both"},
		{"delay=0.5ms", "delay=500us,seed=0,dir=both"},
		{"delay=0us~2s", "delay=0s~2s,seed=0,dir=both"},
		{"flip=5%", "flip=5%/1,seed=0,dir=both"},
		{"trunc=0.001%", "trunc=0.001%,seed=0,dir=both"},
		{"blackhole=1h", NULL},
		{"blackhole=1s", "blackhole=1s,seed=0,dir=both"},
		{"blackhole=on", "blackhole=on,seed=0,dir=both"},
		{"drop=1%,dir=rx+delay=1ns,seed=3,dir=tx",
			"drop=1%,seed=0,dir=rx+delay=1ns,seed=3,dir=tx"},
		{"drop=1%,dir=tx+drop=1%,dir=rx", "drop=1%,seed=0,dir=both"},
		{"off", "off"},
		{"off,dir=rx", "off"},
		{"drop=0%", "off"},
		{"off,dir=rx+drop=2%,dir=tx", "drop=2%,seed=0,dir=tx"},
	};
	char text[FAULT_TEXT_MAX];

	for (unsigned int i = 0; i < RTE_DIM(pairs); i++) {
		int ret = parse(pairs[i][0]);

		CU_ASSERT_EQUAL(ret, pairs[i][1] != NULL ? 0 : -EINVAL);
		if (ret != 0)
			continue;
		fault_settings_format(&s, text, sizeof(text));
		CU_ASSERT_STRING_EQUAL(text, pairs[i][1]);
		CU_ASSERT_EQUAL(parse(text), 0);
		CU_ASSERT_STRING_EQUAL(fault_settings_format(&s, text, sizeof(text)), pairs[i][1]);
	}
}

static void
refused_with_a_reason(void)
{
	static const char *const cases[][2] = {
		{"", "no such fault; there are drop, dup"},
		{"lose=1%", "lose: no such fault"},
		{"drop", "drop: write it as drop=PERCENT, such as drop=1%"},
		{"drop=", "write it as drop="},
		{"drop=-1%", "write it as drop="},
		{"drop=101%", "write it as drop="},
		{"drop=1%%", "write it as drop="},
		{"drop=nan", "write it as drop="},
		{"drop=1%,drop=2%", "drop is given twice"},
		{"drop=1%,", "no such fault"},
		{"dup=x", "write it as dup="},
		{"reorder=2%", "write it as reorder=PERCENT/FRAMES, PERCENT/TIME"},
		{"reorder=2%/0", "write it as reorder="},
		{"reorder=2%/1001", "write it as reorder="},
		{"reorder=2%/0us", "write it as reorder="},
		{"reorder=2%/8/0us", "write it as reorder="},
		{"reorder=2%/8/9", "write it as reorder="},
		{"reorder=2%/1us/8", "write it as reorder="},
		{"delay=50", "write it as delay=TIME or TIME~JITTER"},
		{"delay=50us~", "write it as delay="},
		{"delay=50us~-1us", "write it as delay="},
		{"delay=4000s", "write it as delay="},
		{"flip=1%/0", "write it as flip="},
		{"flip=1%/33", "write it as flip="},
		{"trunc=1us", "write it as trunc="},
		{"blackhole=off", "write it as blackhole=TIME or on"},
		{"seed=-1", "write it as seed=NUMBER"},
		{"seed=99999999999999999999", "write it as seed="},
		{"dir=up", "write it as dir=rx"},
		{"off,drop=1%", "off does not go with faults"},
		{"off=1", "off: no such fault"},
		{"drop=1%+dup=1%", "rx is spoken of twice"},
		{"drop=1%,dir=tx+dup=1%,dir=both", "tx is spoken of twice"},
		{"drop=1%,dir=tx+", "no such fault"},
	};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		CU_ASSERT_EQUAL(parse(cases[i][0]), -EINVAL);
		if (strstr(why, cases[i][1]) == NULL)
			fprintf(stderr, "\n  %s: '%s'\n", cases[i][0], why);
		CU_ASSERT_PTR_NOT_NULL(strstr(why, cases[i][1]));
		CU_ASSERT_EQUAL(*(const uint8_t *)&s, 0xee); /* nothing was set */
	}
}

static void
too_long(void)
{
	char text[2 * FAULT_TEXT_MAX];

	memset(text, ' ', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	CU_ASSERT_EQUAL(parse(text), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "too long"));
}

/* All keys with the longest values fit, and a buffer too small is cut, not overrun. */
static void
longest_text(void)
{
	char text[FAULT_TEXT_MAX], small[16];

	CU_ASSERT_EQUAL(
		parse("drop=33.33333333%,dup=33.33333333%,reorder=33.33333333%/1000/999999999ns,"
		      "delay=999999999ns~999999999ns,flip=33.33333333%/32,trunc=33.33333333%,"
		      "blackhole=999999999ns,seed=18446744073709551615,dir=rx+drop=33.33333333%,"
		      "dup=33.33333333%,reorder=33.33333333%/1000/999999999ns,"
		      "delay=999999999ns~999999999ns,flip=33.33333333%/32,trunc=33.33333333%,"
		      "blackhole=999999999ns,seed=18446744073709551614,dir=tx"),
		0);
	fault_settings_format(&s, text, sizeof(text));
	CU_ASSERT(strlen(text) < sizeof(text) - 1);
	CU_ASSERT_EQUAL(parse(text), 0);
	fault_settings_format(&s, small, sizeof(small));
	CU_ASSERT_STRING_EQUAL(small, "drop=33.3333333");
}

static void
merging(void)
{
	struct fault_settings now;
	char text[FAULT_TEXT_MAX];

	parse("drop=1%,dir=rx+dup=2%,dir=tx");
	now = s;
	parse("delay=1ms,seed=4,dir=tx");
	fault_settings_merge(&now, &s);
	CU_ASSERT_STRING_EQUAL(fault_settings_format(&now, text, sizeof(text)),
		"drop=1%,seed=0,dir=rx+delay=1ms,seed=4,dir=tx");
	parse("off");
	fault_settings_merge(&now, &s);
	CU_ASSERT_STRING_EQUAL(fault_settings_format(&now, text, sizeof(text)), "off");
}

CU_TestInfo spec_tests[] = {
	{"every key", every_key},
	{"there and back", there_and_back},
	{"refused with a reason", refused_with_a_reason},
	{"too long", too_long},
	{"longest text", longest_text},
	{"merging", merging},
	CU_TEST_INFO_NULL,
};
