/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_string_fns.h>

#include "config_file.h"
#include "options.h"
#include "settings.h"

#define GIVEN_MAX    512
#define LONGOPTS_MAX 64

/* What getopt returns: index of a setting, or one of these. */
enum {
	OPT_POOL = 0x100,
	OPT_CONFIG,
	OPT_INTERACTIVE,
	OPT_HELP,
	OPT_HELP_CONFIG,
	OPT_HELP_EAL,
	OPT_VERSION,
};

static const struct option own_options[] = {
	{"pool", required_argument, NULL, OPT_POOL},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"interactive", no_argument, NULL, OPT_INTERACTIVE},
	{"help", no_argument, NULL, OPT_HELP},
	{"help-config", no_argument, NULL, OPT_HELP_CONFIG},
	{"help-eal", no_argument, NULL, OPT_HELP_EAL},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

/* The command line as it was given: it is applied after the file that it names. */
struct given {
	const struct setting *setting; /* NULL: --pool */
	const char *value;
};

struct command_line {
	enum options_action action;
	bool interactive;
	const char *config;
	unsigned int nb;
	struct given given[GIVEN_MAX];
};

static void *
field_of(const struct setting *s, void *base)
{
	return RTE_PTR_ADD(base, s->offset);
}

/* Give all settings of a scope their defaults. */
static void
set_defaults(enum setting_scope scope, void *base)
{
	struct problem ignored;

	for (const struct setting *s = settings; s < settings + nb_settings; s++)
		if (s->scope == scope && s->fallback != NULL)
			value_parse(&s->type, s->fallback, field_of(s, base), &ignored);
}

void
options_init(struct options *o)
{
	memset(o, 0, sizeof(*o));
	set_defaults(SCOPE_SERVER, o);
}

struct port_options *
options_add_port(struct options *o, const char *label, struct problem *p)
{
	struct port_options *port = &o->ports[o->nb_ports];

	if (o->nb_ports == OPTIONS_PORTS_MAX) {
		problem_set(p, "at most %d ports", OPTIONS_PORTS_MAX);
		return NULL;
	}
	o->nb_ports++;
	memset(port, 0, sizeof(*port));
	strlcpy(port->label, label, sizeof(port->label));
	set_defaults(SCOPE_PORT, port);
	return port;
}

struct pool_options *
options_add_pool(struct options *o, const char *name, struct problem *p)
{
	struct pool_options *pool = &o->pools[o->nb_pools];

	if (name[0] == '\0' || strlen(name) > OPTIONS_NAME_MAX) {
		problem_set(p, "a pool's name has 1 to %d characters", OPTIONS_NAME_MAX);
		return NULL;
	}
	if (o->nb_pools == OPTIONS_POOLS_MAX) {
		problem_set(p, "at most %d pools at start", OPTIONS_POOLS_MAX);
		return NULL;
	}
	o->nb_pools++;
	memset(pool, 0, sizeof(*pool));
	strlcpy(pool->name, name, sizeof(pool->name));
	set_defaults(SCOPE_POOL, pool);
	return pool;
}

static void
longopts_build(struct option *opts)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < nb_settings; i++)
		if (settings[i].option != NULL)
			opts[n++] = (struct option){
				settings[i].option, required_argument, NULL, (int)i};
	memcpy(&opts[n], own_options, sizeof(own_options));
}

static int
given_add(struct command_line *cl, const struct setting *s, const char *value, struct problem *p)
{
	if (cl->nb == GIVEN_MAX)
		return problem_set(
			p, "more than %d options: put them into a --config file", GIVEN_MAX);
	cl->given[cl->nb++] = (struct given){s, value};
	return 0;
}

static int
take_option(struct command_line *cl, int opt, char **argv, struct problem *p)
{
	switch (opt) {
	case OPT_POOL:
		return given_add(cl, NULL, optarg, p);
	case OPT_CONFIG:
		cl->config = optarg;
		return 0;
	case OPT_INTERACTIVE:
	case 'i':
		cl->interactive = true;
		return 0;
	case OPT_HELP:
	case OPT_HELP_CONFIG:
	case OPT_HELP_EAL:
	case OPT_VERSION:
		cl->action = (enum options_action)(ACTION_HELP + (opt - OPT_HELP));
		return 0;
	case ':':
		return problem_set(p, "%s needs a value: see shmx-server --help", argv[optind - 1]);
	case '?':
		if (optopt > 0 && optopt < OPT_POOL) /* a letter */
			return problem_set(p, "unknown option -%c: see shmx-server --help", optopt);
		return problem_set(
			p, "unknown option %s: see shmx-server --help", argv[optind - 1]);
	default:
		return given_add(cl, &settings[opt], optarg, p);
	}
}

static int
read_command_line(struct command_line *cl, int argc, char **argv, struct problem *p)
{
	struct option longopts[LONGOPTS_MAX];
	int opt, ret = 0, saved = optind;

	RTE_BUILD_BUG_ON(ACTION_VERSION - ACTION_HELP != OPT_VERSION - OPT_HELP);
	longopts_build(longopts);
	memset(cl, 0, sizeof(*cl));
	opterr = 0;
	optind = 0; /* start anew */
	while (ret == 0 && cl->action == ACTION_SERVE &&
		(opt = getopt_long(argc, argv, "+:i", longopts, NULL)) != -1)
		ret = take_option(cl, opt, argv, p);
	if (ret == 0 && cl->action == ACTION_SERVE && optind < argc)
		ret = problem_set(
			p, "unexpected argument '%s': see shmx-server --help", argv[optind]);
	optind = saved;
	return ret;
}

