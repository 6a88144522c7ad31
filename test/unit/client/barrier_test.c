/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Barriers, as three compute nodes see them, with one worker and with several. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"

#define EP(i) fx.host[i].ep
#define S(i)  fx.host[i].session

static const uint16_t all[] = {1, 2, 3};

static struct fixture fx;

static void
begin(void)
{
	const struct fixture_conf conf = {.nb_hosts = 3, .workers = fixture_workers};

	fixture_up(&fx, &conf);
}

static int
enter(unsigned int host, uint32_t barrier, unsigned int n, uint64_t timeout_us, uint64_t cookie)
{
	int ret = shmx_barrier(EP(host), S(host), barrier, all, n, timeout_us, NULL, 0, cookie);

	shmx_flush(EP(host));
	return ret;
}

/* 1: it has not ended. */
static int
ended(unsigned int host, uint64_t cookie)
{
	struct shmx_event e[8];

	for (unsigned int i = 0; i < 200; i++) {
		uint16_t n = shmx_poll(EP(host), e, RTE_DIM(e));

		for (uint16_t k = 0; k < n; k++)
			if (e[k].cookie == cookie && e[k].type == SHMX_EV_OP)
				return e[k].status;
	}
	return 1;
}

static void
barrier__all_go_when_the_last_has_come(void)
{
	begin();
	for (unsigned int round = 0; round < 20; round++) {
		unsigned int last = round % 3, a = (last + 1) % 3, b = (last + 2) % 3;

		SAME(enter(a, 7, 3, SHMX_FOREVER, 70), 0);
		SAME(enter(b, 7, 3, SHMX_FOREVER, 71), 0);
		SAME(ended(a, 70), 1);
		SAME(ended(b, 71), 1);
		SAME(enter(last, 7, 3, SHMX_FOREVER, 72), 0);
		SAME(ended(last, 72), 0);
		SAME(ended(a, 70), 0);
		SAME(ended(b, 71), 0);
	}
	fixture_down(&fx);
}

static void
barrier__several_at_a_time(void)
{
	begin();
	SAME(enter(0, 1, 2, SHMX_FOREVER, 70), 0);
	SAME(enter(0, 2, 3, SHMX_FOREVER, 71), 0);
	SAME(enter(1, 2, 3, SHMX_FOREVER, 72), 0);
	SAME(enter(1, 1, 2, SHMX_FOREVER, 73), 0);
	SAME(ended(0, 70), 0);
	SAME(ended(0, 71), 1);
	SAME(enter(2, 2, 3, SHMX_FOREVER, 74), 0);
	SAME(ended(2, 74), 0);
	SAME(ended(0, 71), 0);
	fixture_down(&fx);
}

/* Who is late has not come, and who is missing is told. */
static void
barrier__times_out(void)
{
	uint16_t missing[4] = {9, 9, 9, 9};
	struct shmx_event event = {0};
	uint64_t cookie;

	begin();
	SAME(enter(1, 7, 3, SHMX_FOREVER, 71), 0);
	SAME(ended(1, 71), 1);
	cookie = shmx_wait_cookie(EP(0));
	SAME(finish(EP(0), shmx_barrier(EP(0), S(0), 7, all, 3, 2000, missing, 4, cookie), cookie,
		     &event),
		-ETIMEDOUT);
	SAME(event.value, 1);
	SAME(missing[0], 3);
	SAME(missing[1], 9);
	SAME(STATUS(EP(2), shmx_barrier(EP(2), S(2), 7, all, 3, 2000, missing, 4, cookie)),
		-ETIMEDOUT);
	SAME(missing[0], 1);
	SAME(enter(2, 7, 3, SHMX_FOREVER, 72), 0);
	SAME(enter(0, 7, 3, SHMX_FOREVER, 73), 0);
	SAME(ended(0, 73), 0);
	SAME(ended(1, 71), 0);
	SAME(ended(2, 72), 0);
	fixture_down(&fx);
}

static void
barrier__who_has_gone_has_not_come(void)
{
	begin();
	SAME(enter(0, 7, 3, SHMX_FOREVER, 70), 0);
	SAME(ended(0, 70), 1);
	SAME(shmx_disconnect(EP(0), S(0)), 0);
	poll_for(EP(0), 2);
	SAME(enter(1, 7, 3, SHMX_FOREVER, 71), 0);
	SAME(enter(2, 7, 3, SHMX_FOREVER, 72), 0);
	SAME(ended(1, 71), 1);
	SAME(shmx_connect_sync(
		     EP(0), &(struct shmx_peer){.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))}, &S(0)),
		0);
	SAME(enter(0, 7, 3, SHMX_FOREVER, 73), 0);
	SAME(ended(0, 73), 0);
	SAME(ended(1, 71), 0);
	SAME(ended(2, 72), 0);
	fixture_down(&fx);
}

