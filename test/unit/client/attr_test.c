/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Order and deadlines of operations, and operations that are given up, over links that lose. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_random.h>

#include "client/client_private.h"
#include "client/fixture.h"
#include "client/lossy.h"
#include "mem/mem_access.h"

#define LONG  1400  /* one record, long enough to be lent */
#define LARGE 20000 /* a transfer */
#define HUGE  (1 << 20)

static struct fixture f;
static struct shmx_ep *ep;

static bool
up(unsigned int workers)
{
	const struct fixture_conf conf = {
		.workers = workers, .nb_hosts = workers, .wrap = wrap_lossy, .max_ops = 512};

	lossy = 0;
	if (fixture_up(&f, &conf) < 0)
		return false;
	ep = f.host[0].ep;
	return true;
}

static void
attr(uint32_t flags, uint32_t timeout_us)
{
	const struct shmx_op_attr a = {.flags = flags, .timeout_us = timeout_us};

	SAME(shmx_op_attr_set(ep, &a), 0);
}

static uint64_t
in_progress(void)
{
	struct shmx_ep_stats stats;

	shmx_ep_stats_get(ep, &stats);
	return stats.ops_in_progress;
}

/* Submit, and poll while a window is full. */
#define SUBMIT(expr)                                                                               \
	do {                                                                                       \
		int ret_;                                                                          \
		while ((ret_ = (expr)) == -EAGAIN)                                                 \
			shmx_poll(ep, NULL, 0);                                                    \
		SAME(ret_, 0);                                                                     \
	} while (0)

static void
drain(void)
{
	while (in_progress() > 0)
		shmx_poll(ep, NULL, 0);
}

/* ---- order ------------------------------------------------------------------------------------
 */

#define SWAPS 1500

/* Each swap finds what the one before it left. @return how many did not. */
static unsigned int
swaps(unsigned int loss)
{
	shmx_addr_t word = alloc_of(&f, 0, 64);
	unsigned int wrong = 0, done = 0;
	struct shmx_event events[64];

	lossy = loss;
	for (uint64_t i = 1; done < SWAPS;) {
		uint16_t n;

		while (i <= SWAPS && shmx_swap(ep, word, i, i) == 0) {
			/* Many frames: what is in one keeps its order anyhow. */
			if (i++ % 4 == 0)
				shmx_flush(ep);
		}
		n = shmx_poll(ep, events, RTE_DIM(events));
		for (uint16_t k = 0; k < n; k++) {
			SAME(events[k].status, 0);
			wrong += events[k].value != events[k].cookie - 1;
		}
		done += n;
	}
	lossy = 0;
	return wrong;
}

static void
ordered_swaps(void)
{
	if (!up(1))
		return;
	attr(SHMX_ORDERED, 0);
	SAME(swaps(0), 0);
	SAME(swaps(12), 0);
	/* It is not by chance. */
	attr(0, 0);
	CU_ASSERT_TRUE(swaps(12) > 0);
	fixture_down(&f);
}

/* Whether memory is what a pattern says; not over the network, which would wait its turn. */
static bool
memory_is(shmx_addr_t addr, uint64_t number)
{
	static uint8_t want[LARGE];
	int err;
	const void *va = mem_access(f.mem, addr, LARGE, 1, &err);

	pattern_fill(want, sizeof(want), number);
	CU_ASSERT_PTR_NOT_NULL_FATAL(va);
	return memcmp(va, want, sizeof(want)) == 0;
}

/* A flag is raised behind a transfer: who sees the flag sees the data. @return how often not. */
static unsigned int
flags_behind_data(unsigned int rounds)
{
	static uint8_t data[LARGE];
	shmx_addr_t addr = alloc_of(&f, 0, LARGE), flag = alloc_of(&f, 0, 64);
	uint32_t before = ep->attr;
	unsigned int wrong = 0;

	lossy = 12;
	for (uint64_t i = 1; i <= rounds; i++) {
		struct shmx_event event;
		uint64_t raised = 0;
		int err;

		pattern_fill(data, sizeof(data), i);
		ep->attr = 0;
		SUBMIT(shmx_put(ep, addr, data, sizeof(data), 1));
		ep->attr = (uint8_t)before;
		SUBMIT(shmx_put(ep, flag, &i, sizeof(i), 2));
		while (raised != i) {
			shmx_poll(ep, NULL, 0);
			memcpy(&raised, mem_access(f.mem, flag, sizeof(raised), 1, &err),
				sizeof(raised));
		}
		wrong += !memory_is(addr, i);
		SAME(shmx_wait(ep, 1, &event), 0);
		SAME(shmx_wait(ep, 2, NULL), 0);
	}
	lossy = 0;
	return wrong;
}

