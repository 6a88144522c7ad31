/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * What lies in the memory of the inboxes. Place 0 of every array is never used, so that index 0
 * means none. All is written and read by home.
 */

#ifndef COMM_LAYOUT_H
#define COMM_LAYOUT_H

#include "comm.h"

#define COMM_MAGIC   UINT64_C(0x6d6d6f632d6d6873)
#define COMM_VERSION 2

#define COMM_NODES   (COMM_NODE_MAX + 1)
#define COMM_CHUNK   4096
#define COMM_INDICES 65536 /* of holders */

/* In front of each message in a chunk. */
struct comm_entry {
	uint32_t size; /* with this, padded */
	uint32_t len;
	uint32_t from;
	uint32_t kind; /* enum comm_kind */
};
_Static_assert(sizeof(struct comm_entry) == COMM_HEADER, "layout");

/* What follows it when it is a reference. */
struct comm_ref_entry {
	uint64_t addr;
	uint64_t len;
	uint64_t id; /* generation << 32 | loan */
};
_Static_assert(COMM_HEADER + sizeof(struct comm_ref_entry) == COMM_REF_SIZE, "layout");

/* A chunk with the number of a node is that node's own; those above are shared. */
struct comm_chunk {
	uint32_t next; /* in the inbox; of an unused one: free list */
	uint32_t end;  /* bytes used, once the inbox writes to the next one */
};
_Static_assert(sizeof(struct comm_chunk) == 8, "layout");

/* A large message. */
struct comm_ref {
	uint64_t addr;
	uint64_t len;
	uint32_t sender;
	uint32_t readers; /* loans of it */
	uint32_t next;    /* free list; list of those to tell */
	uint32_t pad;
};
_Static_assert(sizeof(struct comm_ref) == 32, "layout");

enum comm_loan_state { COMM_LOAN_UNUSED, COMM_LOAN_WAITING, COMM_LOAN_LOADED, COMM_LOAN_HANDED };

/* A large message in one inbox, from the time it was sent until its reader is done. */
struct comm_loan {
	uint32_t ref;
	uint32_t node;
	uint32_t state;      /* enum comm_loan_state */
	uint32_t generation; /* of the whole at first, grows when it is given back */
	uint32_t prev;       /* of the same inbox, the oldest first */
	uint32_t next;       /* of an unused one: free list */
	uint32_t pad[2];
};
_Static_assert(sizeof(struct comm_loan) == 32, "layout");

struct comm_inbox {
	uint32_t holder; /* 0: not open, or its holder died */
	uint32_t bytes_limit;
	uint32_t bytes;
	uint32_t nb_messages;
	uint32_t head; /* chunk and offset of the next one to deliver */
	uint32_t head_off;
	uint32_t tail; /* and of the next one to arrive */
	uint32_t tail_off;
	uint64_t handed; /* bytes, since the holder opened it */
	uint64_t consumed;
	uint32_t window;
	uint16_t ready_prev; /* nodes, in the list of ready inboxes */
	uint16_t ready_next;
	uint32_t is_ready; /* 1: it is in that list */
	uint32_t own_free; /* 1: its own chunk is not in use */

	uint64_t lines;  /* with pending signals */
	uint32_t cursor; /* lines before it have had their turn */
	uint32_t policy; /* enum comm_policy */
	uint64_t ref_bytes_limit;
	uint64_t ref_bytes;
	uint32_t nb_loans;
	uint32_t loan_first;
	uint32_t loan_last;
	uint32_t died_holder;
	uint64_t received;
	uint64_t refused;

	uint64_t pending[COMM_LINES];

	/* Of what is loaded, while something is: see comm_load(). */
	uint64_t loaded_lines;
	uint32_t loaded; /* 1: something is */
	uint32_t loaded_messages;
	uint32_t loaded_bytes;
	uint32_t first; /* chunk and offset of the first one loaded */
	uint32_t first_off;
	uint32_t loaded_loan; /* the first one, 0 without */
	uint32_t pad2[7];
	uint64_t loaded_count[COMM_LINES];
};
_Static_assert(offsetof(struct comm_inbox, lines) == 64, "messages need one cache line");
_Static_assert(sizeof(struct comm_inbox) == 192 + 16 * COMM_LINES, "layout");

/* What a sender may not overtake. */
struct comm_run {
	uint32_t holder; /* that has this index */
	uint16_t run;
	uint16_t refused; /* 1: a message of this run was */
};
_Static_assert(sizeof(struct comm_run) == 8, "layout");

/* Constant once magic is there. */
struct comm_header {
	uint64_t magic; /* written last (release) */
	uint32_t version;
	uint32_t size; /* of this structure */
	uint64_t len;  /* of all */
	uint32_t nb_chunks;
	uint32_t nb_refs;
	uint32_t nb_loans;
	uint32_t pad;
	uint64_t inboxes_off;
	uint64_t runs_off;
	uint64_t chunks_off;
	uint64_t refs_off;
	uint64_t loans_off;
	uint64_t data_off;
	uint64_t pad2[5];
};
_Static_assert(sizeof(struct comm_header) == 128, "layout");

#endif /* COMM_LAYOUT_H */
