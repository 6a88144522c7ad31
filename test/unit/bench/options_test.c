/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_ip.h>

#include "../../../apps/shmx-bench/options.h"
#include "bench_tests.h"

#define WORDS_MAX 64
#define PORT      "--port eth:0 --ip 10.0.0.2 --server 10.0.0.1 "

static struct options o;

/* A command line, cut at its blanks; the texts stay until the next call. */
static int
parse(const char *line)
{
	static char copy[512], name[] = "bench";
	char *words[WORDS_MAX] = {name}, *word, *rest = copy;
	int n = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((word = strtok_r(rest, " ", &rest)) != NULL && n < WORDS_MAX - 1)
		words[n++] = word;
	return options_parse(&o, n, words);
}

static void
defaults(void)
{
	CU_ASSERT_EQUAL_FATAL(parse(PORT), 0);
	CU_ASSERT_STRING_EQUAL(o.link.port, "eth:0");
	CU_ASSERT_EQUAL(ip_addr_to_v4(o.link.own.ip), rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 2)));
	CU_ASSERT_EQUAL(ip_addr_to_v4(o.link.server.ip), rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 1)));
	CU_ASSERT_EQUAL(o.link.server.udp_port, 0);
	CU_ASSERT_EQUAL(o.link.node, 2);
	CU_ASSERT_EQUAL(o.workload, WORKLOAD_GET);
	CU_ASSERT_EQUAL(o.size, 8);
	CU_ASSERT_EQUAL(o.window, 1);
	CU_ASSERT_EQUAL(o.burst, 32);
	CU_ASSERT_EQUAL(o.span, 64 << 20);
	CU_ASSERT_EQUAL(o.count, COUNT_NONE);
	CU_ASSERT_EQUAL(o.pairs, 0);
	CU_ASSERT_EQUAL(o.cc, 0);
	CU_ASSERT_EQUAL(o.baseline, WORKLOAD_RAW);
	CU_ASSERT_DOUBLE_EQUAL(o.seconds, 5, 0);
	CU_ASSERT_FALSE(o.check || o.json || o.quiet || o.help || o.no_coalesce);
}

static void
addresses(void)
{
	CU_ASSERT_EQUAL_FATAL(parse("--port eth:0 --ip fd00::b/64 --server fd00::1"), 0);
	CU_ASSERT_FALSE(ip_addr_is_v4(o.link.own.ip));
	CU_ASSERT_EQUAL(o.link.own.prefix_len, 64);
	CU_ASSERT_EQUAL(o.link.node, 11);
	CU_ASSERT_EQUAL(o.link.server.ip.byte[15], 1);
	CU_ASSERT_EQUAL(o.link.server.udp_port, 0);
	CU_ASSERT_EQUAL(parse("--port eth:0 --ip fd00::2 --server [fd00::1]:1234"), 0);
	CU_ASSERT_EQUAL(o.link.server.udp_port, 1234);
	CU_ASSERT_EQUAL(parse("--port eth:0 --ip fd00::2 --server [fd00::1]"), 0);
	CU_ASSERT_EQUAL(o.link.server.udp_port, 0);
	CU_ASSERT_EQUAL(parse("--port eth:0 --ip fd00::2 --server [fd00::1"), -EINVAL);
	CU_ASSERT_EQUAL(parse("--port eth:0 --ip fd00::2 --server [fd00::1]x"), -EINVAL);
	CU_ASSERT_EQUAL(parse("--port eth:0 --ip fd00::2 --server [fd00::1]:0"), -EINVAL);
	CU_ASSERT_EQUAL(parse("--port eth:0 --ip fd00::2/129 --server fd00::1"), -EINVAL);
	CU_ASSERT_EQUAL(parse("--port eth:0 --ip fd00::2 --server 10.0.0.1"), -EINVAL);
	CU_ASSERT_EQUAL(
		parse("--port eth:0 --ip fd00::2 --server fd00::1 --gateway 10.0.0.1"), -EINVAL);
}

static void
tags(void)
{
	CU_ASSERT_EQUAL_FATAL(parse(PORT "--vlan 9 --vlan-priority 3 --mtu 9000"), 0);
	CU_ASSERT_EQUAL(o.link.vlan, 9);
	CU_ASSERT_EQUAL(o.link.vlan_priority, 3);
	CU_ASSERT_EQUAL(o.link.mtu, 9000);
	CU_ASSERT_EQUAL(parse(PORT "--vlan 4095"), -EINVAL);
	CU_ASSERT_EQUAL(parse(PORT "--vlan-priority 3"), -EINVAL);
	CU_ASSERT_EQUAL(parse(PORT "--vlan 9 --workload raw"), -EINVAL);
	CU_ASSERT_EQUAL(parse(PORT "--vlan 9 --pairs 2"), -EINVAL);
	CU_ASSERT_EQUAL(parse(PORT "--vlan 9 --pairs 2 --baseline put"), 0);
	CU_ASSERT_EQUAL(parse(PORT "--mtu 9001"), -EINVAL);
}

