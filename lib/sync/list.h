/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Lists of what lies in an array, by index: 0 is none. */

#ifndef SYNC_LIST_H
#define SYNC_LIST_H

#include <stddef.h>
#include <stdint.h>

/* First and last. */
struct sync_list {
	uint32_t first;
	uint32_t last;
};

/* Neighbours of an element in one of the lists it is in. */
struct sync_link {
	uint32_t prev;
	uint32_t next;
};

/* Where in the elements of an array the links of a list are. */
struct sync_links {
	void *of_first;
	size_t stride;
};

#define SYNC_LINKS_OF(array, member)                                                               \
	((struct sync_links){.of_first = &(array)->member, .stride = sizeof(*(array))})

static inline struct sync_link *
sync_link_of(struct sync_links in, uint32_t i)
{
	return (struct sync_link *)(void *)((uint8_t *)in.of_first + i * in.stride);
}

/* At the end; behind_last is where the last one, if there is one, says who comes next. */
static inline void
sync_list_add(struct sync_list *l, uint32_t *behind_last, uint32_t i)
{
	if (l->last != 0)
		*behind_last = i;
	else
		l->first = i;
	l->last = i;
}

static inline void
sync_list_append(struct sync_list *l, struct sync_links in, uint32_t i)
{
	*sync_link_of(in, i) = (struct sync_link){.prev = l->last};
	sync_list_add(l, &sync_link_of(in, l->last)->next, i);
}

static inline void
sync_list_remove(struct sync_list *l, struct sync_links in, uint32_t i)
{
	const struct sync_link *link = sync_link_of(in, i);

	if (link->prev != 0)
		sync_link_of(in, link->prev)->next = link->next;
	else
		l->first = link->next;
	if (link->next != 0)
		sync_link_of(in, link->next)->prev = link->prev;
	else
		l->last = link->prev;
}

#endif /* SYNC_LIST_H */
