/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Sizes of records and what makes one malformed. The table here is copied from doc/protocol.md by
 * hand, not made from the code: a new operation needs a line in both.
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "wire/record.h"
#include "wire_tests.h"

static const struct expected {
	uint8_t op;
	uint8_t size; /* header and fixed part */
	uint8_t tail;
	const char *name;
} table[] = {
	{1, 16, WIRE_TAIL_NONE, "get"},
	{2, 16, WIRE_TAIL_DATA, "put"},
	{3, 24, WIRE_TAIL_NONE, "fill"},
	{4, 24, WIRE_TAIL_NONE, "fetch-add"},
	{5, 24, WIRE_TAIL_NONE, "fetch-and"},
	{6, 24, WIRE_TAIL_NONE, "fetch-or"},
	{7, 24, WIRE_TAIL_NONE, "fetch-xor"},
	{8, 24, WIRE_TAIL_NONE, "swap"},
	{9, 32, WIRE_TAIL_NONE, "compare-and-swap"},
	{10, 8, WIRE_TAIL_NONE, "nop"},
	{16, 24, WIRE_TAIL_NAME, "alloc"},
	{17, 16, WIRE_TAIL_NONE, "free"},
	{18, 24, WIRE_TAIL_NONE, "resize"},
	{19, 16, WIRE_TAIL_NAME, "lookup"},
	{20, 32, WIRE_TAIL_NODES, "own"},
	{21, 24, WIRE_TAIL_NONE, "owners"},
	{22, 24, WIRE_TAIL_OWNERS, "alloc-for"},
	{24, 64, WIRE_TAIL_OWNERS, "pool-create"},
	{25, 24, WIRE_TAIL_NONE, "pool-destroy"},
	{26, 24, WIRE_TAIL_NONE, "pool-grow"},
	{27, 24, WIRE_TAIL_NONE, "pool-shrink"},
	{28, 8, WIRE_TAIL_NAME, "pool-open"},
	{29, 16, WIRE_TAIL_NONE, "pool-list"},
	{30, 24, WIRE_TAIL_NONE, "pool-stat"},
	{31, 16, WIRE_TAIL_NONE, "pool-nodes"},
	{32, 16, WIRE_TAIL_WANTS, "lock"},
	{33, 8, WIRE_TAIL_LOCKS, "unlock"},
	{34, 16, WIRE_TAIL_NAME, "lock-reserve"},
	{35, 16, WIRE_TAIL_NONE, "lock-unreserve"},
	{36, 8, WIRE_TAIL_NAME, "lock-lookup"},
	{37, 16, WIRE_TAIL_NONE, "lock-list"},
	{38, 16, WIRE_TAIL_NONE, "lock-force"},
	{39, 32, WIRE_TAIL_DATA, "put-fenced"},
	{40, 16, WIRE_TAIL_NODES, "signal"},
	{41, 16, WIRE_TAIL_SEND, "send"},
	{42, 32, WIRE_TAIL_NODES, "send-memory"},
	{43, 32, WIRE_TAIL_NONE, "inbox-open"},
	{44, 8, WIRE_TAIL_NONE, "inbox-close"},
	{45, 16, WIRE_TAIL_NONE, "inbox-credit"},
	{46, 16, WIRE_TAIL_NONE, "message-done"},
	{48, 24, WIRE_TAIL_NODES, "barrier"},
	{49, 8, WIRE_TAIL_GRANTS, "lock-return"},
	{50, 16, WIRE_TAIL_NONE, "lock-cancel"},
	{60, 16, WIRE_TAIL_NONE, "node-list"},
	{61, 8, WIRE_TAIL_NONE, "stat"},
};

/* Bytes that may follow, by enum wire_tail. */
static const uint32_t most[] = {0, 8192, 63, 256, 64 + 256, 64, 128, 256 + 1024, 256};

static const struct expected *
expected_of(unsigned int op)
{
	for (unsigned int i = 0; i < RTE_DIM(table); i++)
		if (table[i].op == op)
			return &table[i];
	return NULL;
}

static struct wire_record
record(unsigned int op, uint32_t len)
{
	return (struct wire_record){.op = (uint8_t)op, .len = rte_cpu_to_be_32(len)};
}

static uint32_t
request(unsigned int op, uint32_t len, uint32_t room)
{
	struct wire_record rec = record(op, len);

	return wire_request_size(&rec, room);
}

static uint32_t
response(uint32_t len, uint32_t room)
{
	struct wire_record rec = record(WIRE_OP_GET | WIRE_RESPONSE, len);

	return wire_response_size(&rec, room);
}

