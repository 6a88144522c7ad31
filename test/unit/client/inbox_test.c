/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Signals and messages between three compute nodes, with one worker and with several. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "client/inbox.h"
#include "lossy.h"
#include "target/target_private.h"

#define EP(i) fx.host[i].ep
#define S(i)  fx.host[i].session

#define INBOX 500 /* cookie of an inbox's events, and the host */

static const uint16_t both[] = {2, 3}, nobody[] = {800, 801};
static const struct shmx_to one = {.kind = SHMX_TO_NODE, .node = 1};
static const struct shmx_to two = {.kind = SHMX_TO_NODE, .node = 2};
static const struct shmx_to three = {.kind = SHMX_TO_NODE, .node = 3};
static const struct shmx_to set = {.kind = SHMX_TO_SET, .nodes = both, .nb_nodes = 2};
static const struct shmx_to everybody = {.kind = SHMX_TO_ALL};

static struct fixture fx;

static void
begin(void)
{
	const struct fixture_conf conf = {.nb_hosts = 3, .workers = fixture_workers};

	fixture_up(&fx, &conf);
}

static int
open_as(unsigned int host, const struct shmx_inbox_conf *conf)
{
	uint64_t cookie = INBOX + host;
	struct shmx_event event = {0};

	return finish(EP(host), shmx_inbox_open(EP(host), S(host), conf, cookie), cookie, &event);
}

static void
open_all(void)
{
	for (unsigned int i = 0; i < 3; i++)
		SAME(open_as(i, NULL), 0);
}

/* The next event of an inbox, if one comes; what else comes meanwhile is not wanted. */
static bool
hear(unsigned int host, struct shmx_event *event)
{
	for (unsigned int i = 0; i < 300; i++)
		if (shmx_poll(EP(host), event, 1) == 1 && event->type >= SHMX_EV_SIGNAL)
			return true;
	return false;
}

static int
send_word(unsigned int host, const struct shmx_to *to, uint64_t word)
{
	return STATUS(EP(host), shmx_send(EP(host), S(host), to, &word, 8, cookie));
}

static void
hear_word(unsigned int host, uint16_t from, uint64_t word)
{
	struct shmx_event e = {0};
	uint64_t got = 0;

	CU_ASSERT(hear(host, &e));
	SAME(e.type, SHMX_EV_MESSAGE);
	SAME(e.cookie, INBOX + host);
	SAME(e.status, from);
	SAME(e.value2, 8);
	if (e.type == SHMX_EV_MESSAGE)
		memcpy(&got, (const void *)(uintptr_t)e.value, 8);
	SAME(got, word);
}

/* ---- signals ------------------------------------------------------------------------------ */

static uint64_t
signals(unsigned int host, const struct shmx_to *to, uint8_t line, uint32_t count)
{
	return VALUE(EP(host), shmx_signal(EP(host), S(host), to, line, count, cookie));
}

static void
hear_signal(unsigned int host, uint8_t line, uint64_t count)
{
	struct shmx_event e = {0};

	CU_ASSERT(hear(host, &e));
	SAME(e.type, SHMX_EV_SIGNAL);
	SAME(e.cookie, INBOX + host);
	SAME(e.value, line);
	SAME(e.value2, count);
}

static void
signal__to_one_a_set_and_all(void)
{
	struct shmx_event e;

	begin();
	open_all();
	SAME(signals(0, &two, 5, 3), 1);
	hear_signal(1, 5, 3);
	SAME(signals(0, &set, 63, 1), 2);
	hear_signal(1, 63, 1);
	hear_signal(2, 63, 1);
	SAME(signals(1, &everybody, 0, UINT32_MAX), 2);
	hear_signal(0, 0, UINT32_MAX);
	hear_signal(2, 0, UINT32_MAX);
	CU_ASSERT(!hear(1, &e));
	SAME(signals(0, &one, 1, 1), 1);
	hear_signal(0, 1, 1);
	fixture_down(&fx);
}

/* Of one that does not poll, they add up. */
static void
signal__counted(void)
{
	uint64_t heard = 0;
	struct shmx_event e;

	begin();
	open_all();
	for (unsigned int i = 0; i < 1000; i++)
		SAME(signals(0, &two, 9, 2), 1);
	while (hear(1, &e)) {
		SAME(e.value, 9);
		heard += e.value2;
	}
	SAME(heard, 2000);
	fixture_down(&fx);
}

static void
on_signal(void *ctx, uint8_t line, uint64_t count)
{
	((uint64_t *)ctx)[line] += count;
}

static void
signal__by_callback_and_descriptor(void)
{
	uint64_t count[SHMX_LINES] = {0};
	struct shmx_inbox_conf conf = {
		.on_signal = on_signal, .ctx = count, .notify_fd = eventfd(0, EFD_NONBLOCK)};
	eventfd_t woken;

	begin();
	SAME(open_as(1, &conf), 0);
	SAME(eventfd_read(conf.notify_fd, &woken), -1);
	SAME(signals(0, &two, 5, 3), 1);
	poll_for(EP(1), 5);
	SAME(count[5], 3);
	SAME(eventfd_read(conf.notify_fd, &woken), 0);
	SAME(eventfd_read(conf.notify_fd, &woken), -1);
	close(conf.notify_fd);
	fixture_down(&fx);
}

static void
signal__errors(void)
{
	const struct shmx_to nodes = {.kind = SHMX_TO_SET, .nodes = nobody, .nb_nodes = 2};
	const struct shmx_to none = {.kind = SHMX_TO_NODE};
	const struct shmx_to empty = {.kind = SHMX_TO_SET, .nodes = both};

	begin();
	SAME(STATUS(EP(0), shmx_signal(EP(0), S(0), &two, 0, 1, cookie)), -ENOENT);
	SAME(STATUS(EP(0), shmx_signal(EP(0), S(0), &nodes, 0, 1, cookie)), -ENOENT);
	SAME(signals(0, &everybody, 0, 1), 0);
	SAME(shmx_signal(NULL, S(0), &two, 0, 1, 1), -EINVAL);
	SAME(shmx_signal(EP(0), S(0), NULL, 0, 1, 1), -EINVAL);
	SAME(shmx_signal(EP(0), S(0), &none, 0, 1, 1), -EINVAL);
	SAME(shmx_signal(EP(0), S(0), &empty, 0, 1, 1), -EINVAL);
	SAME(shmx_signal(EP(0), S(0), &two, SHMX_LINES, 1, 1), -EINVAL);
	SAME(shmx_signal(EP(0), S(0), &two, 0, 0, 1), -EINVAL);
	SAME(shmx_signal(EP(0), 9999, &two, 0, 1, 1), -ENOTCONN);
	fixture_down(&fx);
}

