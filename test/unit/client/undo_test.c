/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Memory and locks that were asked for and given up, and were made all the same: nothing stays. */

#include <stdio.h>
#include <string.h>

#include "client/client_private.h"
#include "client/lossy.h"
#include "fixture.h"

#define EP(i) fx.host[i].ep
#define S(i)  fx.host[i].session

#define GRACE_MS 20

static struct fixture fx;

static void
begin_with(uint16_t window)
{
	const struct fixture_conf conf = {.nb_hosts = 2,
		.workers = fixture_workers,
		.window = window,
		.owner_grace_ms = GRACE_MS,
		.rto_min_us = 1000,
		.wrap = wrap_lossy};

	fixture_up(&fx, &conf);
}

static void
begin(void)
{
	begin_with(0);
}

/* ---- what is asked for -------------------------------------------------------------------- */

static const uint16_t both[] = {1, 2};

static int
ask_word(uint64_t cookie)
{
	const struct shmx_alloc_req req = {.pool = fx.pool, .len = 8};

	return shmx_alloc(EP(0), &req, cookie);
}

static int
ask_large(uint64_t cookie)
{
	const struct shmx_alloc_req req = {.pool = fx.pool, .len = MIB, .owner = SHMX_OWNER_SELF};

	return shmx_alloc(EP(0), &req, cookie);
}

static int
ask_for_both(uint64_t cookie)
{
	const struct shmx_alloc_req req = {.pool = fx.pool,
		.len = 4096,
		.owner = SHMX_OWNER_NODES,
		.nodes = both,
		.nb_nodes = 2};

	return shmx_alloc(EP(0), &req, cookie);
}

static int
ask_lock(uint64_t cookie)
{
	return shmx_lock_reserve(EP(0), S(0), 0, NULL, cookie);
}

static int (*const ask[])(uint64_t cookie) = {ask_word, ask_large, ask_for_both, ask_lock};

/* ---- what there is ------------------------------------------------------------------------ */

static uint64_t
locks_reserved(void)
{
	static struct shmx_lock_info info[64];
	uint32_t first = 1;
	uint64_t n, total = 0;

	while ((n = VALUE(EP(1), shmx_lock_list(EP(1), S(1), first, info, 64, cookie))) > 0) {
		first = info[n - 1].lock + 1;
		total += n;
	}
	return total;
}

/* Allocations and locks of the memory node, as another node sees them. */
static uint64_t
made(void)
{
	struct shmx_pool_info info = {0};

	SAME(shmx_pool_stat_sync(EP(1), fx.pool, &info), 0);
	return info.allocs + locks_reserved();
}

/* Every operation is free again, and nothing was told. */
static void
answered(void)
{
	unsigned int told = 0;

	for (unsigned int i = 0; i < 1000 && EP(0)->nb_free_op < EP(0)->max_ops; i++)
		told += poll_for(EP(0), 1);
	SAME(EP(0)->nb_free_op, EP(0)->max_ops);
	SAME(told, 0);
}

static void
nothing_stays(void)
{
	answered();
	SAME(poll_for(EP(0), 1), 0);
	SAME(made(), 0);
}

/* The memory node has done all that it was told; its answers wait for a poll. */
static void
served(void)
{
	shmx_flush(EP(0));
	for (unsigned int i = 0; i < 50; i++)
		server_turn(&fx);
}

static int
status_of(uint64_t cookie)
{
	struct shmx_event event = {0};

	return shmx_wait(EP(0), cookie, &event);
}

/* ---- tests -------------------------------------------------------------------------------- */

static void
cancelled__before_it_is_made(void)
{
	for (unsigned int i = 0; i < RTE_DIM(ask); i++) {
		begin();
		fx.server_stopped = true;
		SAME(ask[i](71), 0);
		shmx_flush(EP(0));
		SAME(shmx_cancel(EP(0), 71), 0);
		fx.server_stopped = false;
		SAME(status_of(71), -EINTR);
		nothing_stays();
		fixture_down(&fx);
	}
}

static void
cancelled__after_it_is_made(void)
{
	for (unsigned int i = 0; i < RTE_DIM(ask); i++) {
		begin();
		SAME(ask[i](71), 0);
		served();
		SAME(made(), 1);
		SAME(shmx_cancel(EP(0), 71), 0);
		SAME(shmx_cancel(EP(0), 71), -ENOENT);
		SAME(status_of(71), -EINTR);
		nothing_stays();
		fixture_down(&fx);
	}
}

static void
deadline__passed(void)
{
	const struct shmx_op_attr soon = {.timeout_us = 200};

	for (unsigned int i = 0; i < RTE_DIM(ask); i++) {
		begin();
		fx.server_stopped = true;
		SAME(shmx_op_attr_set(EP(0), &soon), 0);
		SAME(ask[i](71), 0);
		SAME(shmx_op_attr_set(EP(0), NULL), 0);
		SAME(status_of(71), -ETIMEDOUT);
		fx.server_stopped = false;
		nothing_stays();
		fixture_down(&fx);
	}
}

