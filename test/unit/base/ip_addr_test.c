/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Addresses of either family: text and back, what a host can have, prefixes. */

#include <string.h>

#include "base/ip_addr.h"
#include "base_tests.h"

static struct ip_addr
addr(const char *text)
{
	struct ip_addr a = {0};

	CU_ASSERT_TRUE(ip_addr_parse(text, &a));
	return a;
}

static void
ip_addr__text_and_back(void)
{
	static const char *const good[] = {"10.0.0.1", "223.255.255.255", "1.0.0.0", "2001:db8::1",
		"fe80::1", "fd00:1:2:3:4:5:6:7", "64:ff9b::a00:1"};
	char buf[IP_ADDR_TEXT];

	for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CU_ASSERT_STRING_EQUAL(ip_addr_format(addr(good[i]), buf), good[i]);
}

static void
ip_addr__not_of_a_host(void)
{
	static const char *const bad[] = {"", "0.0.0.0", "127.0.0.1", "224.0.0.1",
		"255.255.255.255", "10.0.0", "10.0.0.1/24", "10.0.0.256", "::", "::1", "ff02::1",
		"::ffff:10.0.0.1", "::10.0.0.1", "fe80::1%eth0", "2001:db8::1/64", "2001:db8:::1",
		"host"};
	struct ip_addr a, before;

	memset(&a, 0xa5, sizeof(a));
	before = a;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_FALSE(ip_addr_parse(bad[i], &a));
	CU_ASSERT_TRUE(ip_addr_equal(a, before));
}

static void
ip_addr__families(void)
{
	struct ip_addr a = addr("10.0.0.1"), b = addr("2001:db8::a00:1");

	CU_ASSERT_TRUE(ip_addr_is_v4(a));
	CU_ASSERT_EQUAL(ip_addr_to_v4(a), RTE_BE32(0x0a000001));
	CU_ASSERT_FALSE(ip_addr_is_v4(b));
	CU_ASSERT_FALSE(ip_addr_equal(a, b));
	CU_ASSERT_TRUE(ip_addr_is_none(ip_addr_v4(0)));
	CU_ASSERT_TRUE(ip_addr_is_link_local(addr("febf::1")));
	CU_ASSERT_FALSE(ip_addr_is_link_local(addr("fec0::1")));
}

static void
ip_addr__prefixes(void)
{
	struct ip_addr a = addr("2001:db8:0:1::1");

	CU_ASSERT_TRUE(ip_addr_same_prefix(a, addr("2001:db8:0:1:8000::"), 64));
	CU_ASSERT_FALSE(ip_addr_same_prefix(a, addr("2001:db8:0:1:8000::"), 65));
	CU_ASSERT_FALSE(ip_addr_same_prefix(a, addr("2001:db8:0:2::1"), 64));
	CU_ASSERT_TRUE(ip_addr_same_prefix(a, addr("2001:db8:0:2::1"), 62));
	CU_ASSERT_FALSE(ip_addr_same_prefix(a, addr("2001:db8:0:1::2"), 128));
	CU_ASSERT_TRUE(ip_addr_same_prefix(a, a, 128));
	CU_ASSERT_TRUE(ip_addr_same_prefix(a, addr("9::"), 0));
}

CU_TestInfo ip_addr_tests[] = {
	TEST(ip_addr__text_and_back),
	TEST(ip_addr__not_of_a_host),
	TEST(ip_addr__families),
	TEST(ip_addr__prefixes),
	CU_TEST_INFO_NULL,
};
