/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "../../../apps/shmx-ctl/words.h"
#include "ctl_tests.h"

static void
sizes(void)
{
	uint64_t size = 0;

	CU_ASSERT_EQUAL(word_size("1", &size), 0);
	CU_ASSERT_EQUAL(size, 1);
	CU_ASSERT_EQUAL(word_size("64K", &size), 0);
	CU_ASSERT_EQUAL(size, 65536);
	CU_ASSERT_EQUAL(word_size("2m", &size), 0);
	CU_ASSERT_EQUAL(size, 2 << 20);
	CU_ASSERT_EQUAL(word_size("1T", &size), 0);
	CU_ASSERT_EQUAL(size, UINT64_C(1) << 40);
	CU_ASSERT_EQUAL(word_size("0", &size), -EINVAL);
	CU_ASSERT_EQUAL(word_size("", &size), -EINVAL);
	CU_ASSERT_EQUAL(word_size("-1", &size), -EINVAL);
	CU_ASSERT_EQUAL(word_size("2T", &size), -EINVAL);
	CU_ASSERT_EQUAL(word_size("1MB", &size), -EINVAL);
}

static void
names(void)
{
	char text[SHMX_NAME_LEN + 1];

	CU_ASSERT_EQUAL(word_name("a"), 0);
	CU_ASSERT_EQUAL(word_name(""), -EINVAL);
	memset(text, 'x', sizeof(text));
	text[SHMX_NAME_LEN] = '\0';
	CU_ASSERT_EQUAL(word_name(text), -EINVAL);
	text[SHMX_NAME_LEN - 1] = '\0';
	CU_ASSERT_EQUAL(word_name(text), 0);
}

static void
locks(void)
{
	struct lock_word lock;

	CU_ASSERT_EQUAL(word_lock("a lock", &lock), 0);
	CU_ASSERT_STRING_EQUAL(lock.text, "a lock");
	CU_ASSERT_EQUAL(lock.id, 0);
	CU_ASSERT_EQUAL(word_lock("17", &lock), 0);
	CU_ASSERT_EQUAL(lock.id, 17);
	CU_ASSERT_EQUAL(word_lock("4294967295", &lock), 0);
	CU_ASSERT_EQUAL(word_lock("", &lock), -EINVAL);
	CU_ASSERT_EQUAL(word_lock("0", &lock), -EINVAL);
	CU_ASSERT_EQUAL(word_lock("17x", &lock), -EINVAL);
	CU_ASSERT_EQUAL(word_lock("4294967296", &lock), -EINVAL);
}

static void
is_name(const char *word, const char *pool, const char *name, uint64_t offset)
{
	struct place p;

	CU_ASSERT_EQUAL_FATAL(word_place(word, &p), 0);
	CU_ASSERT_EQUAL(p.kind, PLACE_NAME);
	CU_ASSERT_STRING_EQUAL(p.text, word);
	CU_ASSERT_STRING_EQUAL(p.pool, pool);
	CU_ASSERT_STRING_EQUAL(p.name, name);
	CU_ASSERT_EQUAL(p.offset, offset);
}

static void
places(void)
{
	struct place p;

	is_name("main/a", "main", "a", 0);
	is_name("main/a+64", "main", "a", 64);
	is_name("main/a+0x40", "main", "a", 64);
	is_name("main/a+2M", "main", "a", 2 << 20);
	is_name("main/c++", "main", "c++", 0);
	is_name("main/c+++8", "main", "c++", 8);
	is_name("main/a/b", "main", "a/b", 0);
	is_name("main/a:1", "main", "a:1", 0);
	CU_ASSERT_EQUAL(word_place("main:4K", &p), 0);
	CU_ASSERT_EQUAL(p.kind, PLACE_OFFSET);
	CU_ASSERT_STRING_EQUAL(p.pool, "main");
	CU_ASSERT_EQUAL(p.offset, 4096);
	CU_ASSERT_EQUAL(word_place("main:0", &p), 0);
	CU_ASSERT_EQUAL(word_place("0x0001000000000080", &p), 0);
	CU_ASSERT_EQUAL(p.kind, PLACE_ADDRESS);
	CU_ASSERT_EQUAL(p.addr, SHMX_ADDR(1, 128));
	CU_ASSERT_EQUAL(word_place("281474976710656", &p), 0);
	CU_ASSERT_EQUAL(p.addr, SHMX_ADDR(1, 0));
}