/* ---- messages ----------------------------------------------------------------------------- */

static void
message__to_one_a_set_and_all(void)
{
	struct shmx_event e;

	begin();
	open_all();
	SAME(send_word(0, &two, 11), 0);
	SAME(send_word(0, &set, 12), 0);
	SAME(send_word(2, &everybody, 13), 0);
	SAME(send_word(0, &one, 14), 0);
	hear_word(1, 1, 11);
	hear_word(1, 1, 12);
	hear_word(1, 3, 13);
	hear_word(2, 1, 12);
	hear_word(0, 3, 13);
	hear_word(0, 1, 14);
	for (unsigned int i = 0; i < 3; i++)
		CU_ASSERT(!hear(i, &e));
	fixture_down(&fx);
}

static void
message__of_any_length(void)
{
	uint8_t data[SHMX_MESSAGE_MAX];
	struct shmx_event e = {0};

	begin();
	open_all();
	for (uint32_t len = 0; len <= SHMX_MESSAGE_MAX; len++) {
		pattern_fill(data, len, len);
		SAME(VALUE(EP(0), shmx_send(EP(0), S(0), &set, data, len, cookie)), 2);
		for (unsigned int host = 1; host < 3; host++) {
			CU_ASSERT(hear(host, &e));
			SAME(e.value2, len);
			SAME(memcmp((const void *)(uintptr_t)e.value, data, len), 0);
		}
	}
	fixture_down(&fx);
}

/* Many in flight, more than the receiver takes at a time: what is refused is sent again, in order.
 */
#define STREAM 5000
#define ROUND  64

struct stream {
	uint64_t next;    /* number of the next message to send */
	uint64_t refused; /* the first of those refused that is to be sent again */
	unsigned int in_flight, refusals;
	uint64_t heard;
};

static void
stream_send(struct stream *st)
{
	while (st->in_flight < ROUND && st->refused == UINT64_MAX && st->next < STREAM) {
		if (shmx_send(EP(0), S(0), &two, &st->next, 8, st->next) != 0)
			break;
		st->next++;
		st->in_flight++;
	}
}

/* Once all answers are there, on from the first that was refused. */
static void
stream_answers(struct stream *st)
{
	struct shmx_event e[16];
	uint16_t n = shmx_poll(EP(0), e, RTE_DIM(e));

	for (uint16_t i = 0; i < n; i++) {
		CU_ASSERT(e[i].status == 0 || e[i].status == -ENOBUFS);
		st->in_flight--;
		if (e[i].status == 0)
			continue;
		st->refusals++;
		st->refused = RTE_MIN(st->refused, e[i].cookie);
	}
	if (st->in_flight == 0 && st->refused != UINT64_MAX) {
		st->next = st->refused;
		st->refused = UINT64_MAX;
	}
}

static void
stream_hear(struct stream *st, unsigned int most)
{
	struct shmx_event e[16];
	uint16_t n = shmx_poll(EP(1), e, (uint16_t)most);

	for (uint16_t i = 0; i < n; i++) {
		uint64_t word;

		memcpy(&word, (const void *)(uintptr_t)e[i].value, 8);
		SAME(word, st->heard);
		st->heard++;
	}
}

static void
message__in_order_to_a_slow_receiver(void)
{
	const struct shmx_inbox_conf small = {.bytes = 2048, .window = 2048};
	struct stream st = {.refused = UINT64_MAX};

	begin();
	SAME(open_as(1, &small), 0);
	SAME(open_as(2, NULL), 0);
	for (unsigned int turn = 0; turn < 200000 && st.heard < STREAM; turn++) {
		stream_send(&st);
		stream_answers(&st);
		if (turn % 7 == 0)
			stream_hear(&st, 1 + turn % 16);
		/* Nobody else is slowed. */
		if (turn % 1000 == 0) {
			SAME(send_word(1, &(struct shmx_to){.node = 3}, turn), 0);
			hear_word(2, 2, turn);
		}
	}
	SAME(st.heard, STREAM);
	CU_ASSERT(st.refusals > 0);
	fixture_down(&fx);
}

/* Events of operations that fill every poll leave an inbox its part, and the other way round. */
static void
message__beside_operations_that_never_pause(void)
{
	for (uint16_t max = 1; max <= 4; max++) {
		struct shmx_event e[4];
		unsigned int ops = 0, heard = 0, sent = 0;
		uint64_t word = 0;
		shmx_addr_t addr;

		begin();
		open_all();
		addr = alloc_of(&fx, 1, 64);
		for (unsigned int i = 0; i < 16; i++)
			SAME(shmx_get(EP(1), addr, &word, 8, 1), 0);
		for (unsigned int turn = 0; turn < 400; turn++) {
			uint16_t n;

			sent += shmx_send(EP(0), S(0), &two, &sent, sizeof(sent), 1) == 0;
			shmx_poll(EP(0), e, RTE_DIM(e));
			n = shmx_poll(EP(1), e, max);
			for (uint16_t i = 0; i < n; i++) {
				if (e[i].type == SHMX_EV_MESSAGE) {
					SAME(*(const unsigned int *)(uintptr_t)e[i].value, heard);
					heard++;
					continue;
				}
				ops++;
				SAME(shmx_get(EP(1), addr, &word, 8, 1), 0);
			}
		}
		CU_ASSERT(heard >= 40);
		CU_ASSERT(ops >= 40);
		fixture_down(&fx);
	}
}

