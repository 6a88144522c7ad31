/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * The timer wheel alone, in virtual time, against a model that is nothing but a time a session.
 * What a timer does when it fires is the tests': it arms and disarms others, also those of the
 * very slot that is being run.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/plain.h"
#include "rdp/rdp_private.h"

#define SESSIONS 300
#define STEPS    20000
#define SLOT_NS  (UINT64_C(1) << RDP_WHEEL_SHIFT)
#define TURN_NS  (SLOT_NS * RDP_WHEEL_SLOTS)
#define START_NS UINT64_C(5000000000)

struct model {
	bool armed;
	uint64_t at_ns;
	uint64_t asked_ns; /* when it was armed: it cannot fire before */
	uint64_t run;      /* in which it was armed */
	unsigned int fired;
};

static struct {
	struct rdp_ep ep;
	struct rdp_session session[SESSIONS];
	struct model model[SESSIONS];
	struct chance chance;
	uint64_t seed;
	uint64_t run; /* counts them */
	unsigned int fired;
	unsigned int errors;
	void (*on_fire)(unsigned int i);
} w;

static void
wrong(unsigned int i, const char *what)
{
	const struct model *m = &w.model[i];

	if (w.errors++ > 0)
		return;
	fprintf(stderr,
		"\nseed %" PRIu64 ", run %" PRIu64 ", %" PRIu64 " ns: timer %u for %" PRIu64
		", armed at %" PRIu64 ", %s\n",
		w.seed, w.run, w.ep.now_ns, i, m->at_ns, m->asked_ns, what);
}

static void
start(uint64_t seed)
{
	memset(&w, 0, sizeof(w));
	w.seed = seed;
	w.chance.state = seed;
	w.ep.now_ns = START_NS + chance_below(&w.chance, TURN_NS);
	w.ep.wheel_tick = w.ep.now_ns >> RDP_WHEEL_SHIFT;
	for (unsigned int i = 0; i < SESSIONS; i++) {
		w.session[i].ep = &w.ep;
		w.session[i].state = i % 3 == 0 ? RDP_HELLO : RDP_OPEN;
	}
}

static void
arm(unsigned int i, uint64_t at_ns)
{
	struct model *m = &w.model[i];

	rdp_timer_arm(&w.session[i], at_ns);
	m->armed = true;
	m->at_ns = at_ns;
	m->asked_ns = w.ep.now_ns;
	m->run = w.run;
}

static void
disarm(unsigned int i)
{
	rdp_timer_disarm(&w.session[i]);
	w.model[i].armed = false;
}

static void
fire(struct rdp_session *s)
{
	unsigned int i = (unsigned int)(s - w.session);
	struct model *m = &w.model[i];

	if (!m->armed)
		wrong(i, "fired though it was not armed");
	if (m->at_ns > w.ep.now_ns)
		wrong(i, "fired before its time");
	if (m->run == w.run)
		wrong(i, "fired in the run that armed it");
	if (s->timer_prev != NULL)
		wrong(i, "is still in the wheel when it fires");
	m->armed = false;
	m->fired++;
	w.fired++;
	if (w.on_fire != NULL)
		w.on_fire(i);
}

/* What the wheel calls. */
void
rdp_loss_timeout(struct rdp_session *s)
{
	CU_ASSERT_EQUAL(s->state, RDP_OPEN);
	fire(s);
}

void
rdp_handshake_timer(struct rdp_session *s)
{
	CU_ASSERT_EQUAL(s->state, RDP_HELLO);
	fire(s);
}

/* Whether it should have fired: a slot has gone by since it could. */
static bool
overdue(const struct model *m)
{
	uint64_t since = RTE_MAX(m->at_ns, m->asked_ns);

	return m->armed && w.ep.now_ns >= since && w.ep.now_ns - since >= SLOT_NS;
}

static void
check_against_model(void)
{
	for (unsigned int i = 0; i < SESSIONS; i++) {
		if (w.model[i].armed != (w.session[i].timer_prev != NULL))
			wrong(i, w.model[i].armed ? "is in no slot" : "is in a slot unasked");
		if (w.model[i].armed && w.session[i].timer_ns != w.model[i].at_ns)
			wrong(i, "has another time");
		if (overdue(&w.model[i]))
			wrong(i, "did not fire in time");
	}
}

