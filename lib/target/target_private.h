/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef TARGET_PRIVATE_H
#define TARGET_PRIVATE_H

#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#include "base/status.h"
#include "comm/comm.h"
#include "mem/mem.h"
#include "mem/mem_access.h"
#include "sync/barrier.h"
#include "sync/sync.h"
#include "target/target.h"
#include "wire/record.h"

/** Data operations checked and prefetched, but not executed yet. */
#define TARGET_BATCH 128

/** Operations a worker may have handed over, or waiting for a quiescent state. */
#define TARGET_JOBS 1024

/** Bytes of freed memory that a worker clears in one turn though nobody waits for it. */
#define TARGET_ZERO_STEP 16384

/**
 * Bytes that one turn of a worker fills and clears for others, beside what its frames carry: 13 us
 * at 10 GB/s. See turn.c for who gets them.
 */
#define TARGET_TURN_BYTES 131072
static_assert(TARGET_TURN_BYTES >= WIRE_FILL_MAX, "every operation gets its turn");

/** What a look at a line of memory that another worker writes counts for. */
#define TARGET_LOOK_BYTES 64

/** Operations that wait for memory, or for room for their response: so many are tried a turn. */
#define TARGET_TURN_TRIES 32

/** Operations whose grace period is over: at most so many end in a turn. */
#define TARGET_TURN_ENDS 256

#define TARGET_WORKERS_MAX 32

static_assert(MEM_NODES_MAX == WIRE_NODE_MAX + 1, "whoever has a session may own memory");
static_assert(RTE_DIM(((struct target_stats *)0)->ops) >= WIRE_OP_MAX, "a counter each");

/** Endpoints of one worker that may have borrowed in one turn; gets on others are copied. */
#define TARGET_LENT 8

/** Turns of a worker from one look at rings and lists to the next. */
#define TARGET_TURNS 8

/** A data operation whose checks have passed: nothing about it can fail any more. */
struct target_access {
	void *va;       /**< pool memory; valid until this worker's next quiescent state */
	void *out;      /**< data of the response record */
	const void *in; /**< PUT, FILL: data in the request */
	uint64_t a, b;  /**< atomics: operand; compare-and-swap: new value, compare */
	uint32_t len;
	uint8_t op;
	uint8_t reserved[19];
};

static_assert(sizeof(struct target_access) == 64, "one cache line each");

/** Who has to act on a job next. */
enum job_place {
	JOB_ANSWER, /**< the worker that has the session: respond */
	JOB_END,    /**< its owner: it can be used again */
	JOB_HOME,   /**< the home worker of the pool, or of locks */
	JOB_CONTROL,
	/* At home, and not yet. */
	JOB_QUIESCENT, /**< when every worker has passed a quiescent state */
	JOB_TURN,      /**< when a turn has bytes left for it */
	JOB_LATER,     /**< when freed memory has been cleared, or in another turn */
};

/** In target_job.op, and no requests: a session has ended; a pool changes by itself; owners of
 * memory have gone; memory that was sent has been read; the records of an event. */
#define TARGET_OP_GONE    0
#define TARGET_OP_POLICY  0x7b
#define TARGET_OP_REAP    0x7c
#define TARGET_OP_READ    0x7d
#define TARGET_OP_DELIVER 0x7e

/** Data that a job carries from worker to worker: the longest SEND. */
#define TARGET_LETTER (sizeof(struct wire_send) + 2 * WIRE_NODES_MAX + WIRE_MESSAGE_MAX)
static_assert(TARGET_LETTER % 8 == 0, "records are aligned");

/** Or events: what fits into a frame of every session. */
#define TARGET_EVENTS 1152
static_assert(TARGET_EVENTS >= COMM_SIZE(COMM_SMALL_MAX), "the longest message");

/** Sessions of a worker that may use locks at a time. */
#define TARGET_HOLDERS 16384

/** Worker that owns the lock table. */
#define TARGET_SYNC_HOME 0u

/** Locks in one response to LOCK_LIST. */
#define TARGET_LOCKS_LISTED 3

/** Whom a signal or message is for, beside target_job.nodes; and what is to be known of it. */
struct target_to {
	uint8_t to; /**< enum wire_to */
	uint16_t node;
	uint16_t run;
	uint32_t count;
};

