/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>
#include <string.h>

#include <rte_ip.h>

#include "rdp/rdp.h"
#include "server_tests.h"

#define PORT_A  "vhost:iface=/run/a.sock"
#define PORT_B  "vhost:iface=/run/b.sock"
#define MINIMAL "--port", PORT_A, "--ip", "10.0.0.1/24"

static rte_be32_t
ip(uint8_t last)
{
	return rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, last));
}

static void
options__defaults(void)
{
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL), 0);
	CU_ASSERT_EQUAL(o.action, ACTION_SERVE);
	CU_ASSERT_EQUAL(o.node, 1);
	CU_ASSERT_EQUAL(o.udp_port, 51966);
	CU_ASSERT_EQUAL(o.window, 128);
	CU_ASSERT_EQUAL(o.crc, CRC_AUTO);
	CU_ASSERT_EQUAL(o.coalesce, ON);
	CU_ASSERT_EQUAL(o.idle, IDLE_POLL);
	CU_ASSERT_EQUAL(o.nb_ports, 1);
	CU_ASSERT_EQUAL(o.nb_pools, 0);
	CU_ASSERT_STRING_EQUAL(o.ports[0].spec, PORT_A);
	CU_ASSERT_EQUAL(ip_addr_to_v4(o.ports[0].ip.v4.addr), ip(1));
	CU_ASSERT_EQUAL(o.ports[0].ip.v4.len, 24);
	CU_ASSERT_EQUAL(o.ports[0].queues, 1);
}

static void
options__all_of_them(void)
{
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(
		PARSE(&o, &p, MINIMAL, "--gateway=10.0.0.254", "--node", "7", "--udp-port", "4000",
			"--queues", "2", "--mtu", "9000", "--window", "64", "--max-sessions",
			"10000", "--crc", "off", "--coalesce", "off", "--idle", "interrupt",
			"--idle-polls", "5", "--idle-sleep-us", "9", "--stats-period", "3",
			"--rto-min-us", "300", "--ack-delay-us", "30", "--cc", "swift",
			"--cc-target-us", "40", "--peer-timeout-ms", "500", "--keepalive-ms", "100",
			"--mbufs", "4096", "--drop", "1.5", "--drop-seed", "42"),
		0);
	CU_ASSERT_EQUAL(ip_addr_to_v4(o.ports[0].gateway.v4.addr), ip(254));
	CU_ASSERT_EQUAL(o.node, 7);
	CU_ASSERT_EQUAL(o.udp_port, 4000);
	CU_ASSERT_EQUAL(o.ports[0].queues, 2);
	CU_ASSERT_EQUAL(o.ports[0].mtu, 9000);
	CU_ASSERT_EQUAL(o.window, 64);
	CU_ASSERT_EQUAL(o.max_sessions, 10000);
	CU_ASSERT_EQUAL(o.crc, CRC_OFF);
	CU_ASSERT_EQUAL(o.cc, RDP_CC_SWIFT);
	CU_ASSERT_EQUAL(o.cc_target_us, 40);
	CU_ASSERT_EQUAL(o.coalesce, OFF);
	CU_ASSERT_EQUAL(o.idle, IDLE_INTERRUPT);
	CU_ASSERT_EQUAL(o.idle_polls, 5);
	CU_ASSERT_EQUAL(o.idle_sleep_us, 9);
	CU_ASSERT_EQUAL(o.stats_period, 3);
	CU_ASSERT_EQUAL(o.rto_min_us, 300);
	CU_ASSERT_EQUAL(o.ack_delay_us, 30);
	CU_ASSERT_EQUAL(o.peer_timeout_ms, 500);
	CU_ASSERT_EQUAL(o.keepalive_ms, 100);
	CU_ASSERT_EQUAL(o.ports[0].mbufs, 4096);
	CU_ASSERT_DOUBLE_EQUAL(o.drop, 1.5, 1e-9);
	CU_ASSERT_EQUAL(o.drop_seed, 42);
}

static void
options__faults(void)
{
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL), 0);
	CU_ASSERT_FALSE(fault_spec_on(&o.ports[0].fault.dir[FAULT_RX]));
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--port", PORT_A, "--port", PORT_B, "--ip", "10.0.0.1",
				"--fault", "off", "--fault", "dup=2%,dir=tx"),
		0);
	CU_ASSERT_FALSE(fault_spec_on(&o.ports[0].fault.dir[FAULT_TX]));
	CU_ASSERT_DOUBLE_EQUAL(o.ports[1].fault.dir[FAULT_TX].dup, 2, 1e-9);
	CU_ASSERT_FALSE(fault_spec_on(&o.ports[1].fault.dir[FAULT_RX]));
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--fault", "drip=1%"), -EINVAL);
	ASSERT_SAYS(p, "--fault: 'drip=1%': drip: no such fault; there are drop, dup");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--drop", "2", "--fault", "dup=1%"), -EINVAL);
	ASSERT_SAYS(p, "--drop and --fault do not go together: write --fault drop=2%,...");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--drop", "2", "--fault", "off"), 0);
}

