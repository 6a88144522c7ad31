/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Cost of a 64-byte message through an inbox, and of a signal: sent, found ready, copied, taken. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "comm/comm.h"

#define ROUNDS 8000000u
#define LEN    64u

static struct comm *c;
static uint64_t consumed[COMM_NODE_MAX + 1];
static char frame[8192];

/* Of this process: others may want the core, too. */
static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* All that is there, as a server would do it. */
static uint32_t
deliver(void)
{
	uint32_t holder, done = 0, at = 0;
	struct comm_item item;

	while ((holder = comm_ready(c)) != 0) {
		while (comm_next(c, holder, 2048, &item) == 0) {
			if (item.kind == COMM_MESSAGE) {
				memcpy(frame + at, item.message.data, item.message.len);
				consumed[holder >> 16] += item.size;
			}
			at = (at + 80) % 6400;
			comm_taken(c, holder, &item);
			done++;
		}
		comm_credit(c, holder, consumed[holder >> 16]);
	}
	return done;
}

static void
send_some(uint32_t burst, uint32_t nodes, int signals)
{
	struct comm_to to = {.kind = COMM_TO_NODE};
	char data[LEN] = {0};
	uint32_t i, k, at = 0;
	double start = now();

	for (i = 0; i < ROUNDS / burst; i++) {
		for (k = 0; k < burst; k++) {
			at = at + 1 < nodes ? at + 1 : 0;
			to.node = 1 + at;
			if ((signals ? comm_signal(c, 7, &to, 3, 1)
				     : comm_send(c, 7, 0, &to, data, LEN)) != 1)
				exit(1);
		}
		k = deliver();
		if (!signals && k != burst)
			exit(1);
	}
	printf("%-7s bursts of %2u, %4u inboxes: %6.1f ns\n", signals ? "signal" : "message", burst,
		nodes, (now() - start) / (double)(i * burst));
}

int
main(void)
{
	struct comm_conf conf = {0};
	struct comm_limits limits = {0};
	size_t len = comm_table_size(&conf);
	uint32_t i;
	void *zone;
	int err;

	if (posix_memalign(&zone, 64, len) != 0)
		return 1;
	c = comm_create(zone, len, &conf, &err);
	for (i = 1; c != NULL && err == 0 && i <= COMM_NODE_MAX; i++)
		err = comm_open(c, i << 16 | i, &limits);
	if (c == NULL || err != 0)
		return 1;
	printf("%u chunks: %.1f MiB\n", 4096, (double)len / (1 << 20));
	for (i = 0; i < 2; i++) {
		send_some(1, 1, (int)i);
		send_some(32, 1, (int)i);
		send_some(32, 32, (int)i);
		send_some(32, COMM_NODE_MAX, (int)i);
	}
	comm_detach(c);
	free(zone);
	return 0;
}
