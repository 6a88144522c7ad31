/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include "bench.h"
#include "../common/fault_telemetry.h"
#include "../common/fail.h"
#include "../common/std_files.h"
#include "interactive.h"
#include "plan.h"
#include "report.h"

/* Help is for people who have no hugepages yet: it comes before EAL. */
static bool
wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	}
	return argc < 2;
}

/* A run that failed half-way may have something to tell, too. */
static void
report(const struct bench *b, const struct outcome *outcome, int ret)
{
	if (ret < 0 && outcome->workload.ops + outcome->baseline.ops == 0)
		return;
	if (b->opt.json)
		report_json(b, outcome);
	else
		report_table(&b->opt, outcome);
}

/* large: it holds histograms */
static struct outcome outcome;

static int
run_plan(void *bench)
{
	return plan_run(bench, &outcome);
}

static int
measure(struct bench *b)
{
	int ret = bench_port_open(b);

	if (ret == 0) {
		fault_telemetry_begin(&b->faults);
		ret = b->opt.interactive ? interactive_run(b, run_plan) : run_plan(b);
		fault_telemetry_end();
		report(b, &outcome, ret);
		outcome_free(&outcome);
	}
	bench_close(b);
	return ret;
}

int
main(int argc, char **argv)
{
	static struct bench bench;
	int n, ret;

	std_files_open();
	if (wants_help(argc, argv)) {
		options_help();
		return EXIT_SUCCESS;
	}
	n = rte_eal_init(argc, argv);
	if (n < 0) {
		fail("EAL did not start, see its message above; without hugepages add "
		     "--no-huge -m 512, without root --in-memory");
		return EXIT_FAILURE;
	}
	ret = options_parse(&bench.opt, argc - n, argv + n);
	if (ret == 0) {
		stop_on_signals();
		ret = measure(&bench);
	}
	rte_eal_cleanup();
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
