/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Locks, as three compute nodes see them, with one worker and with several. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "client/client_private.h"
#include "fixture.h"

#define EP(i) fx.host[i].ep
#define S(i)  fx.host[i].session

static struct fixture fx;

static void
begin(void)
{
	const struct fixture_conf conf = {.nb_hosts = 3, .workers = fixture_workers};

	fixture_up(&fx, &conf);
	for (uint32_t id = 1; id <= 20; id++)
		SAME(VALUE(EP(0), shmx_lock_reserve(EP(0), S(0), id, NULL, cookie)), id);
}

/* All hosts, for a moment: what is under way arrives. */
static void
settle(void)
{
	for (unsigned int i = 0; i < 200; i++)
		shmx_poll(EP(i % fx.nb_hosts), NULL, 0);
}

/* ---- one lock ----------------------------------------------------------------------------- */

static int
start(unsigned int host, uint32_t lock, bool shared, uint64_t timeout_us,
	struct shmx_lock_grant *grant, uint64_t cookie)
{
	const struct shmx_lock_req req = {.lock = lock, .shared = shared};

	return shmx_lock(EP(host), S(host), &req, 1, timeout_us, grant, cookie);
}

static int
acquire(unsigned int host, uint32_t lock, bool shared, uint64_t timeout_us,
	struct shmx_lock_grant *grant)
{
	return STATUS(EP(host), start(host, lock, shared, timeout_us, grant, cookie));
}

static int
release(unsigned int host, uint32_t lock)
{
	return STATUS(EP(host), shmx_unlock(EP(host), S(host), &lock, 1, cookie));
}

/* The event of an operation that has not ended, if it comes within so many polls; 1: it does not.
 */
static int
ended(unsigned int host, uint64_t cookie, struct shmx_event *event)
{
	struct shmx_event e[8];

	for (unsigned int i = 0; i < 200; i++) {
		uint16_t n = shmx_poll(EP(host), e, RTE_DIM(e));

		for (uint16_t k = 0; k < n; k++)
			if (e[k].cookie == cookie && e[k].type == SHMX_EV_OP) {
				*event = e[k];
				return e[k].status;
			}
	}
	return 1;
}

static void
lock__alone(void)
{
	struct shmx_lock_grant first, second;

	begin();
	SAME(acquire(0, 1, false, 0, &first), 0);
	SAME(first.lock, 1);
	SAME(first.died, 0);
	/* proves: shmx_lock -EBUSY -EDEADLK */
	SAME(acquire(1, 1, false, 0, NULL), -EBUSY);
	SAME(acquire(1, 1, true, 0, NULL), -EBUSY);
	SAME(acquire(0, 1, false, 0, NULL), -EDEADLK);
	/* proves: shmx_unlock -EPERM */
	SAME(release(1, 1), -EPERM);
	SAME(release(0, 1), 0);
	SAME(release(0, 1), -EPERM);
	SAME(acquire(1, 1, false, 0, &second), 0);
	CU_ASSERT(second.token > first.token);
	SAME(release(1, 1), 0);
	fixture_down(&fx);
}

static void
lock__shared(void)
{
	begin();
	SAME(acquire(0, 1, true, 0, NULL), 0);
	SAME(acquire(1, 1, true, 0, NULL), 0);
	SAME(acquire(2, 1, false, 0, NULL), -EBUSY);
	SAME(release(0, 1), 0);
	SAME(acquire(2, 1, false, 0, NULL), -EBUSY);
	SAME(release(1, 1), 0);
	SAME(acquire(2, 1, false, 0, NULL), 0);
	fixture_down(&fx);
}

static void
lock__event_has_the_token(void)
{
	struct shmx_lock_grant grant;
	struct shmx_event event = {0};
	uint64_t cookie;

	begin();
	cookie = shmx_wait_cookie(EP(0));
	SAME(finish(EP(0), start(0, 7, false, 0, &grant, cookie), cookie, &event), 0);
	SAME(event.value, grant.token);
	SAME(event.value2, 0);
	fixture_down(&fx);
}

static void
lock__what_is_not_there(void)
{
	begin();
	/* proves: shmx_lock shmx_unlock -ENOENT */
	SAME(acquire(0, 21, false, 0, NULL), -ENOENT);
	SAME(acquire(0, 0, false, 0, NULL), -ENOENT);
	SAME(acquire(0, 1000000, false, 0, NULL), -ENOENT);
	SAME(release(0, 21), -ENOENT);
	fixture_down(&fx);
}

