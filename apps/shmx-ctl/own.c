/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include <rte_common.h>

#include "../common/fail.h"
#include "connect.h"
#include "place.h"

#define OWNERS_MAX 128 /* ids that one answer tells */
#define GRANULE    64  /* the smallest there is */

static struct own_values {
	uint64_t length; /* 0: not given */
	struct place place;
	struct nodes nodes, to;
} own;

static const struct option_type own_options[] = {
	{"length", OPTION_BYTES, offsetof(struct own_values, length), 1, SHMX_LEN_MAX},
};

/* ---- show ------------------------------------------------------------------------------ */

static const struct column show_columns[] = {
	{"ADDRESS", "address", CELL_ADDRESS},
	{"LENGTH", "length", CELL_NUMBER},
	{"OWNERS", "owners", CELL_JSON},
};

static int
check_show(const struct ctl *c)
{
	return word_place(c->words[0], &own.place);
}

static void
owners_format(const struct ctl *c, const uint16_t *nodes, uint64_t nb, char *buf, size_t size)
{
	unsigned int told = (unsigned int)RTE_MIN(nb, (uint64_t)OWNERS_MAX);

	if (nb == SHMX_NODES_ALL)
		snprintf(buf, size, c->opt.json ? "\"everyone\"" : "everyone");
	else
		nodes_format(nodes, told, c->opt.json, buf, size);
	if (nb != SHMX_NODES_ALL && nb > told && !c->opt.json)
		snprintf(buf + strlen(buf), size - strlen(buf), " and %" PRIu64 " more", nb - told);
}

/* Who owns the granule at @p addr, as text. @return as shmx_wait(). */
static int
owners_text(struct ctl *c, shmx_addr_t addr, uint64_t len, uint64_t *run, char *buf, size_t size)
{
	uint64_t cookie = shmx_wait_cookie(c->ep);
	struct shmx_event event = {0};
	uint16_t nodes[OWNERS_MAX];
	int ret = shmx_owners(c->ep, addr, len, nodes, OWNERS_MAX, cookie);

	ret = ctl_wait(c, ret, cookie, &event);
	if (ret < 0)
		return ret;
	*run = event.value2;
	owners_format(c, nodes, event.value, buf, size);
	return 0;
}

static int
show_all(struct ctl *c, struct table *t, uint64_t len)
{
	shmx_addr_t addr = own.place.addr;
	char text[5 * OWNERS_MAX + 32];
	uint64_t run;
	int ret;

	while (len > 0) {
		ret = owners_text(c, addr, len, &run, text, sizeof(text));
		if (ret < 0 || run == 0)
			return ret < 0 ? ret : -EPROTO;
		table_row(t, (const union cell[]){{.number = addr}, {.number = RTE_MIN(run, len)},
				     {.text = text}});
		len -= RTE_MIN(run, len);
		addr += run;
	}
	return 0;
}

static enum ctl_exit
show_run(struct ctl *c)
{
	uint64_t left = 0;
	enum ctl_exit found = place_find(c, &own.place, &left);
	struct table t;
	int ret;

	if (found != CTL_DONE)
		return found;
	if (own.length > 0)
		left = own.length;
	table_begin(&t, c->opt.json, show_columns, RTE_DIM(show_columns));
	ret = show_all(c, &t, left > 0 ? left : GRANULE);
	if (ret < 0) {
		table_free(&t);
		return ctl_explain(c, own.place.text, ret);
	}
	return table_print(&t, "ranges") < 0 ? CTL_FAILED : CTL_DONE;
}

/* ---- set, add, drop, move -------------------------------------------------------------- */

static int
check_range(const struct ctl *c)
{
	if (word_place(c->words[0], &own.place) < 0 || word_nodes(c->words[1], &own.nodes) < 0)
		return -EINVAL;
	if (own.place.kind != PLACE_NAME && own.length == 0)
		return fail("%s: give --length: only that of an allocation with a name is known",
			own.place.text);
	return 0;
}

/* "self" is a node like others, where it is not an owner by itself. */
static void
name_self(const struct ctl *c, struct nodes *nodes)
{
	if (!nodes->self)
		return;
	nodes->nb = 1;
	nodes->id[0] = (uint16_t)c->opt.link.node;
}

static int
check_listed(const struct ctl *c)
{
	if (check_range(c) < 0)
		return -EINVAL;
	return own.nodes.everyone
	               ? fail("everyone: give ids of nodes; `own set` gives it to everyone")
	               : 0;
}

