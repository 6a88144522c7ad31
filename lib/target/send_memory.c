/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_hash.h>
#include <rte_hash_crc.h>

#include "target/target_private.h"

/*
 * Memory that is sent as a message. At the home of its pool it is taken from the sender and given
 * to the receivers, who read it in place; then, at the home of the inboxes, they are told. If they
 * are not, it is the sender's again. From then on nobody frees it but we, when the last one has
 * read it: until then its address is pinned, and it is marked as sent, so that it is freed by who
 * adopts it when we die. When its pool is destroyed before, the pin stays, but is dead: who has
 * read it all the same frees nothing, for there may be something else by then.
 */

/* Data of a pin: NULL, or */
#define PIN_DEAD ((void *)1)

/* What a look at one, used or not, counts for. */
#define PIN_BYTES 64

/* Where SEND_MEMORY is: the stations of send_memory_step(). */
enum station {
	AT_POOL,
	AT_POOL_QUIET, /* the grace period is over */
	AT_INBOXES,
	AT_POOL_AGAIN,
};

int
send_memory_create(struct target_worker *w, unsigned int refs, int socket_id)
{
	char name[RTE_HASH_NAMESIZE];
	const struct rte_hash_parameters params = {
		.name = name,
		.entries = RTE_MAX(refs, 8u),
		.key_len = sizeof(uint64_t),
		.hash_func = rte_hash_crc,
		.socket_id = socket_id,
	};

	snprintf(name, sizeof(name), "target_pins_%x_%u", (unsigned int)(uintptr_t)w->target,
		w->index);
	w->pinned = rte_hash_create(&params);
	return w->pinned != NULL ? 0 : -ENOMEM;
}

void
send_memory_destroy(struct target_worker *w)
{
	rte_hash_free(w->pinned);
}

bool
send_memory_pinned(const struct target_worker *w, uint64_t addr)
{
	void *dead;

	return unlikely(w->pinned != NULL && rte_hash_count(w->pinned) > 0 &&
			rte_hash_lookup_data(w->pinned, &addr, &dead) >= 0 && dead == NULL);
}

/* Whether one begins in there. */
static bool
pin_begins(struct target_worker *w, uint64_t addr, uint64_t len)
{
	const void *key;
	uint32_t next = 0;
	uint64_t at;
	void *dead;

	turn_spend(w, ((uint64_t)rte_hash_max_key_id(w->pinned) + 1) * PIN_BYTES);
	while (rte_hash_iterate(w->pinned, &key, &dead, &next) >= 0) {
		memcpy(&at, key, sizeof(at));
		if (at - addr < len && dead == NULL)
			return true;
	}
	return false;
}

/* Whether any of the range was sent and not read by all; mostly it is of one allocation. */
bool
send_memory_pinned_in(struct target_worker *w, uint64_t addr, uint64_t len)
{
	struct mem_alloc_info info;

	if (likely(w->pinned == NULL || rte_hash_count(w->pinned) == 0) ||
		mem_alloc_find(w->mem, addr, &info) < 0)
		return false;
	if (send_memory_pinned(w, info.addr))
		return true;
	return addr + len > info.addr + info.len && pin_begins(w, addr, len);
}

void
send_memory_pool_gone(struct target_worker *w, uint16_t pool)
{
	const void *key;
	uint64_t addr;
	uint32_t next = 0;
	void *dead;

	while (w->pinned != NULL && rte_hash_iterate(w->pinned, &key, &dead, &next) >= 0) {
		memcpy(&addr, key, sizeof(addr));
		if (mem_addr_pool(addr) == pool)
			rte_hash_add_key_data(w->pinned, &addr, PIN_DEAD);
	}
}

/*
 * The nodes that get it, as a set of owners with a reference. All is every inbox, also those of
 * nodes that may not read the pool.
 */
static int
receivers(struct target_worker *w, struct target_job *job, uint16_t *set)
{
	if (job->to.to == WIRE_TO_ALL) {
		*set = MEM_SET_EVERYONE;
		return mem_pool_nodes(w->mem, job->pool) == MEM_SET_EVERYONE ? 0 : -EPERM;
	}
	if (job->to.to == WIRE_TO_NODE) {
		job->nodes[0] = job->to.node;
		job->nb_nodes = 1;
	}
	return owners_set(w, job, set);
}

/* Times that the allocation's part of the map is read or written: two looks, and a change. */
#define SEND_PASSES 6

/* The allocation, if it is the sender's as a whole and all of it has the same owners. */
static int
check(struct target_worker *w, const struct target_job *job, uint64_t *len, uint16_t *set)
{
	struct mem_alloc_info info = {0};
	uint64_t run = 0;
	int ret = mem_alloc_info(w->mem, job->addr, &info);

	turn_spend(w, SEND_PASSES * mem_own_bytes(w->mem, job->addr, info.len));
	if (ret == 0)
		ret = mem_own_check(w->mem, job->addr, info.len, job->node);
	if (ret == 0)
		ret = mem_own_run(w->mem, job->addr, info.len, set, &run);
	if (ret < 0)
		return ret;
	*len = info.len;
	if (job->size > info.len || run != info.len || send_memory_pinned(w, job->addr))
		return -EINVAL;
	return rte_hash_lookup(w->pinned, &job->addr) < 0 ? 0 : -EBUSY;
}

