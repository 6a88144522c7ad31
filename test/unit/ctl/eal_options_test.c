/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include "../../../apps/shmx-ctl/eal_options.h"
#include "ctl_tests.h"

static struct eal_options eal;

static bool
has(const char *word)
{
	for (int i = 0; i < eal.argc; i++)
		if (strcmp(eal.argv[i], word) == 0)
			return true;
	return false;
}

static void
own_ones(void)
{
	struct ctl_options o = {.link = {.port = "virtio_user:path=/run/x"}};

	CU_ASSERT_EQUAL_FATAL(eal_options_make(&eal, &o), 0);
	CU_ASSERT_STRING_EQUAL(eal.argv[0], "shmx-ctl");
	CU_ASSERT_PTR_NULL(eal.argv[eal.argc]);
	CU_ASSERT_TRUE(has("--no-huge") && has("--no-telemetry") && has("--no-shconf"));
	CU_ASSERT_TRUE(has("--no-pci") && !has("-a"));
	o.link.port = "eth:0000:00:1f.6";
	CU_ASSERT_EQUAL_FATAL(eal_options_make(&eal, &o), 0);
	CU_ASSERT_TRUE(!has("--no-pci") && has("-a") && has("0000:00:1f.6"));
	o.link.port = "eth:0";
	CU_ASSERT_EQUAL_FATAL(eal_options_make(&eal, &o), 0);
	CU_ASSERT_TRUE(!has("--no-pci") && !has("-a"));
}

static void
of_the_user(void)
{
	struct ctl_options o = {.link = {.port = "eth:0"}, .eal = "  -m 64\t-l 1 "};
	char words[2 * EAL_WORDS_MAX + 3], text[sizeof(eal.text) + 1];

	CU_ASSERT_EQUAL_FATAL(eal_options_make(&eal, &o), 0);
	CU_ASSERT_EQUAL(eal.argc, 5);
	CU_ASSERT_TRUE(has("-m") && has("64") && has("-l") && has("1") && !has("--no-huge"));
	for (unsigned int i = 0; i < sizeof(words) - 1; i++)
		words[i] = i % 2 == 0 ? 'x' : ' ';
	words[2 * (EAL_WORDS_MAX - 1)] = '\0';
	o.eal = words;
	CU_ASSERT_EQUAL(eal_options_make(&eal, &o), 0);
	CU_ASSERT_EQUAL(eal.argc, EAL_WORDS_MAX);
	words[2 * (EAL_WORDS_MAX - 1)] = 'x';
	words[2 * EAL_WORDS_MAX - 1] = '\0';
	CU_ASSERT_EQUAL(eal_options_make(&eal, &o), -EINVAL);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	o.eal = text;
	CU_ASSERT_EQUAL(eal_options_make(&eal, &o), -EINVAL);
	text[sizeof(text) - 2] = '\0';
	CU_ASSERT_EQUAL(eal_options_make(&eal, &o), 0);
}

CU_TestInfo eal_options_tests[] = {
	{"the program's", own_ones},
	{"the user's", of_the_user},
	CU_TEST_INFO_NULL,
};
