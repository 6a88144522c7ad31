/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Inboxes of a memory node: counted signals, small messages, and large messages that are references
 * to an allocation. Knows nothing of packets or sessions. All of it lies in one piece of memory,
 * and holds indices only.
 *
 * Threads
 *   home     one worker owns it all: every call marked [home]. Others hand it messages.
 *   control  set-up and tear-down, while nobody else uses it: [control]
 *
 * A holder is one session, numbered node << 16 | index. A node, 1 to COMM_NODE_MAX, has at most one
 * inbox, which belongs to one of its holders. Functions return 0 or a negative errno unless said
 * otherwise, and set their outputs only when they return 0. Nothing is allocated after creation.
 * Each call has a bound: one step per inbox it reaches, or what the closed inbox holds,
 * at most COMM_REFS_MAX references and COMM_BYTES_MAX / 3072 chunks.
 */

#ifndef COMM_H
#define COMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMM_NODE_MAX  1023
#define COMM_SET_WORDS 16   /* a set of nodes: bit n % 64 of word n / 64 is node n */
#define COMM_LINES     64   /* of signals */
#define COMM_SMALL_MAX 1024 /* bytes of a small message */
#define COMM_REFS_MAX  1024 /* references of one inbox: waiting, and handed out and not done */
#define COMM_BYTES_MAX (16u << 20) /* limits and windows of an inbox are at most this, */
#define COMM_BYTES_MIN (COMM_HEADER + COMM_SMALL_MAX) /* and at least this */

/* Sizes that limits, credit and room are counted in. */
#define COMM_HEADER      16
#define COMM_SIZE(len)   (COMM_HEADER + (((uint32_t)(len) + 7) & ~7u)) /* a small message */
#define COMM_REF_SIZE    40                                            /* a reference */
#define COMM_SIGNAL_SIZE 16 /* room only: signals take no credit */

struct comm;

struct comm_conf {
	uint32_t nb_chunks; /* of 4 KiB, that all inboxes share; 0 is 4096 */
	uint32_t nb_refs;   /* large messages at a time; 0 is 4096 */
	uint32_t nb_loans;  /* their receivers, over all of them; 0 is 16384 */
	/* Any number, another one each time the process starts: ids of references that were
	 * handed out before are then good for nothing. */
	uint32_t generation;
};

/* [control] Bytes that it takes; 0 when conf asks for more than 1 << 20 of anything. */
size_t comm_table_size(const struct comm_conf *conf);
/*
 * [control] Lays out new inboxes in zone, aligned to 64 bytes, whatever was in it. NULL and *err on
 * failure: -EINVAL, -ENOMEM, -ENOSPC when len is too small. The zone stays the caller's.
 */
struct comm *comm_create(void *zone, size_t len, const struct comm_conf *conf, int *err);
/* [control] Frees what is private to this process. */
void comm_detach(struct comm *c);

/* [control] The same in a memzone of this name: -EINVAL, -EEXIST, -ENOMEM. */
struct comm *comm_memzone_create(
	const char *name, int socket, const struct comm_conf *conf, int *err);
/* [control] Detaches and frees the memzone. -ENOENT */
int comm_memzone_destroy(struct comm *c, const char *name);

/*
 * Inboxes
 */

/* When the holder dies. */
enum comm_policy {
	COMM_DROP, /* the inbox is closed */
	COMM_KEEP, /* it stays, with what was not handed out, and takes more up to its limits */
};

struct comm_limits {
	uint32_t bytes;     /* waiting, in sizes as above; 0 is 64 KiB */
	uint32_t window;    /* handed out and not consumed; 0 is 64 KiB */
	uint64_t ref_bytes; /* bytes referred to, until they are read; 0 is 64 MiB */
	uint32_t policy;    /* enum comm_policy */
};

/*
 * [home] Opens the inbox of the holder's node, or takes over the one a dead holder left, with what
 * is in it; credit begins anew. Each inbox has 4 KiB for itself, however full the shared chunks
 * are. -EINVAL for the node, the policy or a limit; -EBUSY another living
 * holder has it; -EALREADY this one has it.
 */
