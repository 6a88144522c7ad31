/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * The lock table of a memory node: identifiers with or without a name, shared and exclusive
 * acquisition of 1 to 16 locks in one call, waiting with deadlines, fencing tokens, and what a
 * holder leaves behind when it dies. Knows nothing of packets or sessions. The table lies in one
 * piece of memory and holds indices only, so that another process can adopt it: sync_adopt().
 *
 * Threads
 *   home     one worker owns the whole table: every call marked [home]. Others hand it messages.
 *   any      sync_token_holder(), from every thread, without a lock
 *   control  set-up and tear-down, while nobody else uses the table: [control]
 *
 * A call that cannot be granted at once waits in the table at no cost. What becomes of it comes
 * out of sync_poll(), exactly once. Functions return 0 or a negative errno unless said otherwise,
 * and set their outputs only when they return 0. Nothing is allocated after creation. Hash chains
 * are of expected constant length, keyed with a seed; everything else has a bound.
 */

#ifndef SYNC_H
#define SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYNC_NAME_LEN    64 /* with the final NUL */
#define SYNC_CALL_MAX    16 /* locks of one call */
#define SYNC_LOCKS_MAX   (1u << 24)
#define SYNC_HOLDERS_MAX UINT16_MAX
#define SYNC_FOREVER     UINT64_MAX /* deadline: none */
#define SYNC_TRY         0          /* deadline: do not wait */

struct sync;

struct sync_conf {
	uint32_t nb_locks;  /* ids 1 .. nb_locks; 0 is 65536 */
	uint32_t nb_grants; /* locks held and waited for, over all holders; 0 is nb_locks */
	uint32_t nb_calls;  /* calls that wait at a time; 0 is 4096 */
	uint32_t
		nb_holders; /* at a time, 16 bytes each; 0 is SYNC_HOLDERS_MAX, which is the most */
	uint32_t seed;      /* keys the hashes; choose it at random */
};

/*
 * [any] Bytes that a table takes; 0 when conf asks for more than SYNC_LOCKS_MAX of anything, or
 * more than SYNC_HOLDERS_MAX holders.
 */
size_t sync_table_size(const struct sync_conf *conf);
/*
 * [control] Lays out a new table in zone, aligned to 64 bytes, whatever was in it. NULL and *err
 * on failure: -EINVAL, -ENOMEM, -ENOSPC when len is too small. The zone stays the caller's.
 */
struct sync *sync_create(void *zone, size_t len, const struct sync_conf *conf, int *err);
/*
 * [control] Takes over the table of a process that is gone, wherever it died. Ids, names and tokens
 * stay, waiting calls are forgotten, locks that were held are free and marked as below.
 * -ENOENT when that one has not finished the table, -EPROTO when magic, version or layout differ,
 * -EBADMSG when the table is damaged, -ENOMEM.
 */
struct sync *sync_adopt(void *zone, size_t len, int *err);
/* [any] Ids are 1 to this one. */
uint32_t sync_last_lock(const struct sync *t);
/* [control] Frees what is private to this process; the table stays as it is. */
void sync_detach(struct sync *t);

/* [control] The same in a memzone of this name: -EEXIST, -ENOMEM; -ENOENT. */
struct sync *sync_memzone_create(
	const char *name, int socket, const struct sync_conf *conf, int *err);
struct sync *sync_memzone_adopt(const char *name, int *err);
/* [control] Detaches and frees the memzone. */
int sync_memzone_destroy(struct sync *t, const char *name);

/*
 * Identifiers
 */

/*
 * [home] Reserves lock id, or any free one when it is 0. name may be NULL. -EINVAL for an id
 * outside of the table or an empty name; -ENAMETOOLONG; -EEXIST when the id or the name is taken;
 * -ENOSPC when no id is free.
 */
int sync_reserve(struct sync *t, uint32_t id, const char *name, uint32_t *reserved);
/* [home] -ENOENT; -EBUSY while it is held or a call wants it. Its token goes on when reserved anew.
 */
int sync_unreserve(struct sync *t, uint32_t id);
/* [home] -ENOENT */
int sync_lookup(const struct sync *t, const char *name, uint32_t *id);

