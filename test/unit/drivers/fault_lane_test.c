/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* A receiving lane in virtual time, in ns: each fault alone, all together, and while they change.
 */

#include <rte_cycles.h>

#include "fault_tests.h"

#define FRAMES 20000
#define BURST  8
#define MAX    32
#define STEP   1000 /* between two polls */

/* What came out, in order. */
struct out {
	uint32_t number;
	uint32_t len;
	unsigned int bits; /* flipped */
	uint64_t when;
};

static struct lane *lane;
static uint64_t now;
static struct out out[4 * FRAMES];
static uint32_t nb_out;

static void
lane_begin(const char *spec)
{
	static const struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 1}};
	struct fate_conf conf = conf_of(spec);

	lane = lane_create(FAULT_RX, &mac, NULL, SOCKET_ID_ANY);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lane);
	CU_ASSERT_TRUE(lane_idle(lane));
	lane_publish(lane, &conf);
	now = 1000000;
	nb_out = 0;
}

static void
lane_set(const char *spec)
{
	struct fate_conf conf = conf_of(spec);

	lane_publish(lane, &conf);
}

static void
lane_end(void)
{
	lane_destroy(lane);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
}

/* Numbers stand in the frame, and may be damaged or cut off: who it was tells the mbuf, too. */
static struct rte_mbuf *
numbered(uint32_t number)
{
	struct rte_mbuf *m = frame_make(pool, number);

	m->hash.usr = number;
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return m;
}

static void
take_out(struct rte_mbuf **m, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct out *o = &out[nb_out++];

		CU_ASSERT_FATAL(nb_out <= RTE_DIM(out));
		*o = (struct out){
			m[i]->hash.usr, m[i]->pkt_len, frame_damage(m[i], m[i]->hash.usr), now};
		/* Nothing damaged claims to be good. */
		if (o->bits > 0 || o->len < FRAME_LEN)
			CU_ASSERT_EQUAL(m[i]->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK,
				RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN);
		rte_pktmbuf_free(m[i]);
	}
}

/* One poll that finds @p n frames. */
static void
poll_lane(uint32_t first, uint16_t n)
{
	struct rte_mbuf *m[MAX];
	uint16_t got;

	for (uint16_t i = 0; i < n; i++)
		m[i] = numbered(first + i);
	got = lane_rx(lane, now, m, n, MAX);
	CU_ASSERT_FATAL(got <= MAX);
	take_out(m, got);
	/* Nothing is lost without being counted. */
	CU_ASSERT_EQUAL_FATAL(nb_out + fault_stats_lost(&lane->stats) + lane->stats.held,
		first + n + lane->stats.duplicated);
	CU_ASSERT_EQUAL_FATAL(rte_mempool_in_use_count(pool), lane->stats.held);
	now += STEP;
}

/* All frames in small bursts, and then polls until nothing is held. */
static void
run(void)
{
	uint32_t i;

	for (i = 0; i < FRAMES; i += BURST)
		poll_lane(i, BURST);
	for (i = 0; i < 100000 && lane->stats.held > 0; i++)
		poll_lane(FRAMES, 0);
	CU_ASSERT_EQUAL(lane->stats.held, 0);
}

static bool
in_order(void)
{
	for (uint32_t i = 1; i < nb_out; i++)
		if (out[i].number < out[i - 1].number)
			return false;
	return true;
}

static uint32_t
damaged(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < nb_out; i++)
		n += out[i].bits > 0 || out[i].len != FRAME_LEN;
	return n;
}

static void
off(void)
{
	lane_begin("off");
	run();
	CU_ASSERT_EQUAL(nb_out, FRAMES);
	CU_ASSERT_TRUE(in_order());
	CU_ASSERT_EQUAL(damaged(), 0);
	CU_ASSERT_TRUE(lane_drained(lane));
	CU_ASSERT_EQUAL(lane->stats.seen, 0); /* not even looked at */
	lane_end();
}

static void
drops(void)
{
	lane_begin("drop=1%");
	run();
	CU_ASSERT_SHARE(lane->stats.dropped, FRAMES, 1);
	CU_ASSERT_EQUAL(nb_out, FRAMES - lane->stats.dropped);
	CU_ASSERT_EQUAL(lane->stats.seen, FRAMES);
	CU_ASSERT_TRUE(in_order());
	CU_ASSERT_EQUAL(damaged(), 0);
	lane_end();
	lane_begin("drop=100%");
	run();
	CU_ASSERT_EQUAL(nb_out, 0);
	lane_end();
}