static void
fenced_flag(void)
{
	if (!up(1))
		return;
	attr(SHMX_FENCED, 0);
	SAME(flags_behind_data(100), 0);
	attr(0, 0);
	CU_ASSERT_TRUE(flags_behind_data(100) > 0);
	fixture_down(&f);
}

/* Memory is written, read and freed in one go, its home being another worker. */
static void
ordered_life(unsigned int workers)
{
	static uint8_t out[LONG], in[LONG];

	if (!up(workers))
		return;
	attr(SHMX_ORDERED, 0);
	for (uint64_t i = 1; i <= 60; i++) {
		shmx_addr_t addr = alloc_of(&f, 0, LONG);
		struct shmx_event event;

		pattern_fill(out, sizeof(out), i);
		memset(in, 0, sizeof(in));
		lossy = 12;
		SUBMIT(shmx_put(ep, addr, out, sizeof(out), 1));
		SUBMIT(shmx_get(ep, addr, in, sizeof(in), 2));
		SUBMIT(shmx_fill(ep, addr, LONG, i, 3));
		SUBMIT(shmx_free(ep, addr, 4));
		SUBMIT(shmx_put(ep, addr, out, 8, 5));
		for (uint64_t cookie = 1; cookie < 5; cookie++)
			SAME(shmx_wait(ep, cookie, &event), 0);
		SAME(shmx_wait(ep, 5, &event), -ESTALE);
		CU_ASSERT_EQUAL(memcmp(in, out, sizeof(in)), 0);
		lossy = 0;
	}
	fixture_down(&f);
}

static void
ordered_life_one_worker(void)
{
	ordered_life(1);
}

static void
ordered_life_two_workers(void)
{
	ordered_life(2);
}

static const struct rdp_session *
our_session(void)
{
	return ep->session[f.host[0].session];
}

/* What must not overtake a transfer finds the window full until that is on its way. */
static void
behind_a_transfer(void)
{
	static uint8_t data[HUGE];
	shmx_addr_t addr, word;
	struct shmx_event event;
	uint64_t one = 1;

	if (!up(1))
		return;
	addr = alloc_of(&f, 0, HUGE);
	word = alloc_of(&f, 0, 64);
	SAME(shmx_put(ep, addr, data, HUGE, 1), 0);
	attr(SHMX_FENCED, 0);
	SAME(client_in_order(ep, our_session(), CLIENT_NONE), false);
	SAME(shmx_getv(ep, &(struct shmx_vec){word, &one, 8}, 1, 2), -EAGAIN);
	SAME(shmx_fetch_add(ep, word, 1, 2), -EAGAIN);
	attr(SHMX_ORDERED, 0);
	/* The transfer is not ordered. */
	SAME(client_in_order(ep, our_session(), CLIENT_NONE), true);
	attr(SHMX_FENCED, 0);
	SUBMIT(shmx_put(ep, word, &one, 8, 2));
	SAME(ep->bulk_active, CLIENT_NONE);
	SAME(shmx_wait(ep, 1, &event), 0);
	SAME(shmx_wait(ep, 2, &event), 0);
	attr(SHMX_ORDERED, 0);
	SAME(shmx_put(ep, addr, data, HUGE, 1), 0);
	SAME(client_in_order(ep, our_session(), CLIENT_NONE), false);
	attr(0, 0);
	SUBMIT(shmx_put(ep, word, &one, 8, 2));
	SAME(shmx_wait(ep, 1, &event), 0);
	SAME(shmx_wait(ep, 2, &event), 0);
	fixture_down(&f);
}