/* Whole with exactly that much room, and with any more; malformed with any less. */
static void
check_size(unsigned int op, uint32_t len, uint32_t size)
{
	bool right = request(op, len, size) == size && request(op, len, size + 1) == size &&
	             request(op, len, UINT32_MAX) == size && request(op, len, size - 1) == 0 &&
	             request(op, len, size - 8) == 0 && request(op, len, 0) == 0;

	CU_ASSERT(right);
	if (!right)
		fprintf(stderr, "\noperation %u of length %u is %u bytes, not %u\n", op, len,
			request(op, len, UINT32_MAX), size);
}

/* The length says how many bytes to read or fill, or how wide: nothing of it follows. */
static void
request__without_a_tail(void)
{
	static const uint32_t lens[] = {0, 1, 4, 8, WIRE_DATA_MAX, WIRE_FILL_MAX, UINT32_MAX};

	for (unsigned int i = 0; i < RTE_DIM(table); i++)
		for (unsigned int k = 0; table[i].tail == WIRE_TAIL_NONE && k < RTE_DIM(lens); k++)
			check_size(table[i].op, lens[k], table[i].size);
}

static void
request__with_a_tail(void)
{
	for (unsigned int i = 0; i < RTE_DIM(table); i++) {
		if (table[i].tail == WIRE_TAIL_NONE)
			continue;
		for (uint32_t len = 0; len <= most[table[i].tail]; len++)
			check_size(table[i].op, len, table[i].size + (len + 7) / 8 * 8);
	}
}

/* However much room there is: also where adding the padding would wrap. */
static void
request__with_too_long_a_tail(void)
{
	static const uint32_t lens[] = {WIRE_DATA_MAX + 1, WIRE_DATA_MAX + 8, 65536, INT32_MAX,
		UINT32_MAX - 32, UINT32_MAX - 7, UINT32_MAX - 6, UINT32_MAX};

	for (unsigned int i = 0; i < RTE_DIM(table); i++) {
		if (table[i].tail == WIRE_TAIL_NONE)
			continue;
		for (unsigned int k = 0; k < RTE_DIM(lens); k++)
			CU_ASSERT_EQUAL(request(table[i].op, lens[k], UINT32_MAX), 0);
		CU_ASSERT_EQUAL(request(table[i].op, most[table[i].tail] + 1, UINT32_MAX), 0);
		CU_ASSERT_EQUAL(request(table[i].op, most[table[i].tail] + 8, UINT32_MAX), 0);
	}
}

/* Nothing can be told about its size, so it has none; a response is no request. */
static void
request__of_an_unknown_operation(void)
{
	for (unsigned int op = 0; op <= UINT8_MAX; op++) {
		const struct expected *e = expected_of(op);

		CU_ASSERT_EQUAL(wire_op_table[op].fixed, e != NULL ? e->size : 0);
		CU_ASSERT_EQUAL(wire_op_table[op].tail, e != NULL ? e->tail : WIRE_TAIL_NONE);
		if (e != NULL)
			continue;
		if (wire_op_table[op].fixed != 0)
			fprintf(stderr, "\noperation %u is not in the table of this test\n", op);
		CU_ASSERT_EQUAL(request(op, 0, UINT32_MAX), 0);
		CU_ASSERT_EQUAL(request(op, 8, 64), 0);
	}
}

/* A header is looked at when all of it is there, and not before. */
static void
record__header_cut_off(void)
{
	struct wire_record rec = record(WIRE_OP_POOL_OPEN, 0);

	CU_ASSERT_EQUAL(wire_request_size(&rec, 8), 8);
	CU_ASSERT_EQUAL(wire_response_size(&rec, 8), 8);
	for (uint32_t room = 0; room < 8; room++) {
		CU_ASSERT_EQUAL(wire_request_size(NULL, room), 0);
		CU_ASSERT_EQUAL(wire_response_size(NULL, room), 0);
	}
}

static void
response__size(void)
{
	for (uint32_t len = 0; len <= WIRE_DATA_MAX; len++) {
		uint32_t size = 8 + (len + 7) / 8 * 8;

		CU_ASSERT_EQUAL(response(len, size), size);
		CU_ASSERT_EQUAL(response(len, size + 1), size);
		CU_ASSERT_EQUAL(response(len, UINT32_MAX), size);
		CU_ASSERT_EQUAL(response(len, size - 1), 0);
		CU_ASSERT_EQUAL(response(len, len), 0);
	}
	CU_ASSERT_EQUAL(response(WIRE_DATA_MAX + 1, UINT32_MAX), 0);
	CU_ASSERT_EQUAL(response(UINT32_MAX - 7, UINT32_MAX), 0);
	CU_ASSERT_EQUAL(response(UINT32_MAX, UINT32_MAX), 0);
}

