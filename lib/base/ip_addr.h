/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BASE_IP_ADDR_H
#define BASE_IP_ADDR_H

/**
 * @file
 * IP address of either family, to be kept, compared and written; packets hold their own.
 */

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

/** As on the wire; IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). All zero: none. */
struct ip_addr {
	union {
		uint8_t byte[16];
		rte_be32_t word[4];
		uint64_t half[2];
	};
};

static_assert(sizeof(struct ip_addr) == 16, "in two registers");

/** Room for any address as text. */
#define IP_ADDR_TEXT 46

static inline struct ip_addr
ip_addr_v4(rte_be32_t ip)
{
	return (struct ip_addr){.word = {0, 0, ip != 0 ? RTE_BE32(0xffff) : 0, ip}};
}

static inline struct ip_addr
ip_addr_v6(const uint8_t *bytes)
{
	struct ip_addr a;

	memcpy(a.byte, bytes, sizeof(a.byte));
	return a;
}

static inline bool
ip_addr_is_none(struct ip_addr a)
{
	return (a.half[0] | a.half[1]) == 0;
}

static inline bool
ip_addr_is_v4(struct ip_addr a)
{
	return a.half[0] == 0 && a.word[2] == RTE_BE32(0xffff);
}

/** Of one that is IPv4. */
static inline rte_be32_t
ip_addr_to_v4(struct ip_addr a)
{
	return a.word[3];
}

static inline bool
ip_addr_equal(struct ip_addr a, struct ip_addr b)
{
	return ((a.half[0] ^ b.half[0]) | (a.half[1] ^ b.half[1])) == 0;
}

/** Whether a host can have it: not none, no group, no loopback address, not everyone's. */
bool ip_addr_is_host(struct ip_addr a);

/** fe80::/10. */
static inline bool
ip_addr_is_link_local(struct ip_addr a)
{
	return (a.word[0] & RTE_BE32(0xffc00000)) == RTE_BE32(0xfe800000);
}

/** Whether the first @p len bits are the same, those of IPv6. */
bool ip_addr_same_prefix(struct ip_addr a, struct ip_addr b, unsigned int len);

/** "10.0.0.1" or "2001:db8::1". @return @p buf, which holds IP_ADDR_TEXT characters. */
const char *ip_addr_format(struct ip_addr a, char *buf);

/** The other way. @return whether it is an address that a host can have. */
bool ip_addr_parse(const char *text, struct ip_addr *a);

#endif /* BASE_IP_ADDR_H */