static void
options__interactive(void)
{
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL), 0);
	CU_ASSERT_FALSE(o.interactive);
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "-i"), 0);
	CU_ASSERT_TRUE(o.interactive);
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--interactive", MINIMAL), 0);
	CU_ASSERT_TRUE(o.interactive);
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "-j"), -EINVAL);
	ASSERT_SAYS(p, "unknown option -j");
}

static void
options__one_address_for_all_ports(void)
{
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, "--port", PORT_A, "--port", PORT_B, "--ip", "10.0.0.1"), 0);
	CU_ASSERT_EQUAL(o.nb_ports, 2);
	CU_ASSERT_EQUAL(ip_addr_to_v4(o.ports[0].ip.v4.addr), ip(1));
	CU_ASSERT_EQUAL(ip_addr_to_v4(o.ports[1].ip.v4.addr), ip(1));
}

static void
options__addresses_in_order_of_the_ports(void)
{
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, "--ip", "10.0.0.1", "--ip", "10.0.0.2", "--port", PORT_A,
				"--port", PORT_B),
		0);
	CU_ASSERT_EQUAL(ip_addr_to_v4(o.ports[0].ip.v4.addr), ip(1));
	CU_ASSERT_EQUAL(ip_addr_to_v4(o.ports[1].ip.v4.addr), ip(2));
}

static void
options__more_addresses_than_ports(void)
{
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--ip", "10.0.0.2"), -EINVAL);
	ASSERT_SAYS(p, "--ip: given 2 times, but there is 1 port");
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--port", PORT_A, "--port", PORT_B, "--port", "eth:0", "--ip",
				"10.0.0.1", "--ip", "10.0.0.2"),
		-EINVAL);
	ASSERT_SAYS(p, "eth:0 has no address");
}

static void
options__pools(void)
{
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--pool", "main:2G", "--pool", "big:2M:1T"), 0);
	CU_ASSERT_EQUAL(o.nb_pools, 2);
	CU_ASSERT_STRING_EQUAL(o.pools[0].name, "main");
	CU_ASSERT_EQUAL(o.pools[0].size, UINT64_C(2) << 30);
	CU_ASSERT_EQUAL(o.pools[0].max_size, 0);
	CU_ASSERT_EQUAL(o.pools[0].granule, 64);
	CU_ASSERT_STRING_EQUAL(o.pools[1].name, "big");
	CU_ASSERT_EQUAL(o.pools[1].max_size, UINT64_C(1) << 40);
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--pool",
				"main:2G:8G,grow-below=1G,grow-by=2G,shrink-above=4G,granule=128"),
		0);
	CU_ASSERT_EQUAL(o.pools[0].max_size, UINT64_C(8) << 30);
	CU_ASSERT_EQUAL(o.pools[0].grow_below, UINT64_C(1) << 30);
	CU_ASSERT_EQUAL(o.pools[0].grow_by, UINT64_C(2) << 30);
	CU_ASSERT_EQUAL(o.pools[0].shrink_above, UINT64_C(4) << 30);
	CU_ASSERT_EQUAL(o.pools[0].granule, 128);
	CU_ASSERT_EQUAL(o.pools[0].quota, 0);
	CU_ASSERT_EQUAL(o.pools[0].nodes.bits[0], 0);
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--pool", "main:2G,nodes=1,2,5-9,quota=5G"), 0);
	CU_ASSERT_EQUAL(o.pools[0].nodes.bits[0], 0x3e6);
	CU_ASSERT_EQUAL(o.pools[0].quota, UINT64_C(5) << 30);
}

/* Two memory nodes that nobody told anything but who they are. */
static void
options__pool_ids_of_a_node(void)
{
	struct options o;
	struct problem p;
	struct number_range ids;

	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL), 0);
	ids = options_pool_ids(&o);
	CU_ASSERT(ids.first == 1 && ids.last == 64);
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--node", "2"), 0);
	ids = options_pool_ids(&o);
	CU_ASSERT(ids.first == 65 && ids.last == 128);
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--node", "1023"), 0);
	ids = options_pool_ids(&o);
	CU_ASSERT(ids.first == 65409 && ids.last == 65472);
}