static void
duplicates(void)
{
	uint32_t twice = 0;

	lane_begin("dup=5%");
	run();
	for (uint32_t i = 1; i < nb_out; i++)
		twice += out[i].number == out[i - 1].number;
	CU_ASSERT_SHARE(twice, FRAMES, 5);
	CU_ASSERT_EQUAL(twice, lane->stats.duplicated);
	CU_ASSERT_EQUAL(nb_out, FRAMES + twice);
	CU_ASSERT_TRUE(in_order());
	CU_ASSERT_EQUAL(damaged(), 0);
	lane_end();
}

/* More come out than the burst has room for: the rest comes with the next polls. */
static void
duplicates_all(void)
{
	struct rte_mbuf *m[MAX];

	lane_begin("dup=100%");
	for (uint16_t i = 0; i < MAX; i++)
		m[i] = numbered(i);
	CU_ASSERT_EQUAL(lane_rx(lane, now, m, MAX, MAX), MAX);
	take_out(m, MAX);
	CU_ASSERT_EQUAL(lane->stats.held, MAX);
	CU_ASSERT_EQUAL(lane_rx(lane, now, m, 0, MAX), MAX);
	take_out(m, MAX);
	for (uint32_t i = 0; i < 2 * MAX; i++)
		CU_ASSERT_EQUAL(out[i].number, i / 2);
	CU_ASSERT_EQUAL(lane_rx(lane, now, m, 0, MAX), 0);
	lane_end();
}

/* How many later frames came out before it; what stands behind it is looked at as far as needed. */
static uint32_t
overtaken(uint32_t at, uint32_t reach)
{
	uint32_t n = 0;

	for (uint32_t i = at > reach ? at - reach : 0; i < at; i++)
		n += out[i].number > out[at].number;
	return n;
}

static void
reorders_by_count(void)
{
	uint64_t by[9] = {0}, moved = 0;

	lane_begin("reorder=2%/8");
	run();
	CU_ASSERT_EQUAL(nb_out, FRAMES);
	for (uint32_t i = 0; i < nb_out; i++) {
		uint32_t n = overtaken(i, 100);

		CU_ASSERT_FATAL(n <= 8);
		by[n]++;
		moved += n > 0;
	}
	CU_ASSERT_SHARE(moved, FRAMES, 2);
	/* One of the last few may find nobody to overtake it. */
	CU_ASSERT(lane->stats.reordered - moved <= 1);
	for (int k = 1; k <= 8; k++)
		CU_ASSERT_SHARE(by[k], moved, 100.0 / 8);
	CU_ASSERT_EQUAL(damaged(), 0);
	lane_end();
}

static void
reorders_everything(void)
{
	lane_begin("reorder=100%/1000/20us");
	run();
	CU_ASSERT_EQUAL(nb_out, FRAMES);
	CU_ASSERT_EQUAL(lane->stats.reordered, FRAMES);
	/* More want to step aside than can. */
	CU_ASSERT(lane->stats.overflowed > 0);
	lane_end();
}

static uint64_t
came(uint32_t number)
{
	return 1000000 + number / BURST * UINT64_C(1000);
}

static void
reorders_by_time(void)
{
	uint64_t late = 0;

	lane_begin("reorder=5%/50us");
	run();
	CU_ASSERT_EQUAL(nb_out, FRAMES);
	for (uint32_t i = 0; i < nb_out; i++) {
		uint64_t wait = out[i].when - came(out[i].number);

		CU_ASSERT_FATAL(wait < 50000 + STEP);
		late += wait > 0;
	}
	CU_ASSERT_SHARE(late, FRAMES, 5);
	CU_ASSERT_EQUAL(late, lane->stats.reordered);
	CU_ASSERT_EQUAL(lane->stats.delayed, 0);
	CU_ASSERT_FALSE(in_order());
	lane_end();
}

/* Not early, and with the first poll that is not early. */
static void
delays(void)
{
	lane_begin("delay=20us");
	run();
	CU_ASSERT_EQUAL(nb_out, FRAMES);
	for (uint32_t i = 0; i < nb_out; i++)
		CU_ASSERT_EQUAL_FATAL(out[i].when, came(out[i].number) + 20000);
	CU_ASSERT_TRUE(in_order());
	CU_ASSERT_EQUAL(lane->stats.delayed, FRAMES);
	lane_end();
}