static void
record__header_as_on_the_wire(void)
{
	static const uint8_t bytes[8] = {0x89, 0x07, 0xab, 0xcd, 0x01, 0x23, 0x45, 0x67};
	uint64_t word[2] = {0};
	struct wire_record rec;

	wire_record_write(
		&word[0], WIRE_OP_CAS | WIRE_RESPONSE, 7, rte_cpu_to_be_16(0xabcd), 0x01234567);
	CU_ASSERT_EQUAL(memcmp(word, bytes, sizeof(bytes)), 0);
	CU_ASSERT_EQUAL(word[1], 0);
	memcpy(&rec, bytes, sizeof(rec));
	CU_ASSERT_EQUAL(rec.op, 0x89);
	CU_ASSERT_EQUAL(rec.status, 7);
	CU_ASSERT_EQUAL(rec.id, rte_cpu_to_be_16(0xabcd));
	CU_ASSERT_EQUAL(rec.len, rte_cpu_to_be_32(0x01234567));
}

/* Where the fields of the fixed parts lie. */
static void
record__fields_as_on_the_wire(void)
{
	CU_ASSERT_EQUAL(offsetof(struct wire_get, addr), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_put, addr), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_fill, addr), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_fill, pattern), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_atomic, addr), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_atomic, operand), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_cas, addr), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_cas, compare), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_cas, swap), 24);
	CU_ASSERT_EQUAL(offsetof(struct wire_alloc, size), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_alloc, pool), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_alloc, align_log2), 18);
	CU_ASSERT_EQUAL(offsetof(struct wire_alloc, owner), 19);
	CU_ASSERT_EQUAL(offsetof(struct wire_alloc, on_death), 20);
	CU_ASSERT_EQUAL(offsetof(struct wire_free, addr), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_resize, addr), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_resize, size), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_lookup, pool), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_own, addr), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_own, size), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_own, owner), 24);
	CU_ASSERT_EQUAL(offsetof(struct wire_own, how), 25);
	CU_ASSERT_EQUAL(offsetof(struct wire_own, from), 26);
	CU_ASSERT_EQUAL(offsetof(struct wire_owners, size), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_owners_found, nodes), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_alloc_for, pool), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_alloc_for, align_log2), 18);
	CU_ASSERT_EQUAL(offsetof(struct wire_alloc_for, name_len), 19);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_create, size), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_create, max_size), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_create, granule), 24);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_create, name_len), 28);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_create, grow_below), 32);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_create, grow_by), 40);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_create, shrink_above), 48);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_create, quota), 56);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool, bytes), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool, pool), 16);
	CU_ASSERT_EQUAL(sizeof(struct wire_pool_open), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_list, first), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_list, max), 10);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_nodes, first), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_nodes, max), 10);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_nodes, pool), 12);
}

static void
lock__fields_as_on_the_wire(void)
{
	CU_ASSERT_EQUAL(offsetof(struct wire_lock, timeout_us), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_want, lock), 0);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_want, shared), 4);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_grant, token), 0);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_grant, lock), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_grant, died), 12);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_id, lock), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_list, first), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_list, max), 12);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_info, token), 0);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_info, lock), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_info, shared), 12);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_info, waiting), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_info, holder), 20);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_info, died), 22);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_info, flags), 24);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_info, name_len), 25);
	CU_ASSERT_EQUAL(offsetof(struct wire_lock_info, name), 26);
	CU_ASSERT_EQUAL(offsetof(struct wire_put_fenced, addr), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_put_fenced, token), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_put_fenced, lock), 24);
}

static void
comm__fields_as_on_the_wire(void)
{
	CU_ASSERT_EQUAL(offsetof(struct wire_signal, count), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_signal, node), 12);
	CU_ASSERT_EQUAL(offsetof(struct wire_signal, to), 14);
	CU_ASSERT_EQUAL(offsetof(struct wire_signal, line), 15);
	CU_ASSERT_EQUAL(offsetof(struct wire_send, run), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_send, node), 10);
	CU_ASSERT_EQUAL(offsetof(struct wire_send, to), 12);
	CU_ASSERT_EQUAL(offsetof(struct wire_send, nodes), 13);
	CU_ASSERT_EQUAL(offsetof(struct wire_send_memory, addr), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_send_memory, size), 24);
	CU_ASSERT_EQUAL(offsetof(struct wire_inbox_open, bytes), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_inbox_open, window), 12);
	CU_ASSERT_EQUAL(offsetof(struct wire_inbox_open, memory), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_inbox_open, policy), 24);
	CU_ASSERT_EQUAL(offsetof(struct wire_inbox_credit, consumed), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_message_done, message), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_signalled, count), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_message, node), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_memory_message, node), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_memory_message, addr), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_memory_message, size), 24);
	CU_ASSERT_EQUAL(offsetof(struct wire_memory_message, message), 32);
	CU_ASSERT_EQUAL(offsetof(struct wire_barrier, timeout_us), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_barrier, barrier), 16);
}

