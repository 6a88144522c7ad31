/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Owners of memory, as three compute nodes see them, with one worker and with several. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"

#define RANGE    8192
#define ABSENT   900 /* a node that is not there */
#define MAX_SETS 64

static struct fixture fx;
static uint16_t node[NODES_MAX]; /* ids, as the fixture gives them */

static void
begin(unsigned int workers)
{
	const struct fixture_conf conf = {.nb_hosts = 3, .workers = workers, .max_sets = MAX_SETS};

	fixture_up(&fx, &conf);
	for (unsigned int i = 0; i < NODES_MAX; i++)
		node[i] = (uint16_t)(i + 1);
}

/* Which nodes may read there, a bit each. */
static unsigned int
readers(shmx_addr_t addr)
{
	unsigned int bits = 0;
	uint64_t word;

	for (unsigned int i = 0; i < NODES_MAX; i++) {
		int ret = shmx_get_sync(fx.host[i].ep, addr, &word, 8);

		CU_ASSERT(ret == 0 || ret == -EPERM);
		bits |= (ret == 0) << i;
	}
	return bits;
}

static shmx_addr_t
alloc_for(unsigned int host, uint64_t len, const uint16_t *nodes, unsigned int n, const char *name)
{
	const struct shmx_alloc_req req = {.pool = fx.pool,
		.len = len,
		.owner = SHMX_OWNER_NODES,
		.nodes = nodes,
		.nb_nodes = n,
		.name = name};
	shmx_addr_t addr = 0;

	SAME(shmx_alloc_sync(fx.host[host].ep, &req, &addr), 0);
	return addr;
}

static int
change(unsigned int host, shmx_addr_t addr, uint64_t len, enum shmx_own_how how,
	const uint16_t *nodes, unsigned int n)
{
	struct shmx_ep *ep = fx.host[host].ep;

	return STATUS(ep, shmx_own_nodes(ep, addr, len, how, nodes, n, cookie));
}

static int
move(unsigned int host, shmx_addr_t addr, uint64_t len, const uint16_t *from, unsigned int nb_from,
	const uint16_t *to, unsigned int nb_to)
{
	struct shmx_ep *ep = fx.host[host].ep;

	return STATUS(ep, shmx_own_move(ep, addr, len, from, nb_from, to, nb_to, cookie));
}

/* The event of shmx_owners(); its status. */
static int
owners(unsigned int host, shmx_addr_t addr, uint64_t len, uint16_t *nodes, uint16_t max,
	struct shmx_event *ev)
{
	struct shmx_ep *ep = fx.host[host].ep;
	uint64_t cookie = shmx_wait_cookie(ep);

	return finish(ep, shmx_owners(ep, addr, len, nodes, max, cookie), cookie, ev);
}

static void
sets_of_nodes(void)
{
	shmx_addr_t addr = alloc_for(0, RANGE, node, 1, NULL);

	SAME(readers(addr), 1);
	SAME(change(0, addr, RANGE, SHMX_OWN_ADD, &node[2], 1), 0);
	SAME(readers(addr), 5);
	SAME(change(1, addr, RANGE, SHMX_OWN_ADD, &node[1], 1), -EPERM);
	SAME(change(2, addr, RANGE, SHMX_OWN_SET, &node[1], 2), 0);
	SAME(readers(addr), 6);
	SAME(change(2, addr, RANGE, SHMX_OWN_DROP, &node[2], 1), 0);
	SAME(readers(addr), 2);
	SAME(change(1, addr, RANGE, SHMX_OWN_DROP, &node[0], 2), -EINVAL);
	SAME(readers(addr), 2);
	SAME(change(1, addr, RANGE, SHMX_OWN_DROP, &node[0], 1), 0);
	SAME(move(1, addr, RANGE, node, 2, &node[2], 1), -EPERM);
	SAME(move(0, addr, RANGE, &node[1], 1, &node[2], 1), -EPERM);
	SAME(move(1, addr, RANGE, &node[1], 1, node, 3), 0);
	SAME(readers(addr), 7);
	/* Who owns it may also hand it to others than himself. */
	SAME(move(1, addr, RANGE, node, 3, &node[2], 1), 0);
	SAME(shmx_free_sync(fx.host[0].ep, addr), -EPERM);
	SAME(shmx_free_sync(fx.host[2].ep, addr), 0);
}

