/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "receivers.h"
#include "report.h"
#include "run.h"

static bool
talks(const struct options *o)
{
	return !o->quiet && !o->json;
}

static void
header_options(const struct options *o, const struct outcome *out)
{
	printf("shmx-bench: %s, %" PRIu64 " bytes, window ", out->workload.name, o->size);
	if (o->window == WINDOW_FULL)
		printf("full");
	else
		printf("%" PRIu32, o->window);
	printf(", burst %" PRIu32 ", %s", o->burst,
		o->pattern == PATTERN_RANDOM ? "random" : "sequential");
	printf(", span %" PRIu64 " bytes, coalescing %s", o->span, o->no_coalesce ? "off" : "on");
	if (o->crc != 0)
		printf(", crc %s", o->crc == 1 ? "on" : "off");
	printf("\n");
}

static void
header_faults(const struct bench *b)
{
	struct fault_settings settings;
	char text[FAULT_TEXT_MAX];

	fault_get(b->fault, &settings);
	fault_settings_format(&settings, text, sizeof(text));
	if (strcmp(text, "off") != 0)
		printf("\n--fault %s", text);
}

void
report_header(const struct bench *b, const struct outcome *out)
{
	const struct options *o = &b->opt;

	if (o->json)
		return;
	header_options(o, out);
	printf("node %" PRIu32 " at %s, port %s, to %s", o->link.node, link_ip_text(o->link.own.ip),
		o->link.port, link_ip_text(o->link.server.ip));
	if (out->stream_ns > 0)
		printf("; an address costs %.1f ns", out->stream_ns);
	header_faults(b);
	if (o->pairs > 0)
		printf("\n%" PRIu32 " pairs with %s, %g s each", o->pairs, out->baseline.name,
			o->seconds);
	printf("\n");
	fflush(stdout);
}

void
run_live(struct run *run, uint64_t now)
{
	const struct options *o = &run->bench->opt;
	uint64_t hz = rte_get_tsc_hz();
	double seconds = 1 + (double)(now - run->live_ticks) / (double)hz;
	double rate = (double)(run->completed - run->live_ops) / seconds;
	struct shmx_ep_stats s;

	run->live_ticks = now + hz;
	run->live_ops = run->completed;
	receivers_rest(run->bench);
	if (!talks(o) || o->pairs > 0)
		return;
	shmx_ep_stats_get(run->ep, &s);
	printf("%s%10.3f Mops/s %10.1f MB/s  busy %3.0f %%  retransmits %" PRIu64 "%s",
		isatty(STDOUT_FILENO) ? "\r" : "", rate / 1e6, rate * (double)run->size / 1e6,
		100.0 * (double)s.busy_ns / (double)(s.busy_ns + s.idle_ns + 1), s.tx_retransmit,
		isatty(STDOUT_FILENO) ? " " : "\n");
	fflush(stdout);
}

void
report_live_end(const struct options *o)
{
	if (talks(o) && isatty(STDOUT_FILENO))
		printf("\n");
}

static void
pair_value(const struct result *r, enum metric metric)
{
	if (metric == METRIC_RTT)
		printf("%s %.3f us", r->name, result_quantile(r, 0.5));
	else if (metric == METRIC_BANDWIDTH)
		printf("%s %.1f MB/s", r->name, result_bandwidth(r) / 1e6);
	else
		printf("%s %.3f M/s", r->name, result_rate(r) / 1e6);
}

void
report_pair(const struct options *o, const struct outcome *out, const struct result slice[2])
{
	if (!talks(o))
		return;
	printf("pair %" PRIu32 "/%" PRIu32 ": ", out->nb_pairs, o->pairs);
	pair_value(&slice[0], out->metric);
	printf(", ");
	pair_value(&slice[1], out->metric);
	printf(", ratio %.3f\n", out->ratios[out->nb_pairs - 1]);
	fflush(stdout);
}

/* Raw frames in a window are not timed. */
static void
table_time(const struct result *r, double us)
{
	if (r->latency.count > 0)
		printf(" %8.2f", us);
	else
		printf(" %8s", "-");
}

static void
table_row(const struct result *r)
{
	static const double cuts[] = {0.5, 0.99, 0.999, 0.9999};

	printf("%-8s %12" PRIu64 " %9.3f %10.1f %8.2f", r->name, r->ops, result_rate(r) / 1e6,
		result_bandwidth(r) / 1e6, result_bandwidth(r) * 8 / 1e9);
	table_time(r, result_average(r));
	for (unsigned int i = 0; i < RTE_DIM(cuts); i++)
		table_time(r, result_quantile(r, cuts[i]));
	table_time(r, ticks_to_us(r->latency.max));
	printf(" %7" PRIu64 " %7" PRIu64 "\n", r->retransmits, r->dropped);
}

static void
table_notes(const struct options *o, const struct outcome *out)
{
	const struct result *w = &out->workload;

	if (w->errors > 0)
		printf("%" PRIu64 " operations failed\n", w->errors);
	if (w->lost + out->baseline.lost > 0)
		printf("%" PRIu64 " raw frames did not come back\n", w->lost + out->baseline.lost);
	if (w->fault[FAULT_RX].seen + w->fault[FAULT_TX].seen > 0) {
		fault_stats_show("faults rx", &w->fault[FAULT_RX], stdout);
		fault_stats_show("faults tx", &w->fault[FAULT_TX], stdout);
	}
	if (w->fan_out > 1)
		printf("to %" PRIu32 " receivers: %.3f M messages/s sent, %.3f M/s delivered; an "
		       "operation takes until all have it\n",
			w->fan_out, result_rate(w) / 1e6, result_delivered(w) / 1e6);
	if (o->beside > 0)
		printf("beside it %s of %" PRIu64 " bytes: %.1f MB/s\n",
			o->beside_op == BESIDE_GET ? "get" : "put", o->beside,
			result_beside(w) / 1e6);
	if (w->latency.count < w->ops && w->latency.count > 0)
		printf("latencies are of one operation in %u\n", SAMPLE_EVERY);
	if (o->word != NULL)
		printf("word %s: %" PRIu64 "\n", o->word, out->word);
	if (o->check && out->done)
		printf("check passed\n");
	if (out->nb_pairs > 0)
		printf("%s of %s by %s: median %.3f of %" PRIu32 " pairs, from %.3f to %.3f\n",
			metric_names[out->metric], w->name, out->baseline.name, out->median,
			out->nb_pairs, out->min, out->max);
}

void
report_table(const struct options *o, const struct outcome *out)
{
	printf("%-8s %12s %9s %10s %8s %8s %8s %8s %8s %8s %8s %7s %7s\n", "workload", "ops",
		"Mops/s", "MB/s", "Gbit/s", "avg us", "p50", "p99", "p99.9", "p99.99", "max",
		"retrans", "dropped");
	if (o->pairs > 0)
		table_row(&out->baseline);
	table_row(&out->workload);
	table_notes(o, out);
}
