/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>

#include <rte_common.h>

#include "../common/fail.h"
#include "connect.h"
#include "place.h"

#define ALIGN_MAX (2u << 20)

static struct alloc_values {
	const char *name;
	const char *owner;
	uint64_t align;
	struct nodes nodes;
} alloc;

static const struct option_type alloc_options[] = {
	{"name", OPTION_TEXT, offsetof(struct alloc_values, name)},
	{"owner", OPTION_TEXT, offsetof(struct alloc_values, owner)},
	{"align", OPTION_BYTES, offsetof(struct alloc_values, align), 1, ALIGN_MAX},
};

static const struct column allocated_columns[] = {
	{"address", "address", CELL_ADDRESS},
	{"pool", "pool", CELL_TEXT},
	{"offset", "offset", CELL_NUMBER},
	{"length", "length", CELL_NUMBER},
};

static int
check_alloc(const struct ctl *c)
{
	uint64_t len;

	if (word_name(c->words[0]) < 0 || word_size(c->words[1], &len) < 0)
		return -EINVAL;
	if (alloc.name != NULL && word_name(alloc.name) < 0)
		return -EINVAL;
	if (!rte_is_power_of_2((uint32_t)RTE_MAX(alloc.align, 1u)))
		return fail("--align %" PRIu64 ": give a power of two up to 2M", alloc.align);
	return word_nodes(alloc.owner != NULL ? alloc.owner : "everyone", &alloc.nodes);
}

static struct shmx_alloc_req
alloc_request(const struct ctl *c, uint16_t pool)
{
	struct shmx_alloc_req req = {
		.pool = pool,
		.align = (uint32_t)alloc.align,
		.name = alloc.name,
		.owner = SHMX_OWNER_NODES,
		.nodes = alloc.nodes.id,
		.nb_nodes = alloc.nodes.nb,
	};

	word_size(c->words[1], &req.len);
	if (alloc.nodes.everyone)
		req.owner = SHMX_OWNER_EVERYONE;
	if (alloc.nodes.self)
		req.owner = SHMX_OWNER_SELF;
	return req;
}

static enum ctl_exit
alloc_run(struct ctl *c)
{
	struct shmx_alloc_req req;
	shmx_addr_t addr = 0;
	uint16_t pool = 0;
	enum ctl_exit found = pool_find(c, c->words[0], &pool);
	int ret;

	if (found != CTL_DONE)
		return found;
	req = alloc_request(c, pool);
	ret = shmx_alloc_sync(c->ep, &req, &addr);
	if (ret < 0)
		return ctl_explain(c, c->words[0], ret);
	if (!c->opt.json) {
		printf("0x%016" PRIx64 "\n", addr);
		return CTL_DONE;
	}
	return ctl_object(c, allocated_columns, RTE_DIM(allocated_columns),
		(const union cell[]){{.number = addr}, {.text = c->words[0]},
			{.number = SHMX_ADDR_OFFSET(addr)}, {.number = req.len}});
}

static struct place freed;

static int
check_free(const struct ctl *c)
{
	if (word_place(c->words[0], &freed) < 0)
		return -EINVAL;
	if (freed.kind == PLACE_NAME && freed.offset > 0)
		return fail("%s: an allocation is freed as a whole: give no offset", freed.text);
	return 0;
}

static enum ctl_exit
free_run(struct ctl *c)
{
	uint64_t left;
	enum ctl_exit found = place_find(c, &freed, &left);
	int ret;

	if (found != CTL_DONE)
		return found;
	ret = shmx_free_sync(c->ep, freed.addr);
	if (ret == -ENOENT) {
		fail("%s: no allocation begins there", freed.text);
		return CTL_FAILED;
	}
	return ret < 0 ? ctl_explain(c, freed.text, ret) : CTL_DONE;
}

const struct command alloc_commands[] = {
	{
		.name = "alloc",
		.words = "POOL SIZE",
		.summary = "Allocate memory, and print its address.",
		.details = "  --name NAME     by which it is found; unique in the pool\n"
			   "  --owner NODES   who may reach it [everyone]; self is the node that "
			   "--node "
			   "says\n"
			   "  --align BYTES   a power of two up to 2M [64]\n"
			   "\n"
			   "It reads as zeros.\n",
		.min = 2,
		.max = 2,
		COMMAND_OPTIONS(alloc_options, alloc),
		.check = check_alloc,
		.run = alloc_run,
	},
	{
		.name = "free",
		.words = "PLACE",
		.summary = "Free an allocation, by its name or first address.",
		.min = 1,
		.max = 1,
		.check = check_free,
		.run = free_run,
	},
	{NULL},
};
