/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_jhash.h>

#include "rdp/peer_table.h"

struct peer_key {
	struct ip_addr ip;
	rte_be16_t port;
	rte_be16_t index;
	uint32_t zero;
};

static_assert(sizeof(struct peer_key) == 24, "no padding, which would be hashed too");

static struct rte_hash *
hash_create(const struct rdp_ep *ep, const char *what, uint32_t key_len)
{
	char name[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters params = {
		.name = name,
		.entries = RTE_MAX(ep->max_sessions, 8u),
		.key_len = key_len,
		.hash_func = rte_jhash,
		.socket_id = ep->conf.socket_id,
		/* Without, a bucket may be full before the table is. */
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	snprintf(name, sizeof(name), "rdp_%s_%p", what, (const void *)ep);
	return rte_hash_create(&params);
}

int
peer_table_create(struct rdp_ep *ep)
{
	if (!ep->conf.listen)
		return 0;
	ep->peers = hash_create(ep, "p", sizeof(struct peer_key));
	if (ep->peers != NULL && ep->conf.max_per_source > 0)
		ep->sources = hash_create(ep, "s", sizeof(struct ip_addr));
	return ep->peers != NULL && (ep->sources != NULL || ep->conf.max_per_source == 0)
	               ? 0
	               : -rte_errno;
}

void
peer_table_free(struct rdp_ep *ep)
{
	rte_hash_free(ep->peers);
	rte_hash_free(ep->sources);
}

/* Whom an address belongs to: a host may have all of a /64 of IPv6. */
static struct ip_addr
source_of(struct ip_addr ip)
{
	if (!ip_addr_is_v4(ip))
		ip.half[1] = 0;
	return ip;
}

static uintptr_t
from_source(const struct rdp_ep *ep, struct ip_addr ip)
{
	void *n = NULL;

	return rte_hash_lookup_data(ep->sources, &ip, &n) >= 0 ? (uintptr_t)n : 0;
}

bool
peer_table_source_full(const struct rdp_ep *ep, struct ip_addr ip)
{
	return ep->sources != NULL && from_source(ep, source_of(ip)) >= ep->conf.max_per_source;
}

/* Sessions accepted from an address: one more, or one less. */
static void
source_count(struct rdp_ep *ep, struct ip_addr ip, int by)
{
	uintptr_t n;

	if (ep->sources == NULL)
		return;
	ip = source_of(ip);
	n = from_source(ep, ip) + (uintptr_t)by;
	if (n == 0)
		rte_hash_del_key(ep->sources, &ip);
	else
		rte_hash_add_key_data(ep->sources, &ip, (void *)n);
}

struct rdp_session *
peer_table_find(const struct rdp_ep *ep, const struct rdp_from *from, rte_be16_t peer_index)
{
	struct peer_key key = {from->ip, from->port, peer_index, 0};
	void *s = NULL;

	if (ep->peers == NULL || rte_hash_lookup_data(ep->peers, &key, &s) < 0)
		return NULL;
	return s;
}

static struct peer_key
key_of(const struct rdp_session *s)
{
	return (struct peer_key){s->peer_ip, s->peer_port, rte_cpu_to_be_16(s->peer_index), 0};
}

int
peer_table_add(struct rdp_session *s)
{
	struct peer_key key = key_of(s);
	int ret;

	if (s->ep->peers == NULL)
		return 0;
	ret = rte_hash_add_key_data(s->ep->peers, &key, s);
	if (ret == 0 && s->accepted)
		source_count(s->ep, s->peer_ip, 1);
	return ret;
}

void
peer_table_del(struct rdp_session *s)
{
	struct peer_key key = key_of(s);
	void *found = NULL;

	if (s->ep->peers == NULL || rte_hash_lookup_data(s->ep->peers, &key, &found) < 0 ||
		found != s)
		return;
	rte_hash_del_key(s->ep->peers, &key);
	if (s->accepted)
		source_count(s->ep, s->peer_ip, -1);
}
