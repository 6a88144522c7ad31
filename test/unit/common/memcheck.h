/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef MEMCHECK_H
#define MEMCHECK_H

/**
 * What test/valgrind.sh cannot know by itself: buffers lie in memory that is there all the time.
 * Without valgrind's headers, and when a test runs without valgrind, all this does nothing.
 */

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_NOACCESS(p, n)    ((void)(p), (void)(n))
#define VALGRIND_MAKE_MEM_UNDEFINED(p, n)   ((void)(p), (void)(n))
#define VALGRIND_MAKE_MEM_DEFINED(p, n)     ((void)(p), (void)(n))
#define VALGRIND_CHECK_MEM_IS_DEFINED(p, n) ((void)(p), (void)(n), 0)
#endif

#endif /* MEMCHECK_H */