static void
lock__bad_arguments(void)
{
	const struct shmx_lock_req twice[] = {{.lock = 1}, {.lock = 2}, {.lock = 1}};
	const uint32_t ids[] = {1, 1};

	begin();
	SAME(shmx_lock(NULL, S(0), twice, 1, 0, NULL, 1), -EINVAL);
	SAME(shmx_lock(EP(0), S(0), NULL, 1, 0, NULL, 1), -EINVAL);
	SAME(shmx_lock(EP(0), S(0), twice, 0, 0, NULL, 1), -EINVAL);
	SAME(shmx_lock(EP(0), S(0), twice, SHMX_LOCKS_MAX + 1, 0, NULL, 1), -EINVAL);
	SAME(shmx_lock(EP(0), S(0), twice, 3, 0, NULL, 1), -EINVAL);
	SAME(shmx_lock(EP(0), 9999, twice, 1, 0, NULL, 1), -ENOTCONN);
	SAME(shmx_unlock(NULL, S(0), ids, 1, 1), -EINVAL);
	SAME(shmx_unlock(EP(0), S(0), NULL, 1, 1), -EINVAL);
	SAME(shmx_unlock(EP(0), S(0), ids, 0, 1), -EINVAL);
	SAME(shmx_unlock(EP(0), S(0), ids, SHMX_LOCKS_MAX + 1, 1), -EINVAL);
	SAME(shmx_unlock(EP(0), 9999, ids, 1, 1), -ENOTCONN);
	SAME(STATUS(EP(0), shmx_unlock(EP(0), S(0), ids, 2, cookie)), -EINVAL);
	fixture_down(&fx);
}

/* ---- waiting ------------------------------------------------------------------------------ */

/* First come, first served: a writer is not overtaken by readers. */
static void
wait__in_order(void)
{
	struct shmx_event event = {0};

	begin();
	SAME(acquire(0, 1, true, 0, NULL), 0);
	SAME(start(1, 1, false, SHMX_FOREVER, NULL, 71), 0);
	SAME(ended(1, 71, &event), 1);
	SAME(start(2, 1, true, SHMX_FOREVER, NULL, 72), 0);
	SAME(ended(2, 72, &event), 1);
	SAME(release(0, 1), 0);
	SAME(ended(1, 71, &event), 0);
	SAME(ended(2, 72, &event), 1);
	SAME(release(1, 1), 0);
	SAME(ended(2, 72, &event), 0);
	fixture_down(&fx);
}

static void
wait__times_out(void)
{
	uint64_t begun;

	begin();
	SAME(acquire(0, 1, false, 0, NULL), 0);
	begun = rte_rdtsc();
	/* proves: shmx_lock -ETIMEDOUT */
	SAME(acquire(1, 1, false, 3000, NULL), -ETIMEDOUT);
	CU_ASSERT(rte_rdtsc() - begun >= rte_get_tsc_hz() / 1000 * 3);
	SAME(release(0, 1), 0);
	SAME(acquire(2, 1, false, 0, NULL), 0);
	fixture_down(&fx);
}

/* A lock that nobody waits for any more goes back to the others. */
static void
wait__cancelled_and_then_granted(void)
{
	struct shmx_lock_grant grant = {.token = 99};
	struct shmx_event event = {0};

	begin();
	SAME(acquire(0, 1, false, 0, NULL), 0);
	SAME(start(1, 1, false, SHMX_FOREVER, &grant, 71), 0);
	SAME(ended(1, 71, &event), 1);
	SAME(shmx_cancel(EP(1), 71), 0);
	SAME(ended(1, 71, &event), -EINTR);
	SAME(release(0, 1), 0);
	settle();
	SAME(acquire(2, 1, false, 1000000, NULL), 0);
	SAME(grant.token, 99);
	SAME(release(1, 1), -EPERM);
	fixture_down(&fx);
}

/* ---- several at a time -------------------------------------------------------------------- */

