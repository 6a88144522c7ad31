/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_ip.h>

#include "../../../apps/shmx-server/value.h"
#include "server_tests.h"

static const char *const colours[] = {"red", "green", NULL};
static const struct value_type number = {VALUE_NUMBER, 1, 1023, NULL};
static const struct value_type power = {VALUE_POWER, 8, 256, NULL};
static const struct value_type size = {VALUE_SIZE, UINT64_C(2) << 20, UINT64_C(1) << 48, NULL};
static const struct value_type percent = {VALUE_PERCENT, 0, 0, NULL};
static const struct value_type choice = {VALUE_CHOICE, 0, 0, colours};
static const struct value_type address = {VALUE_IP, 0, 0, NULL};
static const struct value_type prefix = {VALUE_PREFIX, 0, 0, NULL};
static const struct value_type range = {VALUE_RANGE, 1, 65535, NULL};
static const struct value_type text = {VALUE_TEXT, 0, 4, NULL};

/* None of the texts is a value; the field stays as it is. */
static void
refuse_all(const struct value_type *type, const char *const *texts, const char *allowed)
{
	uint64_t field[4] = {7, 7, 7, 7}, before[4];
	struct problem p;

	memcpy(before, field, sizeof(field));
	for (; *texts != NULL; texts++) {
		CU_ASSERT_EQUAL(value_parse(type, *texts, field, &p), -EINVAL);
		CU_ASSERT_EQUAL(memcmp(field, before, sizeof(field)), 0);
		ASSERT_SAYS(p, *texts);
		ASSERT_SAYS(p, allowed);
	}
}

static void
value__numbers(void)
{
	const char *const bad[] = {"", "0", "1024", "-1", "+1", " 1", "1 ", "0x10", "1.5", "one",
		"99999999999999999999", NULL};
	struct problem p;
	uint32_t n = 0;

	CU_ASSERT_EQUAL(value_parse(&number, "1", &n, &p), 0);
	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT_EQUAL(value_parse(&number, "1023", &n, &p), 0);
	CU_ASSERT_EQUAL(n, 1023);
	refuse_all(&number, bad, "a number from 1 to 1023");
}

static void
value__powers_of_two(void)
{
	const char *const bad[] = {"0", "4", "100", "512", NULL};
	struct problem p;
	uint32_t n = 0;

	CU_ASSERT_EQUAL(value_parse(&power, "128", &n, &p), 0);
	CU_ASSERT_EQUAL(n, 128);
	refuse_all(&power, bad, "a power of two from 8 to 256");
}

static void
value__sizes(void)
{
	const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {{"2M", UINT64_C(2) << 20}, {"2097152", UINT64_C(2) << 20},
		{"2048k", UINT64_C(2) << 20}, {"3g", UINT64_C(3) << 30},
		{"3GiB", UINT64_C(3) << 30}, {"3GB", UINT64_C(3) << 30},
		{"256T", UINT64_C(1) << 48}};
	const char *const bad[] = {"", "M", "1M", "257T", "2X", "2MM", "-2M", "1.5G", "2 M",
		"18446744073709551615T", "99999999T", NULL};
	struct problem p;
	uint64_t n;

	for (unsigned int i = 0; i < RTE_DIM(good); i++) {
		n = 0;
		CU_ASSERT_EQUAL(value_parse(&size, good[i].text, &n, &p), 0);
		CU_ASSERT_EQUAL(n, good[i].bytes);
	}
	refuse_all(&size, bad, "a size from 2M to 256T");
}

static void
value__sizes_are_written_as_they_are_read(void)
{
	const char *const texts[] = {"1", "1023", "1K", "1536K", "2M", "3G", "5T", "2048T"};
	const struct value_type any = {VALUE_SIZE, 0, UINT64_MAX, NULL};
	char buf[32];
	struct problem p;
	uint64_t n;

	for (unsigned int i = 0; i < RTE_DIM(texts); i++) {
		CU_ASSERT_EQUAL(value_parse(&any, texts[i], &n, &p), 0);
		CU_ASSERT_STRING_EQUAL(value_format_size(n, buf, sizeof(buf)), texts[i]);
	}
	CU_ASSERT_STRING_EQUAL(value_format_size(0, buf, sizeof(buf)), "0");
}

static void
value__percentages(void)
{
	const char *const bad[] = {"", "-1", "101", "nan", "inf", "1x", "1%%", ".5", NULL};
	struct problem p;
	double d = -1;

	CU_ASSERT_EQUAL(value_parse(&percent, "0.5", &d, &p), 0);
	CU_ASSERT_DOUBLE_EQUAL(d, 0.5, 1e-9);
	CU_ASSERT_EQUAL(value_parse(&percent, "100%", &d, &p), 0);
	CU_ASSERT_DOUBLE_EQUAL(d, 100, 1e-9);
	refuse_all(&percent, bad, "from 0 to 100");
}

static void
value__choices(void)
{
	const char *const bad[] = {"", "Red", "gree", "greenish", NULL};
	struct problem p;
	int n = -1;

	CU_ASSERT_EQUAL(value_parse(&choice, "green", &n, &p), 0);
	CU_ASSERT_EQUAL(n, 1);
	refuse_all(&choice, bad, "one of red, green");
}

