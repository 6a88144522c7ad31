/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Zones from EAL's hugepages. */

#include <errno.h>

#include <rte_errno.h>
#include <rte_memzone.h>

#include "mem.h"

_Static_assert(MEM_ZONE_LEN == RTE_MEMZONE_NAMESIZE, "zone names fit");

static int
zone_reserve(void *ctx, const char *name, size_t len, size_t align, void **va)
{
	const struct rte_memzone *mz;

	mz = rte_memzone_reserve_aligned(name, len, (int)(intptr_t)ctx, 0, (unsigned int)align);
	if (mz == NULL)
		return -rte_errno;
	*va = mz->addr;
	return 0;
}

static int
zone_lookup(void *ctx, const char *name, void **va, size_t *len)
{
	const struct rte_memzone *mz = rte_memzone_lookup(name);

	if (mz == NULL)
		return -ENOENT;
	*va = mz->addr;
	*len = mz->len;
	return 0;
}

static int
zone_release(void *ctx, const char *name, void *va)
{
	const struct rte_memzone *mz = rte_memzone_lookup(name);

	if (mz == NULL || (va != NULL && mz->addr != va))
		return -ENOENT;
	return rte_memzone_free(mz);
}

struct mem_provider
mem_provider_memzone(int socket)
{
	return (struct mem_provider){
		.ctx = (void *)(intptr_t)socket,
		.reserve = zone_reserve,
		.lookup = zone_lookup,
		.release = zone_release,
	};
}
