/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Where the host has put the two cores at the moment: far from each other, near, or as two threads
 * of one physical core. A virtual machine is not told, and it changes from second to second.
 *
 *	cores [FIRST SECOND]
 *
 * prints two figures, with 0 and 1 as the cores unless said otherwise: how long a cache line takes
 * to the other core and back, ns; and how much both get done at once by twice what the first does
 * alone, which is 0.5 where they share execution units and 1 where nobody else is there.
 */

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 20000u
#define STEPS  1000u
#define WORK_S 0.005

struct shared {
	uint32_t turn __attribute__((aligned(128))); /* both write it, one after the other */
	pthread_barrier_t barrier;
	unsigned int core[2];
	double steps; /* a second, by the second core; it writes, before it ends */
};

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
stay_on(unsigned int core)
{
	cpu_set_t set;
	int ret;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	ret = pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	if (ret != 0) {
		fprintf(stderr, "cores: core %u: %s\n", core, strerror(ret));
		exit(1);
	}
}

/* Wait for the odd turns, or for the even ones, and end each. */
static void
take_turns(struct shared *s, uint32_t first)
{
	for (uint32_t turn = first; turn < 2 * ROUNDS; turn += 2) {
		while (__atomic_load_n(&s->turn, __ATOMIC_ACQUIRE) != turn)
			;
		__atomic_store_n(&s->turn, turn + 1, __ATOMIC_RELEASE);
	}
}

/* Four chains of multiplications: enough for one thread to fill the core's multiplier.
 * @return steps a second. */
static double
work(void)
{
	volatile uint64_t sink;
	uint64_t x[4] = {1, 2, 3, 4}, n = 0;
	double start = now(), end;

	do {
		for (unsigned int i = 0; i < STEPS; i++)
			for (unsigned int k = 0; k < 4; k++)
				x[k] = x[k] * 3 + (x[k] >> 7);
		n += STEPS;
		end = now();
	} while (end - start < WORK_S);
	sink = x[0] ^ x[1] ^ x[2] ^ x[3];
	(void)sink;
	return (double)n / (end - start);
}

static void *
second(void *shared)
{
	struct shared *s = shared;

	stay_on(s->core[1]);
	pthread_barrier_wait(&s->barrier);
	take_turns(s, 1);
	pthread_barrier_wait(&s->barrier);
	s->steps = work();
	return NULL;
}

static void
measure(struct shared *s)
{
	double start, line, both, alone;
	pthread_t thread;

	if (pthread_create(&thread, NULL, second, s) != 0) {
		fprintf(stderr, "cores: no thread\n");
		exit(1);
	}
	stay_on(s->core[0]);
	pthread_barrier_wait(&s->barrier);
	start = now();
	take_turns(s, 0);
	line = (now() - start) / ROUNDS;
	pthread_barrier_wait(&s->barrier);
	both = work();
	pthread_join(thread, NULL);
	alone = work();
	printf("%.0f %.2f\n", line * 1e9, (both + s->steps) / (2 * alone));
}

int
main(int argc, char **argv)
{
	static struct shared s = {.core = {0, 1}};

	if (argc == 3) {
		s.core[0] = (unsigned int)strtoul(argv[1], NULL, 10);
		s.core[1] = (unsigned int)strtoul(argv[2], NULL, 10);
	} else if (argc != 1) {
		fprintf(stderr, "usage: cores [FIRST SECOND]\n");
		return 2;
	}
	pthread_barrier_init(&s.barrier, NULL, 2);
	measure(&s);
	return 0;
}
