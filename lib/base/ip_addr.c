/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <arpa/inet.h>

#include "base/ip_addr.h"

static bool
is_host_v4(rte_be32_t be_ip)
{
	uint8_t first = (uint8_t)(rte_be_to_cpu_32(be_ip) >> 24);

	return first != 0 && first != 127 && first < 224;
}

bool
ip_addr_is_host(struct ip_addr a)
{
	if (ip_addr_is_v4(a))
		return is_host_v4(ip_addr_to_v4(a));
	/* ::/96 holds none and loopback, and what else was there is out of use. */
	return a.byte[0] != 0xff && (a.half[0] != 0 || a.word[2] != 0);
}

bool
ip_addr_same_prefix(struct ip_addr a, struct ip_addr b, unsigned int len)
{
	for (unsigned int i = 0; i < sizeof(a.byte) && len > 0; i++) {
		unsigned int bits = len < 8 ? len : 8;

		if ((a.byte[i] ^ b.byte[i]) >> (8 - bits) != 0)
			return false;
		len -= bits;
	}
	return true;
}

const char *
ip_addr_format(struct ip_addr a, char *buf)
{
	static_assert(IP_ADDR_TEXT >= INET6_ADDRSTRLEN, "either family");
	if (ip_addr_is_v4(a))
		return inet_ntop(AF_INET, &a.word[3], buf, IP_ADDR_TEXT);
	return inet_ntop(AF_INET6, a.byte, buf, IP_ADDR_TEXT);
}

bool
ip_addr_parse(const char *text, struct ip_addr *a)
{
	struct ip_addr parsed;
	rte_be32_t v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		parsed = ip_addr_v4(v4);
	else if (inet_pton(AF_INET6, text, parsed.byte) != 1 || ip_addr_is_v4(parsed))
		return false;
	if (!ip_addr_is_host(parsed))
		return false;
	*a = parsed;
	return true;
}
