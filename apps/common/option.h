/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_OPTION_H
#define COMMON_OPTION_H

/**
 * @file
 * Options of a command line, described by tables: `--NAME VALUE`, each into a field of a structure.
 * Everything that is refused is told by fail() in one line that says what is allowed.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/ip_addr.h"

enum option_kind {
	OPTION_FLAG,    /**< bool; takes no value */
	OPTION_TEXT,    /**< const char *, not empty; stays where it was given */
	OPTION_CHOICE,  /**< int, index into choices */
	OPTION_NUMBER,  /**< uint32_t; min, max; a word of choices stands for its index */
	OPTION_BYTES,   /**< uint64_t, perhaps with K, M, G or T; min, max */
	OPTION_GIVEN,   /**< struct option_bytes; likewise */
	OPTION_REAL,    /**< double; min, max */
	OPTION_ADDRESS, /**< struct ip_addr */
	OPTION_OWN,     /**< struct own_addr, ADDR[/LEN] */
	OPTION_SERVER,  /**< struct server_addr, A.B.C.D[:PORT], IPV6 or [IPV6][:PORT] */
	OPTION_FAULT,   /**< struct fault_settings */
};

struct option_type {
	const char *name;
	enum option_kind kind;
	uint16_t offset; /**< of the field */
	uint64_t min, max;
	const char *const *choices; /**< NULL-terminated */
	char letter;                /**< short for it, as in -o VALUE; 0: none */
};

/** Options whose fields lie in one structure. */
struct option_set {
	const struct option_type *types;
	unsigned int nb;
	void *base;
};

struct option_bytes {
	uint64_t value;
	bool given;
};

struct own_addr {
	struct ip_addr ip;  /**< all zero: not given */
	uint8_t prefix_len; /**< 0: everything is on the link */
};

struct server_addr {
	struct ip_addr ip; /**< all zero: not given */
	uint16_t udp_port; /**< 0: the default */
};

/** Most sets, and most options of all sets, of one command line. */
#define OPTION_SETS_MAX 4
#define OPTIONS_MAX     96

/**
 * Read a number, perhaps with K, M, G or T (of 1024) behind it; 0x is understood.
 * @return 0, or -EINVAL without a word.
 */
int option_bytes_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/**
 * Read @p text into the field of option @p t.
 * @param where what to call it in the line, as in "--ip" or "file.ini:3: ip"
 * @return 0, or -EINVAL after a line.
 */
int option_parse(const struct option_type *t, void *base, const char *where, const char *text);

/** The option with this name; NULL. */
const struct option_type *option_find(const struct option_set *set, const char *name);

/**
 * Read the options of a command line. argv[0] is passed over; words that are no options are moved
 * behind them, unless @p leading: then reading ends at the first of them. Ends early, with success,
 * when @p enough turns true.
 * @return index of the first word that is no option, or -EINVAL after a line.
 */
int options_read(const struct option_set *sets, unsigned int nb_sets, bool leading,
	const bool *enough, int argc, char **argv);

#endif /* COMMON_OPTION_H */