/* What is refused makes nothing, and nothing goes back. */
static void
refused__takes_nothing_back(void)
{
	struct shmx_alloc_req large = {.len = 64 * MIB};

	begin();
	large.pool = fx.pool;
	(void)alloc_of(&fx, 0, 8);
	for (unsigned int i = 0; i < 64; i++)
		SAME(STATUS(EP(1), shmx_lock_reserve(EP(1), S(1), 0, NULL, cookie)), 0);
	fx.server_stopped = true;
	SAME(shmx_alloc(EP(0), &large, 71), 0);
	SAME(ask_lock(72), 0);
	SAME(shmx_cancel(EP(0), 71), 0);
	SAME(shmx_cancel(EP(0), 72), 0);
	fx.server_stopped = false;
	SAME(status_of(71), -EINTR);
	SAME(status_of(72), -EINTR);
	answered();
	SAME(made(), 65);
	fixture_down(&fx);
}

/* Others may have found them by then, and so can who asked. */
static void
named__stays(void)
{
	struct shmx_alloc_req req = {.len = 8, .name = "found"};
	shmx_addr_t addr = 0;
	uint32_t id = 0;

	begin();
	req.pool = fx.pool;
	fx.server_stopped = true;
	SAME(shmx_alloc(EP(0), &req, 71), 0);
	SAME(shmx_lock_reserve(EP(0), S(0), 0, "found", 71), 0);
	SAME(shmx_lock_reserve(EP(0), S(0), 50, NULL, 71), 0);
	SAME(shmx_cancel(EP(0), 71), 0);
	fx.server_stopped = false;
	SAME(poll_for(EP(0), 3), 3);
	answered();
	SAME(made(), 3);
	SAME(shmx_lookup_sync(EP(1), fx.pool, "found", &addr, NULL), 0);
	SAME(shmx_free_sync(EP(1), addr), 0);
	SAME(shmx_lock_lookup_sync(EP(1), S(1), "found", &id), 0);
	SAME(STATUS(EP(1), shmx_lock_unreserve(EP(1), S(1), id, cookie)), 0);
	SAME(STATUS(EP(1), shmx_lock_unreserve(EP(1), S(1), 50, cookie)), 0);
	nothing_stays();
	fixture_down(&fx);
}

/* What belongs to other nodes alone is theirs. */
static void
others_memory__stays(void)
{
	struct shmx_alloc_req req = {
		.len = 8, .owner = SHMX_OWNER_NODES, .nodes = &both[1], .nb_nodes = 1};

	begin();
	req.pool = fx.pool;
	SAME(shmx_alloc(EP(0), &req, 71), 0);
	served();
	SAME(shmx_cancel(EP(0), 71), 0);
	SAME(status_of(71), -EINTR);
	answered();
	SAME(made(), 1);
	fixture_down(&fx);
}

static unsigned int
ops_of(enum op_kind kind)
{
	unsigned int n = 0;

	for (uint32_t id = 0; id < EP(0)->max_ops; id++)
		n += EP(0)->op[id].kind == kind;
	return n;
}

static unsigned int
ask_many(void)
{
	unsigned int asked = 0;

	for (unsigned int i = 0; i < 12; i++) {
		for (unsigned int k = 0; k < 60; k++)
			asked += (k % 6 == 5 ? ask_lock : ask_word)(71) == 0;
		shmx_flush(EP(0));
	}
	CU_ASSERT(asked > 100);
	return asked;
}

/* Frames with requests as many as there may be. */
static void
fill_window(shmx_addr_t addr)
{
	static const uint8_t data[SHMX_INLINE_MAX];

	while (shmx_put(EP(0), addr, data, sizeof(data), 72) == 0)
		;
}

/* All that was asked for goes back, and then what is at `addr`. */
static void
all_goes_back(shmx_addr_t addr)
{
	for (unsigned int i = 0; i < 1000 && EP(0)->nb_free_op < EP(0)->max_ops; i++)
		poll_for(EP(0), 1);
	SAME(shmx_free_sync(EP(0), addr), 0);
	poll_for(EP(0), 1);
	nothing_stays();
	fixture_down(&fx);
}

/* The memory node hears nothing for a while, and requests have taken all the room they may. */
static void
window__is_full(void)
{
	unsigned int asked;
	shmx_addr_t addr;

	begin_with(8);
	addr = alloc_of(&fx, 0, SHMX_INLINE_MAX);
	asked = ask_many();
	served();
	SAME(shmx_cancel(EP(0), 71), 0);
	lossy_deaf = true;
	for (unsigned int i = 0; i < 20; i++) {
		fill_window(addr);
		shmx_poll(EP(0), NULL, 0);
	}
	SAME(ops_of(OP_UNDO) + ops_of(OP_UNDOES), asked);
	lossy_deaf = false;
	all_goes_back(addr);
}

/* The path takes no more frames for a while: the responses come
 * again until there is room for what they call for. */
