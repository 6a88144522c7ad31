/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Identifiers of locks, and their names. */

#include <rte_jhash.h>

#include "sync_priv.h"

#define WALK 1024 /* ids that sync_next() looks at */

/* A name of at most 63 bytes, which is hashed with the zeros behind it. */
static uint32_t *
bucket_of(const struct sync *t, const char *name)
{
	uint32_t words[SYNC_NAME_LEN / sizeof(uint32_t)] = {0}, hash;

	memcpy(words, name, strlen(name));
	hash = rte_jhash_32b(words, RTE_DIM(words), t->hdr->seed);

	return &t->by_name[hash & (t->hdr->name_buckets - 1)];
}

static uint32_t
find(const struct sync *t, const char *name)
{
	uint32_t id = *bucket_of(t, name);

	while (id != 0 && strcmp(t->names[id], name) != 0)
		id = t->locks[id].name_next;
	return id;
}

void
sync_name_enter(struct sync *t, uint32_t id)
{
	uint32_t *b = bucket_of(t, t->names[id]);

	t->locks[id].name_next = *b;
	*b = id;
}

static void
name_remove(struct sync *t, uint32_t id)
{
	uint32_t *at = bucket_of(t, t->names[id]);

	while (*at != id)
		at = &t->locks[*at].name_next;
	*at = t->locks[id].name_next;
}

/* At the end: an id rests as long as there are others. */
void
sync_free_lock(struct sync *t, uint32_t id)
{
	struct sync_list *l = &t->free_locks;

	t->locks[id].grants = (struct sync_list){.first = l->last};
	if (l->last != 0)
		t->locks[l->last].grants.last = id;
	else
		l->first = id;
	l->last = id;
}

/* Out of the free list, whose links are in grants. */
static void
unfree(struct sync *t, uint32_t id)
{
	struct sync_list *at = &t->locks[id].grants;

	if (at->first != 0)
		t->locks[at->first].grants.last = at->last;
	else
		t->free_locks.first = at->last;
	if (at->last != 0)
		t->locks[at->last].grants.first = at->first;
	else
		t->free_locks.last = at->first;
	*at = (struct sync_list){0};
}

static int
name_check(const struct sync *t, const char *name)
{
	size_t len = strnlen(name, SYNC_NAME_LEN);

	if (len == 0)
		return -EINVAL;
	if (len == SYNC_NAME_LEN)
		return -ENAMETOOLONG;
	return find(t, name) != 0 ? -EEXIST : 0;
}

int
sync_reserve(struct sync *t, uint32_t id, const char *name, uint32_t *reserved)
{
	int ret = name != NULL ? name_check(t, name) : 0;
	struct sync_lock *l;

	if (id > t->hdr->nb_locks)
		return -EINVAL;
	if (ret != 0)
		return ret;
	if (id == 0)
		id = t->free_locks.first;
	if (id == 0)
		return -ENOSPC;
	l = &t->locks[id];
	if (l->reserved)
		return -EEXIST;
	unfree(t, id);
	l->died = 0;
	memset(t->names[id], 0, SYNC_NAME_LEN);
	if (name != NULL) {
		memcpy(t->names[id], name, strlen(name));
		sync_name_enter(t, id);
	}
	sync_order();
	l->reserved = 1;
	t->used.nb_locks++;
	*reserved = id;
	return 0;
}

int
sync_unreserve(struct sync *t, uint32_t id)
{
	struct sync_lock *l = sync_lock_of(t, id);

	if (l == NULL)
		return -ENOENT;
	if (l->nb_records != 0)
		return -EBUSY;
	if (t->names[id][0] != 0)
		name_remove(t, id);
	l->reserved = 0;
	sync_free_lock(t, id);
	t->used.nb_locks--;
	return 0;
}

int
sync_lookup(const struct sync *t, const char *name, uint32_t *id)
{
	uint32_t found;

	if (name[0] == 0 || strnlen(name, SYNC_NAME_LEN) == SYNC_NAME_LEN)
		return -ENOENT;
	found = find(t, name);
	if (found == 0)
		return -ENOENT;
	*id = found;
	return 0;
}

int
sync_info(const struct sync *t, uint32_t id, struct sync_info *info)
{
	const struct sync_lock *l = sync_lock_of(t, id);

	if (l == NULL)
		return -ENOENT;
	memset(info, 0, sizeof(*info));
	info->id = id;
	info->nb_shared = l->nb_shared;
	info->exclusive = sync_is_exclusive(l);
	info->holder = info->exclusive ? l->holder : 0;
	info->died = l->died;
	info->died_holder = l->died ? l->died_holder : 0;
	info->nb_waiting = l->nb_waiting;
	info->token = l->word >> 1;
	memcpy(info->name, t->names[id], SYNC_NAME_LEN);
	return 0;
}

int
sync_next(const struct sync *t, uint32_t id, struct sync_info *info)
{
	uint32_t end;

	id = RTE_MAX(id, 1u);
	for (end = id + RTE_MIN(UINT32_MAX - id, (uint32_t)WALK); id < end; id++) {
		if (id > t->hdr->nb_locks)
			return -ENOENT;
		if (t->locks[id].reserved)
			return sync_info(t, id, info);
	}
	if (id > t->hdr->nb_locks)
		return -ENOENT;
	info->id = id;
	return -EAGAIN;
}
