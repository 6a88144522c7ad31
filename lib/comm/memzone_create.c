/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Inboxes in EAL's memory. */

#include <rte_errno.h>
#include <rte_memzone.h>

#include "comm_priv.h"

struct comm *
comm_memzone_create(const char *name, int socket, const struct comm_conf *conf, int *err)
{
	size_t len = comm_table_size(conf);
	const struct rte_memzone *mz;
	struct comm *c;

	*err = -EINVAL;
	if (len == 0)
		return NULL;
	mz = rte_memzone_reserve_aligned(name, len, socket, 0, RTE_CACHE_LINE_SIZE);
	if (mz == NULL) {
		*err = -rte_errno;
		return NULL;
	}
	c = comm_create(mz->addr, mz->len, conf, err);
	if (c == NULL)
		rte_memzone_free(mz);
	return c;
}

int
comm_memzone_destroy(struct comm *c, const char *name)
{
	const struct rte_memzone *mz = rte_memzone_lookup(name);

	if (mz == NULL || mz->addr != c->hdr)
		return -ENOENT;
	c->hdr->magic = 0;
	comm_detach(c);
	return rte_memzone_free(mz);
}
