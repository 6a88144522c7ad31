/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_string_fns.h>
#include <rte_telemetry.h>

#include "base/shmx_version.h"
#include "comm/comm.h"
#include "fault/fault.h"
#include "mem/mem.h"
#include "port.h"
#include "rdp/rdp.h"
#include "sessions.h"
#include "sync/sync.h"
#include "target/target.h"
#include "telemetry.h"
#include "wire/record.h"

#define ASK_MS 500
/* In one answer, of which telemetry takes 16 KB, and leaves out in silence what is beyond. */
#define POOLS_MAX   24
#define WORKERS_MAX 8
#define HELD_MAX    128

/* One call at a time; the server is there while serving is set. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct server *serving;

#define ADD(d, from, field) rte_tel_data_add_dict_u64(d, #field, (from)->field)

static struct rte_tel_data *
new_dict(void)
{
	struct rte_tel_data *d = rte_tel_data_alloc();

	if (d != NULL)
		rte_tel_data_start_dict(d);
	return d;
}

/* A dictionary in a dictionary, under a number; 22.11 has no arrays of dictionaries. */
static struct rte_tel_data *
sub_dict(struct rte_tel_data *parent, unsigned int index)
{
	struct rte_tel_data *d = new_dict();
	char name[16];

	if (d == NULL)
		return NULL;
	snprintf(name, sizeof(name), "%u", index);
	if (rte_tel_data_add_dict_container(parent, name, d, 0) == 0)
		return d;
	rte_tel_data_free(d);
	return NULL;
}

/* A number behind the comma of a command, and what follows it; what is no number is UINT32_MAX. */
static uint32_t
parameter(const char **params)
{
	const char *text = *params;
	unsigned long long n;
	char *end;

	if (text == NULL)
		return 0;
	*params = strchr(text, ',');
	if (*params != NULL)
		++*params;
	if (!isdigit((unsigned char)*text))
		return UINT32_MAX;
	n = strtoull(text, &end, 10);
	return *end == '\0' || *end == ',' ? (uint32_t)RTE_MIN(n, UINT32_MAX) : UINT32_MAX;
}

static int
info(const struct server *s, const char *params, struct rte_tel_data *d)
{
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "version", shmx_version());
	rte_tel_data_add_dict_u64(d, "node", s->options->node);
	rte_tel_data_add_dict_u64(d, "first_pool_id", mem_first_pool(s->mem));
	rte_tel_data_add_dict_u64(d, "last_pool_id", mem_last_pool(s->mem));
	rte_tel_data_add_dict_u64(d, "udp_port", s->options->udp_port);
	rte_tel_data_add_dict_u64(d, "epoch", s->epoch);
	rte_tel_data_add_dict_u64(d, "uptime_ns", clock_now(&s->clock));
	rte_tel_data_add_dict_u64(d, "ports", s->nb_ports);
	rte_tel_data_add_dict_u64(d, "endpoints", s->nb_pairs);
	rte_tel_data_add_dict_u64(d, "workers", s->nb_workers);
	return 0;
}