static void
locks__all_or_none(void)
{
	const struct shmx_lock_req three[] = {
		{.lock = 5}, {.lock = 3, .shared = true}, {.lock = 9}};
	const uint32_t ids[] = {9, 3, 5};
	struct shmx_lock_grant grant[3];

	begin();
	SAME(acquire(0, 9, false, 0, NULL), 0);
	SAME(STATUS(EP(1), shmx_lock(EP(1), S(1), three, 3, 0, grant, cookie)), -EBUSY);
	SAME(acquire(2, 5, false, 0, NULL), 0);
	SAME(release(2, 5), 0);
	SAME(release(0, 9), 0);
	SAME(STATUS(EP(1), shmx_lock(EP(1), S(1), three, 3, 0, grant, cookie)), 0);
	SAME(grant[0].lock, 3);
	SAME(grant[1].lock, 5);
	SAME(grant[2].lock, 9);
	SAME(acquire(2, 3, true, 0, NULL), 0);
	SAME(acquire(2, 5, false, 0, NULL), -EBUSY);
	SAME(STATUS(EP(1), shmx_unlock(EP(1), S(1), ids, 3, cookie)), 0);
	SAME(acquire(2, 5, false, 0, NULL), 0);
	fixture_down(&fx);
}

static void
locks__the_most_of_one_call(void)
{
	struct shmx_lock_req req[SHMX_LOCKS_MAX];
	struct shmx_lock_grant grant[SHMX_LOCKS_MAX];
	uint32_t ids[SHMX_LOCKS_MAX];
	struct shmx_event event = {0};

	begin();
	for (uint32_t i = 0; i < SHMX_LOCKS_MAX; i++) {
		req[i] = (struct shmx_lock_req){.lock = SHMX_LOCKS_MAX - i};
		ids[i] = i + 1;
	}
	SAME(acquire(0, 16, false, 0, NULL), 0);
	SAME(shmx_lock(EP(1), S(1), req, SHMX_LOCKS_MAX, SHMX_FOREVER, grant, 71), 0);
	SAME(ended(1, 71, &event), 1);
	SAME(release(0, 16), 0);
	SAME(ended(1, 71, &event), 0);
	for (uint32_t i = 0; i < SHMX_LOCKS_MAX; i++)
		SAME(grant[i].lock, i + 1);
	SAME(event.value, grant[0].token);
	SAME(STATUS(EP(1), shmx_unlock(EP(1), S(1), ids, SHMX_LOCKS_MAX, cookie)), 0);
	fixture_down(&fx);
}

/* ---- tokens ------------------------------------------------------------------------------- */

static int
put_fenced(unsigned int host, shmx_addr_t addr, uint64_t word, uint32_t lock, uint64_t token)
{
	return STATUS(EP(host),
		shmx_put_fenced(EP(host), addr, &word, sizeof(word), lock, token, cookie));
}

static void
fenced__only_by_the_holder(void)
{
	struct shmx_lock_grant old, new;
	uint64_t word = 0;
	shmx_addr_t addr;

	begin();
	addr = alloc_of(&fx, 0, 64);
	SAME(acquire(0, 1, false, 0, &old), 0);
	SAME(put_fenced(0, addr, 11, 1, old.token), 0);
	/* proves: shmx_put_fenced -ENOLCK */
	SAME(put_fenced(0, addr, 12, 2, old.token), -ENOLCK);
	SAME(put_fenced(0, addr, 12, 0, old.token), -ENOLCK);
	SAME(put_fenced(0, addr, 12, 1000000, old.token), -ENOLCK);
	SAME(put_fenced(0, addr, 12, 1, old.token + 1), -ENOLCK);
	SAME(put_fenced(1, addr, 12, 1, old.token), -ENOLCK);
	SAME(release(0, 1), 0);
	SAME(put_fenced(0, addr, 13, 1, old.token), -ENOLCK);
	SAME(acquire(1, 1, false, 0, &new), 0);
	SAME(put_fenced(0, addr, 14, 1, old.token), -ENOLCK);
	SAME(put_fenced(0, addr, 14, 1, new.token), -ENOLCK);
	SAME(shmx_get_sync(EP(2), addr, &word, 8), 0);
	SAME(word, 11);
	SAME(put_fenced(1, addr, 15, 1, new.token), 0);
	SAME(shmx_get_sync(EP(2), addr, &word, 8), 0);
	SAME(word, 15);
	SAME(put_fenced(1, 64, 15, 1, new.token), -ENOTCONN);
	/* proves: shmx_put_fenced -EFAULT -ESTALE -EPERM */
	SAME(put_fenced(1, addr + (UINT64_C(1) << 40), 15, 1, new.token), -EFAULT);
	SAME(put_fenced(1, addr + 4096, 15, 1, new.token), -ESTALE);
	SAME(STATUS(EP(0), shmx_own(EP(0), addr, 64, SHMX_OWNER_SELF, cookie)), 0);
	SAME(put_fenced(1, addr, 16, 1, new.token), -EPERM);
	SAME(shmx_get_sync(EP(0), addr, &word, 8), 0);
	SAME(word, 15);
	fixture_down(&fx);
}

