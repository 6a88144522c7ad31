/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* A million random steps against a model made of plain lists that are searched from end to end. */

#include "common/model.h"
#include "fixture.h"

#define STEPS   (getenv("SHMX_SHORT") != NULL ? 50000u : 1000000u)
#define LOCKS   20
#define GRANTS  48
#define CALLS   8
#define HOLDERS 10

enum model_call_state { UNUSED, WAITS, TELL };

struct model_call {
	enum model_call_state state;
	uint32_t holder, n, pos;
	uint64_t cookie, deadline;
	struct sync_want wants[SYNC_CALL_MAX];
	uint64_t tokens[SYNC_CALL_MAX];
	int status;
};

struct model_grant {
	uint32_t lock, holder, mode;
	uint64_t token;
	struct model_call *call; /* NULL: told */
};

struct model_lock {
	bool reserved, died;
	uint32_t died_holder;
	uint64_t token;
	char name[SYNC_NAME_LEN];
	struct model_call *queue[CALLS];
	uint32_t nb_queue;
};

struct model {
	struct fixture f;
	uint64_t rnd, now, cookie, last_token[LOCKS + 1];
	struct model_lock locks[LOCKS + 1];
	struct model_grant grants[GRANTS]; /* the oldest first */
	uint32_t nb_grants;
	struct model_call calls[CALLS], *tell[CALLS];
	uint32_t nb_tell, run[LOCKS + 1], nb_run;
	uint32_t number[HOLDERS + 1]; /* by index: who has or wants something, or did last */
	uint32_t strangers, granted, waited, timed_out, cancelled, died, full, adopted;
	uint32_t bad;
};

static struct model *m;

#define CHECK(cond) MODEL_CHECK(m, cond)

static uint32_t
below(uint32_t n)
{
	return model_below(&m->rnd, n);
}

/* A holder, or sometimes another one with the index of that. */
static uint32_t
someone(void)
{
	return m->number[1 + below(HOLDERS)] ^ (below(16) == 0) << 16;
}

static void
runs(uint32_t lock)
{
	uint32_t i;

	for (i = 0; i < m->nb_run; i++)
		if (m->run[i] == lock)
			return;
	if (m->locks[lock].nb_queue > 0)
		m->run[m->nb_run++] = lock;
}

static bool
compatible(uint32_t lock, uint32_t mode)
{
	uint32_t i;

	for (i = 0; i < m->nb_grants; i++)
		if (m->grants[i].lock == lock &&
			(mode == SYNC_EXCLUSIVE || m->grants[i].mode == SYNC_EXCLUSIVE))
			return false;
	return true;
}

static bool
free_for(const struct sync_want *w)
{
	return m->locks[w->lock].nb_queue == 0 && compatible(w->lock, w->mode);
}

static uint64_t
grant(uint32_t holder, const struct sync_want *w, struct model_call *c)
{
	uint64_t token = ++m->locks[w->lock].token;

	m->grants[m->nb_grants++] = (struct model_grant){w->lock, holder, w->mode, token, c};
	return token;
}

static void
remove_grant(uint32_t i)
{
	uint32_t lock = m->grants[i].lock;

	m->nb_grants--;
	memmove(&m->grants[i], &m->grants[i + 1], (m->nb_grants - i) * sizeof(m->grants[0]));
	runs(lock);
}

static void
advance(struct model_call *c)
{
	struct model_lock *l;

	for (; c->pos < c->n; c->pos++) {
		l = &m->locks[c->wants[c->pos].lock];
		if (!free_for(&c->wants[c->pos])) {
			l->queue[l->nb_queue++] = c;
			return;
		}
		c->tokens[c->pos] = grant(c->holder, &c->wants[c->pos], c);
	}
	c->state = TELL;
	c->status = 0;
	m->tell[m->nb_tell++] = c;
}

static void
leave_queue(struct model_call *c)
{
	struct model_lock *l;
	uint32_t i, lock;

	if (c->state != WAITS)
		return;
	lock = c->wants[c->pos].lock;
	l = &m->locks[lock];
	for (i = 0; l->queue[i] != c; i++)
		;
	memmove(&l->queue[i], &l->queue[i + 1], (--l->nb_queue - i) * sizeof(l->queue[0]));
	runs(lock);
}