static void
every_kind(void)
{
	CU_ASSERT_EQUAL_FATAL(
		parse(PORT "--server 10.0.0.9:1234 --ip 10.0.0.3/24 --node 7 --workload put "
			   "--size 64K --window full --burst 8 --pattern sequential --span 1g "
			   "--seconds 0.25 --warmup 0 --cc swift --crc off --drop 1.5 --drop-seed "
			   "0x10 "
			   "--check --json --quiet --no-coalesce"),
		0);
	CU_ASSERT_EQUAL(o.link.server.udp_port, 1234);
	CU_ASSERT_EQUAL(o.link.own.prefix_len, 24);
	CU_ASSERT_EQUAL(o.link.node, 7);
	CU_ASSERT_EQUAL(o.workload, WORKLOAD_PUT);
	CU_ASSERT_EQUAL(o.size, 65536);
	CU_ASSERT_EQUAL(o.window, WINDOW_FULL);
	CU_ASSERT_EQUAL(o.pattern, PATTERN_SEQUENTIAL);
	CU_ASSERT_EQUAL(o.span, 1 << 30);
	CU_ASSERT_DOUBLE_EQUAL(o.seconds, 0.25, 0);
	CU_ASSERT_DOUBLE_EQUAL(o.warmup, 0, 0);
	CU_ASSERT_EQUAL(o.cc, 1);
	CU_ASSERT_EQUAL(o.crc, 2);
	CU_ASSERT_DOUBLE_EQUAL(o.drop, 1.5, 0);
	CU_ASSERT_EQUAL(o.drop_seed, 16);
	CU_ASSERT_TRUE(o.check && o.json && o.quiet && o.no_coalesce);
	CU_ASSERT_FALSE(o.interactive);
}

static void
faults(void)
{
	CU_ASSERT_EQUAL_FATAL(parse(PORT "-i --fault drop=1%,flip=2%/3,seed=9,dir=rx"), 0);
	CU_ASSERT_TRUE(o.interactive);
	CU_ASSERT_DOUBLE_EQUAL(o.fault.dir[FAULT_RX].drop, 1, 0);
	CU_ASSERT_EQUAL(o.fault.dir[FAULT_RX].flip_bits, 3);
	CU_ASSERT_EQUAL(o.fault.dir[FAULT_RX].seed, 9);
	CU_ASSERT_FALSE(fault_spec_on(&o.fault.dir[FAULT_TX]));
	CU_ASSERT_EQUAL(parse(PORT "--interactive"), 0);
	CU_ASSERT_TRUE(o.interactive);
	CU_ASSERT_EQUAL(parse(PORT "--fault drop=200%"), -EINVAL);
	CU_ASSERT_EQUAL(parse(PORT "--fault"), -EINVAL);
	CU_ASSERT_EQUAL(parse(PORT "--drop 1 --fault dup=1%"), -EINVAL);
	CU_ASSERT_EQUAL(parse(PORT "--drop 1 --fault off"), 0);
}

/* A workload may be its own baseline when something disturbs it that the baseline is spared. */
static void
disturbed_pairs(void)
{
	CU_ASSERT_EQUAL(parse(PORT "--pairs 3 --baseline get --beside 1M"), 0);
	CU_ASSERT_EQUAL(parse(PORT "--pairs 3 --baseline get --flood 1000"), 0);
	CU_ASSERT_FALSE(options_baseline_faults(&o));
	CU_ASSERT_EQUAL(
		parse(PORT "--pairs 3 --baseline get --fault drop=1% --baseline-fault off"), 0);
	CU_ASSERT_TRUE(options_baseline_faults(&o));
	CU_ASSERT_FALSE(fault_spec_on(&o.baseline_fault.dir[FAULT_RX]));
	CU_ASSERT_TRUE(fault_spec_on(&o.fault.dir[FAULT_RX]));
	CU_ASSERT_EQUAL(parse(PORT "--pairs 3 --baseline get --fault drop=1%"), -EINVAL);
	CU_ASSERT_EQUAL(parse(PORT "--baseline-fault drop=1%"), -EINVAL);
	CU_ASSERT_EQUAL(parse(PORT "--pairs 3 --baseline-fault drop=1% -i"), -EINVAL);
}