static void
delays_with_jitter(void)
{
	uint64_t quarter[4] = {0};

	lane_begin("delay=20us~39999ns");
	run();
	CU_ASSERT_EQUAL(nb_out, FRAMES);
	for (uint32_t i = 0; i < nb_out; i++) {
		uint64_t wait = out[i].when - came(out[i].number);

		/* Polls come every step: what is due between two of them comes with the second. */
		CU_ASSERT_FATAL(wait >= 20000 && wait <= 60000);
		if (wait > 20000)
			quarter[(wait - 20001) / 10000]++;
	}
	for (int k = 1; k < 4; k++)
		CU_ASSERT_SHARE(quarter[k], FRAMES, 25);
	CU_ASSERT_FALSE(in_order());
	lane_end();
}

static void
flips(void)
{
	uint64_t flipped = 0;

	lane_begin("flip=3%/4");
	run();
	CU_ASSERT_EQUAL(nb_out, FRAMES);
	for (uint32_t i = 0; i < nb_out; i++) {
		CU_ASSERT_FATAL(out[i].bits <= 4 && out[i].len == FRAME_LEN);
		flipped += out[i].bits > 0;
	}
	CU_ASSERT_SHARE(flipped, FRAMES, 3);
	CU_ASSERT_EQUAL(flipped, lane->stats.flipped);
	CU_ASSERT_TRUE(in_order());
	lane_end();
}

static void
truncates(void)
{
	uint64_t cut = 0;

	lane_begin("trunc=3%");
	run();
	CU_ASSERT_EQUAL(nb_out, FRAMES);
	for (uint32_t i = 0; i < nb_out; i++) {
		CU_ASSERT_FATAL(out[i].bits == 0 && out[i].len >= 1);
		cut += out[i].len < FRAME_LEN;
	}
	CU_ASSERT_SHARE(cut, FRAMES, 3);
	CU_ASSERT_EQUAL(cut, lane->stats.truncated);
	lane_end();
}

static void
blackhole_heals(void)
{
	lane_begin("blackhole=1ms");
	run();
	/* From the first poll on, for a thousand steps. */
	CU_ASSERT_EQUAL(lane->stats.blackholed, 1000 * BURST);
	CU_ASSERT_EQUAL(nb_out, FRAMES - 1000 * BURST);
	CU_ASSERT_EQUAL(out[0].number, 1000 * BURST);
	CU_ASSERT_TRUE(lane_drained(lane));
	lane_end();
	lane_begin("blackhole=1ms,drop=10%");
	run();
	CU_ASSERT_EQUAL(lane->stats.blackholed, 1000 * BURST);
	CU_ASSERT_SHARE(lane->stats.dropped, FRAMES - 1000 * BURST, 10);
	lane_end();
}

static void
blackhole_until_told_otherwise(void)
{
	lane_begin("blackhole=on");
	poll_lane(0, BURST);
	now += UINT64_C(1000000000000);
	poll_lane(BURST, BURST);
	CU_ASSERT_EQUAL(nb_out, 0);
	CU_ASSERT_FALSE(lane_drained(lane));
	lane_set("off");
	poll_lane(2 * BURST, BURST);
	CU_ASSERT_EQUAL(nb_out, BURST);
	CU_ASSERT_TRUE(lane_drained(lane));
	lane_end();
}

static void
all_together(void)
{
	lane_begin("drop=2%,dup=2%,reorder=2%/8,delay=5us~10us,flip=2%/3,trunc=2%,blackhole=100us");
	run();
	CU_ASSERT_EQUAL(lane->stats.blackholed, 100 * BURST);
	CU_ASSERT_SHARE(lane->stats.dropped, FRAMES - 100 * BURST, 2);
	CU_ASSERT_SHARE(lane->stats.duplicated, FRAMES - 100 * BURST, 2);
	CU_ASSERT_SHARE(lane->stats.reordered, FRAMES - 100 * BURST, 2);
	CU_ASSERT_SHARE(lane->stats.flipped, FRAMES - 100 * BURST, 2);
	CU_ASSERT_SHARE(lane->stats.truncated, FRAMES - 100 * BURST, 2);
	CU_ASSERT_EQUAL(lane->stats.overflowed, 0);
	CU_ASSERT_EQUAL(lane->stats.spared, 0);
	lane_end();
}

/* With everything at 100 % but the loss, nothing gets stuck. */
static void
all_of_everything(void)
{
	lane_begin("dup=100%,reorder=100%/9,delay=5us~5us,flip=100%/32,trunc=100%");
	run();
	CU_ASSERT_EQUAL(lane->stats.duplicated + lane->stats.overflowed >= FRAMES, true);
	CU_ASSERT_EQUAL(lane->stats.flipped, FRAMES);
	lane_end();
}

