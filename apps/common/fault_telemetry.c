/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <rte_string_fns.h>
#include <rte_telemetry.h>

#include "fault_telemetry.h"

/* One call at a time; the ports are there while `serving` is set. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct fault_ports *serving;

static void
add_dict(struct rte_tel_data *parent, const char *name, struct rte_tel_data *d)
{
	if (rte_tel_data_add_dict_container(parent, name, d, 0) != 0)
		rte_tel_data_free(d);
}

/* One direction: what is set, what was done. */
static void
add_direction(struct rte_tel_data *parent, const char *name, struct fault *fault,
	const struct fault_settings *all, enum fault_dir dir)
{
	struct rte_tel_data *d = rte_tel_data_alloc();
	struct fault_settings one = {0};
	char text[FAULT_TEXT_MAX], part[RTE_TEL_MAX_STRING_LEN];
	struct fault_stats stats;

	if (d == NULL)
		return;
	one.dir[dir] = all->dir[dir];
	fault_settings_format(&one, text, sizeof(text));
	strlcpy(part, text, sizeof(part)); /* longer texts are not taken: the seed stands alone */
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "spec", part);
	rte_tel_data_add_dict_u64(d, "seed", one.dir[dir].seed);
	fault_stats_get(fault, dir, &stats);
	for (unsigned int i = 0; fault_stats_names[i] != NULL; i++)
		rte_tel_data_add_dict_u64(d, fault_stats_names[i], fault_stats_value(&stats, i));
	add_dict(parent, name, d);
}

static void
add_port(struct rte_tel_data *parent, unsigned int i)
{
	struct rte_tel_data *d = rte_tel_data_alloc();
	struct fault_settings settings;
	char name[16];

	if (d == NULL)
		return;
	fault_get(serving->fault[i], &settings);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "port", serving->spec[i]);
	add_direction(d, "rx", serving->fault[i], &settings, FAULT_RX);
	add_direction(d, "tx", serving->fault[i], &settings, FAULT_TX);
	snprintf(name, sizeof(name), "%u", i);
	add_dict(parent, name, d);
}

/* "PORT SPEC" */
static int
change(const char *params, struct fault_ports_range *range, char *why, size_t size)
{
	char copy[FAULT_TEXT_MAX], *text = copy, *which;
	int ret;

	strlcpy(copy, params != NULL ? params : "all", sizeof(copy));
	which = strsep(&text, " ");
	ret = fault_ports_find(serving, which, range, why, size);
	if (ret == 0 && text != NULL)
		ret = fault_ports_set(serving, range, text, why, size);
	return ret;
}

static void
answer(const char *params, struct rte_tel_data *d)
{
	struct fault_ports_range range;
	char why[RTE_TEL_MAX_STRING_LEN];

	rte_tel_data_start_dict(d);
	if (change(params, &range, why, sizeof(why)) != 0) {
		rte_tel_data_add_dict_string(d, "error", why);
		return;
	}
	for (unsigned int i = range.first; i < range.end; i++)
		add_port(d, i);
}

static int
on_fault(const char *cmd, const char *params, struct rte_tel_data *d)
{
	int ret = -ENODEV;

	pthread_mutex_lock(&lock);
	if (serving != NULL) {
		answer(params, d);
		ret = 0;
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

void
fault_telemetry_begin(const struct fault_ports *ports)
{
	pthread_mutex_lock(&lock);
	serving = ports;
	pthread_mutex_unlock(&lock);
	rte_telemetry_register_cmd("/shmx/fault", on_fault,
		"Faults on purpose. Parameters: none, PORT, or PORT SPEC to set them");
}

void
fault_telemetry_end(void)
{
	pthread_mutex_lock(&lock);
	serving = NULL;
	pthread_mutex_unlock(&lock);
}