static void
what_follows_from_others(void)
{
	CU_ASSERT_EQUAL(parse(PORT "--workload raw"), 0);
	CU_ASSERT_EQUAL(o.size, 64);
	CU_ASSERT_EQUAL(parse(PORT "--pairs 5"), 0);
	CU_ASSERT_DOUBLE_EQUAL(o.seconds, 0.5, 0);
	CU_ASSERT_EQUAL(parse(PORT "--workload faa --word w --count 0 --expect 5"), 0);
	CU_ASSERT_EQUAL(o.span, 8);
	CU_ASSERT_EQUAL(o.count, 0);
	CU_ASSERT_TRUE(o.expect.given);
	CU_ASSERT_EQUAL(o.expect.value, 5);
	CU_ASSERT_EQUAL(parse("--help"), 0);
	CU_ASSERT_TRUE(o.help);
}

static void
meeting(void)
{
	CU_ASSERT_EQUAL(parse(PORT "--workload lock"), 0);
	CU_ASSERT_EQUAL(o.locks, 4096);
	CU_ASSERT_FALSE(o.shared);
	CU_ASSERT_EQUAL(parse(PORT "--workload lock --locks 1M --shared --window full"), 0);
	CU_ASSERT_EQUAL(o.locks, 1 << 20);
	CU_ASSERT_TRUE(o.shared);
	CU_ASSERT_EQUAL(parse(PORT "--workload barrier"), 0);
	CU_ASSERT_EQUAL(o.nb_nodes, 1);
	CU_ASSERT_EQUAL(o.nodes[0], 2);
	CU_ASSERT_EQUAL(parse(PORT "--workload barrier --nodes 9,2,1023 --count 5"), 0);
	CU_ASSERT_EQUAL_FATAL(o.nb_nodes, 3);
	CU_ASSERT(o.nodes[0] == 9 && o.nodes[1] == 2 && o.nodes[2] == 1023);
}

static void
refuse_all(const char *const *lines, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		CU_ASSERT(parse(lines[i]) < 0);
		if (parse(lines[i]) == 0)
			fprintf(stderr, "was not refused: %s\n", lines[i]);
	}
}

/* Receivers are the nodes behind this one, of a broadcast alone. */
static void
receivers(void)
{
	static const char *const lines[] = {
		PORT "--workload bcast --size 1025",
		PORT "--workload bcast --receivers 0",
		PORT "--workload bcast --receivers 64",
		PORT "--workload bcast --to some",
		PORT "--workload bcast --node 1023",
		PORT "--workload bcast --receivers 63 --node 961",
		PORT "--workload msg --receivers 3",
		PORT "--workload msg --to set",
	};

	CU_ASSERT_EQUAL(parse(PORT), 0);
	CU_ASSERT_EQUAL(o.receivers, 0);
	CU_ASSERT_EQUAL(parse(PORT "--workload bcast"), 0);
	CU_ASSERT(o.receivers == 3 && o.size == 64 && o.to == BCAST_ALL);
	CU_ASSERT_EQUAL(parse(PORT "--workload bcast --receivers 63 --to set --node 960"), 0);
	CU_ASSERT(o.receivers == 63 && o.to == BCAST_SET);
	CU_ASSERT_EQUAL(parse(PORT "--workload msg --pairs 3 --baseline bcast --receivers 1"), 0);
	CU_ASSERT_EQUAL(o.receivers, 1);
	CU_ASSERT_EQUAL(options_size(&o, WORKLOAD_BCAST), 64);
	refuse_all(lines, RTE_DIM(lines));
}

/* A message is not as long as the words that it is compared with. */
static void
size_of_each_side(void)
{
	CU_ASSERT_EQUAL(parse(PORT "--workload msg --pairs 3 --baseline get"), 0);
	CU_ASSERT_EQUAL(options_size(&o, WORKLOAD_MSG), 64);
	CU_ASSERT_EQUAL(options_size(&o, WORKLOAD_GET), 8);
	CU_ASSERT_EQUAL(parse(PORT "--workload msg --size 1024 --pairs 3 --baseline faa"), 0);
	CU_ASSERT_EQUAL(options_size(&o, WORKLOAD_MSG), 1024);
	CU_ASSERT_EQUAL(options_size(&o, WORKLOAD_FAA), 8);
	CU_ASSERT_EQUAL(parse(PORT "--workload get --size 4K --pairs 3 --baseline msg"), 0);
	CU_ASSERT_EQUAL(options_size(&o, WORKLOAD_MSG), 64);
	CU_ASSERT_EQUAL(options_size(&o, WORKLOAD_GET), 4096);
	CU_ASSERT_EQUAL(parse(PORT "--workload bcast --size 1024 --pairs 3 --baseline msg"), 0);
	CU_ASSERT_EQUAL(options_size(&o, WORKLOAD_MSG), 1024);
	CU_ASSERT_EQUAL(parse(PORT "--workload get --size 4K --pairs 3 --baseline put"), 0);
	CU_ASSERT_EQUAL(options_size(&o, WORKLOAD_PUT), 4096);
}