static void
barrier__errors(void)
{
	const uint16_t bad[] = {1, 0}, others[] = {2, 3};
	struct shmx_event event = {0};
	uint64_t cookie;
	uint16_t missing = 9;

	begin();
	SAME(enter(0, 7, 2, SHMX_FOREVER, 70), 0);
	SAME(ended(0, 70), 1);
	/* proves: shmx_barrier -EEXIST */
	SAME(STATUS(EP(0), enter(0, 7, 2, SHMX_FOREVER, cookie)), -EEXIST);
	cookie = shmx_wait_cookie(EP(1));
	SAME(finish(EP(1), shmx_barrier(EP(1), S(1), 7, all, 3, 1000, &missing, 1, cookie), cookie,
		     &event),
		-EINVAL);
	SAME(event.value, 0);
	SAME(missing, 9);
	SAME(shmx_barrier(EP(0), S(0), 7, others, 2, 0, NULL, 0, 1), -EINVAL);
	SAME(shmx_barrier(EP(0), S(0), 7, bad, 2, 0, NULL, 0, 1), -EINVAL);
	SAME(shmx_barrier(EP(0), S(0), 7, NULL, 1, 0, NULL, 0, 1), -EINVAL);
	SAME(shmx_barrier(EP(0), S(0), 7, all, 0, 0, NULL, 0, 1), -EINVAL);
	SAME(shmx_barrier(EP(0), S(0), 7, all, SHMX_NODES_MAX + 1, 0, NULL, 0, 1), -EINVAL);
	SAME(shmx_barrier(EP(0), S(0), 7, all, 3, 0, NULL, 1, 1), -EINVAL);
	SAME(shmx_barrier(NULL, S(0), 7, all, 3, 0, &missing, 1, 1), -EINVAL);
	SAME(shmx_barrier(EP(0), 9999, 7, all, 3, 0, &missing, 1, 1), -ENOTCONN);
	fixture_down(&fx);
}

/* A memory node has so many barriers at a time. */
static void
barrier__too_many(void)
{
	uint32_t i = 0;

	begin();
	for (; i < 1024; i++) {
		SAME(enter(0, i, 2, SHMX_FOREVER, 5000 + i), 0);
		if (i % 16 == 15)
			shmx_poll(EP(0), NULL, 0);
	}
	poll_for(EP(0), 1);
	/* proves: shmx_barrier -ENOSPC */
	SAME(STATUS(EP(1), enter(1, i, 2, SHMX_FOREVER, cookie)), -ENOSPC);
	/* At one of those there is room, and then for another one. */
	SAME(STATUS(EP(1), enter(1, 7, 2, SHMX_FOREVER, cookie)), 0);
	SAME(ended(0, 5007), 0);
	SAME(enter(1, i, 2, SHMX_FOREVER, 70), 0);
	SAME(ended(1, 70), 1);
	SAME(STATUS(EP(0), enter(0, i, 2, SHMX_FOREVER, cookie)), 0);
	SAME(ended(1, 70), 0);
	fixture_down(&fx);
}

/* Given up here: it still counts there, and nobody writes to what the caller has back. */
static void
barrier__cancelled(void)
{
	uint16_t missing = 9;

	begin();
	SAME(shmx_barrier(EP(0), S(0), 8, all, 2, 1000, &missing, 1, 71), 0);
	SAME(shmx_cancel(EP(0), 71), 0);
	SAME(ended(0, 71), -EINTR);
	missing = 9;
	poll_for(EP(0), 3);
	SAME(missing, 9);
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"barrier__all_go_when_the_last_has_come", barrier__all_go_when_the_last_has_come},
	{"barrier__several_at_a_time", barrier__several_at_a_time},
	{"barrier__times_out", barrier__times_out},
	{"barrier__who_has_gone_has_not_come", barrier__who_has_gone_has_not_come},
	{"barrier__errors", barrier__errors},
	{"barrier__too_many", barrier__too_many},
	{"barrier__cancelled", barrier__cancelled},
};

int
main(void)
{
	return tests_run_workers(tests, RTE_DIM(tests));
}