/** Where a holder's session is. Written by its worker before home hears of the holder. */
struct target_seat {
	struct rdp_ep *ep;
	rte_be32_t session_inc;
	uint16_t session;
	uint16_t worker;
};

/**
 * An operation that is not answered on the spot, or an answer to one that waited. Exactly one
 * thread holds it at a time: it goes from hand to hand on single-producer rings, and back to its
 * owner.
 */
struct target_job {
	struct target_worker *owner; /**< has it when it is free; NULL: the control thread */
	struct target_worker *at;    /**< has the session */
	struct rdp_ep *ep;
	uint16_t session;
	rte_be32_t session_inc;
	uint16_t node;
	rte_be16_t id; /**< of the request record */
	uint8_t op;
	uint8_t step;  /**< counts the stations it has passed */
	uint8_t place; /**< enum job_place, while it lies in a ring */
	uint8_t align_log2;
	uint8_t owner_set; /**< enum wire_owner */
	uint8_t how;       /**< enum wire_own_how */
	uint8_t nb_from;   /**< of `nodes`, the last ones: owners so far */
	bool reclaimed;    /**< ids of sets that nobody uses any more were, for its sake */
	bool grows;       /**< ALLOC, ALLOC_FOR: its pool is to grow; POLICY: it does, or shrinks */
	bool mortal;      /**< ALLOC, ALLOC_FOR: ends with its owners */
	bool counted;     /**< in target_jobs() of the session */
	uint8_t nb_locks; /**< in `wants`, `grants` or `locks` */
	uint16_t pool;
	uint16_t values; /**< 64-bit numbers in the response; POOL_STAT and OWNERS have their own */
	int err;
	uint64_t addr;
	uint64_t size;
	uint64_t max_size;
	uint32_t granule;
	uint64_t value[2];
	uint64_t tries; /**< left, of what waits for memory to be cleared; 0: it does not */
	uint64_t token; /**< quiescent state to wait for */
	struct mem_freed freed;
	struct mem_extent extent;
	struct target_job *next; /**< in a list of its holder */
	uint16_t most;           /**< OWNERS: ids wanted */
	uint16_t owners;         /**< OWNERS: how many there are, or WIRE_OWNERS_EVERYONE */
	uint16_t nb_nodes;       /**< in `nodes` */
	uint32_t holder;         /**< of locks and inboxes: see target_holder() */
	uint64_t waiter;         /**< LOCK_CANCEL: target_waiter() of the call */
	uint32_t lock;
	uint32_t life;       /**< of the pool, when it was asked for: see target_life() */
	uint32_t letter_len; /**< bytes of target_letter() */
	uint16_t set;        /**< SEND_MEMORY: owners before; a reference */
	struct target_to to;
	union {
		struct {
			char name[MEM_NAME_LEN];
			uint16_t nodes[WIRE_NODES_MAX];
			struct {
				uint64_t grow_below, grow_by, shrink_above, quota;
			} policy; /**< POOL_CREATE */
		};
		struct wire_pool_info info;
		struct sync_want wants[SYNC_CALL_MAX];
		uint32_t left[WIRE_LOCKS_MAX]; /**< UNLOCK */
		struct wire_lock_grant grants[WIRE_LOCKS_MAX];
		struct wire_lock_info locks[TARGET_LOCKS_LISTED];
	};
};

/**
 * What brings events to the worker of their session: home has one for each node, apart from its
 * other jobs, so that nodes which take nothing hold up neither each other nor any other work.
 */
struct target_carrier {
	struct target_job job; /**< its holder is 0 when it is at home */
	bool ends;             /**< home: a session waits for it to come back, to end */
	uint8_t events[TARGET_EVENTS] __rte_aligned(8);
};

/** What locks take beside their table; locks.c. The home worker's. */
struct target_locks {
	struct sync *sync; /**< the home worker's; NULL: no locks. Tokens: read by any worker */
	struct barrier *barrier; /**< the home worker's */
	uint64_t released;       /**< quiescent state that makes an end to whoever let go last */
	bool letting_go;         /**< it has not been seen yet */
};

