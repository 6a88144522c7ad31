/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stddef.h>

#include <rte_common.h>

#include "../common/fail.h"
#include "connect.h"
#include "place.h"
#include "pool_info.h"
#include "table.h"

static int
check_name(const struct ctl *c)
{
	return word_name(c->words[0]);
}

/* ---- create ---------------------------------------------------------------------------- */

static struct create_values {
	uint64_t max_size;
	uint32_t granule;
	uint64_t grow_below;
	uint64_t grow_by;
	uint64_t shrink_above;
	uint64_t quota;
	const char *nodes;
} create;

static struct nodes create_nodes;

static const struct option_type create_options[] = {
	{"max", OPTION_BYTES, offsetof(struct create_values, max_size), 1, SHMX_LEN_MAX},
	{"granule", OPTION_NUMBER, offsetof(struct create_values, granule), 64, 4096},
	{"grow-below", OPTION_BYTES, offsetof(struct create_values, grow_below), 1, SHMX_LEN_MAX},
	{"grow-by", OPTION_BYTES, offsetof(struct create_values, grow_by), 1, SHMX_LEN_MAX},
	{"shrink-above", OPTION_BYTES, offsetof(struct create_values, shrink_above), 1,
		SHMX_LEN_MAX},
	{"quota", OPTION_BYTES, offsetof(struct create_values, quota), 1, SHMX_LEN_MAX},
	{"nodes", OPTION_TEXT, offsetof(struct create_values, nodes)},
};

static const struct column created_columns[] = {
	{"pool", "name", CELL_TEXT},
	{"id", "id", CELL_NUMBER},
};

static int
check_policy(uint64_t size)
{
	if ((create.grow_below == 0) != (create.grow_by == 0))
		return fail("--grow-below and --grow-by go together: give both");
	if (create.grow_by != 0 && create.max_size <= size)
		return fail("--grow-by needs a --max above the size");
	if (create.shrink_above != 0 && create.shrink_above < create.grow_below + create.grow_by)
		return fail("--shrink-above: give at least --grow-below and --grow-by together");
	return 0;
}

static int
check_create(const struct ctl *c)
{
	uint64_t size;

	if (word_name(c->words[0]) < 0 || word_size(c->words[1], &size) < 0)
		return -EINVAL;
	if (create.max_size != 0 && create.max_size < size)
		return fail("--max is less than the size: a pool grows up to it");
	if (create.granule != 0 && !rte_is_power_of_2(create.granule))
		return fail("--granule %u: give a power of two from 64 to 4096", create.granule);
	if (create.nodes != NULL && word_nodes(create.nodes, &create_nodes) < 0)
		return -EINVAL;
	if (create_nodes.self)
		return fail("--nodes self: give ids of nodes, as in 2,3,7-9");
	return check_policy(size);
}

static enum ctl_exit
pool_create(struct ctl *c)
{
	struct shmx_pool_req req = {
		.name = c->words[0],
		.max_size = create.max_size,
		.granule = create.granule,
		.grow_below = create.grow_below,
		.grow_by = create.grow_by,
		.shrink_above = create.shrink_above,
		.quota = create.quota,
		.nodes = create_nodes.id,
		.nb_nodes = (uint16_t)create_nodes.nb,
	};
	uint16_t pool;
	int ret = word_size(c->words[1], &req.size);

	if (ret == 0)
		ret = shmx_pool_create_sync(c->ep, c->session, &req, &pool);
	if (ret == -ENOMEM) {
		fail("%s: the memory node has no %s bytes left: give less, or start shmx-server "
		     "with more memory",
			req.name, c->words[1]);
		return CTL_FAILED;
	}
	if (ret < 0)
		return ctl_explain(c, req.name, ret);
	return ctl_object(c, created_columns, RTE_DIM(created_columns),
		(const union cell[]){{.text = req.name}, {.number = pool}});
}

/* ---- grow, shrink ---------------------------------------------------------------------- */

static const struct column resized_columns[] = {
	{"pool", "name", CELL_TEXT},
	{"size", "size", CELL_SIZE},
};

static int
check_resize(const struct ctl *c)
{
	uint64_t bytes;

	return word_name(c->words[0]) < 0 ? -EINVAL : word_size(c->words[1], &bytes);
}