static struct out first_out[RTE_DIM(out)];

static void
seed_repeats(void)
{
	const char *spec = "drop=5%,dup=5%,reorder=5%/8,delay=5us~10us,flip=5%/3,trunc=5%";
	uint32_t n;

	lane_begin(spec);
	run();
	lane_end();
	memcpy(first_out, out, sizeof(out));
	n = nb_out;
	lane_begin(spec);
	run();
	lane_end();
	CU_ASSERT_EQUAL(nb_out, n);
	CU_ASSERT_EQUAL(memcmp(first_out, out, n * sizeof(out[0])), 0);
}

/* As many held as can be: the next pass at once, and none is lost. */
static void
bound(void)
{
	uint32_t i;

	lane_begin("delay=1s");
	for (i = 0; i < HOLD_MAX; i += BURST)
		poll_lane(i, BURST);
	CU_ASSERT_EQUAL(nb_out, 0);
	CU_ASSERT_EQUAL(lane->stats.held, HOLD_MAX);
	poll_lane(i, BURST);
	CU_ASSERT_EQUAL(nb_out, BURST);
	CU_ASSERT_EQUAL(lane->stats.overflowed, BURST);
	CU_ASSERT_EQUAL(out[0].number, HOLD_MAX);
	now += 1000000000;
	for (int k = 0; k < HOLD_MAX / MAX; k++)
		poll_lane(HOLD_MAX + BURST, 0);
	CU_ASSERT_EQUAL(nb_out, HOLD_MAX + BURST);
	lane_end();
	lane_begin("dup=100%,delay=1s");
	for (i = 0; i < HOLD_MAX; i += BURST)
		poll_lane(i, BURST);
	CU_ASSERT_EQUAL(lane->stats.held, HOLD_MAX);
	CU_ASSERT_EQUAL(lane->stats.duplicated + lane->stats.overflowed, HOLD_MAX + nb_out);
	lane_end();
}

/* What is held when faults are switched off comes at once, and before what comes later. */
static void
switching_off_delivers(void)
{
	lane_begin("delay=1s,reorder=20%/50");
	for (uint32_t i = 0; i < 10 * BURST; i += BURST)
		poll_lane(i, BURST);
	CU_ASSERT_EQUAL(nb_out, 0);
	lane_set("off");
	CU_ASSERT_FALSE(lane_drained(lane));
	for (uint32_t i = 10 * BURST; i < 20 * BURST; i += BURST)
		poll_lane(i, BURST);
	CU_ASSERT_EQUAL(nb_out, 20 * BURST);
	CU_ASSERT_TRUE(in_order());
	CU_ASSERT_TRUE(lane_drained(lane));
	CU_ASSERT_TRUE(lane_idle(lane));
	lane_end();
}

/* Other faults: what is held keeps its time. */
static void
changing_keeps_times(void)
{
	lane_begin("delay=20us");
	poll_lane(0, BURST);
	lane_set("drop=100%");
	for (int i = 0; i < 19; i++)
		poll_lane(BURST + (uint32_t)i, 1);
	CU_ASSERT_EQUAL(nb_out, 0);
	poll_lane(BURST + 19, 0);
	CU_ASSERT_EQUAL(nb_out, BURST);
	lane_end();
}

/* Destroyed with frames in all three places. */
static void
destroyed_while_holding(void)
{
	struct rte_mbuf *m[MAX];

	lane_begin("dup=100%,reorder=30%/500,delay=1us~100us");
	for (uint32_t i = 0; i < 200; i++) {
		for (uint16_t k = 0; k < MAX; k++)
			m[k] = numbered(i * MAX + k);
		take_out(m, lane_rx(lane, now, m, MAX, MAX));
		now += STEP;
	}
	CU_ASSERT(lane->hold.nb_waiting > 0 && lane->hold.nb_aside > 0);
	CU_ASSERT(hold_ready(&lane->hold) > 0);
	nb_out = 0;
	lane_end();
}