/** Jobs in the order they came; private to one thread. */
struct job_list {
	struct target_job *head;
	struct target_job **tail;
};

/** Sessions of each node, with all workers; presence.c. */
struct target_presence {
	uint64_t grace_ns;
	/** Nodes that came or went. Any worker, atomic; read by all. */
	uint32_t arrivals, departures;
	/** Any worker, atomic. */
	uint32_t sessions[MEM_NODES_MAX];
	/** When the latest one ended. Any worker, before it takes the session out of the count. */
	uint64_t left_ns[MEM_NODES_MAX];
};

/** The search of a worker for memory whose owners have gone, in its own pools; reap.c. */
struct target_reap {
	enum { REAP_IDLE, REAP_WAITS, REAP_WALKS } state;
	uint32_t departures;        /**< those that this walk, or the last one, is for */
	uint32_t arrivals;          /**< when it began with `here` */
	bool again;                 /**< something was left out: it takes another walk */
	uint64_t due;               /**< WAITS: when to begin */
	uint64_t at;                /**< all below it in this pool has been looked at */
	uint64_t next;              /**< of `here`, what lies below belongs to absent nodes only */
	struct mem_alloc_info here; /**< len 0: none yet */
};

struct target_worker {
	struct target *target;
	struct mem *mem;
	uint16_t index;
	uint16_t nb_batch;
	uint16_t turn;
	bool online;
	bool alone;         /**< no other thread touches the memory */
	bool put_off;       /**< in this turn, an operation was: see turn.c */
	bool unserved;      /**< of a session that had nothing of this round */
	uint16_t nb_lent;   /**< in `lent_ep` */
	int32_t turn_bytes; /**< that this turn may still fill and clear */
	uint32_t round;
	struct target_stats stats;
	struct target_job **free_job; /**< stack */
	uint32_t nb_free_job;
	struct job_list quiescent; /**< JOB_QUIESCENT, in the order of their tokens */
	struct job_list due;       /**< JOB_TURN, in the order they came */
	struct job_list later;     /**< JOB_LATER */
	struct job_list unsent;    /**< finished, no room for the response yet */
	uint64_t *dirty_pools;     /**< bit per pool id of mem: freed memory waits to be cleared */
	uint32_t nb_dirty;         /**< words of it that may have bits */
	uint32_t dirty_next;       /**< bit to look at first */
	struct target_job *jobs;
	uint16_t *free_holder; /**< stack of holder indices */
	uint32_t nb_free_holder;
	uint8_t *letters;        /**< TARGET_LETTER bytes for each job; NULL: one worker */
	struct rte_hash *pinned; /**< addresses of memory that was sent; NULL: no inboxes */
	uint32_t *gone;          /**< holders whose sessions have ended, to be told home */
	struct target_reap reap;
	uint32_t nb_gone;
	struct target_nodes *nodes;
	struct rdp_ep *lent_ep[TARGET_LENT]; /**< with pool memory lent to frames of this turn */
	struct target_access batch[TARGET_BATCH] __rte_cache_aligned;
} __rte_cache_aligned;

/** A pool that changes by itself. The control thread's. */
struct policy_pool {
	struct target_policy_stats stats;
	uint64_t
		not_before[2]; /**< to shrink, to grow: the last try failed, and time of the next */
};

/** What pools do by themselves; policy.c. The control thread's. */
struct target_policy {
	struct target_job job; /**< one change at a time */
	bool busy;             /**< it is under way */
	uint32_t next;         /**< pool to look at first, counted from the first id */
	struct policy_pool *pool;
};

struct target {
	struct mem *mem;
	unsigned int nb_workers;
	bool mapped;
	struct rte_rcu_qsbr *qsbr;
	struct clock clock;
	struct target_locks locks;
	struct comm *comm;              /**< the home worker's; NULL: no inboxes */
	struct target_carrier *carrier; /**< by node; NULL: one worker, or no inboxes */
	struct target_seat *seat;       /**< by holder index */
	struct target_presence presence;
	struct target_policy policy;
	/** By pool, from the first id on: how many with that id have gone. Its home, before another
	 * one can come; read by all, atomic. */
	uint32_t *life;
	/** ring[from][to]; the control thread has index nb_workers. One producer, one consumer. */
	struct rte_ring *ring[TARGET_WORKERS_MAX + 1][TARGET_WORKERS_MAX + 1];
	struct target_worker *worker[TARGET_WORKERS_MAX];
};