/* A name that telemetry takes: it knows no '-'. */
static const char *
op_key(uint8_t op, char *key, size_t size)
{
	strlcpy(key, wire_op_name(op), size);
	for (char *c = key; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	return key;
}

/* "ops": how often each operation was asked for. */
static void
add_ops(struct rte_tel_data *d, const struct target_stats *t)
{
	struct rte_tel_data *ops = new_dict();
	char key[32];

	if (ops == NULL)
		return;
	for (uint8_t op = 0; op < RTE_DIM(t->ops) && op < WIRE_OP_MAX; op++)
		if (wire_op_table[op].fixed != 0)
			rte_tel_data_add_dict_u64(ops, op_key(op, key, sizeof(key)), t->ops[op]);
	if (rte_tel_data_add_dict_container(d, "ops", ops, 0) != 0)
		rte_tel_data_free(ops);
}

static void
add_worker(struct rte_tel_data *d, const struct worker *w)
{
	const struct target_stats *t = target_worker_stats(w->target);

	rte_tel_data_add_dict_u64(d, "lcore", w->lcore);
	rte_tel_data_add_dict_u64(d, "endpoints", w->nb_pairs);
	ADD(d, w, turns);
	ADD(d, w, busy_cycles);
	ADD(d, w, idle_cycles);
	ADD(d, w, sleeps);
	ADD(d, t, op_errors);
	ADD(d, t, bytes_read);
	ADD(d, t, bytes_written);
	ADD(d, t, handed_over);
	ADD(d, t, busy);
	ADD(d, t, malformed);
	ADD(d, t, reaped);
	ADD(d, t, reaped_bytes);
	add_ops(d, t);
}

static int
workers(const struct server *s, const char *params, struct rte_tel_data *d)
{
	uint64_t first = parameter(&params);
	struct rte_tel_data *one;

	rte_tel_data_start_dict(d);
	for (uint64_t i = first; i < RTE_MIN(first + WORKERS_MAX, s->nb_workers); i++) {
		one = sub_dict(d, (unsigned int)i);
		if (one != NULL)
			add_worker(one, &s->workers[i]);
	}
	return 0;
}

static void
add_rdp_stats(struct rte_tel_data *d, const struct rdp_stats *r)
{
	ADD(d, r, rx_frames);
	ADD(d, r, rx_other);
	ADD(d, r, rx_vlan);
	ADD(d, r, rx_malformed);
	ADD(d, r, rx_bad_checksum);
	ADD(d, r, rx_stale);
	ADD(d, r, rx_duplicate);
	ADD(d, r, handed_over);
	ADD(d, r, handover_full);
	ADD(d, r, rx_parked);
	ADD(d, r, rx_refused);
	ADD(d, r, tx_frames);
	ADD(d, r, tx_ack);
	ADD(d, r, tx_retransmit);
	ADD(d, r, tx_probe);
	ADD(d, r, tx_spurious);
	ADD(d, r, tx_full);
	ADD(d, r, rto);
	ADD(d, r, no_mbuf);
	ADD(d, r, sessions_opened);
	ADD(d, r, sessions_closed);
	ADD(d, r, resets_sent);
	ADD(d, r, handshakes_refused);
	ADD(d, r, handshakes_ignored);
}

static void
add_pair(struct rte_tel_data *d, const struct server_pair *pair)
{
	struct fault_stats faults;

	rte_tel_data_add_dict_string(d, "port", pair->port->options->spec);
	rte_tel_data_add_dict_u64(d, "ethdev", pair->io.eth.port_id);
	rte_tel_data_add_dict_u64(d, "queue", pair->queue);
	rte_tel_data_add_dict_u64(d, "worker", pair->worker);
	/* Of all queues of the port. */
	rte_tel_data_add_dict_u64(
		d, "mbufs_in_use", rte_mempool_in_use_count(pair->port->port->pool));
	ADD(d, &pair->io, echoed);
	ADD(d, &pair->io, echo_drops);
	add_rdp_stats(d, rdp_ep_stats(pair->ep));
	fault_queue_stats_get(pair->port->fault, pair->queue, FAULT_RX, &faults);
	rte_tel_data_add_dict_u64(d, "fault_rx_dropped", fault_stats_lost(&faults));
	fault_queue_stats_get(pair->port->fault, pair->queue, FAULT_TX, &faults);
	rte_tel_data_add_dict_u64(d, "fault_tx_dropped", fault_stats_lost(&faults));
}

static int
endpoints(const struct server *s, const char *params, struct rte_tel_data *d)
{
	uint32_t index;

	if (params == NULL) {
		rte_tel_data_start_array(d, RTE_TEL_U64_VAL);
		for (unsigned int i = 0; i < s->nb_pairs; i++)
			rte_tel_data_add_array_u64(d, i);
		return 0;
	}
	index = parameter(&params);
	if (index >= s->nb_pairs)
		return -EINVAL;
	rte_tel_data_start_dict(d);
	add_pair(d, &s->pairs[index]);
	return 0;
}

static void
add_session(struct rte_tel_data *d, const struct session_view *v)
{
	char ip[IP_ADDR_TEXT], peer[IP_ADDR_TEXT + 16];

	snprintf(peer, sizeof(peer), ip_addr_is_v4(v->peer_ip) ? "%s:%u" : "[%s]:%u",
		ip_addr_format(v->peer_ip, ip), rte_be_to_cpu_16(v->peer_port));
	rte_tel_data_add_dict_string(d, "peer", peer);
	rte_tel_data_add_dict_u64(d, "node", v->peer_node);
	rte_tel_data_add_dict_string(d, "state", session_state_name(v->state));
	ADD(d, v, mtu);
	ADD(d, v, srtt_ns);
	ADD(d, v, in_flight);
	ADD(d, v, age_ns);
}

static int
sessions(const struct server *s, const char *params, struct rte_tel_data *d)
{
	static struct sessions_view view; /* behind the lock */
	struct rte_tel_data *all, *one;
	uint32_t index = parameter(&params);

	if (index >= s->nb_pairs)
		return -EINVAL;
	view.pair = &s->pairs[index];
	view.first = parameter(&params);
	view.limit = s->options->max_sessions;
	if (ask(&s->workers[view.pair->worker].ask, sessions_look, &view, ASK_MS) != 0)
		return -ETIMEDOUT;
	all = new_dict();
	if (all == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < view.nb; i++) {
		one = sub_dict(all, view.session[i].index);
		if (one != NULL)
			add_session(one, &view.session[i]);
	}
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_u64(d, "endpoint", index);
	rte_tel_data_add_dict_u64(d, "next", view.first);
	return rte_tel_data_add_dict_container(d, "sessions", all, 0);
}

struct pools_view {
	const struct mem *mem;
	const struct target *target;
	uint16_t first; /* id to begin with */
	unsigned int nb;
	struct mem_pool_stat pool[POOLS_MAX];
	struct target_policy_stats policy[POOLS_MAX];
};

/* Runs on the main lcore, which is the one that takes pools away. */
static void
pools_look(void *view)
{
	struct pools_view *v = view;
	uint16_t ids[POOLS_MAX];
	uint32_t n = mem_pool_list(v->mem, v->first, ids, POOLS_MAX);

	v->nb = 0;
	for (uint32_t i = 0; i < n; i++)
		if (mem_pool_peek(v->mem, ids[i], &v->pool[v->nb]) == 0)
			v->policy[v->nb++] = *target_policy_stats(v->target, ids[i]);
}

static void
add_pool(struct rte_tel_data *d, const struct mem_pool_stat *st,
	const struct target_policy_stats *policy)
{
	rte_tel_data_add_dict_string(d, "name", st->name);
	ADD(d, st, size);
	ADD(d, st, max_size);
	ADD(d, st, used);
	ADD(d, st, free);
	ADD(d, st, zeroing);
	ADD(d, st, largest_free);
	ADD(d, st, granule);
	ADD(d, st, nb_extents);
	ADD(d, st, nb_allocs);
	ADD(d, st, nb_names);
	ADD(d, st, grow_below);
	ADD(d, st, grow_by);
	ADD(d, st, shrink_above);
	ADD(d, st, quota);
	ADD(d, policy, grown);
	ADD(d, policy, shrunk);
	ADD(d, policy, failed);
}

static int
pools(struct server *s, const char *params, struct rte_tel_data *d)
{
	static struct pools_view view; /* behind the lock */
	struct rte_tel_data *one;

	view.mem = s->mem;
	view.target = s->target;
	view.first = (uint16_t)RTE_MIN(parameter(&params), (uint32_t)UINT16_MAX);
	if (ask(&s->ask, pools_look, &view, ASK_MS) != 0)
		return -ETIMEDOUT;
	rte_tel_data_start_dict(d);
	for (unsigned int i = 0; i < view.nb; i++) {
		one = sub_dict(d, view.pool[i].id);
		if (one != NULL)
			add_pool(one, &view.pool[i], &view.policy[i]);
	}
	return 0;
}

/* What nodes hold of a pool with a quota. */
struct held_view {
	const struct mem *mem;
	uint32_t pool;
	uint32_t next; /* node to begin with; then to go on with, 0 at the end */
	unsigned int nb;
	uint32_t node[HELD_MAX];
	uint64_t held[HELD_MAX];
};

/* Runs on the main lcore, as pools_look(). */
static void
held_look(void *view)
{
	struct held_view *v = view;
	uint32_t node = v->next;
	uint64_t held;

	v->nb = 0;
	for (; node < MEM_NODES_MAX && v->nb < HELD_MAX; node++) {
		held = mem_pool_held(v->mem, (uint16_t)v->pool, (uint16_t)node);
		if (held == 0)
			continue;
		v->node[v->nb] = node;
		v->held[v->nb++] = held;
	}
	v->next = node < MEM_NODES_MAX ? node : 0;
}

static int
held(struct server *s, const char *params, struct rte_tel_data *d)
{
	static struct held_view view; /* behind the lock */
	struct rte_tel_data *all;
	char node[16];

	view.mem = s->mem;
	view.pool = RTE_MIN(parameter(&params), (uint32_t)UINT16_MAX);
	view.next = RTE_MAX(parameter(&params), 1u);
	if (ask(&s->ask, held_look, &view, ASK_MS) != 0)
		return -ETIMEDOUT;
	all = new_dict();
	if (all == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < view.nb; i++) {
		snprintf(node, sizeof(node), "%u", view.node[i]);
		rte_tel_data_add_dict_u64(all, node, view.held[i]);
	}
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_u64(d, "pool", view.pool);
	rte_tel_data_add_dict_u64(d, "next", view.next);
	return rte_tel_data_add_dict_container(d, "held", all, 0);
}

/* What belongs to the worker that is home of locks and inboxes. */
struct tables_view {
	const struct server *server;
	struct sync_usage locks;
	struct comm_usage inboxes;
};

static void
tables_look(void *view)
{
	struct tables_view *v = view;

	if (v->server->sync != NULL)
		sync_usage(v->server->sync, &v->locks);
	if (v->server->comm != NULL)
		comm_usage(v->server->comm, &v->inboxes);
}

static int
tables_ask(struct server *s, struct tables_view *v)
{
	*v = (struct tables_view){.server = s};
	return ask(&s->workers[0].ask, tables_look, v, ASK_MS) == 0 ? 0 : -ETIMEDOUT;
}

static int
locks(struct server *s, const char *params, struct rte_tel_data *d)
{
	static struct tables_view view; /* behind the lock */
	int ret = tables_ask(s, &view);

	if (ret < 0)
		return ret;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_u64(d, "ids", s->options->locks);
	rte_tel_data_add_dict_u64(d, "reserved", view.locks.nb_locks);
	rte_tel_data_add_dict_u64(d, "held_or_wanted", view.locks.nb_grants);
	rte_tel_data_add_dict_u64(d, "waiting_calls", view.locks.nb_calls);
	rte_tel_data_add_dict_u64(d, "holders", view.locks.nb_holders);
	return 0;
}

static int
inboxes(struct server *s, const char *params, struct rte_tel_data *d)
{
	static struct tables_view view; /* behind the lock */
	const struct comm_usage *u = &view.inboxes;
	int ret = tables_ask(s, &view);

	if (ret < 0)
		return ret;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_u64(d, "open", u->nb_inboxes);
	rte_tel_data_add_dict_u64(d, "bytes_in_use", (uint64_t)u->nb_chunks * 4096);
	rte_tel_data_add_dict_u64(d, "messages_in_memory", u->nb_refs);
	ADD(d, u, sent);
	ADD(d, u, refused);
	ADD(d, u, signals);
	return 0;
}

/* What telemetry calls: the same for all commands. */
#define COMMAND(name)                                                                              \
	static int on_##name(const char *cmd, const char *params, struct rte_tel_data *d)          \
	{                                                                                          \
		int ret = -ENODEV;                                                                 \
		pthread_mutex_lock(&lock);                                                         \
		if (serving != NULL)                                                               \
			ret = name(serving, params, d);                                            \
		pthread_mutex_unlock(&lock);                                                       \
		return ret;                                                                        \
	}

COMMAND(info)
COMMAND(workers)
COMMAND(endpoints)
COMMAND(sessions)
COMMAND(pools)
COMMAND(held)
COMMAND(locks)
COMMAND(inboxes)

void
telemetry_begin(struct server *s)
{
	pthread_mutex_lock(&lock);
	serving = s;
	pthread_mutex_unlock(&lock);
	rte_telemetry_register_cmd("/shmx/info", on_info, "The memory node. No parameters.");
	rte_telemetry_register_cmd("/shmx/workers", on_workers,
		"Workers, at most 8: cycles and operations. Parameter: first index");
	rte_telemetry_register_cmd("/shmx/endpoints", on_endpoints,
		"Indices of the endpoints; counters of one. Parameter: index");
	rte_telemetry_register_cmd("/shmx/sessions", on_sessions,
		"Sessions of an endpoint. Parameters: endpoint, first index ('next' of the last)");
	rte_telemetry_register_cmd(
		"/shmx/pools", on_pools, "Pools, at most 24. Parameter: first id");
	rte_telemetry_register_cmd("/shmx/held", on_held,
		"Bytes of a pool with a quota by node. Parameters: pool id, first node ('next')");
	rte_telemetry_register_cmd(
		"/shmx/locks", on_locks, "How much of the lock table is in use. No parameters.");
	rte_telemetry_register_cmd("/shmx/inboxes", on_inboxes,
		"Signals and messages, and what waits. No parameters.");
}

void
telemetry_end(void)
{
	pthread_mutex_lock(&lock);
	serving = NULL;
	pthread_mutex_unlock(&lock);
}
