/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * lib/mem against general-purpose allocators, on one trace; and the cost of the access check and
 * of a transfer. Without arguments it runs itself once per allocator and prints a table.
 *
 * The trace is a key-value server's. Sizes are the values of the ETC workload of Atikoglu et al.,
 * "Workload analysis of a large-scale key-value store", SIGMETRICS 2012: generalized
 * Pareto with location 0, scale 214.476, shape 0.348238. One in 200 is a large buffer, 4 KiB to
 * 1 MiB, log-uniform. Lifetimes are exponential with three means: 80 % live for 1,000 allocations,
 * 17 % for 100,000, 3 % for ever; the skew of Wilson et al., "Dynamic storage allocation: a survey
 * and critical review", IWMM 1995, where the phases come from, too: in each
 * quarter of the run the scale is another one, and of what lived for ever 3/4 goes at its end.
 */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mem/mem.h"
#include "mem/mem_access.h"
#include "mem/mem_layout.h"

#define ALLOCS    2000000u
#define PHASES    4
#define POOL_SIZE (UINT64_C(1024) << 20)
#define NONE      UINT32_MAX
#define LIB_DIR   "/usr/lib/x86_64-linux-gnu/"

struct object {
	uint32_t size;
	uint32_t next; /* that dies at the same time */
	uint64_t addr;
};

static struct object *objects;
static uint32_t *deaths; /* first object that dies before allocation i */
static uint64_t peak_live;
static uint64_t peak_rounded; /* the same, every size rounded up to 64 */
static uint64_t rnd_state = 88172645463325252u;

static double
uniform(void)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return ((double)(rnd_state >> 11) + 0.5) / 9007199254740992.0;
}

static uint32_t
random_size(uint32_t phase)
{
	static const double scale[PHASES] = {1, 3, 0.5, 2};
	double x;

	if (uniform() < 0.005)
		return (uint32_t)(4096 * pow(256, uniform()));
	x = scale[phase] * 214.476 / 0.348238 * (pow(uniform(), -0.348238) - 1);
	return x < 1 ? 1 : x > 1 << 20 ? 1 << 20 : (uint32_t)x;
}

/* The allocation before which object i dies; ALLOCS when it stays. */
static uint32_t
random_death(uint32_t i)
{
	uint32_t phase_end = (i / (ALLOCS / PHASES) + 1) * (ALLOCS / PHASES);
	double kind = uniform(), life;

	if (kind >= 0.97)
		return uniform() < 0.75 ? phase_end : ALLOCS;
	life = -log(uniform()) * (kind < 0.8 ? 1000 : 100000) + 1;
	return i + life >= ALLOCS ? ALLOCS : i + (uint32_t)life;
}

