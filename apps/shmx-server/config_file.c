/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * The values come from rte_cfgfile. It tells no line numbers, skips lines that it does not
 * understand and cuts what is too long, so config_lines.c looks at the lines themselves: first
 * for what it would pass over in silence, and again for the line of a setting that is refused.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cfgfile.h>
#include <rte_common.h>
#include <rte_string_fns.h>

#include "config_file.h"
#include "../common/config_lines.h"
#include "settings.h"

#define ENTRIES_MAX 256

struct reader {
	const char *path;
	struct options *options;
	struct problem *problem;
	struct rte_cfgfile *cfg;
	int section; /* index in the file, from 0 */
	char name[CFG_NAME_LEN];
	char kind[CFG_NAME_LEN];
	void *base; /* whose fields this section sets */
};

/* Say where. */
static int
refuse(const struct reader *r, const char *key)
{
	unsigned int line = config_lines_find(r->path, r->section, key);

	if (key != NULL)
		problem_prefix(r->problem, "%s", key);
	return problem_prefix(r->problem, "%s:%u", r->path, line);
}

/* Whose fields a section sets, made when there is one more of it. */
static int
section_begin(struct reader *r)
{
	const char *name;

	section_split(r->name, r->kind, &name);
	if (!section_known(r->name)) {
		problem_set(r->problem, "no section [%s]; there are " SECTIONS_ALLOWED, r->name);
		return refuse(r, NULL);
	}
	r->base = r->options;
	if (strcmp(r->kind, "port") == 0)
		r->base = options_add_port(r->options, name, r->problem);
	if (strcmp(r->kind, "pool") == 0)
		r->base = options_add_pool(r->options, name, r->problem);
	return r->base != NULL ? 0 : refuse(r, NULL);
}

/* "node, udp-port, ..." */
static void
keys_of(const char *kind, char *buf, size_t size)
{
	buf[0] = '\0';
	for (unsigned int i = 0; i < nb_settings; i++) {
		if (strcmp(settings[i].section, kind) != 0)
			continue;
		if (buf[0] != '\0')
			strlcat(buf, ", ", size);
		strlcat(buf, settings[i].key, size);
	}
}

static int
entry_apply(struct reader *r, const struct rte_cfgfile_entry *entry)
{
	const struct setting *s = setting_find(r->kind, entry->name);
	char keys[384];

	if (s == NULL) {
		keys_of(r->kind, keys, sizeof(keys));
		problem_set(r->problem, "no such key in [%s]; there are %s", r->name, keys);
		return refuse(r, entry->name);
	}
	if (value_parse(&s->type, entry->value, RTE_PTR_ADD(r->base, s->offset), r->problem) != 0)
		return refuse(r, entry->name);
	return 0;
}

static int
section_apply(struct reader *r)
{
	struct rte_cfgfile_entry *entries = calloc(ENTRIES_MAX, sizeof(*entries));
	int i, n, ret;

	if (entries == NULL)
		return problem_set(r->problem, "%s: no memory to read it", r->path);
	n = rte_cfgfile_section_entries_by_index(r->cfg, r->section, r->name, entries, ENTRIES_MAX);
	ret = section_begin(r);
	for (i = 0; i < n && ret == 0; i++)
		/* 22.11 may take a comment for an entry, by the byte in front of its buffer. */
		if (entries[i].name[0] != CFG_DEFAULT_COMMENT_CHARACTER)
			ret = entry_apply(r, &entries[i]);
	free(entries);
	return ret;
}

int
config_file_read(const char *path, struct options *o, struct problem *p)
{
	struct reader r = {.path = path, .options = o, .problem = p};
	int ret = config_lines_check(path, p);
	int n;

	if (ret != 0)
		return ret;
	r.cfg = rte_cfgfile_load(path, 0);
	if (r.cfg == NULL)
		return problem_set(p, "%s: cannot be read as an .ini file", path);
	n = rte_cfgfile_num_sections(r.cfg, NULL, 0);
	for (r.section = 0; r.section < n && ret == 0; r.section++)
		ret = section_apply(&r);
	rte_cfgfile_close(r.cfg);
	return ret;
}
