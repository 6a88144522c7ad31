/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * The options of shmx-bench. The input is text, an argument a line; with another byte than a dash
 * in front, that option is put behind options that are right, and the rest is its value.
 *
 * What must hold: what is accepted lies in its range; a number that is accepted is one, and no
 * more; what is refused says so once.
 */

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>

#include "../../apps/common/fail.h"
#include "../../apps/shmx-bench/options.h"
#include "fuzz.h"

#define ARGS_MAX 128
#define TEXT_MAX 16384

/* Values of these are numbers: digits, perhaps hexadecimal, perhaps a unit. */
static const char *const numbers[] = {"--node", "--size", "--burst", "--span", "--live", "--count",
	"--pairs", "--locks", "--expect", "--drop-seed", "--window", "--receivers"};
static const char *const others[] = {"--ip", "--server", "--gateway", "--seconds", "--warmup",
	"--drop", "--port", "--fault", "--baseline-fault", "--nodes"};

static char text[TEXT_MAX + 1];
static unsigned int complaints;

/* In place of the program's, which prints. */
int
fail(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	CHECK(vsnprintf(line, sizeof(line), format, args) > 0);
	va_end(args);
	complaints++;
	return -EINVAL;
}

static void
check_accepted(const struct options *o)
{
	CHECK(o->link.port != NULL && o->link.port[0] != '\0');
	CHECK(!ip_addr_is_none(o->link.own.ip) && !ip_addr_is_none(o->link.server.ip));
	CHECK(ip_addr_is_v4(o->link.own.ip) == ip_addr_is_v4(o->link.server.ip));
	CHECK(o->link.own.prefix_len <= (ip_addr_is_v4(o->link.own.ip) ? 32 : 128));
	CHECK(o->link.node >= 1 && o->link.node <= 1023);
	CHECK(o->size >= 1 && o->size <= UINT64_C(1) << 30);
	CHECK(o->window <= 65534 && o->burst >= 1 && o->burst <= 4096);
	CHECK(o->workload >= 0 && o->workload <= WORKLOAD_BCAST);
	CHECK(o->baseline >= 0 && o->baseline <= WORKLOAD_BCAST);
	CHECK(o->crc >= 0 && o->crc <= 2);
	CHECK(o->pattern >= 0 && o->pattern <= PATTERN_SEQUENTIAL);
	CHECK(o->span >= 8 && o->span <= UINT64_C(1) << 36);
	CHECK(o->live >= 1 && o->live <= 1 << 20 && o->pairs <= 10000);
	CHECK(o->seconds >= 0 && o->seconds <= 1000000);
	CHECK(o->warmup >= 0 && o->warmup <= 1000000);
	CHECK(o->locks >= 1 && o->locks <= 1 << 20 && o->nb_nodes <= NODES_MAX);
	CHECK((o->workload != WORKLOAD_MSG && o->workload != WORKLOAD_BCAST) || o->size <= 1024);
	CHECK(o->receivers <= RECEIVERS && o->link.node + o->receivers <= 1023);
	CHECK(o->workload != WORKLOAD_BCAST || o->receivers > 0);
	for (uint32_t i = 0; i < o->nb_nodes; i++)
		CHECK(o->nodes[i] >= 1 && o->nodes[i] <= 1023);
	CHECK(o->drop >= 0 && o->drop <= 100);
	CHECK(!options_baseline_faults(o) || (o->pairs > 0 && !o->interactive));
}

static bool
is_number(const char *s)
{
	size_t len = strlen(s);

	if (strcmp(s, "full") == 0)
		return true;
	if (len > 1 && strchr("KMGTkmgt", s[len - 1]) != NULL)
		len--;
	for (size_t i = 0; i < len; i++)
		if (!isxdigit((unsigned char)s[i]) && !(i == 1 && (s[i] | 0x20) == 'x'))
			return false;
	return isdigit((unsigned char)s[0]);
}

static void
parse(int argc, char **argv, const char *number)
{
	struct options o;
	int ret;

	complaints = 0;
	argv[argc] = NULL;
	ret = options_parse(&o, argc, argv);
	CHECK(ret == 0 || ret == -EINVAL);
	CHECK(complaints == (ret != 0));
	if (ret == 0 && !o.help) {
		check_accepted(&o);
		CHECK(number == NULL || is_number(number));
	}
}

static void
parse_one(uint8_t which, char *value)
{
	static char right[][24] = {"bench", "--port", "eth:0", "--ip", "10.0.0.2", "--server",
		"10.0.0.1", "--word", "w", "--workload", "faa"};
	const char *const *names = which & 1 ? others : numbers;
	unsigned int n = which & 1 ? RTE_DIM(others) : RTE_DIM(numbers);
	/* --expect goes with --word alone. */
	unsigned int given = which & 2 ? RTE_DIM(right) : 7;
	char *argv[RTE_DIM(right) + 3], name[24];

	for (unsigned int i = 0; i < given; i++)
		argv[i] = right[i];
	snprintf(name, sizeof(name), "%s", names[which / 4 % n]);
	argv[given] = name;
	argv[given + 1] = value;
	parse((int)given + 2, argv, which & 1 ? NULL : value);
}

static void
parse_lines(void)
{
	static char *argv[ARGS_MAX + 1];
	char *line = text, *next = text;
	int n = 0;

	argv[n++] = text + TEXT_MAX; /* an empty name */
	while (n < ARGS_MAX && (line = strsep(&next, "\n")) != NULL)
		argv[n++] = line;
	parse(n, argv, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t first = size > 0 ? data[0] : 0;

	size = RTE_MIN(size, (size_t)TEXT_MAX);
	memcpy(text, data, size);
	text[size] = '\0';
	if (size > 0 && first < 128 && first != '\n' && text[0] != '-')
		parse_one(first, text + 1);
	else
		parse_lines();
	return 0;
}