static void
options__pool_ids_as_asked_for(void)
{
	struct options o;
	struct problem p;
	struct number_range ids;

	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--node", "2", "--pool-ids", "1000-2023"), 0);
	ids = options_pool_ids(&o);
	CU_ASSERT(ids.first == 1000 && ids.last == 2023);
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--pool-ids", "1000-2024"), -EINVAL);
	ASSERT_SAYS(p, "pool-ids 1000-2024 are 1025 ids: 1024 are the most");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--pool-ids", "0-64"), -EINVAL);
	ASSERT_SAYS(p, "--pool-ids: '0-64' is not FIRST-LAST, numbers from 1 to 65535");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--pool-ids", "64"), -EINVAL);
	ASSERT_SAYS(p, "--pool-ids: '64' is not FIRST-LAST");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--pool-ids", "9-9", "--pool", "a:2M"), 0);
	CU_ASSERT_EQUAL(
		PARSE(&o, &p, MINIMAL, "--pool-ids", "9-9", "--pool", "a:2M", "--pool", "b:2M"),
		-EINVAL);
	ASSERT_SAYS(p, "2 pools at start, but pool-ids 9-9 has room for 1 only");
}

static void
options__bad_pools(void)
{
	const struct {
		const char *value, *says;
	} bad[] = {
		{"main", "is not NAME:SIZE"},
		{"main:", "'' is not a size from 2M"},
		{":2M", "a pool's name has"},
		{"main:1M", "'1M' is not a size from 2M to 256T"},
		{"main:lots", "'lots' is not a size"},
		{"main:4M:lots", "'lots' is not a size"},
		{"main:4M:2M", "pool main: it may grow to less than its size"},
		{"main:4M:8M:1", "'8M:1' is not a size"},
		{"main:4M:", "'' is not a size from 0"},
		{"main:4M,", "'' is not KEY=VALUE with a key of [pool NAME]"},
		{"main:4M,spec=1", "'spec' is not KEY=VALUE"},
		{"main:4M,granule", "'granule' is not KEY=VALUE"},
		{"main:4M,nodes=1,2,1024", "nodes: '1,2,1024' is not a list of node ids"},
		{"main:4M,granule=65", "granule: '65' is not a power of two"},
		{"main:4M:8M,grow-by=2M", "pool main: grow-below and grow-by go together"},
		{"main:4M,grow-below=1M,grow-by=2M", "pool main: grow-by needs a max-size above"},
		{"main:4M:8M,grow-below=1M,grow-by=2M,shrink-above=2M", "pool main: shrink-above"},
		{"a23456789012345678901234567890123456789012345678901234567890abcd:2M", "1 to 63"},
	};
	struct options o;
	struct problem p;

	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--pool", bad[i].value), -EINVAL);
		ASSERT_SAYS(p, bad[i].says);
	}
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--pool", "a:2M", "--pool", "a:2M"), -EINVAL);
	ASSERT_SAYS(p, "pool a is given twice");
}

static void
options__what_is_missing(void)
{
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p), -EINVAL);
	ASSERT_SAYS(p, "no port to serve: give --port");
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--port", PORT_A), -EINVAL);
	ASSERT_SAYS(p, "has no address: give --ip");
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--port"), -EINVAL);
	ASSERT_SAYS(p, "--port needs a value");
}

static void
options__what_is_wrong(void)
{
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--frob", "1"), -EINVAL);
	ASSERT_SAYS(p, "unknown option --frob: see shmx-server --help");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "-x"), -EINVAL);
	ASSERT_SAYS(p, "unknown option -x");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "-xyz", "--node", "2"), -EINVAL);
	ASSERT_SAYS(p, "unknown option -x:");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "serve"), -EINVAL);
	ASSERT_SAYS(p, "unexpected argument 'serve'");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--help=1"), -EINVAL);
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--node", "0"), -EINVAL);
	ASSERT_SAYS(p, "--node: '0' is not a number from 1 to 1023");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--idle", "busy"), -EINVAL);
	ASSERT_SAYS(p, "--idle: 'busy' is not one of poll, pause, sleep, interrupt");
}

