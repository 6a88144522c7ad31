/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Zones from the C heap, for tests and for programs without EAL. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

struct zone {
	struct zone *next;
	char name[MEM_ZONE_LEN];
	void *va;
	size_t len;
	size_t align;
};

struct heap {
	struct mem_provider prov; /* first: a provider is its heap */
	struct zone *zones;
	unsigned int count;
	unsigned int fail_in;
};

static struct zone **
find(struct heap *h, const char *name)
{
	struct zone **z = &h->zones;

	while (*z != NULL && strcmp((*z)->name, name) != 0)
		z = &(*z)->next;
	return z;
}

static int
heap_reserve(void *ctx, const char *name, size_t len, size_t align, void **va)
{
	struct heap *h = ctx;
	struct zone *z;

	if (h->fail_in != 0 && --h->fail_in == 0)
		return -ENOMEM;
	if (strlen(name) >= MEM_ZONE_LEN)
		return -ENAMETOOLONG;
	if (*find(h, name) != NULL)
		return -EEXIST;
	z = calloc(1, sizeof(*z));
	if (z == NULL)
		return -ENOMEM;
	if (posix_memalign(&z->va, align, len) != 0) {
		free(z);
		return -ENOMEM;
	}
	memcpy(z->name, name, strlen(name) + 1);
	z->len = len;
	z->align = align;
	z->next = h->zones;
	h->zones = z;
	h->count++;
	*va = z->va;
	return 0;
}

static int
heap_lookup(void *ctx, const char *name, void **va, size_t *len)
{
	const struct zone *z = *find(ctx, name);

	if (z == NULL)
		return -ENOENT;
	*va = z->va;
	*len = z->len;
	return 0;
}

static int
heap_release(void *ctx, const char *name, void *va)
{
	struct heap *h = ctx;
	struct zone **at = find(h, name), *z = *at;

	if (z == NULL || (va != NULL && z->va != va))
		return -ENOENT;
	*at = z->next;
	h->count--;
	free(z->va);
	free(z);
	return 0;
}

struct mem_provider *
mem_provider_heap_create(void)
{
	struct heap *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->prov = (struct mem_provider){
		.ctx = h,
		.reserve = heap_reserve,
		.lookup = heap_lookup,
		.release = heap_release,
	};
	return &h->prov;
}

struct mem_provider *
mem_provider_heap_clone(const struct mem_provider *from)
{
	struct mem_provider *to = mem_provider_heap_create();
	const struct heap *h = from->ctx;
	const struct zone *z;
	void *va;

	for (z = h->zones; to != NULL && z != NULL; z = z->next) {
		if (to->reserve(to->ctx, z->name, z->len, z->align, &va) != 0) {
			mem_provider_heap_destroy(to);
			return NULL;
		}
		memcpy(va, z->va, z->len);
	}
	return to;
}

void
mem_provider_heap_destroy(struct mem_provider *prov)
{
	struct heap *h = prov->ctx;
	struct zone *z;

	while ((z = h->zones) != NULL) {
		h->zones = z->next;
		free(z->va);
		free(z);
	}
	free(h);
}

unsigned int
mem_provider_heap_count(const struct mem_provider *prov)
{
	return ((const struct heap *)prov->ctx)->count;
}

void
mem_provider_heap_fail(struct mem_provider *prov, unsigned int nth)
{
	((struct heap *)prov->ctx)->fail_in = nth;
}
