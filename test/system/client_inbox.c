/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Messages of 8 bytes and more, short ones in their records, longer ones as memory. Each says its
 * number and its length, and all else in it follows from that, so that a receiver knows whether it
 * is whole, and the one that has to come. With each `post` others may be receivers: its first
 * message says so, and that alone may have a higher number than the next one.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "client.h"

#define BATCH   16                   /* sent before the sender waits for the answers */
#define POST    UINT64_C(0x40000000) /* cookie of the first of a batch */
#define DONE    UINT64_C(0x41000000)
#define BUSY_US 100

#define FIRST_OF_POST (UINT64_C(1) << 31) /* beside the length */

/* Of a sender. */
struct letter {
	uint8_t *data;
	uint64_t len;
	shmx_addr_t addr; /* 0: it goes inside a record */
	int status;
};

static struct {
	bool on;
	uint64_t pause;     /* cycles between events that are taken */
	uint64_t next_turn; /* UINT64_MAX: none are */
	uint64_t got, memory, wrong, bytes, shortest, longest;
	uint64_t first;                     /* number of the first one */
	uint64_t expect[SHMX_NODE_MAX + 1]; /* number of the next plus 1; 0: any */
} in;

static struct {
	struct letter batch[BATCH];
	uint16_t to[SHMX_NODES_MAX];
	unsigned int nb_to, out;
	uint64_t number, first, refused, wrong;
} post;

static uint64_t
seed_of(uint16_t node, uint64_t number)
{
	return (uint64_t)node * 1000003 + number * 7919;
}

static void
letter_fill(uint8_t *data, uint64_t len, uint16_t node, uint64_t number)
{
	const uint64_t head = number << 32 | (number == post.first ? FIRST_OF_POST : 0) | len;

	memcpy(data, &head, sizeof(head));
	for (uint64_t i = sizeof(head); i < len; i++)
		data[i] = content(seed_of(node, number), i);
}

/* ---- receiving ----------------------------------------------------------------------------- */

static void
wrong(const char *what, uint64_t a, uint64_t b)
{
	in.wrong++;
	printf("inbox: %s: %lu %lu\n", what, (unsigned long)a, (unsigned long)b);
	fflush(stdout);
}

static void
head_check(uint64_t head, uint64_t len, uint16_t node)
{
	uint64_t number = head >> 32, said = head & (FIRST_OF_POST - 1), next = in.expect[node];

	if (said != len)
		wrong("another length", len, said);
	if (next != 0 && next != number + 1 && !((head & FIRST_OF_POST) != 0 && number + 1 > next))
		wrong("another number", number, next - 1);
}

static void
letter_check(const uint8_t *data, uint64_t len, uint16_t node)
{
	uint64_t head, number, i = sizeof(head);

	memcpy(&head, data, sizeof(head));
	number = head >> 32;
	head_check(head, len, node);
	while (i < len && data[i] == content(seed_of(node, number), i))
		i++;
	if (i < len)
		wrong("another content", number, i);
	if (in.got++ == 0)
		in.first = number;
	in.expect[node] = number + 2;
	in.bytes += len;
	in.shortest = in.got == 1 ? len : RTE_MIN(in.shortest, len);
	in.longest = RTE_MAX(in.longest, len);
}

/* In place would be an access for each byte: all of it is read at once. */
static void
memory_check(struct client *c, const struct shmx_event *e)
{
	uint8_t *data = malloc(e->value2);
	int ret = shmx_get_sync(c->ep, e->value, data, e->value2);

	if (ret < 0)
		wrong("memory that cannot be read", (uint64_t)-ret, e->value);
	else
		letter_check(data, e->value2, (uint16_t)e->status);
	free(data);
	in.memory++;
	while ((ret = shmx_message_done(c->ep, e->session, e->cookie, DONE)) == -EAGAIN)
		shmx_poll(c->ep, NULL, 0);
	if (ret < 0)
		wrong("memory that cannot be given back", (uint64_t)-ret, e->cookie);
}

static void
take(struct client *c, const struct shmx_event *e)
{
	if (e->type == SHMX_EV_MESSAGE)
		letter_check((const uint8_t *)(uintptr_t)e->value, e->value2, (uint16_t)e->status);
	else if (e->type == SHMX_EV_MEMORY)
		memory_check(c, e);
	else if (e->status != 0 || e->type == SHMX_EV_PEER_DOWN)
		wrong("an event", e->type, (uint64_t)-e->status);
}