static void
end_call(struct model_call *c, int status)
{
	uint32_t i, k;

	/* in the order of the call's locks: what is free first is handed on first */
	for (k = 0; k < c->n; k++) {
		for (i = 0; i < m->nb_grants; i++) {
			if (m->grants[i].call == c && m->grants[i].lock == c->wants[k].lock) {
				remove_grant(i);
				break;
			}
		}
		if (c->state == WAITS && k == c->pos)
			leave_queue(c);
		else
			runs(c->wants[k].lock);
	}
	if (c->state == WAITS)
		m->tell[m->nb_tell++] = c;
	c->state = TELL;
	c->status = status;
	c->n = 0;
}

static void
check_grant(const struct sync_grant *g, const struct sync_want *w, uint64_t token)
{
	struct model_lock *l = &m->locks[w->lock];

	CHECK(g->lock == w->lock && g->mode == w->mode && g->token == token);
	CHECK(g->token > m->last_token[w->lock] || w->mode == SYNC_SHARED);
	m->last_token[w->lock] = g->token;
	CHECK(g->died == l->died && g->died_holder == (l->died ? l->died_holder : 0));
	m->died += l->died;
	l->died = false;
	m->granted++;
}

static void
check_event(const struct sync_event *ev)
{
	struct model_call *c = m->tell[0];
	uint32_t i, k;

	memmove(m->tell, m->tell + 1, --m->nb_tell * sizeof(m->tell[0]));
	CHECK(ev->cookie == c->cookie && ev->holder == c->holder);
	CHECK(ev->status == c->status && ev->nb_grants == c->n);
	m->timed_out += c->status == -ETIMEDOUT;
	m->cancelled += c->status == -ECANCELED;
	for (k = 0; k < c->n; k++)
		check_grant(&ev->grants[k], &c->wants[k], c->tokens[k]);
	for (i = 0; i < m->nb_grants; i++)
		if (m->grants[i].call == c)
			m->grants[i].call = NULL;
	c->state = UNUSED;
}

static void
run_one(void)
{
	uint32_t lock = m->run[0];
	struct model_lock *l = &m->locks[lock];
	struct model_call *c = l->queue[0];

	if (l->nb_queue == 0 || !compatible(lock, c->wants[c->pos].mode)) {
		memmove(m->run, m->run + 1, --m->nb_run * sizeof(m->run[0]));
		return;
	}
	memmove(l->queue, l->queue + 1, --l->nb_queue * sizeof(l->queue[0]));
	c->tokens[c->pos] = grant(c->holder, &c->wants[c->pos], c);
	c->pos++;
	advance(c);
}

static struct model_call *
overdue(void)
{
	struct model_call *best = NULL, *c;

	for (c = m->calls; c < m->calls + CALLS; c++)
		if (c->state == WAITS && c->deadline <= m->now &&
			(best == NULL || c->deadline < best->deadline))
			best = c;
	return best;
}

static void
poll_some(uint32_t n)
{
	struct sync_event ev[CALLS + 1];
	uint32_t got = sync_poll(m->f.t, m->now, ev, n), i = 0;
	struct model_call *c;

	while (i <= n) {
		if (m->nb_tell > 0) {
			if (i == n)
				break;
			CHECK(i < got);
			if (m->bad != 0)
				return;
			check_event(&ev[i++]);
		} else if (m->nb_run > 0) {
			run_one();
		} else if ((c = overdue()) != NULL) {
			end_call(c, -ETIMEDOUT);
		} else {
			break;
		}
	}
	CHECK(got == i);
	CHECK(sync_pending(m->f.t) == (m->nb_tell + m->nb_run > 0));
}

static uint32_t
in_use(void)
{
	uint32_t i, n = 0;

	for (i = 0; i < CALLS; i++)
		if (m->calls[i].state != UNUSED)
			n += m->calls[i].n;
	for (i = 0; i < m->nb_grants; i++)
		n += m->grants[i].call == NULL;
	return n;
}

static bool
has(uint32_t holder, uint32_t lock)
{
	uint32_t i, k;

	for (i = 0; i < m->nb_grants; i++)
		if (m->grants[i].holder == holder && m->grants[i].lock == lock)
			return true;
	for (i = 0; i < CALLS; i++)
		for (k = 0; m->calls[i].state != UNUSED && k < m->calls[i].n; k++)
			if (m->calls[i].holder == holder && m->calls[i].wants[k].lock == lock)
				return true;
	return false;
}

static int
by_lock(const void *a, const void *b)
{
	const struct sync_want *x = a, *y = b;

	return x->lock < y->lock ? -1 : x->lock > y->lock;
}

static struct model_call *
unused_call(void)
{
	uint32_t i;

	for (i = 0; i < CALLS; i++)
		if (m->calls[i].state == UNUSED)
			return &m->calls[i];
	return NULL;
}

