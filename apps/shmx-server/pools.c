/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_string_fns.h>

#include "mem/mem.h"
#include "pools.h"
#include "preflight.h"
#include "store.h"

/* EAL finds only so much contiguous address space: what does not fit is made of pieces. */
#define PIECE (UINT64_C(1) << 30)

/* Tables of the node; then what each queue, packet buffer and session takes, rounded up. */
#define TABLES_BYTES  (UINT64_C(64) << 20)
#define QUEUE_BUFFERS UINT64_C(5120)
#define BUFFER_BYTES  UINT64_C(1024) /* beside the mtu */
#define SESSION_BYTES UINT64_C(4096)

static uint64_t
port_bytes(const struct port_options *port, uint32_t max_sessions)
{
	uint64_t buffers = port->mbufs + port->queues * QUEUE_BUFFERS;

	return buffers * (RTE_MAX(port->mtu, (uint32_t)RTE_ETHER_MTU) + BUFFER_BYTES) +
	       port->queues * max_sessions * SESSION_BYTES;
}

/* The ownership map takes at most a 32nd of a pool, and who made what as much again. */
static uint64_t
bytes_needed(const struct options *o)
{
	uint64_t bytes = TABLES_BYTES;

	for (unsigned int i = 0; i < o->nb_ports; i++)
		bytes += port_bytes(&o->ports[i], o->max_sessions);
	for (unsigned int i = 0; i < o->nb_pools && o->memory_dir[0] == '\0'; i++)
		bytes += o->pools[i].size + o->pools[i].size / (o->pools[i].quota != 0 ? 16 : 32);
	return bytes;
}

/* In EAL's heaps, and where these would grow. */
static uint64_t
bytes_available(void)
{
	uint64_t bytes = rte_eal_has_hugepages() ? preflight_hugepage_bytes(true) : 0;
	struct rte_malloc_socket_stats st;

	for (unsigned int i = 0; i < rte_socket_count(); i++)
		if (rte_malloc_get_socket_stats(rte_socket_id_by_idx(i), &st) == 0)
			bytes += st.heap_freesz_bytes;
	return bytes;
}

static int
no_memory(const struct server *s, const char *what, struct problem *p)
{
	char advice[128];

	if (s->store != NULL)
		return store_complain(s, what, -ENOMEM, p);
	preflight_more_memory(s->eal, bytes_needed(s->options), advice, sizeof(advice));
	return problem_set(p, "no memory for %s: %s", what, advice);
}

/* What the files hold belongs to whoever has these ids: addresses are made of them. */
static int
check_ids(const struct server *s, const struct number_range *ids, struct problem *p)
{
	unsigned int first = mem_first_pool(s->mem), last = mem_last_pool(s->mem);

	if (first == ids->first && last == ids->last)
		return 0;
	return problem_set(p, "%s keeps pools with the ids %u to %u: give --pool-ids %u-%u",
		s->options->memory_dir, first, last, first, last);
}

/* The memory of an earlier server, if there is any. */
static int
adopt_memory(struct server *s, const struct mem_conf *conf, struct problem *p)
{
	const struct number_range ids = {conf->first_pool, conf->last_pool};
	int err = 0;

	s->mem = mem_attach(conf, MEM_ATTACH_ADOPT, &err);
	if (s->mem != NULL)
		return check_ids(s, &ids, p);
	if (err != -ENOENT)
		return store_complain(s, "what it keeps", err, p);
	if (mem_provider_files_any(s->store, "shmx_") == 0)
		return 0;
	return problem_set(p,
		"%s has files of a memory of which the first, shmx_mem, is not there: give "
		"another directory, or remove this one",
		s->options->memory_dir);
}

static int
create_memory(struct server *s, struct problem *p)
{
	const struct number_range ids = options_pool_ids(s->options);
	const struct mem_conf conf = {
		.first_pool = ids.first,
		.last_pool = ids.last,
		.max_nodes = MEM_NODES_MAX,
		.provider = s->store != NULL ? *s->store
	                                     : mem_provider_memzone((int)rte_socket_id()),
	};
	int err = s->store != NULL ? adopt_memory(s, &conf, p) : 0;

	if (err != 0 || s->mem != NULL)
		return err;
	s->mem = mem_create(&conf, &err);
	s->mem_made = s->mem != NULL;
	if (s->mem != NULL)
		return 0;
	if (err == -ENOMEM)
		return no_memory(s, "the tables", p);
	return problem_set(p, "cannot lay out the memory: %s", rte_strerror(-err));
}

