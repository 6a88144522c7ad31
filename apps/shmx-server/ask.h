/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_ASK_H
#define SERVER_ASK_H

/**
 * @file
 * Have a thread look something up in what belongs to it alone: sessions come and go, and their
 * memory with them, so nobody else may follow a pointer to one. The owner answers from its loop
 * when it has a moment; while nobody asks that costs it one load.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

enum ask_state {
	ASK_IDLE,     /**< set by the asker */
	ASK_WAITING,  /**< set by the asker: fn and arg are valid */
	ASK_WORKING,  /**< set by the owner */
	ASK_ANSWERED, /**< set by the owner */
};

struct ask {
	uint32_t state;
	void (*fn)(void *arg); /**< set by the asker while idle */
	void *arg;
};

/** Run @p fn on the owner's thread. One asker at a time. @return 0, -ETIMEDOUT: it did not run. */
int ask(struct ask *a, void (*fn)(void *arg), void *arg, unsigned int timeout_ms);

/** The owner's half of ask_serve(). */
void ask_answer(struct ask *a);

/** Called by the owner now and then. */
static inline void
ask_serve(struct ask *a)
{
	if (unlikely(__atomic_load_n(&a->state, __ATOMIC_RELAXED) == ASK_WAITING))
		ask_answer(a);
}

#endif /* SERVER_ASK_H */