/* data.c */
int target_stage(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec);
int target_stage_fenced(
	struct target_worker *w, struct rdp_session *s, const struct wire_record *rec);
void target_run_batch(struct target_worker *w);
void target_settle(struct target_worker *w);
int32_t target_read_again(struct target_worker *w, struct rdp_session *s, struct wire_record *rec);

/* request.c */
int target_request(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec);
int target_start_job(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec);
bool target_name_read(const void *data, const struct wire_record *rec, char name[MEM_NAME_LEN]);

/* pools.c */
bool pools_admit(const struct target_worker *w, uint16_t pool, uint16_t node);
int pools_open(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec);
int pools_list(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec);
int pools_nodes(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec);
void pools_describe(const struct mem *m, const struct mem_pool_stat *st, uint16_t node,
	struct wire_pool_info *info);

/* job.c */
int job_create_all(struct target_worker *w, int socket_id);
struct target_job *job_take(struct target_worker *w);
void job_go(struct target *t, unsigned int here, struct target_job *job, enum job_place place);
struct rdp_session *job_session(struct rdp_ep *ep, uint16_t index, rte_be32_t local_inc);
void job_run(struct target *t, unsigned int here, struct target_job *job);
uint32_t job_poll(struct target *t, unsigned int here);
uint32_t job_poll_quiescent(struct target_worker *w);
uint32_t job_poll_due(struct target_worker *w);
uint32_t job_poll_later(struct target_worker *w);
uint32_t job_poll_unsent(struct target_worker *w);

/* steps.c: what happens to a job where it is; says where it goes next */
enum job_place job_step_home(struct target_worker *w, struct target_job *job);
enum job_place job_step_control(struct target *t, struct target_job *job);

/* policy.c: pools that change by themselves */
int policy_create(struct target *t, int socket_id);
uint32_t policy_poll(struct target *t);
enum job_place policy_step_home(struct target_worker *w, struct target_job *job);
enum job_place policy_step_control(struct target *t, struct target_job *job);
void policy_job_end(struct target *t, const struct target_job *job);
bool policy_admits(const struct target_worker *w, const struct target_job *job);
enum job_place policy_grow_for(struct target *t, struct target_job *job);
void policy_forget(struct target *t, uint16_t pool);
void control_wait_quiescent(struct target *t);

/* owners.c: nodes that a request names */
int owners_read(struct target_job *job, const void *ids, uint32_t bytes);
int owners_named(struct mem *mem, const struct target_job *job, uint16_t *set);
int owners_set(struct target_worker *w, const struct target_job *job, uint16_t *set);
int owners_change(struct target_worker *w, const struct target_job *job);
int owners_find(struct target_worker *w, struct target_job *job);
uint32_t owners_len(const struct target_job *job);
void owners_write(const struct target_job *job, void *to);
void owners_bits(const struct target_job *job, uint16_t from, uint16_t to, uint64_t *bits);
uint32_t nodes_len(const struct target_job *job);
void nodes_write(const struct target_job *job, void *to);

/* holder.c: sessions, as those who hold locks */
int holders_create(struct target_worker *w, int socket_id);
void holders_destroy(struct target_worker *w);
uint32_t target_holder(struct target_worker *w, struct rdp_session *s);
void target_holder_end(struct target_worker *w, struct rdp_session *s);
void target_holder_free(struct target_worker *w, uint32_t holder);
uint32_t target_holders_tell(struct target_worker *w);
void target_seat_fill(struct target_worker *w, const struct target_seat *seat, uint8_t op,
	struct target_job *job);
struct target_job *target_seat_job(
	struct target_worker *w, const struct target_seat *seat, uint8_t op);

/** What lib/sync keeps of a request that waits, to be told with its end: whose it is. */
static inline uint64_t
target_waiter(rte_be32_t session_inc, rte_be16_t id)
{
	return (uint64_t)session_inc << 16 | id;
}

bool target_waiter_seat(
	const struct target *t, uint32_t holder, uint64_t waiter, struct target_seat *seat);

