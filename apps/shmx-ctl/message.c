/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "../common/fail.h"
#include "connect.h"
#include "words.h"

/* Signals and messages: between this node and others, by their inboxes. */

#define MEMORY_MAX (UINT64_C(1) << 30) /* of one message */

static struct nodes nodes;

/* Whom it is for: "everyone" are all with an inbox. */
static struct shmx_to
to_of(const struct ctl *c)
{
	if (nodes.everyone)
		return (struct shmx_to){.kind = SHMX_TO_ALL};
	if (nodes.self)
		return shmx_to_node((uint16_t)c->opt.link.node);
	return (struct shmx_to){.kind = SHMX_TO_SET, .nodes = nodes.id, .nb_nodes = nodes.nb};
}

static const struct column reached_columns[] = {
	{"inboxes", "inboxes", CELL_NUMBER},
};

static enum ctl_exit
told(struct ctl *c, const char *to, int ret, uint64_t reached)
{
	if (ret == 0)
		return ctl_object(c, reached_columns, RTE_DIM(reached_columns),
			(const union cell[]){{.number = reached}});
	if (ret == -ENOENT)
		fail("%s: no such node has an inbox: `recv` or `watch` there opens one", to);
	else if (ret == -ENOBUFS)
		fail("%s: an inbox is full: its node has to receive first", to);
	else
		return ctl_explain(c, to, ret);
	return CTL_FAILED;
}

/* ---- signal ---------------------------------------------------------------------------- */

static struct signal_values {
	uint64_t line;
	uint64_t count;
} sig;

static const struct option_type signal_options[] = {
	{"line", OPTION_BYTES, offsetof(struct signal_values, line), 0, SHMX_LINES - 1},
	{"count", OPTION_BYTES, offsetof(struct signal_values, count), 1, UINT32_MAX},
};

static int
check_nodes(const struct ctl *c)
{
	return word_nodes(c->words[0], &nodes);
}

static enum ctl_exit
signal_run(struct ctl *c)
{
	const struct shmx_to to = to_of(c);
	uint64_t cookie = shmx_wait_cookie(c->ep);
	struct shmx_event event = {0};
	int ret = shmx_signal(c->ep, c->session, &to, (uint8_t)sig.line,
		(uint32_t)RTE_MAX(sig.count, 1u), cookie);

	ret = ctl_wait(c, ret, cookie, &event);
	return told(c, c->words[0], ret, event.value);
}

/* ---- send ------------------------------------------------------------------------------ */

static struct send_values {
	const char *memory; /* pool of a long message */
} send_values;

static const struct option_type send_options[] = {
	{"memory", OPTION_TEXT, offsetof(struct send_values, memory)},
};

static int
check_send(const struct ctl *c)
{
	if (send_values.memory != NULL && word_name(send_values.memory) < 0)
		return -EINVAL;
	return check_nodes(c);
}

/* All of the standard input. @return NULL after a line. */
static uint8_t *
read_input(uint64_t *len)
{
	uint64_t room = 65536;
	uint8_t *data = malloc(room);
	ssize_t n;

	for (*len = 0; data != NULL; *len += (uint64_t)n) {
		if (*len == room && room < MEMORY_MAX) {
			uint8_t *more = realloc(data, room * 2);

			if (more == NULL)
				break;
			data = more;
			room *= 2;
		}
		n = read(STDIN_FILENO, data + *len, room - *len);
		if (n == 0 && *len < MEMORY_MAX)
			return data;
		if (n <= 0)
			break;
	}
	free(data);
	fail("the standard input cannot be read, or has more than 1G");
	return NULL;
}

static int
send_short(struct ctl *c, const void *data, uint64_t len, uint64_t *reached)
{
	const struct shmx_to to = to_of(c);
	uint64_t cookie = shmx_wait_cookie(c->ep);
	struct shmx_event event = {0};
	int ret = shmx_send(c->ep, c->session, &to, data, (uint32_t)len, cookie);

	ret = ctl_wait(c, ret, cookie, &event);
	*reached = event.value;
	return ret;
}