int comm_open(struct comm *c, uint32_t holder, const struct comm_limits *limits);
/*
 * [home] Closes the inbox with everything in it; references count as read, also those that were
 * handed out. -ENOENT the holder has none.
 */
int comm_close(struct comm *c, uint32_t holder);
/*
 * [home] The same for an inbox that is left without a holder, by an operator. -ENOENT when there is
 * none; -EBUSY its holder lives.
 */
int comm_discard(struct comm *c, uint32_t node);
/*
 * [home] The holder died, whether it had an inbox or not: its inbox goes by its policy. What was
 * handed out is gone, and its references count as read. Its run (below) is forgotten; the caller
 * hands in nothing of this holder any more.
 */
void comm_revoke(struct comm *c, uint32_t holder);

/*
 * Sending
 */

enum comm_to_kind {
	COMM_TO_NODE,
	COMM_TO_SET, /* those of the set that have an inbox; the sender's node may be in it */
	COMM_TO_ALL, /* all that have an inbox, but never the sender's node */
};

struct comm_to {
	uint32_t kind;       /* enum comm_to_kind */
	uint32_t node;       /* TO_NODE */
	const uint64_t *set; /* TO_SET: COMM_SET_WORDS words, bit 0 of the first clear */
};

/*
 * [home] Adds count to a line of each target. Never refused for lack of room. Returns how many
 * inboxes got it; -ENOENT a node, or a set, without any; -EINVAL line, count 0, kind, node or set.
 * sender is the holder, or 0 for the memory node itself.
 */
int comm_signal(
	struct comm *c, uint32_t sender, const struct comm_to *to, uint32_t line, uint32_t count);
/*
 * [home] A small message, to all targets or to none. Returns how many inboxes got it, as above, and
 * -EMSGSIZE for len above COMM_SMALL_MAX, -ENOBUFS when one of the targets, or the memory they
 * share, is full.
 *
 * A sender may send on without waiting for answers. So that a message never overtakes an earlier
 * one that was refused: after -ENOBUFS for run r, whatever this holder sends with run r is answered
 * -ENOBUFS, to whomever, until it sends with another run. It starts one when it sends again, in
 * order, what was refused.
 */
int comm_send(struct comm *c, uint32_t sender, uint16_t run, const struct comm_to *to,
	const void *data, uint32_t len);
/*
 * [home] A large one: addr and len, not 0, name an allocation that the sender gives up. In the same
 * order, under the same rules; -EMSGSIZE when len is above ref_bytes of a target. Unless the return
 * value is above 0 the allocation stays the sender's; else comm_freed() returns it, once, after
 * the last receiver was done with it.
 */
int comm_send_ref(struct comm *c, uint32_t sender, uint16_t run, const struct comm_to *to,
	uint64_t addr, uint64_t len);
/* [home] A message of that run was refused before it came here, as if by -ENOBUFS. */
void comm_refuse(struct comm *c, uint32_t sender, uint16_t run);

/*
 * Delivery
 *
 * An inbox is ready while its holder lives and it has a signal, or a message whose size its credit
 * allows.
 *
 *	for (n = comm_nb_ready(c); n > 0 && (holder = comm_ready(c)) != 0; n--)
 *		while (there is room && comm_next(c, holder, room, &item) == 0) {
 *			write it into the frame;
 *			comm_taken(c, holder, &item);
 *		}
 */

enum comm_kind {
	COMM_SIGNAL = 1,
	COMM_MESSAGE,
	COMM_REF,
};

struct comm_item {
	uint32_t kind; /* enum comm_kind */
	uint32_t size; /* as above */
	uint32_t from; /* MESSAGE, REF: the sender's node, 0 for the memory node */
	union {
		struct {
			uint32_t line;
			uint64_t count; /* all that came on this line, from whomever */
		} signal;
		struct {
			uint32_t len;
			const void *data; /* aligned to 8, valid until comm_taken() */
		} message;
		struct {
			uint64_t addr;
			uint64_t len;
			uint64_t id; /* for comm_read_done(), never 0 */
		} ref;
	};
};

