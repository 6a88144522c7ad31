/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stddef.h>
#include <string.h>

#include <rte_common.h>

#include "../common/fail.h"
#include "options.h"

const char *const workload_names[] = {"raw", "get", "put", "faa", "cas", "alloc", "mix", "lock",
	"lockn", "signal", "msg", "barrier", "bcast", NULL};

static const char *const pattern_names[] = {"random", "sequential", NULL};
static const char *const cc_names[] = {"fixed", "swift", NULL};
static const char *const beside_names[] = {"put", "get", NULL};
static const char *const to_names[] = {"all", "set", NULL};
static const char *const crc_names[] = {"auto", "on", "off", NULL};

static const char *const full[] = {"full", NULL}; /* WINDOW_FULL */

#define MESSAGE_MAX 1024u /* SHMX_MESSAGE_MAX */
#define NODE_MAX    1023  /* SHMX_NODE_MAX */

#define RECEIVERS_DEFAULT 3

#define AT(field) offsetof(struct options, field)

static const struct option_type types[] = {
	{"workload", OPTION_CHOICE, AT(workload), 0, 0, workload_names},
	{"baseline", OPTION_CHOICE, AT(baseline), 0, 0, workload_names},
	{"size", OPTION_BYTES, AT(size), 1, UINT64_C(1) << 30},
	{"window", OPTION_NUMBER, AT(window), 1, 65534, full},
	{"burst", OPTION_NUMBER, AT(burst), 1, 4096},
	{"no-coalesce", OPTION_FLAG, AT(no_coalesce)},
	{"cc", OPTION_CHOICE, AT(cc), 0, 0, cc_names},
	{"crc", OPTION_CHOICE, AT(crc), 0, 0, crc_names},
	{"pattern", OPTION_CHOICE, AT(pattern), 0, 0, pattern_names},
	{"span", OPTION_BYTES, AT(span), 64, UINT64_C(1) << 36},
	{"live", OPTION_NUMBER, AT(live), 1, 1 << 20},
	{"locks", OPTION_NUMBER, AT(locks), 1, 1 << 20},
	{"shared", OPTION_FLAG, AT(shared)},
	{"nodes", OPTION_TEXT, AT(meeting)},
	{"receivers", OPTION_NUMBER, AT(receivers), 1, RECEIVERS},
	{"to", OPTION_CHOICE, AT(to), 0, 0, to_names},
	{"beside", OPTION_BYTES, AT(beside), 1, UINT64_C(1) << 30},
	{"beside-op", OPTION_CHOICE, AT(beside_op), 0, 0, beside_names},
	{"worker", OPTION_NUMBER, AT(worker), 0, 64},
	{"greedy", OPTION_FLAG, AT(greedy)},
	{"idle-sessions", OPTION_NUMBER, AT(idle_sessions), 1, 65000},
	{"flood", OPTION_NUMBER, AT(flood), 1, 100000000},
	{"seconds", OPTION_REAL, AT(seconds), 0, 1000000},
	{"warmup", OPTION_REAL, AT(warmup), 0, 1000000},
	{"count", OPTION_BYTES, AT(count), 0, UINT64_MAX - 1},
	{"pairs", OPTION_NUMBER, AT(pairs), 1, 10000},
	{"pool", OPTION_TEXT, AT(pool)},
	{"word", OPTION_TEXT, AT(word)},
	{"expect", OPTION_GIVEN, AT(expect), 0, UINT64_MAX},
	{"drop", OPTION_REAL, AT(drop), 0, 100},
	{"drop-seed", OPTION_BYTES, AT(drop_seed), 0, UINT64_MAX},
	{"fault", OPTION_FAULT, AT(fault)},
	{"baseline-fault", OPTION_FAULT, AT(baseline_fault)},
	{"interactive", OPTION_FLAG, AT(interactive), .letter = 'i'},
	{"check", OPTION_FLAG, AT(check)},
	{"json", OPTION_FLAG, AT(json)},
	{"quiet", OPTION_FLAG, AT(quiet)},
	{"help", OPTION_FLAG, AT(help)},
};

