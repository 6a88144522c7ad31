/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * A client that goes on whatever happens to the memory node: it counts in a word of its own, and
 * keeps a ledger of what it was told. In every life of the memory node it makes a new word, unless
 * the memory is one that outlives it.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client.h"

#define SLOTS   256
#define LOOK    UINT64_C(0x80000000) /* cookie of a get of the word */
#define MAKE    UINT64_C(0x80000001) /* of the allocation */
#define ADD_MAX (1u << 25)           /* of one word */

static struct {
	bool on, up, making, looking;
	bool kept; /* the word outlives the memory node */
	uint64_t epoch;
	shmx_addr_t word;
	bool busy[SLOTS];
	unsigned int nb_busy;
	uint64_t started, done;   /* additions to this word */
	uint64_t look, done_then; /* what the get found, additions known to be done before it */
	uint8_t seen[ADD_MAX / 8];
	uint64_t connects, total, wrong;
} ledger;

static void
wrong(const char *what, uint64_t a, uint64_t b)
{
	ledger.wrong++;
	printf("ledger: %s: %lu %lu\n", what, (unsigned long)a, (unsigned long)b);
}

/* Every addition finds another value, none more than were started. */
static void
added(uint64_t before)
{
	if (before >= ledger.started)
		wrong("found more than was started", before, ledger.started);
	else if (ledger.seen[before / 8] >> before % 8 & 1)
		wrong("found twice", before, ledger.started);
	else
		ledger.seen[before / 8] |= (uint8_t)(1u << before % 8);
	ledger.done++;
	ledger.total++;
}

static void
looked(const struct shmx_event *e)
{
	ledger.looking = false;
	if (e->status == 0 && (ledger.look < ledger.done_then || ledger.look > ledger.started))
		wrong("the word does not hold what was done", ledger.look, ledger.done_then);
}

static void
made(const struct shmx_event *e)
{
	ledger.making = false;
	if (e->status != 0)
		return;
	ledger.word = e->value;
	ledger.started = ledger.done = 0;
	memset(ledger.seen, 0, sizeof(ledger.seen));
}

static void
operation(const struct shmx_event *e)
{
	if (e->status != 0 && e->status != -ECONNRESET && e->status != -ECANCELED)
		wrong("status", (uint64_t)-e->status, e->cookie);
	if (e->cookie == MAKE) {
		made(e);
	} else if (e->cookie == LOOK) {
		looked(e);
	} else if (e->cookie >= SLOTS || !ledger.busy[e->cookie]) {
		wrong("ended twice", e->cookie, 0);
	} else {
		ledger.busy[e->cookie] = false;
		ledger.nb_busy--;
		if (e->status == 0)
			added(e->value);
	}
}

static void
connected(const struct shmx_event *e)
{
	if (e->status != 0 || ledger.up) {
		wrong("connected", (uint64_t)-e->status, ledger.up);
		return;
	}
	ledger.up = true;
	ledger.connects++;
	if (e->value2 != ledger.epoch && !ledger.kept)
		ledger.word = 0;
	ledger.epoch = e->value2;
}

static void
down(void)
{
	if (!ledger.up)
		wrong("down twice", 0, 0);
	if (ledger.nb_busy > 0 || ledger.looking || ledger.making)
		wrong("operations outlive their session", ledger.nb_busy, ledger.looking);
	ledger.up = false;
}

static void
start_more(struct client *c)
{
	struct shmx_alloc_req req = {.pool = c->pool, .len = 64};

	if (ledger.word == 0) {
		if (!ledger.making)
			ledger.making = shmx_alloc(c->ep, &req, MAKE) == 0;
		return;
	}
	for (unsigned int i = 0; i < SLOTS && ledger.started < ADD_MAX; i++) {
		if (ledger.busy[i] || shmx_fetch_add(c->ep, ledger.word, 1, i) != 0)
			continue;
		ledger.busy[i] = true;
		ledger.nb_busy++;
		ledger.started++;
	}
	if (!ledger.looking && shmx_get(c->ep, ledger.word, &ledger.look, 8, LOOK) == 0) {
		ledger.looking = true;
		ledger.done_then = ledger.done;
	}
}

bool
ledger_poll(struct client *c)
{
	struct shmx_event events[64];
	uint16_t n;

	if (!ledger.on)
		return false;
	if (ledger.up)
		start_more(c);
	n = shmx_poll(c->ep, events, 64);
	for (uint16_t i = 0; i < n; i++) {
		if (events[i].type == SHMX_EV_OP)
			operation(&events[i]);
		else if (events[i].type == SHMX_EV_CONNECTED)
			connected(&events[i]);
		else
			down();
	}
	return true;
}

/* ledger POOL: connect, to stay so, and count until the end */
static int
run_ledger(struct client *c, char *words[WORDS_MAX])
{
	int ret;

	c->peer.reconnect.tries = SHMX_TRIES_FOREVER;
	c->peer.reconnect.first_ms = 5;
	c->peer.reconnect.max_ms = 100;
	ret = shmx_connect_sync(c->ep, &c->peer, &c->session);
	if (ret == 0)
		ret = shmx_pool_open_sync(c->ep, c->session, words[1], &c->pool);
	ledger.on = ledger.up = ret == 0;
	ledger.connects = 1;
	return ret;
}

/* ledger_kept POOL: the same with one word for ever */
static int
run_ledger_kept(struct client *c, char *words[WORDS_MAX])
{
	ledger.kept = true;
	return run_ledger(c, words);
}

/* tally: times connected, additions, rules broken */
static int
run_tally(struct client *c, char *words[WORDS_MAX])
{
	reply_value(c, ledger.connects);
	reply_value(c, ledger.total);
	reply_value(c, ledger.wrong);
	return 0;
}

const struct command ledger_commands[] = {
	{"ledger", 1, run_ledger},
	{"ledger_kept", 1, run_ledger_kept},
	{"tally", 0, run_tally},
	{NULL, 0, NULL},
};
