/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CTL_WORDS_H
#define CTL_WORDS_H

/**
 * @file
 * Words of the command line. Each call returns 0, or -EINVAL after a line that says what is
 * allowed.
 */

#include <stdbool.h>
#include <stdint.h>

#include <shmx.h>

/** A size in bytes, at least 1. */
int word_size(const char *word, uint64_t *size);

/** A name of a pool, an allocation or a lock. */
int word_name(const char *word);

enum place_kind {
	PLACE_NAME,    /**< POOL/NAME[+OFFSET] */
	PLACE_OFFSET,  /**< POOL:OFFSET */
	PLACE_ADDRESS, /**< a number, as it is printed */
};

/** Where in shared memory. */
struct place {
	const char *text; /**< as given */
	enum place_kind kind;
	char pool[SHMX_NAME_LEN]; /**< PLACE_ADDRESS: empty */
	char name[SHMX_NAME_LEN];
	uint64_t offset;  /**< from the beginning of the allocation, or of the pool */
	shmx_addr_t addr; /**< PLACE_ADDRESS; otherwise place_find() sets it */
};

int word_place(const char *word, struct place *place);

struct lock_word {
	const char *text; /**< as given */
	uint32_t id;      /**< 0: it is the name */
};

/** A lock, by its name or its id. */
int word_lock(const char *word, struct lock_word *lock);

struct nodes {
	bool everyone;
	bool self;
	unsigned int nb;
	uint16_t id[SHMX_NODES_MAX]; /**< ascending, each once */
};

/** "everyone", "self" or a list such as 2,3,7-9. */
int word_nodes(const char *word, struct nodes *nodes);

/** A list as people read it: "2,3,7-9". With @p json: [2,3,7,8,9]. @return @p buf. */
const char *nodes_format(const uint16_t *id, unsigned int nb, bool json, char *buf, size_t size);

#endif /* CTL_WORDS_H */
