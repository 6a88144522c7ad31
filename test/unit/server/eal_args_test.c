/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>
#include <string.h>

#include "../../../apps/shmx-server/eal_args.h"
#include "../../../apps/shmx-server/preflight.h"
#include "server_tests.h"

struct split {
	struct eal_args eal;
	struct problem p;
	int nb_own;
	char **own;
	char *argv[16]; /* what own points into */
};

#define SPLIT(s, ...) split_list(s, (const char *[]){"shmx-server", ##__VA_ARGS__, NULL})

static int
split_list(struct split *s, const char **argv)
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	memcpy(s->argv, argv, ((size_t)argc + 1) * sizeof(argv[0]));
	return eal_args_split(&s->eal, argc, s->argv, &s->nb_own, &s->own, &s->p);
}

static void
eal_args__both_sides(void)
{
	struct split s;

	CU_ASSERT_EQUAL(SPLIT(&s, "-l", "0,1", "--no-huge", "--", "--port", "eth:0"), 0);
	CU_ASSERT_EQUAL(s.eal.argc, 4);
	CU_ASSERT_STRING_EQUAL(s.eal.argv[0], "shmx-server");
	CU_ASSERT_STRING_EQUAL(s.eal.argv[3], "--no-huge");
	CU_ASSERT_PTR_NULL(s.eal.argv[4]);
	CU_ASSERT_EQUAL(s.nb_own, 3);
	CU_ASSERT_STRING_EQUAL(s.own[1], "--port");
}

static void
eal_args__one_side_only(void)
{
	struct split s;

	CU_ASSERT_EQUAL(SPLIT(&s), 0);
	CU_ASSERT_EQUAL(s.eal.argc, 1);
	CU_ASSERT_EQUAL(s.nb_own, 0);
	CU_ASSERT_EQUAL(SPLIT(&s, "--", "--port", "eth:0"), 0);
	CU_ASSERT_EQUAL(s.eal.argc, 1);
	CU_ASSERT_EQUAL(s.nb_own, 3);
	CU_ASSERT_EQUAL(SPLIT(&s, "--config", "x.ini"), 0);
	CU_ASSERT_EQUAL(s.eal.argc, 1);
	CU_ASSERT_EQUAL(s.nb_own, 3);
	CU_ASSERT_STRING_EQUAL(s.own[1], "--config");
	CU_ASSERT_EQUAL(SPLIT(&s, "-l", "0"), 0);
	CU_ASSERT_EQUAL(s.eal.argc, 3);
	CU_ASSERT_EQUAL(s.nb_own, 0);
}

static void
eal_args__own_option_on_the_wrong_side(void)
{
	struct split s;

	CU_ASSERT_EQUAL(SPLIT(&s, "-l", "0,1", "--port", "eth:0"), -EINVAL);
	ASSERT_SAYS(s.p, "--port is no EAL option: put it behind --");
	CU_ASSERT_EQUAL(SPLIT(&s, "-m", "64", "--pool=a:2M", "--", "--port", "eth:0"), -EINVAL);
	ASSERT_SAYS(s.p, "--pool=a:2M is no EAL option");
}

static void
eal_args__questions_work_on_both_sides(void)
{
	struct split s;

	CU_ASSERT_EQUAL(SPLIT(&s, "--help"), 0);
	CU_ASSERT_EQUAL(s.nb_own, 2);
	CU_ASSERT_STRING_EQUAL(s.own[1], "--help");
	CU_ASSERT_EQUAL(SPLIT(&s, "-h"), 0);
	CU_ASSERT_STRING_EQUAL(s.own[1], "--help");
	CU_ASSERT_EQUAL(SPLIT(&s, "--version"), 0);
	CU_ASSERT_STRING_EQUAL(s.own[1], "--version");
}

static void
eal_args__of_the_file(void)
{
	struct split s;

	CU_ASSERT_EQUAL(SPLIT(&s, "--"), 0);
	CU_ASSERT_EQUAL(eal_args_fallback(&s.eal, " -l 0,1\t--no-huge ", &s.p), 0);
	CU_ASSERT_EQUAL(s.eal.argc, 4);
	CU_ASSERT_STRING_EQUAL(s.eal.argv[2], "0,1");
	CU_ASSERT_STRING_EQUAL(s.eal.argv[3], "--no-huge");
	CU_ASSERT_EQUAL(SPLIT(&s, "-m", "64", "--"), 0);
	CU_ASSERT_EQUAL(eal_args_fallback(&s.eal, "-l 0,1", &s.p), 0);
	CU_ASSERT_EQUAL(s.eal.argc, 3);
}

static void
eal_args__has(void)
{
	struct split s;

	CU_ASSERT_EQUAL(SPLIT(&s, "--no-huge", "--huge-dir=/mnt", "--"), 0);
	CU_ASSERT(eal_args_has(&s.eal, "--no-huge"));
	CU_ASSERT(eal_args_has(&s.eal, "--huge-dir"));
	CU_ASSERT(!eal_args_has(&s.eal, "--no-hug"));
	CU_ASSERT(!eal_args_has(&s.eal, "--in-memory"));
}

static void
preflight__hugepages(void)
{
	struct split s;

	CU_ASSERT_EQUAL(SPLIT(&s, "--"), 0);
	CU_ASSERT_EQUAL(preflight_hugepages(1 << 30, true, &s.eal, &s.p), 0);
	CU_ASSERT_EQUAL(preflight_hugepages(0, true, &s.eal, &s.p), -EINVAL);
	ASSERT_SAYS(s.p, "config/hugepages.sh");
	ASSERT_SAYS(s.p, "--no-huge -m 1024");
	CU_ASSERT_EQUAL(preflight_hugepages(1 << 30, false, &s.eal, &s.p), -EINVAL);
	ASSERT_SAYS(s.p, "mount -t hugetlbfs nodev /dev/hugepages");
	CU_ASSERT_EQUAL(SPLIT(&s, "--in-memory", "--"), 0);
	CU_ASSERT_EQUAL(preflight_hugepages(1 << 30, false, &s.eal, &s.p), 0);
	CU_ASSERT_EQUAL(SPLIT(&s, "--no-huge", "--"), 0);
	CU_ASSERT_EQUAL(preflight_hugepages(0, false, &s.eal, &s.p), 0);
}

static void
preflight__more_memory(void)
{
	struct split s;
	char buf[128];

	CU_ASSERT_EQUAL(SPLIT(&s, "--"), 0);
	preflight_more_memory(&s.eal, (UINT64_C(1) << 30) + 1, buf, sizeof(buf));
	CU_ASSERT_STRING_EQUAL(buf, "reserve with 'config/hugepages.sh 513'");
	CU_ASSERT_EQUAL(SPLIT(&s, "--no-huge", "--"), 0);
	preflight_more_memory(&s.eal, (UINT64_C(1) << 30) + 1, buf, sizeof(buf));
	CU_ASSERT_STRING_EQUAL(buf, "give EAL at least -m 1025");
}

CU_TestInfo eal_args_tests[] = {
	TEST(eal_args__both_sides),
	TEST(eal_args__one_side_only),
	TEST(eal_args__own_option_on_the_wrong_side),
	TEST(eal_args__questions_work_on_both_sides),
	TEST(eal_args__of_the_file),
	TEST(eal_args__has),
	TEST(preflight__hugepages),
	TEST(preflight__more_memory),
	CU_TEST_INFO_NULL,
};