static void
word_arrives(unsigned int host, shmx_session_t session, uint64_t word)
{
	struct {
		struct wire_message msg;
		uint64_t word;
	} rec = {.msg = {.rec = {.op = WIRE_OP_MESSAGE, .len = RTE_BE32(8)}, .node = RTE_BE16(1)},
		.word = word};
	struct rdp_session *s = rdp_session_at(EP(host)->rdp, session);

	SAME(inbox_input(EP(host), s, &rec.msg.rec, sizeof(rec)), sizeof(rec));
}

/* Nor does an inbox that is never empty keep another one waiting. */
static void
message__beside_another_inbox(void)
{
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	unsigned int heard[2] = {0};
	shmx_session_t second;
	struct shmx_event e;

	begin();
	open_all();
	SAME(shmx_connect_sync(EP(1), &peer, &second), 0);
	/* That of another memory node, as far as this end knows. */
	SAME(STATUS(EP(1), shmx_inbox_open(EP(1), second, NULL, cookie)), -EBUSY);
	for (unsigned int i = 0; i < 100; i++) {
		word_arrives(1, S(1), i);
		word_arrives(1, second, i);
		if (shmx_poll(EP(1), &e, 1) == 1 && e.type == SHMX_EV_MESSAGE)
			heard[e.session == second]++;
	}
	CU_ASSERT(heard[0] >= 20);
	CU_ASSERT(heard[1] >= 20);
	fixture_down(&fx);
}

/* The event of its opening comes before all that an inbox gets, also when it waits for room. */
static void
message__behind_the_opening(void)
{
	struct shmx_event e[2];
	uint64_t word = 0;

	begin();
	SAME(shmx_inbox_open(EP(1), S(1), NULL, INBOX + 1), 0);
	for (unsigned int i = 0; i < 50; i++)
		shmx_poll(EP(1), NULL, 0);
	SAME(client_kept(EP(1)), 1);
	SAME(send_word(0, &two, 3), 0);
	for (unsigned int i = 0; i < 50; i++)
		shmx_poll(EP(1), NULL, 0);
	SAME(shmx_poll(EP(1), e, 2), 2);
	SAME(e[0].type, SHMX_EV_OP);
	SAME(e[1].type, SHMX_EV_MESSAGE);
	if (e[1].type == SHMX_EV_MESSAGE)
		memcpy(&word, (const void *)(uintptr_t)e[1].value, 8);
	SAME(word, 3);
	/* However many events are kept after it. */
	SAME(client_kept(EP(1)), 0);
	EP(1)->kept_head += UINT32_C(1) << 31;
	EP(1)->kept_tail += UINT32_C(1) << 31;
	SAME(send_word(0, &two, 4), 0);
	hear_word(1, 1, 4);
	fixture_down(&fx);
}

/* When that was told before the answer came there is none to wait for. */
static void
message__behind_an_opening_given_up(void)
{
	struct shmx_event e = {0};

	begin();
	SAME(shmx_inbox_open(EP(1), S(1), NULL, INBOX + 1), 0);
	SAME(shmx_cancel(EP(1), INBOX + 1), 0);
	SAME(shmx_poll(EP(1), &e, 1), 1);
	SAME(e.status, -EINTR);
	for (unsigned int i = 0; i < 50; i++)
		shmx_poll(EP(1), NULL, 0);
	SAME(send_word(0, &two, 3), 0);
	hear_word(1, 1, 3);
	fixture_down(&fx);
}

/* What is not polled stays, and a poll without room takes nothing from where it is. */
static void
message__stays_until_a_poll_with_room(void)
{
	struct shmx_event e = {0};
	uint64_t word = 0;

	begin();
	open_all();
	SAME(send_word(0, &two, 77), 0);
	CU_ASSERT(hear(1, &e));
	for (uint64_t i = 0; i < 50; i++) {
		SAME(send_word(0, &two, 1000 + i), 0);
		shmx_poll(EP(1), NULL, 0);
	}
	memcpy(&word, (const void *)(uintptr_t)e.value, 8);
	SAME(word, 77);
	for (uint64_t i = 0; i < 50; i++)
		hear_word(1, 1, 1000 + i);
	fixture_down(&fx);
}

/* As long as may be, to as many as may be named. */
static void
message__longest_to_the_largest_set(void)
{
	uint16_t nodes[SHMX_NODES_MAX];
	const struct shmx_to most = {
		.kind = SHMX_TO_SET, .nodes = nodes, .nb_nodes = SHMX_NODES_MAX};
	uint8_t data[SHMX_MESSAGE_MAX];
	struct shmx_event e = {0};

	for (uint16_t i = 0; i < SHMX_NODES_MAX; i++)
		nodes[i] = 2 + i;
	begin();
	open_all();
	pattern_fill(data, sizeof(data), 3);
	SAME(VALUE(EP(0), shmx_send(EP(0), S(0), &most, data, sizeof(data), cookie)), 2);
	for (unsigned int host = 1; host < 3; host++) {
		CU_ASSERT_FATAL(hear(host, &e));
		SAME(e.value2, sizeof(data));
		SAME(memcmp((const void *)(uintptr_t)e.value, data, sizeof(data)), 0);
	}
	fixture_down(&fx);
}

static void
message__errors(void)
{
	const struct shmx_to nodes = {.kind = SHMX_TO_SET, .nodes = nobody, .nb_nodes = 2};
	uint8_t data[SHMX_MESSAGE_MAX + 1] = {0};

	begin();
	/* proves: shmx_send -ENOENT */
	SAME(send_word(0, &two, 1), -ENOENT);
	SAME(send_word(0, &nodes, 1), -ENOENT);
	SAME(VALUE(EP(0), shmx_send(EP(0), S(0), &everybody, data, 1, cookie)), 0);
	SAME(shmx_send(NULL, S(0), &two, data, 1, 1), -EINVAL);
	SAME(shmx_send(EP(0), S(0), NULL, data, 1, 1), -EINVAL);
	SAME(shmx_send(EP(0), S(0), &two, NULL, 1, 1), -EINVAL);
	SAME(shmx_send(EP(0), S(0), &two, data, sizeof(data), 1), -EINVAL);
	SAME(shmx_send(EP(0), S(0), &(struct shmx_to){.kind = (enum shmx_to_kind)9}, data, 1, 1),
		-EINVAL);
	SAME(shmx_send(EP(0), 9999, &two, data, 1, 1), -ENOTCONN);
	fixture_down(&fx);
}