/* [home] How many inboxes are ready. */
uint32_t comm_nb_ready(const struct comm *c);
/*
 * [home] The holder of the next ready inbox, 0 without any. The inbox goes to the end of the line,
 * so that the next call returns another one if there is one.
 */
uint32_t comm_ready(struct comm *c);
/*
 * [home] What is to be delivered next, if its size is within room: signals in turn, then a message,
 * in the order they came; after each message pending signals go first again. Nothing changes before
 * comm_taken(). -ENOENT the holder has no inbox, -EAGAIN nothing may go, -ENOSPC room.
 */
int comm_next(const struct comm *c, uint32_t holder, uint32_t room, struct comm_item *item);
/*
 * [home] The item, which comm_next() told, is on its way. In between more may arrive in this inbox,
 * but nothing else may happen to it.
 */
void comm_taken(struct comm *c, uint32_t holder, const struct comm_item *item);
/*
 * [home] The same for an item that somebody else puts into the frame, and that may come back: it
 * is *loaded*, with those that follow it, until comm_unload(). Meanwhile the inbox is not ready,
 * but comm_next() tells what is behind it, as long as there is something.
 */
void comm_load(struct comm *c, uint32_t holder, const struct comm_item *item);
/*
 * [home] What was loaded has arrived, as if each had been taken; or none of it has, and it lies
 * again in front of all else. Nothing happens when the inbox was closed since. The death of its
 * holder, comm_revoke(), finds what is loaded arrived: unload it before.
 */
void comm_unload(struct comm *c, uint32_t holder, bool arrived);
/*
 * [home] The receiver has consumed so many bytes, in sizes as above, since it opened the inbox. An
 * older total than the last is ignored. -ENOENT; -EINVAL when more than was handed out.
 */
int comm_credit(struct comm *c, uint32_t holder, uint64_t consumed);
/* [home] The receiver is done with a reference. -ENOENT when it was not handed that, or is done. */
int comm_read_done(struct comm *c, uint32_t holder, uint64_t id);

struct comm_freed {
	uint64_t addr;
	uint64_t len;
	uint32_t sender; /* the holder that gave it up */
};

/* [home] The next allocation that nobody reads any more. -ENOENT when there is none. */
int comm_freed(struct comm *c, struct comm_freed *freed);

/*
 * For an operator
 */

struct comm_info {
	uint32_t holder;      /* 0: it died */
	uint32_t died_holder; /* the last one that did, 0 without */
	uint32_t policy;      /* enum comm_policy */
	uint32_t nb_messages; /* waiting, references included */
	uint32_t bytes;       /* of them */
	uint32_t bytes_limit;
	uint32_t nb_refs; /* waiting, and handed out and not done */
	uint64_t ref_bytes;
	uint64_t ref_bytes_limit;
	uint64_t lines;    /* with signals pending, a bit each */
	uint64_t signals;  /* pending, over all lines: like messages, also those that are loaded */
	uint64_t window;   /* that the holder gave, */
	uint64_t unread;   /* and how much of it is handed out and not consumed */
	uint64_t received; /* messages since it was opened first */
	uint64_t refused;  /* -ENOBUFS on its account */
};

/* [home] -ENOENT when the node has no inbox. */
int comm_info(const struct comm *c, uint32_t node, struct comm_info *info);

struct comm_usage {
	uint32_t nb_inboxes;
	uint32_t nb_chunks; /* shared ones in use */
	uint32_t nb_refs;   /* those to be taken with comm_freed() included */
	uint32_t nb_loans;
	uint64_t sent;    /* messages accepted, however many inboxes each reached */
	uint64_t refused; /* -ENOBUFS, for whatever reason */
	uint64_t signals; /* calls accepted */
};

/* [home] */
void comm_usage(const struct comm *c, struct comm_usage *usage);

#endif /* COMM_H */