/* Every armed session is in one slot, and the links agree. */
static void
check_links(void)
{
	unsigned int linked = 0, armed = 0;

	for (unsigned int slot = 0; slot < RDP_WHEEL_SLOTS + RDP_COARSE_SLOTS; slot++) {
		struct rdp_session **link = slot < RDP_WHEEL_SLOTS
		                                    ? &w.ep.wheel[slot]
		                                    : &w.ep.coarse[slot - RDP_WHEEL_SLOTS];

		for (; *link != NULL && linked <= SESSIONS; link = &(*link)->timer_next) {
			if ((*link)->timer_prev != link)
				wrong((unsigned int)(*link - w.session), "is linked one way only");
			linked++;
		}
	}
	for (unsigned int i = 0; i < SESSIONS; i++)
		armed += w.model[i].armed;
	if (linked != armed)
		wrong(0, "is one of too many or too few in the wheel");
}

/* Let the wheel run at the present time. */
static void
run(void)
{
	unsigned int before = w.fired;
	uint32_t looked_at;

	w.run++;
	looked_at = rdp_timer_run(&w.ep);
	/* One that is not due yet may be put back into a slot further along the same turn. */
	if (looked_at < w.fired - before || looked_at > 2 * SESSIONS)
		wrong(0, "is one of those looked at too often");
	check_against_model();
	if (w.run % 16 == 0)
		check_links();
}

static uint64_t
some_time(void)
{
	static const uint64_t span[] = {
		1, SLOT_NS / 3, 3 * SLOT_NS, TURN_NS / 8, TURN_NS, 5 * TURN_NS};
	uint64_t now = w.ep.now_ns;

	switch (chance_below(&w.chance, 10)) {
	case 0:
		return now - chance_below(&w.chance, 3 * SLOT_NS);
	case 1:
		return now + TURN_NS - 3 * SLOT_NS + chance_below(&w.chance, 6 * SLOT_NS);
	case 2:
		return chance_below(&w.chance, 50) == 0 ? UINT64_MAX : now;
	default:
		return now + chance_below(&w.chance, span[chance_below(&w.chance, RTE_DIM(span))]);
	}
}

/* A few neighbours for one time, so that slots hold several. */
static void
arm_some(void)
{
	unsigned int first = (unsigned int)chance_below(&w.chance, SESSIONS);
	unsigned int n = 1 + (unsigned int)chance_below(&w.chance, 6);
	uint64_t at_ns = some_time();

	for (unsigned int i = first; i < first + n; i++)
		arm(i % SESSIONS, at_ns);
}

static void
disturb(unsigned int i)
{
	unsigned int n = (unsigned int)chance_below(&w.chance, 4);

	if (chance_below(&w.chance, 2) == 0)
		arm(i, some_time());
	for (; n > 0; n--) {
		/* More often than not in the same slot. */
		unsigned int other = (i + (unsigned int)chance_below(&w.chance, 7) + SESSIONS - 3) %
		                     SESSIONS;

		if (chance_below(&w.chance, 2) == 0)
			disarm(other);
		else
			arm(other, some_time());
	}
}

static uint64_t
some_jump(void)
{
	static const uint64_t jump[] = {1, 100, SLOT_NS / 5, SLOT_NS, SLOT_NS + 1, 7 * SLOT_NS,
		TURN_NS - SLOT_NS, TURN_NS, TURN_NS + SLOT_NS, 3 * TURN_NS};
	uint64_t chosen = chance_below(&w.chance, 200);

	if (chosen == 0)
		return UINT64_C(10000000000);
	if (chosen < 20)
		return jump[chance_below(&w.chance, RTE_DIM(jump))];
	return chance_below(&w.chance, SLOT_NS);
}

static void
random_steps(uint64_t seed)
{
	start(seed);
	w.on_fire = disturb;
	for (unsigned int i = 0; i < STEPS && w.errors == 0; i++) {
		switch (chance_below(&w.chance, 4)) {
		case 0:
			arm_some();
			break;
		case 1:
			disarm((unsigned int)chance_below(&w.chance, SESSIONS));
			break;
		case 2:
			/* Time goes on and the wheel does not know: a flush, or a connect. */
			w.ep.now_ns += some_jump();
			break;
		default:
			w.ep.now_ns += some_jump();
			run();
			break;
		}
	}
	check_links();
	CU_ASSERT_EQUAL(w.errors, 0);
	CU_ASSERT(w.fired > STEPS / 100);
}

