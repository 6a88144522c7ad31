/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <inttypes.h>

#include <rte_cycles.h>

#include "../common/fail.h"
#include "inbox.h"

#define INBOX_MIN   2048u /* bytes: see struct shmx_inbox_conf */
#define INBOX_MAX   (UINT64_C(16) << 20)
#define OVERHEAD    16u
#define OPEN_WAIT_S 10

/* What has been polled is told to the memory node a quarter late. */
static uint64_t
bytes_wanted(uint64_t messages, uint64_t size)
{
	return messages * (RTE_ALIGN_CEIL(size, 8) + OVERHEAD) * 4 / 3 + INBOX_MIN;
}

uint32_t
inbox_most(uint64_t size)
{
	return (uint32_t)((INBOX_MAX - INBOX_MIN) / bytes_wanted(1, size));
}

void
inbox_close_at(const struct inbox_seat *seat)
{
	uint64_t cookie = shmx_wait_cookie(seat->ep);
	struct shmx_event ev;

	if (*seat->bytes > 0 && shmx_inbox_close(seat->ep, seat->session, cookie) == 0)
		shmx_wait(seat->ep, cookie, &ev);
	*seat->bytes = 0;
}

/* One that a killed run left behind is closed when its session is found to have ended. */
static int
open_wait(const struct inbox_seat *seat, uint32_t bytes)
{
	const struct shmx_inbox_conf conf = {.bytes = bytes, .window = bytes};
	uint64_t end = rte_rdtsc() + OPEN_WAIT_S * rte_get_tsc_hz(), cookie;
	struct shmx_event ev;
	int ret;

	do {
		cookie = shmx_wait_cookie(seat->ep);
		ret = shmx_inbox_open(seat->ep, seat->session, &conf, cookie);
		if (ret == 0)
			ret = shmx_wait(seat->ep, cookie, &ev);
	} while (ret == -EBUSY && rte_rdtsc() < end && !stop);
	return ret;
}

int
inbox_open_at(
	const struct bench *b, const struct inbox_seat *seat, uint32_t messages, uint64_t size)
{
	uint32_t bytes = (uint32_t)bytes_wanted(messages, size);
	int ret;

	if (bytes <= *seat->bytes)
		return 0;
	inbox_close_at(seat);
	ret = open_wait(seat, bytes);
	if (ret == -EBUSY)
		return fail("node %" PRIu32 " has an inbox at %s already: give another --node",
			seat->node, link_ip_text(b->opt.link.server.ip));
	if (ret < 0)
		return bench_explain(b, seat->what, ret);
	*seat->bytes = bytes;
	return 0;
}

static struct inbox_seat
own_seat(struct bench *b)
{
	return (struct inbox_seat){
		.ep = b->ep,
		.session = b->session,
		.node = b->opt.link.node,
		.bytes = &b->inbox,
		.what = "opening the inbox",
	};
}

int
inbox_open(struct bench *b, uint32_t messages, uint64_t size)
{
	const struct inbox_seat seat = own_seat(b);

	return inbox_open_at(b, &seat, messages, size);
}

void
inbox_close(struct bench *b)
{
	const struct inbox_seat seat = own_seat(b);

	inbox_close_at(&seat);
}
