/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Deadlines of what waits in an array, each element of which begins with a struct sync_due. */

#ifndef SYNC_DEADLINE_H
#define SYNC_DEADLINE_H

#include <stddef.h>
#include <stdint.h>

struct sync_due {
	uint64_t deadline;
	uint32_t heap_pos; /* 0: not in the heap */
	uint32_t pad;
};
_Static_assert(sizeof(struct sync_due) == 16, "layout");

/* A binary heap. Pointers are constant; places has room for all elements, and place 0. */
struct sync_heap {
	void *elements;
	size_t stride;
	uint32_t *places; /* index of the element there, the earliest in place 1 */
	uint32_t n;
};

/* i has its deadline, and is not in the heap. */
void sync_heap_add(struct sync_heap *h, uint32_t i);
/* Nothing happens when i is not in the heap. */
void sync_heap_del(struct sync_heap *h, uint32_t i);
/* UINT64_MAX when it is empty. */
uint64_t sync_heap_earliest(const struct sync_heap *h);

#endif /* SYNC_DEADLINE_H */
