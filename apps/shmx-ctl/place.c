/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <inttypes.h>

#include "../common/fail.h"
#include "connect.h"
#include "place.h"

enum ctl_exit
pool_find(struct ctl *c, const char *name, uint16_t *pool)
{
	int ret = shmx_pool_open_sync(c->ep, c->session, name, pool);

	if (ret == 0)
		return CTL_DONE;
	if (ret != -ENOENT)
		return ctl_explain(c, name, ret);
	fail("%s: there is no such pool; `pool list` tells which there are", name);
	return CTL_FAILED;
}

/* A pool is opened by name; the number in an address tells which one. */
static enum ctl_exit
find_by_address(struct ctl *c, const struct place *place)
{
	uint64_t cookie = shmx_wait_cookie(c->ep);
	uint16_t id = SHMX_ADDR_POOL(place->addr), pool;
	struct shmx_event event = {0};
	struct shmx_pool_info info;
	int ret = shmx_pool_list(c->ep, c->session, id, &info, 1, cookie);

	ret = ctl_wait(c, ret, cookie, &event);
	if (ret < 0)
		return ctl_explain(c, place->text, ret);
	if (event.value == 1 && info.pool == id)
		return pool_find(c, info.name, &pool);
	fail("%s: there is no pool with id %u; `pool list` tells which there are", place->text, id);
	return CTL_FAILED;
}

static enum ctl_exit
find_by_name(struct ctl *c, struct place *place, uint16_t pool, uint64_t *left)
{
	uint64_t len;
	int ret = shmx_lookup_sync(c->ep, pool, place->name, &place->addr, &len);

	if (ret == -ENOENT) {
		fail("%s: nothing in pool %s is named %s", place->text, place->pool, place->name);
		return CTL_FAILED;
	}
	if (ret < 0)
		return ctl_explain(c, place->text, ret);
	if (place->offset >= len) {
		fail("%s: it is %" PRIu64 " bytes long: give a smaller offset", place->text, len);
		return CTL_FAILED;
	}
	place->addr += place->offset;
	*left = len - place->offset;
	return CTL_DONE;
}

enum ctl_exit
place_find(struct ctl *c, struct place *place, uint64_t *left)
{
	enum ctl_exit ret;
	uint16_t pool;

	*left = 0;
	if (place->kind == PLACE_ADDRESS)
		return find_by_address(c, place);
	ret = pool_find(c, place->pool, &pool);
	if (ret != CTL_DONE)
		return ret;
	if (place->kind == PLACE_NAME)
		return find_by_name(c, place, pool, left);
	place->addr = SHMX_ADDR(pool, place->offset);
	return CTL_DONE;
}
