/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "fail.h"
#include "fault/spec.h"
#include "option.h"

int
option_bytes_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	static const char units[] = "KMGT";
	unsigned long long v;
	const char *unit;
	char *end;
	unsigned int shift = 0;
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');

	/* Of its own accord it takes blanks and signs, too. */
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &end, hex ? 16 : 10); /* a leading 0 is no base */
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
parse_number(const char *text, const struct option_type *t, uint32_t *value)
{
	uint64_t v;
	int word;

	if (t->choices != NULL && parse_choice(text, t, &word) == 0) {
		*value = (uint32_t)word;
		return 0;
	}
	if (option_bytes_parse(text, t->min, t->max, &v) < 0)
		return -EINVAL;
	*value = (uint32_t)v;
	return 0;
}

static int
parse_given(const char *text, const struct option_type *t, struct option_bytes *bytes)
{
	bytes->given = true;
	return option_bytes_parse(text, t->min, t->max, &bytes->value);
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
parse_own(const char *text, struct own_addr *own)
{
	size_t n = strcspn(text, "/");
	uint64_t len = 0;

	if (parse_address(text, n, &own->ip) < 0)
		return -EINVAL;
	if (text[n] == '/' &&
		option_bytes_parse(text + n + 1, 1, ip_addr_is_v4(own->ip) ? 32 : 128, &len) < 0)
		return -EINVAL;
	own->prefix_len = (uint8_t)len;
	return 0;
}

/* A.B.C.D[:PORT], IPV6 or [IPV6][:PORT] */
static int
parse_server(const char *text, struct server_addr *server)
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
	if (parse_address(text, (size_t)(end - text), &server->ip) < 0 ||
		(brackets && *end++ != ']'))
		return -EINVAL;
	if (*end != '\0' && (*end != ':' || option_bytes_parse(end + 1, 1, 65535, &port) < 0))
		return -EINVAL;
	server->udp_port = (uint16_t)port;
	return 0;
}

static int
parse(const struct option_type *t, void *field, const char *text)
{
	switch (t->kind) {
	case OPTION_TEXT:
		*(const char **)field = text;
		return *text != '\0' ? 0 : -EINVAL;
	case OPTION_CHOICE:
		return parse_choice(text, t, field);
	case OPTION_NUMBER:
		return parse_number(text, t, field);
	case OPTION_BYTES:
		return option_bytes_parse(text, t->min, t->max, field);
	case OPTION_GIVEN:
		return parse_given(text, t, field);
	case OPTION_REAL:
		return parse_real(text, t, field);
	case OPTION_ADDRESS:
		return parse_address(text, strlen(text), field);
	case OPTION_OWN:
		return parse_own(text, field);
	case OPTION_SERVER:
		return parse_server(text, field);
	case OPTION_FLAG:  /* has no value */
	case OPTION_FAULT: /* by itself: it says more than what is allowed */
		break;
	}
	return -EINVAL;
}