bool
inbox_poll(struct client *c)
{
	struct shmx_event events[16];
	uint64_t now = rte_rdtsc();
	uint16_t n;

	if (!in.on)
		return false;
	if (now < in.next_turn) {
		shmx_poll(c->ep, NULL, 0);
		return true;
	}
	n = shmx_poll(c->ep, events, in.pause == 0 ? RTE_DIM(events) : 1);
	for (uint16_t i = 0; i < n; i++)
		take(c, &events[i]);
	in.next_turn = now + in.pause;
	return true;
}

/* inbox BYTES WINDOW MEMORY [keep]: open one, and take what comes from now on */
static int
run_inbox(struct client *c, char *words[WORDS_MAX])
{
	const struct shmx_inbox_conf conf = {
		.bytes = (uint32_t)number(words[1]),
		.window = (uint32_t)number(words[2]),
		.memory = number(words[3]),
		.keep = words[4] != NULL,
	};
	uint64_t cookie = shmx_wait_cookie(c->ep);
	struct shmx_event event;
	int ret = shmx_inbox_open(c->ep, c->session, &conf, cookie);

	if (ret == 0)
		ret = shmx_wait(c->ep, cookie, &event);
	in.on = ret == 0;
	return ret;
}

/* pace US|never: take one event in that time; 0: all that come */
static int
run_pace(struct client *c, char *words[WORDS_MAX])
{
	(void)c;
	in.pause = number(words[1]) * rte_get_tsc_hz() / 1000000;
	in.next_turn = words[1][0] == 'n' ? UINT64_MAX : 0;
	return 0;
}

/* got: messages, of these as memory, number of the first, bytes, rules broken, shortest, longest */
static int
run_got(struct client *c, char *words[WORDS_MAX])
{
	(void)c;
	(void)words;
	reply_value(c, in.got);
	reply_value(c, in.memory);
	reply_value(c, in.first);
	reply_value(c, in.bytes);
	reply_value(c, in.wrong);
	reply_value(c, in.shortest);
	reply_value(c, in.longest);
	return 0;
}

/* ---- sending ------------------------------------------------------------------------------- */

/* Of the first of a post the least, of the second the most. */
static uint64_t
length(uint64_t max)
{
	uint64_t len = 8;

	if (post.number - post.first < 2)
		return post.number == post.first ? len : max;
	if (max <= SHMX_MESSAGE_MAX || rand() % 4 != 0)
		return len + (uint64_t)rand() % (RTE_MIN(max, (uint64_t)SHMX_MESSAGE_MAX) - 7);
	/* Each power of two as often as the others. */
	while (len <= SHMX_MESSAGE_MAX || (2 * len <= max && rand() % 8 != 0))
		len *= 2;
	return len + (uint64_t)rand() % (RTE_MIN(2 * len, max + 1) - len);
}

static int
letter_memory(struct client *c, struct letter *l)
{
	const struct shmx_alloc_req req = {
		.pool = c->pool, .len = l->len, .owner = SHMX_OWNER_SELF};
	int ret = shmx_alloc_sync(c->ep, &req, &l->addr);

	return ret == 0 ? shmx_put_sync(c->ep, l->addr, l->data, l->len) : ret;
}

static int
letter_make(struct client *c, struct letter *l, uint64_t max)
{
	l->len = length(max);
	l->data = malloc(l->len);
	l->addr = 0;
	letter_fill(l->data, l->len, c->node, post.number++);
	return l->len > SHMX_MESSAGE_MAX ? letter_memory(c, l) : 0;
}

static int
letter_send(struct client *c, unsigned int i)
{
	const struct letter *l = &post.batch[i];
	const struct shmx_to to = {.kind = post.nb_to == 1 ? SHMX_TO_NODE : SHMX_TO_SET,
		.node = post.to[0],
		.nodes = post.to,
		.nb_nodes = post.nb_to};

	if (l->addr != 0)
		return shmx_send_memory(c->ep, c->session, &to, l->addr, l->len, POST + i);
	return shmx_send(c->ep, c->session, &to, l->data, (uint32_t)l->len, POST + i);
}