static void
bad_arguments(void)
{
	const struct shmx_op_attr bad = {.flags = 4};

	if (!up(1))
		return;
	SAME(shmx_op_attr_set(NULL, NULL), -EINVAL);
	SAME(shmx_op_attr_set(ep, &bad), -EINVAL);
	SAME(shmx_op_attr_set(ep, NULL), 0);
	SAME(shmx_cancel(NULL, 1), -EINVAL);
	SAME(shmx_cancel(ep, 1), -ENOENT);
	fixture_down(&f);
}

/* ---- deadlines --------------------------------------------------------------------------------
 */

/* Read and written while nobody answers: all end with -ETIMEDOUT, and what comes then goes
 * nowhere. */
static void
late_answers(void)
{
	static uint8_t in[LARGE], out[LARGE], want[LARGE];
	struct shmx_pool_info info;
	shmx_addr_t addr;
	struct shmx_event event;

	if (!up(1))
		return;
	addr = alloc_of(&f, 0, LARGE);
	pattern_fill(out, sizeof(out), 1);
	SAME(shmx_put_sync(ep, addr, out, sizeof(out)), 0);
	attr(0, 3000);
	f.server_stopped = true;
	SAME(shmx_get(ep, addr, in, 8, 1), 0);
	SAME(shmx_get(ep, addr, in + 64, LONG, 2), 0);
	SAME(shmx_get(ep, addr, in + 4096, 8192, 3), 0);
	SAME(shmx_pool_stat(ep, f.pool, &info, 4), 0);
	SAME(shmx_fetch_add(ep, addr, 0, 5), 0);
	memset(in, 0x5a, sizeof(in));
	memset(&info, 0x5a, sizeof(info));
	memset(want, 0x5a, sizeof(want));
	for (uint64_t cookie = 1; cookie <= 5; cookie++)
		SAME(shmx_wait(ep, cookie, &event), -ETIMEDOUT);
	CU_ASSERT_TRUE(in_progress() > 0);
	attr(0, 0);
	f.server_stopped = false;
	drain();
	SAME(poll_for(ep, 5), 0);
	CU_ASSERT_EQUAL(memcmp(in, want, sizeof(in)), 0);
	CU_ASSERT_EQUAL(memcmp((const uint8_t *)&info, want, sizeof(info)), 0);
	SAME(shmx_get_sync(ep, addr, in, sizeof(in)), 0);
	CU_ASSERT_EQUAL(memcmp(in, out, sizeof(in)), 0);
	fixture_down(&f);
}

/* Neither early nor much too late, whether or not it is more than a turn of the wheel. */
static void
deadlines_in_time(void)
{
	static const uint32_t us[] = {1, 60, 70, 1000, 16000, 17000, 40000, 100000};
	shmx_addr_t addr;

	if (!up(1))
		return;
	addr = alloc_of(&f, 0, 64);
	f.server_stopped = true;
	for (unsigned int i = 0; i < RTE_DIM(us); i++) {
		uint64_t begin = rte_get_timer_cycles(), took;
		struct shmx_event event;

		attr(0, us[i]);
		SAME(shmx_fetch_add(ep, addr, 1, i), 0);
		SAME(shmx_wait(ep, i, &event), -ETIMEDOUT);
		took = (rte_get_timer_cycles() - begin) * 1000000 / rte_get_timer_hz();
		CU_ASSERT_TRUE(took >= us[i]);
	}
	attr(0, 0);
	f.server_stopped = false;
	drain();
	fixture_down(&f);
}

/* The first poll after the deadline tells of it, however long that is after the one before. */
static void
deadline_between_polls(void)
{
	shmx_addr_t addr;
	struct shmx_event event;

	if (!up(1))
		return;
	addr = alloc_of(&f, 0, 64);
	f.server_stopped = true;
	attr(0, 1000);
	SAME(shmx_fetch_add(ep, addr, 1, 1), 0);
	/* Polls that follow each other closely look at no clock. */
	for (int i = 0; i < 100; i++)
		SAME(shmx_poll(ep, &event, 1), 0);
	rte_delay_us_block(3000);
	SAME(shmx_poll(ep, &event, 1), 1);
	SAME(event.status, -ETIMEDOUT);
	attr(0, 0);
	f.server_stopped = false;
	drain();
	/* What has been answered in time was not late, though nobody looked. */
	attr(0, 1000);
	SAME(shmx_fetch_add(ep, addr, 1, 2), 0);
	SAME(shmx_poll(ep, &event, 1), 0);
	rte_delay_us_block(3000);
	SAME(shmx_poll(ep, &event, 1), 1);
	SAME(event.status, 0);
	attr(0, 0);
	fixture_down(&f);
}