static bool
has_any(uint32_t holder)
{
	uint32_t i;

	for (i = 1; i <= LOCKS; i++)
		if (has(holder, i))
			return true;
	return false;
}

/* What sync_acquire() must answer. wants are sorted. */
static int
expect(uint32_t holder, const struct sync_want *w, uint32_t n, uint64_t deadline)
{
	bool at_once = true;
	uint32_t i;

	for (i = 1; i < n; i++)
		if (w[i].lock == w[i - 1].lock)
			return -EINVAL;
	i = holder & UINT16_MAX;
	if (i == 0 || i > FIXTURE_HOLDERS)
		return -EINVAL;
	if (holder != m->number[i] && has_any(m->number[i]))
		return -EEXIST;
	for (i = 0; i < n; i++)
		if (w[i].lock == 0 || w[i].lock > LOCKS || !m->locks[w[i].lock].reserved)
			return -ENOENT;
	for (i = 0; i < n; i++) {
		if (has(holder, w[i].lock))
			return -EDEADLK;
		at_once = at_once && free_for(&w[i]);
	}
	if (!at_once && deadline == SYNC_TRY)
		return -EBUSY;
	if (in_use() + n > GRANTS || (!at_once && unused_call() == NULL))
		return -ENOSPC;
	return at_once ? 0 : -EINPROGRESS;
}

static uint64_t
random_deadline(void)
{
	uint32_t kind = below(8);

	if (kind == 0)
		return SYNC_TRY;
	if (kind == 1)
		return SYNC_FOREVER;
	/* no two alike, so that the order of what happens is known */
	return ((m->now >> 24) + 1 + below(200)) << 24 | (m->cookie & 0xffffff);
}

static void
step_acquire(void)
{
	uint32_t n = below(3) ? 1 : below(16) ? 1 + below(4) : 1 + below(16), i;
	uint32_t holder = below(64) ? someone() : below(2) * (FIXTURE_HOLDERS + 1);
	uint64_t deadline = random_deadline();
	struct sync_want w[SYNC_CALL_MAX];
	struct sync_grant g[SYNC_CALL_MAX];
	struct model_call *c = unused_call();
	int want, ret;

	for (i = 0; i < n; i++)
		w[i] = (struct sync_want){below(64) ? 1 + below(LOCKS) : below(2) * 99, below(2)};
	m->cookie++;
	ret = sync_acquire(m->f.t, holder, w, n, deadline, m->cookie, g);
	qsort(w, n, sizeof(w[0]), by_lock);
	want = expect(holder, w, n, deadline);
	CHECK(ret == want);
	m->full += ret == -ENOSPC;
	m->strangers += ret == -EEXIST;
	if (want == 0 || want == -EINPROGRESS)
		m->number[holder & UINT16_MAX] = holder;
	for (i = 0; want == 0 && i < n; i++)
		check_grant(&g[i], &w[i], grant(holder, &w[i], NULL));
	if (want != -EINPROGRESS || c == NULL)
		return;
	m->waited++;
	*c = (struct model_call){.state = WAITS,
		.holder = holder,
		.n = n,
		.cookie = m->cookie,
		.deadline = deadline};
	memcpy(c->wants, w, n * sizeof(w[0]));
	advance(c);
}

static void
step_release(void)
{
	uint32_t holder = someone(), locks[SYNC_CALL_MAX], n = 0, i, k;
	int want = 0;

	if (below(20) == 0)
		locks[n++] = 1 + below(LOCKS);
	for (i = 0; i < m->nb_grants && n < SYNC_CALL_MAX; i++)
		if (m->grants[i].holder == holder && m->grants[i].call == NULL && below(2) &&
			(n == 0 || locks[0] != m->grants[i].lock))
			locks[n++] = m->grants[i].lock;
	if (n == 0)
		want = -EINVAL;
	for (k = 0; k < n && want == 0; k++)
		if (!m->locks[locks[k]].reserved)
			want = -ENOENT;
	for (k = 0; k < n && want == 0; k++) {
		for (i = 0; i < m->nb_grants; i++)
			if (m->grants[i].lock == locks[k] && m->grants[i].holder == holder &&
				m->grants[i].call == NULL)
				break;
		want = i == m->nb_grants ? -EPERM : 0;
	}
	CHECK(sync_release(m->f.t, holder, locks, n) == want);
	for (k = 0; k < n && want == 0; k++) {
		for (i = 0; m->grants[i].lock != locks[k] || m->grants[i].holder != holder; i++)
			;
		remove_grant(i);
	}
}

static void
mark(const struct model_grant *g)
{
	m->locks[g->lock].died = true;
	m->locks[g->lock].died_holder = g->holder;
}