static void
make_trace(void)
{
	uint64_t live = 0, rounded = 0;
	uint32_t i, o, d;

	objects = calloc(ALLOCS, sizeof(*objects));
	deaths = malloc((ALLOCS + 1) * sizeof(*deaths));
	memset(deaths, 0xff, (ALLOCS + 1) * sizeof(*deaths));
	for (i = 0; i < ALLOCS; i++) {
		for (o = deaths[i]; o != NONE; o = objects[o].next) {
			live -= objects[o].size;
			rounded -= RTE_ALIGN(objects[o].size, 64);
		}
		objects[i].size = random_size(i / (ALLOCS / PHASES));
		d = random_death(i);
		objects[i].next = deaths[d];
		deaths[d] = i;
		live += objects[i].size;
		rounded += RTE_ALIGN(objects[i].size, 64);
		peak_live = RTE_MAX(peak_live, live);
		peak_rounded = RTE_MAX(peak_rounded, rounded);
	}
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* Highest resident size, in bytes; in peak and out the same way for every allocator. */
static uint64_t
rss_peak(void)
{
	unsigned long kb = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kb = strtoul(line + 6, NULL, 10);
	if (f != NULL)
		fclose(f);
	return (uint64_t)kb * 1024;
}

static void
touch(uint8_t *p, uint32_t size)
{
	uint32_t i;

	for (i = 0; i < size; i += 4096)
		p[i] = 1;
	p[size - 1] = 1;
}

static void
report(const char *what, double seconds, uint64_t footprint)
{
	printf("%-24s %8.1f ns/call %10.3f footprint/live\n", what, seconds * 1e9 / (2.0 * ALLOCS),
		(double)footprint / (double)peak_live);
}

/* zeroed: as lib/mem does, nobody sees what another one left behind. */
static void
run_malloc(const char *label, bool zeroed)
{
	uint64_t before = rss_peak();
	double start = now();
	uint32_t i, o;

	for (i = 0; i <= ALLOCS; i++) {
		for (o = deaths[i]; o != NONE; o = objects[o].next)
			free((void *)(uintptr_t)objects[o].addr);
		if (i == ALLOCS)
			break;
		objects[i].addr = (uintptr_t)(zeroed ? calloc(1, objects[i].size)
						     : malloc(objects[i].size));
		touch((uint8_t *)(uintptr_t)objects[i].addr, objects[i].size);
	}
	report(label, now() - start, rss_peak() - before);
}

static struct mem *
make_mem(struct mem_provider *prov, uint64_t size, uint16_t *pool)
{
	struct mem_pool_params q = {.name = "bench", .size = size};
	struct mem_conf conf = {.provider = *prov, .seed = 1};
	struct mem *m;
	int err;

	m = mem_create(&conf, &err);
	if (m == NULL || mem_pool_create(m, &q, 0, pool) != 0) {
		fprintf(stderr, "cannot make a pool of %llu bytes\n", (unsigned long long)size);
		exit(1);
	}
	return m;
}

/* 0 or the error of the first allocation that did not fit. */
static int
replay(struct mem *m, uint16_t pool, uint8_t *pages)
{
	uint32_t i, o;
	int ret, err;

	for (i = 0; i <= ALLOCS; i++) {
		for (o = deaths[i]; o != NONE; o = objects[o].next)
			mem_free(m, objects[o].addr, 0);
		if (i == ALLOCS)
			break;
		/* what an idle loop would do now and then */
		if (i % 16 == 0)
			mem_zero_step(m, pool, 65536);
		do {
			ret = mem_alloc(m, pool, objects[i].size, 0, MEM_SET_EVERYONE, NULL,
				&objects[i].addr);
		} while (ret == -EAGAIN && mem_zero_step(m, pool, 256 * 1024) > 0);
		if (ret != 0)
			return ret;
		touch(mem_access(m, objects[i].addr, objects[i].size, 0, &err), objects[i].size);
		if (pages != NULL)
			memset(pages + mem_addr_off(objects[i].addr) / 4096, 1,
				(mem_addr_off(objects[i].addr) % 4096 + objects[i].size + 4095) /
					4096);
	}
	return 0;
}

static bool
replay_fits(uint64_t size)
{
	struct mem_provider *prov = mem_provider_heap_create();
	uint16_t pool;
	struct mem *m = make_mem(prov, size, &pool);
	int ret = replay(m, pool, NULL);

	mem_destroy(m);
	mem_provider_heap_destroy(prov);
	return ret == 0;
}

/* The smallest pool, to 2 MiB, in which the trace runs. */
static uint64_t
smallest_pool(void)
{
	uint64_t low = peak_live >> 21, high = POOL_SIZE >> 21, mid;

	while (high - low > 1) {
		mid = (low + high) / 2;
		if (replay_fits(mid << 21))
			high = mid;
		else
			low = mid;
	}
	return high << 21;
}

static void
run_mem(void)
{
	struct mem_provider *prov = mem_provider_heap_create();
	uint8_t *pages = calloc(POOL_SIZE / 4096, 1);
	uint64_t touched = 0, i;
	uint16_t pool;
	struct mem *m = make_mem(prov, POOL_SIZE, &pool);
	double start = now(), took;

	replay(m, pool, NULL);
	took = now() - start;
	mem_destroy(m);
	m = make_mem(prov, POOL_SIZE, &pool);
	replay(m, pool, pages);
	for (i = 0; i < POOL_SIZE / 4096; i++)
		touched += pages[i] * UINT64_C(4096);
	report("shmx (zeroes, owners)", took, touched);
	printf("%-24s %21s %8.3f\n", "  rounding to 64 alone", "",
		(double)peak_rounded / (double)peak_live);
	printf("%-24s %21s %8.3f pool/live\n", "  smallest pool", "",
		(double)smallest_pool() / (double)peak_live);
	mem_destroy(m);
	mem_provider_heap_destroy(prov);
	free(pages);
}

#define PROBES (1u << 16)

/* ns of one check, over probes in a window of the pool. */
static double
time_access(const struct mem *m, uint64_t base, uint64_t window, uint16_t node)
{
	static uint64_t addrs[PROBES];
	uintptr_t sum = 0;
	uint64_t lines = window / 64;
	uint32_t i, round, n = lines < PROBES ? (uint32_t)lines : PROBES;
	double start;
	int err;

	for (i = 0; i < n; i++)
		addrs[i] = base + (uint64_t)(uniform() * (double)lines) * 64;
	for (round = 0, start = 0; round < 200 * (PROBES / n); round++) {
		if (round == 4)
			start = now();
		for (i = 0; i < n; i++)
			sum += (uintptr_t)mem_access(m, addrs[i], 64, node, &err);
	}
	if (sum == 1)
		printf("never\n");
	return (now() - start) * 1e9 / ((double)(round - 4) * n);
}

static void
run_access(void)
{
	struct mem_provider *prov = mem_provider_heap_create();
	uint64_t addr, gib = UINT64_C(1) << 30, i;
	uint16_t pool, a, b;
	struct mem *m = make_mem(prov, gib, &pool);
	double start, best = 1;

	mem_set_of_node(m, 3, &a);
	mem_set_of_node(m, 4, &b);
	mem_alloc(m, pool, gib, 0, a, NULL, &addr);
	printf("access check, 64 bytes, uniform: %.2f ns in 64 KiB, %.2f ns in 64 MiB, %.2f ns in "
	       "1 GiB\n",
		time_access(m, addr, 65536, 3), time_access(m, addr, gib / 16, 3),
		time_access(m, addr, gib, 3));
	for (i = 0; i < 1000; i++) {
		start = now();
		mem_own_set(m, addr, gib, i % 2 ? a : b);
		best = fmin(best, now() - start);
	}
	printf("transfer of 1 GiB, uniform: %.2f us\n", best * 1e6);
	for (i = 0; i < gib; i += 2 << 20)
		mem_own_set(m, addr + i, 64, MEM_SET_EVERYONE);
	mem_own_set(m, addr, 64, a);
	printf("access check, 64 bytes, mixed:   %.2f ns in 64 KiB, %.2f ns in 64 MiB, %.2f ns in "
	       "1 GiB\n",
		time_access(m, addr, 65536, 3), time_access(m, addr, gib / 16, 3),
		time_access(m, addr, gib, 3));
	start = now();
	mem_own_set(m, addr, gib, b);
	printf("transfer of 1 GiB, every block mixed: %.1f us\n", (now() - start) * 1e6);
	mem_destroy(m);
	mem_provider_heap_destroy(prov);
}

static void
spawn(const char *self, const char *preload, const char *how, const char *label)
{
	pid_t pid;

	if (preload != NULL && access(preload, R_OK) != 0) {
		printf("%-24s not installed (%s)\n", label, preload);
		return;
	}
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (preload != NULL)
			setenv("LD_PRELOAD", preload, 1);
		execl(self, self, how, label, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

int
main(int argc, char **argv)
{
	static const char self[] = "/proc/self/exe";

	if (argc == 3) {
		make_trace();
		if (strcmp(argv[1], "mem") == 0)
			run_mem();
		else
			run_malloc(argv[2], strcmp(argv[1], "calloc") == 0);
		return 0;
	}
	spawn(self, NULL, "mem", "shmx");
	spawn(self, NULL, "malloc", "glibc");
	spawn(self, NULL, "calloc", "glibc calloc");
	spawn(self, LIB_DIR "libjemalloc.so.2", "malloc", "jemalloc");
	spawn(self, LIB_DIR "libjemalloc.so.2", "calloc", "jemalloc calloc");
	spawn(self, LIB_DIR "libmimalloc.so.2.0", "malloc", "mimalloc");
	spawn(self, LIB_DIR "libmimalloc.so.2.0", "calloc", "mimalloc calloc");
	run_access();
	return 0;
}