/* Changed at random moments to random faults: no frame without account, and none left behind. */
static void
random_changes(void)
{
	static const char *const specs[] = {"off", "drop=20%", "dup=20%", "reorder=20%/8",
		"reorder=20%/20us", "delay=3us~30us", "flip=20%/3", "trunc=20%", "blackhole=7us",
		"drop=9%,dup=9%,reorder=9%/8,delay=3us~3us,flip=9%,trunc=9%"};
	struct dice d = {seed};
	uint32_t number = 0;

	lane_begin("off");
	while (number < FRAMES) {
		uint16_t n = (uint16_t)dice_below(dice_roll(&d), BURST + 1);

		for (uint64_t k = dice_below(dice_roll(&d), 64); k <= 2; k++)
			lane_set(specs[dice_below(dice_roll(&d), RTE_DIM(specs))]);
		/* What passes a lane that is off is not counted, but it comes out. */
		poll_lane(number, n);
		number += n;
	}
	lane_set("off");
	for (int i = 0; i < 100; i++)
		poll_lane(number, 0);
	CU_ASSERT_TRUE(lane_drained(lane));
	CU_ASSERT_EQUAL(nb_out, number + lane->stats.duplicated - fault_stats_lost(&lane->stats));
	CU_ASSERT(lane->stats.blackholed > 0 && lane->stats.flipped > 0);
	lane_end();
}

#define WORDS (sizeof(struct fate_conf) / sizeof(uint64_t))

static bool publishing;

/* Settings whose words are all the same number, another one each time, as fast as it goes. */
static void *
publish_on(void *arg)
{
	union {
		struct fate_conf conf;
		uint64_t word[WORDS];
	} u;

	for (uint64_t n = 1; __atomic_load_n(&publishing, __ATOMIC_RELAXED); n++) {
		for (unsigned int i = 0; i < WORDS; i++)
			u.word[i] = n;
		lane_publish(lane, &u.conf);
	}
	return NULL;
}

/* What the polling thread goes by is one of the settings, and not parts of several. */
static void
settings_are_whole(void)
{
	const struct fate_conf zero = {0};
	const uint64_t *word;
	uint64_t torn = 0, changes = 0, last = 0;
	pthread_t thread;

	lane_begin("off");
	word = (const uint64_t *)&lane->teller.conf;
	lane_publish(lane, &zero);
	poll_lane(0, 0);
	publishing = true;
	thread_start(&thread, publish_on, NULL);
	for (uint64_t end = rte_rdtsc() + rte_get_tsc_hz(); rte_rdtsc() < end;) {
		poll_lane(0, 0);
		for (unsigned int i = 1; i < WORDS; i++)
			torn += word[i] != word[0];
		changes += word[0] != last;
		last = word[0];
	}
	__atomic_store_n(&publishing, false, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(torn, 0);
	CU_ASSERT(changes > 0);
	lane_set("off");
	poll_lane(0, 0);
	poll_lane(0, 0);
	CU_ASSERT_TRUE(lane_drained(lane));
	lane_end();
}

/* Without buffers, what needs one does not happen, and is counted. */
static void
no_buffers(void)
{
	struct rte_mempool *small = rte_pktmbuf_pool_create(
		"few", 7, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	struct rte_mbuf *m[8];

	lane_begin("dup=100%,flip=100%,delay=0us");
	for (uint32_t i = 0; i < 7; i++) {
		m[i] = frame_make(small, i);
		m[i]->hash.usr = i;
		rte_mbuf_refcnt_update(m[i], 1);
	}
	CU_ASSERT_PTR_NULL(rte_pktmbuf_alloc(small));
	CU_ASSERT_EQUAL(lane_rx(lane, now, m, 7, 8), 7);
	CU_ASSERT_EQUAL(lane->stats.spared, 14);
	for (uint32_t i = 0; i < 7; i++)
		CU_ASSERT_EQUAL(frame_damage(m[i], i), 0);
	for (uint32_t i = 0; i < 7; i++) {
		rte_pktmbuf_free(m[i]);
		rte_pktmbuf_free(m[i]);
	}
	lane_end();
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(small), 0);
	rte_mempool_free(small);
}

CU_TestInfo lane_tests[] = {
	{"off", off},
	{"drops", drops},
	{"duplicates", duplicates},
	{"duplicates all", duplicates_all},
	{"reorders by count", reorders_by_count},
	{"reorders everything", reorders_everything},
	{"reorders by time", reorders_by_time},
	{"delays", delays},
	{"delays with jitter", delays_with_jitter},
	{"flips", flips},
	{"truncates", truncates},
	{"a black hole heals", blackhole_heals},
	{"a black hole until told otherwise", blackhole_until_told_otherwise},
	{"all together", all_together},
	{"all of everything", all_of_everything},
	{"a seed repeats", seed_repeats},
	{"bound", bound},
	{"switching off delivers", switching_off_delivers},
	{"changing keeps times", changing_keeps_times},
	{"destroyed while holding", destroyed_while_holding},
	{"random changes", random_changes},
	{"settings are whole", settings_are_whole},
	{"no buffers", no_buffers},
	CU_TEST_INFO_NULL,
};
