/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "connect.h"
#include "list.h"
#include "words.h"

/* ---- node list ------------------------------------------------------------------------- */

static const struct column list_columns[] = {
	{"NODE", "node", CELL_NUMBER},
	{"ADDRESS", "address", CELL_TEXT},
	{"PORT", "udp_port", CELL_NUMBER},
	{"SESSIONS", "sessions", CELL_NUMBER},
	{"WORKERS", "workers", CELL_JSON},
};

/* Workers are told as in --worker: the first is 1. */
static const char *
workers_format(const struct ctl *c, uint32_t workers, char *buf, size_t size)
{
	uint16_t id[32];
	unsigned int n = 0;

	for (; workers != 0; workers &= workers - 1)
		id[n++] = (uint16_t)(__builtin_ctz(workers) + 1);
	return nodes_format(id, n, c->opt.json, buf, size);
}

static uint32_t
list_row(struct ctl *c, struct table *t, const void *of)
{
	const struct shmx_node_info *info = of;
	struct ip_addr ip = info->ip != 0 ? ip_addr_v4(info->ip) : ip_addr_v6(info->ip6);
	char workers[160];

	table_row(t, (const union cell[]){
			     {.number = info->node},
			     {.text = ip_addr_is_none(ip) ? "" : link_ip_text(ip)},
			     {.number = info->udp_port},
			     {.number = info->sessions},
			     {.text = workers_format(c, info->workers, workers, sizeof(workers))},
		     });
	return info->node;
}

static struct shmx_node_info listed[LIST_MAX];

static int
list_start(struct ctl *c, uint32_t first, uint64_t cookie)
{
	return shmx_node_list(c->ep, c->session, (uint16_t)first, listed, LIST_MAX, cookie);
}

static enum ctl_exit
list_run(struct ctl *c)
{
	static const struct list list = {
		.what = "node list",
		.key = "nodes",
		.columns = list_columns,
		.nb_columns = RTE_DIM(list_columns),
		.infos = listed,
		.info_size = sizeof(listed[0]),
		.last = SHMX_NODE_MAX,
		.start = list_start,
		.row = list_row,
	};

	return list_print(c, &list);
}

/* ---- stat ------------------------------------------------------------------------------ */

static const struct column stat_columns[] = {
	{"nodes", "nodes", CELL_NUMBER},
	{"sessions", "sessions", CELL_NUMBER},
	{"workers", "workers", CELL_NUMBER},
	{"operations failed", "op_errors", CELL_NUMBER},
	{"bytes read", "bytes_read", CELL_NUMBER},
	{"bytes written", "bytes_written", CELL_NUMBER},
	{"handed over", "handed_over", CELL_NUMBER},
	{"refused, busy", "busy", CELL_NUMBER},
	{"malformed", "malformed", CELL_NUMBER},
};

#define STAT_FIXED RTE_DIM(stat_columns)

/* For people: a line each, of those that were asked for at all. @return how many columns. */
static unsigned int
ops_lines(const struct shmx_node_stat *st, struct column *columns, union cell *cells)
{
	unsigned int n = 0;

	for (unsigned int op = 0; op < SHMX_OPS_MAX; op++) {
		const char *name = shmx_op_name(op);

		if (name == NULL || st->ops[op] == 0)
			continue;
		columns[n] = (struct column){name, name, CELL_NUMBER};
		cells[n++].number = st->ops[op];
	}
	return n;
}

/* For programs: one object with all of them. */
static unsigned int
ops_object(const struct shmx_node_stat *st, struct column *columns, union cell *cells)
{
	static char text[SHMX_OPS_MAX * 48];
	size_t n = 0;

	for (unsigned int op = 0; op < SHMX_OPS_MAX; op++) {
		const char *name = shmx_op_name(op);

		if (name != NULL)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%c\"%s\":%" PRIu64,
				n == 0 ? '{' : ',', name, st->ops[op]);
	}
	snprintf(text + n, sizeof(text) - n, "}");
	columns[0] = (struct column){"ops", "ops", CELL_JSON};
	cells[0].text = text;
	return 1;
}

static enum ctl_exit
stat_print(const struct ctl *c, const struct shmx_node_stat *st)
{
	struct column columns[STAT_FIXED + SHMX_OPS_MAX];
	union cell cells[STAT_FIXED + SHMX_OPS_MAX] = {
		{.number = st->nodes},
		{.number = st->sessions},
		{.number = st->workers},
		{.number = st->op_errors},
		{.number = st->bytes_read},
		{.number = st->bytes_written},
		{.number = st->handed_over},
		{.number = st->busy},
		{.number = st->malformed},
	};
	unsigned int n;

	memcpy(columns, stat_columns, sizeof(stat_columns));
	n = (c->opt.json ? ops_object : ops_lines)(st, columns + STAT_FIXED, cells + STAT_FIXED);
	return ctl_object(c, columns, STAT_FIXED + n, cells);
}

static enum ctl_exit
stat_run(struct ctl *c)
{
	uint64_t cookie = shmx_wait_cookie(c->ep);
	struct shmx_event event = {0};
	struct shmx_node_stat st;
	int ret = shmx_node_stat(c->ep, c->session, &st, cookie);

	ret = ctl_wait(c, ret, cookie, &event);
	return ret < 0 ? ctl_explain(c, "stat", ret) : stat_print(c, &st);
}

const struct command node_commands[] = {
	{
		.name = "node list",
		.words = "",
		.summary = "Nodes that have sessions with the memory node.",
		.details = "One that went away without a word is listed until its silence is "
			   "noticed.\n",
		.run = list_run,
	},
	{
		.name = "stat",
		.words = "",
		.summary = "What the memory node has done since it started.",
		.details = "Operations of each kind that was asked for, and of all: how many "
			   "failed, were "
			   "handed from\n"
			   "worker to worker, refused because too many of these were in progress; "
			   "sessions ended\n"
			   "because their peer broke the protocol.\n",
		.run = stat_run,
	},
	{NULL},
};
