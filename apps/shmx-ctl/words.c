/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/fail.h"
#include "../common/option.h"
#include "words.h"

#define OFFSET_MAX ((UINT64_C(1) << 48) - 1)

int
word_size(const char *word, uint64_t *size)
{
	if (option_bytes_parse(word, 1, SHMX_LEN_MAX, size) == 0)
		return 0;
	return fail("%s: give a size from 1 to 1T, such as 4096, 64K or 2G", word);
}

int
word_name(const char *word)
{
	size_t len = strlen(word);

	if (len > 0 && len < SHMX_NAME_LEN)
		return 0;
	return fail("'%s': give a name of 1 to %d characters", word, SHMX_NAME_LEN - 1);
}

int
word_lock(const char *word, struct lock_word *lock)
{
	uint64_t id = 0;

	*lock = (struct lock_word){.text = word};
	if (!isdigit((unsigned char)word[0]))
		return word_name(word);
	if (option_bytes_parse(word, 1, UINT32_MAX, &id) < 0)
		return fail("%s: give the name of a lock, or its id, a number from 1 on", word);
	lock->id = (uint32_t)id;
	return 0;
}

static int
refuse_place(const char *word)
{
	return fail("%s: give POOL/NAME, POOL/NAME+OFFSET, POOL:OFFSET or an address", word);
}

/* @return whether these characters are a name, now in @p buf. */
static bool
copy_name(char *buf, const char *text, size_t len)
{
	if (len == 0 || len >= SHMX_NAME_LEN)
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return true;
}

/* NAME or NAME+OFFSET; a name may hold a plus that no number follows. */
static bool
parse_name(const char *text, struct place *place)
{
	const char *plus = strrchr(text, '+');

	place->kind = PLACE_NAME;
	if (plus == NULL || option_bytes_parse(plus + 1, 0, OFFSET_MAX, &place->offset) < 0)
		return copy_name(place->name, text, strlen(text));
	return copy_name(place->name, text, (size_t)(plus - text));
}

int
word_place(const char *word, struct place *place)
{
	size_t n = strcspn(word, "/:");

	*place = (struct place){.text = word, .kind = PLACE_ADDRESS};
	if (word[n] == '\0')
		return option_bytes_parse(word, OFFSET_MAX + 1, UINT64_MAX, &place->addr) == 0
		               ? 0
		               : refuse_place(word);
	if (!copy_name(place->pool, word, n))
		return refuse_place(word);
	if (word[n] == '/')
		return parse_name(word + n + 1, place) ? 0 : refuse_place(word);
	place->kind = PLACE_OFFSET;
	return option_bytes_parse(word + n + 1, 0, OFFSET_MAX, &place->offset) == 0
	               ? 0
	               : refuse_place(word);
}

static int
refuse_nodes(const char *word)
{
	return fail("%s: give everyone, self, or ids of nodes from 1 to %d in ascending order, at "
		    "most %d of them, as in 2,3,7-9",
		word, SHMX_NODE_MAX, SHMX_NODES_MAX);
}

/* A number that nothing but one of @p behind or the end follows. */
static bool
parse_id(const char **text, const char *behind, unsigned long *id)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	*id = strtoul(*text, &end, 10);
	*text = end;
	return *id >= 1 && *id <= SHMX_NODE_MAX && (*end == '\0' || strchr(behind, *end) != NULL);
}

/* Ids go up: what is given twice is a mistake. */
static bool
add_range(struct nodes *nodes, unsigned long first, unsigned long last)
{
	if (last < first || (nodes->nb > 0 && first <= nodes->id[nodes->nb - 1]) ||
		last - first >= SHMX_NODES_MAX - nodes->nb)
		return false;
	for (unsigned long id = first; id <= last; id++)
		nodes->id[nodes->nb++] = (uint16_t)id;
	return true;
}

static bool
parse_range(const char **text, struct nodes *nodes)
{
	unsigned long first, last;

	if (!parse_id(text, ",-", &first))
		return false;
	last = first;
	if (**text == '-') {
		++*text;
		if (!parse_id(text, ",", &last))
			return false;
	}
	return add_range(nodes, first, last);
}

int
word_nodes(const char *word, struct nodes *nodes)
{
	const char *text = word;

	*nodes = (struct nodes){
		.everyone = strcmp(word, "everyone") == 0,
		.self = strcmp(word, "self") == 0,
	};
	if (nodes->everyone || nodes->self)
		return 0;
	while (parse_range(&text, nodes)) {
		if (*text == '\0')
			return 0;
		text++;
	}
	return refuse_nodes(word);
}

/* The last one of a run that begins at index @p i. */
static unsigned int
run_end(const uint16_t *id, unsigned int nb, unsigned int i)
{
	while (i + 1 < nb && id[i + 1] == id[i] + 1)
		i++;
	return i;
}

const char *
nodes_format(const uint16_t *id, unsigned int nb, bool json, char *buf, size_t size)
{
	size_t n = 0;

	snprintf(buf, size, "%s", json ? "[" : "");
	for (unsigned int i = 0, last; i < nb; i = last + 1) {
		last = json ? i : run_end(id, nb, i);
		n = strlen(buf);
		snprintf(buf + n, size - n, "%s%u", i > 0 ? "," : "", id[i]);
		n = strlen(buf);
		if (last > i)
			snprintf(buf + n, size - n, "%c%u", last > i + 1 ? '-' : ',', id[last]);
	}
	n = strlen(buf);
	snprintf(buf + n, size - n, "%s", json ? "]" : "");
	return buf;
}
