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

/* Pools with the highest ids there are, more than a record describes: page after page. */
static void
test_long_list(void)
{
	const struct fixture_conf conf = {
		.mtu = 9000, .first_pool = 65400, .last_pool = 65480, .pool_size = 2 * MIB};
	struct shmx_pool_req req = {.name = "one more", .size = 2 * MIB};
	struct mem_pool_params empty = {.max_names = 1};
	static struct shmx_pool_info info[100];
	uint16_t pool, first = 0, found = 0;
	struct shmx_ep *ep;
	shmx_session_t s;
	uint64_t n;

	fixture_up(&fx, &conf);
	ep = fx.host[0].ep;
	s = fx.host[0].session;
	SAME(fx.pool, 65400);
	for (unsigned int i = 65401; i <= 65480; i++) {
		snprintf(empty.name, sizeof(empty.name), "p%u", i);
		SAME(mem_pool_create(fx.mem, &empty, 0, &pool), 0);
		SAME(pool, i);
	}
	SAME(shmx_pool_create_sync(ep, s, &req, &pool), -ENOSPC);
	while ((n = VALUE(ep, shmx_pool_list(ep, s, first, info, 100, cookie))) > 0) {
		SAME(n <= WIRE_DATA_MAX / sizeof(struct wire_pool_info), true);
		for (unsigned int i = 0; i < n; i++)
			SAME(info[i].pool, 65400 + found++);
		first = (uint16_t)(info[n - 1].pool + 1);
	}
	SAME(found, 81);
	SAME(shmx_pool_open_sync(ep, s, "p65440", &pool), 0);
	SAME(shmx_pool_destroy_sync(ep, pool, false), 0);
	SAME(shmx_pool_create_sync(ep, s, &req, &pool), 0);
	SAME(pool, 65440);
	fixture_down(&fx);
}

/* Grants as they are told; the status of their return. */
static int
raw_return(struct host *h, const struct wire_lock_grant *grants, uint32_t n)
{
	uint32_t len = n * (uint32_t)sizeof(*grants);
	struct rdp_session *s = client_session(h->ep, h->session);
	uint64_t cookie = shmx_wait_cookie(h->ep);
	struct shmx_event event;
	struct wire_record *rec;

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	rec = client_request(h->ep, s, WIRE_OP_LOCK_RETURN, (uint32_t)sizeof(*rec) + len, len,
		OP_STATUS, NULL, 0, CLIENT_NONE, cookie);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rec);
	memcpy(rec + 1, grants, len);
	return shmx_wait(h->ep, cookie, &event);
}

/* The next holder is told what a return says: no node that cannot be. It is all or none. */
static void
return_with(unsigned int workers, unsigned int host, uint16_t died, int want)
{
	const struct fixture_conf conf = {.nb_hosts = 3, .workers = workers};
	struct shmx_lock_req req[2] = {{.lock = 1}, {.lock = 2}};
	struct wire_lock_grant back[2] = {0};
	struct shmx_lock_grant got[2];
	struct host *h = &fx.host[host], *next = &fx.host[2];

	fixture_up(&fx, &conf);
	for (uint32_t i = 1; i <= 2; i++)
		SAME(shmx_lock_reserve_sync(h->ep, h->session, i, NULL, NULL), 0);
	SAME(shmx_lock_sync(h->ep, h->session, req, 2, 0, got), 0);
	for (unsigned int i = 0; i < 2; i++) {
		back[i].token = rte_cpu_to_be_64(got[i].token);
		back[i].lock = rte_cpu_to_be_32(got[i].lock);
	}
	back[1].died = rte_cpu_to_be_16(died);
	SAME(raw_return(h, back, 2), want);
	for (unsigned int i = 0; i < 2; i++)
		SAME(shmx_lock_sync(next->ep, next->session, &req[i], 1, 0, &got[i]),
			want < 0 ? -EBUSY : 0);
	if (want == 0)
		SAME(got[0].died == 0 && got[1].died == died, true);
	fixture_down(&fx);
}

static void
test_return(void)
{
	for (unsigned int host = 0; host < 2; host++) {
		return_with(2, host, 0, 0);
		return_with(2, host, 3, 0);
		return_with(2, host, WIRE_NODE_MAX, 0);
		return_with(2, host, WIRE_NODE_MAX + 1, -EINVAL);
		return_with(2, host, UINT16_MAX, -EINVAL);
	}
}

static const struct named_test tests[] = {
	{"get longer than a record", test_get_too_long},
	{"get longer than a frame", test_get_longer_than_the_frame},
	{"long list of pools", test_long_list},
	{"return of grants", test_return},
};

int
main(void)
{
	return tests_run("records", tests, RTE_DIM(tests));
}
