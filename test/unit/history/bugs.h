/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BUGS_H
#define BUGS_H

/** Bugs for the checker to find, each one that a transport or a target has had somewhere. */

#include "seat.h"

/** A frame that arrives twice is executed twice; nobody sees the second answer. */
extern const struct sitter bug_doubled;

/** A frame of a session that has ended is executed for the one that came after it. */
extern const struct sitter bug_old_session;

/** Words are read out of a copy that is up to 20 us old. */
extern const struct sitter bug_stale_get;

/** Who may read a word once may read it ever after. */
extern const struct sitter bug_owner_ignored;

/** Compare-and-swap compares when it is received and swaps when the burst is executed. */
extern const struct sitter bug_two_step_cas;

#endif /* BUGS_H */
