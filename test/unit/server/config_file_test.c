/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>
#include <string.h>

#include <rte_ip.h>

#include "server_tests.h"

#define PORT_SECTION "[port 0]\nspec = vhost:iface=/run/a.sock\nip = 10.0.0.1/24\n"

static void
config_file__settings(void)
{
	const char *path = write_file("; a comment = 1\n"
				      "[eal]\n"
				      "options = --lcores 0@0,1@0 -m 512\n"
				      "[ server ]\n"
				      "  node=9 ; behind a value\n"
				      "pool-ids = 100-199\n"
				      "\tidle = sleep\t\n"
				      "\n" PORT_SECTION "[port second]\n"
				      "spec = af_packet:iface=eth1,blocksz=65536\n"
				      "ip = 10.0.1.1/24\n"
				      "queues = 4\n"
				      "[pool main]\n"
				      "size = 1G\n"
				      "max-size = 2G\n"
				      "granule = 4096\n"
				      "[test]\n"
				      "drop = 2");
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, "--config", path), 0);
	CU_ASSERT_STRING_EQUAL(o.eal, "--lcores 0@0,1@0 -m 512");
	CU_ASSERT_EQUAL(o.node, 9);
	CU_ASSERT(o.pool_ids.first == 100 && o.pool_ids.last == 199);
	CU_ASSERT_EQUAL(o.idle, IDLE_SLEEP);
	CU_ASSERT_EQUAL(o.nb_ports, 2);
	CU_ASSERT_STRING_EQUAL(o.ports[1].spec, "af_packet:iface=eth1,blocksz=65536");
	CU_ASSERT_EQUAL(o.ports[0].queues, 1);
	CU_ASSERT_EQUAL(o.ports[1].queues, 4);
	CU_ASSERT_EQUAL(o.nb_pools, 1);
	CU_ASSERT_STRING_EQUAL(o.pools[0].name, "main");
	CU_ASSERT_EQUAL(o.pools[0].size, UINT64_C(1) << 30);
	CU_ASSERT_EQUAL(o.pools[0].max_size, UINT64_C(2) << 30);
	CU_ASSERT_EQUAL(o.pools[0].granule, 4096);
	CU_ASSERT_DOUBLE_EQUAL(o.drop, 2, 1e-9);
}

static void
config_file__command_line_overrides(void)
{
	const char *path = write_file(PORT_SECTION "[server]\nnode = 9\nwindow = 64\n"
						   "[pool main]\nsize = 1G\n");
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, "--node", "3", "--config", path, "--queues", "2"), 0);
	CU_ASSERT_EQUAL(o.node, 3);
	CU_ASSERT_EQUAL(o.window, 64);
	CU_ASSERT_EQUAL(o.nb_ports, 1);
	CU_ASSERT_EQUAL(o.ports[0].queues, 2);
	CU_ASSERT_EQUAL(o.nb_pools, 1);
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--config", path, "--ip", "10.0.0.7"), 0);
	CU_ASSERT_EQUAL(
		ip_addr_to_v4(o.ports[0].ip.v4.addr), rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 7)));
}

static void
config_file__lists_of_the_command_line_replace(void)
{
	const char *path = write_file(PORT_SECTION "[pool main]\nsize = 1G\n");
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, "--config", path, "--port", "eth:0", "--ip", "10.0.0.1",
				"--pool", "other:4M"),
		0);
	CU_ASSERT_EQUAL(o.nb_ports, 1);
	CU_ASSERT_STRING_EQUAL(o.ports[0].spec, "eth:0");
	CU_ASSERT_EQUAL(o.nb_pools, 1);
	CU_ASSERT_STRING_EQUAL(o.pools[0].name, "other");
}

