/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <inttypes.h>
#include <string.h>

#include "word.h"

static uint64_t
after(const struct oper *o, uint64_t old)
{
	switch ((enum act)o->act) {
	case ACT_PUT:
	case ACT_SWAP:
		return o->operand;
	case ACT_ADD:
		return old + o->operand;
	case ACT_AND:
		return old & o->operand;
	case ACT_OR:
		return old | o->operand;
	case ACT_XOR:
		return old ^ o->operand;
	case ACT_CAS:
		return old == o->compare ? o->operand : old;
	default:
		return old;
	}
}

bool
act_changes(enum act act)
{
	return act != ACT_GET;
}

bool
act_finds(enum act act)
{
	return act != ACT_PUT && act != ACT_OWN && act != ACT_SHARE;
}

static uint64_t
low_mask(const struct oper *o)
{
	return (o->width < 8 ? UINT64_C(1) << (o->width * 8) : 0) - 1;
}

uint64_t
oper_mask(const struct oper *o)
{
	return low_mask(o) << (o->at * 8);
}

bool
oper_fits(const struct oper *o, uint64_t value)
{
	return o->fate != FATE_DONE || !act_finds(o->act) ||
	       (value >> (o->at * 8) & low_mask(o)) == o->result;
}

bool
word_apply(struct word *w, const struct oper *o)
{
	uint64_t mask = low_mask(o);
	unsigned int shift = o->at * 8;
	uint64_t old = w->value >> shift & mask;
	bool foreign = w->owner != 0 && o->client != 0 && w->owner != o->client;

	if (o->fate == FATE_NEVER)
		return true;
	if (o->fate == FATE_REFUSED)
		return foreign;
	if (foreign || !oper_fits(o, w->value))
		return false;
	if (o->act == ACT_OWN)
		w->owner = o->client;
	else if (o->act == ACT_SHARE)
		w->owner = 0;
	else
		w->value = (w->value & ~(mask << shift)) | (after(o, old) & mask) << shift;
	return true;
}

static const char *const act_names[ACTS] = {
	[ACT_GET] = "get",
	[ACT_PUT] = "put",
	[ACT_ADD] = "fetch-add",
	[ACT_AND] = "fetch-and",
	[ACT_OR] = "fetch-or",
	[ACT_XOR] = "fetch-xor",
	[ACT_SWAP] = "swap",
	[ACT_CAS] = "compare-and-swap",
	[ACT_OWN] = "own",
	[ACT_SHARE] = "share",
};

static void
print_act(FILE *to, const struct oper *o)
{
	fprintf(to, "%s", act_names[o->act]);
	if (o->width != 8 || o->at != 0)
		fprintf(to, "(bytes %u to %u)", o->at, o->at + o->width - 1u);
	if (o->act == ACT_CAS)
		fprintf(to, " 0x%" PRIx64 " to 0x%" PRIx64, o->compare, o->operand);
	else if (o->act >= ACT_PUT && o->act <= ACT_SWAP)
		fprintf(to, " 0x%" PRIx64, o->operand);
}

static void
print_end(FILE *to, const struct oper *o)
{
	switch ((enum fate)o->fate) {
	case FATE_DONE:
		if (act_finds(o->act))
			fprintf(to, " found 0x%" PRIx64, o->result);
		else
			fprintf(to, " done");
		break;
	case FATE_REFUSED:
		fprintf(to, " refused: another node owns the word");
		break;
	case FATE_NEVER:
		fprintf(to, " did not happen: %s", strerror(-o->status));
		break;
	case FATE_UNKNOWN:
		fprintf(to, " may have happened%s: %s", o->end == NO_END ? ", or may yet" : "",
			o->status != 0 ? strerror(-o->status) : "not known yet");
		break;
	}
}

void
oper_print_call(FILE *to, const struct oper *o)
{
	if (o->client == 0)
		fprintf(to, "memory itself, ");
	else
		fprintf(to, "client %u, operation %u, ", o->client, o->number);
	fprintf(to, "word %u: ", o->word);
	print_act(to, o);
}

void
oper_print(FILE *to, const struct oper *o)
{
	char end[24] = "...";

	if (o->end != NO_END)
		snprintf(end, sizeof(end), "%" PRIu64, o->end);
	fprintf(to, "[%" PRIu64 ", %s] ", o->begin, end);
	oper_print_call(to, o);
	print_end(to, o);
	fprintf(to, "\n");
}