static void
defaults(struct options *o)
{
	memset(o, 0, sizeof(*o));
	o->workload = WORKLOAD_GET;
	o->baseline = WORKLOAD_RAW;
	o->window = 1;
	o->burst = 32;
	o->span = 64 << 20;
	o->live = 1024;
	o->locks = 4096;
	o->seconds = -1;
	o->warmup = -1;
	o->count = COUNT_NONE;
}

static bool
is_message(int workload)
{
	return workload == WORKLOAD_MSG || workload == WORKLOAD_BCAST;
}

static uint64_t
size_default(int workload)
{
	return workload == WORKLOAD_RAW || workload == WORKLOAD_ALLOC || is_message(workload) ? 64
	                                                                                      : 8;
}

/* A message that is compared with what moves a word has a size of its own. */
uint64_t
options_size(const struct options *o, enum workload_id id)
{
	if (is_message((int)id) == is_message(o->workload))
		return o->size;
	return size_default((int)id);
}

static void
fill_in(struct options *o)
{
	bool pairs = o->pairs > 0;

	if (o->size == 0)
		o->size = size_default(o->workload);
	if (o->seconds < 0)
		o->seconds = pairs ? 0.5 : 5;
	if (o->warmup < 0)
		o->warmup = o->count != COUNT_NONE ? 0 : pairs ? 0.1 : 0.5;
	if (o->word != NULL)
		o->span = 8;
}

static bool
counts(int workload)
{
	return workload == WORKLOAD_FAA || workload == WORKLOAD_CAS;
}

static bool
node_add(struct options *o, const char *text, size_t len)
{
	char word[8];
	uint64_t node;

	if (len >= sizeof(word) || o->nb_nodes == NODES_MAX)
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	if (option_bytes_parse(word, 1, NODE_MAX, &node) < 0)
		return false;
	for (uint32_t i = 0; i < o->nb_nodes; i++)
		if (o->nodes[i] == node)
			return false;
	o->nodes[o->nb_nodes++] = (uint16_t)node;
	return true;
}

/* --nodes; without it, this one. */
static int
nodes_read(struct options *o)
{
	const char *text = o->meeting;
	bool own = false;
	size_t n;

	if (text == NULL) {
		o->nodes[o->nb_nodes++] = (uint16_t)o->link.node;
		return 0;
	}
	for (;; text += n + 1) {
		n = strcspn(text, ",");
		if (!node_add(o, text, n))
			return fail("--nodes %s: give up to %u different ids of nodes, such as "
				    "2,3,4",
				o->meeting, NODES_MAX);
		if (text[n] == '\0')
			break;
	}
	for (uint32_t i = 0; i < o->nb_nodes; i++)
		own |= o->nodes[i] == o->link.node;
	if (!own)
		return fail("--nodes names all who meet: this one, %" PRIu32 ", too", o->link.node);
	if (o->nb_nodes > 1 && o->count == COUNT_NONE)
		return fail("--nodes: all have to meet as often: give each the same --count");
	return 0;
}

/* Locks, messages and barriers. */
static int
check_meeting(struct options *o)
{
	if (is_message(o->workload) && o->size > MESSAGE_MAX)
		return fail(
			"--size %" PRIu64 ": a message has 1 to %u bytes", o->size, MESSAGE_MAX);
	if ((o->workload == WORKLOAD_LOCKN || o->workload == WORKLOAD_BARRIER) && o->window != 1)
		return fail("--workload %s goes one step at a time: leave out --window",
			workload_names[o->workload]);
	if (o->meeting != NULL && o->workload != WORKLOAD_BARRIER)
		return fail("--nodes goes with --workload barrier only");
	return nodes_read(o);
}

/* The nodes behind this one are the receivers. */
static int
check_broadcast(struct options *o)
{
	bool wanted = o->workload == WORKLOAD_BCAST ||
	              (o->pairs > 0 && o->baseline == WORKLOAD_BCAST);

	if (!wanted && o->receivers > 0)
		return fail("--receivers goes with --workload bcast only");
	if (!wanted && o->to != BCAST_ALL)
		return fail("--to goes with --workload bcast only");
	if (wanted && o->receivers == 0)
		o->receivers = RECEIVERS_DEFAULT;
	if (o->link.node + o->receivers > NODE_MAX)
		return fail("--receivers %" PRIu32 ": they have the ids behind --node %" PRIu32
			    ", up to %u: give a lower one",
			o->receivers, o->link.node, NODE_MAX);
	return 0;
}