/* ---- memory ------------------------------------------------------------------------------- */

static shmx_addr_t
memory_of(unsigned int host, uint64_t len, uint64_t number)
{
	const struct shmx_alloc_req req = {.pool = fx.pool, .len = len, .owner = SHMX_OWNER_SELF};
	uint8_t *data = malloc(len);
	shmx_addr_t addr = 0;

	pattern_fill(data, (uint32_t)len, number);
	SAME(shmx_alloc_sync(EP(host), &req, &addr), 0);
	SAME(shmx_put_sync(EP(host), addr, data, len), 0);
	free(data);
	return addr;
}

static uint64_t
hear_memory(unsigned int host, uint16_t from, shmx_addr_t addr, uint64_t len, uint64_t number)
{
	uint8_t *data = malloc(len), *back = malloc(len);
	struct shmx_event e = {0};

	CU_ASSERT(hear(host, &e));
	SAME(e.type, SHMX_EV_MEMORY);
	SAME(e.status, from);
	SAME(e.value, addr);
	SAME(e.value2, len);
	pattern_fill(data, (uint32_t)len, number);
	SAME(shmx_get_sync(EP(host), e.value, back, len), 0);
	SAME(memcmp(data, back, len), 0);
	free(data);
	free(back);
	return e.cookie;
}

static int
read_done(unsigned int host, uint64_t message)
{
	return STATUS(EP(host), shmx_message_done(EP(host), S(host), message, cookie));
}

static uint64_t
allocations(void)
{
	struct shmx_pool_info info = {.allocs = 99};

	SAME(shmx_pool_stat_sync(EP(0), fx.pool, &info), 0);
	return info.allocs;
}

/* Two in a row, without waiting: the first is refused with this status, and so is what follows. */
static void
refused_in_a_row(const struct shmx_to *to, shmx_addr_t addr, int status)
{
	uint64_t word = 99;
	struct shmx_event e[2] = {0};
	unsigned int n = 0;

	SAME(shmx_send_memory(EP(0), S(0), to, addr, 64, 1), 0);
	SAME(shmx_send(EP(0), S(0), &two, &word, 8, 2), 0);
	for (unsigned int i = 0; i < 300 && n < 2; i++)
		n += shmx_poll(EP(0), &e[n], (uint16_t)(2 - n));
	SAME(n, 2);
	SAME(e[0].cookie * 10 + e[1].cookie, 12);
	SAME(e[0].status, status);
	SAME(e[1].status, -ENOBUFS);
}

/* Read in place by both, and freed when the second is done. */
static void
memory__freed_after_the_last(void)
{
	uint64_t first, second, word;
	shmx_addr_t addr;

	begin();
	open_all();
	addr = memory_of(0, 100000, 5);
	SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &set, addr, 99999, cookie)), 2);
	SAME(shmx_get_sync(EP(0), addr, &word, 8), -EPERM);
	SAME(shmx_free_sync(EP(0), addr), -EBUSY);
	first = hear_memory(1, 1, addr, 99999, 5);
	SAME(shmx_free_sync(EP(1), addr), -EBUSY);
	SAME(STATUS(EP(1), shmx_resize(EP(1), addr, 64, cookie)), -EBUSY);
	SAME(read_done(1, first), 0);
	SAME(read_done(1, first), -ENOENT);
	second = hear_memory(2, 1, addr, 99999, 5);
	SAME(read_done(1, second), -ENOENT);
	SAME(allocations(), 1);
	SAME(read_done(2, second), 0);
	poll_for(EP(2), 2);
	SAME(allocations(), 0);
	SAME(shmx_get_sync(EP(2), addr, &word, 8), -ESTALE);
	fixture_down(&fx);
}

static void
memory__in_order_with_the_others(void)
{
	shmx_addr_t addr;

	begin();
	open_all();
	SAME(send_word(0, &two, 1), 0);
	addr = memory_of(0, 4096, 6);
	SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &two, addr, 4096, cookie)), 1);
	SAME(send_word(0, &two, 2), 0);
	hear_word(1, 1, 1);
	SAME(read_done(1, hear_memory(1, 1, addr, 4096, 6)), 0);
	hear_word(1, 1, 2);
	fixture_down(&fx);
}

/* Also when nobody waits for the answer to one before he sends the next. */
static void
memory__in_order_without_waiting(void)
{
	const uint64_t words[] = {1, 2};
	shmx_addr_t a, b;

	begin();
	open_all();
	a = memory_of(0, 4096, 6);
	b = memory_of(0, 64, 7);
	SAME(shmx_send(EP(0), S(0), &two, &words[0], 8, 1), 0);
	SAME(shmx_send_memory(EP(0), S(0), &two, a, 4096, 2), 0);
	SAME(shmx_send_memory(EP(0), S(0), &two, b, 64, 3), 0);
	SAME(shmx_send(EP(0), S(0), &two, &words[1], 8, 4), 0);
	poll_for(EP(0), 2);
	hear_word(1, 1, 1);
	SAME(read_done(1, hear_memory(1, 1, a, 4096, 6)), 0);
	SAME(read_done(1, hear_memory(1, 1, b, 64, 7)), 0);
	hear_word(1, 1, 2);
	fixture_down(&fx);
}

/* One of its readers cannot give it to somebody else, not in part, nor with what lies beside it,
 * before the last has read it. */
