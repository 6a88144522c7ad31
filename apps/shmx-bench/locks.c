/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "../common/fail.h"
#include "locks.h"

static int
reserve(struct bench *b, const char *name, uint32_t *id)
{
	uint64_t cookie = shmx_wait_cookie(b->ep);
	int ret = shmx_lock_reserve(b->ep, b->session, 0, name, cookie);
	struct shmx_event ev;

	if (ret == 0)
		ret = shmx_wait(b->ep, cookie, &ev);
	if (ret == 0)
		*id = (uint32_t)ev.value;
	return ret;
}

static int
lookup(struct bench *b, const char *name, uint32_t *id)
{
	uint64_t cookie = shmx_wait_cookie(b->ep);
	int ret = shmx_lock_lookup(b->ep, b->session, name, cookie);
	struct shmx_event ev;

	if (ret == 0)
		ret = shmx_wait(b->ep, cookie, &ev);
	if (ret == 0)
		*id = (uint32_t)ev.value;
	return ret;
}

static void
unreserve(struct bench *b, uint32_t id)
{
	uint64_t cookie = shmx_wait_cookie(b->ep);
	struct shmx_event ev;

	if (shmx_lock_unreserve(b->ep, b->session, id, cookie) == 0)
		shmx_wait(b->ep, cookie, &ev);
}

int
locks_reserve(struct bench *b, const char *kind, uint32_t n, uint32_t *id)
{
	char name[SHMX_NAME_LEN];
	int ret = 0;

	for (uint32_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "bench.%" PRIu32 ".%s%" PRIu32, b->opt.link.node, kind,
			i);
		ret = reserve(b, name, &id[i]);
		if (ret == -EEXIST)
			ret = lookup(b, name, &id[i]);
		if (ret == 0)
			continue;
		locks_unreserve(b, i, id);
		if (ret != -ENOSPC)
			return bench_explain(b, "reserving locks", ret);
		return fail("%s has no more locks to reserve: give a smaller --locks, or "
			    "shmx-server more with --locks",
			link_ip_text(b->opt.link.server.ip));
	}
	return 0;
}

void
locks_unreserve(struct bench *b, uint32_t n, const uint32_t *id)
{
	for (uint32_t i = 0; i < n; i++)
		unreserve(b, id[i]);
}
