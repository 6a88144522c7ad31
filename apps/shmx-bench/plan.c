/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdlib.h>
#include <string.h>

#include "../common/fail.h"
#include "beside.h"
#include "flood.h"
#include "plan.h"
#include "raw.h"
#include "report.h"
#include "run.h"

const char *const metric_names[] = {"rate", "bandwidth", "rtt"};

#define LARGE 1400 /* from here on, an operation fills frames */

/* One side of a comparison: raw frames or a workload. */
struct side {
	enum workload_id id;
	struct raw *raw;
	struct run *run;
};

struct plan {
	struct bench *bench;
	struct raw *raw; /* NULL: not needed */
	struct side workload, baseline;
};

static int
side_run(struct plan *p, struct side *side, struct result *result)
{
	const struct options *o = &p->bench->opt;
	struct raw_conf conf;

	if (side->id != WORKLOAD_RAW)
		return run_measure(side->run, o->warmup, o->seconds, result);
	raw_conf_for(p->bench, &conf);
	return raw_run(p->raw, &conf, result);
}

/* The baseline may have faults of its own. */
static int
side_measure(struct plan *p, struct side *side, struct result *result)
{
	bool other = side == &p->baseline && options_baseline_faults(&p->bench->opt);
	int ret = other ? bench_faults_set(p->bench, true) : 0;

	if (ret == 0)
		ret = side_run(p, side, result);
	if (ret == 0 && other)
		ret = bench_faults_set(p->bench, false);
	return ret;
}

static int
side_create(struct plan *p, struct side *side, enum workload_id id)
{
	side->id = id;
	if (id == WORKLOAD_RAW)
		return 0;
	side->run = run_create(p->bench, id);
	return side->run != NULL ? 0 : -1;
}

/* What the workload alone has beside it, and the baseline has not. */
static int
disturb(struct bench *b, struct run *run)
{
	int ret = beside_create(run);

	if (ret == 0 && b->opt.flood > 0) {
		run->flood = flood_create(b);
		ret = run->flood != NULL ? 0 : -1;
	}
	return ret;
}

/* The raw side learns addresses with the queue to itself: before there is an endpoint. */
static int
plan_create(struct plan *p, struct bench *b)
{
	const struct options *o = &b->opt;
	int ret = 0;

	p->bench = b;
	if (bench_uses(b, WORKLOAD_RAW)) {
		p->raw = raw_create(b);
		ret = p->raw != NULL ? 0 : -1;
	}
	if (ret == 0 && o->workload != WORKLOAD_RAW)
		ret = bench_connect(b);
	if (ret == 0)
		ret = side_create(p, &p->workload, (enum workload_id)o->workload);
	if (ret == 0 && p->workload.run != NULL)
		ret = disturb(b, p->workload.run);
	if (ret == 0 && o->pairs > 0)
		ret = side_create(p, &p->baseline, (enum workload_id)o->baseline);
	return ret;
}

static void
plan_destroy(struct plan *p)
{
	run_destroy(p->workload.run);
	run_destroy(p->baseline.run);
	raw_destroy(p->raw);
}

static enum metric
metric_choose(const struct options *o)
{
	if (o->window == 1)
		return METRIC_RTT;
	return o->size > LARGE && o->baseline == WORKLOAD_RAW ? METRIC_BANDWIDTH : METRIC_RATE;
}

static double
metric_value(const struct result *r, enum metric metric)
{
	switch (metric) {
	case METRIC_RTT:
		return result_quantile(r, 0.5);
	case METRIC_BANDWIDTH:
		return result_bandwidth(r);
	default:
		return result_rate(r);
	}
}

