/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include "../../../apps/shmx-server/ask.h"
#include "server_tests.h"

static struct ask a;
static bool stop;
static pthread_t owner_id;

struct question {
	unsigned int slow_us;
	unsigned int answers;
	pthread_t by;
};

static void
answer(void *arg)
{
	struct question *q = arg;

	usleep(q->slow_us);
	q->answers++;
	q->by = pthread_self();
}

static void *
owner_main(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		ask_serve(&a);
		usleep(100);
	}
	return arg;
}

static void
owner_begin(void)
{
	stop = false;
	pthread_create(&owner_id, NULL, owner_main, NULL);
}

static void
owner_end(void)
{
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(owner_id, NULL);
}

static void
ask__the_owner_answers(void)
{
	struct question q = {0};

	owner_begin();
	for (unsigned int i = 1; i <= 100; i++) {
		CU_ASSERT_EQUAL(ask(&a, answer, &q, 5000), 0);
		CU_ASSERT_EQUAL(q.answers, i);
		CU_ASSERT(pthread_equal(q.by, owner_id));
	}
	owner_end();
}

/* What was not answered in time is not answered later: the asker's memory has gone. */
static void
ask__nobody_answers(void)
{
	struct question q = {0};

	CU_ASSERT_EQUAL(ask(&a, answer, &q, 5), -ETIMEDOUT);
	ask_serve(&a);
	CU_ASSERT_EQUAL(q.answers, 0);
}

/* Time runs out while the owner is at it: the asker waits for the end. */
static void
ask__a_slow_answer(void)
{
	struct question q = {.slow_us = 50000};

	owner_begin();
	while (ask(&a, answer, &q, 5) != 0)
		;
	CU_ASSERT_EQUAL(q.answers, 1);
	owner_end();
}

CU_TestInfo ask_tests[] = {
	TEST(ask__the_owner_answers),
	TEST(ask__nobody_answers),
	TEST(ask__a_slow_answer),
	CU_TEST_INFO_NULL,
};
