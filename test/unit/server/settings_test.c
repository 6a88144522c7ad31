/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../apps/shmx-server/config_file.h"
#include "../../../apps/shmx-server/settings.h"
#include "server_tests.h"

static char *
printed(void (*print)(FILE *f))
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	print(f);
	fclose(f);
	return text;
}

static void
settings__every_default_is_allowed(void)
{
	char field[OPTIONS_TEXT_MAX + 1];
	struct problem p;

	for (unsigned int i = 0; i < nb_settings; i++)
		if (settings[i].fallback != NULL)
			CU_ASSERT_EQUAL(
				value_parse(&settings[i].type, settings[i].fallback, field, &p), 0);
}

static void
settings__each_is_found_once(void)
{
	for (unsigned int i = 0; i < nb_settings; i++) {
		const struct setting *s = &settings[i];

		CU_ASSERT_PTR_EQUAL(setting_find(s->section, s->key), s);
		if (s->option != NULL)
			CU_ASSERT_PTR_EQUAL(setting_by_option(s->option), s);
	}
	CU_ASSERT_PTR_NULL(setting_find("server", "nod"));
	CU_ASSERT_PTR_NULL(setting_find("port", "node"));
	CU_ASSERT_PTR_NULL(setting_by_option("nod"));
}

static void
settings__sections(void)
{
	CU_ASSERT(section_known("server"));
	CU_ASSERT(section_known("port 0"));
	CU_ASSERT(section_known("pool\tmain pool"));
	CU_ASSERT(!section_known("server 1"));
	CU_ASSERT(!section_known("port"));
	CU_ASSERT(!section_known("port "));
	CU_ASSERT(!section_known("ports 0"));
	CU_ASSERT(!section_known(""));
}

/* A terminal of 80 columns; 40 lines are what a laptop shows. */
static void
settings__help_fits_a_screen(void)
{
	char *text = printed(settings_print_help), *line, *rest;
	unsigned int lines = 0;

	for (const char *c = text; *c != '\0'; c++)
		lines += *c == '\n';
	CU_ASSERT(lines <= 40);
	for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		CU_ASSERT(strlen(line) <= 80);
	free(text);
}

static void
settings__help_has_an_example_and_the_options(void)
{
	char *text = printed(settings_print_help), option[64];

	CU_ASSERT_PTR_NOT_NULL(strstr(text, "shmx-server --no-huge -m 1024 -- --port vhost:"));
	for (unsigned int i = 0; i < nb_settings; i++) {
		if (settings[i].option == NULL || settings[i].place != PLACE_HELP)
			continue;
		snprintf(option, sizeof(option), "--%s ", settings[i].option);
		CU_ASSERT_PTR_NOT_NULL(strstr(text, option));
	}
	free(text);
}

static void
settings__sample_is_a_file_that_serves(void)
{
	char *text = printed(settings_print_config);
	struct options read, defaults;
	struct problem p = {""};

	CU_ASSERT_EQUAL(PARSE(&read, &p, "--config", write_file(text)), 0);
	CU_ASSERT_STRING_EQUAL(p.text, "");
	options_init(&defaults);
	CU_ASSERT_EQUAL(read.nb_ports, 1);
	CU_ASSERT_EQUAL(read.nb_pools, 1);
	CU_ASSERT_STRING_EQUAL(read.pools[0].name, "main");
	/* Beside port, pool and lcores, what it shows are the defaults. */
	CU_ASSERT_STRING_EQUAL(read.eal, "--lcores 0@0,1@0");
	memset(read.eal, 0, sizeof(read.eal));
	CU_ASSERT_EQUAL(memcmp(&read, &defaults, offsetof(struct options, nb_ports)), 0);
	free(text);
}

/* What is a comment because it is the default is a setting all the same. */
static void
settings__sample_shows_settings_that_can_be_read(void)
{
	char *text = printed(settings_print_config);
	struct options read;
	struct problem p = {""};
	unsigned int keys = 0;

	for (char *c = text; *c != '\0'; c++) {
		if (*c == ';' && c[1] != ' ' && c[-1] == '\n')
			*c = ' ';
		keys += strncmp(c, " = ", 3) == 0;
	}
	CU_ASSERT_EQUAL(PARSE(&read, &p, "--config", write_file(text)), 0);
	CU_ASSERT_STRING_EQUAL(p.text, "");
	CU_ASSERT_EQUAL(keys, nb_settings);
	free(text);
}

CU_TestInfo settings_tests[] = {
	TEST(settings__every_default_is_allowed),
	TEST(settings__each_is_found_once),
	TEST(settings__sections),
	TEST(settings__help_fits_a_screen),
	TEST(settings__help_has_an_example_and_the_options),
	TEST(settings__sample_is_a_file_that_serves),
	TEST(settings__sample_shows_settings_that_can_be_read),
	CU_TEST_INFO_NULL,
};
