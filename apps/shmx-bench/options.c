/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "fail.h"
#include "options.h"

const char *const workload_names[] = {"raw", "get", "put", "faa", "cas", "alloc", "mix", NULL};

static const char *const pattern_names[] = {"random", "sequential", NULL};
static const char *const cc_names[] = {"fixed", "swift", NULL};
static const char *const beside_names[] = {"put", "get", NULL};
static const char *const crc_names[] = {"auto", "on", "off", NULL};

enum kind {
	FLAG,    /* bool */
	TEXT,    /* const char * */
	CHOICE,  /* int */
	NUMBER,  /* uint32_t */
	BYTES,   /* uint64_t, with K, M or G */
	REAL,    /* double */
	ADDRESS, /* struct ip_addr */
	OWN,     /* IP address and perhaps prefix length */
	SERVER,  /* IP address and perhaps UDP port */
	WINDOW,  /* NUMBER or "full" */
	EXPECT,  /* BYTES, and that it was given */
	FAULT,   /* struct fault_settings */
};

struct option_type {
	const char *name;
	enum kind kind;
	uint16_t offset;
	uint64_t min, max;
	const char *const *choices;
};

#define AT(field) offsetof(struct options, field)

static const struct option_type types[] = {
	{"port", TEXT, AT(port), 0, 0, NULL},
	{"mtu", NUMBER, AT(mtu), 1280, 9000, NULL},
	{"vlan", NUMBER, AT(vlan), 1, 4094, NULL},
	{"vlan-priority", NUMBER, AT(vlan_priority), 0, 7, NULL},
	{"ip", OWN, AT(ip), 0, 0, NULL},
	{"gateway", ADDRESS, AT(gateway), 0, 0, NULL},
	{"server", SERVER, AT(server), 0, 0, NULL},
	{"node", NUMBER, AT(node), 1, 1023, NULL},
	{"workload", CHOICE, AT(workload), 0, 0, workload_names},
	{"baseline", CHOICE, AT(baseline), 0, 0, workload_names},
	{"size", BYTES, AT(size), 1, UINT64_C(1) << 30, NULL},
	{"window", WINDOW, AT(window), 1, 65534, NULL},
	{"burst", NUMBER, AT(burst), 1, 4096, NULL},
	{"no-coalesce", FLAG, AT(no_coalesce), 0, 0, NULL},
	{"cc", CHOICE, AT(cc), 0, 0, cc_names},
	{"crc", CHOICE, AT(crc), 0, 0, crc_names},
	{"pattern", CHOICE, AT(pattern), 0, 0, pattern_names},
	{"span", BYTES, AT(span), 64, UINT64_C(1) << 36, NULL},
	{"live", NUMBER, AT(live), 1, 1 << 20, NULL},
	{"beside", BYTES, AT(beside), 1, UINT64_C(1) << 30, NULL},
	{"beside-op", CHOICE, AT(beside_op), 0, 0, beside_names},
	{"worker", NUMBER, AT(worker), 0, 64, NULL},
	{"greedy", FLAG, AT(greedy), 0, 0, NULL},
	{"idle-sessions", NUMBER, AT(idle_sessions), 1, 65000, NULL},
	{"flood", NUMBER, AT(flood), 1, 100000000, NULL},
	{"seconds", REAL, AT(seconds), 0, 1000000, NULL},
	{"warmup", REAL, AT(warmup), 0, 1000000, NULL},
	{"count", BYTES, AT(count), 0, UINT64_MAX - 1, NULL},
	{"pairs", NUMBER, AT(pairs), 1, 10000, NULL},
	{"pool", TEXT, AT(pool), 0, 0, NULL},
	{"word", TEXT, AT(word), 0, 0, NULL},
	{"expect", EXPECT, AT(expect), 0, UINT64_MAX, NULL},
	{"drop", REAL, AT(drop), 0, 100, NULL},
	{"drop-seed", BYTES, AT(drop_seed), 0, UINT64_MAX, NULL},
	{"fault", FAULT, AT(fault), 0, 0, NULL},
	{"interactive", FLAG, AT(interactive), 0, 0, NULL},
	{"check", FLAG, AT(check), 0, 0, NULL},
	{"json", FLAG, AT(json), 0, 0, NULL},
	{"quiet", FLAG, AT(quiet), 0, 0, NULL},
	{"help", FLAG, AT(help), 0, 0, NULL},
};

#define NB_TYPES RTE_DIM(types)

static int
parse_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	static const char units[] = "KMGT";
	unsigned long long v;
	const char *unit;
	char *end;
	unsigned int shift = 0;

	/* Of its own accord it takes blanks and signs, too. */
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &end, 0);
	if (errno != 0)
		return -EINVAL;
	unit = isalpha((unsigned char)*end) ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (unit != NULL) {
		shift = 10 * (unsigned int)(unit - units + 1);
		end++;
	}
	if (*end != '\0' || v > UINT64_MAX >> shift || v << shift < min || v << shift > max)
		return -EINVAL;
	*value = v << shift;
	return 0;
}

