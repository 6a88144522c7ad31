/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_string_fns.h>

#include "fault/spec.h"

/* One SPEC while it is read. */
struct part {
	struct fault_spec spec;
	bool dir[FAULT_DIRS];
	bool off;
	uint32_t given; /* bit per key */
};

struct key {
	const char *name;
	bool (*parse)(char *value, struct part *part);
	const char *form;
};

/* "1", "0.5%" */
static bool
percent(const char *text, double *value)
{
	double v;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	v = strtod(text, &end);
	if (*end == '%')
		end++;
	if (*end != '\0' || !(v >= 0 && v <= 100))
		return false;
	*value = v;
	return true;
}

static bool
number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	unsigned long long v;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	v = strtoull(text, &end, 0);
	if (errno != 0 || *end != '\0' || v < min || v > max)
		return false;
	*value = v;
	return true;
}

static const struct unit {
	const char *name;
	uint64_t ns;
} units[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};

/* "50us" */
static bool
duration(const char *text, uint64_t *ns)
{
	double v;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	v = strtod(text, &end);
	for (unsigned int i = 0; i < RTE_DIM(units); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		if (!(v * (double)units[i].ns <= (double)FAULT_NS_MAX))
			return false;
		*ns = (uint64_t)(v * (double)units[i].ns + 0.5);
		return true;
	}
	return false;
}

static bool
parse_drop(char *value, struct part *p)
{
	return percent(value, &p->spec.drop);
}

static bool
parse_dup(char *value, struct part *p)
{
	return percent(value, &p->spec.dup);
}

static bool
parse_trunc(char *value, struct part *p)
{
	return percent(value, &p->spec.trunc);
}

static bool
parse_flip(char *value, struct part *p)
{
	const char *share = strsep(&value, "/");
	uint64_t bits = 1;

	if (value != NULL && !number(value, 1, FAULT_BITS_MAX, &bits))
		return false;
	p->spec.flip_bits = (uint32_t)bits;
	return percent(share, &p->spec.flip);
}

/* "2%/8", "2%/100us", "2%/8/100us" */
static bool
parse_reorder(char *value, struct part *p)
{
	const char *share = strsep(&value, "/"), *first = strsep(&value, "/");
	uint64_t frames = 0;

	p->spec.reorder_ns = FAULT_WAIT_NS;
	if (first == NULL || !percent(share, &p->spec.reorder))
		return false;
	if (value == NULL && duration(first, &p->spec.reorder_ns))
		return p->spec.reorder_ns > 0;
	if (!number(first, 1, FAULT_FRAMES_MAX, &frames))
		return false;
	p->spec.reorder_frames = (uint32_t)frames;
	return value == NULL || (duration(value, &p->spec.reorder_ns) && p->spec.reorder_ns > 0);
}

static bool
parse_delay(char *value, struct part *p)
{
	const char *fixed = strsep(&value, "~");

	return duration(fixed, &p->spec.delay_ns) &&
	       (value == NULL || duration(value, &p->spec.jitter_ns));
}

static bool
parse_blackhole(char *value, struct part *p)
{
	if (strcmp(value, "on") != 0)
		return duration(value, &p->spec.blackhole_ns);
	p->spec.blackhole_ns = FAULT_FOREVER;
	return true;
}

static bool
parse_seed(char *value, struct part *p)
{
	return number(value, 0, UINT64_MAX, &p->spec.seed);
}

static bool
parse_dir(char *value, struct part *p)
{
	bool both = strcmp(value, "both") == 0;

	p->dir[FAULT_RX] = both || strcmp(value, "rx") == 0;
	p->dir[FAULT_TX] = both || strcmp(value, "tx") == 0;
	return p->dir[FAULT_RX] || p->dir[FAULT_TX];
}

