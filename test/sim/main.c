/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* incast: runs one scenario of incast.h and prints a line of figures; test/sim/run.sh runs many. */

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_eal.h>

#include "incast.h"

enum { SENDERS, SESSIONS, CC, TARGET, WINDOW, GBPS, BUFFER, LATENCY, WARMUP, DURATION, SEED, CSV };

static const struct option options[] = {
	[SENDERS] = {"senders", required_argument, NULL, 0},
	[SESSIONS] = {"sessions", required_argument, NULL, 0},
	[CC] = {"cc", required_argument, NULL, 0},
	[TARGET] = {"target-us", required_argument, NULL, 0},
	[WINDOW] = {"window", required_argument, NULL, 0},
	[GBPS] = {"gbps", required_argument, NULL, 0},
	[BUFFER] = {"buffer", required_argument, NULL, 0},
	[LATENCY] = {"latency-us", required_argument, NULL, 0},
	[WARMUP] = {"warmup-ms", required_argument, NULL, 0},
	[DURATION] = {"ms", required_argument, NULL, 0},
	[SEED] = {"seed", required_argument, NULL, 0},
	[CSV] = {"csv", required_argument, NULL, 0},
	{NULL, 0, NULL, 0},
};

static void
take(struct incast_conf *c, int option, const char *text)
{
	unsigned long n = strtoul(text, NULL, 0);

	switch (option) {
	case SENDERS:
		c->senders = (unsigned int)n;
		break;
	case SESSIONS:
		c->sessions = (unsigned int)n;
		break;
	case CC:
		c->cc = strcmp(text, "swift") == 0 ? RDP_CC_SWIFT : RDP_CC_FIXED;
		break;
	case TARGET:
		c->cc_target_ns = n * 1000;
		break;
	case WINDOW:
		c->window = (uint16_t)n;
		break;
	case GBPS:
		c->gbps = strtod(text, NULL);
		break;
	case BUFFER:
		c->buffer = (uint32_t)n;
		break;
	case LATENCY:
		c->latency_ns = n * 1000;
		break;
	case WARMUP:
		c->warmup_ns = n * 1000000;
		break;
	case DURATION:
		c->duration_ns = n * 1000000;
		break;
	case SEED:
		c->seed = n;
		break;
	default:
		c->csv = fopen(text, "w");
	}
}

static void
print(const struct incast_conf *c, const struct incast_result *r)
{
	printf("%s,%u,%u,%.0f,%u,%.4f,%.4f,%.4f,%.1f,%.1f,%.1f,%" PRIu64 ",%" PRIu64 ",%" PRIu64
	       ",%" PRIu64 "\n",
		c->cc == RDP_CC_SWIFT ? "swift" : "fixed", c->senders, c->sessions, r->queue_mean,
		r->queue_max, r->goodput, r->jain, r->least, (double)r->p50_ns / 1000,
		(double)r->p99_ns / 1000, (double)r->p999_ns / 1000, r->ops, r->drops,
		r->retransmits, r->timeouts);
}

int
main(int argc, char **argv)
{
	char args[][32] = {"incast", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
		"--log-level=*:error", "-m", "768"};
	char *eal[RTE_DIM(args)];
	struct incast_conf conf = incast_conf_default();
	struct incast_result result;
	int option, ret;

	while ((ret = getopt_long(argc, argv, "", options, &option)) == 0)
		take(&conf, option, optarg);
	if (ret != -1 || optind < argc) {
		fprintf(stderr, "incast: unknown option; test/sim/main.c lists them\n");
		return 1;
	}
	for (unsigned int i = 0; i < RTE_DIM(args); i++)
		eal[i] = args[i];
	if (rte_eal_init(RTE_DIM(eal), eal) < 0)
		return 1;
	if (conf.csv != NULL)
		fprintf(conf.csv, "us,queue,goodput\n");
	ret = incast_run(&conf, &result);
	if (ret < 0)
		fprintf(stderr, "incast: %s\n", strerror(-ret));
	else
		print(&conf, &result);
	if (conf.csv != NULL)
		fclose(conf.csv);
	return ret < 0;
}