static void
refused(void)
{
	static const char *const lines[] = {
		"",
		"--port eth:0",
		"--port eth:0 --ip 10.0.0.2",
		PORT "--ip 10.0.0",
		PORT "--ip 10.0.0.2/33",
		PORT "--ip 10.0.0.2/",
		PORT "--ip 0.0.0.0",
		PORT "--ip 10.0.0.0",
		PORT "--server 10.0.0.1:0",
		PORT "--server 10.0.0.1:70000",
		PORT "--server 10.0.0.1.1.1.1.1.1.1.1.1",
		PORT "--node 0",
		PORT "--node 1024",
		PORT "--workload walk",
		PORT "--size 0",
		PORT "--size -1",
		PORT "--size 8x",
		PORT "--size 18446744073709551615K",
		PORT "--size 1M --span 64K",
		PORT "--span 65G",
		PORT "--window 0",
		PORT "--window 65535",
		PORT "--seconds nan",
		PORT "--seconds -1",
		PORT "--drop 101",
		PORT "--workload raw --size 63",
		PORT "--workload raw --size 9001",
		PORT "--workload raw --count 5",
		PORT "--workload faa --size 16",
		PORT "--word w",
		PORT "--workload faa --expect 5",
		PORT "--pairs 3 --check",
		PORT "--pairs 3 --count 5",
		PORT "--pairs 3 --baseline get",
		PORT "--workload raw --beside 1M",
		PORT "--beside 1M --beside-op fill",
		PORT "--pairs 3 --workload raw",
		PORT "--pairs 3 --workload raw --baseline get",
		PORT "--pairs 3 --baseline faa --size 64",
		PORT "--workload lock --locks 0",
		PORT "--workload lock --locks 1048577",
		PORT "--workload lockn --window 2",
		PORT "--workload barrier --window full",
		PORT "--workload msg --size 1025",
		PORT "--nodes 2",
		PORT "--workload barrier --nodes 3,4 --count 5",
		PORT "--workload barrier --nodes 2,3",
		PORT "--workload barrier --nodes 2,3,2 --count 5",
		PORT "--workload barrier --nodes 2,1024 --count 5",
		PORT "--workload barrier --nodes 2,,3 --count 5",
		PORT "--workload barrier --nodes 2,3, --count 5",
		PORT "--workload barrier --nodes 2,0000000003 --count 5",
		PORT "--frob",
		PORT "--json=1",
		PORT "stray",
		PORT "--size",
	};

	refuse_all(lines, RTE_DIM(lines));
}

/* A shell keeps blanks that stand in quotes: they are no part of a number, and no unit. */
static void
numbers_with_more_around(void)
{
	static const char *const values[] = {"", " ", " 8", "8 ", "\t8", "8\n", "+8", "-8", " -8",
		"8 K", "8KK", "8K ", "0x", "8@"};
	static char args[][24] = {
		"bench", "--port=eth:0", "--ip=10.0.0.2", "--server=10.0.0.1", "--count", ""};
	char *argv[RTE_DIM(args) + 1] = {NULL};

	for (unsigned int i = 0; i < RTE_DIM(args); i++)
		argv[i] = args[i];
	for (unsigned int i = 0; i < RTE_DIM(values); i++) {
		snprintf(args[RTE_DIM(args) - 1], sizeof(args[0]), "%s", values[i]);
		CU_ASSERT_EQUAL(options_parse(&o, RTE_DIM(args), argv), -EINVAL);
	}
	snprintf(args[RTE_DIM(args) - 1], sizeof(args[0]), "8k");
	CU_ASSERT_EQUAL(options_parse(&o, RTE_DIM(args), argv), 0);
	CU_ASSERT_EQUAL(o.count, 8192);
	/* Nobody means eight by ten. */
	snprintf(args[RTE_DIM(args) - 1], sizeof(args[0]), "010");
	CU_ASSERT_EQUAL(options_parse(&o, RTE_DIM(args), argv), 0);
	CU_ASSERT_EQUAL(o.count, 10);
	snprintf(args[RTE_DIM(args) - 1], sizeof(args[0]), "0X1F");
	CU_ASSERT_EQUAL(options_parse(&o, RTE_DIM(args), argv), 0);
	CU_ASSERT_EQUAL(o.count, 31);
}

CU_TestInfo options_tests[] = {
	{"defaults", defaults},
	{"addresses of both families", addresses},
	{"tags and frame sizes", tags},
	{"every kind of value", every_kind},
	{"faults", faults},
	{"disturbed pairs", disturbed_pairs},
	{"what follows from other options", what_follows_from_others},
	{"locks, messages and barriers", meeting},
	{"receivers of a broadcast", receivers},
	{"the size of each side of a pair", size_of_each_side},
	{"what is refused", refused},
	{"numbers with more around", numbers_with_more_around},
	CU_TEST_INFO_NULL,
};