static const struct key keys[] = {
	{"drop", parse_drop, "PERCENT, such as drop=1%"},
	{"dup", parse_dup, "PERCENT, such as dup=0.5%"},
	{"reorder", parse_reorder,
		"PERCENT/FRAMES, PERCENT/TIME or PERCENT/FRAMES/TIME, such as reorder=2%/8 "
		"(at most 1000 frames)"},
	{"delay", parse_delay, "TIME or TIME~JITTER, such as delay=50us~20us"},
	{"flip", parse_flip, "PERCENT or PERCENT/BITS, such as flip=0.1%/3 (at most 32 bits)"},
	{"trunc", parse_trunc, "PERCENT, such as trunc=0.1%"},
	{"blackhole", parse_blackhole, "TIME or on, such as blackhole=100ms"},
	{"seed", parse_seed, "NUMBER, such as seed=7; 0 has one chosen"},
	{"dir", parse_dir, "rx, tx or both, such as dir=rx"},
};

static int
say(char *why, size_t size, const char *key, const char *what)
{
	snprintf(why, size, "%s%s", key, what);
	return -EINVAL;
}

/* "key=value" */
static int
item_parse(char *item, struct part *part, char *why, size_t size)
{
	const char *name = strsep(&item, "=");
	char form[192];

	for (unsigned int i = 0; i < RTE_DIM(keys); i++) {
		if (strcmp(keys[i].name, name) != 0)
			continue;
		if ((part->given & 1u << i) != 0)
			return say(why, size, name, " is given twice");
		part->given |= 1u << i;
		if (item != NULL && keys[i].parse(item, part))
			return 0;
		snprintf(form, sizeof(form), ": write it as %s=%s", name, keys[i].form);
		return say(why, size, name, form);
	}
	part->off = strcmp(name, "off") == 0 && item == NULL;
	if (part->off)
		return 0;
	return say(why, size, name,
		": no such fault; there are drop, dup, reorder, delay, flip, trunc, blackhole, "
		"and seed, dir, off");
}

static int
part_parse(char *text, struct part *part, char *why, size_t size)
{
	char *item;
	bool off = false;
	int ret = 0;

	memset(part, 0, sizeof(*part));
	part->dir[FAULT_RX] = part->dir[FAULT_TX] = true;
	while (ret == 0 && (item = strsep(&text, ",")) != NULL) {
		part->off = false;
		ret = item_parse(item, part, why, size);
		off |= part->off;
	}
	if (ret == 0 && off && fault_spec_on(&part->spec))
		ret = say(why, size, "off", " does not go with faults");
	return ret;
}

static int
part_take(const struct part *part, struct fault_settings *s, char *why, size_t size)
{
	for (int dir = 0; dir < FAULT_DIRS; dir++) {
		if (!part->dir[dir])
			continue;
		if (s->named[dir])
			return say(why, size, dir == FAULT_RX ? "rx" : "tx",
				" is spoken of twice: give each part another dir");
		s->named[dir] = true;
		s->dir[dir] = part->spec;
	}
	return 0;
}

int
fault_settings_parse(const char *text, struct fault_settings *settings, char *why, size_t size)
{
	char copy[FAULT_TEXT_MAX], *rest = copy, *one;
	struct fault_settings s = {0};
	struct part part;
	int ret = 0;

	if (rte_strscpy(copy, text, sizeof(copy)) < 0)
		return say(why, size, "faults", ": too long a text");
	while (ret == 0 && (one = strsep(&rest, "+")) != NULL) {
		ret = part_parse(one, &part, why, size);
		if (ret == 0)
			ret = part_take(&part, &s, why, size);
	}
	if (ret == 0)
		*settings = s;
	return ret;
}

bool
fault_spec_on(const struct fault_spec *s)
{
	return s->drop > 0 || s->dup > 0 || s->reorder > 0 || s->flip > 0 || s->trunc > 0 ||
	       s->delay_ns > 0 || s->jitter_ns > 0 || s->blackhole_ns > 0;
}

