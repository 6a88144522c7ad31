/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

/**
 * @file
 * Everything that can be set, in one table: section and key of the file, option of the command
 * line, type, default, range and help. Parser, help screen, sample file and validation all come
 * from it; a setting exists nowhere else.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "value.h"

enum setting_scope {
	SCOPE_SERVER, /**< once; a field of struct options */
	SCOPE_PORT,   /**< once a port; a field of struct port_options */
	SCOPE_POOL,   /**< once a pool; a field of struct pool_options */
};

/** How a setting is shown. */
enum setting_place {
	PLACE_HELP,   /**< on the help screen, too */
	PLACE_CONFIG, /**< in the sample file and the guide only */
};

struct setting {
	const char *section;     /**< in the file; "port" and "pool" are followed by a name */
	const char *key;         /**< in the file, lower case and '-' */
	const char *option;      /**< on the command line; NULL: only in the file */
	const char *placeholder; /**< of the value, in the help */
	enum setting_scope scope;
	enum setting_place place;
	uint16_t offset; /**< of the field */
	struct value_type type;
	const char *fallback; /**< default as it would be written; NULL: none */
	const char *help;     /**< what it is, without a full stop */
};

/** All of them; sections stand together. */
extern const struct setting settings[];
extern const unsigned int nb_settings;

/** By section ("port" for "port 0") and key; NULL when there is none. */
const struct setting *setting_find(const char *section, const char *key);

/** By option; NULL when there is none. */
const struct setting *setting_by_option(const char *option);

/** Whether a section of this name may be in a file: "server", "port 0", "pool main". */
bool section_known(const char *section);

/** Sections that may be in a file, for a message. */
#define SECTIONS_ALLOWED "[eal], [server], [port NAME], [pool NAME], [test]"

/** The part of a section's name in front of the blank, and that behind it ("" without one). */
void section_split(const char *section, char *kind, const char **name);

/** The screen of --help. */
void settings_print_help(FILE *f);

/** The sample file: all settings with their defaults and what they mean. */
void settings_print_config(FILE *f);

#endif /* SERVER_SETTINGS_H */