static void
memory__stays_its_readers(void)
{
	const uint16_t third[] = {3};
	shmx_addr_t addr, before, after;
	uint64_t message, second;

	begin();
	open_all();
	before = memory_of(1, 4096, 4);
	addr = memory_of(0, 4096, 5);
	after = memory_of(1, 4096, 6);
	SAME(addr - before, 4096);
	SAME(after - addr, 4096);
	SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &set, addr, 4096, cookie)), 2);
	message = hear_memory(1, 1, addr, 4096, 5);
	second = hear_memory(2, 1, addr, 4096, 5);
	SAME(STATUS(EP(0), shmx_own(EP(0), addr, 64, SHMX_OWNER_SELF, cookie)), -EPERM);
	SAME(STATUS(EP(1), shmx_own(EP(1), addr, 4096, SHMX_OWNER_SELF, cookie)), -EBUSY);
	SAME(STATUS(EP(1), shmx_own_nodes(EP(1), addr + 64, 64, SHMX_OWN_SET, third, 1, cookie)),
		-EBUSY);
	SAME(STATUS(EP(1), shmx_own_nodes(EP(1), before, 8192, SHMX_OWN_ADD, third, 1, cookie)),
		-EBUSY);
	SAME(STATUS(EP(1),
		     shmx_own_nodes(EP(1), addr + 4032, 128, SHMX_OWN_DROP, third, 1, cookie)),
		-EBUSY);
	SAME(STATUS(EP(1), shmx_own_nodes(EP(1), before, 4096, SHMX_OWN_ADD, third, 1, cookie)), 0);
	SAME(STATUS(EP(1), shmx_own_nodes(EP(1), after, 4096, SHMX_OWN_ADD, third, 1, cookie)), 0);
	SAME(read_done(1, message), 0);
	SAME(read_done(2, second), 0);
	poll_for(EP(1), 2);
	SAME(allocations(), 2);
	fixture_down(&fx);
}

/* What is read at last has gone with its pool: what lies there now is somebody else's. */
static void
memory__of_a_pool_that_is_gone(void)
{
	const struct shmx_pool_req again = {.name = "main", .size = 8 * MIB};
	shmx_addr_t addr, later, other;
	uint64_t message;
	uint16_t pool;

	begin();
	open_all();
	addr = memory_of(0, 4096, 5);
	SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &two, addr, 4096, cookie)), 1);
	message = hear_memory(1, 1, addr, 4096, 5);
	SAME(shmx_pool_destroy_sync(EP(0), fx.pool, true), 0);
	SAME(shmx_pool_create_sync(EP(0), S(0), &again, &pool), 0);
	SAME(pool, fx.pool);
	later = memory_of(0, 4096, 6);
	SAME(later, addr);
	/* proves: shmx_send_memory -EBUSY */
	refused_in_a_row(&two, later, -EBUSY);
	SAME(read_done(1, message), 0);
	poll_for(EP(1), 2);
	SAME(allocations(), 1);
	SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &two, later, 4096, cookie)), 1);
	SAME(read_done(1, hear_memory(1, 1, later, 4096, 6)), 0);
	other = memory_of(0, 64, 7);
	SAME(shmx_free_sync(EP(0), other), 0);
	poll_for(EP(1), 2);
	SAME(allocations(), 0);
	fixture_down(&fx);
}

static uint64_t
allocations_now(void)
{
	struct mem_pool_stat st = {0};

	mem_pool_peek(fx.mem, fx.pool, &st);
	return st.nb_allocs;
}

/* An inbox is closed with much in it: a worker clears a little a turn. */
#define PIECES 16
#define PIECE  65536

static void
memory__freed_a_few_at_a_time(void)
{
	uint64_t before, most = 0;

	begin();
	open_all();
	for (unsigned int i = 0; i < PIECES; i++) {
		shmx_addr_t addr = memory_of(0, PIECE, i);

		SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &two, addr, PIECE, cookie)), 1);
	}
	SAME(allocations_now(), PIECES);
	SAME(shmx_inbox_close(EP(1), S(1), 1), 0);
	shmx_flush(EP(1));
	server_turn(&fx);
	for (unsigned int i = 0; i < 10000 && allocations_now() > 0; i++) {
		before = allocations_now();
		target_worker_poll(target_worker_at(fx.target, i % fx.workers));
		most = RTE_MAX(most, before - allocations_now());
	}
	SAME(allocations_now(), 0);
	CU_ASSERT(most > 0 && (most <= 4 || fx.workers > 1));
	fixture_down(&fx);
}

/* All are on their way at once, and memory takes longer than a word. */
static void
memory__not_overtaken(void)
{
	enum { N = 12 };
	shmx_addr_t addr[N];
	struct shmx_event e[N];
	uint64_t word;

	begin();
	open_all();
	for (unsigned int i = 0; i < N; i++)
		addr[i] = memory_of(0, 4096, i);
	for (word = 0; word < N; word++) {
		SAME(shmx_send(EP(0), S(0), &two, &word, 8, 1), 0);
		SAME(shmx_send_memory(EP(0), S(0), &two, addr[word], 4096, 1), 0);
	}
	for (unsigned int i = 0; i < 200; i++)
		shmx_poll(EP(0), NULL, 0);
	for (unsigned int i = 0; i < N; i++) {
		hear_word(1, 1, i);
		SAME(read_done(1, hear_memory(1, 1, addr[i], 4096, i)), 0);
	}
	for (unsigned int n = 0; n < 2 * N; n++) {
		SAME(shmx_poll(EP(0), e, 1), 1);
		SAME(e[0].status, 0);
	}
	SAME(allocations(), 0);
	fixture_down(&fx);
}

/* Nobody has it: it is as before. */
static void
memory__refused_stays_the_senders(void)
{
	const struct shmx_inbox_conf little = {.memory = 1000};
	shmx_addr_t addr;
	uint64_t word = 0;

	begin();
	SAME(open_as(1, &little), 0);
	addr = memory_of(0, 4096, 7);
	SAME(STATUS(EP(0), shmx_send_memory(EP(0), S(0), &two, addr, 4096, cookie)), -EMSGSIZE);
	SAME(STATUS(EP(0), shmx_send_memory(EP(0), S(0), &one, addr, 4096, cookie)), -ENOENT);
	SAME(shmx_get_sync(EP(0), addr, &word, 8), 0);
	SAME(shmx_get_sync(EP(1), addr, &word, 8), -EPERM);
	SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &two, addr, 900, cookie)), 1);
	SAME(STATUS(EP(0), shmx_send_memory(EP(0), S(0), &two, addr, 900, cookie)), -EPERM);
	SAME(read_done(1, hear_memory(1, 1, addr, 900, 7)), 0);
	fixture_down(&fx);
}

