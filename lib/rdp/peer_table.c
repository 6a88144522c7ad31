/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_jhash.h>

#include "rdp/peer_table.h"

struct peer_key {
	rte_be32_t ip;
	rte_be16_t port;
	rte_be16_t index;
};

int
peer_table_create(struct rdp_ep *ep)
{
	char name[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters params = {
		.name = name,
		.entries = RTE_MAX(ep->max_sessions, 8u),
		.key_len = sizeof(struct peer_key),
		.hash_func = rte_jhash,
		.socket_id = ep->conf.socket_id,
		/* Without, a bucket may be full before the table is. */
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	if (!ep->conf.listen)
		return 0;
	snprintf(name, sizeof(name), "rdp_%p", (void *)ep);
	ep->peers = rte_hash_create(&params);
	return ep->peers != NULL ? 0 : -rte_errno;
}

void
peer_table_free(struct rdp_ep *ep)
{
	rte_hash_free(ep->peers);
}

struct rdp_session *
peer_table_find(const struct rdp_ep *ep, const struct wire_ipv4_hdrs *h, rte_be16_t peer_index)
{
	struct peer_key key = {h->ip.src_addr, h->udp.src_port, peer_index};
	void *s = NULL;

	if (ep->peers == NULL || rte_hash_lookup_data(ep->peers, &key, &s) < 0)
		return NULL;
	return s;
}

static struct peer_key
key_of(const struct rdp_session *s)
{
	return (struct peer_key){s->peer_ip, s->peer_port, rte_cpu_to_be_16(s->peer_index)};
}

int
peer_table_add(struct rdp_session *s)
{
	struct peer_key key = key_of(s);

	return rte_hash_add_key_data(s->ep->peers, &key, s);
}

void
peer_table_del(struct rdp_session *s)
{
	struct peer_key key = key_of(s);
	void *found = NULL;

	if (s->ep->peers != NULL && rte_hash_lookup_data(s->ep->peers, &key, &found) >= 0 &&
		found == s)
		rte_hash_del_key(s->ep->peers, &key);
}
