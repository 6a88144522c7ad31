/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Accounts in shared memory, a lock each, and transactions that move money between 2 to 4 of them.
 *
 * A transaction can be killed anywhere. It first writes into each of its accounts what that one
 * will have, then turns the word of its journal from OPEN to DONE, and then makes what was to be
 * what is. Whoever gets the lock of an account in which something is left looks at that word, and
 * turns it from OPEN to UNDONE: so all accounts of a transaction agree on what became of it,
 * whoever comes to them, and when. Something may be left only where the lock said that its holder
 * died.
 */

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>

#include "client.h"

#define ACCOUNTS  64 /* locks 1 to 64 */
#define MOST      4  /* of one transaction */
#define BALANCE   1000
#define LIVES     8192
#define IDLE_US   20
#define ABSENT_US 200000

enum journal { OPEN = 1, DONE, UNDONE };

/* Written by who has the lock alone, under its token; `told` by those who share it. */
struct account {
	uint64_t balance;
	uint64_t then;      /* what the transaction makes of it */
	uint64_t life, seq; /* the transaction; seq 0: nothing is left here */
	uint64_t told;      /* one who shared the lock took the word that its holder died */
};

struct area {
	struct {
		struct account a;
		uint8_t pad[64 - sizeof(struct account)];
	} account[ACCOUNTS];
	uint64_t lives;
	uint64_t journal[LIVES]; /* seq << 2 | enum journal, of each life */
};

static struct {
	bool on, down;
	uint64_t life, seq;
	uint64_t batch;   /* cookie of the operations that are waited for */
	unsigned int out; /* of these */
	int status;       /* the first that is not 0 */
	uint64_t value;   /* of the last that ended */
	uint64_t done, forward, back, wrong, downs, longest_us;
	uint64_t turned_us; /* the last turn */
	uint64_t absent_us; /* did not run at all */
} bank;

static void
wrong(const char *what, uint64_t a, uint64_t b)
{
	bank.wrong++;
	printf("bank: %s: %lu %lu\n", what, (unsigned long)a, (unsigned long)b);
	fflush(stdout);
}

/* ---- operations, several at a time --------------------------------------------------------- */

static uint64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Time in which this process was stopped, or had no processor: nobody else's fault. */
static void
absence(void)
{
	uint64_t now = now_us();

	if (now - bank.turned_us > ABSENT_US)
		bank.absent_us += now - bank.turned_us;
	bank.turned_us = now;
}

static void
turn(struct client *c)
{
	struct shmx_event events[16];
	uint16_t n = shmx_poll(c->ep, events, RTE_DIM(events));

	for (uint16_t i = 0; i < n; i++) {
		bank.down |= events[i].type == SHMX_EV_PEER_DOWN;
		if (events[i].type != SHMX_EV_OP || events[i].cookie != bank.batch)
			continue;
		bank.out--;
		bank.value = events[i].value;
		if (bank.status == 0)
			bank.status = events[i].status;
	}
	if (n == 0)
		rte_delay_us_sleep(IDLE_US);
	absence();
}

/* Start one more; `expr` is the call. */
#define START(c, expr)                                                                             \
	do {                                                                                       \
		int ret_;                                                                          \
		while ((ret_ = (expr)) == -EAGAIN)                                                 \
			turn(c);                                                                   \
		if (ret_ == 0)                                                                     \
			bank.out++;                                                                \
		else if (bank.status == 0)                                                         \
			bank.status = ret_;                                                        \
	} while (0)

/* All that were started have ended; the first error. */
static int
settled(struct client *c)
{
	int status;

	while (bank.out > 0)
		turn(c);
	status = bank.status;
	bank.status = 0;
	bank.batch++;
	return status;
}

#define AT(member) (c->area + offsetof(struct area, member))

static int
accounts_read(struct client *c, const unsigned int *which, unsigned int n, struct account *a)
{
	struct shmx_vec vec[ACCOUNTS];

	for (unsigned int i = 0; i < n; i++)
		vec[i] = (struct shmx_vec){AT(account[which[i]]), &a[i], sizeof(a[i])};
	START(c, shmx_getv(c->ep, vec, n, bank.batch));
	return settled(c);
}