/* More than a receiver takes at a time: the next one waits at the sender, and stays his. */
static void
memory__more_than_is_taken(void)
{
	const struct shmx_inbox_conf little = {.memory = 8000},
				     tiny = {.bytes = 2048, .window = 2048};
	shmx_addr_t first, second;
	struct shmx_event e;
	uint64_t word = 0, message;
	unsigned int n = 0;

	begin();
	SAME(open_as(1, &little), 0);
	first = memory_of(0, 4096, 7);
	second = memory_of(0, 4096, 8);
	SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &two, first, 4096, cookie)), 1);
	SAME(STATUS(EP(0), shmx_send_memory(EP(0), S(0), &two, second, 4096, cookie)), -ENOBUFS);
	SAME(shmx_get_sync(EP(0), second, &word, 8), 0);
	SAME(shmx_get_sync(EP(1), second, &word, 8), -EPERM);
	message = hear_memory(1, 1, first, 4096, 7);
	CU_ASSERT(!hear(1, &e));
	SAME(read_done(1, message), 0);
	SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &two, second, 4096, cookie)), 1);
	SAME(read_done(1, hear_memory(1, 1, second, 4096, 8)), 0);
	SAME(allocations(), 0);
	/* Likewise of messages that nobody polls. */
	SAME(open_as(2, &tiny), 0);
	for (; n < 10000 && send_word(0, &three, n) == 0; n++)
		;
	/* proves: shmx_send -ENOBUFS */
	SAME(send_word(0, &three, n), -ENOBUFS);
	for (unsigned int i = 0; i < n; i++)
		hear_word(2, 1, i);
	CU_ASSERT(!hear(2, &e));
	fixture_down(&fx);
}

/* However many are read at a time, one more is refused as if its receiver were full. */
static void
memory__more_than_the_memory_node_counts(void)
{
	enum { MOST = 16 };
	uint64_t message = 0;
	shmx_addr_t addr;

	begin();
	open_all();
	for (unsigned int i = 0; i < MOST; i++) {
		addr = memory_of(0, 64, i);
		SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &two, addr, 64, cookie)), 1);
	}
	addr = memory_of(0, 64, 50);
	refused_in_a_row(&two, addr, -ENOBUFS);
	for (unsigned int i = 0; i < MOST; i++) {
		struct shmx_event e = {0};

		CU_ASSERT(hear(1, &e));
		message = e.cookie;
	}
	SAME(read_done(1, message), 0);
	poll_for(EP(1), 2);
	SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &two, addr, 64, cookie)), 1);
	SAME(send_word(0, &two, 100), 0);
	hear_memory(1, 1, addr, 64, 50);
	hear_word(1, 1, 100);
	fixture_down(&fx);
}

/* Nor does anything overtake what is refused because the memory node knows too many sets. */
static void
memory__to_one_set_too_many(void)
{
	const struct fixture_conf conf = {.nb_hosts = 3, .workers = fixture_workers, .max_sets = 2};
	uint16_t nodes[2] = {1};
	shmx_addr_t addr;

	fixture_up(&fx, &conf);
	open_all();
	addr = memory_of(0, 4096, 5);
	for (uint16_t i = 0; i < 2; i++) {
		nodes[1] = 700 + i;
		SAME(STATUS(EP(0), shmx_own_nodes(EP(0), addr + i * 64u, 64, SHMX_OWN_SET, nodes, 2,
					   cookie)),
			0);
	}
	addr = memory_of(0, 64, 6);
	/* proves: shmx_send_memory -ENOSPC */
	refused_in_a_row(&set, addr, -ENOSPC);
	SAME(send_word(0, &two, 101), 0);
	hear_word(1, 1, 101);
	SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &two, addr, 64, cookie)), 1);
	hear_memory(1, 1, addr, 64, 6);
	fixture_down(&fx);
}

static void
memory__errors(void)
{
	shmx_addr_t addr;

	begin();
	open_all();
	addr = memory_of(0, 4096, 8);
	SAME(STATUS(EP(0), shmx_send_memory(EP(0), S(0), &two, addr, 4097, cookie)), -EINVAL);
	SAME(STATUS(EP(0), shmx_send_memory(EP(0), S(0), &two, addr + 64, 64, cookie)), -ENOENT);
	SAME(STATUS(EP(1), shmx_send_memory(EP(1), S(1), &two, addr, 64, cookie)), -EPERM);
	SAME(STATUS(EP(0), shmx_own(EP(0), addr, 64, SHMX_OWNER_EVERYONE, cookie)), 0);
	SAME(STATUS(EP(0), shmx_send_memory(EP(0), S(0), &two, addr, 64, cookie)), -EINVAL);
	SAME(shmx_send_memory(NULL, S(0), &two, addr, 64, 1), -EINVAL);
	SAME(shmx_send_memory(EP(0), S(0), NULL, addr, 64, 1), -EINVAL);
	SAME(shmx_send_memory(EP(0), S(0), &two, 0, 64, 1), -EINVAL);
	SAME(shmx_send_memory(EP(0), S(0), &two, addr, 0, 1), -EINVAL);
	SAME(shmx_send_memory(EP(0), 9999, &two, addr, 64, 1), -ENOTCONN);
	SAME(shmx_message_done(NULL, S(0), 1, 1), -EINVAL);
	SAME(shmx_message_done(EP(0), S(0), 0, 1), -EINVAL);
	SAME(shmx_message_done(EP(0), 9999, 1, 1), -ENOTCONN);
	/* proves: shmx_message_done -ENOENT */
	SAME(read_done(0, 12345), -ENOENT);
	fixture_down(&fx);
}

/* ---- inboxes ------------------------------------------------------------------------------ */

static void
reconnect(unsigned int host)
{
	const struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	uint16_t pool;

	SAME(shmx_connect_sync(EP(host), &peer, &S(host)), 0);
	SAME(shmx_pool_open_sync(EP(host), S(host), "main", &pool), 0);
}

