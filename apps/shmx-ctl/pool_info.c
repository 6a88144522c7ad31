/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "connect.h"
#include "list.h"
#include "place.h"
#include "pool_info.h"
#include "words.h"

/* What is told of a pool: COLUMNS of struct shmx_pool_info, in this order. */
enum {
	NAME,
	ID,
	SIZE,
	MAX,
	USED,
	LARGEST_FREE,
	ALLOCS,
	GRANULE,
	EXTENTS,
	GROW_BELOW,
	GROW_BY,
	SHRINK_ABOVE,
	QUOTA,
	NODES,
	COLUMNS,
};

static const struct column list_columns[COLUMNS] = {
	[NAME] = {"NAME", "name", CELL_TEXT},
	[ID] = {"ID", "id", CELL_NUMBER},
	[SIZE] = {"SIZE", "size", CELL_SIZE},
	[MAX] = {"MAX", "max_size", CELL_SIZE},
	[USED] = {"USED", "used", CELL_SIZE},
	[LARGEST_FREE] = {"LARGEST-FREE", "largest_free", CELL_SIZE},
	[ALLOCS] = {"ALLOCS", "allocs", CELL_NUMBER},
	[GRANULE] = {"GRANULE", "granule", CELL_NUMBER},
	[EXTENTS] = {"EXTENTS", "extents", CELL_NUMBER},
	[GROW_BELOW] = {"GROW-BELOW", "grow_below", CELL_SIZE},
	[GROW_BY] = {"GROW-BY", "grow_by", CELL_SIZE},
	[SHRINK_ABOVE] = {"SHRINK-ABOVE", "shrink_above", CELL_SIZE},
	[QUOTA] = {"QUOTA", "quota", CELL_SIZE},
	[NODES] = {"NODES", "nodes", CELL_JSON},
};

/* Those of list_columns, in the words of one pool alone. */
static const char *const stat_titles[COLUMNS] = {
	"pool",
	"id",
	"size",
	"may grow to",
	"used",
	"largest free",
	"allocations",
	"granule",
	"extents",
	"grow below",
	"grow by",
	"shrink above",
	"quota of a node",
	"nodes",
};

/* Who may use the pool that was asked about last, where not all may, and what each holds. */
static struct shmx_pool_node told[SHMX_NODE_MAX];

/* @return how many they are, or negative errno. */
static int
ask_nodes(struct ctl *c, uint16_t pool)
{
	struct shmx_event event = {0};
	unsigned int nb = 0;
	int ret;

	do {
		uint64_t cookie = shmx_wait_cookie(c->ep);
		uint16_t first = nb > 0 ? (uint16_t)(told[nb - 1].node + 1) : 1;

		ret = shmx_pool_nodes(c->ep, c->session, pool, first, told + nb,
			(uint16_t)(RTE_DIM(told) - nb), cookie);
		ret = ctl_wait(c, ret, cookie, &event);
		if (ret < 0)
			return ret;
		nb += (unsigned int)event.value;
	} while (event.value > 0 && nb < RTE_DIM(told));
	return (int)nb;
}

/* Of a pool for nb_nodes, who was told may use it. */
static const char *
nodes_text(const struct ctl *c, unsigned int nb_nodes, unsigned int nb_told)
{
	static char text[6 * SHMX_NODE_MAX + 3];
	uint16_t ids[SHMX_NODE_MAX];

	if (nb_nodes == 0)
		return c->opt.json ? "\"everyone\"" : "everyone";
	for (unsigned int i = 0; i < nb_told; i++)
		ids[i] = told[i].node;
	return nodes_format(ids, nb_told, c->opt.json, text, sizeof(text));
}

static void
info_cells(const struct shmx_pool_info *info, const char *nodes, union cell *cells)
{
	const union cell all[COLUMNS] = {
		[NAME] = {.text = info->name},
		[ID] = {.number = info->pool},
		[SIZE] = {.number = info->size},
		[MAX] = {.number = RTE_MAX(info->max_size, info->size)},
		[USED] = {.number = info->used},
		[LARGEST_FREE] = {.number = info->largest_free},
		[ALLOCS] = {.number = info->allocs},
		[GRANULE] = {.number = info->granule},
		[EXTENTS] = {.number = info->extents},
		[GROW_BELOW] = {.number = info->grow_below},
		[GROW_BY] = {.number = info->grow_by},
		[SHRINK_ABOVE] = {.number = info->shrink_above},
		[QUOTA] = {.number = info->quota},
		[NODES] = {.text = nodes},
	};

	memcpy(cells, all, sizeof(all));
}

