/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "../common/fail.h"
#include "connect.h"
#include "list.h"
#include "words.h"

static struct lock_word lock;

/* ---- list ------------------------------------------------------------------------------ */

static const struct column list_columns[] = {
	{"ID", "id", CELL_NUMBER},
	{"NAME", "name", CELL_TEXT},
	{"HOLDER", "holder", CELL_NUMBER},
	{"SHARED", "shared", CELL_NUMBER},
	{"WAITING", "waiting", CELL_NUMBER},
	{"DIED", "died", CELL_NUMBER},
	{"TOKEN", "token", CELL_NUMBER},
};

static uint32_t
list_row(struct ctl *c, struct table *t, const void *of)
{
	const struct shmx_lock_info *info = of;
	table_row(t, (const union cell[]){
			     {.number = info->lock},
			     {.text = info->name},
			     {.number = info->holder},
			     {.number = info->shared},
			     {.number = info->waiting},
			     {.number = info->died},
			     {.number = info->token},
		     });
	return info->lock;
}

static struct shmx_lock_info listed[LIST_MAX];

static int
list_start(struct ctl *c, uint32_t first, uint64_t cookie)
{
	return shmx_lock_list(c->ep, c->session, first, listed, LIST_MAX, cookie);
}

static enum ctl_exit
list_run(struct ctl *c)
{
	static const struct list list = {
		.what = "lock list",
		.key = "locks",
		.columns = list_columns,
		.nb_columns = RTE_DIM(list_columns),
		.infos = listed,
		.info_size = sizeof(listed[0]),
		.last = UINT32_MAX,
		.start = list_start,
		.row = list_row,
	};

	return list_print(c, &list);
}

/* ---- reserve, release, force ----------------------------------------------------------- */

static const struct column reserved_columns[] = {
	{"lock", "name", CELL_TEXT},
	{"id", "id", CELL_NUMBER},
};

static int
check_reserve(const struct ctl *c)
{
	return word_name(c->words[0]);
}

static enum ctl_exit
reserve_run(struct ctl *c)
{
	uint64_t cookie = shmx_wait_cookie(c->ep);
	struct shmx_event event = {0};
	int ret = shmx_lock_reserve(c->ep, c->session, 0, c->words[0], cookie);

	ret = ctl_wait(c, ret, cookie, &event);
	if (ret < 0)
		return ctl_explain(c, c->words[0], ret);
	return ctl_object(c, reserved_columns, RTE_DIM(reserved_columns),
		(const union cell[]){{.text = c->words[0]}, {.number = event.value}});
}

static int
check_lock(const struct ctl *c)
{
	return word_lock(c->words[0], &lock);
}

/* The id of a lock that may be given by its name. */
static int
lock_find(struct ctl *c, struct lock_word *word)
{
	uint64_t cookie = shmx_wait_cookie(c->ep);
	struct shmx_event event = {0};
	int ret;

	if (word->id != 0)
		return 0;
	ret = ctl_wait(c, shmx_lock_lookup(c->ep, c->session, word->text, cookie), cookie, &event);
	word->id = (uint32_t)event.value;
	return ret;
}

static enum ctl_exit
lock_change(struct ctl *c, struct shmx_event *event,
	int (*start)(struct shmx_ep *ep, shmx_session_t session, uint32_t id, uint64_t cookie))
{
	uint64_t cookie = shmx_wait_cookie(c->ep);
	int ret = lock_find(c, &lock);

	if (ret == 0)
		ret = ctl_wait(c, start(c->ep, c->session, lock.id, cookie), cookie, event);
	if (ret == 0)
		return CTL_DONE;
	if (ret == -ENOENT)
		fail("%s: there is no such lock; `lock list` tells which there are", lock.text);
	else if (ret == -EBUSY)
		fail("%s: somebody has it, or waits for it: `lock list` tells who, `lock force` "
		     "takes it away",
			lock.text);
	else
		return ctl_explain(c, lock.text, ret);
	return CTL_FAILED;
}

static enum ctl_exit
unreserve_run(struct ctl *c)
{
	struct shmx_event event = {0};

	return lock_change(c, &event, shmx_lock_unreserve);
}

static const struct column forced_columns[] = {
	{"id", "id", CELL_NUMBER},
	{"holders", "holders", CELL_NUMBER},
};

