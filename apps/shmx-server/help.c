/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "settings.h"

#define COLUMN 26 /* of the explanations on the help screen */

static const char usage[] =
	"usage: shmx-server [EAL options] -- --port SPEC --ip ADDR[/LEN] [options]\n"
	"\n"
	"Serves memory to other machines. EAL needs two lcores: one to control, one or\n"
	"more to work; --lcores '0@0,1@0' puts both on one core.\n"
	"\n";

static const char examples[] =
	"\n"
	"Every setting may stand in the file; --help-config shows it with all of them.\n"
	"\n"
	"One client on this machine, without hugepages:\n"
	"  shmx-server --no-huge -m 1024 -- --port vhost:iface=/run/shmx.sock \\\n"
	"      --ip 10.0.0.1/24 --pool main:256M\n"
	"A network interface, everything on core 2:\n"
	"  shmx-server --lcores '0@2,1@2' -- --port eth:0000:3b:00.0 \\\n"
	"      --ip 192.168.7.1/24 --pool main:16G:64G --idle sleep\n";

/* "  --name VALUE      text" */
static void
print_option(FILE *f, const char *name, const char *value, const char *help, const char *fallback)
{
	int len = fprintf(f, "  --%s %s", name, value);

	fprintf(f, "%*s%s", RTE_MAX(COLUMN - len, 1), "", help);
	if (fallback != NULL)
		fprintf(f, " [%s]", fallback);
	fputc('\n', f);
}

static void
print_section_options(FILE *f, const char *section)
{
	const struct setting *s;

	for (s = settings; s < settings + nb_settings; s++) {
		if (s->place != PLACE_HELP || s->option == NULL || strcmp(s->section, section) != 0)
			continue;
		print_option(f, s->option, s->placeholder, s->help, s->fallback);
	}
}

void
settings_print_help(FILE *f)
{
	fputs(usage, f);
	print_section_options(f, "port");
	print_option(f, "pool", "NAME:SIZE[:MAX][,KEY=VALUE]...",
		"pool to create at start; once for each", NULL);
	print_section_options(f, "server");
	print_section_options(f, "test");
	print_option(f, "config", "FILE", "read settings from it; options override", NULL);
	print_option(f, "interactive", "(-i)", "a prompt: set faults while it serves, ...", NULL);
	print_option(f, "help-config", "", "a sample of that file, with every setting", NULL);
	print_option(f, "help-eal", "", "what may stand in front of the --", NULL);
	print_option(f, "version", "", "of this program and of DPDK", NULL);
	fputs(examples, f);
}

static const char config_head[] =
	"; Settings of shmx-server, as the program itself prints them: shmx-server --help-config\n"
	"; What stands behind a semicolon is a comment, and where a setting is one, its default\n"
	"; holds. Options of the command line override the file; --port, --ip and --pool replace\n"
	"; all that the file has of them.\n";

struct section_help {
	const char *section; /* of the table */
	const char *heading;
	const char *comment;
};

static const struct section_help sections_help[] = {
	{"eal", "eal", "; What DPDK itself is told."},
	{"server", "server", "; The memory node."},
	{"port", "port 0",
		"; One section for each port, under any name: [port 0], [port 1] ...\n"
		"; They are served in this order."},
	{"pool", "pool main", "; One section for each pool to create at start, under its name."},
	{"test", "test", "; For tests: faults on purpose."},
};

/* What stands in the sample where there is no default. */
static const char *
sample_value(const struct setting *s)
{
	if (s->fallback != NULL)
		return s->fallback;
	if (s->type.kind == VALUE_SIZE)
		return "256M";
	if (s->type.kind == VALUE_IP)
		return "10.0.0.254";
	if (s->type.kind == VALUE_PREFIX)
		return "10.0.0.1/24";
	if (s->type.kind == VALUE_RANGE)
		return "1-64";
	if (s->type.kind == VALUE_NODES)
		return "1,2,5-9";
	if (s->type.kind == VALUE_PATH)
		return "/dev/hugepages/shmx";
	return s->scope == SCOPE_PORT ? "vhost:iface=/run/shmx.sock" : "--lcores 0@0,1@0";
}

/* Without the others, the sample would not serve, or take all cores. */
static bool
sample_active(const struct setting *s)
{
	return s->fallback == NULL && s->type.kind != VALUE_IP && s->type.kind != VALUE_RANGE &&
	       s->type.kind != VALUE_NODES && s->type.kind != VALUE_PATH;
}

static void
print_setting(FILE *f, const struct setting *s)
{
	char allowed[256];

	fprintf(f, "\n; %s\n", s->help);
	fprintf(f, ";   %s", value_allowed(&s->type, allowed, sizeof(allowed)));
	if (s->option != NULL)
		fprintf(f, "; option --%s", s->option);
	fprintf(f, "\n%s%s = %s\n", sample_active(s) ? "" : ";", s->key, sample_value(s));
}

void
settings_print_config(FILE *f)
{
	const struct section_help *h;

	fputs(config_head, f);
	for (h = sections_help; h < sections_help + RTE_DIM(sections_help); h++) {
		fprintf(f, "\n%s\n[%s]\n", h->comment, h->heading);
		for (unsigned int i = 0; i < nb_settings; i++)
			if (strcmp(settings[i].section, h->section) == 0)
				print_setting(f, &settings[i]);
	}
}