void
fault_settings_merge(struct fault_settings *to, const struct fault_settings *from)
{
	for (int dir = 0; dir < FAULT_DIRS; dir++) {
		if (!from->named[dir])
			continue;
		to->dir[dir] = from->dir[dir];
		to->named[dir] = true;
	}
}

/* ---- and back -------------------------------------------------------------------------- */

/* The largest unit without a fraction. */
static const char *
time_text(uint64_t ns, char *buf, size_t size)
{
	unsigned int i = 0;

	while (ns % units[i].ns != 0)
		i++;
	snprintf(buf, size, "%llu%s", (unsigned long long)(ns / units[i].ns), units[i].name);
	return buf;
}

struct text {
	char *buf;
	size_t size, len;
};

static void __rte_format_printf(2, 3) add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	/* What va_start() sets is lost on the analyzer (llvm bug 41311). */
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	n = vsnprintf(t->buf + t->len, t->size - t->len, format, args);
	va_end(args);
	t->len = RTE_MIN(t->len + (size_t)n, t->size - 1);
}

static void
add_share(struct text *t, const char *key, double share)
{
	if (share > 0)
		add(t, "%s=%.10g%%,", key, share);
}

static void
add_reorder(struct text *t, const struct fault_spec *s)
{
	char time[32];

	if (s->reorder <= 0)
		return;
	add(t, "reorder=%.10g%%", s->reorder);
	if (s->reorder_frames > 0)
		add(t, "/%u", s->reorder_frames);
	add(t, "/%s,", time_text(s->reorder_ns, time, sizeof(time)));
}

static void
add_delay(struct text *t, const struct fault_spec *s)
{
	char time[32];

	if (s->delay_ns == 0 && s->jitter_ns == 0)
		return;
	add(t, "delay=%s", time_text(s->delay_ns, time, sizeof(time)));
	if (s->jitter_ns > 0)
		add(t, "~%s", time_text(s->jitter_ns, time, sizeof(time)));
	add(t, ",");
}

static void
add_spec(struct text *t, const struct fault_spec *s, const char *dir)
{
	char time[32];

	if (t->len > 0)
		add(t, "+");
	add_share(t, "drop", s->drop);
	add_share(t, "dup", s->dup);
	add_reorder(t, s);
	add_delay(t, s);
	if (s->flip > 0)
		add(t, "flip=%.10g%%/%u,", s->flip, s->flip_bits);
	add_share(t, "trunc", s->trunc);
	if (s->blackhole_ns > 0)
		add(t, "blackhole=%s,",
			s->blackhole_ns == FAULT_FOREVER
				? "on"
				: time_text(s->blackhole_ns, time, sizeof(time)));
	add(t, "seed=%llu,dir=%s", (unsigned long long)s->seed, dir);
}

static bool
same(const struct fault_spec *a, const struct fault_spec *b)
{
	return a->drop == b->drop && a->dup == b->dup && a->reorder == b->reorder &&
	       a->reorder_frames == b->reorder_frames && a->reorder_ns == b->reorder_ns &&
	       a->delay_ns == b->delay_ns && a->jitter_ns == b->jitter_ns && a->flip == b->flip &&
	       a->flip_bits == b->flip_bits && a->trunc == b->trunc &&
	       a->blackhole_ns == b->blackhole_ns && a->seed == b->seed;
}

const char *
fault_settings_format(const struct fault_settings *settings, char *buf, size_t size)
{
	const struct fault_spec *rx = &settings->dir[FAULT_RX], *tx = &settings->dir[FAULT_TX];
	struct text t = {buf, size, 0};

	buf[0] = '\0';
	if (fault_spec_on(rx) && same(rx, tx)) {
		add_spec(&t, rx, "both");
		return buf;
	}
	if (fault_spec_on(rx))
		add_spec(&t, rx, "rx");
	if (fault_spec_on(tx))
		add_spec(&t, tx, "tx");
	if (t.len == 0)
		add(&t, "off");
	return buf;
}