static enum ctl_exit
force_run(struct ctl *c)
{
	struct shmx_event event = {0};
	enum ctl_exit ret = lock_change(c, &event, shmx_lock_force);

	if (ret != CTL_DONE)
		return ret;
	return ctl_object(c, forced_columns, RTE_DIM(forced_columns),
		(const union cell[]){{.number = lock.id}, {.number = event.value}});
}

/* ---- acquire --------------------------------------------------------------------------- */

#define TURN_MS 1 /* between two looks at the session and the standard input */

static struct acquire_values {
	uint64_t timeout_ms; /* 0: not given */
	bool now;
	bool shared;
	struct lock_word word[SHMX_LOCKS_MAX];
	struct shmx_lock_req req[SHMX_LOCKS_MAX];
	struct shmx_lock_grant grant[SHMX_LOCKS_MAX];
} acquire;

static const struct option_type acquire_options[] = {
	{"timeout", OPTION_BYTES, offsetof(struct acquire_values, timeout_ms), 1, UINT32_MAX},
	{"now", OPTION_FLAG, offsetof(struct acquire_values, now)},
	{"shared", OPTION_FLAG, offsetof(struct acquire_values, shared)},
};

static const struct column granted_columns[] = {
	{"LOCK", "name", CELL_TEXT},
	{"ID", "id", CELL_NUMBER},
	{"TOKEN", "token", CELL_NUMBER},
	{"DIED", "died", CELL_NUMBER},
};

static int
check_acquire(const struct ctl *c)
{
	for (unsigned int i = 0; i < c->nb_words; i++)
		if (word_lock(c->words[i], &acquire.word[i]) < 0)
			return -EINVAL;
	return acquire.now && acquire.timeout_ms > 0
	               ? fail("--now does not wait: leave out --timeout")
	               : 0;
}

/* The session lives, and signals are looked at, while the tool waits. @return 1: there is an event,
 * 0: a signal or the end of the input. */
static int
wait_awake(struct ctl *c, struct shmx_event *event, bool until_input_ends)
{
	struct pollfd input = {.fd = until_input_ends ? STDIN_FILENO : -1, .events = POLLIN};
	char bytes[256];

	while (!stop) {
		if (shmx_poll(c->ep, event, 1) > 0)
			return 1;
		if (poll(&input, 1, TURN_MS) > 0 && read(STDIN_FILENO, bytes, sizeof(bytes)) <= 0)
			return 0;
	}
	return 0;
}

static enum ctl_exit
acquire_failed(const struct ctl *c, int status)
{
	switch (status) {
	case -ENOENT:
		fail("%s: there is no such lock; `lock list` tells which there are", c->words[0]);
		return CTL_FAILED;
	case -EBUSY:
	case -ETIMEDOUT:
		fail("%s: not to be had in that time: `lock list` tells who has it", c->words[0]);
		return CTL_FAILED;
	case -ECANCELED:
		fail("%s: an operator took it", c->words[0]);
		return CTL_FAILED;
	default:
		return ctl_explain(c, c->words[0], status);
	}
}

/* Told at once: who reads it may go on from here. */
static enum ctl_exit
granted_print(const struct ctl *c)
{
	struct table t;

	table_begin(&t, c->opt.json, granted_columns, RTE_DIM(granted_columns));
	for (unsigned int i = 0; i < c->nb_words; i++) {
		const struct shmx_lock_grant *g = &acquire.grant[i];
		const char *name = "";

		for (unsigned int w = 0; w < c->nb_words; w++)
			if (acquire.word[w].id == g->lock)
				name = acquire.word[w].text;
		table_row(&t, (const union cell[]){{.text = name}, {.number = g->lock},
				      {.number = g->token}, {.number = g->died}});
	}
	if (table_print(&t, "locks") < 0)
		return CTL_FAILED;
	fflush(stdout);
	return CTL_DONE;
}

