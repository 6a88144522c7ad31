/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stddef.h>
#include <stdio.h>

#include <cmdline.h>
#include <cmdline_parse_string.h>

#include "prompt_commands.h"

static const struct prompt_conf *app;
static bool has_quit;

/* What every command is parsed into. */
struct said {
	cmdline_fixed_string_t verb, noun, port;
	cmdline_multi_string_t text;
};

#define WORD(name, field, word)                                                                    \
	static cmdline_parse_token_string_t name = TOKEN_STRING_INITIALIZER(                       \
		struct said, field, word)

WORD(word_help, verb, "help");
WORD(word_quit, verb, "quit");
WORD(word_show, verb, "show");
WORD(word_set, verb, "set");
WORD(word_clear, verb, "clear");
WORD(word_ports, noun, "ports");
WORD(word_stats, noun, "stats");
WORD(word_fault, noun, "fault");
WORD(any_port, port, NULL);
WORD(any_text, text, TOKEN_STRING_MULTI);

#define COMMAND(name, function, help, ...)                                                         \
	static cmdline_parse_inst_t name = {                                                       \
		.f = function, .help_str = help, .tokens = {__VA_ARGS__, NULL}}
#define TOKEN(word) ((void *)&(word))

/* The ports that were named; says so when there are none such. */
static bool
ports_said(const struct said *said, struct fault_ports_range *range)
{
	char why[128];

	if (fault_ports_find(app->ports, said->port, range, why, sizeof(why)) == 0)
		return true;
	printf("%s\n", why);
	return false;
}

static void
set_faults(const struct said *said, const char *text)
{
	struct fault_ports_range range;
	char why[256];

	if (!ports_said(said, &range))
		return;
	if (fault_ports_set(app->ports, &range, text, why, sizeof(why)) != 0)
		printf("%s\n", why);
	else
		fault_ports_show(app->ports, &range, stdout);
}

static void
on_set_fault(void *result, struct cmdline *cl, void *data)
{
	const struct said *said = result;

	set_faults(said, said->text);
}

static void
on_clear_fault(void *result, struct cmdline *cl, void *data)
{
	set_faults(result, "off");
}

static void
on_show_fault(void *result, struct cmdline *cl, void *data)
{
	struct fault_ports_range range;

	if (ports_said(result, &range))
		fault_ports_show(app->ports, &range, stdout);
}

static void
on_show_ports(void *result, struct cmdline *cl, void *data)
{
	for (unsigned int i = 0; i < app->ports->nb; i++)
		printf("port %u %s\n", i, app->ports->spec[i]);
}

static void
on_show_stats(void *result, struct cmdline *cl, void *data)
{
	app->show_stats(app->ctx);
}

static void
on_clear_stats(void *result, struct cmdline *cl, void *data)
{
	for (unsigned int i = 0; i < app->ports->nb; i++)
		fault_stats_clear(app->ports->fault[i]);
	if (app->clear_stats != NULL)
		app->clear_stats(app->ctx);
}

static void
on_quit(void *result, struct cmdline *cl, void *data)
{
	has_quit = true;
	cmdline_quit(cl);
}

static void on_help(void *result, struct cmdline *cl, void *data);

COMMAND(help, on_help, "help: this list", TOKEN(word_help));
COMMAND(show_ports, on_show_ports, "show ports: by their numbers", TOKEN(word_show),
	TOKEN(word_ports));
COMMAND(show_stats, on_show_stats, "show stats: what has been done", TOKEN(word_show),
	TOKEN(word_stats));
COMMAND(clear_stats, on_clear_stats, "clear stats: count from here on", TOKEN(word_clear),
	TOKEN(word_stats));
COMMAND(show_fault, on_show_fault, "show fault PORT|all: faults that are set, and done",
	TOKEN(word_show), TOKEN(word_fault), TOKEN(any_port));
COMMAND(set_fault, on_set_fault,
	"set fault PORT|all SPEC: such as drop=1%,dup=0.5%,reorder=2%/8,delay=50us~20us,"
	"flip=0.1%,trunc=0.1%,blackhole=100ms,seed=7,dir=rx",
	TOKEN(word_set), TOKEN(word_fault), TOKEN(any_port), TOKEN(any_text));
COMMAND(clear_fault, on_clear_fault, "clear fault PORT|all: no faults any more", TOKEN(word_clear),
	TOKEN(word_fault), TOKEN(any_port));
COMMAND(quit, on_quit, "quit: end the program", TOKEN(word_quit));

static cmdline_parse_ctx_t commands[] = {&help, &show_ports, &show_stats, &clear_stats, &show_fault,
	&set_fault, &clear_fault, &quit, NULL};

static void
on_help(void *result, struct cmdline *cl, void *data)
{
	for (unsigned int i = 0; commands[i] != NULL; i++)
		printf("%s\n", commands[i]->help_str);
}

cmdline_parse_ctx_t *
prompt_commands(const struct prompt_conf *conf)
{
	app = conf;
	has_quit = false;
	return commands;
}

bool
prompt_has_quit(void)
{
	return has_quit;
}
