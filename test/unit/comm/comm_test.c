/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Each rule and each error of comm.h, one by one. */

#include "fixture.h"

#define HOLDER(node, index) ((uint32_t)(node) << 16 | (index))
#define H1                  HOLDER(1, 1)
#define H2                  HOLDER(2, 2)
#define H3                  HOLDER(3, 3)
#define ROOM                UINT32_MAX

static struct fixture f;
static struct comm_item it;
static const struct comm_to ALL = {.kind = COMM_TO_ALL};

static int
open_with(uint32_t holder, uint32_t bytes, uint32_t window, uint64_t refs, uint32_t policy)
{
	struct comm_limits l = {bytes, window, refs, policy};

	return comm_open(f.c, holder, &l);
}

static int
open_plain(uint32_t holder)
{
	return open_with(holder, 0, 0, 0, COMM_DROP);
}

static struct comm_to
one(uint32_t node)
{
	return (struct comm_to){.kind = COMM_TO_NODE, .node = node};
}

/* A message that is one byte, and then as many zeroes as are missing. */
static int
send_to(uint32_t sender, uint16_t run, struct comm_to to, uint8_t byte, uint32_t len)
{
	uint8_t data[COMM_SMALL_MAX + 1] = {byte};

	return comm_send(f.c, sender, run, &to, data, len);
}

static int
send_ref(uint32_t sender, uint16_t run, struct comm_to to, uint64_t addr, uint64_t len)
{
	return comm_send_ref(f.c, sender, run, &to, addr, len);
}

static int
take(uint32_t holder)
{
	int ret = comm_next(f.c, holder, ROOM, &it);

	if (ret == 0)
		comm_taken(f.c, holder, &it);
	return ret;
}

static bool
take_byte(uint32_t holder, uint8_t byte)
{
	return comm_next(f.c, holder, ROOM, &it) == 0 && it.kind == COMM_MESSAGE &&
	       *(const uint8_t *)it.message.data == byte && take(holder) == 0;
}

static bool
freed_is(uint64_t addr, uint64_t len, uint32_t sender)
{
	struct comm_freed fr;

	return comm_freed(f.c, &fr) == 0 && fr.addr == addr && fr.len == len && fr.sender == sender;
}

static bool
nothing_freed(void)
{
	struct comm_freed fr;

	return comm_freed(f.c, &fr) == -ENOENT;
}

static struct comm_info
info_of(uint32_t node)
{
	struct comm_info info = {0};

	CU_ASSERT_EQUAL(comm_info(f.c, node, &info), 0);
	return info;
}

static void
opening(void)
{
	struct comm_info info;

	fixture_up(&f, 4, 4, 4);
	CU_ASSERT_EQUAL(open_plain(HOLDER(0, 1)), -EINVAL);
	CU_ASSERT_EQUAL(open_plain(HOLDER(1024, 1)), -EINVAL);
	CU_ASSERT_EQUAL(open_with(H1, COMM_BYTES_MIN - 1, 0, 0, 0), -EINVAL);
	CU_ASSERT_EQUAL(open_with(H1, COMM_BYTES_MAX + 1, 0, 0, 0), -EINVAL);
	CU_ASSERT_EQUAL(open_with(H1, 0, COMM_BYTES_MIN - 1, 0, 0), -EINVAL);
	CU_ASSERT_EQUAL(open_with(H1, 0, COMM_BYTES_MAX + 1, 0, 0), -EINVAL);
	CU_ASSERT_EQUAL(open_with(H1, 0, 0, 0, 2), -EINVAL);
	CU_ASSERT_EQUAL(comm_info(f.c, 1, &info), -ENOENT);
	CU_ASSERT_EQUAL(open_plain(H1), 0);
	CU_ASSERT_EQUAL(open_plain(H1), -EALREADY);
	CU_ASSERT_EQUAL(open_plain(HOLDER(1, 9)), -EBUSY);
	CU_ASSERT_EQUAL(open_with(HOLDER(1023, 4), 2000, 3000, 5, COMM_KEEP), 0);
	info = info_of(1023);
	CU_ASSERT(info.holder == HOLDER(1023, 4) && info.died_holder == 0);
	CU_ASSERT(info.policy == COMM_KEEP && info.bytes_limit == 2000);
	CU_ASSERT(info.window == 3000 && info.ref_bytes_limit == 5);
	CU_ASSERT_EQUAL(comm_info(f.c, 0, &info), -ENOENT);
	CU_ASSERT_EQUAL(comm_info(f.c, 1024, &info), -ENOENT);
	CU_ASSERT_EQUAL(comm_close(f.c, HOLDER(1, 9)), -ENOENT);
	CU_ASSERT_EQUAL(comm_close(f.c, HOLDER(2000, 9)), -ENOENT);
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	CU_ASSERT_EQUAL(comm_close(f.c, H1), -ENOENT);
	CU_ASSERT_EQUAL(comm_discard(f.c, 1), -ENOENT);
	CU_ASSERT_EQUAL(comm_discard(f.c, 1023), -EBUSY);
	comm_revoke(f.c, HOLDER(1023, 4));
	CU_ASSERT_EQUAL(comm_discard(f.c, 1023), 0);
	fixture_down(&f);
}

