/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include <rte_hash_crc.h>

#include "wire/frame.h"

/* rte_hash_crc() over the whole would load words where none may lie: a frame's header begins two
 * bytes off. */
uint32_t
wire_crc32c(const void *data, uint32_t len)
{
	const uint8_t *p = data;
	uint32_t crc = UINT32_MAX;
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		crc = rte_hash_crc_8byte(word, crc);
	}
	for (; len > 0; len--)
		crc = rte_hash_crc_1byte(*p++, crc);
	return ~crc;
}