static unsigned int
count_given(const struct command_line *cl, const struct setting *s)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < cl->nb; i++)
		n += cl->given[i].setting == s;
	return n;
}

/* Up to the comma in front of the next KEY=: a list of nodes has commas of its own. */
static char *
next_pair(char **rest)
{
	char *pair = *rest, *comma = pair;

	while (comma != NULL && (comma = strchr(comma, ',')) != NULL) {
		if (!isdigit((unsigned char)*++comma)) {
			comma[-1] = '\0';
			break;
		}
	}
	*rest = comma;
	return pair;
}

/* [,KEY=VALUE]... with the keys of the file */
static int
apply_pool_pairs(struct pool_options *pool, char *pairs, struct problem *p)
{
	const struct setting *s;
	char *pair, *key;
	int ret = 0;

	while (ret == 0 && (pair = next_pair(&pairs)) != NULL) {
		key = strsep(&pair, "=");
		s = setting_find("pool", key);
		if (s == NULL || pair == NULL)
			return problem_set(p,
				"'%.60s' is not KEY=VALUE with a key of [pool NAME], such as "
				"grow-by=1G",
				key);
		ret = value_parse(&s->type, pair, field_of(s, pool), p);
		if (ret != 0)
			problem_prefix(p, "%s", key);
	}
	return ret;
}

/* NAME:SIZE[:MAX][,KEY=VALUE]... */
static int
apply_pool(struct options *o, const char *value, struct problem *p)
{
	const char *const keys[] = {"size", "max-size"};
	struct pool_options *pool;
	char text[2 * OPTIONS_TEXT_MAX], *pairs = text, *rest, *part;
	int ret = 0;

	if (strlcpy(text, value, sizeof(text)) >= sizeof(text))
		return problem_set(p,
			"'%.60s...' is longer than %zu characters: write [pool NAME] into a file",
			value, sizeof(text) - 1);
	rest = strsep(&pairs, ",");
	part = strsep(&rest, ":");
	if (rest == NULL)
		return problem_set(
			p, "'%.60s' is not NAME:SIZE or NAME:SIZE:MAX, such as main:2G", value);
	pool = options_add_pool(o, part, p);
	if (pool == NULL)
		return -EINVAL;
	for (unsigned int i = 0; i < RTE_DIM(keys) && rest != NULL && ret == 0; i++) {
		const struct setting *s = setting_find("pool", keys[i]);

		part = i + 1 < RTE_DIM(keys) ? strsep(&rest, ":") : rest;
		ret = value_parse(&s->type, part, field_of(s, pool), p);
	}
	return ret == 0 ? apply_pool_pairs(pool, pairs, p) : ret;
}

/* One --ip or many: of all ports, or in order. */
static int
apply_port_setting(struct options *o, const struct setting *s, const char *value, unsigned int nth,
	bool only, struct problem *p)
{
	int ret = 0;

	if (only) {
		for (unsigned int i = 0; i < o->nb_ports && ret == 0; i++)
			ret = value_parse(&s->type, value, field_of(s, &o->ports[i]), p);
		return ret;
	}
	if (nth >= o->nb_ports)
		return problem_set(p, "given %u times, but there %s %u port%s", nth + 1,
			o->nb_ports == 1 ? "is" : "are", o->nb_ports, o->nb_ports == 1 ? "" : "s");
	return value_parse(&s->type, value, field_of(s, &o->ports[nth]), p);
}

/* Ports and pools of the command line replace those of the file. */
static int
apply_lists(struct options *o, const struct command_line *cl, struct problem *p)
{
	const struct setting *spec = setting_by_option("port");
	struct port_options *port;
	int ret = 0;

	if (count_given(cl, spec) != 0)
		o->nb_ports = 0;
	if (count_given(cl, NULL) != 0)
		o->nb_pools = 0;
	for (unsigned int i = 0; i < cl->nb && ret == 0; i++) {
		const struct given *g = &cl->given[i];

		if (g->setting == NULL)
			ret = apply_pool(o, g->value, p);
		if (g->setting == spec) {
			port = options_add_port(o, "", p);
			ret = port == NULL ? -EINVAL
			                   : value_parse(&spec->type, g->value, port->spec, p);
		}
		if (ret != 0)
			problem_prefix(p, "--%s", g->setting == NULL ? "pool" : "port");
	}
	return ret;
}

static int
apply_rest(struct options *o, const struct command_line *cl, struct problem *p)
{
	unsigned int nth[LONGOPTS_MAX] = {0};
	int ret = 0;

	for (unsigned int i = 0; i < cl->nb && ret == 0; i++) {
		const struct given *g = &cl->given[i];
		const struct setting *s = g->setting;

		if (s == NULL || s == setting_by_option("port"))
			continue;
		if (s->scope == SCOPE_SERVER)
			ret = value_parse(&s->type, g->value, field_of(s, o), p);
		else
			ret = apply_port_setting(
				o, s, g->value, nth[s - settings]++, count_given(cl, s) == 1, p);
		if (ret != 0)
			problem_prefix(p, "--%s", s->option);
	}
	return ret;
}

int
options_parse(struct options *o, int argc, char **argv, struct problem *p)
{
	struct command_line cl;
	int ret;

	options_init(o);
	ret = read_command_line(&cl, argc, argv, p);
	o->action = cl.action;
	o->interactive = cl.interactive;
	if (ret != 0 || cl.action != ACTION_SERVE)
		return ret;
	if (cl.config != NULL)
		ret = config_file_read(cl.config, o, p);
	if (ret == 0)
		ret = apply_lists(o, &cl, p);
	if (ret == 0)
		ret = apply_rest(o, &cl, p);
	if (ret == 0)
		ret = options_check(o, p);
	return ret;
}