static void
fenced__any_length(void)
{
	uint8_t data[SHMX_INLINE_MAX], back[SHMX_INLINE_MAX + 8];
	struct shmx_lock_grant grant;
	shmx_addr_t addr;

	begin();
	addr = alloc_of(&fx, 0, sizeof(back));
	SAME(acquire(0, 1, false, 0, &grant), 0);
	for (uint32_t len = 1; len <= SHMX_INLINE_MAX; len += len < 20 ? 1 : 251) {
		pattern_fill(data, len, len);
		SAME(STATUS(EP(0), shmx_put_fenced(EP(0), addr, data, len, 1, grant.token, cookie)),
			0);
		SAME(shmx_get_sync(EP(1), addr, back, sizeof(back)), 0);
		SAME(memcmp(data, back, len), 0);
	}
	SAME(shmx_put_fenced(EP(0), addr, data, SHMX_INLINE_MAX + 1, 1, grant.token, 1), -EINVAL);
	SAME(shmx_put_fenced(EP(0), addr, data, 0, 1, grant.token, 1), -EINVAL);
	SAME(shmx_put_fenced(EP(0), addr, NULL, 8, 1, grant.token, 1), -EINVAL);
	SAME(shmx_put_fenced(NULL, addr, data, 8, 1, grant.token, 1), -EINVAL);
	fixture_down(&fx);
}

/* ---- death, and force --------------------------------------------------------------------- */

/* All that a session had goes on to those who wait, and they are told. */
static void
died__locks_pass_on(void)
{
	struct shmx_lock_grant grant;
	struct shmx_event event = {0};

	begin();
	SAME(acquire(0, 1, false, 0, NULL), 0);
	SAME(acquire(0, 2, true, 0, NULL), 0);
	SAME(start(1, 1, false, SHMX_FOREVER, &grant, 71), 0);
	SAME(ended(1, 71, &event), 1);
	SAME(shmx_disconnect(EP(0), S(0)), 0);
	poll_for(EP(0), 1);
	SAME(ended(1, 71, &event), 0);
	SAME(grant.died, 1);
	SAME(event.value2, 1);
	SAME(acquire(2, 2, false, 1000000, &grant), 0);
	SAME(grant.died, 1);
	SAME(release(2, 2), 0);
	SAME(acquire(2, 2, false, 0, &grant), 0);
	SAME(grant.died, 0);
	fixture_down(&fx);
}

/* More than one step takes, of one that also waits. */
static void
died__with_many_locks(void)
{
	struct shmx_event event = {0};

	begin();
	for (uint32_t id = 21; id <= 64; id++)
		SAME(VALUE(EP(1), shmx_lock_reserve(EP(1), S(1), 0, NULL, cookie)), id);
	for (uint32_t id = 1; id <= 60; id++)
		SAME(acquire(0, id, false, 0, NULL), 0);
	for (uint32_t id = 61; id <= 64; id++) {
		SAME(acquire(1, id, false, 0, NULL), 0);
		SAME(start(0, id, false, SHMX_FOREVER, NULL, id), 0);
	}
	SAME(ended(0, 61, &event), 1);
	SAME(shmx_disconnect(EP(0), S(0)), 0);
	poll_for(EP(0), 1);
	for (uint32_t id = 1; id <= 60; id++)
		SAME(acquire(1, id, false, 1000000, NULL), 0);
	for (uint32_t id = 61; id <= 64; id++) {
		SAME(release(1, id), 0);
		SAME(acquire(2, id, false, 0, NULL), 0);
	}
	fixture_down(&fx);
}

