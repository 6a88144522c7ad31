/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef RDP_CHECKSUM_H
#define RDP_CHECKSUM_H

/** Internet checksum (RFC 1071), eight bytes a step. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "wire/frame.h"

struct rte_mbuf;

/** Frames up to this many bytes are summed in software, wherever they go. */
#define CHECKSUM_SOFT_MAX 256

/** Fold a sum of 16-, 32- or 64-bit words to 16 bits. */
static inline uint16_t
checksum_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

/** Fold a sum of fewer than 2^64 words to 64 bits. */
static inline uint64_t
checksum_fold128(unsigned __int128 sum)
{
	uint64_t low = (uint64_t)sum, high = (uint64_t)(sum >> 64);

	low += high;
	return low + (low < high);
}

/** One's complement sum of @p len bytes from @p data and of @p sum, folded to 16 bits. */
static inline uint16_t
checksum_add(const void *data, uint32_t len, uint64_t sum)
{
	const uint8_t *p = data;
	unsigned __int128 wide = sum;
	uint64_t word = 0;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		wide += word;
	}
	if (len > 0) {
		/* A tail of odd length counts as if a zero followed. */
		word = 0;
		memcpy(&word, p, len);
		wide += word;
	}
	return checksum_fold(checksum_fold128(wide));
}

/** Copy @p len bytes, a multiple of eight, and sum them as eight-byte words; to be folded. What was
 * written in words a moment ago comes out of the store buffer in words, not in wider pieces. */
static inline uint64_t
checksum_copy(void *to, const void *from, uint32_t len)
{
	uint64_t sum = 0, word;

	for (uint32_t i = 0; i < len; i += sizeof(word)) {
		memcpy(&word, (const uint8_t *)from + i, sizeof(word));
		memcpy((uint8_t *)to + i, &word, sizeof(word));
		sum += word;
		sum += sum < word;
	}
	return sum;
}

/** Whether IP and UDP checksum of a received frame are right, as far as the port left it open. */
bool checksum_good(const struct rte_mbuf *m, const struct wire_ipv4_hdrs *h);
bool checksum_good_v6(const struct rte_mbuf *m, const struct wire_ipv6_hdrs *h);

#endif /* RDP_CHECKSUM_H */
