/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* What a history is told to people by: frames, calls, and what the memory node executes. */

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "seat.h"
#include "world.h"

static const char *const type_names[NET_TYPES] = {
	[WIRE_HELLO] = "HELLO",
	[WIRE_CHALLENGE] = "CHALLENGE",
	[WIRE_CONNECT] = "CONNECT",
	[WIRE_ACCEPT] = "ACCEPT",
	[WIRE_REFUSE] = "REFUSE",
	[WIRE_DATA] = "DATA",
	[WIRE_ACK] = "ACK",
	[WIRE_RESET] = "RESET",
	[WIRE_CLOSE] = "CLOSE",
	[WIRE_CLOSED] = "CLOSED",
};

static void
print_time(const struct world *w)
{
	fprintf(w->trace, "%10.1f us  ", world_us(w));
}

void
trace_say(const struct world *w, const char *format, ...)
{
	va_list args;

	if (w->trace == NULL)
		return;
	print_time(w);
	va_start(args, format);
	vfprintf(w->trace, format, args);
	va_end(args);
	fprintf(w->trace, "\n");
}

static void
print_node(const struct world *w, unsigned int i)
{
	if (i < w->plan.workers)
		fprintf(w->trace, "worker %u", i);
	else
		fprintf(w->trace, "client %u", i - w->plan.workers + 1);
}

void
trace_frame(const struct world *w, const struct net_frame *f, const struct net_fate *fate)
{
	const char *type = type_names[f->type];

	if (w->trace == NULL)
		return;
	print_time(w);
	print_node(w, f->from);
	fprintf(w->trace, " sends %s", type != NULL ? type : "?");
	if (f->type == WIRE_DATA || f->type == WIRE_ACK)
		fprintf(w->trace, " %" PRIu32 "%s, ack %" PRIu32, f->psn,
			f->flags & WIRE_F_RETRANSMIT ? " again" : "", f->ack);
	fprintf(w->trace, ", session %u, %u bytes", f->session, f->len);
	if (fate->drop)
		fprintf(w->trace, ", lost");
	if (fate->copies > 0)
		fprintf(w->trace, ", doubled");
	if (fate->delay_ns > 0)
		fprintf(w->trace, ", %.1f us late", (double)fate->delay_ns / 1000);
	if (fate->flips > 0 || fate->cut > 0)
		fprintf(w->trace, ", damaged");
	fprintf(w->trace, "\n");
}

void
trace_call(const struct world *w, const struct oper *o)
{
	if (w->trace == NULL)
		return;
	print_time(w);
	oper_print_call(w->trace, o);
	fprintf(w->trace, "\n");
}

void
trace_end(const struct world *w, const struct oper *o)
{
	if (w->trace == NULL)
		return;
	print_time(w);
	oper_print(w->trace, o);
}

/* What is about to be executed. */
static int32_t
trace_record(struct seat *seat, struct rdp_session *s, const struct wire_record *rec, uint32_t size)
{
	const struct world *w = seat->world;

	print_time(w);
	fprintf(w->trace, "worker %u executes %s of node %u, id %u\n", seat->worker,
		wire_op_name(rec->op), s->peer_node, rte_be_to_cpu_16(rec->id));
	return seat_pass(seat, s, rec, size);
}

const struct sitter trace_watcher = {.name = "watcher", .record = trace_record};