static const char *
choices_join(const char *const *choices, char *buf, size_t size)
{
	size_t n = 0;

	for (int i = 0; choices[i] != NULL && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", i > 0 ? ", " : "", choices[i]);
	return buf;
}

static const char *
allowed(const struct option_type *t, char *buf, size_t size)
{
	switch (t->kind) {
	case OPTION_CHOICE:
		return choices_join(t->choices, buf, size);
	case OPTION_NUMBER:
	case OPTION_REAL:
		snprintf(buf, size, "a number from %" PRIu64 " to %" PRIu64 "%s%s", t->min, t->max,
			t->choices != NULL ? ", or " : "", t->choices != NULL ? t->choices[0] : "");
		return buf;
	case OPTION_BYTES:
	case OPTION_GIVEN:
		snprintf(buf, size,
			"a number, perhaps with K, M or G, from %" PRIu64 " to %" PRIu64, t->min,
			t->max);
		return buf;
	case OPTION_OWN:
		return "an address such as 10.0.0.2, 10.0.0.2/24 or fd00::2/64";
	case OPTION_SERVER:
		return "an address such as 10.0.0.1, 10.0.0.1:51966 or [fd00::1]:51966";
	case OPTION_ADDRESS:
		return "an address such as 10.0.0.1 or fd00::1";
	default:
		return "some text";
	}
}

static int
parse_fault(void *field, const char *where, const char *text)
{
	char why[256];

	if (fault_settings_parse(text, field, why, sizeof(why)) == 0)
		return 0;
	return fail("%s %s: %s", where, text, why);
}

int
option_parse(const struct option_type *t, void *base, const char *where, const char *text)
{
	void *field = RTE_PTR_ADD(base, t->offset);
	char buf[256];

	if (t->kind == OPTION_FLAG) {
		*(bool *)field = true;
		return 0;
	}
	if (t->kind == OPTION_FAULT)
		return parse_fault(field, where, text);
	if (parse(t, field, text) == 0)
		return 0;
	return fail("%s %s: give %s", where, text, allowed(t, buf, sizeof(buf)));
}

const struct option_type *
option_find(const struct option_set *set, const char *name)
{
	for (unsigned int i = 0; i < set->nb; i++)
		if (strcmp(set->types[i].name, name) == 0)
			return &set->types[i];
	return NULL;
}

/* What getopt_long() reads, and which option of which set each line means. */
struct long_options {
	unsigned int nb;
	struct option line[OPTIONS_MAX + 1];
	const struct option_type *type[OPTIONS_MAX];
	void *base[OPTIONS_MAX];
	char letters[2 * OPTIONS_MAX + 3];
};

static void
collect(struct long_options *l, const struct option_set *set)
{
	assert(l->nb + set->nb <= OPTIONS_MAX);
	for (unsigned int i = 0; i < set->nb; i++, l->nb++) {
		const struct option_type *t = &set->types[i];
		int has_arg = t->kind == OPTION_FLAG ? no_argument : required_argument;
		size_t n = strlen(l->letters);

		l->line[l->nb] = (struct option){.name = t->name, .has_arg = has_arg};
		l->type[l->nb] = t;
		l->base[l->nb] = set->base;
		if (t->letter != 0)
			snprintf(l->letters + n, sizeof(l->letters) - n, "%c%s", t->letter,
				has_arg == required_argument ? ":" : "");
	}
}

/* Of a letter that getopt_long() found. */
static int
find_letter(const struct long_options *l, int letter)
{
	for (unsigned int i = 0; i < l->nb; i++)
		if (l->type[i]->letter == letter)
			return (int)i;
	return -1;
}

/* Line @p i of what getopt_long() reads was found, with this value. */
static int
take(const struct long_options *l, int i, const char *text)
{
	char where[64];

	if (i < 0 || (unsigned int)i >= l->nb || l->type[i] == NULL)
		return -EINVAL;
	snprintf(where, sizeof(where), "--%s", l->type[i]->name);
	return option_parse(l->type[i], l->base[i], where, text);
}

int
options_read(const struct option_set *sets, unsigned int nb_sets, bool leading, const bool *enough,
	int argc, char **argv)
{
	struct long_options l = {.nb = 0, .letters = ""};
	int i = 0, c;

	snprintf(l.letters, sizeof(l.letters), "%s", leading ? "+" : "");
	for (unsigned int s = 0; s < nb_sets; s++)
		collect(&l, &sets[s]);
	/* Not 1: it may have been in the midst of another command line. */
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, l.letters, l.line, &i)) != -1) {
		if (c == '?')
			return fail("%s: no such option, or its value is missing; see --help",
				argv[optind - 1]);
		if (take(&l, c == 0 ? i : find_letter(&l, c), optarg) < 0)
			return -EINVAL;
		if (*enough)
			break;
	}
	return optind;
}