/* Those that are answered in time take their deadlines with them. */
static void
deadlines_met(void)
{
	static uint8_t data[LARGE];
	shmx_addr_t addr;

	if (!up(1))
		return;
	addr = alloc_of(&f, 0, LARGE);
	attr(0, 1000000);
	for (int i = 0; i < 1000; i++) {
		SAME(shmx_put_sync(ep, addr, data, i % 10 == 0 ? LARGE : 8), 0);
		SAME(ep->nb_deadlines, 0);
	}
	attr(0, 0);
	fixture_down(&f);
}

/* ---- cancelling -------------------------------------------------------------------------------
 */

static void
cancel_one(void)
{
	static uint8_t data[HUGE];
	shmx_addr_t addr;
	struct shmx_event event;

	if (!up(1))
		return;
	addr = alloc_of(&f, 0, HUGE);
	f.server_stopped = true;
	SAME(shmx_fetch_add(ep, addr, 1, 1), 0);
	SAME(shmx_fetch_add(ep, addr, 1, 2), 0);
	SAME(shmx_cancel(ep, 3), -ENOENT);
	SAME(shmx_cancel(ep, 2), 0);
	SAME(shmx_cancel(ep, 2), -ENOENT);
	SAME(shmx_wait(ep, 2, &event), -EINTR);
	/* A transfer that is under way, and one that has not begun. */
	SAME(shmx_get(ep, addr, data, HUGE, 4), 0);
	SAME(shmx_get(ep, addr, data, HUGE, 5), 0);
	SAME(shmx_cancel(ep, 5), 0);
	SAME(shmx_cancel(ep, 4), 0);
	SAME(shmx_wait(ep, 5, &event), -ECANCELED);
	SAME(shmx_wait(ep, 4, &event), -EINTR);
	f.server_stopped = false;
	SAME(shmx_wait(ep, 1, &event), 0);
	drain();
	/* A record that has been written travels. */
	SAME(VALUE(ep, shmx_fetch_add(ep, addr, 0, cookie)), 2);
	SAME(poll_for(ep, 5), 0);
	fixture_down(&f);
}

/* The sending buffer is the caller's at once: what is sent again is not what it holds then. */
static void
cancelled_puts(void)
{
	static uint8_t out[LONG], in[LONG], other[LONG];

	if (!up(1))
		return;
	pattern_fill(other, sizeof(other), 99);
	for (uint64_t i = 1; i <= 150; i++) {
		shmx_addr_t addr = alloc_of(&f, 0, LONG);
		static const uint8_t zeros[LONG];
		struct shmx_event event;

		pattern_fill(out, sizeof(out), i);
		lossy = 3;
		SUBMIT(shmx_put(ep, addr, out, sizeof(out), 1));
		if (i % 3 != 0)
			shmx_flush(ep);
		if (i % 3 == 1)
			shmx_poll(ep, NULL, 0);
		if (shmx_cancel(ep, 1) == 0)
			memcpy(out, other, sizeof(out));
		shmx_wait(ep, 1, &event);
		drain();
		lossy = 0;
		SAME(shmx_get_sync(ep, addr, in, sizeof(in)), 0);
		pattern_fill(out, sizeof(out), i);
		CU_ASSERT_TRUE(memcmp(in, out, sizeof(in)) == 0 ||
			       (event.status == -EINTR && memcmp(in, zeros, sizeof(in)) == 0));
		SAME(shmx_free_sync(ep, addr), 0);
	}
	fixture_down(&f);
}

/* Parts of a transfer that was given up are told from those of any that takes its place, even after
 * so many that none could count them. */
