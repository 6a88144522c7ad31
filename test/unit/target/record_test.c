/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Records that our own client does not send. */

#include "client/client_private.h"
#include <inttypes.h>
#include <stdio.h>

#include "client/fixture.h"

static struct fixture fx;

/* A GET as it is told, however long; its status. */
static int
raw_get(struct shmx_ep *ep, shmx_addr_t addr, void *dst, uint32_t len)
{
	struct rdp_session *s = client_route(ep, addr);
	uint64_t cookie = shmx_wait_cookie(ep);
	struct shmx_event event;
	struct wire_get *get;

	if (s == NULL)
		return -ENOTCONN;
	get = (struct wire_get *)client_request(
		ep, s, WIRE_OP_GET, sizeof(*get), len, OP_GET, dst, len, CLIENT_NONE, cookie);
	CU_ASSERT_PTR_NOT_NULL_FATAL(get);
	get->addr = rte_cpu_to_be_64(addr);
	return shmx_wait(ep, cookie, &event);
}

/* A frame may have more room than a record may use: a client takes no longer one. */
static void
test_get_too_long(void)
{
	const struct fixture_conf conf = {.mtu = 9000};
	static uint8_t in[16384];
	struct shmx_ep *ep;
	shmx_addr_t area;

	fixture_up(&fx, &conf);
	ep = fx.host[0].ep;
	area = alloc_of(&fx, 0, sizeof(in));
	SAME(client_route(ep, area)->mss > WIRE_DATA_MAX + sizeof(struct wire_record) + 8, true);
	SAME(shmx_fill_sync(ep, area, sizeof(in), UINT64_C(0x0102030405060708)), 0);
	SAME(raw_get(ep, area, in, WIRE_DATA_MAX), 0);
	SAME(in[WIRE_DATA_MAX - 1] != 0 && in[WIRE_DATA_MAX] == 0, true);
	SAME(raw_get(ep, area, in, WIRE_DATA_MAX + 1), -EMSGSIZE);
	SAME(raw_get(ep, area, in, WIRE_DATA_MAX + 8), -EMSGSIZE);
	SAME(raw_get(ep, area, in, UINT32_MAX), -EMSGSIZE);
	SAME(in[WIRE_DATA_MAX] == 0, true);
	SAME(raw_get(ep, area, in, 8), 0);
	fixture_down(&fx);
}

/* The room of the frame is less on the usual Ethernet. */
static void
test_get_longer_than_the_frame(void)
{
	const struct fixture_conf conf = {0};
	static uint8_t in[4096];
	struct shmx_ep *ep;
	shmx_addr_t area;
	uint32_t most;

	fixture_up(&fx, &conf);
	ep = fx.host[0].ep;
	area = alloc_of(&fx, 0, sizeof(in));
	most = client_route(ep, area)->mss - (uint32_t)sizeof(struct wire_record);
	SAME(raw_get(ep, area, in, most), 0);
	SAME(raw_get(ep, area, in, most + 1), -EMSGSIZE);
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"get longer than a record", test_get_too_long},
	{"get longer than a frame", test_get_longer_than_the_frame},
};

int
main(void)
{
	return tests_run("records", tests, RTE_DIM(tests));
}