static int
give(struct target_worker *w, struct target_job *job, uint64_t len)
{
	uint16_t set;
	int ret = receivers(w, job, &set);

	if (ret < 0)
		return ret;
	ret = mem_own_change(w->mem, job->addr, len, MEM_OWN_SET, set, MEM_SET_FREE);
	mem_set_release(w->mem, set);
	return ret;
}

/* Pinned, and the receivers'; or as it was. */
static int
take(struct target_worker *w, struct target_job *job, uint64_t len, uint16_t set)
{
	int ret;

	if (rte_hash_add_key_data(w->pinned, &job->addr, NULL) < 0)
		return -ENOBUFS;
	mem_set_hold(w->mem, set);
	mem_sent_set(w->mem, job->addr, true);
	ret = give(w, job, len);
	if (ret < 0) {
		mem_sent_set(w->mem, job->addr, false);
		mem_set_release(w->mem, set);
		rte_hash_del_key(w->pinned, &job->addr);
	}
	return ret;
}

/*
 * Not begun. When that passes by itself it is as if an inbox were full: nothing that was sent
 * behind it may overtake it, which the home of the inboxes sees to.
 */
static enum job_place
refused(struct target_job *job)
{
	if (job->err != -ENOSPC && job->err != -ENOBUFS && job->err != -EBUSY)
		return JOB_ANSWER;
	job->step = AT_INBOXES;
	return JOB_HOME;
}

/* First at the pool's home. */
static enum job_place
begin(struct target_worker *w, struct target_job *job)
{
	uint64_t len = 0;
	uint16_t set = MEM_SET_FREE;

	if (w->turn_bytes <= 0)
		return JOB_TURN;
	job->err = target_pool_gone(w->target, job) ? -ENOENT : check(w, job, &len, &set);
	if (job->err == 0)
		job->err = take(w, job, len, set);
	if (job->err == -ENOSPC && !job->reclaimed) {
		job->err = 0;
		return JOB_CONTROL;
	}
	if (job->err < 0)
		return refused(job);
	job->set = set;
	job->value[1] = len;
	job->step = AT_POOL_QUIET;
	return job_must_wait(w, job) ? JOB_QUIESCENT : JOB_HOME;
}

static_assert(COMM_SET_WORDS == MEM_NODES_MAX / 64, "owners_bits() writes such sets");

/* Then at that of the inboxes. */
static enum job_place
tell(struct target_worker *w, struct target_job *job)
{
	static const uint8_t kinds[] = {
		[WIRE_TO_NODE] = COMM_TO_NODE,
		[WIRE_TO_SET] = COMM_TO_SET,
		[WIRE_TO_ALL] = COMM_TO_ALL,
	};
	uint64_t bits[COMM_SET_WORDS];
	const struct comm_to to = {.kind = kinds[job->to.to], .node = job->to.node, .set = bits};
	int ret;

	if (job->err < 0) {
		comm_refuse(w->target->comm, job->holder, job->to.run);
		return JOB_ANSWER;
	}
	owners_bits(job, 0, job->nb_nodes, bits);
	ret = comm_send_ref(w->target->comm, job->holder, job->to.run, &to, job->addr, job->size);
	job->err = RTE_MIN(ret, 0);
	job->value[0] = (uint64_t)RTE_MAX(ret, 0);
	job->step = AT_POOL_AGAIN;
	return JOB_HOME;
}

/* At last at the pool's home again: if nobody was told, it is as it was. */
static enum job_place
end(struct target_worker *w, struct target_job *job)
{
	if (job->err < 0 || job->value[0] == 0) {
		if (send_memory_pinned(w, job->addr)) {
			mem_own_change(w->mem, job->addr, job->value[1], MEM_OWN_SET, job->set,
				MEM_SET_FREE);
			mem_sent_set(w->mem, job->addr, false);
			reap_given(w, job->set);
		}
		rte_hash_del_key(w->pinned, &job->addr);
	}
	mem_set_release(w->mem, job->set);
	return JOB_ANSWER;
}

enum job_place
send_memory_step(struct target_worker *w, struct target_job *job)
{
	switch (job->step) {
	case AT_POOL:
		return begin(w, job);
	case AT_POOL_QUIET:
		job->step = AT_INBOXES;
		return JOB_HOME;
	case AT_INBOXES:
		return tell(w, job);
	default:
		return end(w, job);
	}
}

bool
send_memory_at_inboxes(const struct target_job *job)
{
	return job->step == AT_INBOXES;
}

/* All have read it: from here on it is freed as any other, by the memory node, node 0. */
enum job_place
send_memory_read(struct target_worker *w, struct target_job *job)
{
	bool there = send_memory_pinned(w, job->addr);

	rte_hash_del_key(w->pinned, &job->addr);
	if (!there)
		return JOB_END;
	job->op = WIRE_OP_FREE;
	job->life = target_life(w->target, job->pool);
	return JOB_HOME;
}