/* The session's end gives the locks back, but as those of one that died. */
static enum ctl_exit
hold(struct ctl *c)
{
	uint32_t ids[SHMX_LOCKS_MAX];
	struct shmx_event event = {0};
	uint64_t cookie;
	int ret;

	if (wait_awake(c, &event, true) > 0)
		return ctl_explain(c, c->words[0], -ECONNRESET);
	for (unsigned int i = 0; i < c->nb_words; i++)
		ids[i] = acquire.req[i].lock;
	cookie = shmx_wait_cookie(c->ep);
	ret = ctl_wait(c, shmx_unlock(c->ep, c->session, ids, c->nb_words, cookie), cookie, &event);
	if (ret == -EPERM) {
		fail("%s: an operator took it meanwhile", c->words[0]);
		return CTL_FAILED;
	}
	return ret < 0 ? ctl_explain(c, c->words[0], ret) : CTL_DONE;
}

static uint64_t
timeout_us(void)
{
	if (acquire.now)
		return 0;
	return acquire.timeout_ms > 0 ? acquire.timeout_ms * 1000 : SHMX_FOREVER;
}

static enum ctl_exit
acquire_run(struct ctl *c)
{
	struct shmx_event event = {0};
	enum ctl_exit told;
	int ret = 0;

	for (unsigned int i = 0; i < c->nb_words && ret == 0; i++) {
		ret = lock_find(c, &acquire.word[i]);
		acquire.req[i] = (struct shmx_lock_req){acquire.word[i].id, acquire.shared};
	}
	stop_on_signals();
	if (ret == 0)
		ret = shmx_lock(c->ep, c->session, acquire.req, c->nb_words, timeout_us(),
			acquire.grant, 0);
	if (ret < 0)
		return acquire_failed(c, ret);
	if (wait_awake(c, &event, false) == 0) {
		fail("%s: interrupted before it was to be had", c->words[0]);
		return CTL_FAILED;
	}
	if (event.status < 0)
		return acquire_failed(c, event.status);
	told = granted_print(c);
	return told == CTL_DONE ? hold(c) : told;
}

/* Whoever has it is another process: the word that people try first says how to go on, before
 * anything is started. */
static int
check_release(const struct ctl *c)
{
	return fail(
		"%s: whoever acquired a lock releases it, as `lock acquire` does when its input "
		"ends; `lock force` takes it from whoever has it, `lock unreserve` gives its id "
		"back",
		c->words[0]);
}

const struct command lock_commands[] = {
	{
		.name = "lock list",
		.words = "",
		.summary = "Locks: who has them, who waits.",
		.details =
			"HOLDER is the node that has it alone, SHARED how many share it; DIED the "
			"node that\n"
			"the next holder will be told of; 0 is none.\n",
		.run = list_run,
	},
	{
		.name = "lock reserve",
		.words = "NAME",
		.summary = "A new lock.",
		.min = 1,
		.max = 1,
		.check = check_reserve,
		.run = reserve_run,
	},
	{
		.name = "lock unreserve",
		.words = "LOCK",
		.summary = "Take away a lock that nobody has.",
		.details = "LOCK is a name or an id.\n",
		.min = 1,
		.max = 1,
		.check = check_lock,
		.run = unreserve_run,
	},
	{
		.name = "lock acquire",
		.words = "LOCK...",
		.summary = "Hold locks until the input ends.",
		.details =
			"  --shared         with others who share them [alone]\n"
			"  --timeout MS     wait no longer [for as long as it takes]\n"
			"  --now            do not wait\n"
			"\n"
			"LOCK is a name or an id. All of them, or none. When they are had, their "
			"fencing\n"
			"tokens are printed; they are released when the standard input ends, or on "
			"a "
			"signal.\n",
		.min = 1,
		.max = SHMX_LOCKS_MAX,
		COMMAND_OPTIONS(acquire_options, acquire),
		.check = check_acquire,
		.run = acquire_run,
	},
	{
		.name = "lock release",
		.words = "LOCK",
		.summary = "Tells how a lock is released.",
		.details = "A lock belongs to the session that acquired it, and no other call can "
			   "release it.\n"
			   "Nothing is done.\n",
		.min = 1,
		.max = 1,
		.check = check_release,
		.run = list_run, /* not reached */
	},
	{
		.name = "lock force",
		.words = "LOCK",
		.summary = "Take a lock from whoever has it.",
		.details =
			"LOCK is a name or an id. The next holder is told as if that one had died; "
			"writes\n"
			"that the old holder guards with its token are refused from then on.\n",
		.min = 1,
		.max = 1,
		.check = check_lock,
		.run = force_run,
	},
	{NULL},
};
