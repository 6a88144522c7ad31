/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_string_fns.h>

#include "fault/spec.h"
#include "value.h"

static const char units[] = "KMGT";

static bool
parse_number(const struct value_type *type, const char *text, void *field)
{
	unsigned long long n;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || n < type->min || n > type->max)
		return false;
	if (type->kind == VALUE_POWER && !rte_is_power_of_2((uint32_t)n))
		return false;
	*(uint32_t *)field = (uint32_t)n;
	return true;
}

/* How often 1024 is in the unit at text; -1 when that is none. */
static int
unit_power(const char *text)
{
	const char *unit;

	if (*text == '\0')
		return 0;
	unit = strchr(units, toupper((unsigned char)*text));
	if (unit == NULL || *unit == '\0')
		return -1;
	if (text[1] != '\0' && strcasecmp(text + 1, "iB") != 0 && strcasecmp(text + 1, "B") != 0)
		return -1;
	return (int)(unit - units) + 1;
}

static bool
parse_size(const struct value_type *type, const char *text, void *field)
{
	unsigned long long n;
	char *end;
	int power;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	n = strtoull(text, &end, 10);
	power = unit_power(end);
	if (errno != 0 || power < 0 || n > UINT64_MAX >> (10 * power))
		return false;
	n <<= 10 * power;
	if (n < type->min || n > type->max)
		return false;
	*(uint64_t *)field = n;
	return true;
}

static bool
parse_percent(const char *text, void *field)
{
	double percent;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	percent = strtod(text, &end);
	if (*end == '%')
		end++;
	if (*end != '\0' || !(percent >= 0 && percent <= 100))
		return false;
	*(double *)field = percent;
	return true;
}

static bool
parse_choice(const struct value_type *type, const char *text, void *field)
{
	for (int i = 0; type->choices[i] != NULL; i++) {
		if (strcmp(type->choices[i], text) == 0) {
			*(int *)field = i;
			return true;
		}
	}
	return false;
}

/* ADDR or, where that is wanted, ADDR/LEN, of @p n characters; @p pair has none of its family. */
static bool
parse_ip(const char *text, size_t n, bool with_len, struct ip_pair *pair)
{
	struct value_type length = {VALUE_NUMBER, 1, 32, NULL};
	char buf[IP_ADDR_TEXT + 4], *slash;
	struct ip_prefix prefix = {0}, *to;
	uint32_t len = 0;

	if (n >= sizeof(buf))
		return false;
	strlcpy(buf, text, n + 1);
	slash = strchr(buf, '/');
	if (slash != NULL)
		*slash = '\0';
	if ((slash != NULL && !with_len) || !ip_addr_parse(buf, &prefix.addr))
		return false;
	to = ip_addr_is_v4(prefix.addr) ? &pair->v4 : &pair->v6;
	length.max = to == &pair->v4 ? 32 : 128;
	if (!ip_addr_is_none(to->addr) ||
		(slash != NULL && !parse_number(&length, slash + 1, &len)))
		return false;
	prefix.len = (uint8_t)len;
	*to = prefix;
	return true;
}

/* One of a family, or one of each with a comma between. */
static bool
parse_pair(const char *text, bool with_len, void *field)
{
	struct ip_pair pair = {0};
	size_t n = strcspn(text, ",");

	if (!parse_ip(text, n, with_len, &pair))
		return false;
	if (text[n] == ',' && !parse_ip(text + n + 1, strlen(text + n + 1), with_len, &pair))
		return false;
	*(struct ip_pair *)field = pair;
	return true;
}

/* FIRST-LAST */
static bool
parse_range(const struct value_type *type, const char *text, void *field)
{
	const struct value_type number = {VALUE_NUMBER, type->min, type->max, NULL};
	struct number_range range;
	char first[16];
	size_t n = strcspn(text, "-");

	if (n >= sizeof(first) || text[n] != '-')
		return false;
	strlcpy(first, text, n + 1);
	if (!parse_number(&number, first, &range.first) ||
		!parse_number(&number, text + n + 1, &range.last) || range.last < range.first)
		return false;
	*(struct number_range *)field = range;
	return true;
}

/* A number up to one of @p ends, or the end. */
static bool
parse_node(const char **text, const char *ends, uint32_t *node)
{
	const struct value_type number = {VALUE_NUMBER, 1, VALUE_NODE_MAX, NULL};
	size_t n = strcspn(*text, ends);
	char buf[16];

	if (n >= sizeof(buf))
		return false;
	strlcpy(buf, *text, n + 1);
	*text += n;
	return parse_number(&number, buf, node);
}

/* ID or FIRST-LAST */
static bool
parse_some_nodes(const char **text, struct node_list *list)
{
	uint32_t first, last;

	if (!parse_node(text, ",-", &first))
		return false;
	last = first;
	if (**text == '-') {
		++*text;
		if (!parse_node(text, ",", &last) || last < first)
			return false;
	}
	for (; first <= last; first++)
		list->bits[first / 64] |= UINT64_C(1) << first % 64;
	return true;
}