static int
check_workload(const struct options *o)
{
	if (o->workload == WORKLOAD_RAW && (o->size < 64 || o->size > 9000))
		return fail("--size %" PRIu64 ": a raw frame has 64 to 9000 bytes", o->size);
	if (counts(o->workload) && o->size != 4 && o->size != 8)
		return fail("--size %" PRIu64 ": an atomic has 4 or 8 bytes", o->size);
	if (o->workload != WORKLOAD_RAW && o->size > o->span)
		return fail("--size is larger than --span: give a larger --span");
	if (o->word != NULL && o->workload != WORKLOAD_FAA)
		return fail("--word goes with --workload faa only");
	if (o->expect.given && o->word == NULL)
		return fail("--expect goes with --word only");
	if (o->beside > 0 && o->workload == WORKLOAD_RAW)
		return fail("--beside does not go with --workload raw: choose another workload");
	if (o->count != COUNT_NONE && o->workload == WORKLOAD_RAW)
		return fail("--count does not go with --workload raw: use --seconds");
	return 0;
}

bool
options_baseline_faults(const struct options *o)
{
	return o->baseline_fault.named[FAULT_RX] || o->baseline_fault.named[FAULT_TX];
}

/* What the workload suffers, and the baseline does not. */
static bool
disturbed(const struct options *o)
{
	return o->beside > 0 || o->flood > 0 || options_baseline_faults(o);
}

static int
check_pairs(const struct options *o)
{
	if (options_baseline_faults(o) && (o->pairs == 0 || o->interactive))
		return fail("--baseline-fault goes with --pairs, and without --interactive");
	if (o->pairs == 0)
		return 0;
	if (o->check || o->word != NULL || o->count != COUNT_NONE)
		return fail("--pairs measures: leave out --check, --word and --count");
	if (o->baseline == o->workload && !disturbed(o))
		return fail("--pairs compares --workload with --baseline: choose two different");
	if (o->workload == WORKLOAD_RAW)
		return fail("--pairs with --workload raw: raw is the baseline; choose another "
			    "workload");
	if (o->baseline == WORKLOAD_ALLOC || o->workload == WORKLOAD_ALLOC ||
		!counts(o->baseline) || options_size(o, (enum workload_id)o->baseline) <= 8)
		return 0;
	return fail("--baseline %s needs --size 4 or 8", workload_names[o->baseline]);
}

/* The server echoes raw frames as they come, below all that knows tags. */
static int
check_vlan(const struct options *o)
{
	if (o->flood > 0 && (o->link.vlan != 0 || !ip_addr_is_v4(o->link.own.ip)))
		return fail(
			"--flood sends IPv4 without a tag: leave out --vlan, and give addresses of "
			"IPv4");
	if (o->link.vlan != 0 &&
		(o->workload == WORKLOAD_RAW || (o->pairs > 0 && o->baseline == WORKLOAD_RAW)))
		return fail("raw frames have no tag: leave out --vlan, or choose another "
			    "--baseline or --workload");
	return 0;
}

static int
check_all(struct options *o)
{
	int ret = link_options_check(&o->link);

	if (ret < 0)
		return ret;
	if (o->drop > 0 &&
		(fault_spec_on(&o->fault.dir[FAULT_RX]) || fault_spec_on(&o->fault.dir[FAULT_TX])))
		return fail("--drop and --fault do not go together: write --fault drop=%g%%,...",
			o->drop);
	ret = check_vlan(o);
	if (ret == 0)
		ret = check_workload(o);
	if (ret == 0)
		ret = check_meeting(o);
	if (ret == 0)
		ret = check_broadcast(o);
	return ret < 0 ? ret : check_pairs(o);
}

int
options_parse(struct options *o, int argc, char **argv)
{
	const struct option_set sets[] = {
		{link_option_types, link_option_nb, &o->link},
		{types, RTE_DIM(types), o},
	};
	int rest;

	defaults(o);
	rest = options_read(sets, RTE_DIM(sets), false, &o->help, argc, argv);
	if (rest < 0 || o->help)
		return rest < 0 ? rest : 0;
	if (rest < argc)
		return fail("%s: not an option; see --help", argv[rest]);
	fill_in(o);
	return check_all(o);
}