static void
cancel_and_begin_anew(void)
{
	static uint8_t huge[HUGE], old[LARGE], new[LARGE], zeros[LARGE];
	unsigned int wrong = 0;
	shmx_addr_t addr;
	struct shmx_event event;

	if (!up(1))
		return;
	addr = alloc_of(&f, 0, HUGE);
	pattern_fill(new, sizeof(new), 1);
	SAME(shmx_put_sync(ep, addr, new, sizeof(new)), 0);
	f.server_stopped = true;
	/* The window is full of parts of two, and what comes then has none. */
	SAME(shmx_get(ep, addr, old, LARGE, 1), 0);
	SAME(shmx_get(ep, addr, huge, HUGE, 2), 0);
	SAME(shmx_cancel(ep, 1), 0);
	SAME(shmx_wait(ep, 1, &event), -EINTR);
	for (uint32_t i = 0; i < UINT16_MAX; i++)
		wrong += shmx_get(ep, addr, new, LARGE, 3) != 0 || shmx_cancel(ep, 3) != 0 ||
		         shmx_wait(ep, 3, &event) != -ECANCELED;
	SAME(wrong, 0);
	memset(new, 0, sizeof(new));
	SAME(shmx_get(ep, addr, new, LARGE, 4), 0);
	f.server_stopped = false;
	SAME(shmx_wait(ep, 2, &event), 0);
	drain();
	CU_ASSERT_EQUAL(memcmp(old, zeros, sizeof(old)), 0);
	SAME(poll_for(ep, 5), 1);
	CU_ASSERT_EQUAL(memcmp(new, huge, sizeof(new)), 0);
	SAME(ep->share[f.host[0].session].parts, 0);
	fixture_down(&f);
}

#define LEFT  60 /* transfers that are not given up */
#define FLOOD 8000

static uint8_t told[FLOOD]; /* events, by cookie */

static void
take_all(uint64_t n)
{
	struct shmx_event event;

	for (uint64_t i = 0; i < 2 * FLOOD && in_progress() + client_kept(ep) > 0; i++)
		if (shmx_poll(ep, &event, 1) == 1 && event.cookie < n)
			told[event.cookie]++;
	for (uint64_t i = 0; i < n; i++)
		SAME(told[i], 1);
}

/* Nobody polls while operations are in progress and transfers begin and are given up, again and
 * again; then all that is left fails at once. Each has its event. */
static void
cancel_without_polling(void)
{
	static uint8_t data[LARGE];
	shmx_addr_t addr;
	uint64_t n = 0, left;
	int ret;

	if (!up(1))
		return;
	memset(told, 0, sizeof(told));
	addr = alloc_of(&f, 0, LARGE);
	f.server_stopped = true;
	while (ep->nb_free_op > 0)
		SUBMIT(shmx_fetch_add(ep, addr, 1, n++));
	for (left = n + LEFT; n < left;)
		SAME(shmx_get(ep, addr, data, LARGE, n++), 0);
	while ((ret = shmx_get(ep, addr, data, LARGE, n)) == 0 && n < FLOOD - 1)
		SAME(shmx_cancel(ep, n++), 0);
	SAME(ret, -EAGAIN);
	SAME(shmx_disconnect(ep, f.host[0].session), 0);
	f.server_stopped = false;
	take_all(n);
	fixture_down(&f);
}

/* ---- all of it, at random ---------------------------------------------------------------------
 */

#define RANDOM_OPS 64

struct random_op {
	bool busy;
	bool allocates;
};

static struct random_op random_op[RANDOM_OPS];
static shmx_addr_t random_made[8000]; /* allocations that were told of */
static unsigned int random_nb_made;
static uint8_t random_buf[RANDOM_OPS][LARGE];