static bool
parse_nodes(const char *text, void *field)
{
	struct node_list list = {0};

	while (parse_some_nodes(&text, &list)) {
		if (*text == '\0') {
			*(struct node_list *)field = list;
			return true;
		}
		text++;
	}
	return false;
}

static bool
parse_text(const struct value_type *type, const char *text, void *field)
{
	size_t len = strlen(text);

	if (len == 0 || len > type->max)
		return false;
	memcpy(field, text, len + 1);
	return true;
}

static bool
parse(const struct value_type *type, const char *text, void *field)
{
	switch (type->kind) {
	case VALUE_NUMBER:
	case VALUE_POWER:
		return parse_number(type, text, field);
	case VALUE_SIZE:
		return parse_size(type, text, field);
	case VALUE_PERCENT:
		return parse_percent(text, field);
	case VALUE_CHOICE:
		return parse_choice(type, text, field);
	case VALUE_IP:
	case VALUE_PREFIX:
		return parse_pair(text, type->kind == VALUE_PREFIX, field);
	case VALUE_RANGE:
		return parse_range(type, text, field);
	case VALUE_NODES:
		return parse_nodes(text, field);
	case VALUE_TEXT:
	case VALUE_PATH:
		return parse_text(type, text, field);
	case VALUE_FAULT: /* by itself: it says more than what is allowed */
		break;
	}
	return false;
}

static int
parse_fault(const char *text, void *field, struct problem *p)
{
	struct fault_settings settings;
	char why[256];

	if (fault_settings_parse(text, &settings, why, sizeof(why)) != 0)
		return problem_set(p, "'%.60s': %s", text, why);
	memcpy(field, &settings, sizeof(settings));
	return 0;
}

int
value_parse(const struct value_type *type, const char *text, void *field, struct problem *p)
{
	char allowed[256];

	if (type->kind == VALUE_FAULT)
		return parse_fault(text, field, p);
	if (parse(type, text, field))
		return 0;
	return problem_set(
		p, "'%.60s' is not %s", text, value_allowed(type, allowed, sizeof(allowed)));
}

const char *
value_format_size(uint64_t bytes, char *buf, size_t size)
{
	int power = 0;

	while (power < (int)sizeof(units) - 1 && bytes != 0 && bytes % 1024 == 0) {
		bytes /= 1024;
		power++;
	}
	snprintf(buf, size, "%" PRIu64 "%.*s", bytes, power != 0, &units[RTE_MAX(power, 1) - 1]);
	return buf;
}

static void
choices_join(const char *const *choices, char *buf, size_t size)
{
	strlcpy(buf, "one of ", size);
	for (int i = 0; choices[i] != NULL; i++) {
		if (i != 0)
			strlcat(buf, ", ", size);
		strlcat(buf, choices[i], size);
	}
}

const char *
value_allowed(const struct value_type *type, char *buf, size_t size)
{
	char min[32], max[32];

	switch (type->kind) {
	case VALUE_NUMBER:
	case VALUE_POWER:
		snprintf(buf, size, "a %s from %" PRIu64 " to %" PRIu64,
			type->kind == VALUE_POWER ? "power of two" : "number", type->min,
			type->max);
		break;
	case VALUE_SIZE:
		snprintf(buf, size, "a size from %s to %s, such as 512M or 2G",
			value_format_size(type->min, min, sizeof(min)),
			value_format_size(type->max, max, sizeof(max)));
		break;
	case VALUE_PERCENT:
		strlcpy(buf, "a percentage from 0 to 100, such as 0.5", size);
		break;
	case VALUE_CHOICE:
		choices_join(type->choices, buf, size);
		break;
	case VALUE_IP:
		strlcpy(buf, "a host's IP address, such as 192.168.7.1 or fd00::1", size);
		break;
	case VALUE_PREFIX:
		strlcpy(buf,
			"a host's IP address, such as 192.168.7.1, 192.168.7.1/24 or fd00::1/64, "
			"or "
			"one of each family: 192.168.7.1/24,fd00::1/64",
			size);
		break;
	case VALUE_RANGE:
		snprintf(buf, size,
			"FIRST-LAST, numbers from %" PRIu64 " to %" PRIu64 ", such as 65-128",
			type->min, type->max);
		break;
	case VALUE_NODES:
		snprintf(buf, size, "a list of node ids from 1 to %d, such as 1,2,5-9",
			VALUE_NODE_MAX);
		break;
	case VALUE_FAULT:
		strlcpy(buf, "off, or as in drop=1%,delay=50us~20us,seed=7,dir=rx: see drivers.md",
			size);
		break;
	case VALUE_PATH:
		snprintf(buf, size, "a path of 1 to %" PRIu64 " characters", type->max);
		break;
	case VALUE_TEXT:
		snprintf(buf, size, "a text of 1 to %" PRIu64 " characters", type->max);
		break;
	}
	return buf;
}