/* Pieces of one allocation, with different owners; and a change over all of them. */
static void
pieces(void)
{
	shmx_addr_t addr = alloc_for(0, RANGE, node, 1, NULL);

	SAME(change(0, addr + 1024, 64, SHMX_OWN_ADD, &node[1], 1), 0);
	SAME(change(0, addr + 2048, 4096, SHMX_OWN_ADD, &node[2], 1), 0);
	SAME(readers(addr + 960), 1);
	SAME(readers(addr + 1024), 3);
	SAME(readers(addr + 1088), 1);
	SAME(readers(addr + 2048), 5);
	SAME(move(0, addr, RANGE, node, 1, &node[1], 1), -EPERM);
	SAME(readers(addr), 1);
	SAME(change(0, addr, RANGE, SHMX_OWN_ADD, &node[1], 1), 0);
	SAME(readers(addr + 1024), 3);
	SAME(readers(addr + 2048), 7);
	SAME(change(1, addr, RANGE, SHMX_OWN_DROP, &node[0], 1), 0);
	SAME(readers(addr), 2);
	SAME(readers(addr + 2048), 6);
	/* Node 2 does not own all of it. */
	SAME(change(2, addr, RANGE, SHMX_OWN_SET, node, 3), -EPERM);
	SAME(shmx_free_sync(fx.host[1].ep, addr), 0);
}

/* A range over allocations that lie side by side, and over what is free. */
static void
across_allocations(void)
{
	shmx_addr_t first = alloc_for(0, RANGE, node, 1, NULL);
	shmx_addr_t second = alloc_for(0, RANGE, node, 2, NULL);

	CU_ASSERT_EQUAL_FATAL(second, first + RANGE);
	SAME(change(0, first + 4096, RANGE, SHMX_OWN_SET, &node[2], 1), 0);
	SAME(readers(first), 1);
	SAME(readers(first + 4096), 4);
	SAME(readers(second), 4);
	SAME(readers(second + 4096), 3);
	/* proves: shmx_own_nodes shmx_own_move -ESTALE -EFAULT */
	SAME(change(0, second + 4096, RANGE, SHMX_OWN_SET, &node[2], 1), -ESTALE);
	SAME(move(0, second + 4096, RANGE, node, 2, &node[2], 1), -ESTALE);
	SAME(change(0, SHMX_ADDR(fx.pool, 64 * MIB), 64, SHMX_OWN_SET, node, 1), -EFAULT);
	SAME(move(0, SHMX_ADDR(fx.pool, 64 * MIB), 64, node, 2, &node[2], 1), -EFAULT);
	SAME(readers(second + 4096), 3);
	SAME(change(2, first + 4096, RANGE, SHMX_OWN_ADD, node, 1), 0);
	SAME(shmx_free_sync(fx.host[0].ep, first), 0);
	SAME(shmx_free_sync(fx.host[0].ep, second), 0);
}

