/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>

#include "fault_ports.h"

int
fault_ports_find(const struct fault_ports *ports, const char *which,
	struct fault_ports_range *range, char *why, size_t size)
{
	unsigned long n;
	char *end;

	if (strcmp(which, "all") == 0) {
		*range = (struct fault_ports_range){0, ports->nb};
		return 0;
	}
	n = strtoul(which, &end, 10);
	if (*which >= '0' && *which <= '9' && *end == '\0' && n < ports->nb) {
		*range = (struct fault_ports_range){(unsigned int)n, (unsigned int)n + 1};
		return 0;
	}
	snprintf(why, size, "no port %.32s: give 0 to %u, or all", which, ports->nb - 1);
	return -EINVAL;
}

int
fault_ports_set(const struct fault_ports *ports, const struct fault_ports_range *range,
	const char *text, char *why, size_t size)
{
	struct fault_settings settings;
	int ret = fault_settings_parse(text, &settings, why, size);

	if (ret < 0)
		return ret;
	for (unsigned int i = range->first; i < range->end && ret == 0; i++) {
		ret = fault_set(ports->fault[i], &settings);
		if (ret < 0)
			snprintf(why, size, "port %u takes no faults: %s", i, rte_strerror(-ret));
	}
	return ret;
}

void
fault_stats_show(const char *head, const struct fault_stats *stats, FILE *f)
{
	fprintf(f, "%s: seen %" PRIu64, head, stats->seen);
	for (unsigned int i = 1; fault_stats_names[i] != NULL; i++)
		if (fault_stats_value(stats, i) != 0)
			fprintf(f, ", %s %" PRIu64, fault_stats_names[i],
				fault_stats_value(stats, i));
	fputc('\n', f);
}

void
fault_ports_show(const struct fault_ports *ports, const struct fault_ports_range *range, FILE *f)
{
	struct fault_settings settings;
	struct fault_stats stats;
	char text[FAULT_TEXT_MAX];

	for (unsigned int i = range->first; i < range->end; i++) {
		fault_get(ports->fault[i], &settings);
		fprintf(f, "port %u %s: faults %s\n", i, ports->spec[i],
			fault_settings_format(&settings, text, sizeof(text)));
		fault_stats_get(ports->fault[i], FAULT_RX, &stats);
		fault_stats_show("  rx", &stats, f);
		fault_stats_get(ports->fault[i], FAULT_TX, &stats);
		fault_stats_show("  tx", &stats, f);
	}
}