/* ---- list ------------------------------------------------------------------------------ */

static uint32_t
list_row(struct ctl *c, struct table *t, const void *of)
{
	const struct shmx_pool_info *info = of;
	union cell cells[COLUMNS];
	int nb = info->nb_nodes != 0 ? ask_nodes(c, info->pool) : 0;

	/* One that is just being destroyed has its id left, or is gone by now. */
	if (info->name[0] == '\0' || nb < 0)
		return info->pool;
	info_cells(info, nodes_text(c, info->nb_nodes, (unsigned int)nb), cells);
	table_row(t, cells);
	return info->pool;
}

static struct shmx_pool_info listed[LIST_MAX];

static int
list_start(struct ctl *c, uint32_t first, uint64_t cookie)
{
	return shmx_pool_list(c->ep, c->session, (uint16_t)first, listed, LIST_MAX, cookie);
}

enum ctl_exit
pool_list(struct ctl *c)
{
	static const struct list list = {
		.what = "pool list",
		.key = "pools",
		.columns = list_columns,
		.nb_columns = RTE_DIM(list_columns),
		.infos = listed,
		.info_size = sizeof(listed[0]),
		.last = UINT16_MAX,
		.start = list_start,
		.row = list_row,
	};

	return list_print(c, &list);
}

/* ---- stat ------------------------------------------------------------------------------ */

/* For people: a line for each node that holds some. @return how many columns. */
static unsigned int
held_lines(unsigned int nb_told, struct column *columns, union cell *cells)
{
	static char titles[SHMX_NODE_MAX][sizeof("held by node 65535")];
	unsigned int n = 0;

	for (unsigned int i = 0; i < nb_told; i++) {
		if (told[i].held == 0)
			continue;
		snprintf(titles[n], sizeof(titles[n]), "held by node %u", told[i].node);
		columns[n] = (struct column){titles[n], titles[n], CELL_SIZE};
		cells[n++].number = told[i].held;
	}
	return n;
}

/* For programs: one array of all of them. */
static unsigned int
held_array(unsigned int nb_told, struct column *columns, union cell *cells)
{
	static char text[SHMX_NODE_MAX * 48 + 3];
	size_t n = 0;

	text[n++] = '[';
	for (unsigned int i = 0; i < nb_told; i++)
		if (told[i].held != 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
				"%s{\"node\":%u,\"bytes\":%" PRIu64 "}", n > 1 ? "," : "",
				told[i].node, told[i].held);
	snprintf(text + n, sizeof(text) - n, "]");
	columns[0] = (struct column){"held", "held", CELL_JSON};
	cells[0].text = text;
	return 1;
}

static enum ctl_exit
stat_print(const struct ctl *c, const struct shmx_pool_info *info, unsigned int nb_told)
{
	static struct column columns[COLUMNS + SHMX_NODE_MAX];
	static union cell cells[COLUMNS + SHMX_NODE_MAX];
	unsigned int n;

	memcpy(columns, list_columns, sizeof(list_columns));
	for (unsigned int i = 0; i < COLUMNS; i++)
		columns[i].title = stat_titles[i];
	info_cells(info, nodes_text(c, info->nb_nodes, nb_told), cells);
	n = (c->opt.json ? held_array : held_lines)(nb_told, columns + COLUMNS, cells + COLUMNS);
	return ctl_object(c, columns, COLUMNS + n, cells);
}

enum ctl_exit
pool_stat(struct ctl *c)
{
	struct shmx_pool_info info = {0};
	uint16_t pool = 0;
	enum ctl_exit found = pool_find(c, c->words[0], &pool);
	int ret, nb = 0;

	if (found != CTL_DONE)
		return found;
	ret = shmx_pool_stat_sync(c->ep, pool, &info);
	if (ret == 0)
		ret = nb = ask_nodes(c, pool);
	return ret < 0 ? ctl_explain(c, c->words[0], ret) : stat_print(c, &info, (unsigned int)nb);
}
