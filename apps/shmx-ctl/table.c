/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "../common/fail.h"
#include "../common/json.h"
#include "table.h"

#define CELL_MAX 64 /* of a number */

void
table_begin(struct table *t, bool json, const struct column *columns, unsigned int nb_columns)
{
	*t = (struct table){.columns = columns, .nb_columns = nb_columns, .json = json};
}

/* "64M"; "1.5G" where it is not even, rounded. */
static void
format_size(uint64_t bytes, char *buf, size_t size)
{
	static const char units[] = "BKMGTPE";
	unsigned int power = 0;
	double value;

	while (power < 6 && bytes >> (10 * (power + 1)) != 0)
		power++;
	value = (double)bytes / (double)(UINT64_C(1) << (10 * power));
	if (power == 0)
		snprintf(buf, size, "%" PRIu64, bytes);
	else if (bytes % (UINT64_C(1) << (10 * power)) == 0)
		snprintf(buf, size, "%.0f%c", value, units[power]);
	else
		snprintf(buf, size, "%.1f%c", value, units[power]);
}

/* Names are what other nodes chose: none of them breaks a line or tells the terminal something. */
static char *
format_text(const struct table *t, const char *text)
{
	char *copy = strdup(text);

	for (char *c = copy; c != NULL && !t->json && *c != '\0'; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	return copy;
}

static char *
format_cell(const struct table *t, const struct column *column, const union cell *cell)
{
	char buf[CELL_MAX];

	switch (column->kind) {
	case CELL_TEXT:
	case CELL_JSON:
		return format_text(t, cell->text);
	case CELL_ADDRESS:
		snprintf(buf, sizeof(buf), "0x%016" PRIx64, cell->number);
		break;
	case CELL_SIZE:
		if (!t->json) {
			format_size(cell->number, buf, sizeof(buf));
			break;
		}
		/* fall through */
	case CELL_NUMBER:
		snprintf(buf, sizeof(buf), "%" PRIu64, cell->number);
		break;
	}
	return strdup(buf);
}

void
table_row(struct table *t, const union cell *cells)
{
	size_t used = (size_t)t->nb_rows * t->nb_columns;
	char **texts = realloc(t->texts, (used + t->nb_columns) * sizeof(*texts));

	if (texts == NULL) {
		t->failed = true;
		return;
	}
	t->texts = texts;
	t->nb_rows++;
	for (unsigned int i = 0; i < t->nb_columns; i++) {
		texts[used + i] = format_cell(t, &t->columns[i], &cells[i]);
		t->failed |= texts[used + i] == NULL;
	}
}

static const char *
text_at(const struct table *t, unsigned int row, unsigned int column)
{
	return t->texts[row * t->nb_columns + column];
}

static void
print_json_row(const struct table *t, unsigned int row)
{
	for (unsigned int i = 0; i < t->nb_columns; i++) {
		printf("%c\"%s\":", i == 0 ? '{' : ',', t->columns[i].key);
		if (t->columns[i].kind == CELL_TEXT || t->columns[i].kind == CELL_ADDRESS)
			json_string(text_at(t, row, i));
		else
			fputs(text_at(t, row, i), stdout);
	}
	putchar('}');
}

static void
print_json(const struct table *t, const char *key)
{
	printf("{\"%s\":[", key);
	for (unsigned int row = 0; row < t->nb_rows; row++) {
		if (row > 0)
			putchar(',');
		print_json_row(t, row);
	}
	puts("]}");
}

static int
width(const struct table *t, unsigned int column)
{
	size_t most = strlen(t->columns[column].title);

	for (unsigned int row = 0; row < t->nb_rows; row++)
		most = RTE_MAX(most, strlen(text_at(t, row, column)));
	return (int)most;
}

/* Texts begin and numbers end below each other; nothing stands behind the last text. */
static void
print_cell(const struct table *t, unsigned int column, const char *text, int columns)
{
	bool last = column + 1 == t->nb_columns;

	if (t->columns[column].kind == CELL_TEXT || t->columns[column].kind == CELL_JSON)
		printf("%-*s", last ? 0 : columns, text);
	else
		printf("%*s", columns, text);
	fputs(last ? "\n" : "  ", stdout);
}

static void
print_people(const struct table *t)
{
	for (unsigned int i = 0; i < t->nb_columns; i++)
		print_cell(t, i, t->columns[i].title, width(t, i));
	for (unsigned int row = 0; row < t->nb_rows; row++)
		for (unsigned int i = 0; i < t->nb_columns; i++)
			print_cell(t, i, text_at(t, row, i), width(t, i));
}

void
table_free(struct table *t)
{
	for (size_t i = 0; i < (size_t)t->nb_rows * t->nb_columns; i++)
		free(t->texts[i]);
	free(t->texts);
	t->texts = NULL;
	t->nb_rows = 0;
}

static int
table_end(struct table *t)
{
	table_free(t);
	if (!t->failed)
		return 0;
	fail("out of memory");
	return -ENOMEM;
}

int
table_print(struct table *t, const char *key)
{
	if (!t->failed && t->json)
		print_json(t, key);
	else if (!t->failed)
		print_people(t);
	return table_end(t);
}

static void
print_object(const struct table *t)
{
	int widest = 0;

	for (unsigned int i = 0; i < t->nb_columns; i++)
		widest = RTE_MAX(widest, (int)strlen(t->columns[i].title));
	for (unsigned int i = 0; i < t->nb_columns; i++)
		printf("%-*s  %s\n", widest, t->columns[i].title, text_at(t, 0, i));
}

int
table_object(
	bool json, const struct column *columns, unsigned int nb_columns, const union cell *cells)
{
	struct table t;

	table_begin(&t, json, columns, nb_columns);
	table_row(&t, cells);
	if (!t.failed && json) {
		print_json_row(&t, 0);
		putchar('\n');
	} else if (!t.failed) {
		print_object(&t);
	}
	return table_end(&t);
}