static void
value__addresses(void)
{
	const char *const bad[] = {"", "10.0.0", "10.0.0.256", "0.0.0.0", "127.0.0.1", "224.0.0.1",
		"255.255.255.255", "host", "::1", "10.0.0.1/24", "fd00::1/64", ",", "10.0.0.1,",
		"10.0.0.1,10.0.0.2", "fd00::1,fd00::2", "10.0.0.1,fd00::1,fd00::2", "[fd00::1]",
		NULL};
	struct ip_pair a;
	struct problem p;

	CU_ASSERT_EQUAL(value_parse(&address, "10.0.0.1", &a, &p), 0);
	CU_ASSERT_EQUAL(ip_addr_to_v4(a.v4.addr), rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 1)));
	CU_ASSERT_TRUE(ip_addr_is_none(a.v6.addr));
	CU_ASSERT_EQUAL(value_parse(&address, "fd00::1", &a, &p), 0);
	CU_ASSERT_TRUE(ip_addr_is_none(a.v4.addr));
	CU_ASSERT_EQUAL(a.v6.addr.byte[15], 1);
	CU_ASSERT_EQUAL(value_parse(&address, "fe80::2,10.0.0.3", &a, &p), 0);
	CU_ASSERT_EQUAL(a.v4.addr.byte[15], 3);
	CU_ASSERT_EQUAL(a.v6.addr.byte[15], 2);
	refuse_all(&address, bad, "IP address");
}

static void
value__prefixes(void)
{
	const char *const bad[] = {"", "/24", "10.0.0.1/", "10.0.0.1/0", "10.0.0.1/33",
		"10.0.0.1/x", "10.0.0.1/24/1", "10.0.0.1000000000000000/24", "fd00::1/0",
		"fd00::1/129", "fd00::1/64,10.0.0.1/33",
		"fd00:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1/64", NULL};
	struct ip_pair a = {0};
	struct problem p;

	CU_ASSERT_EQUAL(value_parse(&prefix, "10.0.0.1/24", &a, &p), 0);
	CU_ASSERT_EQUAL(ip_addr_to_v4(a.v4.addr), rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 1)));
	CU_ASSERT_EQUAL(a.v4.len, 24);
	CU_ASSERT_EQUAL(value_parse(&prefix, "10.0.0.2", &a, &p), 0);
	CU_ASSERT_EQUAL(a.v4.len, 0);
	CU_ASSERT_EQUAL(value_parse(&prefix, "10.0.0.1/8,2001:db8::1/128", &a, &p), 0);
	CU_ASSERT_EQUAL(a.v4.len, 8);
	CU_ASSERT_EQUAL(a.v6.len, 128);
	CU_ASSERT_EQUAL(a.v6.addr.byte[0], 0x20);
	refuse_all(&prefix, bad, "192.168.7.1/24 or fd00::1/64");
}

static void
value__ranges(void)
{
	const char *const bad[] = {"", "-", "1", "1-", "-1", "0-1", "1-65536", "2-1", "1-2-3",
		"1 - 2", "a-b", "1..2", "00000000000000000001-2", NULL};
	struct number_range r = {0};
	struct problem p;

	CU_ASSERT_EQUAL(value_parse(&range, "65-128", &r, &p), 0);
	CU_ASSERT(r.first == 65 && r.last == 128);
	CU_ASSERT_EQUAL(value_parse(&range, "1-65535", &r, &p), 0);
	CU_ASSERT(r.first == 1 && r.last == 65535);
	CU_ASSERT_EQUAL(value_parse(&range, "7-7", &r, &p), 0);
	CU_ASSERT(r.first == 7 && r.last == 7);
	refuse_all(&range, bad, "FIRST-LAST, numbers from 1 to 65535");
}

static void
value__texts(void)
{
	const char *const bad[] = {"", "12345", NULL};
	char buf[5] = "";
	struct problem p;

	CU_ASSERT_EQUAL(value_parse(&text, "1234", buf, &p), 0);
	CU_ASSERT_STRING_EQUAL(buf, "1234");
	refuse_all(&text, bad, "1 to 4 characters");
}

static void
value__lists_of_nodes(void)
{
	const struct value_type nodes = {VALUE_NODES, 0, 0, NULL};
	const char *const bad[] = {"", ",", "1,", ",1", "0", "1024", "5-", "-5", "9-5", "1-2-3",
		"1 2", "all", "1,,2", NULL};
	struct node_list list = {0};
	struct problem p;

	CU_ASSERT_EQUAL(value_parse(&nodes, "1,2,5-9,1023", &list, &p), 0);
	CU_ASSERT_EQUAL(list.bits[0], 0x3e6);
	CU_ASSERT_EQUAL(list.bits[15], UINT64_C(1) << 63);
	CU_ASSERT_EQUAL(value_parse(&nodes, "60-70", &list, &p), 0);
	CU_ASSERT_EQUAL(list.bits[0], UINT64_C(0xf) << 60);
	CU_ASSERT_EQUAL(list.bits[1], 0x7f);
	CU_ASSERT_EQUAL(list.bits[15], 0);
	refuse_all(&nodes, bad, "a list of node ids from 1 to 1023");
}

CU_TestInfo value_tests[] = {
	TEST(value__numbers),
	TEST(value__powers_of_two),
	TEST(value__sizes),
	TEST(value__sizes_are_written_as_they_are_read),
	TEST(value__percentages),
	TEST(value__choices),
	TEST(value__addresses),
	TEST(value__prefixes),
	TEST(value__ranges),
	TEST(value__lists_of_nodes),
	TEST(value__texts),
	CU_TEST_INFO_NULL,
};