static void
post_wrong(const char *what, uint64_t a, uint64_t b)
{
	post.wrong++;
	printf("post: %s: %lu %lu\n", what, (unsigned long)a, (unsigned long)b);
}

static void
answers(struct client *c)
{
	struct shmx_event events[BATCH];
	uint16_t n = shmx_poll(c->ep, events, RTE_DIM(events));

	for (uint16_t i = 0; i < n; i++) {
		const struct shmx_event *e = &events[i];

		if (e->type != SHMX_EV_OP || e->cookie - POST >= BATCH)
			continue;
		post.out--;
		post.batch[e->cookie - POST].status = e->status;
		if (e->status == 0 ? e->value != post.nb_to : e->status != -ENOBUFS)
			post_wrong("an answer", (uint64_t)-e->status, e->value);
	}
	if (n == 0)
		rte_delay_us_sleep(10);
}

/* From @p i on; what was refused has to be sent again, and nothing behind it got through. Returns
 * the first that was refused. */
static unsigned int
batch_send(struct client *c, unsigned int i, unsigned int n)
{
	unsigned int end = i, first;
	int ret = 0;

	for (; end < n && ret == 0; end += ret == 0)
		ret = letter_send(c, end);
	post.out = end - i;
	if (ret != 0 && ret != -EAGAIN)
		post_wrong("not sent", (uint64_t)-ret, post.batch[end].len);
	while (post.out > 0)
		answers(c);
	for (first = i; first < end && post.batch[first].status == 0; first++)
		continue;
	for (unsigned int k = first; k < end; k++) {
		if (post.batch[k].status == 0)
			post_wrong("sent behind one that was refused", k, first);
		post.refused++;
	}
	return first;
}

static int
letter_end(struct client *c, struct letter *l, bool sent)
{
	free(l->data);
	post.number -= !sent;
	return !sent && l->addr != 0 ? shmx_free_sync(c->ep, l->addr) : 0;
}

static int
batch(struct client *c, unsigned int n, uint64_t max, uint64_t end)
{
	unsigned int sent = 0, made = 0;
	int ret = 0;

	for (; made < n && ret == 0; made++)
		ret = letter_make(c, &post.batch[made], max);
	/* Receivers give memory back, if what has got some is sent first. */
	if (ret == -ENOMEM) {
		letter_end(c, &post.batch[--made], false);
		rte_delay_us_sleep(BUSY_US);
		n = made;
		ret = 0;
	}
	while (ret == 0 && sent < n && post.wrong == 0 && rte_rdtsc() < end) {
		unsigned int before = sent;

		sent = batch_send(c, sent, n);
		if (sent == before)
			rte_delay_us_sleep(BUSY_US);
	}
	for (unsigned int i = 0; i < made; i++) {
		int err = letter_end(c, &post.batch[i], i < sent);

		ret = ret == 0 ? err : ret;
	}
	return ret;
}

/* post COUNT MILLISECONDS LONGEST FIRST LAST: so many messages of up to LONGEST bytes to nodes
 * FIRST to LAST, or as many as can be sent in that time; how many, and how many were refused, each
 * time */
static int
run_post(struct client *c, char *words[WORDS_MAX])
{
	uint64_t count = number(words[1]), ms = number(words[2]), begin = post.number;
	uint64_t end = rte_rdtsc() + ms * (rte_get_tsc_hz() / 1000);
	int ret = 0;

	post.nb_to = 0;
	post.first = begin;
	post.refused = post.wrong = 0;
	for (uint64_t node = number(words[4]); node <= number(words[5]); node++)
		post.to[post.nb_to++] = (uint16_t)node;
	while (ret == 0 && post.wrong == 0 && post.number - begin < count && rte_rdtsc() < end)
		ret = batch(c, (unsigned int)RTE_MIN((uint64_t)BATCH, begin + count - post.number),
			number(words[3]), end);
	reply_value(c, post.number - begin);
	reply_value(c, post.refused);
	reply_value(c, post.number);
	return ret == 0 && post.wrong > 0 ? -EILSEQ : ret;
}

const struct command inbox_commands[] = {
	{"inbox", 3, run_inbox},
	{"pace", 1, run_pace},
	{"got", 0, run_got},
	{"post", 5, run_post},
	{NULL, 0, NULL},
};
