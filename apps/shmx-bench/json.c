/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <inttypes.h>
#include <stdio.h>

#include "../common/json.h"
#include "report.h"

/* What is in force at the end. */
static void
json_fault_config(const struct bench *b)
{
	struct fault_settings settings;
	char text[FAULT_TEXT_MAX];

	fault_get(b->fault, &settings);
	printf(",\"drop_percent\":%g,\"drop_seed\":%" PRIu64, b->opt.drop,
		b->opt.drop > 0 ? settings.dir[FAULT_RX].seed : 0);
	printf(",\"fault\":\"%s\"", fault_settings_format(&settings, text, sizeof(text)));
}

static void
json_config(const struct bench *b)
{
	const struct options *o = &b->opt;

	printf("\"config\":{\"port\":");
	json_string(o->link.port);
	printf(",\"node\":%" PRIu32 ",\"server\":\"%s\"", o->link.node,
		link_ip_text(o->link.server.ip));
	printf(",\"workload\":\"%s\",\"size\":%" PRIu64, workload_names[o->workload], o->size);
	printf(",\"window\":%" PRIu32 ",\"burst\":%" PRIu32, o->window, o->burst);
	printf(",\"pattern\":\"%s\"", o->pattern == PATTERN_RANDOM ? "random" : "sequential");
	printf(",\"cc\":\"%s\"", o->cc == SHMX_CC_SWIFT ? "swift" : "fixed");
	printf(",\"locks\":%" PRIu32 ",\"shared\":%s", o->locks, o->shared ? "true" : "false");
	printf(",\"span\":%" PRIu64 ",\"coalesce\":%s", o->span, o->no_coalesce ? "false" : "true");
	printf(",\"beside\":%" PRIu64 ",\"beside_op\":\"%s\"", o->beside,
		o->beside_op == BESIDE_GET ? "get" : "put");
	printf(",\"greedy\":%s", o->greedy ? "true" : "false");
	printf(",\"seconds\":%g,\"warmup\":%g", o->seconds, o->warmup);
	json_fault_config(b);
	putchar('}');
}

static void
json_latency(const struct result *r)
{
	uint64_t n = r->latency.count;

	printf("\"latency_us\":{\"samples\":%" PRIu64 ",\"avg\":%.3f", n, result_average(r));
	printf(",\"min\":%.3f,\"p50\":%.3f", n > 0 ? ticks_to_us(r->latency.min) : 0,
		result_quantile(r, 0.5));
	printf(",\"p99\":%.3f,\"p999\":%.3f", result_quantile(r, 0.99), result_quantile(r, 0.999));
	printf(",\"p9999\":%.3f,\"max\":%.3f}", result_quantile(r, 0.9999),
		ticks_to_us(r->latency.max));
}

static void
json_faults(const char *name, const struct fault_stats *s)
{
	printf("\"%s\":", name);
	for (unsigned int i = 0; fault_stats_names[i] != NULL; i++)
		printf("%c\"%s\":%" PRIu64, i == 0 ? '{' : ',', fault_stats_names[i],
			fault_stats_value(s, i));
	putchar('}');
}

static void
json_result(const struct result *r)
{
	printf("{\"workload\":\"%s\",\"ops\":%" PRIu64 ",\"errors\":%" PRIu64, r->name, r->ops,
		r->errors);
	printf(",\"seconds\":%.6f,\"ops_per_second\":%.0f", result_seconds(r), result_rate(r));
	printf(",\"bytes_per_second\":%.0f", result_bandwidth(r));
	printf(",\"receivers\":%" PRIu32 ",\"delivered_per_second\":%.0f", r->fan_out,
		result_delivered(r));
	printf(",\"beside_bytes_per_second\":%.0f,", result_beside(r));
	json_latency(r);
	printf(",\"retransmits\":%" PRIu64 ",\"dropped\":%" PRIu64, r->retransmits, r->dropped);
	printf(",\"flooded\":%" PRIu64, r->flooded);
	printf(",\"lost\":%" PRIu64 ",\"busy_percent\":%.1f,\"faults\":{", r->lost,
		r->busy + r->idle > 0 ? 100.0 * (double)r->busy / (double)(r->busy + r->idle) : 0);
	json_faults("rx", &r->fault[FAULT_RX]);
	putchar(',');
	json_faults("tx", &r->fault[FAULT_TX]);
	printf("}}");
}

static void
json_ratio(const struct outcome *out)
{
	printf(",\"ratio\":{\"metric\":\"%s\",\"workload\":\"%s\",\"baseline\":\"%s\"",
		metric_names[out->metric], out->workload.name, out->baseline.name);
	printf(",\"median\":%.4f,\"min\":%.4f,\"max\":%.4f,\"pairs\":[", out->median, out->min,
		out->max);
	for (uint32_t i = 0; i < out->nb_pairs; i++)
		printf("%s%.4f", i > 0 ? "," : "", out->ratios[i]);
	printf("]}");
}

void
report_json(const struct bench *b, const struct outcome *out)
{
	printf("{\"program\":\"shmx-bench\",");
	json_config(b);
	printf(",\"results\":[");
	if (b->opt.pairs > 0) {
		json_result(&out->baseline);
		putchar(',');
	}
	json_result(&out->workload);
	putchar(']');
	if (out->nb_pairs > 0)
		json_ratio(out);
	if (b->opt.word != NULL)
		printf(",\"word\":%" PRIu64, out->word);
	if (b->opt.check)
		printf(",\"check\":\"%s\"", out->done ? "passed" : "failed");
	printf("}\n");
}