static uint32_t
event(unsigned int op, uint32_t len, uint32_t room)
{
	struct wire_record rec = record(op, len);

	return wire_event_size(&rec, room);
}

static void
event__size(void)
{
	for (unsigned int op = 0; op <= UINT8_MAX; op++) {
		uint32_t size = op == 56 || op == 57 ? 16 : op == 58 ? 40 : 0;

		CU_ASSERT_EQUAL(event(op, 0, 40), size);
		CU_ASSERT_EQUAL(event(op, 0, size - 1), 0);
		CU_ASSERT_EQUAL(event(op, 0, 7), 0);
	}
	CU_ASSERT_EQUAL(event(57, 1024, 1040), 1040);
	CU_ASSERT_EQUAL(event(57, 1024, 1039), 0);
	CU_ASSERT_EQUAL(event(57, 1025, 2000), 0);
	CU_ASSERT_EQUAL(event(57, UINT32_MAX, 2000), 0);
	CU_ASSERT_EQUAL(event(57, 3, 24), 24);
}

static void
pool_info__fields_as_on_the_wire(void)
{
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, size), 0);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, max_size), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, used), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, largest_free), 24);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, allocs), 32);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, granule), 40);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, extents), 44);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, pool), 46);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, name_len), 48);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, name), 49);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, quota), 112);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, held), 120);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, grow_below), 128);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, grow_by), 136);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, shrink_above), 144);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, nodes), 152);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_info, memory), 154);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_node, held), 0);
	CU_ASSERT_EQUAL(offsetof(struct wire_pool_node, node), 8);
}

static void
nodes__fields_as_on_the_wire(void)
{
	CU_ASSERT_EQUAL(offsetof(struct wire_node_list, first), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_node_list, max), 10);
	CU_ASSERT_EQUAL(offsetof(struct wire_node_info, ip), 0);
	CU_ASSERT_EQUAL(offsetof(struct wire_node_info, workers), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_node_info, sessions), 20);
	CU_ASSERT_EQUAL(offsetof(struct wire_node_info, node), 24);
	CU_ASSERT_EQUAL(offsetof(struct wire_node_info, udp_port), 26);
	CU_ASSERT_EQUAL(offsetof(struct wire_stat_info, op_errors), 0);
	CU_ASSERT_EQUAL(offsetof(struct wire_stat_info, bytes_read), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_stat_info, bytes_written), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_stat_info, handed_over), 24);
	CU_ASSERT_EQUAL(offsetof(struct wire_stat_info, busy), 32);
	CU_ASSERT_EQUAL(offsetof(struct wire_stat_info, malformed), 40);
	CU_ASSERT_EQUAL(offsetof(struct wire_stat_info, nodes), 48);
	CU_ASSERT_EQUAL(offsetof(struct wire_stat_info, sessions), 52);
	CU_ASSERT_EQUAL(offsetof(struct wire_stat_info, workers), 56);
	CU_ASSERT_EQUAL(offsetof(struct wire_stat_info, ops), 64);
}

static void
op__names(void)
{
	for (unsigned int op = 0; op <= UINT8_MAX; op++) {
		const struct expected *e = expected_of(op & ~WIRE_RESPONSE);

		CU_ASSERT_STRING_EQUAL(wire_op_name((uint8_t)op), e != NULL ? e->name : "unknown");
	}
}

static void
pad__to_eight(void)
{
	for (uint32_t len = 0; len < 100; len++)
		CU_ASSERT_EQUAL(wire_pad(len), (len + 7) / 8 * 8);
}

CU_TestInfo record_tests[] = {
	TEST(request__without_a_tail),
	TEST(request__with_a_tail),
	TEST(request__with_too_long_a_tail),
	TEST(request__of_an_unknown_operation),
	TEST(record__header_cut_off),
	TEST(response__size),
	TEST(record__header_as_on_the_wire),
	TEST(record__fields_as_on_the_wire),
	TEST(pool_info__fields_as_on_the_wire),
	TEST(lock__fields_as_on_the_wire),
	TEST(comm__fields_as_on_the_wire),
	TEST(event__size),
	TEST(nodes__fields_as_on_the_wire),
	TEST(op__names),
	TEST(pad__to_eight),
	CU_TEST_INFO_NULL,
};
