/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "fault/fault.h"
#include "fault/tap.h"

#define DRAIN_MS 100
#define STEP_US  100

struct fault {
	pthread_mutex_t lock; /* of the control threads; no polling thread takes it */
	uint16_t port_id, nb_queues;
	struct fault_settings settings;       /* in force */
	struct fault_stats start[FAULT_DIRS]; /* when they were cleared */
	struct tap *tap[]; /* NULL until the first fault is set; then there until the end */
};

/* Also for those who do not hold the lock. */
static inline struct tap *
tap_of(const struct fault *f, uint16_t queue)
{
	return __atomic_load_n(&f->tap[queue], __ATOMIC_ACQUIRE);
}

struct fault *
fault_create(uint16_t port_id, uint16_t nb_queues)
{
	struct fault *f = rte_zmalloc("fault", sizeof(*f) + nb_queues * sizeof(f->tap[0]), 0);

	if (f == NULL)
		return NULL;
	pthread_mutex_init(&f->lock, NULL);
	f->port_id = port_id;
	f->nb_queues = nb_queues;
	return f;
}

void
fault_destroy(struct fault *f)
{
	if (f == NULL)
		return;
	for (uint16_t q = 0; q < f->nb_queues; q++)
		tap_destroy(f->tap[q]);
	pthread_mutex_destroy(&f->lock);
	rte_free(f);
}

static bool
settings_on(const struct fault_settings *s)
{
	return fault_spec_on(&s->dir[FAULT_RX]) || fault_spec_on(&s->dir[FAULT_TX]);
}

/* Short enough to be typed again. Directions set by one spec have the same seed. */
static void
choose_seeds(struct fault_settings *s)
{
	uint64_t seed = dice_mix(rte_rdtsc()) % 1000000000 + 1;

	for (int dir = 0; dir < FAULT_DIRS; dir++)
		if (s->dir[dir].seed == 0)
			s->dir[dir].seed = seed;
}

static int
taps_create(struct fault *f)
{
	for (uint16_t q = 0; q < f->nb_queues; q++) {
		if (f->tap[q] == NULL)
			__atomic_store_n(&f->tap[q], tap_create(f->port_id, q), __ATOMIC_RELEASE);
		if (f->tap[q] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int
taps_insert(struct fault *f)
{
	int ret = 0;

	for (uint16_t q = 0; q < f->nb_queues && ret == 0; q++)
		ret = tap_insert(f->tap[q]);
	return ret;
}

/* Only the directions that change: the others' sequences go on. */
static void
publish(struct fault *f, const struct fault_settings *s, const bool *named)
{
	for (uint16_t q = 0; q < f->nb_queues; q++) {
		for (int dir = 0; dir < FAULT_DIRS; dir++) {
			uint64_t salt = (uint64_t)f->port_id << 32 | (uint64_t)q << 1 | dir;
			struct fate_conf conf;

			if (!named[dir] || f->tap[q] == NULL)
				continue;
			fate_conf_fill(&conf, &s->dir[dir], salt, rte_get_tsc_hz());
			lane_publish(f->tap[q]->lane[dir], &conf);
		}
	}
}

/* Take out the callbacks that have nothing to do any more. Returns how many queues have theirs. */
static unsigned int
taps_remove(struct fault *f)
{
	unsigned int left = 0;

	for (uint16_t q = 0; q < f->nb_queues; q++) {
		if (f->tap[q] == NULL || !tap_inserted(f->tap[q]))
			continue;
		if (tap_drained(f->tap[q]))
			tap_remove(f->tap[q]);
		else
			left++;
	}
	return left;
}

/* A queue that nobody polls keeps its callbacks, which would do nothing. */
static void
settle(struct fault *f)
{
	for (unsigned int i = 0; taps_remove(f) > 0 && i < DRAIN_MS * 1000 / STEP_US; i++)
		rte_delay_us_sleep(STEP_US);
}

static int
set(struct fault *f, const struct fault_settings *settings)
{
	struct fault_settings s = f->settings;
	int ret = 0;

	fault_settings_merge(&s, settings);
	choose_seeds(&s);
	if (settings_on(&s))
		ret = taps_create(f);
	if (ret == 0 && settings_on(&s))
		ret = taps_insert(f);
	if (ret < 0)
		return ret;
	publish(f, &s, settings->named);
	f->settings = s;
	if (!settings_on(&s))
		settle(f);
	return 0;
}

int
fault_set(struct fault *f, const struct fault_settings *settings)
{
	int ret;

	pthread_mutex_lock(&f->lock);
	ret = set(f, settings);
	pthread_mutex_unlock(&f->lock);
	return ret;
}

void
fault_get(struct fault *f, struct fault_settings *settings)
{
	pthread_mutex_lock(&f->lock);
	*settings = f->settings;
	pthread_mutex_unlock(&f->lock);
}

void
fault_queue_stats_get(
	struct fault *f, uint16_t queue, enum fault_dir dir, struct fault_stats *stats)
{
	const struct tap *t = tap_of(f, queue);

	if (t != NULL)
		*stats = t->lane[dir]->stats;
	else
		memset(stats, 0, sizeof(*stats));
}

static void
sum(struct fault *f, enum fault_dir dir, struct fault_stats *stats)
{
	struct fault_stats one;

	memset(stats, 0, sizeof(*stats));
	for (uint16_t q = 0; q < f->nb_queues; q++) {
		fault_queue_stats_get(f, q, dir, &one);
		fault_stats_add(stats, &one);
	}
}

void
fault_stats_get(struct fault *f, enum fault_dir dir, struct fault_stats *stats)
{
	if (f == NULL) {
		memset(stats, 0, sizeof(*stats));
		return;
	}
	sum(f, dir, stats);
	fault_stats_sub(stats, &f->start[dir]);
}

void
fault_stats_clear(struct fault *f)
{
	pthread_mutex_lock(&f->lock);
	for (int dir = 0; dir < FAULT_DIRS; dir++)
		sum(f, dir, &f->start[dir]);
	pthread_mutex_unlock(&f->lock);
}
