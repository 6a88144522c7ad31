/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * The server's command line and its .ini file. The input is text: lines up to the first empty one
 * are arguments, what follows is the file.
 *
 * What must hold: what is accepted lies in the ranges that the table of settings tells people;
 * what is refused is refused in one line, and where it is about the file, that line names it.
 */

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../apps/shmx-server/config_file.h"
#include "../../apps/shmx-server/eal_args.h"
#include "../../apps/shmx-server/options.h"
#include "../../apps/shmx-server/settings.h"
#include "fuzz.h"

#define ARGS_MAX 160
#define TEXT_MAX 65536

static char text[TEXT_MAX + 1], path[64], config[] = "--config";
static int file = -1;

static void
check_number(const struct setting *s, uint32_t value)
{
	CHECK(value >= s->type.min && value <= s->type.max);
	if (s->type.kind == VALUE_POWER)
		CHECK(rte_is_power_of_2(value));
}

/* A size that was never given is zero. */
static void
check_size(const struct setting *s, uint64_t value)
{
	CHECK(value == 0 || (value >= s->type.min && value <= s->type.max));
}

static void
check_choice(const struct setting *s, int value)
{
	CHECK(value >= 0);
	for (int i = 0; i <= value; i++)
		CHECK(s->type.choices[i] != NULL);
}

static void
check_field(const struct setting *s, const void *field)
{
	switch (s->type.kind) {
	case VALUE_NUMBER:
	case VALUE_POWER:
		check_number(s, *(const uint32_t *)field);
		break;
	case VALUE_SIZE:
		check_size(s, *(const uint64_t *)field);
		break;
	case VALUE_PERCENT:
		CHECK(*(const double *)field >= 0 && *(const double *)field <= 100);
		break;
	case VALUE_CHOICE:
		check_choice(s, *(const int *)field);
		break;
	case VALUE_PREFIX:
		CHECK(((const struct ip_pair *)field)->v4.len <= 32);
		CHECK(((const struct ip_pair *)field)->v6.len <= 128);
		break;
	case VALUE_RANGE:
		CHECK(((const struct number_range *)field)->last <= s->type.max);
		CHECK(((const struct number_range *)field)->first <=
			((const struct number_range *)field)->last);
		break;
	case VALUE_TEXT:
	case VALUE_PATH:
		CHECK(strnlen(field, s->type.max + 1) <= s->type.max);
		break;
	default:
		break;
	}
}

static void
check_scope(enum setting_scope scope, const void *base)
{
	for (unsigned int i = 0; i < nb_settings; i++)
		if (settings[i].scope == scope)
			check_field(&settings[i], (const uint8_t *)base + settings[i].offset);
}

static void
check_accepted(const struct options *o)
{
	CHECK(o->nb_ports >= 1 && o->nb_ports <= OPTIONS_PORTS_MAX);
	CHECK(o->nb_pools <= OPTIONS_POOLS_MAX);
	check_scope(SCOPE_SERVER, o);
	for (unsigned int i = 0; i < o->nb_ports; i++) {
		check_scope(SCOPE_PORT, &o->ports[i]);
		CHECK(o->ports[i].spec[0] != '\0' &&
			(!ip_addr_is_none(o->ports[i].ip.v4.addr) ||
				!ip_addr_is_none(o->ports[i].ip.v6.addr)));
	}
	for (unsigned int i = 0; i < o->nb_pools; i++) {
		check_scope(SCOPE_POOL, &o->pools[i]);
		CHECK(o->pools[i].name[0] != '\0' && o->pools[i].size > 0);
	}
}

static void
check_refused(const struct problem *p)
{
	size_t len = strnlen(p->text, sizeof(p->text));

	CHECK(len > 0 && len < sizeof(p->text));
	CHECK(strchr(p->text, '\n') == NULL);
}

/* Cut the arguments off; @p rest is the file. */
static int
split(char *rest[1], char **argv)
{
	char *line = text;
	int n = 0;

	argv[n++] = text + TEXT_MAX; /* an empty name */
	while (*line != '\0' && *line != '\n' && n < ARGS_MAX) {
		size_t len = strcspn(line, "\n");
		bool more = line[len] == '\n';

		line[len] = '\0';
		/* Files of this machine are of no interest. */
		if (strncmp(line, "--conf", 6) != 0 && strncmp(line, "--con", 5) != 0)
			argv[n++] = line;
		line += len + more;
	}
	*rest = *line == '\n' ? line + 1 : line;
	return n;
}

static void
write_file(const char *content, size_t len)
{
	CHECK(ftruncate(file, 0) == 0);
	CHECK(pwrite(file, content, len, 0) == (ssize_t)len);
}

static void
parse_eal(int argc, char **argv)
{
	struct eal_args eal;
	struct problem p;
	char **own;
	int nb_own;

	if (eal_args_split(&eal, argc, argv, &nb_own, &own, &p) != 0) {
		check_refused(&p);
		return;
	}
	CHECK(eal.argc >= 1 && eal.argc <= EAL_ARGS_MAX && eal.argv[eal.argc] == NULL);
	CHECK(nb_own >= 0 && nb_own <= RTE_MAX(argc, 2));
}

static void
parse_file_alone(void)
{
	struct options o;
	struct problem p;
	struct eal_args eal = {.argc = 1};

	options_init(&o);
	if (config_file_read(path, &o, &p) != 0) {
		check_refused(&p);
		CHECK(strncmp(p.text, path, strlen(path)) == 0);
		return;
	}
	check_scope(SCOPE_SERVER, &o);
	if (eal_args_fallback(&eal, o.eal, &p) == 0)
		CHECK(eal.argc <= EAL_ARGS_MAX);
}

static void
parse_all(int argc, char **argv)
{
	struct options o;
	struct problem p;
	int ret = options_parse(&o, argc, argv, &p);

	CHECK(ret == 0 || ret == -EINVAL);
	if (ret != 0)
		check_refused(&p);
	else if (o.action == ACTION_SERVE)
		check_accepted(&o);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	fuzz_log_off();
	file = memfd_create("config", MFD_CLOEXEC);
	CHECK(file >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *argv[ARGS_MAX + 4];
	char *content;
	int argc;

	size = RTE_MIN(size, (size_t)TEXT_MAX);
	memcpy(text, data, size);
	text[size] = '\0';
	argc = split(&content, argv);
	write_file(content, (size_t)(text + size - content));
	argv[argc++] = config;
	argv[argc++] = path;
	argv[argc] = NULL;
	parse_file_alone();
	parse_eal(argc, argv);
	parse_all(argc, argv);
	return 0;
}
