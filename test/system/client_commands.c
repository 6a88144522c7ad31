/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Commands of one operation each. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "fault/fault.h"

/* Start an operation with `cookie` and wait; the status, and the event in `event`. */
#define RUN(c, expr)                                                                               \
	({                                                                                         \
		uint64_t cookie = shmx_wait_cookie((c)->ep);                                       \
		int ret_ = (expr);                                                                 \
		ret_ == 0 ? shmx_wait((c)->ep, cookie, &event) : ret_;                             \
	})

/* connect [IP]: to this memory node instead of the usual one */
static int
run_connect(struct client *c, char *words[WORDS_MAX])
{
	struct shmx_peer peer = c->peer;

	if (words[1] != NULL)
		peer.ip = inet_addr(words[1]);
	return shmx_connect_sync(c->ep, &peer, &c->session);
}

/* other: session, pool and area are those of the other place from now on */
static int
run_other(struct client *c, char *words[WORDS_MAX])
{
	struct place here = {.session = c->session, .pool = c->pool, .area = c->area};

	c->session = c->other.session;
	c->pool = c->other.pool;
	c->area = c->other.area;
	c->other = here;
	return 0;
}

static int
run_disconnect(struct client *c, char *words[WORDS_MAX])
{
	return shmx_disconnect(c->ep, c->session);
}

/* create NAME SIZE MAX */
static int
run_create(struct client *c, char *words[WORDS_MAX])
{
	struct shmx_pool_req req = {
		.name = words[1],
		.size = number(words[2]),
		.max_size = number(words[3]),
	};

	return shmx_pool_create_sync(c->ep, c->session, &req, &c->pool);
}

/* open NAME */
static int
run_open(struct client *c, char *words[WORDS_MAX])
{
	return shmx_pool_open_sync(c->ep, c->session, words[1], &c->pool);
}

/* destroy [force] */
static int
run_destroy(struct client *c, char *words[WORDS_MAX])
{
	return shmx_pool_destroy_sync(c->ep, c->pool, words[1] != NULL);
}

/* grow BYTES: the new size */
static int
run_grow(struct client *c, char *words[WORDS_MAX])
{
	struct shmx_event event = {0};
	int ret = RUN(c, shmx_pool_grow(c->ep, c->pool, number(words[1]), cookie));

	reply_value(c, event.value);
	return ret;
}

/* shrink BYTES: the new size */
static int
run_shrink(struct client *c, char *words[WORDS_MAX])
{
	struct shmx_event event = {0};
	int ret = RUN(c, shmx_pool_shrink(c->ep, c->pool, number(words[1]), cookie));

	reply_value(c, event.value);
	return ret;
}

/* stat: size, bytes used, allocations */
static int
run_stat(struct client *c, char *words[WORDS_MAX])
{
	struct shmx_pool_info info;
	int ret = shmx_pool_stat_sync(c->ep, c->pool, &info);

	if (ret < 0)
		return ret;
	reply_value(c, info.size);
	reply_value(c, info.used);
	reply_value(c, info.allocs);
	return 0;
}

/* list: how many pools */
static int
run_list(struct client *c, char *words[WORDS_MAX])
{
	struct shmx_event event = {0};
	struct shmx_pool_info info[8];
	int ret = RUN(c, shmx_pool_list(c->ep, c->session, 0, info, 8, cookie));

	reply_value(c, event.value);
	return ret;
}

/* alloc-mortal LENGTH NAME [NODE...]: for these nodes or this one alone, to end with them */
static int
run_alloc_mortal(struct client *c, char *words[WORDS_MAX])
{
	uint16_t nodes[WORDS_MAX];
	struct shmx_alloc_req req = {
		.pool = c->pool,
		.len = number(words[1]),
		.name = words[2],
		.owner = words[3] != NULL ? SHMX_OWNER_NODES : SHMX_OWNER_SELF,
		.nodes = nodes,
		.on_death = SHMX_FREE,
	};
	int ret;

	for (; words[3 + req.nb_nodes] != NULL; req.nb_nodes++)
		nodes[req.nb_nodes] = (uint16_t)number(words[3 + req.nb_nodes]);
	ret = shmx_alloc_sync(c->ep, &req, &c->area);
	reply_value(c, c->area);
	return ret;
}

/* alloc LENGTH [NAME [self]]: the address, which is the area from now on */
static int
run_alloc(struct client *c, char *words[WORDS_MAX])
{
	struct shmx_alloc_req req = {
		.pool = c->pool,
		.len = number(words[1]),
		.name = words[2],
		.owner = words[2] != NULL && words[3] != NULL ? SHMX_OWNER_SELF
	                                                      : SHMX_OWNER_EVERYONE,
	};
	int ret = shmx_alloc_sync(c->ep, &req, &c->area);

	reply_value(c, c->area);
	return ret;
}

/* free: the area */
static int
run_free(struct client *c, char *words[WORDS_MAX])
{
	return shmx_free_sync(c->ep, c->area);
}