struct sync_info {
	uint32_t id;
	uint32_t nb_shared; /* holders that share it */
	uint32_t holder;    /* of an exclusive lock */
	bool exclusive;     /* held, by holder */
	bool died;          /* the next grant will say so, with died_holder */
	uint32_t died_holder;
	uint32_t nb_waiting; /* calls in its queue */
	uint64_t token;      /* of the last grant */
	char name[SYNC_NAME_LEN];
};

/* [home] -ENOENT */
int sync_info(const struct sync *t, uint32_t id, struct sync_info *info);
/*
 * [home] The first reserved lock with this id or a higher one. -ENOENT at the end, -EAGAIN after
 * 1024 free ones: go on from info->id, which alone is set then.
 */
int sync_next(const struct sync *t, uint32_t id, struct sync_info *info);

/*
 * Acquire and release
 *
 * A holder, a node or a session, is a number that the caller chooses: its low 16 bits are an
 * index, 1 .. nb_holders, the others are free. Of holders with one index, one at a time has or
 * wants locks: another one gets -EEXIST until what that one has was released or revoked. A holder
 * has a lock once: who holds a lock, or waits for it, and asks for it again, in either mode, gets
 * -EDEADLK.
 *
 * Locks of a call are taken in ascending order of id. A call that has to wait for one keeps those
 * before it, so no circle of calls can form. (A holder that waits in one call and
 * holds locks of higher ids from another can make one: its deadline ends it.)
 *
 * Each lock serves first come, first served, whatever the mode; readers next to each other in the
 * queue share. So what a waiting call waits for, at one lock, is bounded: those that hold the lock
 * and those that queue for it when the call arrives there. Who comes later never overtakes,
 * and a try fails while somebody queues.
 */

enum sync_mode {
	SYNC_SHARED,
	SYNC_EXCLUSIVE,
};

struct sync_want {
	uint32_t lock;
	uint32_t mode; /* enum sync_mode */
};

struct sync_grant {
	uint32_t lock;
	uint32_t mode;
	/*
	 * Fencing token: grows with every grant of this lock, for as long as the table exists, and
	 * is never 0. The idea is the sequencer of Burrows, "The Chubby lock service for
	 * loosely-coupled distributed systems", OSDI 2006, section 2.4; the order behind it is that
	 * of Lamport, "Time, clocks, and the ordering of events", CACM 21(7), 1978. 63 bits.
	 */
	uint64_t token;
	/*
	 * The last holder that died, or was forced to let go, since the last grant that was told.
	 * Told once, to the first call that gets all its locks.
	 */
	bool died;
	uint32_t died_holder;
};

/* What became of a call that waited. */
struct sync_event {
	uint64_t cookie;
	uint32_t holder;
	int status;         /* 0; -ETIMEDOUT; -ECANCELED: revoked, forced or cancelled */
	uint32_t nb_grants; /* 0 unless status is 0 */
	struct sync_grant grants[SYNC_CALL_MAX]; /* ascending ids */
};

/*
 * [home] All n locks, or none. 0: granted, grants[0 .. n - 1] in ascending order of id.
 * -EINPROGRESS: the call waits, and sync_poll() will answer with the cookie. deadline is in the
 * time of sync_poll()'s now, SYNC_TRY or SYNC_FOREVER. -EINVAL for n, a mode, a lock twice, or the
 * index of holder; -EEXIST as above; -ENOENT no such lock; -EDEADLK as above; -EBUSY a try that
 * would wait; -ENOSPC no room for grants or for another waiting call.
 */
int sync_acquire(struct sync *t, uint32_t holder, const struct sync_want *wants, unsigned int n,
	uint64_t deadline, uint64_t cookie, struct sync_grant *grants);
/*
 * [home] Gives back n locks, 1 to 16, all or none; they may come from several calls. -EINVAL for n
 * or a lock twice; -ENOENT no such lock; -EPERM not held by holder. A lock that a waiting call
 * keeps is not held yet. Calls that wait for them are granted by the next sync_poll().
 */
