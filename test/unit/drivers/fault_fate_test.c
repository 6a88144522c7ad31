/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Decisions: as many as asked for, by the seed alone, and each fault for itself. */

#include "fault_tests.h"

#define FRAMES 200000

static struct fate_teller teller;
static struct fate fate[2][FRAMES];

static void
tell(const char *spec, struct fate *to)
{
	struct fate_conf conf = conf_of(spec);

	fate_begin(&teller, &conf);
	for (uint32_t i = 0; i < FRAMES; i++)
		fate_next(&teller, &to[i]);
}

static bool
same(const struct fate *f, const struct fate *g)
{
	return f->lost == g->lost && f->twice == g->twice && f->reordered == g->reordered &&
	       f->delayed == g->delayed && f->overtake == g->overtake && f->wait == g->wait &&
	       f->twin_wait == g->twin_wait && f->flip == g->flip && f->trunc == g->trunc;
}

static uint32_t
differences(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < FRAMES; i++)
		n += !same(&fate[0][i], &fate[1][i]);
	return n;
}

static void
nothing(void)
{
	static const struct fate none;

	tell("off", fate[0]);
	for (uint32_t i = 0; i < FRAMES; i++)
		CU_ASSERT_FATAL(same(&fate[0][i], &none));
}

static void
everything(void)
{
	tell("drop=100%,dup=100%,reorder=100%/4,flip=100%,trunc=100%,delay=7ns", fate[0]);
	for (uint32_t i = 0; i < FRAMES; i++) {
		const struct fate *f = &fate[0][i];

		CU_ASSERT_FATAL(f->lost && f->twice && f->reordered && f->delayed && f->flip != 0 &&
				f->trunc != 0);
		CU_ASSERT_FATAL(f->overtake >= 1 && f->overtake <= 4);
		CU_ASSERT_FATAL(f->wait == 7 && f->twin_wait == 7);
	}
}

struct counts {
	uint64_t lost, twice, reordered, flip, trunc, lost_and_twice, flip_and_trunc;
};

static struct counts
count(const struct fate *f)
{
	struct counts c = {0};

	for (uint32_t i = 0; i < FRAMES; i++, f++) {
		c.lost += f->lost;
		c.twice += f->twice;
		c.reordered += f->reordered;
		c.flip += f->flip != 0;
		c.trunc += f->trunc != 0;
		c.lost_and_twice += f->lost && f->twice;
		c.flip_and_trunc += f->flip != 0 && f->trunc != 0;
	}
	return c;
}

/* Each as often as asked, and two together as often as independent ones are. */
static void
shares(void)
{
	struct counts c;

	tell("drop=1%,dup=20%,reorder=0.1%/8,flip=5%,trunc=50%", fate[0]);
	c = count(fate[0]);
	CU_ASSERT_SHARE(c.lost, FRAMES, 1);
	CU_ASSERT_SHARE(c.twice, FRAMES, 20);
	CU_ASSERT_SHARE(c.reordered, FRAMES, 0.1);
	CU_ASSERT_SHARE(c.flip, FRAMES, 5);
	CU_ASSERT_SHARE(c.trunc, FRAMES, 50);
	CU_ASSERT_SHARE(c.lost_and_twice, FRAMES, 0.2);
	CU_ASSERT_SHARE(c.flip_and_trunc, FRAMES, 2.5);
}

/* Numbers of frames to let pass, and times to wait, are spread evenly. */
static void
spread(void)
{
	uint64_t overtake[5] = {0}, late[4] = {0}, jitter[4] = {0};

	tell("reorder=100%/4", fate[0]);
	for (uint32_t i = 0; i < FRAMES; i++)
		overtake[fate[0][i].overtake]++;
	CU_ASSERT_EQUAL(overtake[0], 0);
	for (int i = 1; i <= 4; i++)
		CU_ASSERT_SHARE(overtake[i], FRAMES, 25);
	tell("reorder=100%/4ns", fate[0]);
	for (uint32_t i = 0; i < FRAMES; i++)
		late[fate[0][i].wait - 1]++;
	tell("delay=100ns~3ns", fate[0]);
	for (uint32_t i = 0; i < FRAMES; i++)
		jitter[fate[0][i].wait - 100]++;
	for (int i = 0; i < 4; i++) {
		CU_ASSERT_SHARE(late[i], FRAMES, 25);
		CU_ASSERT_SHARE(jitter[i], FRAMES, 25);
	}
}

static void
seed_repeats(void)
{
	const char *spec = "drop=3%,dup=3%,reorder=3%/9,flip=3%/9,trunc=3%,delay=9us~9us";

	tell(spec, fate[0]);
	tell(spec, fate[1]);
	CU_ASSERT_EQUAL(differences(), 0);
	seed++;
	tell(spec, fate[1]);
	seed--;
	CU_ASSERT(differences() > FRAMES / 2);
}

/* Frames are lost at the same places whatever else is set. */
static void
each_for_itself(void)
{
	uint32_t differ = 0;

	tell("drop=3%", fate[0]);
	tell("drop=3%,dup=50%,reorder=9%/9,flip=9%,trunc=9%,delay=1us~9us", fate[1]);
	for (uint32_t i = 0; i < FRAMES; i++)
		differ += fate[0][i].lost != fate[1][i].lost;
	CU_ASSERT_EQUAL(differ, 0);
}

