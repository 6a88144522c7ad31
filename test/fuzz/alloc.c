/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * rte_malloc() and its like from the C heap, by the linker's --wrap: so that AddressSanitizer sees
 * the ends of each piece, and uses after its end. Only what this program itself allocates comes
 * here, not what DPDK does inside.
 */

#include <errno.h>

#include <rte_malloc.h>

#include "fuzz.h"

void *__wrap_rte_malloc_socket(const char *type, size_t size, unsigned int align, int socket);
void *__wrap_rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket);
void *__wrap_rte_zmalloc(const char *type, size_t size, unsigned int align);
void __wrap_rte_free(void *p);

static unsigned int fail_in;

void
fuzz_alloc_fail(unsigned int nth)
{
	fail_in = nth;
}

static void *
piece(size_t size, unsigned int align, int fill)
{
	void *p = NULL;

	if (size == 0 || (fail_in > 0 && --fail_in == 0))
		return NULL;
	/* What DPDK gives without an alignment. */
	if (posix_memalign(&p, RTE_MAX(align, (unsigned int)RTE_CACHE_LINE_SIZE), size) != 0)
		return NULL;
	return memset(p, fill, size);
}

void *
__wrap_rte_malloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	/* As it comes from there: not zeros. */
	return piece(size, align, 0xa5);
}

void *
__wrap_rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	return piece(size, align, 0);
}

void *
__wrap_rte_zmalloc(const char *type, size_t size, unsigned int align)
{
	return piece(size, align, 0);
}

void
__wrap_rte_free(void *p)
{
	free(p);
}
