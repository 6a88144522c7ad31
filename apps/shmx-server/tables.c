/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_random.h>

#include "comm/comm.h"
#include "mem/mem.h"
#include "store.h"
#include "sync/sync.h"
#include "tables.h"

#define LOCKS   "shmx_locks"
#define INBOXES "shmx_inboxes"

#define CHUNK 4096

static int
no_table(struct problem *p, const char *what, const char *option, size_t size, int err)
{
	if (err == -ENOMEM)
		return problem_set(p,
			"no memory for %s, %zu MiB: give EAL more with -m, or have fewer with %s",
			what, size >> 20, option);
	return problem_set(p, "no table for %s: %s", what, rte_strerror(-err));
}

/* The table of an earlier server, or a new one in its place. */
static int
keep_locks(struct server *s, const struct sync_conf *conf)
{
	const struct mem_provider *store = s->store;
	size_t len = sync_table_size(conf), found;
	void *zone;
	int err = store->lookup(store->ctx, LOCKS, &zone, &found);

	if (err == 0) {
		s->sync = sync_adopt(zone, found, &err);
		if (err != -ENOENT)
			return err;
		store->release(store->ctx, LOCKS, zone); /* never finished */
	}
	if (err == -ENOENT && s->options->locks > 0)
		err = store->reserve(store->ctx, LOCKS, len, RTE_CACHE_LINE_SIZE, &zone);
	if (err != 0)
		return err;
	s->sync_made = true;
	s->sync = sync_create(zone, len, conf, &err);
	return err;
}

static int
create_kept_locks(struct server *s, const struct sync_conf *conf, struct problem *p)
{
	int err = keep_locks(s, conf);
	uint32_t last;

	if (err == -ENOENT)
		return 0;
	if (err != 0)
		return store_complain(s, LOCKS, err, p);
	last = sync_last_lock(s->sync);
	if (last == s->options->locks)
		return 0;
	return problem_set(p, "%s keeps a table of %u locks: give --locks %u, or remove %s/" LOCKS,
		s->options->memory_dir, last, last, s->options->memory_dir);
}

static int
create_locks(struct server *s, struct problem *p)
{
	const struct sync_conf conf = {
		.nb_locks = s->options->locks,
		.seed = (uint32_t)rte_rand(),
	};
	int err = 0;

	if (s->store != NULL)
		return create_kept_locks(s, &conf, p);
	if (s->options->locks == 0)
		return 0;
	s->sync = sync_memzone_create(LOCKS, (int)rte_socket_id(), &conf, &err);
	return s->sync != NULL ? 0 : no_table(p, "locks", "--locks", sync_table_size(&conf), err);
}

static int
create_inboxes(struct server *s, struct problem *p)
{
	const struct comm_conf conf = {
		.nb_chunks = (uint32_t)(s->options->inboxes / CHUNK),
		.generation = (uint32_t)(s->epoch * UINT64_C(0x9e3779b97f4a7c15) >> 32),
	};
	int err = 0;

	if (conf.nb_chunks == 0)
		return 0;
	s->comm = comm_memzone_create(INBOXES, (int)rte_socket_id(), &conf, &err);
	return s->comm != NULL ? 0
	                       : no_table(p, "inboxes", "--inboxes", comm_table_size(&conf), err);
}

int
tables_create(struct server *s, struct problem *p)
{
	int ret = create_locks(s, p);

	return ret != 0 ? ret : create_inboxes(s, p);
}

static void
destroy_kept_locks(struct server *s)
{
	sync_detach(s->sync);
	if (s->sync_made && !s->started)
		s->store->release(s->store->ctx, LOCKS, NULL);
}

void
tables_destroy(struct server *s)
{
	if (s->store != NULL)
		destroy_kept_locks(s);
	else if (s->sync != NULL)
		sync_memzone_destroy(s->sync, LOCKS);
	if (s->comm != NULL)
		comm_memzone_destroy(s->comm, INBOXES);
	s->sync = NULL;
	s->comm = NULL;
}
