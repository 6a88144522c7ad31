/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "../../../apps/shmx-ctl/hexdump.h"
#include "../../../apps/shmx-ctl/table.h"
#include "ctl_tests.h"

static FILE *into;
static int before;

/* From here on the standard output goes into a file. */
static void
catch_output(void)
{
	into = tmpfile();
	CU_ASSERT_PTR_NOT_NULL_FATAL(into);
	fflush(stdout);
	before = dup(STDOUT_FILENO);
	dup2(fileno(into), STDOUT_FILENO);
}

/* What was printed since then; as it was before. */
static const char *
caught(void)
{
	static char text[4096];
	size_t n;

	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	close(before);
	rewind(into);
	n = fread(text, 1, sizeof(text) - 1, into);
	text[n] = '\0';
	fclose(into);
	return text;
}

static const struct column columns[] = {
	{"NAME", "name", CELL_TEXT},
	{"SIZE", "size", CELL_SIZE},
	{"ADDRESS", "address", CELL_ADDRESS},
	{"N", "n", CELL_NUMBER},
	{"SET", "set", CELL_JSON},
};

static void
fill(struct table *t, bool json)
{
	char name[] = "a \"b\"\\\n";

	table_begin(t, json, columns, RTE_DIM(columns));
	table_row(t, (const union cell[]){{.text = name}, {.number = 1 << 20},
			     {.number = 0x1000000000040}, {.number = UINT64_MAX}, {.text = "[]"}});
	name[0] = 'x'; /* it was copied */
	table_row(t, (const union cell[]){{.text = "c"}, {.number = 1536}, {.number = 0},
			     {.number = 0}, {.text = "[1]"}});
}

static void
tables(void)
{
	struct table t;
	int ret;

	catch_output();
	table_begin(&t, false, columns, RTE_DIM(columns));
	table_row(&t, (const union cell[]){{.text = "longer name"}, {.number = 1 << 20},
			      {.number = 0x1000000000040}, {.number = 5}, {.text = "1"}});
	table_row(&t, (const union cell[]){{.text = "c"}, {.number = 1536}, {.number = 0},
			      {.number = 100}, {.text = "2-9"}});
	ret = table_print(&t, "rows");
	CU_ASSERT_STRING_EQUAL(caught(), "NAME         SIZE             ADDRESS    N  SET\n"
					 "longer name    1M  0x0001000000000040    5  1\n"
					 "c            1.5K  0x0000000000000000  100  2-9\n");
	CU_ASSERT_EQUAL(ret, 0);
	catch_output();
	table_begin(&t, false, columns, RTE_DIM(columns));
	table_print(&t, "rows");
	CU_ASSERT_STRING_EQUAL(caught(), "NAME  SIZE  ADDRESS  N  SET\n");
}

static void
json(void)
{
	struct table t;

	catch_output();
	fill(&t, true);
	table_print(&t, "rows");
	CU_ASSERT_STRING_EQUAL(caught(),
		"{\"rows\":[{\"name\":\"a \\\"b\\\"\\\\\\u000a\",\"size\":1048576,"
		"\"address\":\"0x0001000000000040\",\"n\":18446744073709551615,\"set\":[]},"
		"{\"name\":\"c\",\"size\":1536,\"address\":\"0x0000000000000000\",\"n\":0,"
		"\"set\":[1]}]}\n");
	catch_output();
	table_begin(&t, true, columns, RTE_DIM(columns));
	table_print(&t, "rows");
	CU_ASSERT_STRING_EQUAL(caught(), "{\"rows\":[]}\n");
}

static void
objects(void)
{
	static const struct column two[] = {{"pool", "name", CELL_TEXT}, {"id", "id", CELL_NUMBER}};

	catch_output();
	table_object(false, two, 2, (const union cell[]){{.text = "x"}, {.number = 3}});
	CU_ASSERT_STRING_EQUAL(caught(), "pool  x\nid    3\n");
	catch_output();
	table_object(true, two, 2, (const union cell[]){{.text = "x"}, {.number = 3}});
	CU_ASSERT_STRING_EQUAL(caught(), "{\"name\":\"x\",\"id\":3}\n");
}

/* Others choose names, and they may be any bytes. */
static void
odd_names(void)
{
	static const struct column name[] = {{"n", "n", CELL_TEXT}};
	static const struct {
		const char *text, *json;
	} odd[] = {
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
		{"\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\xff\xfe!", "\\ufffd\\ufffd!"},
		{"\xc3(", "\\ufffd("},
		{"a\xc3", "a\\ufffd"},
		{"\xc0\x80", "\\ufffd\\ufffd"},
		{"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},
		{"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
	};
	char line[128];

	for (unsigned int i = 0; i < RTE_DIM(odd); i++) {
		catch_output();
		table_object(true, name, 1, (const union cell[]){{.text = odd[i].text}});
		snprintf(line, sizeof(line), "{\"n\":\"%s\"}\n", odd[i].json);
		CU_ASSERT_STRING_EQUAL(caught(), line);
	}
	catch_output();
	table_object(false, name, 1, (const union cell[]){{.text = "a\n\x1b[31m\tgr\xc3\xbc\x7f"}});
	CU_ASSERT_STRING_EQUAL(caught(), "n  a??[31m?gr\xc3\xbc?\n");
}

static void
one_size(uint64_t bytes, const char *text)
{
	static const struct column size[] = {{"s", "s", CELL_SIZE}};
	char line[64];

	catch_output();
	table_object(false, size, 1, (const union cell[]){{.number = bytes}});
	snprintf(line, sizeof(line), "s  %s\n", text);
	CU_ASSERT_STRING_EQUAL(caught(), line);
}

static void
sizes(void)
{
	one_size(0, "0");
	one_size(1023, "1023");
	one_size(1024, "1K");
	one_size(1025, "1.0K");
	one_size(3 << 20, "3M");
	one_size(UINT64_C(5) << 29, "2.5G");
	one_size(UINT64_C(1) << 40, "1T");
	one_size(UINT64_MAX, "16.0E");
}

/* However it comes in pieces, it looks the same. */
static void
dumps(void)
{
	static const char wanted[] =
		"0001000000000040  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  "
		"|................|\n"
		"0001000000000050  41 41 41 41 41 41 41 41  41 41 41 41 41 41 41 41  "
		"|AAAAAAAAAAAAAAAA|\n"
		"*\n"
		"0001000000000080  42 7f                                             |B.|\n"
		"0001000000000082\n";
	uint8_t data[66];

	for (unsigned int i = 0; i < 16; i++)
		data[i] = (uint8_t)i;
	memset(data + 16, 'A', 48);
	data[64] = 'B';
	data[65] = 0x7f;
	for (size_t piece = 1; piece <= sizeof(data); piece++) {
		struct hexdump h;
		char *text = NULL;
		size_t len = 0;
		FILE *f = open_memstream(&text, &len);

		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		hexdump_begin(&h, f, 0x1000000000040);
		for (size_t at = 0; at < sizeof(data); at += piece)
			hexdump_add(&h, data + at, RTE_MIN(piece, sizeof(data) - at));
		hexdump_end(&h);
		fclose(f);
		CU_ASSERT_STRING_EQUAL(text, wanted);
		free(text);
	}
}

CU_TestInfo print_tests[] = {
	{"tables", tables},
	{"JSON", json},
	{"objects", objects},
	{"odd names", odd_names},
	{"sizes", sizes},
	{"dumps", dumps},
	CU_TEST_INFO_NULL,
};
