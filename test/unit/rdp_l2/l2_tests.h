/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef L2_TESTS_H
#define L2_TESTS_H

#include <rte_ip.h>
#include <rte_mempool.h>

#define IP(a, b, c, d) RTE_BE32(RTE_IPV4(a##u, b, c, d))
#define MS             UINT64_C(1000000)

int neigh_tests(void);
int nd_tests(struct rte_mempool *mbufs);

#endif /* L2_TESTS_H */
