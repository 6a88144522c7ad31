/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include "target/nodes.h"
#include "target/target_private.h"

/* Operations other than on data: taken off the wire here, executed by job.c and steps.c. */

/* A name must not hold a zero: it would be cut, and meet another name. */
static bool
name_copy(const void *data, uint32_t len, char name[MEM_NAME_LEN])
{
	memcpy(name, data, len);
	name[len] = '\0';
	return strlen(name) == len;
}

bool
target_name_read(const void *data, const struct wire_record *rec, char name[MEM_NAME_LEN])
{
	return name_copy(data, rte_be_to_cpu_32(rec->len), name);
}

/* ALLOC and ALLOC_FOR begin alike. */
static bool
read_alloc_head(struct target_job *job, const struct wire_alloc *alloc)
{
	job->pool = rte_be_to_cpu_16(alloc->pool);
	job->size = rte_be_to_cpu_64(alloc->size);
	job->align_log2 = alloc->align_log2;
	job->mortal = alloc->on_death == WIRE_DEATH_FREE;
	job->values = 1;
	return alloc->align_log2 <= MEM_PAGE_LOG && alloc->on_death <= WIRE_DEATH_FREE;
}

static bool
read_alloc(struct target_job *job, const struct wire_record *rec)
{
	const struct wire_alloc *alloc = (const struct wire_alloc *)rec;

	job->owner_set = alloc->owner;
	return read_alloc_head(job, alloc) && alloc->owner <= WIRE_OWNER_SELF &&
	       !(job->mortal && alloc->owner == WIRE_OWNER_EVERYONE) &&
	       target_name_read(alloc + 1, rec, job->name);
}

static bool
read_alloc_for(struct target_job *job, const struct wire_record *rec)
{
	const struct wire_alloc_for *alloc = (const struct wire_alloc_for *)rec;
	const uint8_t *name = (const uint8_t *)(alloc + 1);
	uint32_t len = rte_be_to_cpu_32(rec->len), name_room = wire_pad(alloc->name_len);

	return read_alloc_head(job, (const struct wire_alloc *)rec) &&
	       alloc->name_len <= WIRE_NAME_MAX && len > name_room &&
	       len - name_room <= 2 * WIRE_NODES_MAX &&
	       name_copy(name, alloc->name_len, job->name) &&
	       owners_read(job, name + name_room, len - name_room) == 0;
}

static bool
read_addr(struct target_job *job, const struct wire_record *rec)
{
	job->addr = rte_be_to_cpu_64(((const struct wire_free *)rec)->addr);
	job->pool = mem_addr_pool(job->addr);
	return true;
}

static bool
read_range(struct target_job *job, const struct wire_record *rec)
{
	/* RESIZE, OWN and OWNERS begin alike. */
	job->size = rte_be_to_cpu_64(((const struct wire_resize *)rec)->size);
	return read_addr(job, rec);
}

static bool
read_own(struct target_job *job, const struct wire_record *rec)
{
	const struct wire_own *own = (const struct wire_own *)rec;

	job->owner_set = own->owner;
	job->how = own->how;
	job->nb_from = own->from;
	if (!read_range(job, rec) || owners_read(job, own + 1, rte_be_to_cpu_32(rec->len)) < 0 ||
		own->how > WIRE_OWN_MOVE || (own->how == WIRE_OWN_MOVE) != (own->from > 0))
		return false;
	return job->nb_nodes > 0 ? own->owner == 0 && own->from < job->nb_nodes
	                         : own->owner <= WIRE_OWNER_SELF && own->how == WIRE_OWN_SET;
}

static bool
read_owners(struct target_job *job, const struct wire_record *rec)
{
	job->most = (uint16_t)RTE_MIN(rte_be_to_cpu_32(rec->len), (uint32_t)WIRE_NODES_MAX);
	return read_range(job, rec);
}

static bool
read_lookup(struct target_job *job, const struct wire_record *rec)
{
	const struct wire_lookup *lookup = (const struct wire_lookup *)rec;

	job->pool = rte_be_to_cpu_16(lookup->pool);
	job->values = 2;
	return target_name_read(lookup + 1, rec, job->name) && job->name[0] != '\0';
}

/* Without ids, nothing pads the name. */
static bool
read_create_tail(struct target_job *job, const struct wire_pool_create *create)
{
	uint32_t len = rte_be_to_cpu_32(create->rec.len), room = wire_pad(create->name_len);
	const uint8_t *name = (const uint8_t *)(create + 1);

	if (create->name_len > WIRE_NAME_MAX || len < create->name_len ||
		!name_copy(name, create->name_len, job->name))
		return false;
	if (len == create->name_len)
		return true;
	return len > room && len - room <= 2 * WIRE_NODES_MAX &&
	       owners_read(job, name + room, len - room) == 0;
}

static bool
read_pool_create(struct target_job *job, const struct wire_record *rec)
{
	const struct wire_pool_create *create = (const struct wire_pool_create *)rec;

	job->size = rte_be_to_cpu_64(create->size);
	job->max_size = rte_be_to_cpu_64(create->max_size);
	job->granule = rte_be_to_cpu_32(create->granule);
	job->policy.grow_below = rte_be_to_cpu_64(create->grow_below);
	job->policy.grow_by = rte_be_to_cpu_64(create->grow_by);
	job->policy.shrink_above = rte_be_to_cpu_64(create->shrink_above);
	job->policy.quota = rte_be_to_cpu_64(create->quota);
	job->values = 1;
	return read_create_tail(job, create) && job->name[0] != '\0';
}