static int
check_move(const struct ctl *c)
{
	if (check_range(c) < 0 || word_nodes(c->words[2], &own.to) < 0)
		return -EINVAL;
	if (own.nodes.everyone || own.to.everyone)
		return fail("everyone: give ids of nodes, as they are now and as they are to be");
	return 0;
}

static enum ctl_exit
range_find(struct ctl *c, uint64_t *len)
{
	uint64_t left = 0;
	enum ctl_exit found = place_find(c, &own.place, &left);

	*len = own.length > 0 ? own.length : left;
	name_self(c, &own.nodes);
	name_self(c, &own.to);
	return found;
}

static enum ctl_exit
own_change(struct ctl *c, enum shmx_own_how how)
{
	uint64_t cookie = shmx_wait_cookie(c->ep), len;
	enum ctl_exit found = range_find(c, &len);
	struct shmx_event event = {0};
	int ret;

	if (found != CTL_DONE)
		return found;
	if (own.nodes.everyone)
		ret = shmx_own(c->ep, own.place.addr, len, SHMX_OWNER_EVERYONE, cookie);
	else
		ret = shmx_own_nodes(
			c->ep, own.place.addr, len, how, own.nodes.id, own.nodes.nb, cookie);
	ret = ctl_wait(c, ret, cookie, &event);
	if (ret == -EINVAL && how == SHMX_OWN_DROP) {
		fail("%s: nobody would own it, or the range is not one of granules: `own show` "
		     "tells who does",
			own.place.text);
		return CTL_FAILED;
	}
	return ret < 0 ? ctl_explain(c, own.place.text, ret) : CTL_DONE;
}

static enum ctl_exit
set_run(struct ctl *c)
{
	return own_change(c, SHMX_OWN_SET);
}

static enum ctl_exit
add_run(struct ctl *c)
{
	return own_change(c, SHMX_OWN_ADD);
}

static enum ctl_exit
drop_run(struct ctl *c)
{
	return own_change(c, SHMX_OWN_DROP);
}

static enum ctl_exit
move_run(struct ctl *c)
{
	uint64_t cookie = shmx_wait_cookie(c->ep), len;
	enum ctl_exit found = range_find(c, &len);
	struct shmx_event event = {0};
	int ret;

	if (found != CTL_DONE)
		return found;
	ret = shmx_own_move(c->ep, own.place.addr, len, own.nodes.id, own.nodes.nb, own.to.id,
		own.to.nb, cookie);
	ret = ctl_wait(c, ret, cookie, &event);
	return ret < 0 ? ctl_explain(c, own.place.text, ret) : CTL_DONE;
}

#define LENGTH                                                                                     \
	"  --length BYTES   of the range [that of the allocation, from PLACE on]\n"                \
	"\n"                                                                                       \
	"A range consists of whole granules. Only one who owns all of it may: --node says as "     \
	"whom.\n"

const struct command own_commands[] = {
	{
		.name = "own show",
		.words = "PLACE",
		.summary = "Who owns memory.",
		.details = "  --length BYTES   of the range [that of the allocation from PLACE on; "
			   "or the "
			   "granule]\n",
		.min = 1,
		.max = 1,
		COMMAND_OPTIONS(own_options, own),
		.check = check_show,
		.run = show_run,
	},
	{
		.name = "own set",
		.words = "PLACE NODES",
		.summary = "Give memory to nodes, and take it from all others.",
		.details = LENGTH,
		.min = 2,
		.max = 2,
		COMMAND_OPTIONS(own_options, own),
		.check = check_range,
		.run = set_run,
	},
	{
		.name = "own add",
		.words = "PLACE NODES",
		.summary = "Let more nodes own memory.",
		.details = LENGTH,
		.min = 2,
		.max = 2,
		COMMAND_OPTIONS(own_options, own),
		.check = check_listed,
		.run = add_run,
	},
	{
		.name = "own drop",
		.words = "PLACE NODES",
		.summary = "Let some nodes own memory no more; one has to stay.",
		.details = LENGTH,
		.min = 2,
		.max = 2,
		COMMAND_OPTIONS(own_options, own),
		.check = check_listed,
		.run = drop_run,
	},
	{
		.name = "own move",
		.words = "PLACE FROM TO",
		.summary = "Give memory of exactly these nodes to those.",
		.details = LENGTH,
		.min = 3,
		.max = 3,
		COMMAND_OPTIONS(own_options, own),
		.check = check_move,
		.run = move_run,
	},
	{NULL},
};