static void
asking(void)
{
	const uint16_t far[] = {ABSENT, 64, 63, node[1], node[0], 1023};
	shmx_addr_t addr = alloc_for(0, RANGE, far, RTE_DIM(far), "asked");
	uint16_t found[8] = {0};
	struct shmx_event ev;

	SAME(owners(2, addr, RANGE, found, RTE_DIM(found), &ev), 0);
	SAME(ev.value, RTE_DIM(far));
	SAME(ev.value2, RANGE);
	SAME(found[0] == node[0] && found[1] == node[1] && found[2] == 63 && found[3] == 64 &&
			found[4] == ABSENT && found[5] == 1023 && found[6] == 0,
		true);
	memset(found, 0, sizeof(found));
	SAME(owners(0, addr + 64, 128, found, 2, &ev), 0);
	SAME(ev.value == RTE_DIM(far) && ev.value2 == 128, true);
	SAME(found[0] == node[0] && found[1] == node[1] && found[2] == 0, true);
	SAME(owners(0, addr, 64, found, 0, &ev), 0);
	SAME(ev.value, RTE_DIM(far));
	SAME(change(0, addr + 640, 64, SHMX_OWN_SET, &node[2], 1), 0);
	SAME(owners(1, addr, RANGE, found, 1, &ev), 0);
	SAME(ev.value2, 640);
	SAME(owners(1, addr + 640, RANGE - 640, found, 8, &ev), 0);
	SAME(ev.value == 1 && ev.value2 == 64 && found[0] == node[2], true);
	SAME(STATUS(fx.host[2].ep,
		     shmx_own(fx.host[2].ep, addr + 640, 64, SHMX_OWNER_EVERYONE, cookie)),
		0);
	found[0] = 7;
	SAME(owners(1, addr + 640, 64, found, 8, &ev), 0);
	SAME(ev.value == SHMX_NODES_ALL && ev.value2 == 64 && found[0] == 7, true);
	SAME(owners(1, addr + 32, 64, found, 8, &ev), -EINVAL);
	SAME(owners(1, addr, 65, found, 8, &ev), -EINVAL);
	SAME(change(0, addr, RANGE, SHMX_OWN_SET, node, 3), 0);
	SAME(shmx_free_sync(fx.host[0].ep, addr), 0);
	/* proves: shmx_owners -ESTALE -ENOENT */
	SAME(owners(1, addr, RANGE, found, 8, &ev), -ESTALE);
	SAME(owners(1, SHMX_ADDR(fx.pool, 64 * MIB), 64, found, 8, &ev), -ENOENT);
}