static void
arguments(void)
{
	uint64_t set[COMM_SET_WORDS] = {0};
	struct comm_to to = {.kind = COMM_TO_SET, .set = set}, bad = {.kind = 3},
		       none = {.kind = COMM_TO_SET};

	fixture_up(&f, 4, 4, 4);
	CU_ASSERT_EQUAL(open_plain(H1), 0);
	CU_ASSERT_EQUAL(send_to(H2, 0, one(1), 1, COMM_SMALL_MAX + 1), -EMSGSIZE);
	CU_ASSERT_EQUAL(send_to(H2, 0, one(0), 1, 1), -EINVAL);
	CU_ASSERT_EQUAL(send_to(H2, 0, one(1024), 1, 1), -EINVAL);
	CU_ASSERT_EQUAL(send_to(H2, 0, one(2), 1, 1), -ENOENT);
	CU_ASSERT_EQUAL(send_to(H2, 0, bad, 1, 1), -EINVAL);
	CU_ASSERT_EQUAL(send_to(H2, 0, none, 1, 1), -EINVAL);
	CU_ASSERT_EQUAL(send_to(H2, 0, to, 1, 1), -ENOENT);
	set[0] = 3;
	CU_ASSERT_EQUAL(send_to(H2, 0, to, 1, 1), -EINVAL);
	CU_ASSERT_EQUAL(send_ref(H2, 0, one(1), 1, 0), -EINVAL);
	CU_ASSERT_EQUAL(comm_signal(f.c, H2, &ALL, 64, 1), -EINVAL);
	CU_ASSERT_EQUAL(comm_signal(f.c, H2, &ALL, 0, 0), -EINVAL);
	CU_ASSERT_EQUAL(send_to(H1, 0, ALL, 1, 1), 0); /* but for the sender nobody is there */
	CU_ASSERT_EQUAL(send_ref(H1, 0, ALL, 1, 1), 0);
	CU_ASSERT_EQUAL(comm_signal(f.c, H1, &ALL, 0, 1), 0);
	CU_ASSERT_EQUAL(take(H1), -EAGAIN);
	CU_ASSERT_EQUAL(take(H2), -ENOENT);
	CU_ASSERT(nothing_freed());
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	fixture_down(&f);
}

