/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef FAULT_TESTS_H
#define FAULT_TESTS_H

/** What the tests of drivers/fault share. */

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "fault/lane.h"

#define FRAME_LEN  100
#define FRAME_TYPE 0x88B5

extern CU_TestInfo spec_tests[];
extern CU_TestInfo fate_tests[];
extern CU_TestInfo hold_tests[];
extern CU_TestInfo damage_tests[];
extern CU_TestInfo lane_tests[];
extern CU_TestInfo lane_tx_tests[];
extern CU_TestInfo port_tests[];

/** Of every sequence; SEED in the environment replaces it, and it is printed. */
extern uint64_t seed;

/** Where frames of the tests come from. */
extern struct rte_mempool *pool;

/** Set up and taken down with suites that use ports: loopback ends a and b, two queues. */
int ports_open(void);
int ports_close(void);

/** FRAME_LEN bytes that follow from the number. */
struct rte_mbuf *frame_make(struct rte_mempool *from, uint32_t number);

/** The number of an undamaged frame. */
uint32_t frame_number(const struct rte_mbuf *m);

/** Bits in which a frame differs from what frame_make() would have made. */
unsigned int frame_damage(const struct rte_mbuf *m, uint32_t number);

bool is_stand_in(const struct rte_mbuf *m);

/** A spec that has to be right, with the seed of the tests in it. */
struct fate_conf conf_of(const char *spec);
struct fault_settings settings_of(const char *spec);

/** A thread on whatever processor is free; EAL has put the main one on the first. */
void thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

/** How often one of @p n comes to pass with that share: give or take five standard deviations. */
#define CU_ASSERT_SHARE(count, n, percent)                                                         \
	CU_ASSERT(share_holds(count, n, percent, #count, __LINE__))
bool share_holds(uint64_t count, uint64_t n, double percent, const char *what, int line);

#endif /* FAULT_TESTS_H */
