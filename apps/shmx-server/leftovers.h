/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_LEFTOVERS_H
#define SERVER_LEFTOVERS_H

#include "../common/problem.h"

/** Which page files are this process's. */
struct leftovers {
	char prefix[64]; /**< their names begin with it; empty: there are none */
};

/** Learn it, while EAL is up. */
void leftovers_note(struct leftovers *l);

/**
 * After EAL's clean-up: give its hugepages back. EAL leaves their files, and with them the pages,
 * to the next DPDK program that starts. Files that another process still uses stay.
 */
void leftovers_remove(const struct leftovers *l);

#endif /* SERVER_LEFTOVERS_H */