static void
config_file__problems_name_the_line(void)
{
	const struct {
		const char *text, *says;
	} bad[] = {
		{"[server]\nnode = 1\nfrob = 2\n", ":3: frob: no such key in [server]; there are "
						   "node, pool-ids, udp-port"},
		{"[server]\nnode = 1\n[serve]\nnode = 2\n", ":3: no section [serve]; there are"},
		{"[server]\n\n; x\nnode = 2000\n", ":4: node: '2000' is not a number from 1"},
		{"[server]\npool-ids = 5\n", ":2: pool-ids: '5' is not FIRST-LAST"},
		{"[port 0]\nqueues = 1\n[port 1]\nqueues = 0\n", ":4: queues: '0' is not"},
		{"[server]\nnode = 1\nnode = 2\n", ":3: node: is given twice"},
		{"[server]\nnode = 1\n[server]\n", ":3: section [server] is there already"},
		{"[pool a]\nsize = 2M\n[pool a]\nsize = 2M\n", ":3: section [pool a] is there"},
		{"[server]\nnode 1\n", ":2: neither [section] nor key = value"},
		{"[server]\n# node = 1\n", ":2: neither [section] nor key = value; a comment "
					   "begins with ;"},
		{"[server\nnode = 1\n", ":1: neither [section]"},
		{"[server] node = 1\n", ":1: neither [section]"},
		{"[]\n", ":1: a section's name has 1 to 63"},
		{"[server]\n= 1\n", ":2: a key has 1 to 63"},
		{"[server]\nnode =\n", ":2: node: has no value"},
		{"[server]\nnode = ; 1\n", ":2: node: has no value"},
		{"node = 1\n[server]\n", ":1: node: stands in front of the first [section]"},
		{"[pool]\nsize = 1G\n", ":1: no section [pool]; there are"},
		{"[pool a]\nsize = 1M\n", ":2: size: '1M' is not a size from 2M"},
		{"[pool a]\n[port 0]\n", "[port 0] has no spec"},
		{PORT_SECTION "[pool a]\n", "[pool a] has no size"},
	};
	struct options o;
	struct problem p;
	const char *path;

	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		path = write_file(bad[i].text);
		CU_ASSERT_EQUAL(PARSE(&o, &p, "--config", path), -EINVAL);
		ASSERT_SAYS(p, bad[i].says);
		if (bad[i].says[0] == ':')
			CU_ASSERT_PTR_EQUAL(strstr(p.text, path), p.text);
	}
}

static void
config_file__lines_that_are_too_long(void)
{
	char text[1024] = "[server]\nnode = 1;";
	struct options o;
	struct problem p;
	size_t head = strlen(text);

	memset(text + head, 'x', 400);
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--config", write_file(text)), -EINVAL);
	ASSERT_SAYS(p, ":2: longer than");
	snprintf(text, sizeof(text), "[eal]\noptions = ");
	head = strlen(text);
	memset(text + head, 'x', 256);
	text[head + 256] = '\0';
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--config", write_file(text)), -EINVAL);
	ASSERT_SAYS(p, ":2: options: longer than 255");
	text[head + 255] = '\0';
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--config", write_file(text)), -EINVAL);
	ASSERT_SAYS(p, "no port to serve");
}

static void
config_file__that_is_not_there(void)
{
	struct options o;
	struct problem p;

	CU_ASSERT_EQUAL(PARSE(&o, &p, "--config", "/nowhere/x.ini"), -EINVAL);
	ASSERT_SAYS(p, "/nowhere/x.ini");
	ASSERT_SAYS(p, "No such file");
	CU_ASSERT_EQUAL(PARSE(&o, &p, "--config", "/tmp"), -EINVAL);
	ASSERT_SAYS(p, "Is a directory");
}

CU_TestInfo config_file_tests[] = {
	TEST(config_file__settings),
	TEST(config_file__command_line_overrides),
	TEST(config_file__lists_of_the_command_line_replace),
	TEST(config_file__problems_name_the_line),
	TEST(config_file__lines_that_are_too_long),
	TEST(config_file__that_is_not_there),
	CU_TEST_INFO_NULL,
};