/* The first event has come, however seldom this process runs. */
static void
until_told(void)
{
	unsigned int told = 0;

	for (unsigned int i = 0; i < 1000 && told == 0; i++)
		told = poll_for(EP(1), 1);
	CU_ASSERT(told > 0);
}

/* Given up before they are granted, or when they are and the grants are on their way, and given
 * back: who gets them then is told of the death that nobody here heard of, once. */
static void
died__told_to_who_wants_to_hear(void)
{
	const struct shmx_lock_req two[] = {{.lock = 1}, {.lock = 2}};
	const struct shmx_op_attr soon = {.timeout_us = 300};
	struct shmx_lock_grant grant;
	struct shmx_event event = {0};

	for (unsigned int late = 0; late < 2; late++) {
		begin();
		SAME(acquire(0, 1, false, 0, NULL), 0);
		SAME(acquire(2, 2, false, 0, NULL), 0);
		SAME(shmx_op_attr_set(EP(1), late ? &soon : NULL), 0);
		SAME(shmx_lock(EP(1), S(1), two, 2, SHMX_FOREVER, NULL, 71), 0);
		SAME(shmx_op_attr_set(EP(1), NULL), 0);
		if (late)
			until_told();
		else
			SAME(ended(1, 71, &event), 1);
		SAME(shmx_disconnect(EP(0), S(0)), 0);
		poll_for(EP(0), 1);
		SAME(release(2, 2), 0);
		if (!late)
			SAME(shmx_cancel(EP(1), 71), 0);
		settle();
		SAME(acquire(2, 1, false, 1000000, &grant), 0);
		SAME(grant.died, 1);
		SAME(acquire(2, 2, false, 1000000, &grant), 0);
		SAME(grant.died, 0);
		SAME(release(2, 1), 0);
		SAME(acquire(1, 1, false, 0, &grant), 0);
		SAME(grant.died, 0);
		fixture_down(&fx);
	}
}

/* Of grants that nobody waits for any more one was lost before they went back: the others go back.
 */
static void
given_up__and_one_was_forced(void)
{
	const struct shmx_lock_req two[] = {{.lock = 1}, {.lock = 2}};
	struct shmx_event event = {0};

	begin();
	SAME(acquire(0, 1, false, 0, NULL), 0);
	SAME(shmx_lock(EP(1), S(1), two, 2, SHMX_FOREVER, NULL, 71), 0);
	SAME(ended(1, 71, &event), 1);
	SAME(shmx_cancel(EP(1), 71), 0);
	SAME(release(0, 1), 0);
	SAME(acquire(2, 2, false, 0, NULL), -EBUSY);
	SAME(VALUE(EP(2), shmx_lock_force(EP(2), S(2), 1, cookie)), 1);
	SAME(acquire(2, 1, false, 0, NULL), 0);
	poll_for(EP(1), 1);
	settle();
	SAME(acquire(0, 1, false, 0, NULL), -EBUSY);
	SAME(acquire(0, 2, false, 0, NULL), 0);
	fixture_down(&fx);
}

/* What waits is given up: it has no place any more, keeps nothing from others, and may be asked for
 * again. */
static void
given_up__waits_no_more(void)
{
	const struct shmx_lock_req two[] = {{.lock = 1}, {.lock = 2}};
	const struct shmx_op_attr soon = {.timeout_us = 300};
	struct shmx_event event = {0};

	for (unsigned int late = 0; late < 2; late++) {
		begin();
		SAME(acquire(0, 2, false, 0, NULL), 0);
		SAME(shmx_op_attr_set(EP(1), late ? &soon : NULL), 0);
		SAME(shmx_lock(EP(1), S(1), two, 2, SHMX_FOREVER, NULL, 71), 0);
		SAME(shmx_op_attr_set(EP(1), NULL), 0);
		if (!late) {
			SAME(ended(1, 71, &event), 1);
			SAME(acquire(2, 1, false, 0, NULL), -EBUSY);
			SAME(shmx_cancel(EP(1), 71), 0);
			SAME(acquire(1, 2, false, 0, NULL), -EBUSY);
		}
		until_told();
		settle();
		SAME(acquire(2, 1, false, 0, NULL), 0);
		SAME(acquire(1, 2, false, 0, NULL), -EBUSY);
		SAME(release(0, 2), 0);
		SAME(acquire(2, 2, false, 0, NULL), 0);
		SAME(release(2, 1), 0);
		SAME(release(2, 2), 0);
		SAME(acquire(1, 1, false, 0, NULL), 0);
		fixture_down(&fx);
	}
}