static void
path__takes_no_more(void)
{
	struct rdp_session *s;
	uint16_t requests, all;
	unsigned int asked;
	shmx_addr_t addr;

	begin();
	addr = alloc_of(&fx, 0, SHMX_INLINE_MAX);
	asked = ask_many();
	served();
	SAME(shmx_cancel(EP(0), 71), 0);
	s = EP(0)->session[S(0)];
	requests = s->request_room;
	all = s->tx_room;
	for (unsigned int i = 0; i < 3; i++) {
		s->request_room = s->tx_room = 0;
		shmx_poll(EP(0), NULL, 0);
	}
	CU_ASSERT(ops_of(OP_UNDO) > asked / 2);
	s->request_room = requests;
	s->tx_room = all;
	all_goes_back(addr);
}

/* Somebody has the lock that is to go back, whose number he has guessed. */
static void
busy__is_asked_again(void)
{
	const struct shmx_lock_req guess = {.lock = 1};

	begin();
	SAME(ask_lock(71), 0);
	served();
	SAME(shmx_lock_sync(EP(1), S(1), &guess, 1, 0, NULL), 0);
	SAME(shmx_cancel(EP(0), 71), 0);
	SAME(status_of(71), -EINTR);
	for (unsigned int i = 0; i < 10; i++)
		SAME(poll_for(EP(0), 1), 0);
	SAME(ops_of(OP_UNDOES), 1);
	SAME(made(), 1);
	SAME(shmx_unlock_sync(EP(1), S(1), &guess.lock, 1), 0);
	nothing_stays();
	fixture_down(&fx);
}

static void
until_made(uint64_t n)
{
	for (unsigned int i = 0; i < 1000 && made() != n; i++)
		poll_for(EP(1), 1);
	SAME(made(), n);
}

/* What belongs to the node that is gone goes with it; the rest is as if the session had ended in
 * the middle of any other allocation. */
static void
session__ends_meanwhile(void)
{
	for (unsigned int late = 0; late < 3; late++) {
		struct shmx_alloc_req req = {
			.len = 8, .owner = SHMX_OWNER_SELF, .on_death = SHMX_FREE};

		begin();
		req.pool = fx.pool;
		fx.server_stopped = late == 0;
		SAME(shmx_alloc(EP(0), &req, 71), 0);
		served();
		SAME(shmx_cancel(EP(0), 71), 0);
		lossy_deaf = late == 2;
		if (late == 2)
			shmx_poll(EP(0), NULL, 0);
		SAME(ops_of(OP_UNDO), late != 2);
		SAME(ops_of(OP_UNDOES), late == 2);
		SAME(shmx_disconnect(EP(0), S(0)), 0);
		SAME(EP(0)->nb_free_op, EP(0)->max_ops);
		fx.server_stopped = lossy_deaf = false;
		SAME(poll_for(EP(0), 2), 1);
		until_made(0);
		fixture_down(&fx);
	}
}

/* Those that succeeded, and were told so; *ended counts all. */
static unsigned int
succeeded(unsigned int *ended)
{
	struct shmx_event e[32];
	uint16_t n = shmx_poll(EP(0), e, RTE_DIM(e));
	unsigned int good = 0;

	for (uint16_t i = 0; i < n; i++)
		good += e[i].status == 0;
	*ended += n;
	return good;
}

/* Over a link that loses, many, given up at any moment: what is there is what was told. */
static void
by_the_hundred(void)
{
	unsigned int ended = 0, asked = 0, good = 0;

	begin();
	lossy = 10;
	for (uint64_t round = 0; round < 40; round++) {
		for (uint64_t i = 0; i < 10; i++)
			asked += ask[i != 0 ? 0 : 2 + round % 2](round) == 0;
		for (uint64_t i = 0; i < round % 5; i++)
			good += succeeded(&ended);
		(void)shmx_cancel(EP(0), round);
	}
	for (unsigned int i = 0; i < 1000000 && EP(0)->nb_free_op < EP(0)->max_ops; i++)
		good += succeeded(&ended);
	lossy = 0;
	good += succeeded(&ended);
	CU_ASSERT(asked > 100);
	SAME(ended, asked);
	SAME(EP(0)->nb_free_op, EP(0)->max_ops);
	SAME(made(), good);
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"cancelled__before_it_is_made", cancelled__before_it_is_made},
	{"cancelled__after_it_is_made", cancelled__after_it_is_made},
	{"deadline__passed", deadline__passed},
	{"refused__takes_nothing_back", refused__takes_nothing_back},
	{"named__stays", named__stays},
	{"others_memory__stays", others_memory__stays},
	{"window__is_full", window__is_full},
	{"path__takes_no_more", path__takes_no_more},
	{"busy__is_asked_again", busy__is_asked_again},
	{"session__ends_meanwhile", session__ends_meanwhile},
	{"by_the_hundred", by_the_hundred},
};

int
main(void)
{
	return tests_run_workers(tests, RTE_DIM(tests));
}