static void
arguments(void)
{
	struct shmx_alloc_req req = {.pool = fx.pool, .len = 64, .owner = SHMX_OWNER_NODES};
	uint16_t many[SHMX_NODES_MAX + 1], zero = 0, large = SHMX_NODE_MAX + 1, found[4];
	shmx_addr_t addr = alloc_for(0, RANGE, node, 3, NULL);
	struct shmx_ep *ep = fx.host[0].ep;

	for (unsigned int i = 0; i < RTE_DIM(many); i++)
		many[i] = (uint16_t)(i + 1);
	SAME(shmx_alloc(ep, &req, 1), -EINVAL);
	req.nodes = many;
	SAME(shmx_alloc(ep, &req, 1), -EINVAL);
	req.nb_nodes = RTE_DIM(many);
	SAME(shmx_alloc(ep, &req, 1), -EINVAL);
	req.nodes = &zero;
	req.nb_nodes = 1;
	SAME(shmx_alloc(ep, &req, 1), -EINVAL);
	req.nodes = &large;
	SAME(shmx_alloc(ep, &req, 1), -EINVAL);
	SAME(shmx_own_nodes(NULL, addr, 64, SHMX_OWN_SET, node, 1, 1), -EINVAL);
	SAME(shmx_own_nodes(ep, 0, 64, SHMX_OWN_SET, node, 1, 1), -EINVAL);
	SAME(shmx_own_nodes(ep, addr, 0, SHMX_OWN_SET, node, 1, 1), -EINVAL);
	SAME(shmx_own_nodes(ep, addr, SHMX_LEN_MAX + 1, SHMX_OWN_SET, node, 1, 1), -EINVAL);
	SAME(shmx_own_nodes(ep, addr, 64, (enum shmx_own_how)3, node, 1, 1), -EINVAL);
	SAME(shmx_own_nodes(ep, addr, 64, SHMX_OWN_SET, NULL, 1, 1), -EINVAL);
	SAME(shmx_own_nodes(ep, addr, 64, SHMX_OWN_SET, node, 0, 1), -EINVAL);
	SAME(shmx_own_nodes(ep, addr, 64, SHMX_OWN_SET, many, RTE_DIM(many), 1), -EINVAL);
	SAME(shmx_own_nodes(ep, addr, 64, SHMX_OWN_SET, &zero, 1, 1), -EINVAL);
	SAME(shmx_own_nodes(ep, SHMX_ADDR(99, 64), 64, SHMX_OWN_SET, node, 1, 1), -ENOTCONN);
	SAME(shmx_own_move(NULL, addr, 64, node, 1, node, 1, 1), -EINVAL);
	SAME(shmx_own_move(ep, addr, 64, node, 0, node, 1, 1), -EINVAL);
	SAME(shmx_own_move(ep, addr, 64, node, 1, node, 0, 1), -EINVAL);
	SAME(shmx_own_move(ep, addr, 64, &large, 1, node, 1, 1), -EINVAL);
	SAME(shmx_own_move(ep, SHMX_ADDR(99, 64), 64, node, 1, node, 1, 1), -ENOTCONN);
	SAME(shmx_owners(NULL, addr, 64, found, 4, 1), -EINVAL);
	SAME(shmx_owners(ep, 0, 64, found, 4, 1), -EINVAL);
	SAME(shmx_owners(ep, addr, 0, found, 4, 1), -EINVAL);
	SAME(shmx_owners(ep, addr, 64, NULL, 4, 1), -EINVAL);
	SAME(shmx_owners(ep, SHMX_ADDR(99, 64), 64, found, 4, 1), -ENOTCONN);
	SAME(change(0, addr + 8, 64, SHMX_OWN_SET, node, 1), -EINVAL);
	SAME(change(0, addr, RANGE - 1, SHMX_OWN_SET, node, 1), -EINVAL);
	SAME(change(0, addr, 8 * MIB, SHMX_OWN_SET, node, 1), -ESTALE);
	SAME(change(0, addr, RANGE, SHMX_OWN_SET, many, SHMX_NODES_MAX), 0);
	SAME(readers(addr), 7);
	SAME(shmx_free_sync(ep, addr), 0);
}

/* More different sets one after the other than there are ids: those that nobody has come back. */
static void
ids_come_back(void)
{
	uint16_t nodes[10];
	shmx_addr_t addr = alloc_for(0, RANGE, node, 1, NULL);

	for (unsigned int i = 3; i < 3 * MAX_SETS; i++) {
		unsigned int n = 1;

		nodes[0] = node[0];
		for (unsigned int bit = 0; bit < 9; bit++)
			if (i >> bit & 1)
				nodes[n++] = (uint16_t)(100 + bit);
		if (i % 2)
			SAME(change(0, addr, RANGE, SHMX_OWN_SET, nodes, n), 0);
		else
			SAME(shmx_free_sync(fx.host[0].ep, alloc_for(0, 64, nodes, n, NULL)), 0);
	}
	SAME(shmx_free_sync(fx.host[0].ep, addr), 0);
}

/* Different sets at the same time: so many, and then no more, and nothing has changed. */
static void
too_many_sets(void)
{
	const uint16_t another[] = {node[0], 901}, third[] = {node[0], 902};
	shmx_addr_t addr = alloc_for(0, (MAX_SETS + 1) * 64, node, 1, NULL);
	struct shmx_alloc_req req = {.pool = fx.pool,
		.len = 64,
		.owner = SHMX_OWNER_NODES,
		.nodes = third,
		.nb_nodes = 2,
		.name = "no room"};
	struct shmx_ep *ep = fx.host[0].ep;
	uint64_t len;
	unsigned int n;
	int ret = 0;

	for (n = 0; n <= MAX_SETS && ret == 0; n++)
		ret = change(
			0, addr + n * 64, 64, SHMX_OWN_ADD, &(uint16_t){(uint16_t)(100 + n)}, 1);
	/* proves: shmx_own_nodes shmx_own_move shmx_alloc -ENOSPC */
	SAME(ret, -ENOSPC);
	SAME(n, MAX_SETS + 1);
	SAME(readers(addr + (n - 1) * 64), 1);
	SAME(move(0, addr + (n - 1) * 64, 64, node, 1, another, 2), -ENOSPC);
	SAME(shmx_alloc_sync(ep, &req, &(shmx_addr_t){0}), -ENOSPC);
	SAME(shmx_lookup_sync(ep, fx.pool, "no room", NULL, &len), -ENOENT);
	SAME(change(0, addr, MAX_SETS * 64, SHMX_OWN_SET, node, 1), 0);
	SAME(change(0, addr, 64, SHMX_OWN_ADD, &another[1], 1), 0);
	SAME(shmx_free_sync(ep, addr), 0);
}