/* As many as there may be, all at once, and their operations are free again. */
static void
given_up__by_the_hundred(void)
{
	struct shmx_event event = {0};
	uint64_t waiting = 0;

	begin();
	for (uint32_t id = 1; id <= 20; id++)
		SAME(acquire(0, id, false, 0, NULL), 0);
	for (unsigned int round = 0; round < 20; round++) {
		for (uint32_t id = 1; id <= 20; id++)
			waiting += start(1, id, id % 2, SHMX_FOREVER, NULL, 100 + id) == 0;
		if (round % 2 == 0)
			SAME(ended(1, 71, &event), 1);
		for (uint32_t id = 1; id <= 20; id++)
			SAME(shmx_cancel(EP(1), 100 + id), 0);
		poll_for(EP(1), 1);
	}
	SAME(waiting, 400);
	SAME(EP(1)->nb_free_op, EP(1)->max_ops);
	SAME(EP(1)->nb_cancels, 0);
	for (uint32_t id = 1; id <= 20; id++)
		SAME(release(0, id), 0);
	for (uint32_t id = 1; id <= 20; id++)
		SAME(acquire(2, id, false, 0, NULL), 0);
	fixture_down(&fx);
}

/* However much else its session asks for, without a pause. */
static void
given_up__beside_a_full_window(void)
{
	const struct shmx_lock_req two[] = {{.lock = 1}, {.lock = 2}};
	static const uint8_t data[SHMX_INLINE_MAX];
	struct shmx_event e[64];
	shmx_addr_t addr;
	int ret = -EBUSY;

	begin();
	addr = alloc_of(&fx, 1, sizeof(data));
	SAME(acquire(0, 2, false, 0, NULL), 0);
	SAME(shmx_lock(EP(1), S(1), two, 2, SHMX_FOREVER, NULL, 71), 0);
	for (unsigned int i = 0; i < 400 && ret == -EBUSY; i++) {
		while (shmx_put(EP(1), addr, data, 1024, 72) == 0)
			;
		if (i == 50)
			SAME(shmx_cancel(EP(1), 71), 0);
		shmx_poll(EP(1), e, RTE_DIM(e));
		if (i % 50 == 49)
			ret = acquire(2, 1, false, 0, NULL);
		CU_ASSERT(i > 50 || ret == -EBUSY);
	}
	SAME(ret, 0);
	fixture_down(&fx);
}

static void
force__by_an_operator(void)
{
	struct shmx_lock_grant grant, other;
	struct shmx_event event = {0};
	shmx_addr_t addr;

	begin();
	addr = alloc_of(&fx, 0, 64);
	SAME(acquire(0, 1, false, 0, &grant), 0);
	SAME(start(1, 1, false, SHMX_FOREVER, &other, 71), 0);
	SAME(ended(1, 71, &event), 1);
	SAME(VALUE(EP(2), shmx_lock_force(EP(2), S(2), 1, cookie)), 1);
	SAME(ended(1, 71, &event), 0);
	SAME(other.died, 1);
	SAME(release(0, 1), -EPERM);
	SAME(put_fenced(0, addr, 1, 1, grant.token), -ENOLCK);
	SAME(VALUE(EP(2), shmx_lock_force(EP(2), S(2), 5, cookie)), 0);
	SAME(VALUE(EP(2), shmx_lock_force(EP(2), S(2), 50, cookie)), 0);
	SAME(shmx_lock_force(EP(2), S(2), 0, 1), -EINVAL);
	SAME(shmx_lock_force(EP(2), 9999, 1, 1), -ENOTCONN);
	fixture_down(&fx);
}

