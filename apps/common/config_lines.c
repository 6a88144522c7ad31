/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rte_cfgfile.h>
#include <rte_string_fns.h>

#include "config_lines.h"

#define LINE_MAX_LEN (CFG_NAME_LEN + CFG_VALUE_LEN + 2) /* what rte_cfgfile reads in one go */
#define NAMES_MAX    512

enum line_kind {
	LINE_NOTHING,
	LINE_SECTION,
	LINE_ENTRY,
	LINE_OTHER,
	LINE_LONG,
};

struct line {
	FILE *f;
	unsigned int number;
	int section; /* index of the one it belongs to; -1 in front of the first */
	char text[LINE_MAX_LEN + 2];
	char *name; /* of the section or key */
	char *value;
};

static char *
trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* Cut a comment off, as rte_cfgfile does: at the first semicolon unless escaped. */
static void
cut_comment(char *s)
{
	char *c = strchr(s, CFG_DEFAULT_COMMENT_CHARACTER);

	if (c != NULL && (c == s || c[-1] != '\\'))
		*c = '\0';
}

static enum line_kind
line_section(struct line *l, char *s)
{
	char *end = strchr(s, ']');

	if (end == NULL || end[1] != '\0')
		return LINE_OTHER;
	*end = '\0';
	l->name = trim(s + 1);
	l->section++;
	return LINE_SECTION;
}

static enum line_kind
line_parse(struct line *l)
{
	char *s, *eq;

	cut_comment(l->text);
	s = trim(l->text);
	if (*s == '\0')
		return LINE_NOTHING;
	if (*s == '[')
		return line_section(l, s);
	eq = strchr(s, '=');
	if (eq == NULL || *s == '#')
		return LINE_OTHER;
	*eq = '\0';
	l->name = trim(s);
	l->value = trim(eq + 1);
	return LINE_ENTRY;
}

/* The next line; false at the end of the file. */
static bool
line_next(struct line *l, enum line_kind *kind)
{
	if (fgets(l->text, sizeof(l->text), l->f) == NULL)
		return false;
	l->number++;
	*kind = strlen(l->text) > LINE_MAX_LEN ? LINE_LONG : line_parse(l);
	return true;
}

/* Names seen so far: of sections, and of the keys of the current one. */
struct names {
	unsigned int nb;
	char name[NAMES_MAX][CFG_NAME_LEN];
};

static bool
seen_before(struct names *names, const char *name)
{
	for (unsigned int i = 0; i < names->nb; i++)
		if (strcmp(names->name[i], name) == 0)
			return true;
	if (names->nb < NAMES_MAX)
		strlcpy(names->name[names->nb++], name, CFG_NAME_LEN);
	return false;
}

static int
check_section(const struct line *l, struct names *sections, struct names *keys, struct problem *p)
{
	keys->nb = 0;
	if (l->name[0] == '\0' || strlen(l->name) >= CFG_NAME_LEN)
		return problem_set(p, "a section's name has 1 to %d characters", CFG_NAME_LEN - 1);
	if (seen_before(sections, l->name))
		return problem_set(p, "section [%s] is there already", l->name);
	return 0;
}

static int
check_entry(const struct line *l, struct names *keys, struct problem *p)
{
	if (l->section < 0)
		return problem_set(p, "%s: stands in front of the first [section]", l->name);
	if (l->name[0] == '\0' || strlen(l->name) >= CFG_NAME_LEN)
		return problem_set(p, "a key has 1 to %d characters", CFG_NAME_LEN - 1);
	if (l->value[0] == '\0')
		return problem_set(p, "%s: has no value", l->name);
	if (strlen(l->value) >= CFG_VALUE_LEN)
		return problem_set(p, "%s: longer than %d characters", l->name, CFG_VALUE_LEN - 1);
	if (seen_before(keys, l->name))
		return problem_set(p, "%s: is given twice in this section", l->name);
	return 0;
}

static int
check_line(const struct line *l, enum line_kind kind, struct names *sections, struct names *keys,
	struct problem *p)
{
	switch (kind) {
	case LINE_NOTHING:
		return 0;
	case LINE_SECTION:
		return check_section(l, sections, keys, p);
	case LINE_ENTRY:
		return check_entry(l, keys, p);
	case LINE_LONG:
		return problem_set(p, "longer than %d characters", LINE_MAX_LEN);
	case LINE_OTHER:
		break;
	}
	return problem_set(p, "neither [section] nor key = value; a comment begins with ;");
}

int
config_lines_check(const char *path, struct problem *p)
{
	static struct names sections, keys; /* large; the command line has one thread */
	struct line l = {.f = fopen(path, "r"), .section = -1};
	enum line_kind kind;
	int ret = 0;

	if (l.f == NULL)
		return problem_set(p, "%s: %s", path, strerror(errno));
	sections.nb = 0;
	keys.nb = 0;
	while (ret == 0 && line_next(&l, &kind))
		ret = check_line(&l, kind, &sections, &keys, p);
	if (ret == 0 && ferror(l.f))
		ret = problem_set(p, "%s", strerror(errno));
	fclose(l.f);
	return ret == 0 ? 0 : problem_prefix(p, "%s:%u", path, l.number);
}

unsigned int
config_lines_find(const char *path, int section, const char *key)
{
	struct line l = {.f = fopen(path, "r"), .section = -1};
	enum line_kind kind, wanted = key == NULL ? LINE_SECTION : LINE_ENTRY;
	unsigned int number = 0;

	if (l.f == NULL)
		return 0;
	while (number == 0 && line_next(&l, &kind))
		if (kind == wanted && l.section == section &&
			(key == NULL || strcmp(l.name, key) == 0))
			number = l.number;
	fclose(l.f);
	return number;
}
