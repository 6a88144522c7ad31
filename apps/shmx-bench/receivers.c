/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <rte_errno.h>

#include "../common/fail.h"
#include "inbox.h"
#include "receivers.h"

static int
receiver_open(struct bench *b, uint32_t index, struct receiver *r)
{
	const struct options *o = &b->opt;
	const struct shmx_peer peer = link_memory_node(&o->link);
	struct shmx_ep_conf conf = {
		.port = b->port,
		.queue = (uint16_t)(index + 1),
		.no_coalesce = o->no_coalesce,
		.cc = (enum shmx_cc)o->cc,
		.crc = (int8_t)(o->crc == 2 ? -1 : o->crc),
	};
	int ret;

	link_own_address(&o->link, &conf);
	conf.node = r->node = (uint16_t)(o->link.node + index + 1);
	r->ep = shmx_ep_create(&conf);
	if (r->ep == NULL)
		return fail(
			"cannot create the endpoint of a receiver: %s", rte_strerror(rte_errno));
	ret = shmx_connect_sync(r->ep, &peer, &r->session);
	if (ret == -ETIMEDOUT || ret == -EHOSTUNREACH)
		return fail("receiver %" PRIu32 " gets no answer from %s: the port of shmx-server "
			    "needs %" PRIu32 " --queues or more",
			index + 1, link_ip_text(o->link.server.ip), o->receivers + 1);
	if (ret < 0)
		return bench_explain(b, "connecting a receiver", ret);
	r->connected = true;
	return 0;
}

int
receivers_open(struct bench *b)
{
	uint32_t n = b->opt.receivers;
	int ret = 0;

	if (n == 0)
		return 0;
	b->receivers = calloc(1, sizeof(*b->receivers) + n * sizeof(b->receivers->at[0]));
	if (b->receivers == NULL)
		return fail("out of memory");
	b->receivers->nb = n;
	for (uint32_t i = 0; i < n && ret == 0; i++) {
		receivers_rest(b);
		ret = receiver_open(b, i, &b->receivers->at[i]);
	}
	return ret;
}

static struct inbox_seat
seat_of(struct receiver *r)
{
	return (struct inbox_seat){
		.ep = r->ep,
		.session = r->session,
		.node = r->node,
		.bytes = &r->inbox,
		.what = "opening the inbox of a receiver",
	};
}

int
receivers_inboxes(struct bench *b, uint32_t messages, uint64_t size)
{
	int ret = 0;

	for (uint32_t i = 0; i < b->receivers->nb && ret == 0; i++) {
		const struct inbox_seat seat = seat_of(&b->receivers->at[i]);

		ret = inbox_open_at(b, &seat, messages, size);
	}
	return ret;
}

void
receivers_rest(struct bench *b)
{
	for (uint32_t i = 0; b->receivers != NULL && i < b->receivers->nb; i++)
		if (b->receivers->at[i].connected)
			shmx_poll(b->receivers->at[i].ep, NULL, 0);
}

void
receivers_close(struct bench *b)
{
	for (uint32_t i = 0; b->receivers != NULL && i < b->receivers->nb; i++) {
		struct receiver *r = &b->receivers->at[i];

		if (r->ep == NULL)
			continue;
		if (r->connected) {
			const struct inbox_seat seat = seat_of(r);

			inbox_close_at(&seat);
			shmx_disconnect_sync(r->ep, r->session);
		}
		shmx_ep_destroy(r->ep);
	}
	free(b->receivers);
	b->receivers = NULL;
}
