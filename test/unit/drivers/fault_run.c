/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <inttypes.h>
#include <stdio.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <CUnit/Basic.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "fault_tests.h"

#define POOL_MBUFS 8191

uint64_t seed = 20260601;
struct rte_mempool *pool;

static uint8_t
frame_byte(uint32_t number, uint32_t i)
{
	return (uint8_t)dice_mix((uint64_t)number << 32 | i);
}

struct rte_mbuf *
frame_make(struct rte_mempool *from, uint32_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(from);
	struct rte_ether_hdr *eth;
	uint8_t *data;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	data = (uint8_t *)rte_pktmbuf_append(m, FRAME_LEN);
	for (uint32_t i = 0; i < FRAME_LEN; i++)
		data[i] = frame_byte(number, i);
	eth = (struct rte_ether_hdr *)data;
	eth->ether_type = RTE_BE16(FRAME_TYPE);
	memcpy(eth + 1, &number, sizeof(number));
	return m;
}

uint32_t
frame_number(const struct rte_mbuf *m)
{
	uint32_t number;

	memcpy(&number, rte_pktmbuf_mtod_offset(m, const void *, RTE_ETHER_HDR_LEN),
		sizeof(number));
	return number;
}

unsigned int
frame_damage(const struct rte_mbuf *m, uint32_t number)
{
	struct rte_mbuf *good = frame_make(pool, number);
	const uint8_t *is = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint8_t *was = rte_pktmbuf_mtod(good, const uint8_t *);
	unsigned int bits = 0;

	for (uint32_t i = 0; i < m->data_len; i++)
		bits += (unsigned int)__builtin_popcount(is[i] ^ was[i]);
	rte_pktmbuf_free(good);
	return bits;
}

bool
is_stand_in(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	return eth->ether_type == RTE_BE16(FAULT_ETHER_TYPE) && m->pkt_len == 60;
}

struct fault_settings
settings_of(const char *spec)
{
	struct fault_settings settings = {0};
	char why[256] = "", text[FAULT_TEXT_MAX];

	snprintf(text, sizeof(text), "%s,seed=%" PRIu64, spec, seed);
	CU_ASSERT_EQUAL(fault_settings_parse(text, &settings, why, sizeof(why)), 0);
	CU_ASSERT_STRING_EQUAL(why, "");
	return settings;
}

struct fate_conf
conf_of(const char *spec)
{
	struct fault_settings settings = settings_of(spec);
	struct fate_conf conf;

	fate_conf_fill(&conf, &settings.dir[FAULT_RX], 0, 1000000000);
	return conf;
}

void
thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
	cpu_set_t all;

	CPU_ZERO(&all);
	for (long i = 0; i < sysconf(_SC_NPROCESSORS_ONLN); i++)
		CPU_SET((int)i, &all);
	CU_ASSERT_EQUAL_FATAL(pthread_create(thread, NULL, run, arg), 0);
	pthread_setaffinity_np(*thread, sizeof(all), &all);
}

bool
share_holds(uint64_t count, uint64_t n, double percent, const char *what, int line)
{
	double p = percent / 100, mean = (double)n * p, off = (double)count - mean;
	bool holds = off * off <= 25 * mean * (1 - p);

	if (!holds)
		fprintf(stderr, "\n  line %d: %s is %" PRIu64 " of %" PRIu64 ", not about %.0f\n",
			line, what, count, n, mean);
	return holds;
}

static CU_SuiteInfo suites[] = {
	{"fault spec", NULL, NULL, NULL, NULL, spec_tests},
	{"fault fate", NULL, NULL, NULL, NULL, fate_tests},
	{"fault hold", NULL, NULL, NULL, NULL, hold_tests},
	{"fault damage", NULL, NULL, NULL, NULL, damage_tests},
	{"fault lane", NULL, NULL, NULL, NULL, lane_tests},
	{"fault lane to transmit", NULL, NULL, NULL, NULL, lane_tx_tests},
	{"fault port", ports_open, ports_close, NULL, NULL, port_tests},
	CU_SUITE_INFO_NULL,
};

static int
eal_up(void)
{
	char name[] = "fault", huge[] = "--no-huge", pci[] = "--no-pci", conf[] = "--no-shconf",
	     tel[] = "--no-telemetry", log[] = "--log-level=*:alert", m[] = "-m", size[] = "256";
	char *argv[] = {name, huge, pci, conf, tel, log, m, size};

	return rte_eal_init(RTE_DIM(argv), argv);
}

int
main(void)
{
	const char *other = getenv("SEED");
	unsigned int failures;

	if (other != NULL)
		seed = strtoull(other, NULL, 0);
	printf("SEED=%" PRIu64 "\n", seed);
	if (eal_up() < 0 || CU_initialize_registry() != CUE_SUCCESS ||
		CU_register_suites(suites) != CUE_SUCCESS)
		return 1;
	pool = rte_pktmbuf_pool_create("fault", POOL_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	if (pool == NULL)
		return 1;
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	rte_mempool_free(pool);
	rte_eal_cleanup();
	return failures != 0;
}