/* Distances between hits are those of dice rolled for each frame: the geometric distribution. */
static void
distances(void)
{
	uint64_t hits = 0, next = 0, fourth = 0, ten = 0;
	uint32_t last = 0;

	tell("drop=20%", fate[0]);
	for (uint32_t i = 0; i < FRAMES; i++) {
		if (!fate[0][i].lost)
			continue;
		if (hits++ > 0) {
			next += i - last == 1;
			fourth += i - last == 4;
			ten += i - last > 10;
		}
		last = i;
	}
	CU_ASSERT_SHARE(next, hits, 20);
	CU_ASSERT_SHARE(fourth, hits, 10.24);
	CU_ASSERT_SHARE(ten, hits, 10.737);
}

/* Passing what goes free in one go, or one by one, or some of each. */
static void
free_ones(void)
{
	const char *spec = "drop=1%,dup=0.5%,reorder=2%/9,flip=0.3%/9,trunc=0.1%";
	struct fate_conf conf = conf_of(spec);
	static const struct fate none;
	struct dice d = {seed};
	uint64_t passed = 0;

	tell(spec, fate[0]);
	fate_begin(&teller, &conf);
	for (uint32_t i = 0; i < FRAMES;) {
		uint64_t n = RTE_MIN(fate_free(&teller), (uint64_t)FRAMES - i);

		n = dice_below(dice_roll(&d), n + 1);
		fate_pass(&teller, n);
		passed += n;
		for (; n > 0; n--)
			fate[1][i++] = none;
		if (i < FRAMES)
			fate_next(&teller, &fate[1][i++]);
	}
	CU_ASSERT_EQUAL(differences(), 0);
	CU_ASSERT(passed > FRAMES / 2);
	conf = conf_of("drop=1%,delay=1ns");
	fate_begin(&teller, &conf);
	CU_ASSERT_EQUAL(fate_free(&teller), 0);
	conf = conf_of("off");
	fate_begin(&teller, &conf);
	CU_ASSERT(fate_free(&teller) > UINT32_MAX);
}

/* What is not set rolls no dice. */
static void
unset_rolls_nothing(void)
{
	struct fate_conf conf = conf_of("drop=3%,delay=1us");
	struct dice begin[FATE_DICE];

	fate_begin(&teller, &conf);
	memcpy(begin, teller.dice, sizeof(begin));
	for (uint32_t i = 0; i < FRAMES; i++)
		fate_next(&teller, &fate[0][i]);
	for (int i = 0; i < FATE_DICE; i++)
		CU_ASSERT_EQUAL(teller.dice[i].state == begin[i].state, i != FATE_DROP);
	CU_ASSERT_EQUAL(fate[0][0].wait, 1000);
	CU_ASSERT_EQUAL(fate[0][0].twin_wait, 1000);
}

/* Queues, directions and ports with one seed do not lose the same frames. */
static void
salt(void)
{
	struct fault_settings settings = settings_of("drop=10%");
	struct fate_teller a, b;
	struct fate_conf conf;
	uint64_t both = 0;
	struct fate f, g;

	fate_conf_fill(&conf, &settings.dir[FAULT_RX], 0, 1);
	fate_begin(&a, &conf);
	fate_conf_fill(&conf, &settings.dir[FAULT_RX], 1, 1);
	fate_begin(&b, &conf);
	for (uint32_t i = 0; i < FRAMES; i++) {
		fate_next(&a, &f);
		fate_next(&b, &g);
		both += f.lost && g.lost;
	}
	CU_ASSERT_SHARE(both, FRAMES, 1);
}

static void
ticks_of_other_clocks(void)
{
	struct fault_settings settings;
	struct fate_conf conf;

	settings = settings_of("delay=1ms~2s,reorder=1%/3us,blackhole=3600s");
	fate_conf_fill(&conf, &settings.dir[FAULT_TX], 0, UINT64_C(2500000000));
	CU_ASSERT_EQUAL(conf.delay, 2500000);
	CU_ASSERT_EQUAL(conf.jitter, UINT64_C(5000000000));
	CU_ASSERT_EQUAL(conf.reorder_ticks, 7500);
	CU_ASSERT_EQUAL(conf.blackhole, UINT64_C(9000000000000));
	settings = settings_of("blackhole=on");
	fate_conf_fill(&conf, &settings.dir[FAULT_TX], 0, 1000);
	CU_ASSERT_EQUAL(conf.blackhole, FAULT_FOREVER);
}

CU_TestInfo fate_tests[] = {
	{"nothing", nothing},
	{"everything", everything},
	{"shares", shares},
	{"spread", spread},
	{"a seed repeats", seed_repeats},
	{"each fault for itself", each_for_itself},
	{"distances", distances},
	{"free ones", free_ones},
	{"what is not set rolls nothing", unset_rolls_nothing},
	{"queues differ", salt},
	{"ticks of other clocks", ticks_of_other_clocks},
	CU_TEST_INFO_NULL,
};