static void
inbox__opened_and_closed(void)
{
	const struct shmx_inbox_conf tiny = {.bytes = 100}, huge = {.window = UINT32_MAX},
				     no_fd = {.notify_fd = -1};

	begin();
	SAME(STATUS(EP(1), shmx_inbox_close(EP(1), S(1), cookie)), -ENOENT);
	SAME(open_as(1, NULL), 0);
	/* proves: shmx_inbox_open -EEXIST */
	SAME(open_as(1, NULL), -EEXIST);
	SAME(send_word(0, &two, 1), 0);
	SAME(STATUS(EP(1), shmx_inbox_close(EP(1), S(1), cookie)), 0);
	SAME(send_word(0, &two, 2), -ENOENT);
	hear_word(1, 1, 1);
	poll_for(EP(1), 1);
	SAME(open_as(1, NULL), 0);
	SAME(send_word(0, &two, 3), 0);
	hear_word(1, 1, 3);
	SAME(shmx_inbox_open(EP(0), S(0), &tiny, 1), -EINVAL);
	SAME(shmx_inbox_open(EP(0), S(0), &huge, 1), -EINVAL);
	SAME(shmx_inbox_open(EP(0), S(0), &no_fd, 1), -EINVAL);
	SAME(shmx_inbox_open(NULL, S(0), NULL, 1), -EINVAL);
	SAME(shmx_inbox_open(EP(0), 9999, NULL, 1), -ENOTCONN);
	SAME(shmx_inbox_close(NULL, S(0), 1), -EINVAL);
	SAME(shmx_inbox_close(EP(0), 9999, 1), -ENOTCONN);
	fixture_down(&fx);
}

/* A node has one: the session that has it keeps it. */
static void
inbox__of_another_session(void)
{
	const struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	shmx_session_t second;

	begin();
	SAME(open_as(1, NULL), 0);
	SAME(shmx_connect_sync(EP(1), &peer, &second), 0);
	SAME(STATUS(EP(1), shmx_inbox_open(EP(1), second, NULL, cookie)), -EBUSY);
	SAME(STATUS(EP(1), shmx_inbox_close(EP(1), second, cookie)), -ENOENT);
	SAME(send_word(0, &two, 1), 0);
	hear_word(1, 1, 1);
	SAME(STATUS(EP(1), shmx_inbox_close(EP(1), S(1), cookie)), 0);
	poll_for(EP(1), 1);
	SAME(STATUS(EP(1), shmx_inbox_open(EP(1), second, NULL, cookie)), 0);
	fixture_down(&fx);
}

/* What was sent before it was closed comes before the event says so, also when it was lost on the
 * way: the next inbox of the session would take it for its own. */
static void
inbox__closed_behind_what_was_lost(void)
{
	const struct fixture_conf conf = {
		.nb_hosts = 3, .workers = fixture_workers, .wrap = wrap_lossy};
	struct shmx_event e;
	uint64_t word = 1;

	fixture_up(&fx, &conf);
	open_all();
	SAME(shmx_send(EP(0), S(0), &two, &word, 8, 1), 0);
	shmx_flush(EP(0));
	lossy_mute = true;
	for (unsigned int i = 0; i < 8; i++)
		server_turn(&fx);
	lossy_mute = false;
	SAME(STATUS(EP(1), shmx_inbox_close(EP(1), S(1), cookie)), 0);
	/* proves: shmx_inbox_open -EAGAIN */
	SAME(open_as(1, NULL), -EAGAIN);
	hear_word(1, 1, 1);
	CU_ASSERT(!hear(1, &e));
	SAME(open_as(1, NULL), 0);
	SAME(send_word(0, &two, 2), 0);
	hear_word(1, 1, 2);
	fixture_down(&fx);
}

/* Likewise what waits for room in the frames of the session. */
static void
inbox__closed_behind_what_waits(void)
{
	const struct shmx_inbox_conf large = {.bytes = 1u << 20, .window = 1u << 20};
	uint8_t data[SHMX_MESSAGE_MAX] = {0};
	struct shmx_event e;
	unsigned int n = 0;
	uint64_t arrived;

	begin();
	SAME(open_as(1, &large), 0);
	poll_for(EP(1), 1);
	for (unsigned int i = 0; i < 180; i++)
		SAME(STATUS(EP(0), shmx_send(EP(0), S(0), &two, data, sizeof(data), cookie)), 0);
	SAME(shmx_inbox_close(EP(1), S(1), 1), 0);
	shmx_flush(EP(1));
	for (unsigned int i = 0; i < 3; i++)
		server_turn(&fx);
	do {
		/* At first it does not hear that there is room again. */
		fx.server_stopped = n < 200;
		e = (struct shmx_event){0};
		shmx_poll(EP(1), &e, 1);
		n++;
	} while (n < 10000 && (e.type != SHMX_EV_OP || e.cookie != 1));
	fx.server_stopped = false;
	SAME(e.status, 0);
	arrived = EP(1)->inboxes->arrived;
	while (hear(1, &e))
		;
	SAME(EP(1)->inboxes->arrived, arrived);
	SAME(open_as(1, &large), 0);
	SAME(send_word(0, &two, 2), 0);
	hear_word(1, 1, 2);
	fixture_down(&fx);
}

/* What came while nobody was there is got by who comes next; what was sent before its end is not.
 */
static void
inbox__kept_when_its_session_ends(void)
{
	const struct shmx_inbox_conf kept = {.keep = true};

	begin();
	SAME(open_as(1, &kept), 0);
	SAME(shmx_disconnect(EP(1), S(1)), 0);
	poll_for(EP(1), 2);
	SAME(send_word(0, &two, 21), 0);
	SAME(signals(0, &two, 4, 6), 1);
	SAME(send_word(0, &two, 22), 0);
	reconnect(1);
	SAME(open_as(1, &kept), 0);
	hear_signal(1, 4, 6);
	hear_word(1, 1, 21);
	hear_word(1, 1, 22);
	fixture_down(&fx);
}

