/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Values as people write them, addresses among them: every type that the server's table of
 * settings has. The first byte of the input chooses the setting, the rest is the text.
 *
 * What must hold: what is accepted lies in its range, and written out again means the same; what is
 * refused leaves the field alone and says what is allowed.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>

#include "../../apps/shmx-server/options.h"
#include "../../apps/shmx-server/settings.h"
#include "fuzz.h"

#define UNTOUCHED 0x5a

static size_t
field_size(const struct value_type *type)
{
	switch (type->kind) {
	case VALUE_NUMBER:
	case VALUE_POWER:
		return sizeof(uint32_t);
	case VALUE_SIZE:
		return sizeof(uint64_t);
	case VALUE_PERCENT:
		return sizeof(double);
	case VALUE_CHOICE:
		return sizeof(int);
	case VALUE_IPV4:
		return sizeof(rte_be32_t);
	case VALUE_PREFIX:
		return sizeof(struct ipv4_prefix);
	case VALUE_TEXT:
		return type->max + 1;
	}
	return 0;
}

/* The value as a person would write it. */
static void
write_value(const struct value_type *type, const void *field, char *buf, size_t size)
{
	const struct ipv4_prefix *prefix = field;
	char addr[INET_ADDRSTRLEN];

	switch (type->kind) {
	case VALUE_NUMBER:
	case VALUE_POWER:
		snprintf(buf, size, "%" PRIu32, *(const uint32_t *)field);
		break;
	case VALUE_SIZE:
		value_format_size(*(const uint64_t *)field, buf, size);
		break;
	case VALUE_PERCENT:
		snprintf(buf, size, "%.17g", *(const double *)field);
		break;
	case VALUE_CHOICE:
		snprintf(buf, size, "%s", type->choices[*(const int *)field]);
		break;
	case VALUE_IPV4:
		CHECK(inet_ntop(AF_INET, field, buf, (socklen_t)size) != NULL);
		break;
	case VALUE_PREFIX:
		CHECK(inet_ntop(AF_INET, &prefix->addr, addr, sizeof(addr)) != NULL);
		snprintf(buf, size, prefix->len != 0 ? "%s/%u" : "%s", addr, prefix->len);
		break;
	case VALUE_TEXT:
		snprintf(buf, size, "%s", (const char *)field);
		break;
	}
}

static bool
in_range(const struct value_type *type, const void *field)
{
	switch (type->kind) {
	case VALUE_NUMBER:
	case VALUE_POWER:
		return *(const uint32_t *)field >= type->min &&
		       *(const uint32_t *)field <= type->max;
	case VALUE_SIZE:
		return *(const uint64_t *)field >= type->min &&
		       *(const uint64_t *)field <= type->max;
	case VALUE_PERCENT:
		return *(const double *)field >= 0 && *(const double *)field <= 100;
	case VALUE_PREFIX:
		return ((const struct ipv4_prefix *)field)->len <= 32;
	default:
		return true;
	}
}

static bool
same(const struct value_type *type, const void *a, const void *b, size_t size)
{
	const struct ipv4_prefix *p = a, *q = b;

	if (type->kind == VALUE_PREFIX)
		return p->addr == q->addr && p->len == q->len;
	if (type->kind == VALUE_TEXT)
		return strcmp(a, b) == 0;
	return memcmp(a, b, size) == 0;
}

static void
check_accepted(const struct value_type *type, const void *field, size_t size)
{
	void *again = malloc(size);
	struct problem p;
	char buf[512];

	CHECK(again != NULL);
	CHECK(in_range(type, field));
	write_value(type, field, buf, sizeof(buf));
	CHECK(value_parse(type, buf, again, &p) == 0);
	CHECK(same(type, field, again, size));
	free(again);
}

static void
check_refused(const uint8_t *field, size_t size, const struct problem *p)
{
	for (size_t i = 0; i < size; i++)
		CHECK(field[i] == UNTOUCHED);
	CHECK(strstr(p->text, " is not ") != NULL);
	CHECK(strnlen(p->text, sizeof(p->text)) < sizeof(p->text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	const struct value_type *type = &settings[in_u8(&in) % nb_settings].type;
	size_t len = in_left(&in), room = field_size(type);
	char *text = malloc(len + 1);
	uint8_t *field = malloc(room);
	struct problem p = {0};
	int ret;

	CHECK(text != NULL && field != NULL && room > 0);
	in_bytes(&in, text, len);
	text[len] = '\0';
	memset(field, UNTOUCHED, room);
	ret = value_parse(type, text, field, &p);
	CHECK(ret == 0 || ret == -EINVAL);
	if (ret == 0)
		check_accepted(type, field, room);
	else
		check_refused(field, room, &p);
	free(field);
	free(text);
	return 0;
}
