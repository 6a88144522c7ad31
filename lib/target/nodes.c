/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>

#include <rte_malloc.h>

#include "target/nodes.h"
#include "target/target_private.h"

/*
 * Who is there, and what was done: from what may be read from anywhere, so that an answer waits for
 * no other worker.
 */

/** Looks at an address that is being changed just now, before it is left out. */
#define TRIES 8

/* A sequence lock, which DPDK 22.11 has for experiment only: whoever finds the count odd, or
 * another one behind the look than in front of it, looks again. */
struct node_address {
	uint32_t changes;
	uint32_t udp_port; /* network byte order */
	uint64_t ip[2];
};

/* All of it is written by the worker alone, and read by every worker. */
struct target_nodes {
	uint64_t present[MEM_NODES_MAX / 64]; /* bit per node that has sessions here */
	uint32_t sessions[MEM_NODES_MAX];
	uint32_t all_sessions;
	struct node_address address[MEM_NODES_MAX]; /* of the session that was opened last */
};

struct target_nodes *
nodes_create(int socket_id)
{
	return rte_zmalloc_socket(
		"target_nodes", sizeof(struct target_nodes), RTE_CACHE_LINE_SIZE, socket_id);
}

static void
store(uint32_t *to, uint32_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELAXED);
}

static void
address_set(struct node_address *a, struct ip_addr ip, rte_be16_t udp_port)
{
	store(&a->changes, a->changes + 1);
	rte_atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&a->ip[0], ip.half[0], __ATOMIC_RELAXED);
	__atomic_store_n(&a->ip[1], ip.half[1], __ATOMIC_RELAXED);
	store(&a->udp_port, udp_port);
	__atomic_store_n(&a->changes, a->changes + 1, __ATOMIC_RELEASE);
}

bool
nodes_address(
	const struct target_nodes *nodes, uint16_t node, struct ip_addr *ip, rte_be16_t *udp_port)
{
	const struct node_address *a = &nodes->address[node];
	uint32_t before = __atomic_load_n(&a->changes, __ATOMIC_ACQUIRE);

	ip->half[0] = __atomic_load_n(&a->ip[0], __ATOMIC_RELAXED);
	ip->half[1] = __atomic_load_n(&a->ip[1], __ATOMIC_RELAXED);
	*udp_port = (rte_be16_t)__atomic_load_n(&a->udp_port, __ATOMIC_RELAXED);
	rte_atomic_thread_fence(__ATOMIC_ACQUIRE);
	return before % 2 == 0 && before == __atomic_load_n(&a->changes, __ATOMIC_RELAXED);
}

static void
present_set(struct target_nodes *nodes, uint16_t node, bool is)
{
	uint64_t *word = &nodes->present[node / 64], bit = UINT64_C(1) << (node % 64);

	__atomic_store_n(word, is ? *word | bit : *word & ~bit, __ATOMIC_RELEASE);
}

void
nodes_opened(struct target_nodes *nodes, const struct rdp_session *s)
{
	store(&nodes->all_sessions, nodes->all_sessions + 1);
	if (s->peer_node >= MEM_NODES_MAX)
		return;
	address_set(&nodes->address[s->peer_node], s->peer_ip, s->peer_port);
	store(&nodes->sessions[s->peer_node], nodes->sessions[s->peer_node] + 1);
	present_set(nodes, s->peer_node, true);
}

void
nodes_closed(struct target_nodes *nodes, const struct rdp_session *s)
{
	uint32_t *sessions;

	/* A session that never opened ends, too. */
	if (nodes->all_sessions == 0)
		return;
	if (s->peer_node >= MEM_NODES_MAX) {
		store(&nodes->all_sessions, nodes->all_sessions - 1);
		return;
	}
	sessions = &nodes->sessions[s->peer_node];
	if (*sessions == 0)
		return;
	store(&nodes->all_sessions, nodes->all_sessions - 1);
	store(sessions, *sessions - 1);
	if (*sessions == 0)
		present_set(nodes, s->peer_node, false);
}

/* Nodes that any worker has sessions with, 64 of them. */
static uint64_t
present_word(const struct target *t, unsigned int word)
{
	uint64_t bits = 0;

	for (unsigned int i = 0; i < t->nb_workers; i++)
		bits |= __atomic_load_n(&t->worker[i]->nodes->present[word], __ATOMIC_ACQUIRE);
	return bits;
}

static void
read_address(const struct target_nodes *nodes, uint16_t node, struct wire_node_info *info)
{
	struct ip_addr ip;
	rte_be16_t udp_port;

	for (unsigned int i = 0; i < TRIES; i++) {
		if (!nodes_address(nodes, node, &ip, &udp_port))
			continue;
		memcpy(info->ip, ip.byte, sizeof(info->ip));
		info->udp_port = udp_port;
		return;
	}
}

