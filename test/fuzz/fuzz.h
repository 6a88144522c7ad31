/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef FUZZ_H
#define FUZZ_H

/**
 * What the fuzzers share. A fuzzer is one file that defines LLVMFuzzerTestOneInput(): the input is
 * a little program for it, read from front to back, and reads as zeros behind its end. What must
 * hold is a CHECK(), and the process ends where it does not.
 *
 * A run depends on its input alone: no clock, no random numbers, nothing left from the run before.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** To be called by LLVMFuzzerInitialize() of those that need buffers: EAL, without hugepages. */
void fuzz_eal_init(void);

/** Without EAL nobody tells DPDK's parsers to keep quiet. */
void fuzz_log_off(void);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (unlikely(!(condition)))                                                        \
			fuzz_failed(__FILE__, __LINE__, #condition);                               \
	} while (0)

__rte_noreturn void fuzz_failed(const char *file, int line, const char *what);

/** The @p nth allocation from now on with rte_malloc() and its like fails; 0: none does. */
void fuzz_alloc_fail(unsigned int nth);

struct input {
	const uint8_t *at;
	const uint8_t *end;
};

static inline size_t
in_left(const struct input *in)
{
	return (size_t)(in->end - in->at);
}

static inline uint8_t
in_u8(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static inline uint16_t
in_u16(struct input *in)
{
	uint16_t low = in_u8(in);

	return (uint16_t)(low | in_u8(in) << 8);
}

static inline uint32_t
in_u32(struct input *in)
{
	uint32_t low = in_u16(in);

	return low | (uint32_t)in_u16(in) << 16;
}

static inline uint64_t
in_u64(struct input *in)
{
	uint64_t low = in_u32(in);

	return low | (uint64_t)in_u32(in) << 32;
}

/** A number below @p n, of a byte. */
static inline unsigned int
in_below(struct input *in, unsigned int n)
{
	return in_u8(in) % n;
}

/** The next @p n bytes; zeros behind the end. */
static inline void
in_bytes(struct input *in, void *to, size_t n)
{
	size_t got = RTE_MIN(n, in_left(in));

	if (got > 0)
		memcpy(to, in->at, got);
	if (got < n)
		memset((uint8_t *)to + got, 0, n - got);
	in->at += got;
}

/** The next bytes, at most @p n, where they lie. @return how many there are. */
static inline size_t
in_span(struct input *in, size_t n, const uint8_t **bytes)
{
	n = RTE_MIN(n, in_left(in));
	*bytes = in->at;
	in->at += n;
	return n;
}

/**
 * A field of a message as the input wants it: two bits of @p mode say whether it is @p right, next
 * to that, in its wider neighbourhood, or anything.
 */
static inline uint64_t
in_field(struct input *in, unsigned int mode, uint64_t right)
{
	switch (mode & 3) {
	case 0:
		return right;
	case 1:
		return right + (uint64_t)(int64_t)(int8_t)in_u8(in);
	case 2:
		return right + (uint64_t)(int64_t)(int16_t)in_u16(in);
	default:
		return in_u64(in);
	}
}

#endif /* FUZZ_H */