static int
send_memory(struct ctl *c, const void *data, uint64_t len, uint64_t *reached)
{
	const struct shmx_to to = to_of(c);
	struct shmx_alloc_req req = {.len = len, .owner = SHMX_OWNER_SELF};
	uint64_t cookie = shmx_wait_cookie(c->ep);
	struct shmx_event event = {0};
	shmx_addr_t addr = 0;
	int ret = shmx_pool_open_sync(c->ep, c->session, send_values.memory, &req.pool);

	if (ret == 0)
		ret = shmx_alloc_sync(c->ep, &req, &addr);
	if (ret == 0)
		ret = shmx_put_sync(c->ep, addr, data, len);
	if (ret == 0)
		ret = ctl_wait(c, shmx_send_memory(c->ep, c->session, &to, addr, len, cookie),
			cookie, &event);
	*reached = event.value;
	/* Nobody has it. */
	if (addr != 0 && (ret < 0 || event.value == 0))
		shmx_free_sync(c->ep, addr);
	return ret;
}

static enum ctl_exit
send_data(struct ctl *c, const void *data, uint64_t len)
{
	uint64_t reached = 0;
	int ret;

	if (send_values.memory == NULL && len > SHMX_MESSAGE_MAX) {
		fail("a message has at most %d bytes, this has %" PRIu64
		     ": give --memory POOL, and it is sent as memory",
			SHMX_MESSAGE_MAX, len);
		return CTL_FAILED;
	}
	if (send_values.memory != NULL && len > 0)
		ret = send_memory(c, data, len, &reached);
	else
		ret = send_short(c, data, len, &reached);
	return told(c, c->words[0], ret, reached);
}

static enum ctl_exit
send_run(struct ctl *c)
{
	enum ctl_exit ret;
	uint8_t *data;
	uint64_t len;

	if (c->nb_words > 1)
		return send_data(c, c->words[1], strlen(c->words[1]));
	data = read_input(&len);
	if (data == NULL)
		return CTL_FAILED;
	ret = send_data(c, data, len);
	free(data);
	return ret;
}

/* ---- recv, watch ----------------------------------------------------------------------- */

static struct recv_values {
	uint64_t count;      /* of messages; 0: no end */
	uint64_t timeout_ms; /* 0: none */
} recv_values;

static const struct option_type recv_options[] = {
	{"count", OPTION_BYTES, offsetof(struct recv_values, count), 1, UINT32_MAX},
	{"timeout", OPTION_BYTES, offsetof(struct recv_values, timeout_ms), 1, UINT32_MAX},
};

static enum ctl_exit
open_inbox(struct ctl *c)
{
	int ret = shmx_inbox_open_sync(c->ep, c->session, NULL);

	if (ret == -EBUSY) {
		fail("node %u has an inbox open already: end what holds it, or give another "
		     "--node",
			(unsigned int)c->opt.link.node);
		return CTL_FAILED;
	}
	return ret < 0 ? ctl_explain(c, "inbox", ret) : CTL_DONE;
}

/* The bytes of a message that is memory. @return NULL after a line. */
static uint8_t *
fetch(struct ctl *c, const struct shmx_event *e)
{
	uint8_t *data = e->value2 <= MEMORY_MAX ? malloc(e->value2) : NULL;
	int ret = data != NULL ? shmx_get_sync(c->ep, e->value, data, e->value2) : -ENOMEM;
	uint64_t cookie = shmx_wait_cookie(c->ep);
	struct shmx_event done;

	ctl_wait(c, shmx_message_done(c->ep, c->session, e->cookie, cookie), cookie, &done);
	if (ret == 0)
		return data;
	free(data);
	ctl_explain(c, "message", ret);
	return NULL;
}

static bool
write_all(const uint8_t *data, uint64_t len)
{
	return fwrite(data, 1, len, stdout) == len && fflush(stdout) == 0;
}

/* @return 1: a message was written, 0: it was none, -1 after a line. */
static int
take_message(struct ctl *c, const struct shmx_event *e)
{
	uint8_t *data;
	bool written;

	if (e->type == SHMX_EV_MESSAGE)
		return write_all((const uint8_t *)(uintptr_t)e->value, e->value2) ? 1 : -1;
	if (e->type != SHMX_EV_MEMORY)
		return 0;
	data = fetch(c, e);
	if (data == NULL)
		return -1;
	written = write_all(data, e->value2);
	free(data);
	return written ? 1 : -1;
}