static enum ctl_exit
resize(struct ctl *c,
	int (*start)(struct shmx_ep *ep, uint16_t pool, uint64_t bytes, uint64_t cookie))
{
	uint64_t cookie = shmx_wait_cookie(c->ep), bytes = 0;
	struct shmx_event event = {0};
	uint16_t pool = 0;
	enum ctl_exit found = pool_find(c, c->words[0], &pool);
	int ret;

	if (found != CTL_DONE)
		return found;
	word_size(c->words[1], &bytes);
	ret = ctl_wait(c, start(c->ep, pool, bytes, cookie), cookie, &event);
	if (ret == -EBUSY && start == shmx_pool_shrink) {
		fail("%s: no piece of it that is not longer than that is wholly free: give more, "
		     "or free what is in it",
			c->words[0]);
		return CTL_FAILED;
	}
	if (ret < 0)
		return ctl_explain(c, c->words[0], ret);
	return ctl_object(c, resized_columns, RTE_DIM(resized_columns),
		(const union cell[]){{.text = c->words[0]}, {.number = event.value}});
}

static enum ctl_exit
pool_grow(struct ctl *c)
{
	return resize(c, shmx_pool_grow);
}

static enum ctl_exit
pool_shrink(struct ctl *c)
{
	return resize(c, shmx_pool_shrink);
}

/* ---- destroy --------------------------------------------------------------------------- */

static struct destroy_values {
	bool force;
} destroy;

static const struct option_type destroy_options[] = {
	{"force", OPTION_FLAG, offsetof(struct destroy_values, force)},
};

static enum ctl_exit
pool_destroy(struct ctl *c)
{
	uint16_t pool = 0;
	enum ctl_exit found = pool_find(c, c->words[0], &pool);
	int ret;

	if (found != CTL_DONE)
		return found;
	ret = shmx_pool_destroy_sync(c->ep, pool, destroy.force);
	if (ret == -EBUSY) {
		fail("%s: it has allocations: free them, or give --force", c->words[0]);
		return CTL_FAILED;
	}
	return ret < 0 ? ctl_explain(c, c->words[0], ret) : CTL_DONE;
}

#define POOL_NOTHING "What may grow, shrink and limit it is 0 where nothing does.\n"

const struct command pool_commands[] = {
	{
		.name = "pool list",
		.words = "",
		.summary = "Pools, their sizes and what is used of them.",
		.details = POOL_NOTHING,
		.run = pool_list,
	},
	{
		.name = "pool stat",
		.words = "NAME",
		.summary = "A pool, and how much each node holds of it.",
		.details = "That is told where the pool has a quota. " POOL_NOTHING,
		.min = 1,
		.max = 1,
		.check = check_name,
		.run = pool_stat,
	},
	{
		.name = "pool create",
		.words = "NAME SIZE",
		.summary = "A new pool.",
		.details =
			"  --max SIZE     as far as it may grow [no growth]\n"
			"  --granule N    unit of ownership, a power of two from 64 to 4096 [64]\n"
			"  --grow-below SIZE    grow with less free [not by itself]\n"
			"  --grow-by SIZE       by so much, up to --max\n"
			"  --shrink-above SIZE  give back with more free [not by itself]\n"
			"  --quota SIZE         one node may hold so much of it [no limit]\n"
			"  --nodes LIST         only these may use it, as in 2,3,7-9 [everyone]\n",
		.min = 2,
		.max = 2,
		COMMAND_OPTIONS(create_options, create),
		.check = check_create,
		.run = pool_create,
	},
	{
		.name = "pool grow",
		.words = "NAME BYTES",
		.summary = "Add memory to a pool, while it is in use.",
		.details = "The amount is rounded up to 2M.\n",
		.min = 2,
		.max = 2,
		.check = check_resize,
		.run = pool_grow,
	},
	{
		.name = "pool shrink",
		.words = "NAME BYTES",
		.summary = "Take wholly free pieces out of a pool.",
		.details = "At most so much: a piece goes as a whole or stays.\n",
		.min = 2,
		.max = 2,
		.check = check_resize,
		.run = pool_shrink,
	},
	{
		.name = "pool destroy",
		.words = "NAME",
		.summary = "Take a pool away.",
		.details = "  --force    also with allocations: they are gone\n",
		.min = 1,
		.max = 1,
		COMMAND_OPTIONS(destroy_options, destroy),
		.check = check_name,
		.run = pool_destroy,
	},
	{NULL},
};