static int
accounts_write(struct client *c, const unsigned int *which, unsigned int n, const struct account *a,
	const struct shmx_lock_grant *grants)
{
	for (unsigned int i = 0; i < n; i++)
		START(c, shmx_put_fenced(c->ep, AT(account[which[i]]), &a[i], sizeof(a[i]),
				 grants[i].lock, grants[i].token, bank.batch));
	return settled(c);
}

static int
journal_begin(struct client *c)
{
	const uint64_t word = bank.seq << 2 | OPEN;

	START(c, shmx_put(c->ep, AT(journal[bank.life]), &word, sizeof(word), bank.batch));
	return settled(c);
}

/* Turn OPEN into @p to, if it is that; in @p word what it is now. */
static int
journal_turn(struct client *c, uint64_t life, uint64_t seq, enum journal to, uint64_t *word)
{
	const uint64_t before = seq << 2 | OPEN, after = seq << 2 | to;
	int ret;

	START(c, shmx_cas(c->ep, AT(journal[life]), before, after, bank.batch));
	ret = settled(c);
	*word = bank.value == before ? after : bank.value;
	return ret;
}

/* ---- transactions -------------------------------------------------------------------------- */

/* What is left in an account by somebody who died. */
static int
clean(struct client *c, struct account *a, const struct shmx_lock_grant *grant)
{
	uint64_t word;
	int ret;

	if (a->seq == 0)
		return 0;
	if (grant->died == 0 && a->told == 0)
		wrong("left without a word that the holder died", grant->lock, a->life);
	ret = journal_turn(c, a->life, a->seq, UNDONE, &word);
	if (ret < 0)
		return ret;
	if (word >> 2 != a->seq || (word & 3) == OPEN)
		wrong("the journal is of another transaction", word, a->seq);
	if ((word & 3) == DONE)
		a->balance = a->then;
	bank.forward += (word & 3) == DONE;
	bank.back += (word & 3) != DONE;
	a->seq = 0;
	return 0;
}

static int
all_clean(struct client *c, struct account *a, const struct shmx_lock_grant *grants, unsigned int n)
{
	int ret = 0;

	for (unsigned int i = 0; i < n && ret == 0; i++)
		ret = clean(c, &a[i], &grants[i]);
	return ret;
}

/* Ascending, each once. */
static unsigned int
choose(unsigned int *which)
{
	unsigned int n = 2 + (unsigned int)rand() % (MOST - 1), left = n;

	for (unsigned int i = 0; left > 0; i++)
		if ((unsigned int)rand() % (ACCOUNTS - i) < left)
			which[n - left--] = i;
	return n;
}

static int
lock_all(struct client *c, const unsigned int *which, unsigned int n, bool shared,
	struct shmx_lock_grant *grants)
{
	struct shmx_lock_req req[SHMX_LOCKS_MAX];
	uint64_t begin = now_us(), absent, waited;
	int ret;

	bank.turned_us = begin;
	absent = bank.absent_us;
	for (unsigned int i = 0; i < n; i++)
		req[i] = (struct shmx_lock_req){.lock = which[i] + 1, .shared = shared};
	START(c, shmx_lock(c->ep, c->session, req, n, SHMX_FOREVER, grants, bank.batch));
	ret = settled(c);
	waited = bank.turned_us - begin - (bank.absent_us - absent);
	bank.longest_us = RTE_MAX(bank.longest_us, waited);
	for (unsigned int i = 0; i < n && ret == 0; i++)
		if (grants[i].lock != which[i] + 1 || grants[i].token == 0)
			wrong("another lock was granted", grants[i].lock, which[i] + 1);
	return ret;
}

static int
unlock_all(struct client *c, const unsigned int *which, unsigned int n)
{
	uint32_t ids[SHMX_LOCKS_MAX];

	for (unsigned int i = 0; i < n; i++)
		ids[i] = which[i] + 1;
	START(c, shmx_unlock(c->ep, c->session, ids, n, bank.batch));
	return settled(c);
}