/* lookup NAME: address, which is the area from now on, and length */
static int
run_lookup(struct client *c, char *words[WORDS_MAX])
{
	uint64_t len = 0;
	int ret = shmx_lookup_sync(c->ep, c->pool, words[1], &c->area, &len);

	reply_value(c, c->area);
	reply_value(c, len);
	return ret;
}

/* own self|everyone LENGTH */
static int
run_own(struct client *c, char *words[WORDS_MAX])
{
	enum shmx_owner owner = words[1][0] == 's' ? SHMX_OWNER_SELF : SHMX_OWNER_EVERYONE;
	struct shmx_event event;

	return RUN(c, shmx_own(c->ep, c->area, number(words[2]), owner, cookie));
}

/* put OFFSET LENGTH SEED */
static int
run_put(struct client *c, char *words[WORDS_MAX])
{
	uint64_t len = number(words[2]), seed = number(words[3]);
	uint8_t *buf = malloc(len);
	int ret;

	for (uint64_t i = 0; i < len; i++)
		buf[i] = content(seed, i);
	ret = shmx_put_sync(c->ep, c->area + number(words[1]), buf, len);
	free(buf);
	return ret;
}

/* check OFFSET LENGTH SEED: that this is there; EILSEQ when it is not */
static int
run_check(struct client *c, char *words[WORDS_MAX])
{
	uint64_t len = number(words[2]), seed = number(words[3]), i = 0;
	uint8_t *buf = malloc(len);
	int ret = shmx_get_sync(c->ep, c->area + number(words[1]), buf, len);

	while (ret == 0 && i < len && buf[i] == content(seed, i))
		i++;
	free(buf);
	if (ret == 0 && i < len)
		reply_value(c, i);
	return ret == 0 && i < len ? -EILSEQ : ret;
}

/* both LENGTH SEED: write and read the areas of both places in one operation each; EILSEQ when
 * what was read is not what was written */
static int
run_both(struct client *c, char *words[WORDS_MAX])
{
	uint64_t len = number(words[1]), seed = number(words[2]), i = 0;
	uint8_t *buf = malloc(2 * len), *in = calloc(2, len);
	struct shmx_vec out_vec[] = {{c->area, buf, len}, {c->other.area, buf + len, len}};
	struct shmx_vec in_vec[] = {{c->area, in, len}, {c->other.area, in + len, len}};
	struct shmx_event event;
	int ret;

	for (i = 0; i < 2 * len; i++)
		buf[i] = content(seed, i);
	ret = RUN(c, shmx_putv(c->ep, out_vec, 2, cookie));
	if (ret == 0)
		ret = RUN(c, shmx_getv(c->ep, in_vec, 2, cookie));
	if (ret == 0 && memcmp(in, buf, 2 * len) != 0)
		ret = -EILSEQ;
	free(buf);
	free(in);
	return ret;
}

/* faa OFFSET ADDEND: the word before */
static int
run_faa(struct client *c, char *words[WORDS_MAX])
{
	uint64_t before = 0;
	int ret = shmx_atomic_sync(
		c->ep, SHMX_FETCH_ADD, c->area + number(words[1]), 8, number(words[2]), 0, &before);

	reply_value(c, before);
	return ret;
}

/* cas OFFSET COMPARE SWAP: the word before */
static int
run_cas(struct client *c, char *words[WORDS_MAX])
{
	uint64_t before = 0;
	int ret = shmx_atomic_sync(c->ep, SHMX_CAS, c->area + number(words[1]), 8, number(words[3]),
		number(words[2]), &before);

	reply_value(c, before);
	return ret;
}

/* read OFFSET: the word */
static int
run_read(struct client *c, char *words[WORDS_MAX])
{
	uint64_t word = 0;
	int ret = shmx_get_sync(c->ep, c->area + number(words[1]), &word, sizeof(word));

	reply_value(c, word);
	return ret;
}

/* fault SPEC: of its port from now on */
static int
run_fault(struct client *c, char *words[WORDS_MAX])
{
	struct fault_settings settings;
	char why[128];

	if (fault_settings_parse(words[1], &settings, why, sizeof(why)) < 0)
		return -EINVAL;
	if (c->fault == NULL)
		c->fault = fault_create(shmx_port_id(c->port), 1);
	return c->fault != NULL ? fault_set(c->fault, &settings) : -ENOMEM;
}

const struct command commands[] = {
	{"connect", 0, run_connect},
	{"disconnect", 0, run_disconnect},
	{"other", 0, run_other},
	{"create", 3, run_create},
	{"open", 1, run_open},
	{"destroy", 0, run_destroy},
	{"grow", 1, run_grow},
	{"shrink", 1, run_shrink},
	{"stat", 0, run_stat},
	{"list", 0, run_list},
	{"alloc", 1, run_alloc},
	{"alloc-mortal", 2, run_alloc_mortal},
	{"free", 0, run_free},
	{"lookup", 1, run_lookup},
	{"own", 2, run_own},
	{"put", 3, run_put},
	{"check", 3, run_check},
	{"both", 2, run_both},
	{"faa", 2, run_faa},
	{"cas", 3, run_cas},
	{"read", 1, run_read},
	{"fault", 1, run_fault},
	{NULL, 0, NULL},
};