static void
options__both_families(void)
{
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, "--port", PORT_A, "--ip", "10.0.0.1/24,fd00::1/64",
				"--gateway", "fe80::1,10.0.0.254"),
		0);
	CU_ASSERT_EQUAL(ip_addr_to_v4(o.ports[0].ip.v4.addr), ip(1));
	CU_ASSERT_EQUAL(o.ports[0].ip.v6.len, 64);
	CU_ASSERT_EQUAL(ip_addr_to_v4(o.ports[0].gateway.v4.addr), ip(254));
	CU_ASSERT_TRUE(ip_addr_is_link_local(o.ports[0].gateway.v6.addr));
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--port", PORT_A, "--ip", "fd00::1"), 0);
	CU_ASSERT_TRUE(ip_addr_is_none(o.ports[0].ip.v4.addr));
	CU_ASSERT_EQUAL(
		PARSE(&o, &p, "--port", PORT_A, "--ip", "fd00::1/64", "--gateway", "fd00:1::1"),
		-EINVAL);
	ASSERT_SAYS(p, "the gateway is not in the subnet");
	CU_ASSERT_EQUAL(
		PARSE(&o, &p, "--port", PORT_A, "--ip", "fd00::1/64", "--gateway", "10.0.0.2"),
		-EINVAL);
	ASSERT_SAYS(p, "a gateway of a family that --ip has no address of");
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--port", PORT_A, "--ip", "10.0.0.1,10.0.0.2"), -EINVAL);
	ASSERT_SAYS(p, "one of each family");
}

static void
options__what_does_not_go_together(void)
{
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--gateway", "10.0.1.1"), -EINVAL);
	ASSERT_SAYS(p, "the gateway is not in the subnet");
	CU_ASSERT_EQUAL(
		PARSE(&o, &p, "--port", PORT_A, "--ip", "10.0.0.1", "--gateway", "10.0.0.2"),
		-EINVAL);
	ASSERT_SAYS(p, "give --ip as ADDR/LEN");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--keepalive-ms", "2000"), -EINVAL);
	ASSERT_SAYS(p, "keepalive-ms (2000) has to be less than peer-timeout-ms (2000)");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--port", PORT_A), -EINVAL);
	ASSERT_SAYS(p, "is given twice");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--vlan-priority", "3"), -EINVAL);
	ASSERT_SAYS(p, "a priority is part of a tag: give --vlan, too");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--vlan", "4095"), -EINVAL);
	ASSERT_SAYS(p, "--vlan: '4095' is not a number from 0 to 4094");
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--vlan", "9", "--vlan-priority", "3"), 0);
	CU_ASSERT_EQUAL(o.ports[0].vlan, 9);
	CU_ASSERT_EQUAL(o.ports[0].vlan_priority, 3);
	CU_ASSERT_EQUAL(PARSE(&o, &p, MINIMAL, "--mtu", "576"), -EINVAL);
	ASSERT_SAYS(p, "an mtu of 576 is too small");
}

static void
options__questions_need_nothing_else(void)
{
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, "--help"), 0);
	CU_ASSERT_EQUAL(o.action, ACTION_HELP);
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--help-config"), 0);
	CU_ASSERT_EQUAL(o.action, ACTION_HELP_CONFIG);
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--help-eal"), 0);
	CU_ASSERT_EQUAL(o.action, ACTION_HELP_EAL);
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--version", "--config", "/nowhere"), 0);
	CU_ASSERT_EQUAL(o.action, ACTION_VERSION);
}

static void
options__too_many(void)
{
	const char *ports[2 + 2 * (OPTIONS_PORTS_MAX + 1)] = {"shmx-server"};
	char spec[OPTIONS_PORTS_MAX + 1][16];
	struct options o;
	struct problem p;

	for (int i = 0; i <= OPTIONS_PORTS_MAX; i++) {
		snprintf(spec[i], sizeof(spec[i]), "eth:%d", i);
		ports[1 + 2 * i] = "--port";
		ports[2 + 2 * i] = spec[i];
	}
	CU_ASSERT_EQUAL(parse_list(&o, &p, ports), -EINVAL);
	ASSERT_SAYS(p, "--port: at most 32 ports");
}

CU_TestInfo options_tests[] = {
	TEST(options__defaults),
	TEST(options__all_of_them),
	TEST(options__faults),
	TEST(options__interactive),
	TEST(options__one_address_for_all_ports),
	TEST(options__addresses_in_order_of_the_ports),
	TEST(options__more_addresses_than_ports),
	TEST(options__pools),
	TEST(options__pool_ids_of_a_node),
	TEST(options__pool_ids_as_asked_for),
	TEST(options__bad_pools),
	TEST(options__what_is_missing),
	TEST(options__what_is_wrong),
	TEST(options__both_families),
	TEST(options__what_does_not_go_together),
	TEST(options__questions_need_nothing_else),
	TEST(options__too_many),
	CU_TEST_INFO_NULL,
};
