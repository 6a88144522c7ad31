/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Layout of frames, serial numbers, and the CRC against the vectors of its standard. */

#include <string.h>

#include <rte_mbuf_core.h>

#include "wire/frame.h"
#include "wire_tests.h"

/* Bit by bit, as the standard writes it down. */
static uint32_t
crc32c_slow(const uint8_t *p, uint32_t len)
{
	uint32_t crc = UINT32_MAX;

	for (; len > 0; len--) {
		crc ^= *p++;
		for (unsigned int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
	}
	return ~crc;
}

/* RFC 3720, B.4; the values there are printed byte by byte, the lowest first. */
static void
crc32c__vectors_of_rfc_3720(void)
{
	static const uint8_t read_command[48] = {0x01,
		0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18, [32] = 0x28, [40] = 0x02};
	uint8_t bytes[32];

	memset(bytes, 0, sizeof(bytes));
	CU_ASSERT_EQUAL(wire_crc32c(bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	CU_ASSERT_EQUAL(wire_crc32c(bytes, 32), 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		bytes[i] = i;
	CU_ASSERT_EQUAL(wire_crc32c(bytes, 32), 0x46dd794e);
	for (uint8_t i = 0; i < 32; i++)
		bytes[i] = (uint8_t)(31 - i);
	CU_ASSERT_EQUAL(wire_crc32c(bytes, 32), 0x113fdb5c);
	CU_ASSERT_EQUAL(wire_crc32c(read_command, 48), 0xd9963a56);
	CU_ASSERT_EQUAL(wire_crc32c("123456789", 9), 0xe3069283);
	CU_ASSERT_EQUAL(wire_crc32c(bytes, 0), 0);
}

static void
crc32c__any_length_at_any_place(void)
{
	static uint8_t bytes[2100];
	struct chance c = {plain_seed()};

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)chance_next(&c);
	for (uint32_t at = 0; at < 16; at++)
		for (uint32_t len = 0; len < 2048; len += len < 80 ? 1 : 61)
			CU_ASSERT_EQUAL(wire_crc32c(bytes + at, len), crc32c_slow(bytes + at, len));
}

/* What a CRC is for: one bit turned over anywhere, or two. */
static void
crc32c__finds_turned_bits(void)
{
	static uint8_t bytes[256];
	uint32_t good = wire_crc32c(bytes, sizeof(bytes));
	struct chance c = {plain_seed()};

	for (uint32_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
		uint32_t other = (uint32_t)chance_below(&c, 8 * sizeof(bytes));

		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CU_ASSERT_NOT_EQUAL(wire_crc32c(bytes, sizeof(bytes)), good);
		bytes[other / 8] ^= (uint8_t)(1u << other % 8);
		CU_ASSERT_EQUAL(wire_crc32c(bytes, sizeof(bytes)) == good, other == bit);
		memset(bytes, 0, sizeof(bytes));
	}
}

/* RFC 1982: whatever the numbers, what counts is how far apart they are. */
static void
psn__serial_numbers(void)
{
	static const uint32_t from[] = {0, 1, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001,
		0xfffffeff, 0xfffffffe, 0xffffffff, 12345};
	static const uint32_t ahead[] = {1, 2, 255, 256, 65536, 0x40000000, 0x7ffffffe, 0x7fffffff};

	for (unsigned int i = 0; i < RTE_DIM(from); i++) {
		CU_ASSERT_FALSE(wire_psn_before(from[i], from[i]));
		for (unsigned int k = 0; k < RTE_DIM(ahead); k++) {
			CU_ASSERT_TRUE(wire_psn_before(from[i], from[i] + ahead[k]));
			CU_ASSERT_FALSE(wire_psn_before(from[i] + ahead[k], from[i]));
		}
	}
}

static void
psn__order_around_the_wrap(void)
{
	for (uint32_t a = 0xffffff00; a != 0x100; a++)
		for (uint32_t b = 0xffffff00; b != 0x100; b++)
			CU_ASSERT_EQUAL(!!wire_psn_before(a, b), a + 0x100 < b + 0x100);
}

static void
frame__as_on_the_wire(void)
{
	static const uint8_t bytes[30] = {0x16, 0xa7, 0x12, 0x34, 0x01, 0x02, 0x03, 0x04, 0x11,
		0x12, 0x13, 0x14, 0x21, 0x22, 0x23, 0x24, 0x31, 0x32, 0x33, 0x34, 0x41, 0x42, 0x43,
		0x44, 0x51, 0x52, 0x53, 0x54, 0x61, 0x62};
	const struct wire_frame f = {
		.version_type = WIRE_VERSION << 4 | WIRE_DATA,
		.flags = 10 << WIRE_PRESSURE_SHIFT | WIRE_F_CRC | WIRE_F_SACK | WIRE_F_RETRANSMIT,
		.session = rte_cpu_to_be_16(0x1234),
		.dst_inc = rte_cpu_to_be_32(0x01020304),
		.src_inc = rte_cpu_to_be_32(0x11121314),
		.psn = rte_cpu_to_be_32(0x21222324),
		.ack = rte_cpu_to_be_32(0x31323334),
		.ts = rte_cpu_to_be_32(0x41424344),
		.echo = rte_cpu_to_be_32(0x51525354),
		.echo_delay = rte_cpu_to_be_16(0x6162),
	};

	CU_ASSERT_EQUAL(sizeof(f), sizeof(bytes));
	CU_ASSERT_EQUAL(memcmp(&f, bytes, sizeof(bytes)), 0);
	CU_ASSERT_EQUAL(wire_version(&f), 1);
	CU_ASSERT_EQUAL(wire_type(&f), WIRE_DATA);
}

static void
frame__version_and_type(void)
{
	for (unsigned int i = 0; i <= UINT8_MAX; i++) {
		struct wire_frame f = {.version_type = (uint8_t)i};

		CU_ASSERT_EQUAL(wire_version(&f), i / 16);
		CU_ASSERT_EQUAL(wire_type(&f), i % 16);
	}
}

static void
handshake__as_on_the_wire(void)
{
	CU_ASSERT_EQUAL(offsetof(struct wire_hello, version_max), 1);
	CU_ASSERT_EQUAL(offsetof(struct wire_hello, session), 2);
	CU_ASSERT_EQUAL(offsetof(struct wire_hello, node), 4);
	CU_ASSERT_EQUAL(offsetof(struct wire_hello, mtu), 6);
	CU_ASSERT_EQUAL(offsetof(struct wire_hello, window), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_hello, features), 12);
	CU_ASSERT_EQUAL(offsetof(struct wire_hello, epoch), 16);
	CU_ASSERT_EQUAL(offsetof(struct wire_hello, stamp), 24);
	CU_ASSERT_EQUAL(offsetof(struct wire_hello, cookie), 28);
	CU_ASSERT_EQUAL(offsetof(struct wire_challenge, cookie), 4);
	CU_ASSERT_EQUAL(offsetof(struct wire_accept, session), 2);
	CU_ASSERT_EQUAL(offsetof(struct wire_accept, node), 4);
	CU_ASSERT_EQUAL(offsetof(struct wire_accept, mtu), 6);
	CU_ASSERT_EQUAL(offsetof(struct wire_accept, window), 8);
	CU_ASSERT_EQUAL(offsetof(struct wire_accept, features), 10);
	CU_ASSERT_EQUAL(offsetof(struct wire_accept, epoch), 14);
	CU_ASSERT_EQUAL(offsetof(struct wire_refuse, version_min), 2);
	CU_ASSERT_EQUAL(offsetof(struct wire_refuse, version_max), 3);
}

CU_TestInfo frame_tests[] = {
	TEST(crc32c__vectors_of_rfc_3720),
	TEST(crc32c__any_length_at_any_place),
	TEST(crc32c__finds_turned_bits),
	TEST(psn__serial_numbers),
	TEST(psn__order_around_the_wrap),
	TEST(frame__as_on_the_wire),
	TEST(frame__version_and_type),
	TEST(handshake__as_on_the_wire),
	CU_TEST_INFO_NULL,
};