static int
random_start(shmx_addr_t addr, uint64_t i)
{
	static const uint32_t lens[] = {8, 100, LONG, LARGE};
	uint32_t len = lens[rte_rand_max(RTE_DIM(lens))];

	attr((uint32_t)rte_rand_max(4), rte_rand_max(2) ? (uint32_t)rte_rand_max(1000) + 1 : 0);
	random_op[i].allocates = false;
	switch (rte_rand_max(7)) {
	case 0:
		return shmx_put(ep, addr, random_buf[i], len, i);
	case 1:
		return shmx_get(ep, addr, random_buf[i], len, i);
	case 2:
		return shmx_fill(ep, addr, len, i, i);
	case 3:
		return shmx_fetch_add(ep, addr, 1, i);
	case 4:
		return shmx_lookup(ep, f.pool, "nobody", i);
	case 5:
		random_op[i].allocates = true;
		return shmx_alloc(ep, &(struct shmx_alloc_req){.pool = f.pool, .len = 64}, i);
	default:
		return shmx_own(ep, addr, 64, SHMX_OWNER_EVERYONE, i);
	}
}

static void
random_events(void)
{
	struct shmx_event events[16];
	uint16_t n = shmx_poll(ep, events, RTE_DIM(events));

	for (uint16_t k = 0; k < n; k++) {
		CU_ASSERT_TRUE_FATAL(events[k].cookie < RANDOM_OPS);
		CU_ASSERT_TRUE(random_op[events[k].cookie].busy);
		random_op[events[k].cookie].busy = false;
		if (random_op[events[k].cookie].allocates && events[k].status == 0)
			random_made[random_nb_made++] = events[k].value;
	}
}

/* Allocations that nobody was told of have gone back; the others are there. */
static void
random_made_free(void)
{
	struct shmx_pool_info info = {0};

	SAME(shmx_pool_stat_sync(ep, f.pool, &info), 0);
	SAME(info.allocs, random_nb_made + 1);
	while (random_nb_made > 0)
		SAME(shmx_free_sync(ep, random_made[--random_nb_made]), 0);
}

static void
random_all(void)
{
	const char *env = getenv("SHMX_SEED");
	uint64_t seed = env != NULL ? strtoull(env, NULL, 0) : rte_rdtsc();
	unsigned int rounds = getenv("SHMX_SHORT") != NULL ? 500 : 8000;
	shmx_addr_t addr;

	printf("SHMX_SEED=%" PRIu64 "\n", seed);
	if (!up(1))
		return;
	rte_srand(seed);
	addr = alloc_of(&f, 0, LARGE);
	lossy = 20;
	for (unsigned int round = 0; round < rounds; round++) {
		uint64_t i = rte_rand_max(RANDOM_OPS);
		int ret;

		if (random_op[i].busy) {
			ret = rte_rand_max(4) == 0 ? shmx_cancel(ep, i) : 0;
			CU_ASSERT_TRUE(ret == 0 || ret == -ENOENT);
		} else {
			ret = random_start(addr, i);
			CU_ASSERT_TRUE(ret == 0 || ret == -EAGAIN);
			random_op[i].busy = ret == 0;
		}
		if (rte_rand_max(3) == 0)
			random_events();
	}
	attr(0, 0);
	for (uint64_t i = 0; i < RANDOM_OPS; i++)
		while (random_op[i].busy)
			random_events();
	lossy = 0;
	drain();
	SAME(ep->nb_deadlines, 0);
	SAME(ep->bulk_active, CLIENT_NONE);
	SAME(ep->share[f.host[0].session].parts, 0);
	SAME(ep->nb_free_op, ep->max_ops);
	SAME(poll_for(ep, 5), 0);
	random_made_free();
	SAME(shmx_put_sync(ep, addr, random_buf[0], LARGE), 0);
	fixture_down(&f);
}

static const struct named_test tests[] = {
	{"bad arguments", bad_arguments},
	{"ordered swaps", ordered_swaps},
	{"fenced flag", fenced_flag},
	{"ordered life, one worker", ordered_life_one_worker},
	{"ordered life, two workers", ordered_life_two_workers},
	{"behind a transfer", behind_a_transfer},
	{"late answers", late_answers},
	{"deadlines in time", deadlines_in_time},
	{"deadline between polls", deadline_between_polls},
	{"deadlines met", deadlines_met},
	{"cancel one", cancel_one},
	{"cancelled puts", cancelled_puts},
	{"cancel and begin anew", cancel_and_begin_anew},
	{"cancel without polling", cancel_without_polling},
	{"random", random_all},
};

int
main(void)
{
	return tests_run("attr", tests, RTE_DIM(tests));
}