static void
take_away(uint32_t i)
{
	if (m->grants[i].call != NULL) {
		end_call(m->grants[i].call, -ECANCELED);
		return;
	}
	mark(&m->grants[i]);
	remove_grant(i);
}

/* The order in which the table gives things up is that of its own list. */
static void
step_die(void)
{
	struct sync_item it[GRANTS];
	uint32_t holder = someone(), i, k;

	while (sync_of_holder(m->f.t, holder, it, GRANTS) > 0) {
		CHECK(has(holder, it[0].lock));
		if (m->bad != 0)
			return;
		CHECK(sync_revoke(m->f.t, holder, 1) == 1);
		for (i = 0; i < m->nb_grants; i++)
			if (m->grants[i].lock == it[0].lock && m->grants[i].holder == holder)
				break;
		if (i < m->nb_grants) {
			take_away(i);
			continue;
		}
		for (k = 0; k < CALLS; k++)
			for (i = 0; m->calls[k].state == WAITS && i < m->calls[k].n; i++)
				if (m->calls[k].holder == holder &&
					m->calls[k].wants[i].lock == it[0].lock)
					end_call(&m->calls[k], -ECANCELED);
	}
	CHECK(sync_revoke(m->f.t, holder, 5) == 0);
	CHECK(!has_any(holder));
}

static void
step_force(void)
{
	uint32_t lock = 1 + below(LOCKS), n = 0, i = 0, max = 1 + below(3);

	while (n < max && i < m->nb_grants) {
		if (m->grants[i].lock != lock) {
			i++;
			continue;
		}
		take_away(i);
		n++;
		i = 0;
	}
	CHECK(sync_force(m->f.t, lock, max) == n);
}

static void
step_cancel(void)
{
	struct model_call *c = &m->calls[below(CALLS)];
	uint32_t lock = c->n > 0 ? c->wants[below(c->n)].lock : 1;

	CHECK(sync_cancel(m->f.t, c->holder, lock, ~c->cookie) == -ENOENT);
	CHECK(sync_cancel(m->f.t, c->holder + 1, lock, c->cookie) == -ENOENT);
	CHECK(sync_cancel(m->f.t, c->holder, 2 * LOCKS + lock, c->cookie) == -ENOENT);
	if (c->state != WAITS) {
		CHECK(sync_cancel(m->f.t, c->holder, lock, c->cookie) == -ENOENT);
		return;
	}
	CHECK(sync_cancel(m->f.t, c->holder, lock, c->cookie) == 0);
	end_call(c, -ECANCELED);
}

static void
step_id(void)
{
	uint32_t lock = 1 + below(LOCKS), id = 0, i, busy = 0;
	struct model_lock *l = &m->locks[lock];
	char name[SYNC_NAME_LEN];

	for (i = 1; i <= HOLDERS; i++)
		busy += has(m->number[i], lock);
	snprintf(name, sizeof(name), "lock %u of this table", lock);
	if (l->reserved) {
		CHECK(sync_reserve(m->f.t, lock, NULL, &id) == -EEXIST);
		CHECK(sync_unreserve(m->f.t, lock) == (busy ? -EBUSY : 0));
		l->reserved = busy != 0;
	} else {
		CHECK(sync_unreserve(m->f.t, lock) == -ENOENT);
		CHECK(sync_reserve(m->f.t, lock, below(2) ? name : NULL, &id) == 0);
		l->reserved = true;
		l->died = false;
		CHECK(id == lock);
		l->name[0] = 0;
		if (sync_lookup(m->f.t, name, &id) == 0)
			snprintf(l->name, sizeof(l->name), "%s", name);
	}
}

/* The process dies here; another one adopts. */
static void
step_adopt(void)
{
	struct sync_info info;
	uint32_t i;

	fixture_adopt(&m->f);
	m->adopted++;
	for (i = 0; i < m->nb_grants; i++)
		if (m->grants[i].call == NULL)
			mark(&m->grants[i]);
	for (i = 1; i <= LOCKS; i++) {
		m->locks[i].nb_queue = 0;
		if (!m->locks[i].reserved || sync_info(m->f.t, i, &info) != 0 || !m->locks[i].died)
			continue;
		/* of several that shared it, which one is named is not said */
		if (info.died_holder != m->locks[i].died_holder) {
			CHECK(info.died && has(info.died_holder, i));
			m->locks[i].died_holder = info.died_holder;
		}
	}
	m->nb_grants = m->nb_tell = m->nb_run = 0;
	for (i = 0; i < CALLS; i++)
		m->calls[i].state = UNUSED;
}