static void
no_places(void)
{
	static const char *const words[] = {"", "main", "main/", "/a", ":0", "main:", "main:x",
		"main:-1", "main:0x1000000000000", "0x80", "main/+8", "0x1000000000000000g"};
	char text[2 * SHMX_NAME_LEN + 2];
	struct place p;

	for (unsigned int i = 0; i < RTE_DIM(words); i++)
		CU_ASSERT_EQUAL(word_place(words[i], &p), -EINVAL);
	memset(text, 'x', sizeof(text));
	text[SHMX_NAME_LEN] = '/';
	text[SHMX_NAME_LEN + 2] = '\0';
	CU_ASSERT_EQUAL(word_place(text, &p), -EINVAL);
	memset(text, 'x', sizeof(text));
	text[1] = '/';
	text[SHMX_NAME_LEN + 2] = '\0';
	CU_ASSERT_EQUAL(word_place(text, &p), -EINVAL);
	text[SHMX_NAME_LEN + 1] = '\0';
	CU_ASSERT_EQUAL(word_place(text, &p), 0);
}

static void
node_sets(void)
{
	struct nodes n;
	char text[256];

	CU_ASSERT_EQUAL(word_nodes("everyone", &n), 0);
	CU_ASSERT_TRUE(n.everyone && !n.self && n.nb == 0);
	CU_ASSERT_EQUAL(word_nodes("self", &n), 0);
	CU_ASSERT_TRUE(n.self && !n.everyone);
	CU_ASSERT_EQUAL(word_nodes("7", &n), 0);
	CU_ASSERT_TRUE(n.nb == 1 && n.id[0] == 7 && !n.self && !n.everyone);
	CU_ASSERT_EQUAL(word_nodes("2,3,7-9,1023", &n), 0);
	CU_ASSERT_EQUAL(n.nb, 6);
	CU_ASSERT_EQUAL(n.id[3], 8);
	CU_ASSERT_EQUAL(n.id[5], 1023);
	CU_ASSERT_STRING_EQUAL(nodes_format(n.id, n.nb, false, text, sizeof(text)), "2,3,7-9,1023");
	CU_ASSERT_STRING_EQUAL(
		nodes_format(n.id, n.nb, true, text, sizeof(text)), "[2,3,7,8,9,1023]");
	CU_ASSERT_STRING_EQUAL(nodes_format(n.id, 0, false, text, sizeof(text)), "");
	CU_ASSERT_STRING_EQUAL(nodes_format(n.id, 0, true, text, sizeof(text)), "[]");
	CU_ASSERT_EQUAL(word_nodes("1-64", &n), 0);
	CU_ASSERT_EQUAL(n.nb, SHMX_NODES_MAX);
}

static void
no_node_sets(void)
{
	static const char *const words[] = {"", "0", "1024", "3,2", "3,3", "3-2", "1,", ",1", "1-",
		"-1", "1--2", "1-2-3", "1-65", "1,2-65", "all", "1 ", "+1", "1,self",
		"99999999999999999999"};
	struct nodes n;

	for (unsigned int i = 0; i < RTE_DIM(words); i++)
		CU_ASSERT_EQUAL(word_nodes(words[i], &n), -EINVAL);
}

CU_TestInfo words_tests[] = {
	{"sizes", sizes},
	{"names", names},
	{"locks", locks},
	{"places", places},
	{"no places", no_places},
	{"sets of nodes", node_sets},
	{"no sets of nodes", no_node_sets},
	CU_TEST_INFO_NULL,
};