/* Only home takes turns, and serves the first host. */
static void
home_turns(void)
{
	rdp_poll(fx.host[0].server);
	for (unsigned int i = 0; i < 16; i++)
		target_worker_poll(target_worker_at(fx.target, 0));
	rdp_flush(fx.host[0].server);
}

/* What was on its way to the worker of a session, but not in its frames when that ended, is for who
 * comes next, in front of what came later. With one worker nothing is on its way. */
static void
inbox__kept_on_its_way(void)
{
	const struct shmx_inbox_conf kept = {.keep = true};
	uint64_t word = 31;
	shmx_addr_t addr;

	if (fixture_workers == 1)
		return;
	begin();
	SAME(open_as(1, &kept), 0);
	addr = memory_of(0, 4096, 5);
	fx.server_stopped = true;
	SAME(shmx_send(EP(0), S(0), &two, &word, 8, 1), 0);
	SAME(shmx_signal(EP(0), S(0), &two, 7, 3, 2), 0);
	shmx_flush(EP(0));
	home_turns();
	SAME(shmx_disconnect(EP(1), S(1)), 0);
	shmx_poll(EP(1), NULL, 0);
	rdp_poll(fx.host[1].server);
	SAME(shmx_send_memory(EP(0), S(0), &two, addr, 4096, 3), 0);
	fx.server_stopped = false;
	poll_for(EP(1), 5);
	poll_for(EP(0), 5);
	SAME(send_word(0, &two, 32), 0);
	reconnect(1);
	SAME(open_as(1, &kept), 0);
	hear_signal(1, 7, 3);
	hear_word(1, 1, 31);
	SAME(read_done(1, hear_memory(1, 1, addr, 4096, 5)), 0);
	hear_word(1, 1, 32);
	fixture_down(&fx);
}

static uint32_t
jobs_of_home(void)
{
	return target_worker_at(fx.target, 0)->nb_free_job;
}

/* What waits for room in the frames of others holds nothing that home needs for its work. */
static void
inbox__slow_ones_take_no_jobs(void)
{
	const struct shmx_inbox_conf large = {.bytes = 1u << 20, .window = 1u << 20};
	uint8_t data[SHMX_MESSAGE_MAX] = {0};
	struct shmx_event e;
	unsigned int n = 0;

	begin();
	SAME(open_as(1, &large), 0);
	poll_for(EP(1), 1);
	for (unsigned int i = 0; i < 180; i++)
		SAME(STATUS(EP(0), shmx_send(EP(0), S(0), &two, data, sizeof(data), cookie)), 0);
	SAME(jobs_of_home(), TARGET_JOBS);
	for (; n < 180 && hear(1, &e); n++)
		SAME(e.value2, sizeof(data));
	SAME(n, 180);
	fixture_down(&fx);
}

/* With it goes the memory that it alone was to read. */
static void
inbox__dropped_when_its_session_ends(void)
{
	shmx_addr_t addr;

	begin();
	open_all();
	addr = memory_of(0, 4096, 9);
	SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &two, addr, 4096, cookie)), 1);
	addr = memory_of(0, 4096, 10);
	SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &two, addr, 4096, cookie)), 1);
	poll_for(EP(1), 1);
	SAME(allocations(), 2);
	SAME(shmx_disconnect(EP(1), S(1)), 0);
	poll_for(EP(1), 2);
	SAME(send_word(0, &two, 21), -ENOENT);
	poll_for(EP(0), 2);
	SAME(allocations(), 0);
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"signal__to_one_a_set_and_all", signal__to_one_a_set_and_all},
	{"signal__counted", signal__counted},
	{"signal__by_callback_and_descriptor", signal__by_callback_and_descriptor},
	{"signal__errors", signal__errors},
	{"message__to_one_a_set_and_all", message__to_one_a_set_and_all},
	{"message__of_any_length", message__of_any_length},
	{"message__in_order_to_a_slow_receiver", message__in_order_to_a_slow_receiver},
	{"message__beside_operations_that_never_pause",
		message__beside_operations_that_never_pause},
	{"message__beside_another_inbox", message__beside_another_inbox},
	{"message__behind_the_opening", message__behind_the_opening},
	{"message__behind_an_opening_given_up", message__behind_an_opening_given_up},
	{"message__stays_until_a_poll_with_room", message__stays_until_a_poll_with_room},
	{"message__longest_to_the_largest_set", message__longest_to_the_largest_set},
	{"message__errors", message__errors},
	{"memory__freed_after_the_last", memory__freed_after_the_last},
	{"memory__in_order_with_the_others", memory__in_order_with_the_others},
	{"memory__in_order_without_waiting", memory__in_order_without_waiting},
	{"memory__stays_its_readers", memory__stays_its_readers},
	{"memory__of_a_pool_that_is_gone", memory__of_a_pool_that_is_gone},
	{"memory__freed_a_few_at_a_time", memory__freed_a_few_at_a_time},
	{"memory__not_overtaken", memory__not_overtaken},
	{"memory__refused_stays_the_senders", memory__refused_stays_the_senders},
	{"memory__more_than_is_taken", memory__more_than_is_taken},
	{"memory__more_than_the_memory_node_counts", memory__more_than_the_memory_node_counts},
	{"memory__to_one_set_too_many", memory__to_one_set_too_many},
	{"memory__errors", memory__errors},
	{"inbox__opened_and_closed", inbox__opened_and_closed},
	{"inbox__of_another_session", inbox__of_another_session},
	{"inbox__closed_behind_what_was_lost", inbox__closed_behind_what_was_lost},
	{"inbox__closed_behind_what_waits", inbox__closed_behind_what_waits},
	{"inbox__kept_when_its_session_ends", inbox__kept_when_its_session_ends},
	{"inbox__kept_on_its_way", inbox__kept_on_its_way},
	{"inbox__slow_ones_take_no_jobs", inbox__slow_ones_take_no_jobs},
	{"inbox__dropped_when_its_session_ends", inbox__dropped_when_its_session_ends},
};

int
main(void)
{
	return tests_run_workers(tests, RTE_DIM(tests));
}
