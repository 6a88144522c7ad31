/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * A writer among readers who share a lock, and want it again as soon as they have given it back, so
 * that somebody has it at any time. Each is a session of its own.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define READERS 15
#define WRITER  READERS /* cookies are numbers of sessions, those of UNLOCK behind them */
#define UNLOCK  32

static struct {
	shmx_session_t session[READERS + 1];
	struct shmx_lock_grant grant[READERS + 1];
	uint32_t lock;
	uint64_t latest; /* token of a reader that we heard of */
	uint64_t then;   /* that, when the writer asked */
	uint64_t turns, most, sum;
	unsigned int pause; /* polls before the writer asks again */
	int status;
} starve;

static int
want(struct client *c, unsigned int i)
{
	const struct shmx_lock_req req = {.lock = starve.lock, .shared = i != WRITER};

	return shmx_lock(c->ep, starve.session[i], &req, 1, SHMX_FOREVER, &starve.grant[i], i);
}

/* From here on nobody comes before it: those who have asked are on their way or queue. */
static int
writer_asks(struct client *c)
{
	int ret = want(c, WRITER);

	shmx_flush(c->ep);
	starve.then = starve.latest;
	return ret;
}

/* Each grant has a token of one more: so many readers got it between. */
static void
writer_got(void)
{
	uint64_t before = starve.grant[WRITER].token - starve.then - 1;

	starve.turns++;
	starve.sum += before;
	starve.most = before > starve.most ? before : starve.most;
	starve.latest = starve.grant[WRITER].token;
}

static int
granted(struct client *c, unsigned int i)
{
	if (i == WRITER)
		writer_got();
	else if (starve.grant[i].token > starve.latest)
		starve.latest = starve.grant[i].token;
	return shmx_unlock(c->ep, starve.session[i], &starve.lock, 1, UNLOCK + i);
}

static int
react(struct client *c, const struct shmx_event *e)
{
	if (e->status != 0)
		return e->status;
	if (e->cookie < UNLOCK)
		return granted(c, (unsigned int)e->cookie);
	if (e->cookie != UNLOCK + WRITER)
		return want(c, (unsigned int)e->cookie - UNLOCK);
	starve.pause = 1 + (unsigned int)rand() % 20;
	return 0;
}

static void
turn(struct client *c)
{
	struct shmx_event events[2 * READERS];
	uint16_t n = shmx_poll(c->ep, events, RTE_DIM(events));

	for (uint16_t i = 0; i < n && starve.status == 0; i++)
		starve.status = react(c, &events[i]);
	if (n > 0 && starve.pause > 0 && --starve.pause == 0 && starve.status == 0)
		starve.status = writer_asks(c);
}

static int
begin(struct client *c)
{
	int ret = shmx_lock_reserve_sync(c->ep, c->session, 0, NULL, &starve.lock);

	starve.session[WRITER] = c->session;
	for (unsigned int i = 0; i < READERS && ret == 0; i++) {
		ret = shmx_connect_sync(c->ep, &c->peer, &starve.session[i]);
		if (ret == 0)
			ret = want(c, i);
	}
	starve.pause = 100;
	return ret;
}

/* starve N: until the writer had as many turns; the most readers that got the lock between its
 * asking and its turn, and of all turns together how many */
static int
run_starve(struct client *c, char *words[WORDS_MAX])
{
	memset(&starve, 0, sizeof(starve));
	starve.status = begin(c);
	while (starve.status == 0 && starve.turns < number(words[1]))
		turn(c);
	for (unsigned int i = 0; i < READERS; i++)
		shmx_disconnect(c->ep, starve.session[i]);
	reply_value(c, starve.most);
	reply_value(c, starve.sum);
	return starve.status;
}

const struct command starve_commands[] = {
	{"starve", 1, run_starve},
	{NULL, 0, NULL},
};