static void
signals(void)
{
	uint64_t set[COMM_SET_WORDS] = {1 << 2 | 1 << 5, [15] = UINT64_C(1) << 63};
	struct comm_to to = {.kind = COMM_TO_SET, .set = set}, two = one(2);
	struct comm_info info;
	uint32_t i;

	fixture_up(&f, 4, 4, 4);
	CU_ASSERT_EQUAL(open_plain(H1), 0);
	CU_ASSERT_EQUAL(open_plain(H2), 0);
	CU_ASSERT_EQUAL(open_plain(HOLDER(1023, 7)), 0);
	CU_ASSERT_EQUAL(comm_signal(f.c, H2, &to, 63, 5), 2);
	CU_ASSERT_EQUAL(comm_signal(f.c, H2, &ALL, 2, 1), 2);
	for (i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(comm_signal(f.c, 0, &two, 63, UINT32_MAX), 1);
	info = info_of(2);
	CU_ASSERT(info.lines == UINT64_C(1) << 63);
	CU_ASSERT_EQUAL(info.signals, 5 + UINT64_C(3) * UINT32_MAX);
	CU_ASSERT_EQUAL(take(H2), 0);
	CU_ASSERT(it.kind == COMM_SIGNAL && it.size == COMM_SIGNAL_SIZE && it.signal.line == 63);
	CU_ASSERT_EQUAL(it.signal.count, 5 + UINT64_C(3) * UINT32_MAX);
	CU_ASSERT_EQUAL(take(H2), -EAGAIN);
	CU_ASSERT_EQUAL(take(H1), 0);
	CU_ASSERT(it.signal.line == 2 && it.signal.count == 1);
	CU_ASSERT_EQUAL(take(H1), -EAGAIN);
	CU_ASSERT_EQUAL(take(HOLDER(1023, 7)), 0);
	CU_ASSERT_EQUAL(it.signal.line, 2);
	/* what comes between is not lost */
	CU_ASSERT_EQUAL(comm_next(f.c, HOLDER(1023, 7), ROOM, &it), 0);
	CU_ASSERT(it.signal.line == 63 && it.signal.count == 5);
	CU_ASSERT_EQUAL(comm_signal(f.c, H2, &to, 63, 4), 2);
	comm_taken(f.c, HOLDER(1023, 7), &it);
	CU_ASSERT_EQUAL(take(HOLDER(1023, 7)), 0);
	CU_ASSERT(it.signal.line == 63 && it.signal.count == 4);
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	CU_ASSERT_EQUAL(comm_close(f.c, H2), 0);
	CU_ASSERT_EQUAL(open_plain(H2), 0); /* with nothing in it */
	CU_ASSERT_EQUAL(take(H2), -EAGAIN);
	CU_ASSERT_EQUAL(comm_close(f.c, H2), 0);
	CU_ASSERT_EQUAL(comm_close(f.c, HOLDER(1023, 7)), 0);
	fixture_down(&f);
}

/* Signals go first, yet one that never stops holds nothing up. */
static void
signals_in_turn(void)
{
	struct comm_to to = one(1);
	uint32_t i;

	fixture_up(&f, 4, 4, 4);
	CU_ASSERT_EQUAL(open_plain(H1), 0);
	CU_ASSERT_EQUAL(send_to(H2, 0, to, 'a', 1), 1);
	CU_ASSERT_EQUAL(send_to(H2, 0, to, 'b', 1), 1);
	CU_ASSERT_EQUAL(comm_signal(f.c, H2, &to, 9, 1), 1);
	CU_ASSERT_EQUAL(comm_signal(f.c, H2, &to, 63, 1), 1);
	for (i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(comm_signal(f.c, H2, &to, 0, 1), 1);
		CU_ASSERT_EQUAL(take(H1), 0);
		CU_ASSERT(it.kind == COMM_SIGNAL && it.signal.line == (i == 0 ? 0 : 9));
	}
	CU_ASSERT_EQUAL(take(H1), 0);
	CU_ASSERT(it.kind == COMM_SIGNAL && it.signal.line == 63);
	CU_ASSERT(take_byte(H1, 'a'));
	CU_ASSERT_EQUAL(take(H1), 0);
	CU_ASSERT(it.kind == COMM_SIGNAL && it.signal.line == 0);
	CU_ASSERT(take_byte(H1, 'b'));
	/* and without a message the turn begins again */
	CU_ASSERT_EQUAL(comm_signal(f.c, H2, &to, 5, 1), 1);
	CU_ASSERT_EQUAL(take(H1), 0);
	CU_ASSERT_EQUAL(comm_signal(f.c, H2, &to, 5, 1), 1);
	CU_ASSERT_EQUAL(take(H1), 0);
	CU_ASSERT_EQUAL(it.signal.line, 5);
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	fixture_down(&f);
}

static void
messages(void)
{
	uint64_t set[COMM_SET_WORDS] = {1 << 2 | 1 << 3};
	struct comm_to to = {.kind = COMM_TO_SET, .set = set};

	fixture_up(&f, 4, 4, 4);
	CU_ASSERT_EQUAL(open_plain(H1), 0);
	CU_ASSERT_EQUAL(open_plain(H2), 0);
	CU_ASSERT_EQUAL(send_to(H1, 0, to, 'a', 17), 1);
	CU_ASSERT_EQUAL(send_to(H2, 0, to, 'b', 1024), 1); /* to itself, as it was named */
	CU_ASSERT_EQUAL(send_to(H2, 0, ALL, 'c', 1), 1);   /* but not like this */
	CU_ASSERT_EQUAL(send_to(0, 0, ALL, 'd', 0), 2);
	CU_ASSERT_EQUAL(info_of(2).bytes, COMM_SIZE(17) + COMM_SIZE(1024) + COMM_SIZE(0));
	CU_ASSERT_EQUAL(COMM_SIZE(17), 40);
	CU_ASSERT_EQUAL(comm_next(f.c, H2, 39, &it), -ENOSPC);
	CU_ASSERT_EQUAL(comm_next(f.c, H2, 40, &it), 0);
	CU_ASSERT(it.size == 40 && it.from == 1 && it.message.len == 17);
	CU_ASSERT_EQUAL((uintptr_t)it.message.data % 8, 0);
	CU_ASSERT(take_byte(H2, 'a'));
	CU_ASSERT(take_byte(H2, 'b'));
	CU_ASSERT(it.from == 2 && it.message.len == 1024);
	CU_ASSERT_EQUAL(take(H2), 0);
	CU_ASSERT(it.from == 0 && it.message.len == 0);
	CU_ASSERT_EQUAL(take(H2), -EAGAIN);
	CU_ASSERT(take_byte(H1, 'c'));
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	CU_ASSERT_EQUAL(comm_close(f.c, H2), 0);
	fixture_down(&f);
}

static void
all_or_none(void)
{
	struct comm_usage u;

	fixture_up(&f, 4, 4, 4);
	CU_ASSERT_EQUAL(open_plain(H1), 0);
	CU_ASSERT_EQUAL(open_with(H2, COMM_BYTES_MIN, 0, 0, 0), 0);
	CU_ASSERT_EQUAL(send_to(H3, 0, ALL, 'a', 1024), 2);
	CU_ASSERT_EQUAL(send_to(H3, 0, ALL, 'b', 0), -ENOBUFS);
	CU_ASSERT(info_of(1).nb_messages == 1 && info_of(1).refused == 0);
	CU_ASSERT(info_of(2).nb_messages == 1 && info_of(2).refused == 1);
	CU_ASSERT(take_byte(H1, 'a'));
	CU_ASSERT_EQUAL(take(H1), -EAGAIN);
	CU_ASSERT(take_byte(H2, 'a'));
	CU_ASSERT_EQUAL(send_to(H3, 1, ALL, 'b', 1024), 2);
	comm_usage(f.c, &u);
	CU_ASSERT(u.sent == 2 && u.refused == 1);
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	CU_ASSERT_EQUAL(comm_close(f.c, H2), 0);
	fixture_down(&f);
}

/* Nothing overtakes what was refused, to whomever it goes. */
static void
order_after_refusal(void)
{
	fixture_up(&f, 4, 4, 4);
	CU_ASSERT_EQUAL(open_with(H1, COMM_BYTES_MIN, 0, 0, 0), 0);
	CU_ASSERT_EQUAL(open_plain(H2), 0);
	CU_ASSERT_EQUAL(send_to(H3, 7, one(1), 'a', 1000), 1);
	CU_ASSERT_EQUAL(send_to(H3, 7, one(1), 'b', 1000), -ENOBUFS);
	CU_ASSERT_EQUAL(send_to(H3, 7, one(1), 'c', 8), -ENOBUFS); /* would fit */
	CU_ASSERT_EQUAL(send_ref(H3, 7, one(2), 1, 1), -ENOBUFS);
	CU_ASSERT_EQUAL(send_to(H3, 7, one(5), 'd', 8), -ENOBUFS);
	CU_ASSERT_EQUAL(send_to(H3, 7, one(0), 'd', 8), -EINVAL);
	CU_ASSERT(take_byte(H1, 'a'));
	CU_ASSERT_EQUAL(send_to(H3, 7, one(1), 'd', 8), -ENOBUFS);
	CU_ASSERT_EQUAL(send_to(HOLDER(3, 4), 7, one(1), 'e', 8), 1); /* of another holder */
	CU_ASSERT_EQUAL(send_to(H3, 8, one(1), 'b', 1000), 1);
	CU_ASSERT_EQUAL(send_to(H3, 8, one(2), 'c', 8), 1);
	CU_ASSERT_EQUAL(send_to(H3, 8, one(1), 'd', 8), -ENOBUFS);
	/* the next holder with this index knows nothing of it, */
	CU_ASSERT_EQUAL(send_to(HOLDER(4, 3), 8, one(2), 'f', 8), 1);
	CU_ASSERT_EQUAL(send_to(H3, 9, one(1), 'd', 8), -ENOBUFS);
	/* nor this one, when it comes back */
	comm_revoke(f.c, H3);
	CU_ASSERT_EQUAL(send_to(H3, 9, one(2), 'g', 8), 1);
	CU_ASSERT(take_byte(H2, 'c'));
	CU_ASSERT(take_byte(H2, 'f'));
	CU_ASSERT(take_byte(H2, 'g'));
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	CU_ASSERT_EQUAL(comm_close(f.c, H2), 0);
	fixture_down(&f);
}

/* Signals are not messages: they go past a refusal. */
static void
signals_are_never_refused(void)
{
	struct comm_to to = one(1);

	fixture_up(&f, 4, 4, 4);
	CU_ASSERT_EQUAL(open_with(H1, COMM_BYTES_MIN, 0, 0, 0), 0);
	CU_ASSERT_EQUAL(send_to(H3, 7, to, 'a', 1024), 1);
	CU_ASSERT_EQUAL(send_to(H3, 7, to, 'a', 1024), -ENOBUFS);
	CU_ASSERT_EQUAL(comm_signal(f.c, H3, &to, 1, 1), 1);
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	fixture_down(&f);
}

/* One that takes all shared chunks leaves the others theirs. */
static void
shared_chunks(void)
{
	struct comm_usage u;
	uint32_t i;

	fixture_up(&f, 3, 4, 4);
	CU_ASSERT_EQUAL(open_plain(H1), 0);
	for (i = 0; i < 12; i++)
		CU_ASSERT_EQUAL(send_to(H3, 0, one(1), (uint8_t)i, 1024), 1);
	comm_usage(f.c, &u);
	CU_ASSERT_EQUAL(u.nb_chunks, 3);
	CU_ASSERT_EQUAL(send_to(H3, 0, one(1), 12, 1024), -ENOBUFS);
	CU_ASSERT_EQUAL(open_plain(H2), 0);
	for (i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(send_to(H3, 1, one(2), (uint8_t)i, 1024), 1);
	CU_ASSERT_EQUAL(send_to(H3, 1, one(2), 3, 1024), -ENOBUFS);
	/* its own chunk is the first that is free again, and is used again */
	for (i = 0; i < 3; i++)
		CU_ASSERT(take_byte(H1, (uint8_t)i));
	CU_ASSERT_EQUAL(send_to(H3, 2, one(2), 3, 1024), -ENOBUFS);
	for (i = 12; i < 15; i++)
		CU_ASSERT_EQUAL(send_to(H3, 3, one(1), (uint8_t)i, 1024), 1);
	CU_ASSERT_EQUAL(send_to(H3, 3, one(1), (uint8_t)i, 1024), -ENOBUFS);
	for (i = 3; i < 15; i++)
		CU_ASSERT(take_byte(H1, (uint8_t)i));
	comm_usage(f.c, &u);
	CU_ASSERT_EQUAL(u.nb_chunks, 0);
	/* what two need, together, has to be there */
	for (i = 0; i < 9; i++)
		CU_ASSERT_EQUAL(send_to(H3, 4, one(1), (uint8_t)i, 1024), 1);
	CU_ASSERT_EQUAL(send_to(H3, 4, ALL, 9, 1024), -ENOBUFS);
	CU_ASSERT(info_of(1).nb_messages == 9 && info_of(2).nb_messages == 3);
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	CU_ASSERT_EQUAL(send_to(H3, 5, ALL, 9, 1024), 1);
	CU_ASSERT_EQUAL(comm_close(f.c, H2), 0);
	fixture_down(&f);
}

static void
credit(void)
{
	struct comm_to to = one(1);

	fixture_up(&f, 4, 4, 4);
	CU_ASSERT_EQUAL(open_with(H1, 0, COMM_BYTES_MIN, 0, 0), 0);
	CU_ASSERT_EQUAL(send_to(H2, 0, to, 'a', 1000), 1);
	CU_ASSERT_EQUAL(send_to(H2, 0, to, 'b', 16), 1);
	CU_ASSERT_EQUAL(comm_credit(f.c, H1, 1), -EINVAL);
	CU_ASSERT(take_byte(H1, 'a'));
	CU_ASSERT_EQUAL(info_of(1).unread, 1016);
	CU_ASSERT_EQUAL(take(H1), -EAGAIN); /* 24 left, 32 needed */
	CU_ASSERT_EQUAL(comm_nb_ready(f.c), 0);
	CU_ASSERT_EQUAL(comm_signal(f.c, H2, &to, 1, 1), 1); /* needs none */
	CU_ASSERT_EQUAL(comm_nb_ready(f.c), 1);
	CU_ASSERT_EQUAL(take(H1), 0);
	CU_ASSERT_EQUAL(it.kind, COMM_SIGNAL);
	CU_ASSERT_EQUAL(take(H1), -EAGAIN);
	CU_ASSERT_EQUAL(comm_credit(f.c, H1, 7), 0);
	CU_ASSERT_EQUAL(comm_nb_ready(f.c), 0);
	CU_ASSERT_EQUAL(comm_credit(f.c, H1, 8), 0);
	CU_ASSERT_EQUAL(comm_credit(f.c, H1, 3), 0); /* late, and of no effect */
	CU_ASSERT_EQUAL(comm_ready(f.c), H1);
	CU_ASSERT(take_byte(H1, 'b'));
	CU_ASSERT_EQUAL(comm_credit(f.c, H1, 1016 + 32 + 1), -EINVAL);
	CU_ASSERT_EQUAL(comm_credit(f.c, H1, 1016 + 32), 0);
	CU_ASSERT_EQUAL(info_of(1).unread, 0);
	CU_ASSERT_EQUAL(comm_credit(f.c, H2, 0), -ENOENT);
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	fixture_down(&f);
}

static void
round_robin(void)
{
	fixture_up(&f, 4, 4, 4);
	CU_ASSERT_EQUAL(open_plain(H1), 0);
	CU_ASSERT_EQUAL(open_plain(H2), 0);
	CU_ASSERT_EQUAL(open_plain(H3), 0);
	CU_ASSERT_EQUAL(send_to(0, 0, one(2), 1, 1), 1);
	CU_ASSERT_EQUAL(send_to(0, 0, ALL, 1, 1), 3);
	CU_ASSERT_EQUAL(comm_nb_ready(f.c), 3);
	CU_ASSERT_EQUAL(comm_ready(f.c), H2);
	CU_ASSERT_EQUAL(comm_ready(f.c), H1);
	CU_ASSERT_EQUAL(take(H1), 0);
	CU_ASSERT_EQUAL(comm_ready(f.c), H3);
	CU_ASSERT_EQUAL(comm_ready(f.c), H2);
	CU_ASSERT_EQUAL(comm_ready(f.c), H3);
	CU_ASSERT_EQUAL(comm_close(f.c, H3), 0);
	CU_ASSERT_EQUAL(comm_ready(f.c), H2);
	CU_ASSERT_EQUAL(comm_ready(f.c), H2);
	CU_ASSERT_EQUAL(take(H2), 0);
	CU_ASSERT_EQUAL(take(H2), 0);
	CU_ASSERT_EQUAL(comm_ready(f.c), 0);
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	CU_ASSERT_EQUAL(comm_close(f.c, H2), 0);
	fixture_down(&f);
}

static void
references(void)
{
	uint64_t first, second;

	fixture_up(&f, 4, 2, 3);
	CU_ASSERT_EQUAL(open_plain(H1), 0);
	CU_ASSERT_EQUAL(open_with(H2, 0, 0, 1000, 0), 0);
	CU_ASSERT_EQUAL(send_ref(H3, 0, ALL, 77, 1001), -EMSGSIZE);
	CU_ASSERT_EQUAL(send_ref(H3, 0, ALL, 77, 600), 2);
	CU_ASSERT_EQUAL(send_ref(H3, 0, one(2), 78, 401), -ENOBUFS);
	CU_ASSERT_EQUAL(send_ref(H3, 1, ALL, 78, 400), -ENOBUFS); /* one loan is left */
	CU_ASSERT_EQUAL(send_ref(H3, 2, one(2), 78, 400), 1);
	CU_ASSERT_EQUAL(send_ref(H3, 2, one(1), 79, 1), -ENOBUFS);
	CU_ASSERT(info_of(2).ref_bytes == 1000 && info_of(2).nb_refs == 2);
	CU_ASSERT_EQUAL(comm_read_done(f.c, H1, 1), -ENOENT); /* not handed out yet */
	CU_ASSERT_EQUAL(take(H1), 0);
	CU_ASSERT(it.kind == COMM_REF && it.size == COMM_REF_SIZE && it.from == 3);
	CU_ASSERT(it.ref.addr == 77 && it.ref.len == 600 && it.ref.id != 0);
	first = it.ref.id;
	CU_ASSERT_EQUAL(take(H2), 0);
	second = it.ref.id;
	CU_ASSERT_EQUAL(it.ref.addr, 77);
	CU_ASSERT_EQUAL(comm_read_done(f.c, H2, first), -ENOENT);
	CU_ASSERT_EQUAL(comm_read_done(f.c, H3, first), -ENOENT);
	CU_ASSERT_EQUAL(comm_read_done(f.c, H1, first + 3), -ENOENT);
	CU_ASSERT_EQUAL(comm_read_done(f.c, H1, 0), -ENOENT);
	CU_ASSERT_EQUAL(comm_read_done(f.c, H1, first), 0);
	CU_ASSERT_EQUAL(comm_read_done(f.c, H1, first), -ENOENT);
	CU_ASSERT(nothing_freed());
	CU_ASSERT_EQUAL(comm_read_done(f.c, H2, second), 0);
	CU_ASSERT(freed_is(77, 600, H3));
	CU_ASSERT(nothing_freed());
	/* the same loan again: an old id is not good for it */
	CU_ASSERT_EQUAL(send_ref(H3, 3, one(2), 80, 5), 1);
	CU_ASSERT_EQUAL(take(H2), 0);
	CU_ASSERT_EQUAL(take(H2), 0);
	CU_ASSERT((uint32_t)it.ref.id == (uint32_t)second && it.ref.id != second);
	CU_ASSERT_EQUAL(comm_read_done(f.c, H2, second), -ENOENT);
	CU_ASSERT_EQUAL(comm_read_done(f.c, H2, it.ref.id), 0);
	CU_ASSERT_EQUAL(comm_close(f.c, H2), 0); /* with one that was handed out */
	CU_ASSERT(freed_is(80, 5, H3));
	CU_ASSERT(freed_is(78, 400, H3));
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	fixture_down(&f);
}

static void
references_of_one_inbox(void)
{
	struct comm_freed fr;
	uint32_t i;

	fixture_up(&f, 100, 2000, 2000);
	CU_ASSERT_EQUAL(open_plain(H1), 0);
	for (i = 0; i < COMM_REFS_MAX; i++)
		CU_ASSERT_EQUAL(send_ref(H3, 0, one(1), i, 1), 1);
	CU_ASSERT_EQUAL(send_ref(H3, 0, one(1), i, 1), -ENOBUFS);
	CU_ASSERT_EQUAL(take(H1), 0);
	CU_ASSERT_EQUAL(send_ref(H3, 1, one(1), i, 1), -ENOBUFS); /* read by nobody yet */
	CU_ASSERT_EQUAL(comm_read_done(f.c, H1, it.ref.id), 0);
	CU_ASSERT_EQUAL(send_ref(H3, 2, one(1), i, 1), 1);
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	for (i = 0; i <= COMM_REFS_MAX; i++)
		CU_ASSERT(comm_freed(f.c, &fr) == 0 && fr.addr == i);
	fixture_down(&f);
}

static void
death_keep(void)
{
	struct comm_to to = one(1);
	struct comm_info info;
	uint64_t id;

	fixture_up(&f, 4, 8, 8);
	CU_ASSERT_EQUAL(open_with(H1, 2000, 0, 0, COMM_KEEP), 0);
	CU_ASSERT_EQUAL(send_to(H2, 0, to, 'a', 8), 1);
	CU_ASSERT_EQUAL(send_ref(H2, 0, to, 50, 1), 1);
	CU_ASSERT_EQUAL(send_ref(H2, 0, to, 51, 1), 1);
	CU_ASSERT_EQUAL(comm_signal(f.c, H2, &to, 4, 2), 1);
	CU_ASSERT_EQUAL(take(H1), 0);
	CU_ASSERT(take_byte(H1, 'a'));
	CU_ASSERT_EQUAL(take(H1), 0);
	id = it.ref.id;
	comm_revoke(f.c, HOLDER(1, 8)); /* another of that node */
	CU_ASSERT_EQUAL(info_of(1).holder, H1);
	comm_revoke(f.c, H1);
	CU_ASSERT(freed_is(50, 1, H2)); /* handed out: as good as read */
	CU_ASSERT(nothing_freed());
	info = info_of(1);
	CU_ASSERT(info.holder == 0 && info.died_holder == H1 && info.nb_messages == 1);
	CU_ASSERT_EQUAL(comm_nb_ready(f.c), 0);
	CU_ASSERT_EQUAL(comm_signal(f.c, H2, &to, 4, 3), 1);
	CU_ASSERT_EQUAL(send_to(H2, 0, to, 'b', 1000), 1);
	CU_ASSERT_EQUAL(send_to(H2, 0, to, 'c', 1000), -ENOBUFS);
	CU_ASSERT_EQUAL(comm_nb_ready(f.c), 0);
	CU_ASSERT_EQUAL(take(H1), -ENOENT);
	CU_ASSERT_EQUAL(comm_close(f.c, H1), -ENOENT);
	CU_ASSERT_EQUAL(comm_read_done(f.c, H1, id), -ENOENT);
	CU_ASSERT_EQUAL(open_with(HOLDER(1, 2), 0, 0, 0, COMM_DROP), 0);
	CU_ASSERT_EQUAL(comm_nb_ready(f.c), 1);
	CU_ASSERT_EQUAL(info_of(1).unread, 0);
	CU_ASSERT_EQUAL(comm_ready(f.c), HOLDER(1, 2));
	CU_ASSERT_EQUAL(take(HOLDER(1, 2)), 0);
	CU_ASSERT(it.kind == COMM_SIGNAL && it.signal.count == 3);
	CU_ASSERT_EQUAL(take(HOLDER(1, 2)), 0);
	CU_ASSERT(it.kind == COMM_REF && it.ref.addr == 51);
	CU_ASSERT(take_byte(HOLDER(1, 2), 'b'));
	CU_ASSERT_EQUAL(comm_read_done(f.c, HOLDER(1, 2), id), -ENOENT);
	comm_revoke(f.c, HOLDER(1, 2)); /* and this one wanted it dropped */
	CU_ASSERT_EQUAL(comm_info(f.c, 1, &info), -ENOENT);
	CU_ASSERT(freed_is(51, 1, H2));
	fixture_down(&f);
}

static void
death_drop(void)
{
	uint32_t i;

	fixture_up(&f, 8, 8, 8);
	CU_ASSERT_EQUAL(open_plain(H1), 0);
	CU_ASSERT_EQUAL(open_plain(H2), 0);
	for (i = 0; i < 12; i++)
		CU_ASSERT_EQUAL(send_to(H3, 0, one(1), 1, 1024), 1);
	CU_ASSERT_EQUAL(send_ref(H3, 0, ALL, 50, 1), 2);
	CU_ASSERT_EQUAL(take(H2), 0);
	comm_revoke(f.c, H1);
	CU_ASSERT(nothing_freed()); /* the other one reads it still */
	CU_ASSERT_EQUAL(send_to(H3, 0, one(1), 1, 1), -ENOENT);
	comm_revoke(f.c, H3); /* the sender: what it sent stays */
	CU_ASSERT_EQUAL(comm_read_done(f.c, H2, it.ref.id), 0);
	CU_ASSERT(freed_is(50, 1, H3));
	CU_ASSERT_EQUAL(comm_close(f.c, H2), 0);
	fixture_down(&f);
}

/* As many items as are there. */
static uint32_t
load_all(uint32_t holder)
{
	uint32_t n = 0;

	for (; comm_next(f.c, holder, ROOM, &it) == 0; n++)
		comm_load(f.c, holder, &it);
	return n;
}

/* What was loaded comes back in front of what came meanwhile. */
static void
loaded(void)
{
	struct comm_to to = one(1);
	uint64_t id;

	fixture_up(&f, 4, 8, 8);
	CU_ASSERT_EQUAL(open_with(H1, 0, 0, 0, COMM_KEEP), 0);
	CU_ASSERT_EQUAL(comm_signal(f.c, H2, &to, 4, 2), 1);
	CU_ASSERT_EQUAL(send_to(H2, 0, to, 'a', 1000), 1);
	CU_ASSERT_EQUAL(send_ref(H2, 0, to, 50, 7), 1);
	CU_ASSERT_EQUAL(load_all(H1), 3);
	id = it.ref.id;
	CU_ASSERT_EQUAL(comm_read_done(f.c, H1, id), -ENOENT);
	CU_ASSERT_EQUAL(comm_credit(f.c, H1, 1), -EINVAL);
	CU_ASSERT_EQUAL(comm_signal(f.c, H2, &to, 4, 3), 1);
	CU_ASSERT_EQUAL(send_to(H2, 0, to, 'b', 1), 1);
	CU_ASSERT_EQUAL(comm_ready(f.c), 0);
	CU_ASSERT(info_of(1).nb_messages == 3 && info_of(1).unread == 0);
	CU_ASSERT(info_of(1).signals == 2 + 3 && info_of(1).lines == UINT64_C(1) << 4);
	comm_unload(f.c, H1, false);
	CU_ASSERT(info_of(1).signals == 2 + 3 && info_of(1).lines == UINT64_C(1) << 4);
	CU_ASSERT_EQUAL(comm_ready(f.c), H1);
	CU_ASSERT_EQUAL(load_all(H1), 4);
	CU_ASSERT(info_of(1).signals == 2 + 3 && info_of(1).lines == UINT64_C(1) << 4);
	comm_unload(f.c, H1, true);
	CU_ASSERT_EQUAL(info_of(1).lines, 0);
	CU_ASSERT_EQUAL(comm_ready(f.c), 0);
	CU_ASSERT(info_of(1).nb_messages == 0 && info_of(1).bytes == 0 && info_of(1).signals == 0);
	CU_ASSERT_EQUAL(comm_read_done(f.c, H1, id), 0);
	CU_ASSERT(freed_is(50, 7, H2));
	CU_ASSERT_EQUAL(send_to(H2, 0, to, 'c', 1), 1);
	CU_ASSERT_EQUAL(load_all(H1), 1);
	comm_unload(f.c, H1, false);
	comm_revoke(f.c, H1);
	CU_ASSERT_EQUAL(open_plain(HOLDER(1, 2)), 0);
	CU_ASSERT(take_byte(HOLDER(1, 2), 'c'));
	CU_ASSERT_EQUAL(comm_close(f.c, HOLDER(1, 2)), 0);
	fixture_down(&f);
}

/* The inbox may go while something is loaded, and another one come. */
static void
loaded_of_an_inbox_that_went(void)
{
	fixture_up(&f, 4, 8, 8);
	CU_ASSERT_EQUAL(open_plain(H1), 0);
	CU_ASSERT_EQUAL(send_ref(H2, 0, one(1), 50, 7), 1);
	for (uint32_t i = 0; i < 9; i++)
		CU_ASSERT_EQUAL(send_to(H2, 0, one(1), 1, 1000), 1);
	CU_ASSERT_EQUAL(load_all(H1), 10);
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	CU_ASSERT(freed_is(50, 7, H2));
	CU_ASSERT_EQUAL(open_plain(H1), 0);
	CU_ASSERT_EQUAL(send_to(H2, 0, one(1), 'a', 1), 1);
	comm_unload(f.c, H1, false);
	comm_unload(f.c, H2, true);
	CU_ASSERT_EQUAL(info_of(1).nb_messages, 1);
	CU_ASSERT(take_byte(H1, 'a'));
	CU_ASSERT_EQUAL(send_ref(H2, 0, one(1), 51, 7), 1);
	CU_ASSERT_EQUAL(load_all(H1), 1);
	comm_revoke(f.c, H1);
	CU_ASSERT(freed_is(51, 7, H2));
	fixture_down(&f);
}

/* An id from before a restart: the same loan, and not good for it. */
static void
reference_of_another_process(void)
{
	uint64_t id[2];

	for (uint32_t i = 0; i < 2; i++) {
		fixture_up(&f, 4, 1, 1);
		comm_detach(f.c);
		f.conf.generation = 0x9e3779b9 * i;
		f.c = comm_create(f.zone, f.len, &f.conf, &(int){0});
		CU_ASSERT_EQUAL(open_plain(H1), 0);
		CU_ASSERT_EQUAL(send_ref(H2, 0, one(1), 50, 7), 1);
		CU_ASSERT_EQUAL(take(H1), 0);
		id[i] = it.ref.id;
		CU_ASSERT(i == 0 || comm_read_done(f.c, H1, id[0]) == -ENOENT);
		CU_ASSERT_EQUAL(comm_read_done(f.c, H1, id[i]), 0);
		CU_ASSERT(freed_is(50, 7, H2));
		CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
		fixture_down(&f);
	}
	CU_ASSERT((uint32_t)id[0] == (uint32_t)id[1] && id[0] != id[1]);
}

/* A refusal that happened before the message came here counts as one that happened here. */
static void
refused_elsewhere(void)
{
	fixture_up(&f, 4, 8, 8);
	CU_ASSERT_EQUAL(open_plain(H1), 0);
	comm_refuse(f.c, H2, 5);
	CU_ASSERT_EQUAL(send_to(H2, 5, one(1), 1, 1), -ENOBUFS);
	CU_ASSERT_EQUAL(send_to(H3, 5, one(1), 1, 1), 1);
	CU_ASSERT_EQUAL(send_to(H2, 6, one(1), 1, 1), 1);
	CU_ASSERT_EQUAL(comm_close(f.c, H1), 0);
	fixture_down(&f);
}

static void
creation(void)
{
	struct comm_conf conf = {.nb_loans = (1u << 20) + 1};
	int err;

	fixture_up(&f, 1, 1, 1);
	CU_ASSERT_EQUAL(comm_table_size(&conf), 0);
	CU_ASSERT_PTR_NULL(comm_create(f.zone, f.len, &conf, &err));
	CU_ASSERT_EQUAL(err, -EINVAL);
	CU_ASSERT_PTR_NULL(comm_create(f.zone, f.len - 1, &f.conf, &err));
	CU_ASSERT_EQUAL(err, -ENOSPC);
	CU_ASSERT_PTR_NULL(comm_create((char *)f.zone + 8, f.len, &f.conf, &err));
	CU_ASSERT_EQUAL(err, -EINVAL);
	fixture_down(&f);
}

int
main(void)
{
	static const CU_TestInfo tests[] = {
		{"opening", opening},
		{"arguments", arguments},
		{"signals", signals},
		{"signals_in_turn", signals_in_turn},
		{"messages", messages},
		{"all_or_none", all_or_none},
		{"order_after_refusal", order_after_refusal},
		{"signals_are_never_refused", signals_are_never_refused},
		{"shared_chunks", shared_chunks},
		{"credit", credit},
		{"round_robin", round_robin},
		{"references", references},
		{"references_of_one_inbox", references_of_one_inbox},
		{"death_keep", death_keep},
		{"death_drop", death_drop},
		{"loaded", loaded},
		{"loaded_of_an_inbox_that_went", loaded_of_an_inbox_that_went},
		{"reference_of_another_process", reference_of_another_process},
		{"refused_elsewhere", refused_elsewhere},
		{"creation", creation},
		{NULL, NULL},
	};

	return run_suite("comm", tests);
}
