/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Sixteen nodes that allocate, free and hand memory to one another at random, against a model.
 *
 *	model [EAL options] -- run DIR ALLOCATIONS STEPS FILE
 *	model [EAL options] -- adopt FILE
 *
 * `run`: until so many are held, and so many steps more, over the ports DIR/1.sock to DIR/16.sock;
 * everything is compared and freed, and done once more. Then the model is written to FILE, and
 * "saved" to standard output, and SIGTERM ends it. `adopt`, as a secondary process of a memory node
 * that was killed then, compares what is left of it with FILE. SHMX_SEED repeats the dice.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_eal.h>

#include "common/model.h"
#include "nodes.h"

#define BYTES_EACH 3600 /* of the pools, for each allocation */
#define BYTES_MIN  (40u << 20)

static volatile sig_atomic_t ended;

static void
end(int sig)
{
	(void)sig;
	ended = 1;
}

static void
summary(const struct nodes *s)
{
	static const char *const name[OP_KINDS] = {
		"alloc", "free", "resize", "own", "put", "get", "owners", "lookup", "stat"};

	for (unsigned int i = 0; i < OP_KINDS; i++)
		printf("%s%s %lu + %lu refused", i > 0 ? ", " : "", name[i],
			(unsigned long)s->done[i], (unsigned long)s->refused[i]);
	printf("; %lu grown; refused with", (unsigned long)s->grown);
	for (int i = 0; i < ERRNOS; i++)
		if (s->told[i] > 0)
			printf(" %s %lu", strerrorname_np(i), (unsigned long)s->told[i]);
	printf(": %s\n", s->wrong == 0 ? "all as foreseen" : "not all as foreseen");
	fflush(stdout);
}

static void
work(struct nodes *s, uint32_t allocs, uint64_t more, const char *path)
{
	steps_run(s, allocs, more);
	check_all(s);
	clear_all(s);
	if (s->wrong == 0) {
		steps_run(s, allocs, more);
		check_all(s);
	}
	summary(s);
	if (s->wrong > 0 || model_save(&s->m, path) < 0)
		return;
	printf("saved\n");
	fflush(stdout);
	while (!ended)
		nodes_poll(s);
}

static int
run(const char *dir, uint32_t allocs, uint64_t more, const char *path)
{
	static struct nodes s;
	uint64_t wrong = 1;

	s.rnd = model_seed();
	printf("\n");
	signal(SIGTERM, end);
	if (nodes_create(&s, dir) == 0 &&
		nodes_pools(&s, RTE_MAX((uint64_t)allocs * BYTES_EACH, (uint64_t)BYTES_MIN)) == 0) {
		model_create(&s.m, allocs + allocs / 10 + 1000);
		check_stat(&s);
		work(&s, allocs, more, path);
		wrong = s.wrong;
	}
	nodes_destroy(&s);
	return wrong != 0;
}

int
main(int argc, char **argv)
{
	int ret = rte_eal_init(argc, argv), status = 2;
	char **word = argv + ret + 1;

	if (ret >= 0 && argc - ret == 6 && strcmp(word[0], "run") == 0)
		status = run(word[1], (uint32_t)strtoul(word[2], NULL, 0),
			strtoull(word[3], NULL, 0), word[4]);
	else if (ret >= 0 && argc - ret == 3 && strcmp(word[0], "adopt") == 0)
		status = adopt(word[1]);
	else
		fprintf(stderr, "model [EAL options] -- run DIR ALLOCATIONS STEPS FILE | adopt "
				"FILE\n");
	rte_eal_cleanup();
	return status;
}
