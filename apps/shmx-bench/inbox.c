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
inbox_bytes(uint32_t messages, uint64_t size)
{
	return (uint32_t)bytes_wanted(messages, size);
}

uint32_t
inbox_most(uint64_t size)
{
	return (uint32_t)((INBOX_MAX - INBOX_MIN) / bytes_wanted(1, size));
}

void
inbox_close(struct bench *b)
{
	uint64_t cookie = shmx_wait_cookie(b->ep);
	struct shmx_event ev;

	if (b->inbox > 0 && shmx_inbox_close(b->ep, b->session, cookie) == 0)
		shmx_wait(b->ep, cookie, &ev);
	b->inbox = 0;
}

/* One that a killed run left behind is closed when its session is found to have ended. */
int
inbox_open_wait(struct shmx_ep *ep, shmx_session_t session, uint32_t bytes)
{
	const struct shmx_inbox_conf conf = {.bytes = bytes, .window = bytes};
	uint64_t end = rte_rdtsc() + OPEN_WAIT_S * rte_get_tsc_hz(), cookie;
	struct shmx_event ev;
	int ret;

	do {
		cookie = shmx_wait_cookie(ep);
		ret = shmx_inbox_open(ep, session, &conf, cookie);
		if (ret == 0)
			ret = shmx_wait(ep, cookie, &ev);
	} while (ret == -EBUSY && rte_rdtsc() < end && !stop);
	return ret;
}

int
inbox_open(struct bench *b, uint32_t messages, uint64_t size)
{
	uint32_t bytes = inbox_bytes(messages, size);
	int ret;

	if (bytes <= b->inbox)
		return 0;
	inbox_close(b);
	ret = inbox_open_wait(b->ep, b->session, bytes);
	if (ret == -EBUSY)
		return fail("node %" PRIu32 " has an inbox at %s already: give another --node",
			b->opt.link.node, link_ip_text(b->opt.link.server.ip));
	if (ret == 0)
		b->inbox = bytes;
	return ret == 0 ? 0 : bench_explain(b, "opening the inbox", ret);
}