static void
info_write(const struct target *t, uint16_t node, struct wire_node_info *info)
{
	uint32_t sessions = 0, workers = 0;

	memset(info, 0, sizeof(*info));
	for (unsigned int i = 0; i < t->nb_workers; i++) {
		const struct target_nodes *nodes = t->worker[i]->nodes;
		uint32_t n = __atomic_load_n(&nodes->sessions[node], __ATOMIC_RELAXED);

		if (n > 0 && workers == 0)
			read_address(nodes, node, info);
		workers |= n > 0 ? UINT32_C(1) << i : 0;
		sessions += n;
	}
	info->node = rte_cpu_to_be_16(node);
	info->sessions = rte_cpu_to_be_32(sessions);
	info->workers = rte_cpu_to_be_32(workers);
}

/* Ids from @p first on, at most @p most. @return how many. */
static uint32_t
nodes_find(const struct target *t, uint16_t first, uint16_t *ids, uint32_t most)
{
	uint32_t n = 0;

	for (unsigned int word = first / 64u; word < MEM_NODES_MAX / 64 && n < most; word++) {
		uint64_t bits = present_word(t, word);

		if (word == first / 64u)
			bits &= UINT64_MAX << (first % 64);
		for (; bits != 0 && n < most; bits &= bits - 1)
			ids[n++] = (uint16_t)(word * 64 + (unsigned int)__builtin_ctzll(bits));
	}
	return n;
}

/* So many looks at something of each worker. */
static void
spend(struct target_worker *w, uint32_t looks)
{
	turn_spend(w, (uint64_t)looks * w->target->nb_workers * TARGET_LOOK_BYTES);
}

/* Descriptions in one response. */
#define LIST_MAX (WIRE_DATA_MAX / sizeof(struct wire_node_info))

int
nodes_list(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	const struct wire_node_list *list = (const struct wire_node_list *)rec;
	uint32_t most = target_list_most(s, sizeof(struct wire_node_info), list->max);
	uint16_t ids[LIST_MAX];
	uint32_t n = nodes_find(w->target, rte_be_to_cpu_16(list->first), ids, most);
	struct wire_node_info *info = target_respond_data(s, rec, n * (uint32_t)sizeof(*info));

	spend(w, MEM_NODES_MAX / 64 + n);
	if (info == NULL)
		return -EAGAIN;
	for (uint32_t i = 0; i < n; i++)
		info_write(w->target, ids[i], info + i);
	return 0;
}

static uint32_t
count_nodes(const struct target *t)
{
	uint32_t n = 0;

	for (unsigned int word = 0; word < MEM_NODES_MAX / 64; word++)
		n += (uint32_t)__builtin_popcountll(present_word(t, word));
	return n;
}

static void
add_stats(struct target_stats *sum, const struct target_stats *st)
{
	for (unsigned int i = 0; i < RTE_DIM(sum->ops); i++)
		sum->ops[i] += st->ops[i];
	sum->op_errors += st->op_errors;
	sum->bytes_read += st->bytes_read;
	sum->bytes_written += st->bytes_written;
	sum->handed_over += st->handed_over;
	sum->busy += st->busy;
	sum->malformed += st->malformed;
}

static void
stat_write(const struct target *t, struct wire_stat_info *info)
{
	struct target_stats sum = {.op_errors = 0};
	uint32_t sessions = 0;

	for (unsigned int i = 0; i < t->nb_workers; i++) {
		add_stats(&sum, &t->worker[i]->stats);
		sessions += __atomic_load_n(&t->worker[i]->nodes->all_sessions, __ATOMIC_RELAXED);
	}
	*info = (struct wire_stat_info){
		.op_errors = rte_cpu_to_be_64(sum.op_errors),
		.bytes_read = rte_cpu_to_be_64(sum.bytes_read),
		.bytes_written = rte_cpu_to_be_64(sum.bytes_written),
		.handed_over = rte_cpu_to_be_64(sum.handed_over),
		.busy = rte_cpu_to_be_64(sum.busy),
		.malformed = rte_cpu_to_be_64(sum.malformed),
		.nodes = rte_cpu_to_be_32(count_nodes(t)),
		.sessions = rte_cpu_to_be_32(sessions),
		.workers = rte_cpu_to_be_16((uint16_t)t->nb_workers),
	};
	for (unsigned int i = 0; i < RTE_DIM(info->ops); i++)
		info->ops[i] = rte_cpu_to_be_64(sum.ops[i]);
}

int
nodes_stat(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	struct wire_stat_info *info = target_respond_data(s, rec, sizeof(*info));

	spend(w, MEM_NODES_MAX / 64 + sizeof(struct target_stats) / RTE_CACHE_LINE_SIZE);
	if (info == NULL)
		return -EAGAIN;
	stat_write(w->target, info);
	return 0;
}
