/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>

#include "bench.h"
#include "../common/fail.h"
#include "inbox.h"
#include "receivers.h"

#define BIG        (2u << 20) /* regions from here on are aligned to it */
#define POOL_SLACK (2 * BIG)

bool
bench_uses(const struct bench *b, enum workload_id id)
{
	const struct options *o = &b->opt;

	return o->workload == (int)id || (o->pairs > 0 && o->baseline == (int)id);
}

int
bench_explain(const struct bench *b, const char *what, int status)
{
	if (link_explain(&b->opt.link, what, status))
		return status;
	if (status == -ENOMEM)
		fail("%s: %s is out of memory: start shmx-server with more, or give a smaller "
		     "--span, --size or --live",
			what, link_ip_text(b->opt.link.server.ip));
	else if (status == -ENOBUFS)
		fail("%s: %s has no more room for messages: start shmx-server with more --inboxes, "
		     "or give a smaller --window or --size",
			what, link_ip_text(b->opt.link.server.ip));
	else
		fail("%s: %s", what, rte_strerror(-status));
	return status;
}

/* --drop is short for --fault. */
static struct fault_settings
faults_asked(const struct options *o)
{
	const struct fault_spec drop = {.drop = o->drop, .seed = o->drop_seed};

	if (o->drop > 0)
		return (struct fault_settings){{drop, drop}, {true, true}};
	return o->fault;
}

/* This endpoint's, and one for each receiver. */
static uint16_t
queues(const struct bench *b)
{
	return (uint16_t)(1 + b->opt.receivers);
}

int
bench_faults_set(const struct bench *b, bool baseline)
{
	struct fault_settings settings = faults_asked(&b->opt);
	int ret;

	settings.named[FAULT_RX] = settings.named[FAULT_TX] = true;
	if (baseline)
		fault_settings_merge(&settings, &b->opt.baseline_fault);
	ret = fault_set(b->fault, &settings);
	if (ret < 0)
		fail("--fault: the port takes no faults: %s", rte_strerror(-ret));
	return ret;
}

static int
faults_start(struct bench *b)
{
	b->fault = fault_create(b->port_id, queues(b));
	if (b->fault == NULL)
		return fail("out of memory: give EAL more with -m");
	b->faults = (struct fault_ports){1, {b->fault}, {b->opt.link.port}};
	return bench_faults_set(b, false);
}

void
bench_fault_stats(const struct bench *b, struct fault_stats stats[FAULT_DIRS])
{
	fault_stats_get(b->fault, FAULT_RX, &stats[FAULT_RX]);
	fault_stats_get(b->fault, FAULT_TX, &stats[FAULT_TX]);
}

int
bench_port_open(struct bench *b)
{
	int ret = link_open_queues(&b->opt.link, 0, queues(b), &b->port);

	if (ret < 0)
		return ret;
	b->port_id = shmx_port_id(b->port);
	return faults_start(b);
}

static struct shmx_peer
memory_node(const struct options *o)
{
	struct shmx_peer peer = link_memory_node(&o->link);

	peer.worker = (uint8_t)o->worker;
	return peer;
}

static int
endpoint_create(struct bench *b)
{
	const struct options *o = &b->opt;
	struct shmx_ep_conf conf = {
		.port = b->port,
		.max_sessions = o->idle_sessions > 0 ? (uint16_t)(o->idle_sessions + 2) : 0,
		.max_ops = o->window > 4096 ? o->window : 0,
		.no_coalesce = o->no_coalesce,
		.cc = (enum shmx_cc)o->cc,
		.crc = (int8_t)(o->crc == 2 ? -1 : o->crc),
		.greedy = o->greedy,
	};

	link_own_address(&o->link, &conf);
	__atomic_store_n(&b->ep, shmx_ep_create(&conf), __ATOMIC_RELEASE);
	if (b->ep == NULL)
		return fail("cannot create the endpoint: %s", rte_strerror(rte_errno));
	return 0;
}

