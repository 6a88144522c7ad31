/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef CTL_HEXDUMP_H
#define CTL_HEXDUMP_H

/**
 * @file
 * Memory as people read it, piece by piece, in the form of `hexdump -C`: sixteen bytes a line
 * behind their address in shared memory; a star stands for lines that are equal to the one before.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define HEXDUMP_LINE 16

struct hexdump {
	FILE *to;
	uint64_t addr; /**< of the line that is being filled */
	uint8_t line[HEXDUMP_LINE], before[HEXDUMP_LINE];
	unsigned int len; /**< bytes in line */
	bool any;         /**< before holds the last line */
	bool star;        /**< it was printed */
};

void hexdump_begin(struct hexdump *h, FILE *to, uint64_t addr);
void hexdump_add(struct hexdump *h, const void *data, size_t len);

/** The rest, and the address behind the last byte. */
void hexdump_end(struct hexdump *h);

#endif /* CTL_HEXDUMP_H */