/* Pieces with two owners, one after the other: more than a change looks at; and as many sets. */
static void
too_many_pieces(void)
{
	const uint64_t len = 4200 * 64;
	shmx_addr_t addr = alloc_for(0, len, node, 1, NULL);

	for (uint64_t off = 0; off < len; off += 128)
		SAME(change(0, addr + off, 64, SHMX_OWN_ADD, &node[1], 1), 0);
	/* proves: shmx_own_nodes -EMSGSIZE */
	SAME(change(0, addr, len, SHMX_OWN_ADD, &node[2], 1), -EMSGSIZE);
	SAME(readers(addr), 3);
	SAME(readers(addr + 64), 1);
	SAME(change(0, addr, 4096 * 64, SHMX_OWN_ADD, &node[2], 1), 0);
	SAME(readers(addr), 7);
	SAME(change(0, addr, len, SHMX_OWN_SET, node, 1), 0);
	for (uint16_t i = 0; i < 17; i++)
		SAME(change(0, addr + i * 64, 64, SHMX_OWN_ADD, &(uint16_t){(uint16_t)(100 + i)},
			     1),
			0);
	SAME(change(0, addr, 17 * 64, SHMX_OWN_ADD, &node[1], 1), -EMSGSIZE);
	SAME(readers(addr), 1);
	SAME(change(0, addr, 16 * 64, SHMX_OWN_ADD, &node[1], 1), 0);
	SAME(readers(addr), 3);
	SAME(shmx_free_sync(fx.host[0].ep, addr), 0);
}

/* Given up before the answer is there: the array is the caller's again. */
static void
given_up(void)
{
	shmx_addr_t addr = alloc_for(0, RANGE, node, 2, NULL);
	struct shmx_ep *ep = fx.host[0].ep;
	uint64_t cookie = shmx_wait_cookie(ep);
	uint16_t found[2] = {0};
	struct shmx_event ev;

	fx.server_stopped = true;
	SAME(shmx_owners(ep, addr, RANGE, found, 2, cookie), 0);
	SAME(shmx_cancel(ep, cookie), 0);
	fx.server_stopped = false;
	SAME(shmx_wait(ep, cookie, &ev), -EINTR);
	poll_for(ep, 5);
	SAME(found[0] | found[1], 0);
	SAME(shmx_free_sync(ep, addr), 0);
}

static void
all(unsigned int workers)
{
	begin(workers);
	sets_of_nodes();
	pieces();
	across_allocations();
	asking();
	arguments();
	ids_come_back();
	too_many_sets();
	/* Thousands of changes, all at one home. */
	if (workers == 1)
		too_many_pieces();
	given_up();
	fixture_down(&fx);
}

static void
one_worker(void)
{
	all(1);
}

static void
two_workers(void)
{
	all(2);
}

static void
four_workers(void)
{
	all(4);
}

static const struct named_test tests[] = {
	{"one worker", one_worker},
	{"two workers", two_workers},
	{"four workers", four_workers},
};

int
main(void)
{
	return tests_run("owners", tests, RTE_DIM(tests));
}