/* As the lines of a log, or an object each. */
static int
print_event(struct ctl *c, const struct shmx_event *e)
{
	static const char *const kinds[] = {
		[SHMX_EV_SIGNAL] = "signal",
		[SHMX_EV_MESSAGE] = "message",
		[SHMX_EV_MEMORY] = "memory",
	};
	bool signal = e->type == SHMX_EV_SIGNAL;

	if (e->type < SHMX_EV_SIGNAL || e->type > SHMX_EV_MEMORY)
		return 0;
	if (c->opt.json)
		printf("{\"event\": \"%s\", \"%s\": %" PRIu64 ", \"%s\": %" PRIu64 "}\n",
			kinds[e->type], signal ? "line" : "from",
			signal ? e->value : (uint64_t)e->status, signal ? "count" : "length",
			e->value2);
	else if (signal)
		printf("signal on line %" PRIu64 ", %" PRIu64 " times\n", e->value, e->value2);
	else
		printf("%s of %" PRIu64 " bytes from node %d\n", kinds[e->type], e->value2,
			e->status);
	fflush(stdout);
	if (e->type == SHMX_EV_MEMORY)
		shmx_message_done(c->ep, c->session, e->cookie, 0);
	return 1;
}

/* One event, if there is one by then. @return whether there was. */
static bool
next_event(struct ctl *c, struct shmx_event *e, uint64_t end)
{
	while (!stop && rte_get_timer_cycles() < end) {
		if (shmx_poll(c->ep, e, 1) > 0)
			return true;
		usleep(200);
	}
	return false;
}

static uint64_t
end_of_time(void)
{
	if (recv_values.timeout_ms == 0)
		return UINT64_MAX;
	return rte_get_timer_cycles() + recv_values.timeout_ms * rte_get_timer_hz() / 1000;
}

static enum ctl_exit
receive(struct ctl *c, int (*take)(struct ctl *c, const struct shmx_event *e))
{
	uint64_t end = end_of_time(), got = 0;
	enum ctl_exit ret = open_inbox(c);
	struct shmx_event e;
	int n;

	stop_on_signals();
	while (ret == CTL_DONE && (recv_values.count == 0 || got < recv_values.count) &&
		next_event(c, &e, end)) {
		if (e.type == SHMX_EV_PEER_DOWN)
			return ctl_explain(c, "inbox", e.status);
		n = take(c, &e);
		if (n < 0)
			return CTL_FAILED;
		got += (uint64_t)n;
	}
	if (ret != CTL_DONE || got >= recv_values.count)
		return ret;
	fail("%" PRIu64 " of %" PRIu64 " came in that time", got, recv_values.count);
	return CTL_FAILED;
}

static enum ctl_exit
recv_run(struct ctl *c)
{
	if (recv_values.count == 0)
		recv_values.count = 1;
	return receive(c, take_message);
}

static enum ctl_exit
watch_run(struct ctl *c)
{
	return receive(c, print_event);
}

const struct command message_commands[] = {
	{
		.name = "signal",
		.words = "NODES",
		.summary = "Signal nodes that have an inbox.",
		.details = "  --line N         0 to 63 [0]\n"
			   "  --count N        so many times [1]\n"
			   "\n"
			   "NODES: ids, or everyone for all that have an inbox.\n",
		.min = 1,
		.max = 1,
		COMMAND_OPTIONS(signal_options, sig),
		.check = check_nodes,
		.run = signal_run,
	},
	{
		.name = "send",
		.words = "NODES [TEXT]",
		.summary = "Send a message: a text, or the input.",
		.details =
			"  --memory POOL    as memory of that pool, up to 1G; without, up to 1024 "
			"bytes\n"
			"\n"
			"NODES: ids, or everyone for all that have an inbox. They all get it, or "
			"none.\n",
		.min = 1,
		.max = 2,
		COMMAND_OPTIONS(send_options, send_values),
		.check = check_send,
		.run = send_run,
	},
	{
		.name = "recv",
		.words = "",
		.summary = "Receive messages for this node.",
		.details = "  --count N        so many [1]\n"
			   "  --timeout MS     wait no longer [for as long as it takes]\n"
			   "\n"
			   "They are written to the standard output as they are. The inbox is open "
			   "while the\n"
			   "command runs: what is sent before is refused.\n",
		COMMAND_OPTIONS(recv_options, recv_values),
		.run = recv_run,
	},
	{
		.name = "watch",
		.words = "",
		.summary = "Tell what signals and messages come.",
		.details = "  --count N        so many [until interrupted]\n"
			   "  --timeout MS     no longer than that\n"
			   "\n"
			   "A line for each, in JSON an object a line. What messages say is not "
			   "shown.\n",
		COMMAND_OPTIONS(recv_options, recv_values),
		.run = watch_run,
	},
	{NULL},
};