static double
ratio(const struct result *workload, const struct result *baseline, enum metric metric)
{
	double base = metric_value(baseline, metric);

	return base > 0 ? metric_value(workload, metric) / base : 0;
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int
ratios_summarise(struct outcome *out)
{
	double *sorted;
	uint32_t n = out->nb_pairs;

	if (n == 0 || out->ratios == NULL)
		return 0;
	sorted = malloc(n * sizeof(*sorted));
	if (sorted == NULL)
		return fail("out of memory");
	memcpy(sorted, out->ratios, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_doubles);
	out->min = sorted[0];
	out->max = sorted[n - 1];
	out->median = n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
	free(sorted);
	return 0;
}

/* Which side goes first alternates, so that a steady drift of the machine cancels, too. */
static int
pair_run(struct plan *p, struct outcome *out, struct result slice[2])
{
	bool swap = out->nb_pairs % 2 == 1; /* the workload goes first */
	int ret;

	result_init(&slice[0], out->baseline.name);
	result_init(&slice[1], out->workload.name);
	ret = side_measure(p, swap ? &p->workload : &p->baseline, &slice[swap]);
	if (ret == 0 && !stop)
		ret = side_measure(p, swap ? &p->baseline : &p->workload, &slice[!swap]);
	if (ret < 0 || stop)
		return ret;
	if (metric_value(&slice[0], out->metric) == 0)
		return 0; /* the machine was busy elsewhere all the time: no ratio */
	result_add(&out->baseline, &slice[0]);
	result_add(&out->workload, &slice[1]);
	out->ratios[out->nb_pairs++] = ratio(&slice[1], &slice[0], out->metric);
	report_pair(&p->bench->opt, out, slice);
	return 0;
}

/* A ratio of operations that failed is none. */
static int
pairs_verify(const struct plan *p)
{
	int ret = run_verify(p->workload.run);

	return ret == 0 && p->baseline.run != NULL ? run_verify(p->baseline.run) : ret;
}

static int
pairs_run(struct plan *p, struct outcome *out)
{
	uint32_t n = p->bench->opt.pairs;
	struct result *slice = malloc(2 * sizeof(*slice)); /* large: they hold histograms */
	int ret = 0;

	out->ratios = calloc(n, sizeof(*out->ratios));
	if (slice == NULL || out->ratios == NULL) {
		free(slice);
		return fail("out of memory");
	}
	for (uint32_t i = 0; i < 2 * n && ret == 0 && out->nb_pairs < n && !stop; i++)
		ret = pair_run(p, out, slice);
	free(slice);
	if (ret == 0)
		ret = ratios_summarise(out);
	return ret == 0 ? pairs_verify(p) : ret;
}

static int
single_run(struct plan *p, struct outcome *out)
{
	const struct options *o = &p->bench->opt;
	int ret = side_measure(p, &p->workload, &out->workload);

	report_live_end(o);
	if (ret < 0 || p->workload.run == NULL)
		return ret;
	ret = run_verify(p->workload.run);
	out->word = p->workload.run->word;
	if (ret == 0 && o->expect.given && out->word != o->expect.value)
		ret = fail("word %s holds %" PRIu64 ", expected %" PRIu64, o->word, out->word,
			o->expect.value);
	return ret;
}

static void
outcome_init(struct outcome *out, const struct options *o)
{
	memset(out, 0, sizeof(*out));
	result_init(&out->workload, workload_names[o->workload]);
	result_init(&out->baseline, workload_names[o->baseline]);
	out->metric = metric_choose(o);
}

int
plan_run(struct bench *b, struct outcome *out)
{
	struct plan p = {0};
	int ret;

	outcome_init(out, &b->opt);
	ret = plan_create(&p, b);
	if (ret == 0) {
		if (p.workload.run != NULL)
			out->stream_ns = stream_cost_ns(&p.workload.run->stream);
		report_header(b, out);
		ret = b->opt.pairs > 0 ? pairs_run(&p, out) : single_run(&p, out);
		out->done = ret == 0;
	}
	plan_destroy(&p);
	return ret;
}

void
outcome_free(struct outcome *out)
{
	free(out->ratios);
}
