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

/** One's complement sum of @p len bytes from @p data and of @p sum, folded to 16 bits. */
static inline uint16_t
checksum_add(const void *data, uint32_t len, uint64_t sum)
{
	const uint8_t *p = data;
	unsigned __int128 wide = sum;
	uint64_t word = 0, low, high;

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
	low = (uint64_t)wide;
	high = (uint64_t)(wide >> 64);
	low += high;
	return checksum_fold(low + (low < high));
}

/** Whether IP and UDP checksum of a received frame are right, as far as the port left it open. */
bool checksum_good(const struct rte_mbuf *m, const struct wire_ipv4_hdrs *h);

#endif /* RDP_CHECKSUM_H */