static int
session_open(struct bench *b)
{
	struct shmx_peer peer = memory_node(&b->opt);
	int ret = shmx_connect_sync(b->ep, &peer, &b->session);

	if (ret < 0)
		return bench_explain(b, "connect", ret);
	b->connected = true;
	link_tell_mtu(&b->opt.link, b->ep, b->session);
	return 0;
}

/* Locks belong to sessions: a second one is another who wants them. */
static int
second_open(struct bench *b)
{
	struct shmx_peer peer = memory_node(&b->opt);
	int ret = shmx_connect_sync(b->ep, &peer, &b->second);

	if (ret < 0)
		return bench_explain(b, "connecting a second time", ret);
	b->second_open = true;
	return 0;
}

#define CONNECTING 64 /* at a time, so that no answer is lost for want of room */

/* Take what the attempts have come to. @return the first error. */
static int
idle_events(struct bench *b, uint32_t *connecting)
{
	struct shmx_event ev[CONNECTING];
	uint16_t n = shmx_poll(b->ep, ev, CONNECTING);

	for (uint16_t i = 0; i < n; i++) {
		if (ev[i].status < 0)
			return ev[i].status;
		*connecting -= ev[i].type == SHMX_EV_CONNECTED;
	}
	return 0;
}

/* Sessions that do nothing but stay: the endpoint's end closes them. */
static int
idle_open(struct bench *b)
{
	struct shmx_peer peer = memory_node(&b->opt);
	uint32_t left = b->opt.idle_sessions, connecting = 0;
	shmx_session_t session;
	int ret = 0;

	while (ret == 0 && left + connecting > 0) {
		for (; ret == 0 && left > 0 && connecting < CONNECTING; left--, connecting++)
			ret = shmx_connect(b->ep, &peer, 0, &session);
		if (ret == 0)
			ret = idle_events(b, &connecting);
	}
	if (ret == -ECONNREFUSED)
		return fail("--idle-sessions: %s takes no more: give shmx-server more "
			    "--max-sessions",
			link_ip_text(b->opt.link.server.ip));
	return ret < 0 ? bench_explain(b, "--idle-sessions", ret) : 0;
}

static uint64_t
alloc_bytes(const struct options *o)
{
	/* Twice, because allocations of random length leave holes. */
	return o->workload == WORKLOAD_ALLOC ? 2 * o->live * RTE_ALIGN_CEIL(o->size, 64) : 0;
}

static bool
wants_data(const struct bench *b)
{
	return bench_uses(b, WORKLOAD_GET) || bench_uses(b, WORKLOAD_PUT) ||
	       bench_uses(b, WORKLOAD_MIX);
}

static bool
wants_counters(const struct bench *b)
{
	return bench_uses(b, WORKLOAD_FAA) || bench_uses(b, WORKLOAD_CAS) ||
	       bench_uses(b, WORKLOAD_MIX) || bench_uses(b, WORKLOAD_LOCKN);
}

static int
pool_create(struct bench *b, const char *name)
{
	uint64_t span = RTE_ALIGN_CEIL(b->opt.span, 64);
	struct shmx_pool_req req = {
		.name = name,
		.size = POOL_SLACK + alloc_bytes(&b->opt) + RTE_ALIGN_CEIL(b->opt.beside, BIG) +
	                span * ((unsigned int)wants_data(b) + (unsigned int)wants_counters(b)),
	};
	int ret = shmx_pool_create_sync(b->ep, b->session, &req, &b->pool);

	b->pool_made = ret == 0;
	return ret;
}

/* A pool of ours alone; one of that name is left over from a run that was killed. */
static int
pool_own(struct bench *b)
{
	char name[SHMX_NAME_LEN];
	int ret;

	snprintf(name, sizeof(name), "bench.%" PRIu32, b->opt.link.node);
	ret = shmx_pool_open_sync(b->ep, b->session, name, &b->pool);
	if (ret == 0)
		ret = shmx_pool_destroy_sync(b->ep, b->pool, true);
	return ret == 0 || ret == -ENOENT ? pool_create(b, name) : ret;
}

