/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * The table of an earlier process, which may have died between any two stores. The truth that is
 * read: of a lock, its word, whether it is reserved, its name and its mark; of a record, its state,
 * lock and holder. All else is made anew. A record is HELD before its holder is told, and
 * until its lock is marked or given back; so who was told of a lock and did not return it is
 * found, and who was not told leaves no mark. Dying in here is no different: marks are set
 * before records are cleared.
 */

#include "record.h"

/* Whether the table is laid out as it would be here, for as much as it says it holds. */
static int
header_check(const struct sync_header *h, size_t len)
{
	struct sync_conf conf;
	struct sync_header want;
	uint64_t magic;

	if (len < sizeof(*h))
		return -EBADMSG;
	magic = __atomic_load_n(&h->magic, __ATOMIC_ACQUIRE);
	if (magic == 0)
		return -ENOENT;
	if (magic != SYNC_MAGIC || h->version != SYNC_VERSION || h->size != sizeof(*h))
		return -EPROTO;
	conf = (struct sync_conf){
		.nb_locks = h->nb_locks,
		.nb_grants = h->nb_grants,
		.nb_calls = h->nb_calls,
		.nb_holders = h->nb_holders,
		.seed = h->seed,
	};
	if (sync_layout(&want, &conf) != 0)
		return -EBADMSG;
	want.magic = h->magic;
	return h->len <= len && memcmp(&want, h, sizeof(want)) == 0 ? 0 : -EBADMSG;
}

static bool
lock_sound(const struct sync *t, uint32_t id)
{
	const struct sync_lock *l = &t->locks[id];

	return l->reserved <= 1 && l->died <= 1 && t->names[id][SYNC_NAME_LEN - 1] == 0;
}

/* What could not have come from dying at a bad moment. Nothing has been written yet. */
static int
sound(const struct sync *t)
{
	const struct sync_record *rec;
	uint32_t i;

	for (i = 1; i <= t->hdr->nb_locks; i++)
		if (!lock_sound(t, i))
			return -EBADMSG;
	for (i = 1; i <= t->hdr->nb_grants; i++) {
		rec = &t->records[i];
		if (rec->state > SYNC_HELD ||
			(rec->state == SYNC_HELD && (sync_lock_of(t, rec->lock) == NULL ||
							    sync_slot_of(t, rec->holder) == NULL)))
			return -EBADMSG;
	}
	return 0;
}

static void
mark_held(struct sync *t)
{
	const struct sync_record *rec;
	uint32_t i;

	for (i = 1; i <= t->hdr->nb_grants; i++) {
		rec = &t->records[i];
		if (rec->state == SYNC_HELD)
			sync_mark_died(&t->locks[rec->lock], rec->holder);
	}
	sync_order();
}

/* Two locks of one name are damage: which of them is meant, nobody knows. */
static int
lock_rebuild(struct sync *t, uint32_t id)
{
	struct sync_lock *l = &t->locks[id];
	uint32_t other;

	l->word &= ~UINT64_C(1);
	memset(&l->nb_shared, 0, sizeof(*l) - offsetof(struct sync_lock, nb_shared));
	if (!l->reserved) {
		sync_free_lock(t, id);
		return 0;
	}
	t->used.nb_locks++;
	if (t->names[id][0] == 0)
		return 0;
	if (sync_lookup(t, t->names[id], &other) == 0)
		return -EBADMSG;
	sync_name_enter(t, id);
	return 0;
}

static int
rebuild(struct sync *t)
{
	uint32_t i;
	int ret = sound(t);

	if (ret != 0)
		return ret;
	mark_held(t);
	sync_pools_init(t);
	for (i = 1; ret == 0 && i <= t->hdr->nb_locks; i++)
		ret = lock_rebuild(t, i);
	return ret;
}

struct sync *
sync_adopt(void *zone, size_t len, int *err)
{
	struct sync *t;

	*err = (uintptr_t)zone % 64 != 0 ? -EINVAL : header_check(zone, len);
	if (*err != 0)
		return NULL;
	t = sync_map(zone);
	*err = t != NULL ? rebuild(t) : -ENOMEM;
	if (*err == 0)
		return t;
	sync_detach(t);
	return NULL;
}