static bool
read_pool(struct target_job *job, const struct wire_record *rec)
{
	const struct wire_pool *pool = (const struct wire_pool *)rec;

	job->pool = rte_be_to_cpu_16(pool->pool);
	job->size = rte_be_to_cpu_64(pool->bytes);
	job->values = rec->op == WIRE_OP_POOL_GROW || rec->op == WIRE_OP_POOL_SHRINK;
	return true;
}

static bool
job_read(struct target_job *job, const struct wire_record *rec)
{
	switch (rec->op) {
	case WIRE_OP_ALLOC:
		return read_alloc(job, rec);
	case WIRE_OP_FREE:
		return read_addr(job, rec);
	case WIRE_OP_ALLOC_FOR:
		return read_alloc_for(job, rec);
	case WIRE_OP_RESIZE:
		return read_range(job, rec);
	case WIRE_OP_OWN:
		return read_own(job, rec);
	case WIRE_OP_OWNERS:
		return read_owners(job, rec);
	case WIRE_OP_LOOKUP:
		return read_lookup(job, rec);
	case WIRE_OP_POOL_CREATE:
		return read_pool_create(job, rec);
	default:
		if (target_is_comm(rec->op))
			return inbox_read(job->owner, job, rec);
		return target_is_sync(rec->op) ? locks_read(job, rec) : read_pool(job, rec);
	}
}

/* Whether the pool that the request is about, if it is about one, is there and may be used. */
static uint8_t
admit(const struct target_worker *w, struct target_job *job)
{
	if (target_is_sync(job->op) || job->op == WIRE_OP_POOL_CREATE)
		return STATUS_OK;
	job->life = target_life(w->target, job->pool);
	/* What is sent is judged where it is kept in order. */
	if (target_is_comm(job->op))
		return STATUS_OK;
	if (!mem_pool_exists(w->mem, job->pool))
		return STATUS_NOENT;
	return pools_admit(w, job->pool, job->node) ? STATUS_OK : STATUS_PERM;
}

/* No message may overtake one that is refused for another reason than its receivers; and credit is
 * told once, as are grants, and waits for them, that nobody wants. */
static bool
is_patient(uint8_t op)
{
	return op == WIRE_OP_SEND || op == WIRE_OP_SEND_MEMORY || op == WIRE_OP_INBOX_CREDIT ||
	       op == WIRE_OP_LOCK_RETURN || op == WIRE_OP_LOCK_CANCEL;
}

/* Whether it may cost more than it carries: it has to have its turn, and counts in it. */
static bool
is_costly(uint8_t op)
{
	return op == WIRE_OP_FREE || op == WIRE_OP_RESIZE || op == WIRE_OP_OWN ||
	       op == WIRE_OP_OWNERS;
}

int
target_start_job(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	bool costly = is_costly(rec->op);
	int32_t before = w->turn_bytes;
	struct target_job *job;
	uint8_t status;

	if (costly && !turn_admits(w, s))
		return -EAGAIN;
	job = job_take(w);
	if (job == NULL) {
		if (is_patient(rec->op))
			return -EAGAIN;
		w->stats.busy++;
		return target_respond_status(w, s, rec, STATUS_BUSY);
	}
	*job = (struct target_job){
		.owner = w,
		.at = w,
		.ep = s->ep,
		.session = s->index,
		.session_inc = s->local_inc,
		.node = s->peer_node,
		.id = rec->id,
		.op = rec->op,
		.counted = true,
	};
	if (target_is_sync(rec->op) || target_is_comm(rec->op))
		job->holder = target_holder(w, s);
	status = job_read(job, rec) ? admit(w, job) : STATUS_INVAL;
	if (status != STATUS_OK) {
		w->free_job[w->nb_free_job++] = job;
		return target_respond_status(w, s, rec, status);
	}
	target_jobs_add(s, rec->op, 1);
	job_run(w->target, w->index, job);
	if (costly)
		turn_charge(s, (uint32_t)(before - w->turn_bytes));
	return 0;
}

typedef int answer_fn(
	struct target_worker *w, struct rdp_session *s, const struct wire_record *rec);

/* What looks at more than it carries. */
static int
answer_costly(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec,
	answer_fn *answer)
{
	int32_t before = w->turn_bytes;
	int ret;

	if (!turn_admits(w, s))
		return -EAGAIN;
	ret = answer(w, s, rec);
	turn_charge(s, (uint32_t)(before - w->turn_bytes));
	return ret;
}

int
target_request(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	switch (rec->op) {
	case WIRE_OP_NOP:
		return target_respond_status(w, s, rec, STATUS_OK);
	case WIRE_OP_POOL_OPEN:
		return answer_costly(w, s, rec, pools_open);
	case WIRE_OP_POOL_LIST:
		return answer_costly(w, s, rec, pools_list);
	case WIRE_OP_POOL_NODES:
		return answer_costly(w, s, rec, pools_nodes);
	case WIRE_OP_NODE_LIST:
		return answer_costly(w, s, rec, nodes_list);
	case WIRE_OP_STAT:
		return answer_costly(w, s, rec, nodes_stat);
	case WIRE_OP_LOCK:
		return locks_lock(w, s, rec);
	case WIRE_OP_UNLOCK:
		return locks_unlock(w, s, rec);
	case WIRE_OP_PUT_FENCED:
		return target_stage_fenced(w, s, rec);
	default:
		if (target_is_comm(rec->op))
			return inbox_request(w, s, rec);
		return target_start_job(w, s, rec);
	}
}
