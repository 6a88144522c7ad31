/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Tables in EAL's memory. */

#include <rte_errno.h>
#include <rte_memzone.h>

#include "sync_priv.h"

struct sync *
sync_memzone_create(const char *name, int socket, const struct sync_conf *conf, int *err)
{
	size_t len = sync_table_size(conf);
	const struct rte_memzone *mz;
	struct sync *t;

	*err = -EINVAL;
	if (len == 0)
		return NULL;
	mz = rte_memzone_reserve_aligned(name, len, socket, 0, RTE_CACHE_LINE_SIZE);
	if (mz == NULL) {
		*err = -rte_errno;
		return NULL;
	}
	t = sync_create(mz->addr, mz->len, conf, err);
	if (t == NULL)
		rte_memzone_free(mz);
	return t;
}

struct sync *
sync_memzone_adopt(const char *name, int *err)
{
	const struct rte_memzone *mz = rte_memzone_lookup(name);

	*err = -ENOENT;
	return mz != NULL ? sync_adopt(mz->addr, mz->len, err) : NULL;
}

int
sync_memzone_destroy(struct sync *t, const char *name)
{
	const struct rte_memzone *mz = rte_memzone_lookup(name);

	if (mz == NULL || mz->addr != t->hdr)
		return -ENOENT;
	t->hdr->magic = 0;
	sync_detach(t);
	return rte_memzone_free(mz);
}