/* presence.c: which nodes are there */
void presence_init(struct target *t, uint64_t grace_ns);
void presence_came(struct target *t, uint16_t node);
void presence_went(struct target *t, uint16_t node);
bool presence_absent(const struct target *t, uint16_t node, uint64_t now);

/* reap.c: memory whose owners have gone */
uint32_t reap_poll(struct target_worker *w);
void reap_disturb(struct target_worker *w, uint64_t addr, uint64_t len);
void reap_given(struct target_worker *w, uint16_t set);

/* locks.c: at their home */
int locks_create(struct target *t, const struct target_conf *conf);
void locks_destroy(struct target *t);
/** Ask for the memory of the next locks. @return bytes of records that need not be looked at again.
 */
uint32_t locks_prefetch(const struct target_worker *w, const uint8_t *records, uint32_t len);
int locks_lock(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec);
int locks_unlock(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec);
bool locks_read(struct target_job *job, const struct wire_record *rec);
enum job_place locks_step(struct target_worker *w, struct target_job *job);
uint32_t locks_len(const struct target_job *job);
uint32_t locks_serve(struct target_worker *w);
uint64_t locks_deadline(uint64_t now, uint64_t timeout_us);

/* barrier.c: likewise */
bool barrier_read(struct target_job *job, const struct wire_record *rec);
enum job_place barrier_step(struct target_worker *w, struct target_job *job);
uint32_t barriers_serve(struct target_worker *w);

/* inbox.c: signals and messages, at home with the locks */
int inboxes_create(struct target *t, const struct target_conf *conf);
int inbox_request(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec);
bool inbox_read(struct target_worker *w, struct target_job *job, const struct wire_record *rec);
enum job_place inbox_step(struct target_worker *w, struct target_job *job);
void inbox_gone(struct target_worker *w, uint32_t holder);
bool inbox_ends(const struct target *t, uint32_t holder);
bool inbox_deliver(struct rdp_session *s, struct target_job *job);
void inbox_delivered(struct target_worker *w, struct target_job *job);
uint32_t inboxes_serve(struct target_worker *w);

/* send_memory.c: memory that is sent, at the home of its pool */
int send_memory_create(struct target_worker *w, unsigned int refs, int socket_id);
void send_memory_destroy(struct target_worker *w);
enum job_place send_memory_step(struct target_worker *w, struct target_job *job);
bool send_memory_at_inboxes(const struct target_job *job);
enum job_place send_memory_read(struct target_worker *w, struct target_job *job);
bool send_memory_pinned(const struct target_worker *w, uint64_t addr);
bool send_memory_pinned_in(struct target_worker *w, uint64_t addr, uint64_t len);
void send_memory_pool_gone(struct target_worker *w, uint16_t pool);

/* turn.c: what one turn may do beside serving its frames */
void turn_init(struct target_worker *w);
uint32_t turn_renew(struct target_worker *w);
bool turn_admits(struct target_worker *w, struct rdp_session *s);
void turn_charge(struct rdp_session *s, uint32_t bytes);
void turn_spend(struct target_worker *w, uint64_t bytes);
uint32_t turn_clear(struct target_worker *w, uint16_t pool);

/** A turn begins. @return 1 when operations were put off in the last one: there is work to do. */
static inline uint32_t
turn_begin(struct target_worker *w)
{
	if (likely(w->turn_bytes == TARGET_TURN_BYTES && !w->put_off))
		return 0;
	return turn_renew(w);
}

/** At home, a request has ended with this status. */
static inline enum job_place
job_done(struct target_job *job, int err)
{
	job->err = err;
	return JOB_ANSWER;
}

/**
 * Whether it goes on when every worker has passed a quiescent state. A worker alone has run
 * everything it had checked before it came here.
 */
static inline bool
job_must_wait(const struct target_worker *w, struct target_job *job)
{
	if (w->target->nb_workers == 1)
		return false;
	job->token = rte_rcu_qsbr_start(w->target->qsbr);
	return true;
}

