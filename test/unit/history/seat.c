/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include "seat.h"

int32_t
seat_pass(struct seat *seat, struct rdp_session *s, const struct wire_record *rec, uint32_t size)
{
	return seat->inner->records(seat->inner_ctx, s, (const uint8_t *)rec, size);
}

/* One record after the other, as long as they are taken. */
static int32_t
on_records(void *ctx, struct rdp_session *s, const uint8_t *records, uint32_t len)
{
	struct seat *seat = ctx;
	const struct sitter *sitter = seat->sitter;
	uint32_t off = 0;

	if (sitter->taken != NULL)
		sitter->taken(seat, s, records, len);
	while (off < len) {
		const struct wire_record *rec = (const struct wire_record *)(records + off);
		uint32_t size = wire_request_size(rec, len - off);
		int32_t done;

		/* What is no record is the target's to refuse. */
		if (size == 0 || sitter->record == NULL)
			done = seat_pass(seat, s, rec, size == 0 ? len - off : size);
		else
			done = sitter->record(seat, s, rec, size);
		if (done < 0)
			return done;
		off += (uint32_t)done;
		if (done == 0 || (uint32_t)done < size)
			break;
	}
	return (int32_t)off;
}

static void
on_batch_end(void *ctx)
{
	struct seat *seat = ctx;

	seat->inner->batch_end(seat->inner_ctx);
	if (seat->sitter->batch_end != NULL)
		seat->sitter->batch_end(seat);
}

static int32_t
on_recall(void *ctx, struct rdp_session *s, uint32_t psn, uint8_t *to)
{
	struct seat *seat = ctx;

	return seat->inner->recall(seat->inner_ctx, s, psn, to);
}

static void
on_opened(void *ctx, struct rdp_session *s, int status)
{
	struct seat *seat = ctx;

	seat->inner->opened(seat->inner_ctx, s, status);
}

static void
on_closed(void *ctx, struct rdp_session *s, int status)
{
	struct seat *seat = ctx;

	seat->inner->closed(seat->inner_ctx, s, status);
}

static const struct rdp_handler seat_handler = {
	.records = on_records,
	.batch_end = on_batch_end,
	.recall = on_recall,
	.opened = on_opened,
	.closed = on_closed,
};

static uint16_t
rx_burst(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	struct seat *seat = ctx;
	uint16_t got = seat->io.rx_burst(seat->io.ctx, mbufs, n);

	for (uint16_t i = 0; i < got && seat->sitter->frame != NULL; i++)
		seat->sitter->frame(seat, mbufs[i]);
	return got;
}

static uint16_t
tx_burst(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	struct seat *seat = ctx;

	return seat->io.tx_burst(seat->io.ctx, mbufs, n);
}

void
seat_take(struct seat *seat, struct world *w, unsigned int worker, const struct sitter *sitter,
	struct rdp_conf *conf)
{
	memset(seat, 0, sizeof(*seat));
	seat->sitter = sitter;
	seat->world = w;
	seat->worker = worker;
	seat->inner = conf->handler;
	seat->inner_ctx = conf->handler_ctx;
	seat->io = conf->io;
	conf->handler = &seat_handler;
	conf->handler_ctx = seat;
	conf->io = (struct rdp_io){.ctx = seat, .rx_burst = rx_burst, .tx_burst = tx_burst};
}
