/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_random.h>

#include "lock_table.h"
#include "sync/sync.h"

#define ZONE "shmx_locks"

int
lock_table_create(struct server *s, struct problem *p)
{
	const struct sync_conf conf = {
		.nb_locks = s->options->locks,
		.seed = (uint32_t)rte_rand(),
	};
	int err = 0;

	if (s->options->locks == 0)
		return 0;
	s->sync = sync_memzone_create(ZONE, (int)rte_socket_id(), &conf, &err);
	if (s->sync != NULL)
		return 0;
	if (err == -ENOMEM)
		return problem_set(p,
			"no memory for %u locks, %zu MiB: give EAL more with -m, or have fewer "
			"with --locks",
			conf.nb_locks, sync_table_size(&conf) >> 20);
	return problem_set(p, "no table for %u locks: %s", conf.nb_locks, rte_strerror(-err));
}

void
lock_table_destroy(struct server *s)
{
	if (s->sync != NULL)
		sync_memzone_destroy(s->sync, ZONE);
	s->sync = NULL;
}