/* What the accounts will have. */
static void
plan(struct account *a, unsigned int n)
{
	bank.seq++;
	for (unsigned int i = 0; i < n; i++) {
		a[i].then = a[i].balance;
		a[i].life = bank.life;
		a[i].seq = bank.seq;
		a[i].told = 0;
	}
	for (unsigned int i = 1; i < n; i++) {
		uint64_t amount = (uint64_t)rand() % (a[0].then / 2 + 1);

		a[0].then -= amount;
		a[i].then += amount;
	}
}

/* Locks, looks, and writes what is going to be. */
static int
prepare(struct client *c, const unsigned int *which, unsigned int n, struct account *a,
	struct shmx_lock_grant *grants)
{
	int ret = lock_all(c, which, n, false, grants);

	if (ret == 0)
		ret = accounts_read(c, which, n, a);
	if (ret == 0)
		ret = all_clean(c, a, grants, n);
	if (ret == 0) {
		plan(a, n);
		ret = journal_begin(c);
	}
	return ret == 0 ? accounts_write(c, which, n, a, grants) : ret;
}

/* Makes it so. */
static int
conclude(struct client *c, const unsigned int *which, unsigned int n, struct account *a,
	const struct shmx_lock_grant *grants)
{
	uint64_t word = 0;
	int ret = journal_turn(c, bank.life, bank.seq, DONE, &word);

	if (ret < 0)
		return ret;
	if (word != (bank.seq << 2 | DONE)) {
		wrong("undone by others while the locks were ours", word, bank.seq);
		return -EILSEQ;
	}
	for (unsigned int i = 0; i < n; i++) {
		a[i].balance = a[i].then;
		a[i].seq = 0;
	}
	return accounts_write(c, which, n, a, grants);
}

static int
transaction(struct client *c)
{
	struct shmx_lock_grant grants[MOST];
	struct account a[MOST];
	unsigned int which[MOST], n = choose(which);
	int ret = prepare(c, which, n, a, grants);

	if (ret == 0)
		ret = conclude(c, which, n, a, grants);
	if (ret == 0)
		ret = unlock_all(c, which, n);
	return ret;
}

/* ---- commands ------------------------------------------------------------------------------ */

/* A journal of its own for each life: what the last one left may be looked at for as long as the
 * accounts are. */
static int
live(struct client *c)
{
	uint64_t life;
	int ret = shmx_atomic_sync(c->ep, SHMX_FETCH_ADD, AT(lives), 8, 1, 0, &life);

	bank.life = life % LIVES;
	bank.seq = bank.batch = 1;
	bank.down = false;
	return ret;
}

static int
come_back(struct client *c)
{
	int ret = shmx_connect_sync(c->ep, &c->peer, &c->session);

	bank.downs++;
	if (ret == 0)
		ret = shmx_pool_open_sync(c->ep, c->session, "main", &c->pool);
	return ret == 0 ? live(c) : ret;
}

bool
bank_poll(struct client *c)
{
	int ret;

	if (!bank.on)
		return false;
	ret = transaction(c);
	bank.done += ret == 0;
	if (ret == 0)
		return true;
	if (ret != -ECONNRESET && ret != -ECANCELED && ret != -ENOTCONN)
		wrong("status", (uint64_t)-ret, bank.seq);
	while (!bank.down)
		turn(c);
	while (come_back(c) < 0)
		continue;
	return true;
}

/* bank-make: reserve the locks, and pay in */
static int
run_make(struct client *c, char *words[WORDS_MAX])
{
	struct shmx_alloc_req req = {.pool = c->pool, .len = sizeof(struct area), .name = "bank"};
	const uint64_t balance = BALANCE;
	int ret = shmx_alloc_sync(c->ep, &req, &c->area);

	(void)words;
	for (unsigned int i = 0; i < ACCOUNTS && ret == 0; i++) {
		uint32_t id;

		ret = shmx_lock_reserve_sync(c->ep, c->session, i + 1, NULL, &id);
		if (ret == 0)
			ret = shmx_put_sync(c->ep, AT(account[i]), &balance, sizeof(balance));
	}
	return ret == 0 ? live(c) : ret;
}

