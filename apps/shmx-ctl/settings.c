/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cfgfile.h>
#include <rte_common.h>

#include "../common/config_lines.h"
#include "../common/fail.h"
#include "settings.h"

#define ENTRIES_MAX 64
#define SYSTEM_FILE "/etc/shmx/ctl.ini"

#define AT(field) offsetof(struct ctl_options, field)

/* The first NB_KEYS are keys of the file, too. */
static const struct option_type own_types[] = {
	{"eal", OPTION_TEXT, AT(eal)},
	{"config", OPTION_TEXT, AT(config)},
	{"profile", OPTION_TEXT, AT(profile)},
	{"json", OPTION_FLAG, AT(json)},
	{"help", OPTION_FLAG, AT(help), .letter = 'h'},
	{"version", OPTION_FLAG, AT(version)},
};

#define NB_KEYS      1
#define NB_VARIABLES 3

unsigned int
settings_sets(struct ctl_options *o, struct option_set *sets)
{
	sets[0] = (struct option_set){link_option_types, link_option_nb, &o->link};
	sets[1] = (struct option_set){own_types, RTE_DIM(own_types), o};
	return SETTINGS_SETS;
}

/* "SHMX_VLAN_PRIORITY" of "vlan-priority". */
static const char *
variable_name(const char *option, char *buf, size_t size)
{
	snprintf(buf, size, "SHMX_%s", option);
	for (char *c = buf; *c != '\0'; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
	return buf;
}

static int
read_variables(const struct option_set *set)
{
	char name[64];

	for (unsigned int i = 0; i < set->nb; i++) {
		const char *text = getenv(variable_name(set->types[i].name, name, sizeof(name)));

		/* Empty is how a shell unsets for one command. */
		if (text == NULL || text[0] == '\0')
			continue;
		if (option_parse(&set->types[i], set->base, name, text) < 0)
			return -EINVAL;
	}
	return 0;
}

/* Where the file is, when nobody said; NULL: nowhere. */
static const char *
file_find(void)
{
	static char path[512];
	const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (folder != NULL && folder[0] == '/')
		snprintf(path, sizeof(path), "%s/shmx/ctl.ini", folder);
	else
		snprintf(path, sizeof(path), "%s/.config/shmx/ctl.ini", home != NULL ? home : "");
	if (access(path, F_OK) == 0)
		return path;
	return access(SYSTEM_FILE, F_OK) == 0 ? SYSTEM_FILE : NULL;
}

static int
read_entry(const struct option_set *sets, const char *path, int section, const char *key,
	const char *value)
{
	const struct option_type *t = NULL;
	unsigned int line = config_lines_find(path, section, key);
	char where[640];

	snprintf(where, sizeof(where), "%.512s:%u: %.63s", path, line, key);
	for (unsigned int i = 0; i < SETTINGS_SETS; i++) {
		t = option_find(&sets[i], key);
		if (t != NULL)
			return option_parse(t, sets[i].base, where, value);
	}
	return fail("%s: no such key; there are those of the options that tell port and addresses, "
		    "and eal",
		where);
}

/* Index of a section; -1: there is none of that name. */
static int
section_index(struct rte_cfgfile *cfg, const char *name)
{
	struct rte_cfgfile_entry entries[ENTRIES_MAX];
	int n = rte_cfgfile_num_sections(cfg, NULL, 0);
	char found[CFG_NAME_LEN];

	for (int i = 0; i < n; i++)
		if (rte_cfgfile_section_entries_by_index(cfg, i, found, entries, ENTRIES_MAX) >=
				0 &&
			strcmp(found, name) == 0)
			return i;
	return -1;
}

/* The values stay for as long as the program runs. */
static int
read_section(
	struct rte_cfgfile *cfg, const char *path, const char *name, const struct option_set *sets)
{
	static struct rte_cfgfile_entry entries[ENTRIES_MAX];
	int section = section_index(cfg, name), n, ret = 0;

	if (section < 0)
		return fail(
			"%s: no section [%s]: write one, or give another --profile", path, name);
	n = rte_cfgfile_section_entries(cfg, name, entries, ENTRIES_MAX);
	for (int i = 0; i < n && ret == 0; i++)
		/* 22.11 may take a comment for an entry, by the byte in front of its buffer. */
		if (entries[i].name[0] != CFG_DEFAULT_COMMENT_CHARACTER)
			ret = read_entry(sets, path, section, entries[i].name, entries[i].value);
	return ret;
}

static int
read_file(const char *path, const char *profile, const struct option_set *sets)
{
	struct rte_cfgfile *cfg;
	struct problem problem;
	int ret;

	if (config_lines_check(path, &problem) < 0)
		return fail("%s", problem.text);
	cfg = rte_cfgfile_load(path, 0);
	if (cfg == NULL)
		return fail("%s: cannot be read as an .ini file", path);
	ret = read_section(cfg, path, profile, sets);
	rte_cfgfile_close(cfg);
	return ret;
}

int
settings_read(struct ctl_options *o)
{
	struct ctl_options read = {.profile = "default"}, said = *o;
	struct option_set sets[SETTINGS_SETS], variables[SETTINGS_SETS];
	unsigned int n = settings_sets(&read, sets);
	int ret = 0;

	memcpy(variables, sets, sizeof(sets));
	variables[1].nb = NB_VARIABLES;
	sets[1].nb = NB_KEYS;
	/* Which file it is may stand in the environment, which overrides what the file says. */
	for (unsigned int i = 0; i < n && ret == 0; i++)
		ret = read_variables(&variables[i]);
	if (said.config != NULL)
		read.config = said.config;
	if (said.profile != NULL)
		read.profile = said.profile;
	if (read.config == NULL)
		read.config = file_find();
	if (ret == 0 && read.config != NULL)
		ret = read_file(read.config, read.profile, sets);
	for (unsigned int i = 0; i < n && ret == 0; i++)
		ret = read_variables(&variables[i]);
	read.config = said.config;
	read.profile = said.profile;
	*o = read;
	return ret;
}
