/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_ip.h>

#include "ctl_tests.h"

static const char *const variables[] = {"SHMX_PORT", "SHMX_MTU", "SHMX_VLAN", "SHMX_VLAN_PRIORITY",
	"SHMX_IP", "SHMX_GATEWAY", "SHMX_SERVER", "SHMX_NODE", "SHMX_EAL", "SHMX_CONFIG",
	"SHMX_PROFILE"};

static char path[] = "/tmp/shmx-ctl-test.XXXXXX";
static struct ctl c;

void
settings_none(void)
{
	for (unsigned int i = 0; i < RTE_DIM(variables); i++)
		unsetenv(variables[i]);
	/* Where no file is. */
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
}

/* Begin with a file of this content, named by the environment. */
static void
begin(const char *text)
{
	int fd;

	settings_none();
	snprintf(path, sizeof(path), "/tmp/shmx-ctl-test.XXXXXX");
	fd = mkstemp(path);
	CU_ASSERT_TRUE_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	setenv("SHMX_CONFIG", path, 1);
}

static void
end(void)
{
	unlink(path);
	settings_none();
}

static int
parse(const char *line)
{
	const struct command *cmd;

	return read_line(&c, &cmd, line);
}

#define FILE_TEXT                                                                                  \
	"; comment\n"                                                                              \
	"[default]\n"                                                                              \
	"port = eth:0\n"                                                                           \
	"ip = 10.0.0.2/24\n"                                                                       \
	"server = 10.0.0.1:1234\n"                                                                 \
	"vlan = 5\n"                                                                               \
	"vlan-priority = 3\n"                                                                      \
	"[other]\n"                                                                                \
	"port = eth:1\n"                                                                           \
	"ip = fd00::7/64\n"                                                                        \
	"server = [fd00::1]:99\n"                                                                  \
	"eal = --no-huge -m 99\n"

static void
file(void)
{
	begin(FILE_TEXT);
	CU_ASSERT_EQUAL_FATAL(parse("stat"), 0);
	CU_ASSERT_STRING_EQUAL(c.opt.link.port, "eth:0");
	CU_ASSERT_EQUAL(c.opt.link.own.prefix_len, 24);
	CU_ASSERT_EQUAL(c.opt.link.server.udp_port, 1234);
	CU_ASSERT_EQUAL(c.opt.link.vlan, 5);
	CU_ASSERT_EQUAL(c.opt.link.vlan_priority, 3);
	CU_ASSERT_EQUAL(c.opt.link.node, 2);
	CU_ASSERT_PTR_NULL(c.opt.eal);
	end();
}

static void
profiles(void)
{
	begin(FILE_TEXT);
	CU_ASSERT_EQUAL_FATAL(parse("--profile other stat"), 0);
	CU_ASSERT_STRING_EQUAL(c.opt.link.port, "eth:1");
	CU_ASSERT_EQUAL(c.opt.link.node, 7);
	CU_ASSERT_EQUAL(c.opt.link.vlan, 0);
	CU_ASSERT_STRING_EQUAL(c.opt.eal, "--no-huge -m 99");
	setenv("SHMX_PROFILE", "other", 1);
	CU_ASSERT_EQUAL_FATAL(parse("stat"), 0);
	CU_ASSERT_STRING_EQUAL(c.opt.link.port, "eth:1");
	CU_ASSERT_EQUAL_FATAL(parse("stat --profile default"), 0);
	CU_ASSERT_STRING_EQUAL(c.opt.link.port, "eth:0");
	CU_ASSERT_EQUAL(parse("stat --profile none"), -EINVAL);
	end();
}

/* The command line overrides the environment, and this the file. */
static void
order(void)
{
	begin(FILE_TEXT);
	setenv("SHMX_IP", "10.0.0.3", 1);
	setenv("SHMX_NODE", "77", 1);
	setenv("SHMX_VLAN_PRIORITY", "4", 1);
	setenv("SHMX_SERVER", "", 1);
	CU_ASSERT_EQUAL_FATAL(parse("stat --node 78 --vlan 6"), 0);
	CU_ASSERT_EQUAL(ip_addr_to_v4(c.opt.link.own.ip), rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 3)));
	CU_ASSERT_EQUAL(c.opt.link.own.prefix_len, 0);
	CU_ASSERT_EQUAL(c.opt.link.node, 78);
	CU_ASSERT_EQUAL(c.opt.link.vlan, 6);
	CU_ASSERT_EQUAL(c.opt.link.vlan_priority, 4);
	CU_ASSERT_EQUAL(c.opt.link.server.udp_port, 1234);
	CU_ASSERT_EQUAL_FATAL(parse("stat"), 0);
	CU_ASSERT_EQUAL(c.opt.link.node, 77);
	setenv("SHMX_NODE", "0", 1);
	CU_ASSERT_EQUAL(parse("stat"), -EINVAL);
	end();
}

static void
bad_files(void)
{
	static const char *const texts[] = {"[default]\nfrob = 1\n", "[default]\nip = 1.2\n",
		"[other]\nip = 10.0.0.2\n", "ip = 10.0.0.2\n", "[default]\nip\n",
		"[default]\njson = yes\n", "[default]\nconfig = x\n",
		"[default]\nip = 10.0.0.2\nip = 10.0.0.3\n"};

	for (unsigned int i = 0; i < RTE_DIM(texts); i++) {
		begin(texts[i]);
		CU_ASSERT_EQUAL(
			parse("stat --port eth:0 --ip 10.0.0.2 --server 10.0.0.1"), -EINVAL);
		end();
	}
	setenv("SHMX_CONFIG", "/nonexistent", 1);
	CU_ASSERT_EQUAL(parse("stat --port eth:0 --ip 10.0.0.2 --server 10.0.0.1"), -EINVAL);
	settings_none();
}

/* Where it is looked for, when nobody said. */
static void
place_of_the_file(void)
{
	char folder[] = "/tmp/shmx-ctl-test.XXXXXX", name[64], below[64];
	FILE *f;

	settings_none();
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(below, sizeof(below), "%s/shmx", folder);
	snprintf(name, sizeof(name), "%s/shmx/ctl.ini", folder);
	CU_ASSERT_EQUAL(mkdir(below, 0700), 0);
	f = fopen(name, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(FILE_TEXT, f);
	fclose(f);
	setenv("XDG_CONFIG_HOME", folder, 1);
	CU_ASSERT_EQUAL(parse("stat"), 0);
	CU_ASSERT_EQUAL(c.opt.link.server.udp_port, 1234);
	unlink(name);
	CU_ASSERT_EQUAL(parse("stat"), -EINVAL);
	rmdir(below);
	rmdir(folder);
	settings_none();
}

CU_TestInfo settings_tests[] = {
	{"file", file},
	{"profiles", profiles},
	{"what overrides what", order},
	{"bad files", bad_files},
	{"where the file is looked for", place_of_the_file},
	CU_TEST_INFO_NULL,
};