static int
parse_number(const char *text, const struct option_type *t, uint32_t *value)
{
	uint64_t v;
	int ret = parse_bytes(text, t->min, t->max, &v);

	if (ret == 0)
		*value = (uint32_t)v;
	return ret;
}

static int
parse_real(const char *text, const struct option_type *t, double *value)
{
	double v;
	char *end;

	errno = 0;
	v = strtod(text, &end);
	if (errno != 0 || end == text || *end != '\0' ||
		!(v >= (double)t->min && v <= (double)t->max))
		return -EINVAL;
	*value = v;
	return 0;
}

static int
parse_choice(const char *text, const struct option_type *t, int *value)
{
	for (int i = 0; t->choices[i] != NULL; i++) {
		if (strcmp(text, t->choices[i]) == 0) {
			*value = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int
parse_address(const char *text, size_t len, struct ip_addr *ip)
{
	char buf[IP_ADDR_TEXT];

	if (len >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return ip_addr_parse(buf, ip) ? 0 : -EINVAL;
}

/* ADDR[/LEN] */
static int
parse_own(const char *text, struct options *o)
{
	size_t n = strcspn(text, "/");
	uint64_t len = 0;

	if (parse_address(text, n, &o->ip) < 0)
		return -EINVAL;
	if (text[n] == '/' &&
		parse_bytes(text + n + 1, 1, ip_addr_is_v4(o->ip) ? 32 : 128, &len) < 0)
		return -EINVAL;
	o->prefix_len = (uint8_t)len;
	return 0;
}

/* A.B.C.D[:PORT], IPV6 or [IPV6][:PORT] */
static int
parse_server(const char *text, struct options *o)
{
	bool brackets = text[0] == '[';
	const char *colon = strchr(text, ':'), *end;
	uint64_t port = 0;

	text += brackets;
	if (brackets)
		end = text + strcspn(text, "]");
	else if (colon != NULL && strchr(colon + 1, ':') == NULL)
		end = colon;
	else
		end = text + strlen(text);
	if (parse_address(text, (size_t)(end - text), &o->server) < 0 ||
		(brackets && *end++ != ']'))
		return -EINVAL;
	if (*end != '\0' && (*end != ':' || parse_bytes(end + 1, 1, 65535, &port) < 0))
		return -EINVAL;
	o->server_port = (uint16_t)port;
	return 0;
}

static int
parse_window(const char *text, const struct option_type *t, uint32_t *value)
{
	if (strcmp(text, "full") != 0)
		return parse_number(text, t, value);
	*value = WINDOW_FULL;
	return 0;
}

static int
parse_one(struct options *o, const struct option_type *t, const char *text)
{
	void *field = (char *)o + t->offset;
	char why[256];

	switch (t->kind) {
	case FLAG:
		*(bool *)field = true;
		return 0;
	case TEXT:
		*(const char **)field = text;
		return *text != '\0' ? 0 : -EINVAL;
	case CHOICE:
		return parse_choice(text, t, field);
	case NUMBER:
		return parse_number(text, t, field);
	case EXPECT:
		o->has_expect = true;
		/* fall through */
	case BYTES:
		return parse_bytes(text, t->min, t->max, field);
	case REAL:
		return parse_real(text, t, field);
	case ADDRESS:
		return parse_address(text, strlen(text), field);
	case OWN:
		return parse_own(text, o);
	case SERVER:
		return parse_server(text, o);
	case WINDOW:
		return parse_window(text, t, field);
	case FAULT:
		return fault_settings_parse(text, field, why, sizeof(why));
	}
	return -EINVAL;
}

static const char *
allowed(const struct option_type *t, char *buf, size_t size)
{
	size_t n = 0;

	switch (t->kind) {
	case CHOICE:
		for (int i = 0; t->choices[i] != NULL && n < size; i++)
			n += (size_t)snprintf(
				buf + n, size - n, "%s%s", i > 0 ? ", " : "", t->choices[i]);
		return buf;
	case NUMBER:
	case REAL:
		snprintf(buf, size, "a number from %" PRIu64 " to %" PRIu64, t->min, t->max);
		return buf;
	case BYTES:
	case EXPECT:
		snprintf(buf, size,
			"a number, perhaps with K, M or G, from %" PRIu64 " to %" PRIu64, t->min,
			t->max);
		return buf;
	case OWN:
		return "an address such as 10.0.0.2, 10.0.0.2/24 or fd00::2/64";
	case SERVER:
		return "an address such as 10.0.0.1, 10.0.0.1:51966 or [fd00::1]:51966";
	case ADDRESS:
		return "an address such as 10.0.0.1 or fd00::1";
	case WINDOW:
		return "a number from 1 to 65534, or full";
	default:
		return "some text";
	}
}

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
	o->seconds = -1;
	o->warmup = -1;
	o->count = COUNT_NONE;
}

static void
fill_in(struct options *o)
{
	bool pairs = o->pairs > 0;

	if (o->node == 0)
		o->node = o->ip.byte[15];
	if (o->size == 0)
		o->size = o->workload == WORKLOAD_RAW || o->workload == WORKLOAD_ALLOC ? 64 : 8;
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
	if (o->has_expect && o->word == NULL)
		return fail("--expect goes with --word only");
	if (o->beside > 0 && o->workload == WORKLOAD_RAW)
		return fail("--beside does not go with --workload raw: choose another workload");
	if (o->count != COUNT_NONE && o->workload == WORKLOAD_RAW)
		return fail("--count does not go with --workload raw: use --seconds");
	return 0;
}

static int
check_pairs(const struct options *o)
{
	if (o->pairs == 0)
		return 0;
	if (o->check || o->word != NULL || o->count != COUNT_NONE)
		return fail("--pairs measures: leave out --check, --word and --count");
	if (o->baseline == o->workload && o->beside == 0)
		return fail("--pairs compares --workload with --baseline: choose two different");
	if (o->workload == WORKLOAD_RAW)
		return fail("--pairs with --workload raw: raw is the baseline; choose another "
			    "workload");
	if (o->baseline == WORKLOAD_ALLOC || o->workload == WORKLOAD_ALLOC ||
		!counts(o->baseline) || o->size <= 8)
		return 0;
	return fail("--baseline %s needs --size 4 or 8", workload_names[o->baseline]);
}

static int
check_addresses(const struct options *o)
{
	bool v4 = ip_addr_is_v4(o->ip);

	if (ip_addr_is_none(o->ip) || ip_addr_is_none(o->server))
		return fail("--ip (ours) and --server (the memory node's) are needed, "
			    "for example --ip 10.0.0.2 --server 10.0.0.1");
	if (v4 != ip_addr_is_v4(o->server))
		return fail("--ip and --server are of different families: give two of IPv4, or of "
			    "IPv6");
	if (!ip_addr_is_none(o->gateway) && v4 != ip_addr_is_v4(o->gateway))
		return fail("--gateway is not of the family of --ip");
	return 0;
}

/* The server echoes raw frames as they come, below all that knows tags. */
static int
check_vlan(const struct options *o)
{
	if (o->vlan == 0 && o->vlan_priority != 0)
		return fail("--vlan-priority is part of a tag: give --vlan, too");
	if (o->flood > 0 && (o->vlan != 0 || !ip_addr_is_v4(o->ip)))
		return fail(
			"--flood sends IPv4 without a tag: leave out --vlan, and give addresses of "
			"IPv4");
	if (o->vlan != 0 &&
		(o->workload == WORKLOAD_RAW || (o->pairs > 0 && o->baseline == WORKLOAD_RAW)))
		return fail("raw frames have no tag: leave out --vlan, or choose another "
			    "--baseline or --workload");
	return 0;
}

static int
check_all(const struct options *o)
{
	int ret;

	if (o->port == NULL)
		return fail("--port is missing, for example --port virtio_user:path=/run/x.sock");
	ret = check_addresses(o);
	if (ret < 0)
		return ret;
	if (o->drop > 0 &&
		(fault_spec_on(&o->fault.dir[FAULT_RX]) || fault_spec_on(&o->fault.dir[FAULT_TX])))
		return fail("--drop and --fault do not go together: write --fault drop=%g%%,...",
			o->drop);
	if (o->node == 0)
		return fail("--node is missing, and --ip does not end in a number to take for it");
	ret = check_vlan(o);
	if (ret == 0)
		ret = check_workload(o);
	return ret < 0 ? ret : check_pairs(o);
}

static const struct option *
long_options(void)
{
	static struct option longs[NB_TYPES + 1];

	for (unsigned int i = 0; i < NB_TYPES; i++) {
		longs[i].name = types[i].name;
		longs[i].has_arg = types[i].kind == FLAG ? no_argument : required_argument;
	}
	return longs;
}

static int
refuse(const struct option_type *t, const char *text)
{
	struct fault_settings ignored;
	char buf[256];

	if (t->kind != FAULT)
		return fail("--%s %s: give %s", t->name, text, allowed(t, buf, sizeof(buf)));
	fault_settings_parse(text, &ignored, buf, sizeof(buf));
	return fail("--%s %s: %s", t->name, text, buf);
}

int
options_parse(struct options *o, int argc, char **argv)
{
	const struct option *longs = long_options();
	int i, c;

	defaults(o);
	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, "i", longs, &i)) == 0 || c == 'i') {
		if (c == 'i')
			o->interactive = true;
		else if (parse_one(o, &types[i], optarg) < 0)
			return refuse(&types[i], optarg);
		if (o->help)
			return 0;
	}
	if (c != -1)
		return fail("%s: no such option, or its value is missing; see --help",
			argv[optind - 1]);
	if (optind < argc)
		return fail("%s: not an option; see --help", argv[optind]);
	fill_in(o);
	return check_all(o);
}
