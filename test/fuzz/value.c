/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Values as people write them, addresses among them: every type that the server's table of
 * settings has. The first byte of the input chooses the setting, the rest is the text.
 *
 * What must hold: what is accepted lies in its range, and written out again means the same; what is
 * refused leaves the field alone and says what is allowed.
 */

#include <errno.h>
#include <inttypes.h>

#include "../../apps/shmx-server/options.h"
#include "../../apps/shmx-server/settings.h"
#include "fault/spec.h"
#include "fuzz.h"

#define UNTOUCHED 0x5a

/* Every other node, as "1001-1001,". */
#define NODES_TEXT_MAX 8192
static_assert(NODES_TEXT_MAX >= FAULT_TEXT_MAX, "the longest value");

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
	case VALUE_IP:
	case VALUE_PREFIX:
		return sizeof(struct ip_pair);
	case VALUE_RANGE:
		return sizeof(struct number_range);
	case VALUE_NODES:
		return sizeof(struct node_list);
	case VALUE_FAULT:
		return sizeof(struct fault_settings);
	case VALUE_TEXT:
	case VALUE_PATH:
		return type->max + 1;
	}
	return 0;
}

/* Those of both families that are given, with a comma between. */
static void
write_addresses(const struct ip_pair *pair, char *buf, size_t size)
{
	const struct ip_prefix *const each[] = {&pair->v4, &pair->v6};
	char text[IP_ADDR_TEXT];
	size_t n = 0;

	for (unsigned int i = 0; i < RTE_DIM(each); i++) {
		if (ip_addr_is_none(each[i]->addr))
			continue;
		n += (size_t)snprintf(buf + n, size - n, "%s%s", n > 0 ? "," : "",
			ip_addr_format(each[i]->addr, text));
		if (each[i]->len != 0)
			n += (size_t)snprintf(buf + n, size - n, "/%u", each[i]->len);
	}
}

/* Runs of nodes, with a comma between. */
static void
write_nodes(const struct node_list *list, char *buf, size_t size)
{
	uint32_t first, last;
	size_t n = 0;

	for (first = 0; first <= VALUE_NODE_MAX; first = last + 1) {
		last = first;
		if ((list->bits[first / 64] >> first % 64 & 1) == 0)
			continue;
		while (last < VALUE_NODE_MAX &&
			(list->bits[(last + 1) / 64] >> (last + 1) % 64 & 1) != 0)
			last++;
		n += (size_t)snprintf(buf + n, size - n, "%s%u-%u", n > 0 ? "," : "", first, last);
	}
}

/* The value as a person would write it. */
static void
write_value(const struct value_type *type, const void *field, char *buf, size_t size)
{
	const struct number_range *range = field;

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
	case VALUE_IP:
	case VALUE_PREFIX:
		write_addresses(field, buf, size);
		break;
	case VALUE_RANGE:
		snprintf(buf, size, "%" PRIu32 "-%" PRIu32, range->first, range->last);
		break;
	case VALUE_NODES:
		write_nodes(field, buf, size);
		break;
	case VALUE_FAULT:
		fault_settings_format(field, buf, size);
		break;
	case VALUE_TEXT:
	case VALUE_PATH:
		snprintf(buf, size, "%s", (const char *)field);
		break;
	}
}

static bool
fault_in_range(const struct fault_settings *s)
{
	for (unsigned int i = 0; i < FAULT_DIRS; i++) {
		const struct fault_spec *f = &s->dir[i];

		if (!(f->drop <= 100 && f->dup <= 100 && f->reorder <= 100 && f->flip <= 100 &&
			    f->trunc <= 100) ||
			f->reorder_frames > FAULT_FRAMES_MAX || f->flip_bits > FAULT_BITS_MAX ||
			f->delay_ns > FAULT_NS_MAX || f->jitter_ns > FAULT_NS_MAX)
			return false;
	}
	return true;
}

static bool
in_range(const struct value_type *type, const void *field)
{
	const struct number_range *range = field;

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
		return ((const struct ip_pair *)field)->v4.len <= 32 &&
		       ((const struct ip_pair *)field)->v6.len <= 128;
	case VALUE_RANGE:
		return range->first >= type->min && range->last >= range->first &&
		       range->last <= type->max;
	case VALUE_NODES:
		return (((const struct node_list *)field)->bits[0] & 1) == 0;
	case VALUE_FAULT:
		return fault_in_range(field);
	default:
		return true;
	}
}

/* Percentages are written with ten digits. */
static bool
near(double a, double b)
{
	return a - b <= 1e-9 * a && b - a <= 1e-9 * a;
}

/* What is off is not written at all. */
static bool
same_fault(const struct fault_spec *a, const struct fault_spec *b)
{
	if (!fault_spec_on(a))
		return !fault_spec_on(b);
	return near(a->drop, b->drop) && near(a->dup, b->dup) && near(a->trunc, b->trunc) &&
	       near(a->reorder, b->reorder) && near(a->flip, b->flip) &&
	       (!(a->reorder > 0) || (a->reorder_frames == b->reorder_frames &&
					     a->reorder_ns == b->reorder_ns)) &&
	       (!(a->flip > 0) || a->flip_bits == b->flip_bits) && a->delay_ns == b->delay_ns &&
	       a->jitter_ns == b->jitter_ns && a->blackhole_ns == b->blackhole_ns &&
	       a->seed == b->seed;
}

static bool
same_faults(const struct fault_settings *a, const struct fault_settings *b)
{
	return same_fault(&a->dir[FAULT_RX], &b->dir[FAULT_RX]) &&
	       same_fault(&a->dir[FAULT_TX], &b->dir[FAULT_TX]);
}

static bool
same(const struct value_type *type, const void *a, const void *b, size_t size)
{
	const struct ip_pair *p = a, *q = b;

	if (type->kind == VALUE_IP || type->kind == VALUE_PREFIX)
		return ip_addr_equal(p->v4.addr, q->v4.addr) && p->v4.len == q->v4.len &&
		       ip_addr_equal(p->v6.addr, q->v6.addr) && p->v6.len == q->v6.len;
	if (type->kind == VALUE_TEXT || type->kind == VALUE_PATH)
		return strcmp(a, b) == 0;
	if (type->kind == VALUE_FAULT)
		return same_faults(a, b);
	return memcmp(a, b, size) == 0;
}

static void
check_accepted(const struct value_type *type, const void *field, size_t size)
{
	void *again = malloc(size);
	struct problem p;
	char buf[NODES_TEXT_MAX];

	CHECK(again != NULL);
	CHECK(in_range(type, field));
	write_value(type, field, buf, sizeof(buf));
	CHECK(value_parse(type, buf, again, &p) == 0);
	CHECK(same(type, field, again, size));
	free(again);
}

static void
check_refused(
	const struct value_type *type, const uint8_t *field, size_t size, const struct problem *p)
{
	for (size_t i = 0; i < size; i++)
		CHECK(field[i] == UNTOUCHED);
	CHECK(strstr(p->text, type->kind == VALUE_FAULT ? "': " : " is not ") != NULL);
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
		check_refused(type, field, room, &p);
	free(field);
	free(text);
	return 0;
}