static void
check_lock(uint32_t lock)
{
	const struct model_lock *l = &m->locks[lock];
	struct sync_item it[GRANTS];
	struct sync_info info;
	uint32_t i, n = 0, k = 0, got = sync_of_lock(m->f.t, lock, it, GRANTS), id;

	if (!l->reserved) {
		CHECK(got == 0 && sync_info(m->f.t, lock, &info) == -ENOENT);
		return;
	}
	CHECK(sync_info(m->f.t, lock, &info) == 0);
	CHECK(info.token == l->token && info.died == l->died && info.nb_waiting == l->nb_queue);
	CHECK(strcmp(info.name, l->name) == 0);
	CHECK(l->name[0] == 0 || (sync_lookup(m->f.t, l->name, &id) == 0 && id == lock));
	for (i = 0; i < m->nb_grants; i++) {
		const struct model_grant *g = &m->grants[i];

		if (g->lock != lock)
			continue;
		CHECK(n < got && it[n].holder == g->holder && it[n].mode == g->mode &&
			it[n].token == g->token &&
			it[n].state == (g->call != NULL ? SYNC_KEPT : SYNC_HELD));
		CHECK(sync_token_holder(m->f.t, lock, g->token) == g->mode * g->holder);
		n++;
	}
	CHECK(sync_token_holder(m->f.t, lock, l->token + 1) == 0);
	CHECK(l->token == 0 || sync_token_holder(m->f.t, lock, l->token - 1) == 0);
	CHECK(info.exclusive ? n == 1 : info.nb_shared == n);
	for (; k < l->nb_queue; k++)
		CHECK(n + k < got && it[n + k].holder == l->queue[k]->holder &&
			it[n + k].state == SYNC_WAITING);
	CHECK(got == n + k);
}

static void
check_all(void)
{
	struct sync_usage u;
	uint32_t i, calls = 0, locks = 0, holders = 0;

	sync_usage(m->f.t, &u);
	for (i = 0; i < CALLS; i++)
		calls += m->calls[i].state != UNUSED;
	for (i = 1; i <= LOCKS; i++) {
		check_lock(i);
		locks += m->locks[i].reserved;
	}
	for (i = 1; i <= HOLDERS; i++)
		holders += has_any(m->number[i]);
	CHECK(u.nb_holders == holders);
	CHECK(u.nb_calls == calls && u.nb_grants == in_use() && u.nb_locks == locks);
}

static void
step(void)
{
	uint32_t kind = below(1000);

	if (kind < 400)
		step_acquire();
	else if (kind < 700)
		step_release();
	else if (kind < 900)
		poll_some(below(CALLS + 1));
	else if (kind < 960)
		m->now += (uint64_t)below(30) << 24;
	else if (kind < 970)
		step_die();
	else if (kind < 980)
		step_force();
	else if (kind < 990)
		step_cancel();
	else if (kind < 999)
		step_id();
	else if (below(10) == 0)
		step_adopt();
}

static void
wind_down(void)
{
	uint32_t i;

	for (i = 1; i <= LOCKS; i++)
		while (sync_force(m->f.t, i, 1) != 0)
			;
	for (i = 1; i <= HOLDERS; i++)
		while (sync_revoke(m->f.t, m->number[i], 4) == 4)
			;
	for (i = 0; i < 4; i++) {
		struct sync_event ev[CALLS];

		sync_poll(m->f.t, 0, ev, CALLS);
	}
	fixture_down(&m->f);
}

static void
million_steps(void)
{
	uint32_t steps = STEPS, i;

	m = calloc(1, sizeof(*m));
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	m->rnd = model_seed();
	fixture_up(&m->f, LOCKS, GRANTS, CALLS);
	for (i = 1; i <= HOLDERS; i++)
		m->number[i] = (100 + i) << 16 | i;
	for (i = 0; i < steps && m->bad == 0; i++) {
		step();
		check_lock(1 + below(LOCKS));
		if (i % 64 == 0)
			check_all();
	}
	if (m->bad != 0)
		printf("first failure at step %u ", i);
	printf("%u grants, %u waits, %u timed out, %u cancelled, %u times owner died, %u times "
	       "full, %u times index in use, %u adoptions ",
		m->granted, m->waited, m->timed_out, m->cancelled, m->died, m->full, m->strangers,
		m->adopted);
	CU_ASSERT(m->timed_out > 0 && m->cancelled > 0 && m->died > 0 && m->full > 0 &&
		  m->strangers > 0);
	wind_down();
	free(m);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {{"million_steps", million_steps}, {NULL, NULL}};

	return run_suite("sync random", tests);
}