/* The set of those that may use it, with a reference. */
static int
pool_nodes(struct mem *mem, const struct pool_options *po, uint16_t *set)
{
	uint64_t any = 0;

	for (unsigned int i = 0; i < RTE_DIM(po->nodes.bits); i++)
		any |= po->nodes.bits[i];
	*set = MEM_SET_EVERYONE;
	return any != 0 ? mem_set_intern(mem, po->nodes.bits, RTE_DIM(po->nodes.bits), set) : 0;
}

static void
tell_kept(const struct mem *mem)
{
	uint16_t ids[OPTIONS_POOL_IDS_MAX];
	uint32_t n = mem_pool_list(mem, mem_first_pool(mem), ids, RTE_DIM(ids));

	for (uint32_t i = 0; i < n; i++) {
		struct mem_pool_stat st;
		char size[32];

		if (mem_pool_stat(mem, ids[i], &st) != 0)
			continue;
		value_format_size(st.size, size, sizeof(size));
		printf("shmx-server: pool %s of %s, id %u, kept with %" PRIu64 " allocations\n",
			st.name, size, ids[i], st.nb_allocs);
	}
}

/* One of an earlier server is as it was made, whatever the options say of it now. */
static bool
is_kept(const struct server *s, const struct pool_options *po)
{
	uint16_t id;

	return mem_pool_lookup(s->mem, po->name, &id) == 0;
}

/* Whether EAL has enough at all: it would try for long. */
static bool
may_fit(const struct server *s, const struct pool_options *po)
{
	return s->store != NULL || po->size <= bytes_available();
}

static int
create_pool(struct server *s, const struct pool_options *po, struct problem *p)
{
	struct mem_pool_params params = {
		.size = po->size,
		.max_size = po->max_size,
		.granule = po->granule,
		.grow_below = po->grow_below,
		.grow_by = po->grow_by,
		.shrink_above = po->shrink_above,
		.quota = po->quota,
	};
	char what[128], size[32];
	int ret = pool_nodes(s->mem, po, &params.nodes);
	uint16_t id;

	strlcpy(params.name, po->name, sizeof(params.name));
	value_format_size(po->size, size, sizeof(size));
	snprintf(what, sizeof(what), "pool %s of %s", po->name, size);
	if (ret == 0)
		ret = may_fit(s, po) ? 0 : -ENOMEM;
	if (ret == 0)
		ret = mem_pool_create(s->mem, &params, 0, &id);
	if (ret == -ENOMEM && po->size > PIECE && s->store == NULL && may_fit(s, po)) {
		params.extent_size = PIECE;
		ret = mem_pool_create(s->mem, &params, 0, &id);
	}
	mem_set_release(s->mem, params.nodes);
	if (ret == -ENOMEM)
		return no_memory(s, what, p);
	if (ret != 0)
		return problem_set(p, "%s: %s", what, rte_strerror(-ret));
	s->made[s->nb_made++] = id;
	printf("shmx-server: %s, id %u\n", what, id);
	return 0;
}

int
pools_create(struct server *s, struct problem *p)
{
	int ret = store_open(s, p);

	if (ret == 0)
		ret = create_memory(s, p);
	if (ret == 0)
		tell_kept(s->mem);
	for (unsigned int i = 0; i < s->options->nb_pools && ret == 0; i++)
		if (!is_kept(s, &s->options->pools[i]))
			ret = create_pool(s, &s->options->pools[i], p);
	return ret;
}

/* A start that failed leaves in the files what was there before it. */
static void
pools_unmake(struct server *s)
{
	for (unsigned int i = 0; i < s->nb_made; i++) {
		mem_pool_destroy_begin(s->mem, s->made[i], true);
		mem_pool_destroy_end(s->mem, s->made[i]);
	}
}

void
pools_destroy(struct server *s)
{
	bool keep = s->store != NULL && (s->started || !s->mem_made);

	if (s->mem != NULL && keep && !s->started)
		pools_unmake(s);
	if (keep)
		mem_detach(s->mem);
	else
		mem_destroy(s->mem);
	s->mem = NULL;
	store_close(s);
}