/** How many descriptions of @p size bytes one response holds, of @p max that are wanted. */
static inline uint32_t
target_list_most(const struct rdp_session *s, uint32_t size, rte_be16_t max)
{
	uint32_t fit = RTE_MIN(s->mss - (uint32_t)sizeof(struct wire_record), WIRE_DATA_MAX);

	return RTE_MIN(fit / size, (uint32_t)rte_be_to_cpu_16(max));
}

/**
 * What tells a pool from the one that had its id before. Who hands on a job for a pool reads it
 * first, and then looks whether the pool is there; home, which alone makes an end of it, serves the
 * job if it is the same still.
 */
static inline uint32_t
target_life(const struct target *t, uint16_t pool)
{
	uint16_t first = mem_first_pool(t->mem);

	if (unlikely(pool < first || pool > mem_last_pool(t->mem)))
		return 0;
	return __atomic_load_n(&t->life[pool - first], __ATOMIC_ACQUIRE);
}

/** Whether the pool of a job has gone since. */
static inline bool
target_pool_gone(const struct target *t, const struct target_job *job)
{
	return unlikely(job->life != target_life(t, job->pool));
}

/** Worker that runs a pool's allocator. */
static inline unsigned int
target_home(const struct target *t, uint16_t pool)
{
	return pool % t->nb_workers;
}

/*
 * rdp_session.user[1]: jobs that have not been answered, 16 bits; of these, SEND_MEMORY, 16 bits;
 * and above them the holder index.
 */
static_assert(TARGET_JOBS <= UINT16_MAX, "they can be counted");

/** Jobs of a session that have not been answered. */
static inline uint32_t
target_jobs(const struct rdp_session *s)
{
	return (uint16_t)s->user[1];
}

/** Whether a message of it has to come first that may take another way than those behind it. */
static inline bool
target_sends_memory(const struct rdp_session *s)
{
	return (uint16_t)(s->user[1] >> 16) > 0;
}

static inline void
target_jobs_add(struct rdp_session *s, uint8_t op, int n)
{
	s->user[1] += (uint64_t)(int64_t)n;
	if (unlikely(op == WIRE_OP_SEND_MEMORY))
		s->user[1] += (uint64_t)(int64_t)n << 16;
}

/** Operations on locks and barriers. */
static inline bool
target_is_sync(uint8_t op)
{
	return op == TARGET_OP_GONE || (op >= WIRE_OP_LOCK && op <= WIRE_OP_LOCK_FORCE) ||
	       (op >= WIRE_OP_BARRIER && op <= WIRE_OP_LOCK_CANCEL);
}

/** On inboxes. */
static inline bool
target_is_comm(uint8_t op)
{
	return op >= WIRE_OP_SIGNAL && op <= WIRE_OP_MESSAGE_DONE;
}

/** Whether requests on locks and inboxes are served on the spot. */
static inline bool
target_at_home(const struct target_worker *w)
{
	return w->target->nb_workers == 1;
}

static inline uint8_t *
target_letter(const struct target_job *job)
{
	const struct target_worker *w = job->owner;

	return w->letters + (size_t)(job - w->jobs) * TARGET_LETTER;
}

static inline struct target_seat *
target_seat(const struct target *t, uint32_t holder)
{
	return &t->seat[holder & UINT16_MAX];
}

/** Response header at @p to. */
static inline void
target_response(void *to, uint8_t op, uint8_t status, rte_be16_t id, uint32_t len)
{
	wire_record_write(to, op | WIRE_RESPONSE, status, id, len);
}

/** Answer with a status and no data. @return 0, or -EAGAIN: no room. */
static inline int
target_respond_status(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec,
	uint8_t status)
{
	void *to = rdp_response(s, sizeof(struct wire_record));

	if (unlikely(to == NULL))
		return -EAGAIN;
	w->stats.op_errors += status != STATUS_OK;
	target_response(to, rec->op, status, rec->id, 0);
	return 0;
}

/** Room for the data of a good response. NULL: there is none, the request comes again. */
static inline void *
target_respond_data(struct rdp_session *s, const struct wire_record *rec, uint32_t len)
{
	uint8_t *to = rdp_response(s, (uint32_t)sizeof(*rec) + len);

	if (to == NULL)
		return NULL;
	target_response(to, rec->op, STATUS_OK, rec->id, len);
	return to + sizeof(*rec);
}

#endif /* TARGET_PRIVATE_H */
