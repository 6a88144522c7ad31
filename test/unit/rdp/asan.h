/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef ASAN_H
#define ASAN_H

/** Memory that nobody may touch, where AddressSanitizer watches, or valgrind. */

#include "common/memcheck.h"

/* The compilers say in different ways whether it does. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN
#endif

#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   VALGRIND_MAKE_MEM_NOACCESS(p, n)
#define ASAN_UNPOISON_MEMORY_REGION(p, n) VALGRIND_MAKE_MEM_DEFINED(p, n)
#endif

#endif /* ASAN_H */