/* What a call has so far is taken from it: it ends, and has nothing of what it wanted. */
static void
force__of_a_call_that_waits(void)
{
	const struct shmx_lock_req two[] = {{.lock = 1}, {.lock = 2}};
	struct shmx_event event = {0};

	begin();
	SAME(acquire(0, 2, false, 0, NULL), 0);
	SAME(shmx_lock(EP(1), S(1), two, 2, SHMX_FOREVER, NULL, 71), 0);
	SAME(ended(1, 71, &event), 1);
	SAME(VALUE(EP(2), shmx_lock_force(EP(2), S(2), 1, cookie)), 1);
	/* proves: shmx_lock -ECANCELED */
	SAME(ended(1, 71, &event), -ECANCELED);
	SAME(release(1, 1), -EPERM);
	SAME(release(0, 2), 0);
	SAME(acquire(2, 1, false, 0, NULL), 0);
	SAME(acquire(2, 2, false, 0, NULL), 0);
	fixture_down(&fx);
}

/* Calls that wait: the memory node has room for so many. */
static void
wait__too_many(void)
{
	struct sync_usage before, after;
	unsigned int n = 0;

	begin();
	for (uint32_t id = 21; id <= 64; id++)
		SAME(VALUE(EP(0), shmx_lock_reserve(EP(0), S(0), id, NULL, cookie)), id);
	for (uint32_t id = 1; id <= 64; id++)
		SAME(acquire(0, id, false, 0, NULL), 0);
	for (; n < 64; n++)
		SAME(start(1, n + 1, false, SHMX_FOREVER, NULL, n), 0);
	settle();
	sync_usage(fx.sync, &before);
	SAME(before.nb_calls, 64);
	/* proves: shmx_lock -ENOSPC */
	SAME(acquire(2, 1, false, SHMX_FOREVER, NULL), -ENOSPC);
	sync_usage(fx.sync, &after);
	SAME(memcmp(&before, &after, sizeof(before)), 0);
	for (n = 0; n < 64; n++)
		SAME(shmx_cancel(EP(1), n), 0);
	for (uint32_t id = 1; id <= 64; id++)
		SAME(release(0, id), 0);
	settle();
	SAME(acquire(2, 1, false, 0, NULL), 0);
	SAME(release(2, 1), 0);
	fixture_down(&fx);
}

/* ---- ids ---------------------------------------------------------------------------------- */

static void
ids__reserved_by_number_and_name(void)
{
	char long_name[80];

	begin();
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	SAME(STATUS(EP(0), shmx_lock_reserve(EP(0), S(0), 20, NULL, cookie)), -EEXIST);
	SAME(STATUS(EP(0), shmx_lock_reserve(EP(0), S(0), 65, NULL, cookie)), -EINVAL);
	SAME(VALUE(EP(0), shmx_lock_reserve(EP(0), S(0), 40, "ledger", cookie)), 40);
	SAME(STATUS(EP(1), shmx_lock_reserve(EP(1), S(1), 0, "ledger", cookie)), -EEXIST);
	SAME(VALUE(EP(1), shmx_lock_lookup(EP(1), S(1), "ledger", cookie)), 40);
	SAME(STATUS(EP(1), shmx_lock_lookup(EP(1), S(1), "journal", cookie)), -ENOENT);
	SAME(acquire(2, 40, false, 0, NULL), 0);
	SAME(STATUS(EP(1), shmx_lock_unreserve(EP(1), S(1), 40, cookie)), -EBUSY);
	SAME(release(2, 40), 0);
	SAME(STATUS(EP(1), shmx_lock_unreserve(EP(1), S(1), 40, cookie)), 0);
	SAME(STATUS(EP(1), shmx_lock_unreserve(EP(1), S(1), 40, cookie)), -ENOENT);
	SAME(STATUS(EP(1), shmx_lock_lookup(EP(1), S(1), "ledger", cookie)), -ENOENT);
	SAME(shmx_lock_reserve(EP(0), S(0), 0, long_name, 1), -EINVAL);
	SAME(shmx_lock_reserve(EP(0), S(0), 0, "", 1), -EINVAL);
	SAME(shmx_lock_reserve(NULL, S(0), 0, NULL, 1), -EINVAL);
	SAME(shmx_lock_reserve(EP(0), 9999, 0, NULL, 1), -ENOTCONN);
	SAME(shmx_lock_unreserve(EP(0), S(0), 0, 1), -EINVAL);
	SAME(shmx_lock_unreserve(EP(0), 9999, 1, 1), -ENOTCONN);
	SAME(shmx_lock_lookup(EP(0), S(0), NULL, 1), -EINVAL);
	SAME(shmx_lock_lookup(EP(0), 9999, "a", 1), -ENOTCONN);
	fixture_down(&fx);
}

