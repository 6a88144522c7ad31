/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * What counts without end above the frame layer, started near its wrap and taken across it under
 * load, on ports that lose frames: the ring of kept events, operation ids, frame numbers, cookies
 * of waiting, turns of the memory node.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "client/client_private.h"
#include "common/plain.h"
#include "fault/fault.h"
#include "fixture.h"
#include "rdp/rdp_private.h"
#include "target/target_private.h"

#define OPS      20000
#define LOSS     2  /* percent */
#define PATIENCE 20 /* s */

static struct fixture fx;
static struct fault *fault[2];
static struct chance chance;
static uint8_t seen[OPS];
static uint8_t values[OPS];
static unsigned int started, ended, wrong;

static struct fault *
lossy(uint16_t port_id, uint64_t seed)
{
	struct fault *f = fault_create(port_id, 1);
	struct fault_settings settings = {0};

	for (unsigned int i = 0; i < FAULT_DIRS; i++) {
		settings.dir[i] = (struct fault_spec){.drop = LOSS, .seed = seed + i};
		settings.named[i] = true;
	}
	SAME(fault_set(f, &settings), 0);
	return f;
}

static void
begin(const struct fixture_conf *conf)
{
	uint64_t seed = plain_seed();

	fixture_up(&fx, conf);
	chance.state = seed;
	memset(seen, 0, sizeof(seen));
	memset(values, 0, sizeof(values));
	started = 0;
	ended = 0;
	wrong = 0;
	fault[0] = lossy(shmx_port_id(fx.host[0].port), seed);
	fault[1] = lossy(fx.host[0].server_port->port_id, seed + FAULT_DIRS);
}

static void
end(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct fault_stats stats;

		fault_stats_get(fault[i], FAULT_TX, &stats);
		SAME(stats.dropped > 0, true);
		fault_destroy(fault[i]);
	}
	fixture_down(&fx);
}

/* Fetch-adds: each cookie comes back once, and no two of them found the same value. */
static void
take(const struct shmx_event *e, unsigned int n)
{
	for (; n > 0; n--, e++) {
		bool right = e->type == SHMX_EV_OP && e->status == 0 && e->cookie < started &&
		             seen[e->cookie]++ == 0 && e->value < OPS && values[e->value]++ == 0;

		if (!right && wrong++ == 0)
			fprintf(stderr,
				"\nseed %" PRIu64 ": event %u, cookie %" PRIu64
				", status %d, value %" PRIu64 "\n",
				plain_seed(), e->type, e->cookie, e->status, e->value);
		ended++;
	}
}

/* Many at a time, and taken by chance: all, a few or none of the events of a poll. */
static void
load(shmx_addr_t word)
{
	uint64_t deadline = rte_rdtsc() + PATIENCE * rte_get_tsc_hz();
	struct shmx_ep *ep = fx.host[0].ep;
	struct shmx_event events[64];

	while (ended < OPS && wrong == 0 && rte_rdtsc() < deadline) {
		unsigned int n = (unsigned int)chance_below(&chance, 300);
		uint16_t max = (uint16_t)(chance_below(&chance, 3) * chance_below(&chance, 33));

		while (n-- > 0 && started < OPS && shmx_fetch_add(ep, word, 1, started) == 0)
			started++;
		take(events, shmx_poll(ep, max > 0 ? events : NULL, max));
	}
	SAME(ended, OPS);
	SAME(started, OPS);
	SAME(wrong, 0);
}

/* A synchronous call takes its event out of the middle of the ring. */
static void
calls_between(shmx_addr_t word)
{
	struct shmx_ep *ep = fx.host[0].ep;
	struct shmx_event events[16];
	uint64_t value;

	for (unsigned int i = 0; i < 100; i++) {
		for (unsigned int k = 0; k < 10; k++)
			SAME(shmx_fetch_add(ep, word, 0, k), 0);
		SAME(shmx_get_sync(ep, word, &value, 8), 0);
		SAME(value, OPS);
		for (unsigned int n = 0, turns = 0; n < 10 && turns < 10000000; turns++) {
			unsigned int got = shmx_poll(ep, events, 10);

			for (unsigned int k = 0; k < got; k++)
				SAME(events[k].value, OPS);
			n += got;
		}
	}
}

static struct rdp_session *
server_session(void)
{
	struct rdp_session *s = rdp_session_at(fx.host[0].ep->rdp, fx.host[0].session);

	return rdp_session_at(fx.host[0].server, s->peer_index);
}

static void
start_psn(struct rdp_session *from, struct rdp_session *to, uint32_t psn)
{
	SAME(rdp_in_flight(from), 0);
	from->tx_next = psn;
	from->tx_una = psn;
	from->tx_released = psn;
	from->sack_high = psn;
	to->rx_next = psn;
}

static void
start_kept(uint32_t at)
{
	struct shmx_ep *ep = fx.host[0].ep;

	SAME(client_kept(ep), 0);
	ep->kept_head = at;
	ep->kept_tail = at;
}

static void
test_wraps(void)
{
	const struct fixture_conf conf = {.max_ops = 1000};
	struct rdp_session *client, *server;
	struct shmx_ep *ep;
	shmx_addr_t word;

	begin(&conf);
	ep = fx.host[0].ep;
	word = alloc_of(&fx, 0, 64);
	client = rdp_session_at(ep->rdp, fx.host[0].session);
	server = server_session();
	while (rdp_in_flight(client) + rdp_in_flight(server) > 0)
		SAME(shmx_poll(ep, NULL, 0), 0);
	start_psn(client, server, UINT32_MAX - 20);
	start_psn(server, client, UINT32_MAX - 30);
	start_kept(UINT32_MAX - 700);
	target_worker_at(fx.target, 0)->turn = UINT16_MAX - 100;
	ep->wait_cookies = UINT64_MAX - 50;
	load(word);
	SAME(client->tx_next < INT32_MAX, true);
	SAME(server->tx_next < INT32_MAX, true);
	SAME(ep->kept_head < INT32_MAX, true);
	calls_between(word);
	SAME(ep->wait_cookies < 1000, true);
	end();
}

/* The ring wraps at its size, too, wherever it stands when the next events come. */
static void
test_kept_anywhere(void)
{
	const struct fixture_conf conf = {.max_ops = 64};
	shmx_addr_t word;

	begin(&conf);
	word = alloc_of(&fx, 0, 64);
	load(word);
	for (unsigned int i = 0; i < 3; i++) {
		start_kept(UINT32_MAX - i * 17);
		calls_between(word);
	}
	end();
}

/* As many operations as there are ids; those that are never reached otherwise come first. */
static void
test_highest_ids(void)
{
	const struct fixture_conf conf = {.max_ops = UINT16_MAX, .window = 256, .nb_mbufs = 16384};
	struct shmx_ep *ep;
	shmx_addr_t word;

	begin(&conf);
	ep = fx.host[0].ep;
	word = alloc_of(&fx, 0, 64);
	SAME(ep->nb_free_op, UINT16_MAX);
	for (uint32_t i = 0; i < UINT16_MAX; i++)
		ep->free_op[i] = (uint16_t)i;
	load(word);
	/* Who waits for the others: id 65534 was the first, and is free again like all. */
	SAME(ep->nb_free_op, UINT16_MAX);
	end();
}

static const struct named_test tests[] = {
	{"wraps", test_wraps},
	{"kept events anywhere", test_kept_anywhere},
	{"highest ids", test_highest_ids},
};

int
main(void)
{
	return tests_run("wrap", tests, RTE_DIM(tests));
}
