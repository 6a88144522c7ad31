/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_VALUE_H
#define SERVER_VALUE_H

/**
 * @file
 * Values as people write them, and what is allowed for each kind.
 */

#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "base/ip_addr.h"
#include "../common/problem.h"

enum value_kind {
	VALUE_NUMBER,  /**< uint32_t; min, max */
	VALUE_POWER,   /**< uint32_t, a power of two; min, max */
	VALUE_SIZE,    /**< uint64_t bytes, written with K, M, G or T; min, max */
	VALUE_PERCENT, /**< double, 0 to 100 */
	VALUE_CHOICE,  /**< int, index into choices */
	VALUE_IP,      /**< struct ip_pair, no lengths */
	VALUE_PREFIX,  /**< struct ip_pair */
	VALUE_RANGE,   /**< struct number_range; min, max */
	VALUE_NODES,   /**< struct node_list */
	VALUE_FAULT,   /**< struct fault_settings */
	VALUE_TEXT,    /**< char[max + 1], not empty */
	VALUE_PATH,    /**< likewise */
};

struct value_type {
	enum value_kind kind;
	uint64_t min, max;
	const char *const *choices; /**< NULL-terminated, in the order of the enum they name */
};

struct ip_prefix {
	struct ip_addr addr; /**< all zero: not given */
	uint8_t len;         /**< 0: not given, everything is on the link */
};

/** One of each family, or of one. */
struct ip_pair {
	struct ip_prefix v4, v6;
};

/** Numbers from first to last; 0, 0: not given. */
struct number_range {
	uint32_t first, last;
};

#define VALUE_NODE_MAX 1023

/** Bit n: node n; none: not given. */
struct node_list {
	uint64_t bits[(VALUE_NODE_MAX + 1) / 64];
};

/** 0 when no length was given. */
static inline rte_be32_t
ipv4_netmask(const struct ip_prefix *prefix)
{
	return prefix->len == 0 ? 0 : rte_cpu_to_be_32(UINT32_MAX << (32 - prefix->len));
}

/**
 * Read @p text into @p field, whose C type goes with the kind. Set on success only.
 * @return 0, or -EINVAL with a problem that quotes the text and says what is allowed.
 */
int value_parse(const struct value_type *type, const char *text, void *field, struct problem *p);

/** Say what is allowed, as in "a number from 1 to 1023". @return @p buf. */
const char *value_allowed(const struct value_type *type, char *buf, size_t size);

/** A size as people write it: "512M"; the largest unit that divides it. @return @p buf. */
const char *value_format_size(uint64_t bytes, char *buf, size_t size);

#endif /* SERVER_VALUE_H */
