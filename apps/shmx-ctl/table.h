/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CTL_TABLE_H
#define CTL_TABLE_H

/**
 * @file
 * What commands print: rows with columns for people, or one JSON object for programs.
 */

#include <stdbool.h>
#include <stdint.h>

enum cell_kind {
	CELL_TEXT,    /**< text */
	CELL_JSON,    /**< text, which is JSON already when it is to be printed in JSON */
	CELL_NUMBER,  /**< number */
	CELL_SIZE,    /**< number of bytes; "64M" for people */
	CELL_ADDRESS, /**< number; a text in JSON, too, whose numbers have 53 bits with many readers
	               */
};

struct column {
	const char *title; /**< for people */
	const char *key;   /**< in JSON; part of the program's interface */
	enum cell_kind kind;
};

union cell {
	const char *text;
	uint64_t number;
};

struct table {
	const struct column *columns;
	unsigned int nb_columns;
	unsigned int nb_rows;
	bool json;
	bool failed;  /**< out of memory: table_print() says so */
	char **texts; /**< of all cells, row by row */
};

/** Begin; table_print() or table_free() ends it. */
void table_begin(struct table *t, bool json, const struct column *columns, unsigned int nb_columns);

/** One more row, of as many cells as there are columns. Texts are copied. */
void table_row(struct table *t, const union cell *cells);

/**
 * Print all rows; in JSON as {"@p key": [{...}, ...]}. Frees the table.
 * @return 0, or -ENOMEM after a line.
 */
int table_print(struct table *t, const char *key);

/** Without a word. */
void table_free(struct table *t);

/** One row alone: {...} in JSON, a line for each column for people. @return likewise. */
int table_object(
	bool json, const struct column *columns, unsigned int nb_columns, const union cell *cells);

#endif /* CTL_TABLE_H */