/* SHMX_ROUNDS asks for more than the few of everyday. */
static void
timer__as_a_list_of_times(void)
{
	uint64_t rounds = plain_rounds(20);

	for (uint64_t i = 0; i < rounds; i++)
		random_steps(plain_seed() + i);
}

static void
timer__fires_within_a_slot(void)
{
	for (uint64_t ahead = 0; ahead < 3 * TURN_NS; ahead += TURN_NS / 7 + 12345) {
		start(plain_seed());
		arm(0, w.ep.now_ns + ahead);
		while (w.fired == 0 && w.errors == 0) {
			w.ep.now_ns += SLOT_NS / 4;
			run();
		}
		CU_ASSERT_EQUAL(w.errors, 0);
	}
}

/* Turns come and go: one that is far away costs a look when its turn begins, and one when it fires.
 */
static void
timer__far_away_is_looked_at_twice(void)
{
	uint32_t looks = 0;

	start(1);
	arm(0, w.ep.now_ns + 20 * TURN_NS);
	while (w.fired == 0) {
		w.ep.now_ns += SLOT_NS;
		looks += rdp_timer_run(&w.ep);
		w.run++;
	}
	CU_ASSERT(looks >= 1);
	CU_ASSERT(looks <= 2);
}

static void
disarm_all(unsigned int i)
{
	for (unsigned int k = 0; k < SESSIONS; k++) {
		disarm(k);
		if (k != i)
			memset(&w.session[k], 0xa5, sizeof(w.session[k]));
	}
}

/* The first of a slot ends all others of it, and their memory goes to somebody else. */
static void
timer__ends_the_others_of_its_slot(void)
{
	start(1);
	w.on_fire = disarm_all;
	for (unsigned int i = 0; i < SESSIONS; i++)
		arm(i, w.ep.now_ns + SLOT_NS);
	w.ep.now_ns += 3 * SLOT_NS;
	w.run++;
	CU_ASSERT_EQUAL(rdp_timer_run(&w.ep), 1);
	CU_ASSERT_EQUAL(w.fired, 1);
	w.ep.now_ns += 3 * TURN_NS;
	CU_ASSERT_EQUAL(rdp_timer_run(&w.ep), 0);
}

static void
again_at_once(unsigned int i)
{
	arm(i, w.ep.now_ns - i % 2);
}

/* Who is due again at once waits for the next run, or there would be no end of this one. */
static void
timer__due_again_waits_for_the_next_run(void)
{
	static const uint64_t jump[] = {SLOT_NS, TURN_NS, TURN_NS + SLOT_NS, 100 * TURN_NS};

	for (unsigned int k = 0; k < RTE_DIM(jump); k++) {
		start(k);
		w.on_fire = again_at_once;
		for (unsigned int i = 0; i < SESSIONS; i++)
			arm(i, w.ep.now_ns);
		for (unsigned int i = 1; i < 50; i++) {
			w.ep.now_ns += jump[k];
			run();
			CU_ASSERT_EQUAL(w.fired, i * SESSIONS);
		}
		CU_ASSERT_EQUAL(w.errors, 0);
	}
}

/* To walk a century slot by slot would take longer than this test may. */
static void
timer__catch_up_walks_one_turn(void)
{
	start(1);
	for (unsigned int i = 0; i < SESSIONS; i++)
		arm(i, w.ep.now_ns + i * (TURN_NS / 10));
	w.ep.now_ns += UINT64_C(1) << 62;
	run();
	CU_ASSERT_EQUAL(w.fired, SESSIONS);
	CU_ASSERT_EQUAL(w.errors, 0);
	for (unsigned int i = 0; i < SESSIONS; i++)
		CU_ASSERT_EQUAL(w.model[i].fired, 1);
	CU_ASSERT_EQUAL(rdp_timer_run(&w.ep), 0);
}

static CU_TestInfo timer_tests[] = {
	TEST(timer__as_a_list_of_times),
	TEST(timer__fires_within_a_slot),
	TEST(timer__far_away_is_looked_at_twice),
	TEST(timer__ends_the_others_of_its_slot),
	TEST(timer__due_again_waits_for_the_next_run),
	TEST(timer__catch_up_walks_one_turn),
	CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
	{"timer", NULL, NULL, NULL, NULL, timer_tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	return plain_run(suites);
}