static int
pool_shared(struct bench *b, const char *name)
{
	int ret = shmx_pool_open_sync(b->ep, b->session, name, &b->pool);

	if (ret == -ENOENT)
		ret = pool_create(b, name);
	if (ret == -EEXIST) /* another process was faster */
		ret = shmx_pool_open_sync(b->ep, b->session, name, &b->pool);
	return ret;
}

static int
pool_open(struct bench *b)
{
	int ret = b->opt.pool != NULL ? pool_shared(b, b->opt.pool) : pool_own(b);

	if (ret < 0)
		return bench_explain(b, "pool", ret);
	b->pool_open = true;
	return 0;
}

static int
region_find(struct bench *b, struct region *r, const char *name)
{
	int ret = shmx_lookup_sync(b->ep, b->pool, name, &r->base, &r->len);

	if (ret == 0 && r->len < 8)
		return fail("--word %s: the allocation of that name is too short", name);
	r->shared = true;
	return ret;
}

static int
region_alloc(struct bench *b, struct region *r, uint64_t len, const char *name)
{
	struct shmx_alloc_req req = {
		.pool = b->pool,
		.len = len,
		.align = len >= BIG ? BIG : 64,
		.name = name,
	};
	int ret = name != NULL ? region_find(b, r, name) : -ENOENT;

	if (ret == -ENOENT)
		ret = shmx_alloc_sync(b->ep, &req, &r->base);
	if (ret == -EEXIST)
		ret = region_find(b, r, name);
	if (ret < 0)
		return bench_explain(b, "memory for the workload", ret);
	r->len = len;
	r->shared = name != NULL;
	return 0;
}

static int
regions_alloc(struct bench *b)
{
	const struct options *o = &b->opt;
	int ret = 0;

	if (wants_data(b))
		ret = region_alloc(b, &b->data, o->span, NULL);
	if (ret == 0 && wants_counters(b))
		ret = region_alloc(b, &b->counters, o->span, o->word);
	if (ret == 0 && o->beside > 0)
		ret = region_alloc(b, &b->beside, o->beside, NULL);
	return ret;
}

int
bench_connect(struct bench *b)
{
	int ret = endpoint_create(b);

	if (ret == 0)
		ret = session_open(b);
	if (ret == 0)
		ret = pool_open(b);
	if (ret == 0)
		ret = regions_alloc(b);
	if (ret == 0 && bench_uses(b, WORKLOAD_LOCKN))
		ret = second_open(b);
	if (ret == 0)
		ret = idle_open(b);
	return ret == 0 ? receivers_open(b) : ret;
}

static void
region_free(struct bench *b, struct region *r)
{
	if (r->base != 0 && !r->shared)
		shmx_free_sync(b->ep, r->base);
	r->base = 0;
}

/* A pool in which others still have something is theirs from now on: -EBUSY is no error. */
static void
memory_give_back(struct bench *b)
{
	region_free(b, &b->data);
	region_free(b, &b->counters);
	region_free(b, &b->beside);
	if (b->pool_made)
		shmx_pool_destroy_sync(b->ep, b->pool, false);
}

void
bench_close(struct bench *b)
{
	receivers_close(b);
	if (b->ep != NULL) {
		inbox_close(b);
		if (b->pool_open)
			memory_give_back(b);
		if (b->second_open)
			shmx_disconnect_sync(b->ep, b->second);
		if (b->connected)
			shmx_disconnect_sync(b->ep, b->session);
		shmx_ep_destroy(b->ep);
	}
	fault_destroy(b->fault);
	if (b->port != NULL)
		shmx_port_close(b->port);
}