int sync_release(struct sync *t, uint32_t holder, const uint32_t *locks, unsigned int n);
/*
 * [home] Takes n grants back, 1 to 16, of which nobody heard, whether or not holder was told: the
 * next one is told of a death as if these had never been, unless there was another since. One that
 * was lost meanwhile is passed over, also where holder has got the lock anew. -EINVAL for n.
 */
int sync_take_back(
	struct sync *t, uint32_t holder, const struct sync_grant *grants, unsigned int n);
/*
 * [home] Asks for the memory of a lock ahead of acquiring or releasing it, for who has several
 * calls to serve. Any id will do.
 */
void sync_prefetch(const struct sync *t, uint32_t lock);
/*
 * [home] Ends a waiting call with -ECANCELED: that of holder with this cookie, which is for lock
 * among others. -ENOENT when it does not wait (any more): what became of it was told, or will be.
 */
int sync_cancel(struct sync *t, uint32_t holder, uint32_t lock, uint64_t cookie);

/*
 * [home] Hands locks on and ends calls whose deadline is now or earlier; writes up to n events and
 * returns how many. Call it after releases and once per turn, and again while sync_pending(). A
 * lock that became free before the deadline is granted, even if this call comes later.
 * Costs up to 16 n + 64 steps, a step being one grant or one call ended.
 */
unsigned int sync_poll(struct sync *t, uint64_t now, struct sync_event *events, unsigned int n);
/* [home] There are locks to hand on or events to take, whatever the time. */
bool sync_pending(const struct sync *t);
/* [home] The earliest deadline of a waiting call; SYNC_FOREVER without. */
uint64_t sync_next_deadline(const struct sync *t);

/*
 * [any] The holder that has lock exclusively by the grant with this token; 0, which is no holder,
 * when nobody has (any more). Any id and any token will do. The answer may be old when it arrives:
 * who writes because of it does so before its next quiescent state (rte_rcu_qsbr), and home lets a
 * grace period pass between a release, or a revocation, and telling the next holder.
 */
uint32_t sync_token_holder(const struct sync *t, uint32_t lock, uint64_t token);

/*
 * Death, and force
 */

/*
 * [home] Takes from holder what it has: its grants, whose locks are marked, and its waiting calls,
 * which end with -ECANCELED and leave no mark, for they were never told of a lock. At most max
 * grants and calls; returns how many. Call again until it returns less than max. Cost is that of
 * what holder has. The caller lets holder acquire nothing meanwhile.
 */
unsigned int sync_revoke(struct sync *t, uint32_t holder, unsigned int max);
/*
 * [home] An operator's release of one lock, whoever holds it, with the same mark and the same max;
 * a call that keeps it while it waits for another ends with -ECANCELED. Those that wait for it
 * stay. Returns how many had it, 0 also when there is no such lock.
 */
unsigned int sync_force(struct sync *t, uint32_t lock, unsigned int max);

enum sync_state {
	SYNC_AHEAD = 1, /* a waiting call will want it after the lock it waits for */
	SYNC_WAITING,   /* in the lock's queue */
	SYNC_KEPT,      /* a waiting call has it already */
	SYNC_HELD,
};

struct sync_item {
	uint32_t lock;
	uint32_t holder;
	uint32_t mode;
	uint32_t state; /* enum sync_state */
	uint64_t token; /* KEPT, HELD */
};

/* [home] What a holder has, the oldest first: writes up to n and returns how many. */
unsigned int sync_of_holder(
	const struct sync *t, uint32_t holder, struct sync_item *items, unsigned int n);
/* [home] Who has a lock, the oldest first, then its queue: writes up to n and returns how many. */
unsigned int sync_of_lock(
	const struct sync *t, uint32_t lock, struct sync_item *items, unsigned int n);

/* [home] How much of the pools is in use. */
struct sync_usage {
	uint32_t nb_locks;
	uint32_t nb_grants;
	uint32_t nb_calls;
	uint32_t nb_holders;
};
void sync_usage(const struct sync *t, struct sync_usage *usage);

#endif /* SYNC_H */