static void
ids__until_none_is_left(void)
{
	begin();
	for (uint32_t id = 21; id <= 64; id++)
		SAME(VALUE(EP(0), shmx_lock_reserve(EP(0), S(0), 0, NULL, cookie)), id);
	SAME(STATUS(EP(0), shmx_lock_reserve(EP(0), S(0), 0, NULL, cookie)), -ENOSPC);
	fixture_down(&fx);
}

/* How many there are from `first` on; the last one in *info. */
static unsigned int
list(uint32_t first, struct shmx_lock_info *info)
{
	struct shmx_lock_info some[8];
	unsigned int total = 0;
	uint64_t n;

	do {
		n = VALUE(EP(2), shmx_lock_list(EP(2), S(2), first, some, RTE_DIM(some), cookie));
		for (uint64_t i = 0; i < n; i++) {
			CU_ASSERT(some[i].lock >= first);
			first = some[i].lock + 1;
			*info = some[i];
		}
		total += (unsigned int)n;
	} while (n > 0 && total < 1000);
	return total;
}

static void
list__tells_all(void)
{
	struct shmx_lock_grant grant;
	struct shmx_lock_info info;
	struct shmx_event event = {0};

	begin();
	SAME(VALUE(EP(0), shmx_lock_reserve(EP(0), S(0), 50, "ledger", cookie)), 50);
	SAME(list(0, &info), 21);
	SAME(info.lock, 50);
	SAME(strcmp(info.name, "ledger"), 0);
	SAME(info.holder, 0);
	SAME(info.token, 0);
	SAME(acquire(1, 50, false, 0, &grant), 0);
	SAME(start(2, 50, true, SHMX_FOREVER, NULL, 71), 0);
	SAME(ended(2, 71, &event), 1);
	SAME(list(21, &info), 1);
	SAME(info.holder, 2);
	SAME(info.token, grant.token);
	SAME(info.waiting, 1);
	SAME(info.shared, 0);
	SAME(VALUE(EP(0), shmx_lock_force(EP(0), S(0), 50, cookie)), 1);
	SAME(ended(2, 71, &event), 0);
	SAME(list(50, &info), 1);
	SAME(info.shared, 1);
	SAME(info.holder, 0);
	SAME(list(51, &info), 0);
	SAME(shmx_lock_list(EP(2), S(2), 0, NULL, 1, 1), -EINVAL);
	SAME(shmx_lock_list(EP(2), S(2), 0, &info, 0, 1), -EINVAL);
	SAME(shmx_lock_list(EP(2), 9999, 0, &info, 1, 1), -ENOTCONN);
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"lock__alone", lock__alone},
	{"lock__shared", lock__shared},
	{"lock__event_has_the_token", lock__event_has_the_token},
	{"lock__what_is_not_there", lock__what_is_not_there},
	{"lock__bad_arguments", lock__bad_arguments},
	{"wait__in_order", wait__in_order},
	{"wait__times_out", wait__times_out},
	{"wait__too_many", wait__too_many},
	{"wait__cancelled_and_then_granted", wait__cancelled_and_then_granted},
	{"locks__all_or_none", locks__all_or_none},
	{"locks__the_most_of_one_call", locks__the_most_of_one_call},
	{"fenced__only_by_the_holder", fenced__only_by_the_holder},
	{"fenced__any_length", fenced__any_length},
	{"died__locks_pass_on", died__locks_pass_on},
	{"died__with_many_locks", died__with_many_locks},
	{"died__told_to_who_wants_to_hear", died__told_to_who_wants_to_hear},
	{"given_up__and_one_was_forced", given_up__and_one_was_forced},
	{"given_up__waits_no_more", given_up__waits_no_more},
	{"given_up__by_the_hundred", given_up__by_the_hundred},
	{"given_up__beside_a_full_window", given_up__beside_a_full_window},
	{"force__by_an_operator", force__by_an_operator},
	{"force__of_a_call_that_waits", force__of_a_call_that_waits},
	{"ids__reserved_by_number_and_name", ids__reserved_by_number_and_name},
	{"ids__until_none_is_left", ids__until_none_is_left},
	{"list__tells_all", list__tells_all},
};

int
main(void)
{
	return tests_run_workers(tests, RTE_DIM(tests));
}
