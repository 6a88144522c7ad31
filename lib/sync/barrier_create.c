/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The table of barriers as a whole. */

#include <errno.h>
#include <stdlib.h>

#include <rte_common.h>

#include "barrier_priv.h"

static int
defaults(struct barrier_conf *conf)
{
	if (conf->nb_barriers == 0)
		conf->nb_barriers = 1024;
	if (conf->nb_waits == 0)
		conf->nb_waits = 4096;
	if (conf->nb_holders == 0)
		conf->nb_holders = SYNC_HOLDERS_MAX;
	return conf->nb_barriers > BARRIER_MAX || conf->nb_waits > BARRIER_MAX ||
	                       conf->nb_holders > SYNC_HOLDERS_MAX
	               ? -EINVAL
	               : 0;
}

static int
allocate(struct barrier *b)
{
	const struct barrier_conf *conf = &b->conf;
	uint32_t chains = rte_align32pow2(conf->nb_barriers);

	b->mask = chains - 1;
	b->rounds = calloc(conf->nb_barriers + 1, sizeof(*b->rounds));
	b->waits = calloc(conf->nb_waits + 1, sizeof(*b->waits));
	b->slots = calloc(conf->nb_holders + 1, sizeof(*b->slots));
	b->by_id = calloc(chains, sizeof(*b->by_id));
	b->heap.elements = b->waits;
	b->heap.stride = sizeof(*b->waits);
	b->heap.places = calloc(conf->nb_waits + 1, sizeof(*b->heap.places));
	return b->rounds != NULL && b->waits != NULL && b->slots != NULL && b->by_id != NULL &&
	                       b->heap.places != NULL
	               ? 0
	               : -ENOMEM;
}

struct barrier *
barrier_create(const struct barrier_conf *conf, int *err)
{
	struct barrier *b = calloc(1, sizeof(*b));
	uint32_t i;

	*err = -ENOMEM;
	if (b == NULL)
		return NULL;
	b->conf = *conf;
	*err = defaults(&b->conf);
	if (*err == 0)
		*err = allocate(b);
	if (*err != 0) {
		barrier_destroy(b);
		return NULL;
	}
	for (i = b->conf.nb_barriers; i > 0; b->free_round = i--)
		b->rounds[i].next = b->free_round;
	for (i = b->conf.nb_waits; i > 0; b->free_wait = i--)
		b->waits[i].next = b->free_wait;
	return b;
}

void
barrier_destroy(struct barrier *b)
{
	if (b == NULL)
		return;
	free(b->heap.places);
	free(b->by_id);
	free(b->slots);
	free(b->waits);
	free(b->rounds);
	free(b);
}