/* bank SEED: transactions from now on */
static int
run_bank(struct client *c, char *words[WORDS_MAX])
{
	uint64_t len;
	int ret = shmx_lookup_sync(c->ep, c->pool, "bank", &c->area, &len);

	srand((unsigned int)number(words[1]));
	if (ret == 0)
		ret = live(c);
	bank.on = ret == 0;
	return ret;
}

/* bank-stop: no more */
static int
run_stop(struct client *c, char *words[WORDS_MAX])
{
	(void)c;
	(void)words;
	bank.on = false;
	return 0;
}

/* bank-tally: transactions; accounts of the dead rolled forward, and back; rules broken; times the
 * session ended; longest wait for locks in milliseconds, since the last tally */
static int
run_tally(struct client *c, char *words[WORDS_MAX])
{
	(void)words;
	reply_value(c, bank.done);
	reply_value(c, bank.forward);
	reply_value(c, bank.back);
	reply_value(c, bank.wrong);
	reply_value(c, bank.downs);
	reply_value(c, bank.longest_us / 1000);
	bank.longest_us = 0;
	return 0;
}

/* Who shares the lock does not repair, but takes the word that somebody died: passes it on. */
static int
pass_on(struct client *c, const struct shmx_lock_grant *grants)
{
	const uint64_t told = 1;

	for (unsigned int i = 0; i < ACCOUNTS; i++)
		if (grants[i].died != 0)
			START(c, shmx_put(c->ep, AT(account[i].a.told), &told, sizeof(told),
					 bank.batch));
	return settled(c);
}

static int
audit(struct client *c, const unsigned int *which, uint64_t *sum)
{
	struct shmx_lock_grant grants[ACCOUNTS];
	struct account a[ACCOUNTS];
	int ret = 0;

	for (unsigned int i = 0; i < ACCOUNTS && ret == 0; i += SHMX_LOCKS_MAX)
		ret = lock_all(c, which + i, SHMX_LOCKS_MAX, true, grants + i);
	if (ret == 0)
		ret = pass_on(c, grants);
	if (ret == 0)
		ret = accounts_read(c, which, ACCOUNTS, a);
	if (ret == 0)
		ret = all_clean(c, a, grants, ACCOUNTS);
	for (unsigned int i = 0; i < ACCOUNTS; i++)
		*sum += a[i].balance;
	for (unsigned int i = 0; i < ACCOUNTS && ret == 0; i += SHMX_LOCKS_MAX)
		ret = unlock_all(c, which + i, SHMX_LOCKS_MAX);
	return ret;
}

/* bank-audit: all locks shared; the sum of all accounts */
static int
run_audit(struct client *c, char *words[WORDS_MAX])
{
	unsigned int which[ACCOUNTS];
	uint64_t sum = 0;
	int ret;

	(void)words;
	for (unsigned int i = 0; i < ACCOUNTS; i++)
		which[i] = i;
	ret = audit(c, which, &sum);
	reply_value(c, sum);
	return ret;
}

/* bank-sleep: stop with locks and half a transaction, until somebody says SIGCONT, and then go on
 * as if nothing had been. EILSEQ when that took effect. The status is that of another try, over a
 * new session, with the token from before; the transaction was of this many accounts. */
static int
run_sleep(struct client *c, char *words[WORDS_MAX])
{
	struct shmx_lock_grant grants[MOST];
	struct account a[MOST];
	unsigned int which[MOST], n = choose(which);
	int ret = prepare(c, which, n, a, grants);

	(void)words;
	if (ret < 0)
		return ret;
	raise(SIGSTOP);
	if (accounts_write(c, which, n, a, grants) == 0)
		return -EILSEQ;
	while (!bank.down)
		turn(c);
	ret = come_back(c);
	reply_value(c, n);
	return ret == 0 ? accounts_write(c, which, n, a, grants) : ret;
}

const struct command bank_commands[] = {
	{"bank-make", 0, run_make},
	{"bank", 1, run_bank},
	{"bank-stop", 0, run_stop},
	{"bank-tally", 0, run_tally},
	{"bank-audit", 0, run_audit},
	{"bank-sleep", 0, run_sleep},
	{NULL, 0, NULL},
};
