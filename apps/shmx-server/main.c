/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_pdump.h>
#include <rte_version.h>

#include "base/shmx_version.h"
#include "../common/fault_telemetry.h"
#include "../common/std_files.h"
#include "control.h"
#include "eal_args.h"
#include "leftovers.h"
#include "options.h"
#include "pools.h"
#include "ports.h"
#include "preflight.h"
#include "server.h"
#include "settings.h"
#include "tables.h"
#include "telemetry.h"
#include "workers.h"

static int
complain(const struct problem *p)
{
	fflush(stdout);
	if (p->text[0] != '\0')
		fprintf(stderr, "shmx-server: %s\n", p->text);
	return EXIT_FAILURE;
}

/* What is answered without a server. */
static int
answer(enum options_action action, char *name)
{
	char help[] = "--help";
	char *argv[] = {name, help, NULL};

	switch (action) {
	case ACTION_HELP:
		settings_print_help(stdout);
		break;
	case ACTION_HELP_CONFIG:
		settings_print_config(stdout);
		break;
	case ACTION_HELP_EAL:
		rte_eal_init(2, argv); /* prints and ends the program */
		break;
	default:
		printf("shmx-server %s, %s\n", shmx_version(), rte_version());
		break;
	}
	return EXIT_SUCCESS;
}

/* Of each client that comes, the vhost library tells forty lines. */
static void
quieten(const struct eal_args *eal)
{
	if (!eal_args_has(eal, "--log-level"))
		rte_log_set_level_pattern("lib.vhost.config", RTE_LOG_WARNING);
}

static int
eal_start(struct eal_args *eal, struct problem *p)
{
	int ret = preflight_check(eal, p);

	if (ret != 0)
		return ret;
	if (rte_eal_init(eal->argc, eal->argv) < 0)
		return preflight_explain(p);
	quieten(eal);
	if (rte_pdump_init() != 0)
		fprintf(stderr, "shmx-server: dpdk-dumpcap will not work: %s\n",
			rte_strerror(rte_errno));
	return 0;
}

static uint64_t
wall_clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int
server_start(struct server *s, struct problem *p)
{
	int ret;

	s->epoch = wall_clock_ns();
	clock_init_tsc(&s->clock);
	ret = workers_count(s, p);
	if (ret == 0)
		ret = pools_create(s, p);
	if (ret == 0)
		ret = tables_create(s, p);
	if (ret == 0)
		ret = workers_create(s, p);
	if (ret == 0)
		ret = ports_open(s, p);
	s->started = ret == 0;
	return ret;
}

static void
server_end(struct server *s)
{
	ports_close(s);
	workers_destroy(s);
	tables_destroy(s);
	pools_destroy(s);
}

static int
serve(struct server *s, struct problem *p)
{
	int ret = server_start(s, p);

	if (ret == 0) {
		workers_launch(s);
		telemetry_begin(s);
		fault_telemetry_begin(&s->faults);
		ret = control_run(s, p);
		fault_telemetry_end();
		telemetry_end();
		workers_stop(s);
	}
	server_end(s);
	return ret;
}

/* With EAL up: serve until the end, and leave nothing behind. */
static int
serve_and_clean(struct options *options, struct eal_args *eal, struct problem *p)
{
	static struct server server;
	struct leftovers leftovers;
	int ret;

	server.options = options;
	server.eal = eal;
	leftovers_note(&leftovers);
	ret = control_stop_asked() ? 0 : serve(&server, p);
	rte_pdump_uninit();
	rte_eal_cleanup();
	leftovers_remove(&leftovers);
	return ret;
}

static int
run(int argc, char **argv, struct problem *p)
{
	static struct options options;
	static struct eal_args eal;
	char **own;
	int nb_own, ret;

	ret = eal_args_split(&eal, argc, argv, &nb_own, &own, p);
	if (ret == 0)
		ret = options_parse(&options, nb_own, own, p);
	if (ret == 0 && options.action != ACTION_SERVE)
		exit(answer(options.action, argv[0]));
	if (ret == 0)
		ret = eal_args_fallback(&eal, options.eal, p);
	/* Page files that EAL has made are ours to remove, however early we are told to end. */
	control_catch_signals();
	if (ret == 0)
		ret = eal_start(&eal, p);
	if (ret == 0)
		ret = serve_and_clean(&options, &eal, p);
	return ret;
}

int
main(int argc, char **argv)
{
	struct problem p = {""};

	std_files_open();
	return run(argc, argv, &p) == 0 ? EXIT_SUCCESS : complain(&p);
}
