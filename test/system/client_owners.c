/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Commands about who owns memory. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "client.h"

#define PUTS 4 /* of `hammer`, at a time */

static unsigned int
nodes_read(char *words[WORDS_MAX], unsigned int from, uint16_t *nodes)
{
	unsigned int n = 0;

	for (; from + n < WORDS_MAX && words[from + n] != NULL; n++)
		nodes[n] = (uint16_t)number(words[from + n]);
	return n;
}

static int
own(struct client *c, enum shmx_own_how how, uint64_t len, const uint16_t *nodes, unsigned int n)
{
	uint64_t cookie = shmx_wait_cookie(c->ep);
	struct shmx_event event;
	int ret = shmx_own_nodes(c->ep, c->area, len, how, nodes, n, cookie);

	return ret == 0 ? shmx_wait(c->ep, cookie, &event) : ret;
}

/* own-nodes set|add|drop LENGTH NODE...: of the area */
static int
run_own_nodes(struct client *c, char *words[WORDS_MAX])
{
	enum shmx_own_how how = words[1][0] == 's'   ? SHMX_OWN_SET
	                        : words[1][0] == 'a' ? SHMX_OWN_ADD
	                                             : SHMX_OWN_DROP;
	uint16_t nodes[WORDS_MAX];
	unsigned int n = nodes_read(words, 3, nodes);

	return own(c, how, number(words[2]), nodes, n);
}

/* owners: of the area's first granule; how many they are, the first and the last */
static int
run_owners(struct client *c, char *words[WORDS_MAX])
{
	uint64_t cookie = shmx_wait_cookie(c->ep);
	struct shmx_event event = {0};
	uint16_t nodes[16] = {0};
	int ret = shmx_owners(c->ep, c->area, 64, nodes, RTE_DIM(nodes), cookie);

	if (ret == 0)
		ret = shmx_wait(c->ep, cookie, &event);
	reply_value(c, event.value);
	reply_value(c, nodes[0]);
	reply_value(
		c, event.value > 0 && event.value <= RTE_DIM(nodes) ? nodes[event.value - 1] : 0);
	return ret;
}

struct hammer {
	uint8_t *buf;
	uint64_t len;
	unsigned int out;
	uint64_t done, refused;
};

static int
hammer_turn(struct client *c, struct hammer *h, bool more)
{
	struct shmx_event events[PUTS];
	uint16_t n;

	while (more && h->out < PUTS && shmx_put(c->ep, c->area, h->buf, h->len, h->out) == 0)
		h->out++;
	n = shmx_poll(c->ep, events, RTE_DIM(events));
	for (uint16_t i = 0; i < n; i++) {
		if (events[i].status != 0 && events[i].status != -EPERM)
			return events[i].status;
		h->done += events[i].status == 0;
		h->refused += events[i].status == -EPERM;
		h->out--;
	}
	return 0;
}

/* hammer MILLISECONDS BYTE LENGTH: write this all over the area for so long; how often that was
 * done, and how often it was refused */
static int
run_hammer(struct client *c, char *words[WORDS_MAX])
{
	uint64_t end = rte_rdtsc() + number(words[1]) * rte_get_tsc_hz() / 1000;
	struct hammer h = {.len = number(words[3])};
	int ret = 0;

	h.buf = malloc(h.len);
	memset(h.buf, (int)number(words[2]), h.len);
	while (ret == 0 && (rte_rdtsc() < end || h.out > 0))
		ret = hammer_turn(c, &h, rte_rdtsc() < end);
	free(h.buf);
	reply_value(c, h.done);
	reply_value(c, h.refused);
	return ret;
}

static void
poll_for_us(struct client *c, unsigned int us)
{
	uint64_t end = rte_rdtsc() + us * rte_get_tsc_hz() / 1000000;

	while (rte_rdtsc() < end)
		shmx_poll(c->ep, NULL, 0);
}

/* EILSEQ when the area does not hold @p want, and still holds it a while later. */
static int
area_holds(struct client *c, const uint8_t *want, uint8_t *found, uint64_t len)
{
	int ret = 0;

	for (int look = 0; look < 3 && ret == 0; look++) {
		ret = shmx_get_sync(c->ep, c->area, found, len);
		if (ret == 0 && memcmp(found, want, len) != 0)
			ret = -EILSEQ;
		poll_for_us(c, 500);
	}
	return ret;
}

/* Take the area for this node alone, see that nobody writes to it any more, and give it back. */
static int
seize(struct client *c, uint64_t len, const uint16_t *all, unsigned int n, uint8_t *buf)
{
	const uint16_t self = all[0];
	int ret = own(c, SHMX_OWN_SET, len, &self, 1);

	if (ret == 0)
		ret = shmx_get_sync(c->ep, c->area, buf, len);
	if (ret == 0)
		ret = area_holds(c, buf, buf + len, len);
	memset(buf, 0xaa, len);
	if (ret == 0)
		ret = shmx_put_sync(c->ep, c->area, buf, len);
	if (ret == 0)
		ret = area_holds(c, buf, buf + len, len);
	if (ret == 0)
		ret = own(c, SHMX_OWN_SET, len, all, n);
	poll_for_us(c, 1000);
	return ret;
}

/* seize ROUNDS LENGTH SELF NODE...: as often; the round that failed */
static int
run_seize(struct client *c, char *words[WORDS_MAX])
{
	uint64_t rounds = number(words[1]), len = number(words[2]), round;
	uint16_t nodes[WORDS_MAX];
	unsigned int n = nodes_read(words, 3, nodes);
	uint8_t *buf = malloc(2 * len);
	int ret = 0;

	for (round = 0; round < rounds && ret == 0; round++)
		ret = seize(c, len, nodes, n, buf);
	free(buf);
	reply_value(c, round);
	return ret;
}

const struct command owner_commands[] = {
	{"own-nodes", 3, run_own_nodes},
	{"owners", 0, run_owners},
	{"hammer", 3, run_hammer},
	{"seize", 4, run_seize},
	{NULL, 0, NULL},
};
