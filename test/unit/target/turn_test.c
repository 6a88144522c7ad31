/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* How much one turn of a worker does for others, and that everybody gets his. */

#include "client/client_private.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/fixture.h"
#include "target/target_private.h"

#define OPS      2048
#define SESSIONS 8

/* What doc/server.md promises. */
#define TURN_BYTES 131072
#define TURN_TRIES 32
#define TURN_ENDS  256
#define ZERO_STEP  16384

static struct fixture fx;
static int status_of[OPS];
static uint64_t value_of[OPS];
static unsigned int seen[OPS], done;

/* What turns ask and try, counted on the way. */
static unsigned int refusals, tries, tries_of[OPS];

bool __real_turn_admits(struct target_worker *w, struct rdp_session *s);
bool __wrap_turn_admits(struct target_worker *w, struct rdp_session *s);
int __real_mem_alloc(struct mem *m, uint16_t pool, uint64_t len, uint64_t align, uint16_t set,
	const char *name, uint64_t *addr);
int __wrap_mem_alloc(struct mem *m, uint16_t pool, uint64_t len, uint64_t align, uint16_t set,
	const char *name, uint64_t *addr);

bool
__wrap_turn_admits(struct target_worker *w, struct rdp_session *s)
{
	bool admitted = __real_turn_admits(w, s);

	refusals += !admitted;
	return admitted;
}

int
__wrap_mem_alloc(struct mem *m, uint16_t pool, uint64_t len, uint64_t align, uint16_t set,
	const char *name, uint64_t *addr)
{
	tries++;
	if (len / 64 < OPS)
		tries_of[len / 64]++;
	return __real_mem_alloc(m, pool, len, align, set, name, addr);
}

/* From here on the memory node takes its turns when the test says so. */
static void
begin(const struct fixture_conf *conf)
{
	memset(seen, 0, sizeof(seen));
	memset(tries_of, 0, sizeof(tries_of));
	done = refusals = tries = 0;
	fixture_up(&fx, conf);
}

static void
end(void)
{
	fx.server_stopped = false;
	fixture_down(&fx);
}

static void
take_events(struct shmx_ep *ep)
{
	struct shmx_event e[64];
	uint16_t n;

	do {
		n = shmx_poll(ep, e, RTE_DIM(e));
		for (uint16_t i = 0; i < n; i++) {
			if (e[i].type != SHMX_EV_OP || e[i].cookie >= OPS)
				continue;
			seen[e[i].cookie]++;
			status_of[e[i].cookie] = e[i].status;
			value_of[e[i].cookie] = e[i].value;
			done++;
		}
	} while (n == RTE_DIM(e));
}

/* A turn with a look of each worker at everything; whether these said that there was work. */
static bool
turn(void)
{
	uint32_t work = 0;

	for (unsigned int i = 0; i < TARGET_TURNS * fx.workers; i++)
		work += target_worker_poll(target_worker_at(fx.target, i % fx.workers));
	for (unsigned int i = 0; i < fx.nb_hosts; i++)
		rdp_poll(fx.host[i].server);
	for (unsigned int i = 0; i < fx.nb_hosts; i++)
		rdp_flush(fx.host[i].server);
	return work > 0;
}

static uint64_t
filled(void)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < fx.workers; i++)
		bytes += target_worker_stats(target_worker_at(fx.target, i))->bytes_written;
	return bytes;
}

static struct mem_pool_stat
stat_of(uint16_t pool)
{
	struct mem_pool_stat st = {0};

	SAME(mem_pool_stat(fx.mem, pool, &st), 0);
	return st;
}

/* A FILL over a session of the test's choice. */
static bool
start_fill(
	struct shmx_ep *ep, struct rdp_session *s, shmx_addr_t addr, uint32_t len, uint64_t cookie)
{
	struct wire_fill *fill = (struct wire_fill *)client_request(
		ep, s, WIRE_OP_FILL, sizeof(*fill), len, OP_STATUS, NULL, 0, CLIENT_NONE, cookie);

	if (fill == NULL)
		return false;
	fill->addr = rte_cpu_to_be_64(addr);
	fill->pattern = cookie;
	return true;
}

static unsigned int
ended_well(unsigned int n)
{
	unsigned int well = 0;

	for (unsigned int i = 0; i < n; i++)
		well += seen[i] == 1 && status_of[i] == 0;
	return well;
}

/* Thousands of records that cover 64 KiB each come in one burst: a few of them a turn, each
 * executed once, and what is no FILL does not wait for those of others. */
static void
test_fill_in_turns(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .max_ops = OPS};
	unsigned int n = 1000, turns = 0, got = 0, waiting = 0;
	const struct target_stats *stats;
	uint64_t before, most = 0, gets;
	static uint64_t word[2];
	shmx_addr_t area;

	begin(&conf);
	stats = target_worker_stats(target_worker_at(fx.target, 0));
	gets = stats->ops[WIRE_OP_GET];
	area = alloc_of(&fx, 0, MIB);
	fx.server_stopped = true;
	for (unsigned int i = 0; i < n; i++)
		SAME(start_fill(fx.host[0].ep, client_route(fx.host[0].ep, area), area,
			     WIRE_FILL_MAX, i),
			true);
	shmx_flush(fx.host[0].ep);
	for (; turns < 4 * n && done < n; turns++) {
		bool work;

		SAME(shmx_get(fx.host[1].ep, area + MIB - 8, word, 8, OPS - 1), 0);
		shmx_flush(fx.host[1].ep);
		before = filled();
		refusals = 0;
		work = turn();
		most = RTE_MAX(most, filled() - before);
		/* Who put something off must not fall asleep, though nothing may arrive. */
		SAME(work || waiting == 0, true);
		waiting = refusals;
		take_events(fx.host[1].ep);
		got += seen[OPS - 1];
		done -= seen[OPS - 1];
		seen[OPS - 1] = 0;
		take_events(fx.host[0].ep);
	}
	SAME(ended_well(n), n);
	SAME(stats->ops[WIRE_OP_FILL], n);
	SAME(stats->ops[WIRE_OP_GET] - gets, turns);
	SAME(got, turns);
	SAME(most, TURN_BYTES);
	SAME(turns < n / 2 + 20, true);
	end();
}

/* Refused records are looked at no more often than frames come, and none before them again. */
static void
test_fill_not_offered_in_vain(void)
{
	const struct fixture_conf conf = {.max_ops = OPS};
	unsigned int n = 0, most = 0, frames = 0;
	const struct target_stats *stats;
	const struct rdp_stats *rdp;
	static uint64_t word;
	shmx_addr_t area;
	uint64_t gets;

	begin(&conf);
	stats = target_worker_stats(target_worker_at(fx.target, 0));
	rdp = rdp_ep_stats(fx.host[0].server);
	area = alloc_of(&fx, 0, MIB);
	gets = stats->ops[WIRE_OP_GET];
	fx.server_stopped = true;
	/* A frame each: ten GETs and then two that are too much. */
	for (unsigned int f = 0; f < 30; f++) {
		for (unsigned int i = 0; i < 12; i++, n++) {
			if (i < 10)
				SAME(shmx_get(fx.host[0].ep, area + MIB - 8, &word, 8, n), 0);
			else
				SAME(start_fill(fx.host[0].ep, client_route(fx.host[0].ep, area),
					     area, WIRE_FILL_MAX, n),
					true);
		}
		shmx_flush(fx.host[0].ep);
	}
	for (unsigned int i = 0; i < 1000 && done < n; i++) {
		uint64_t before = rdp->rx_frames;

		refusals = 0;
		turn();
		frames = (unsigned int)(rdp->rx_frames - before);
		SAME(refusals <= 2 * frames + 1, true);
		most = RTE_MAX(most, refusals);
		take_events(fx.host[0].ep);
	}
	SAME(ended_well(n), n);
	SAME(most > 0, true);
	SAME(stats->ops[WIRE_OP_GET] - gets, 300);
	SAME(stats->ops[WIRE_OP_FILL], 60);
	end();
}

/* Whoever is asked first: sessions of one endpoint and of another, all with more than fits. */
static void
test_fill_is_fair(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .max_ops = OPS};
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	unsigned int each = 100, n = SESSIONS * each, turns = 0, apart = 0;
	struct rdp_session *s[SESSIONS];
	shmx_session_t id;
	shmx_addr_t area;

	begin(&conf);
	area = alloc_of(&fx, 0, MIB);
	for (unsigned int i = 0; i < SESSIONS; i++) {
		struct host *h = &fx.host[i % 2];

		id = h->session;
		if (i >= 2)
			SAME(shmx_connect_sync(h->ep, &peer, &id), 0);
		s[i] = h->ep->session[id];
	}
	fx.server_stopped = true;
	for (unsigned int i = 0; i < n; i++) {
		SAME(start_fill(fx.host[i % 2].ep, s[i % SESSIONS], area, 40000, i), true);
		if (i % 64 == 63) {
			shmx_flush(fx.host[0].ep);
			shmx_flush(fx.host[1].ep);
		}
	}
	for (; turns < 4 * n && done < n; turns++) {
		unsigned int had[SESSIONS] = {0}, least = n, most = 0;

		take_events(fx.host[0].ep);
		take_events(fx.host[1].ep);
		turn();
		for (unsigned int i = 0; i < n; i++)
			had[i % SESSIONS] += seen[i];
		for (unsigned int i = 0; i < SESSIONS; i++) {
			least = RTE_MIN(least, had[i]);
			most = RTE_MAX(most, had[i]);
		}
		apart = RTE_MAX(apart, most - least);
	}
	SAME(ended_well(n), n);
	/* A round gives each its four: 128 KiB, and the one that goes beyond. */
	SAME(apart <= 4, true);
	SAME(turns <= n / 3 + 20, true);
	end();
}

/* Frames of a session that ended while it had to wait do not keep the others waiting. */
static void
test_fill_of_one_that_goes(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .max_ops = OPS};
	unsigned int n = 40;
	shmx_addr_t area;

	begin(&conf);
	area = alloc_of(&fx, 0, MIB);
	fx.server_stopped = true;
	for (unsigned int i = 0; i < 2 * n; i++)
		SAME(start_fill(fx.host[i % 2].ep, client_route(fx.host[i % 2].ep, area), area,
			     WIRE_FILL_MAX, i),
			true);
	shmx_flush(fx.host[0].ep);
	shmx_flush(fx.host[1].ep);
	turn();
	SAME(refusals > 0, true);
	SAME(shmx_disconnect(fx.host[0].ep, fx.host[0].session), 0);
	for (unsigned int i = 0; i < 100 && done < 2 * n; i++) {
		take_events(fx.host[0].ep);
		take_events(fx.host[1].ep);
		turn();
	}
	SAME(done, 2 * n);
	for (unsigned int i = 1; i < 2 * n; i += 2)
		SAME(seen[i] == 1 && status_of[i] == 0, true);
	end();
}

/* A FREE clears up to 64 KiB: many of them share the turn, alone and with a grace period. */
static void
test_free_in_turns(unsigned int workers)
{
	const struct fixture_conf conf = {
		.workers = workers, .nb_hosts = workers, .max_ops = OPS, .pool_size = 16 * MIB};
	unsigned int n = 200, turns = 0;
	uint64_t used, most = 0;
	shmx_addr_t addr[200];

	begin(&conf);
	for (unsigned int i = 0; i < n; i++)
		addr[i] = alloc_of(&fx, i % workers, 65536);
	fx.server_stopped = true;
	for (unsigned int i = 0; i < n; i++)
		SAME(shmx_free(fx.host[i % workers].ep, addr[i], i), 0);
	for (; turns < 4 * n && done < n; turns++) {
		for (unsigned int i = 0; i < workers; i++)
			take_events(fx.host[i].ep);
		used = stat_of(fx.pool).used;
		turn();
		most = RTE_MAX(most, used - stat_of(fx.pool).used);
	}
	SAME(ended_well(n), n);
	SAME(stat_of(fx.pool).used, 0);
	SAME(most > 0 && most <= TURN_BYTES, true);
	end();
}

static void
test_free_alone(void)
{
	test_free_in_turns(1);
}

static void
test_free_with_two_workers(void)
{
	test_free_in_turns(2);
}

/* Whatever ends with one grace period does not end in one turn. */
static void
test_ends_in_turns(void)
{
	const struct fixture_conf conf = {.workers = 2, .nb_hosts = 2, .max_ops = OPS};
	unsigned int n = 900, most = 0;
	shmx_addr_t area;
	struct shmx_ep *ep;

	begin(&conf);
	area = alloc_of(&fx, 0, 4096);
	ep = fx.host[fx.pool % 2].ep;
	fx.server_stopped = true;
	for (unsigned int i = 0; i < n; i++)
		SAME(shmx_own(ep, area, 64, SHMX_OWNER_EVERYONE, i), 0);
	for (unsigned int i = 0; i < 100 && done < n; i++) {
		unsigned int before = done;

		take_events(ep);
		most = RTE_MAX(most, done - before);
		turn();
	}
	SAME(ended_well(n), n);
	SAME(most > 0 && most <= TURN_ENDS, true);
	end();
}

/* Allocations that wait for memory to be cleared: some are tried in each turn, in order, and a
 * turn clears so much and no more for them. */
static void
test_allocations_wait_in_turns(void)
{
	const struct fixture_conf conf = {.max_ops = OPS, .pool_size = 16 * MIB};
	struct shmx_alloc_req req = {0};
	unsigned int n = 800, turns = 0, rounds;
	shmx_addr_t rest, big;
	uint64_t zeroing;

	begin(&conf);
	big = alloc_of(&fx, 0, 15 * MIB);
	rest = alloc_of(&fx, 0, MIB);
	fx.server_stopped = true;
	SAME(shmx_free(fx.host[0].ep, big, OPS - 1), 0);
	take_events(fx.host[0].ep);
	turn();
	req.pool = fx.pool;
	/* Of a length each, 16 to 64 KiB: 31 MiB in all, so half of them wait in vain. */
	for (unsigned int i = 0; i < n; i++) {
		req.len = 64 * (256 + (uint64_t)i);
		SAME(shmx_alloc(fx.host[0].ep, &req, i), 0);
	}
	shmx_flush(fx.host[0].ep);
	memset(tries_of, 0, sizeof(tries_of));
	for (; turns < 1000 && done < n + 1; turns++) {
		unsigned int least = UINT32_MAX, most = 0;
		uint64_t arrived = rdp_ep_stats(fx.host[0].server)->rx_frames;

		tries = 0;
		zeroing = stat_of(fx.pool).zeroing;
		turn();
		arrived = rdp_ep_stats(fx.host[0].server)->rx_frames - arrived;
		/* Each once, and again where something was cleared for it. */
		if (arrived == 0)
			SAME(tries <= 2 * TURN_TRIES, true);
		/* By what arrives, and by what waits; and slices of up to 127 granules. */
		SAME(zeroing - stat_of(fx.pool).zeroing <=
				2 * (TURN_BYTES + 128 * 64) + ZERO_STEP + 128 * 64,
			true);
		take_events(fx.host[0].ep);
		for (unsigned int i = 0; i < n; i++) {
			if (seen[i])
				continue;
			least = RTE_MIN(least, tries_of[256 + i]);
			most = RTE_MAX(most, tries_of[256 + i]);
		}
		/* In order: none is far ahead. Two tries where something was cleared between. */
		rounds = 2 + turns * TURN_TRIES / n;
		if (arrived == 0 && least <= most)
			SAME(most - least <= rounds && most <= 2 * rounds, true);
	}
	SAME(done, n + 1);
	SAME(ended_well(n) > n / 4, true);
	for (unsigned int i = 0; i < n; i++)
		SAME(seen[i] == 1 && (status_of[i] == 0 || status_of[i] == -ENOMEM), true);
	SAME(target_worker_at(fx.target, 0)->nb_free_job, TARGET_JOBS);
	fx.server_stopped = false;
	for (unsigned int i = 0; i < n; i++)
		if (status_of[i] == 0)
			SAME(shmx_free_sync(fx.host[0].ep, value_of[i]), 0);
	SAME(shmx_free_sync(fx.host[0].ep, rest), 0);
	end();
}

/* What looks at more than it carries: of each kind so many are served a turn. */
static shmx_addr_t mixed;
static uint16_t shared;
static unsigned int asker;

#define ASKED (fx.host[asker])
#define ASKS  300

static int
ask_pool_nodes(uint64_t cookie)
{
	static struct shmx_pool_node node[ASKS];

	return shmx_pool_nodes(ASKED.ep, ASKED.session, shared, 1, &node[cookie], 1, cookie);
}

static int
ask_node_list(uint64_t cookie)
{
	static struct shmx_node_info info[ASKS][2];

	return shmx_node_list(ASKED.ep, ASKED.session, 1, info[cookie], 2, cookie);
}

static int
ask_pool_open(uint64_t cookie)
{
	return shmx_pool_open(ASKED.ep, ASKED.session, "shared", cookie);
}

/* All but the ends of a block: it has to be looked at granule by granule. */
#define MIXED_LEN (2 * MIB - 128)

static int
ask_owners(uint64_t cookie)
{
	static uint16_t nodes[OPS][4];

	return shmx_owners(ASKED.ep, mixed, MIXED_LEN, nodes[cookie], 4, cookie);
}

static int
ask_own(uint64_t cookie)
{
	return shmx_own(ASKED.ep, mixed, MIXED_LEN, SHMX_OWNER_EVERYONE, cookie);
}

static void
begin_asking(unsigned int workers, unsigned int nb_hosts)
{
	const struct fixture_conf conf = {
		.workers = workers, .nb_hosts = nb_hosts, .max_ops = OPS, .pool_size = 8 * MIB};
	const struct shmx_pool_req req = {.name = "shared", .size = 2 * MIB, .quota = MIB};
	uint16_t set;

	begin(&conf);
	/* Not where its pool is at home, if there is another one. */
	asker = workers > 1 ? 1 - fx.pool % 2 : 0;
	SAME(shmx_pool_create_sync(ASKED.ep, ASKED.session, &req, &shared), 0);
	mixed = RTE_ALIGN_CEIL(alloc_of(&fx, asker, 4 * MIB), 2 * MIB) + 64;
	SAME(mem_set_of_node(fx.mem, 1, &set), 0);
	SAME(mem_own_set(fx.mem, mixed, 64, set), 0);
	SAME(mem_own_set(fx.mem, mixed, 64, MEM_SET_EVERYONE), 0);
}

/* All are answered, no more than @p share in a turn, and a GET beside them within each. */
static void
asked_in_turns(unsigned int workers, int (*ask)(uint64_t cookie), unsigned int share)
{
	unsigned int turns = 0, most = 0, got = 0, before;
	struct shmx_ep *other;
	static uint64_t word;

	begin_asking(workers, 2);
	other = fx.host[1 - asker].ep;
	fx.server_stopped = true;
	for (unsigned int i = 0; i < ASKS; i++)
		SAME(ask(i), 0);
	shmx_flush(ASKED.ep);
	for (; turns < 4 * ASKS && done < ASKS; turns++) {
		SAME(shmx_get(other, mixed, &word, 8, OPS - 1), 0);
		shmx_flush(other);
		turn();
		take_events(other);
		got += seen[OPS - 1];
		done -= seen[OPS - 1];
		seen[OPS - 1] = 0;
		before = done;
		take_events(ASKED.ep);
		most = RTE_MAX(most, done - before);
	}
	SAME(ended_well(ASKS), ASKS);
	SAME(got, turns);
	SAME(most > 0 && most <= share, true);
	end();
}

/* Each begins while anything is left. */
#define SHARE(bytes) ((TURN_BYTES + (bytes)-1) / (bytes))

static void
test_lists_in_turns(void)
{
	asked_in_turns(1, ask_pool_nodes, SHARE(16 * 1023));
	asked_in_turns(2, ask_pool_nodes, SHARE(16 * 1023));
	asked_in_turns(1, ask_pool_open, SHARE(8 * 64));
	asked_in_turns(2, ask_pool_open, SHARE(8 * 64));
	asked_in_turns(1, ask_node_list, SHARE(64 * (16 + 2)));
	asked_in_turns(2, ask_node_list, SHARE(2 * 64 * (16 + 2)));
}

/* One keeps the home of a pool busy from another worker, a turn each: of others, neither a change
 * of owners nor the end of a FREE waits for longer than for what was there before. */
#define KEPT_BUSY 100

static void
test_owners_leave_turns(void)
{
	const unsigned int one = OPS - 2, other = OPS - 1;
	unsigned int turns = 0, sent = 0;
	struct shmx_ep *ep;
	shmx_addr_t area, spare;

	begin_asking(2, 3);
	SAME(asker, 0);
	ep = fx.host[asker + 2].ep;
	area = alloc_of(&fx, asker + 2, 4096);
	spare = alloc_of(&fx, asker + 2, 4096);
	fx.server_stopped = true;
	for (; turns < 8 * KEPT_BUSY && seen[one] + seen[other] < 2; turns++) {
		for (; sent - done < KEPT_BUSY && sent < one; sent++)
			SAME(ask_owners(sent), 0);
		shmx_flush(ASKED.ep);
		if (turns == 4) {
			SAME(shmx_own(ep, area, 64, SHMX_OWNER_EVERYONE, one), 0);
			SAME(shmx_free(ep, spare, other), 0);
			shmx_flush(ep);
		}
		turn();
		take_events(ASKED.ep);
		take_events(ep);
	}
	SAME(seen[one] == 1 && status_of[one] == 0, true);
	SAME(seen[other] == 1 && status_of[other] == 0, true);
	SAME(turns <= 2 * KEPT_BUSY + 20, true);
	SAME(sent < one, true);
	end();
}

static void
test_owners_in_turns(void)
{
	for (unsigned int workers = 1; workers <= 2; workers++) {
		asked_in_turns(workers, ask_owners, SHARE(2 * MIXED_LEN / 64));
		/* Their second halves, with several workers, wait for every other turn. */
		asked_in_turns(workers, ask_own, workers);
	}
}

/* Whose all of it is has to be looked at before it is freed, or is found to belong to others. */
#define PIECES 10

static shmx_addr_t pieces[PIECES];

static int
free_piece(uint64_t cookie)
{
	return shmx_free(fx.host[asker].ep, pieces[cookie], cookie);
}

static int
resize_piece(uint64_t cookie)
{
	return shmx_resize(fx.host[asker].ep, pieces[cookie], 4 * MIB + 64, cookie);
}

static void
pieces_in_turns(unsigned int workers, int (*ask)(uint64_t cookie), bool of_others, int status)
{
	const struct fixture_conf conf = {
		.workers = workers, .nb_hosts = 2, .max_ops = OPS, .pool_size = 48 * MIB};
	unsigned int turns = 0, most = 0, before, well = 0;
	uint16_t set;

	begin(&conf);
	asker = workers > 1 ? 1 - fx.pool % 2 : 0;
	SAME(mem_set_of_node(fx.mem, 2 - (uint16_t)asker, &set), 0);
	for (unsigned int i = 0; i < PIECES; i++) {
		pieces[i] = alloc_of(&fx, asker, 4 * MIB);
		for (unsigned int b = 1; b <= 2; b++) {
			shmx_addr_t last = pieces[i] + b * 2 * MIB - 64;

			SAME(mem_own_set(fx.mem, last, 64, set), 0);
			if (!of_others)
				SAME(mem_own_set(fx.mem, last, 64, MEM_SET_EVERYONE), 0);
		}
	}
	fx.server_stopped = true;
	for (unsigned int i = 0; i < PIECES; i++)
		SAME(ask(i), 0);
	shmx_flush(fx.host[asker].ep);
	for (; turns < 20 * PIECES && done < PIECES; turns++) {
		turn();
		before = done;
		take_events(fx.host[asker].ep);
		most = RTE_MAX(most, done - before);
	}
	for (unsigned int i = 0; i < PIECES; i++)
		well += seen[i] == 1 && status_of[i] == status;
	SAME(well, PIECES);
	SAME(most > 0 && most <= 2 * workers, true);
	end();
}

static void
test_pieces_in_turns(void)
{
	for (unsigned int workers = 1; workers <= 2; workers++) {
		pieces_in_turns(workers, free_piece, false, 0);
		pieces_in_turns(workers, free_piece, true, -EPERM);
		pieces_in_turns(workers, resize_piece, true, -EPERM);
	}
}

static int
resize_sync(struct shmx_ep *ep, shmx_addr_t addr, uint64_t len)
{
	uint64_t cookie = shmx_wait_cookie(ep);
	struct shmx_event event;
	int ret = shmx_resize(ep, addr, len, cookie);

	return ret == 0 ? shmx_wait(ep, cookie, &event) : ret;
}

/* Memory that was given up can be had back at once, whether or not it is clear by then. */
static void
test_resize_to_and_fro(unsigned int workers)
{
	const struct fixture_conf conf = {.workers = workers, .pool_size = 16 * MIB};
	struct shmx_ep *ep;
	shmx_addr_t area;

	begin(&conf);
	ep = fx.host[0].ep;
	area = alloc_of(&fx, 0, 16 * MIB);
	for (unsigned int i = 0; i < 4; i++) {
		SAME(resize_sync(ep, area, 64), 0);
		SAME(resize_sync(ep, area, 16 * MIB + 1), -ENOMEM);
		SAME(resize_sync(ep, area, 64), 0);
		SAME(resize_sync(ep, area, 16 * MIB), 0);
	}
	SAME(stat_of(fx.pool).used, 16 * MIB);
	SAME(shmx_free_sync(ep, area), 0);
	end();
}

static void
test_resize_alone(void)
{
	test_resize_to_and_fro(1);
}

static void
test_resize_with_two_workers(void)
{
	test_resize_to_and_fro(2);
}

/*
 * One that waits for memory to be cleared ends, though what is freed after it is cleared first. It
 * may try as often as all that waits when it comes takes, 16 KiB each, and 63 times more.
 */
static void
test_resize_ends(void)
{
	const struct fixture_conf conf = {.pool_size = 32 * MIB, .max_ops = OPS};
	const uint64_t len = 320 * 1024, piece = 192 * 1024;
	unsigned int turns = 0, most;
	shmx_addr_t area, later[110];

	begin(&conf);
	area = alloc_of(&fx, 0, len);
	for (unsigned int i = 0; i < RTE_DIM(later); i++)
		later[i] = alloc_of(&fx, 0, piece);
	fx.server_stopped = true;
	SAME(mem_resize(fx.mem, area, 65536, 0, NULL), 0);
	SAME(shmx_resize(fx.host[0].ep, area, len, 0), 0);
	most = (unsigned int)((len + piece) / 16384 + 63);
	for (; turns < RTE_DIM(later) && done == 0; turns++) {
		SAME(mem_free(fx.mem, later[turns], 0), 0);
		shmx_flush(fx.host[0].ep);
		turn();
		take_events(fx.host[0].ep);
	}
	SAME(done, 1);
	SAME(status_of[0], -ENOMEM);
	SAME(turns > 63 && turns <= most + 2, true);
	/* It had not come to it. */
	SAME(mem_resize(fx.mem, area, len, 0, NULL), -EAGAIN);
	end();
}

/* Others keep freeing meanwhile, faster than it is cleared: what can not be done ends all the same.
 */
static void
ends_among_frees(int (*start)(void), int status)
{
	const struct fixture_conf conf = {.pool_size = 32 * MIB, .max_ops = OPS};
	const uint64_t piece = 192 * 1024;
	unsigned int turns = 0;
	shmx_addr_t later[110];

	begin(&conf);
	for (unsigned int i = 0; i < RTE_DIM(later); i++)
		later[i] = alloc_of(&fx, 0, piece);
	fx.server_stopped = true;
	SAME(mem_free(fx.mem, later[0], 0), 0);
	SAME(start(), 0);
	for (turns = 1; turns < RTE_DIM(later) && done == 0; turns++) {
		SAME(mem_free(fx.mem, later[turns], 0), 0);
		shmx_flush(fx.host[0].ep);
		turn();
		take_events(fx.host[0].ep);
	}
	SAME(done, 1);
	SAME(status_of[0], status);
	SAME(turns > 63 && turns < RTE_DIM(later), true);
	end();
}

static int
start_alloc(void)
{
	const struct shmx_alloc_req req = {.pool = fx.pool, .len = 31 * MIB};

	return shmx_alloc(fx.host[0].ep, &req, 0);
}

static int
start_shrink(void)
{
	return shmx_pool_shrink(fx.host[0].ep, fx.pool, 32 * MIB, 0);
}

static void
test_allocation_ends(void)
{
	ends_among_frees(start_alloc, -ENOMEM);
}

static void
test_shrink_ends(void)
{
	ends_among_frees(start_shrink, -EBUSY);
}

/* What was freed is cleared pool by pool, not the first one until it gives nothing more. */
static void
test_clearing_goes_round(void)
{
	const struct fixture_conf conf = {0};
	struct shmx_pool_req preq = {.name = "second", .size = 8 * MIB};
	struct shmx_alloc_req req = {.len = 4 * MIB};
	uint16_t second;
	shmx_addr_t addr[2];

	begin(&conf);
	SAME(shmx_pool_create_sync(fx.host[0].ep, fx.host[0].session, &preq, &second), 0);
	addr[0] = alloc_of(&fx, 0, 4 * MIB);
	req.pool = second;
	SAME(shmx_alloc_sync(fx.host[0].ep, &req, &addr[1]), 0);
	fx.server_stopped = true;
	SAME(shmx_free(fx.host[0].ep, addr[0], 0), 0);
	SAME(shmx_free(fx.host[0].ep, addr[1], 1), 0);
	take_events(fx.host[0].ep);
	for (unsigned int i = 0; i < 20; i++)
		turn();
	take_events(fx.host[0].ep);
	SAME(ended_well(2), 2);
	SAME(stat_of(fx.pool).zeroing < 4 * MIB, true);
	SAME(stat_of(second).zeroing < 4 * MIB, true);
	for (unsigned int i = 0; i < 1000; i++)
		turn();
	SAME(stat_of(fx.pool).zeroing + stat_of(second).zeroing, 0);
	end();
}

static const struct named_test tests[] = {
	{"fill in turns", test_fill_in_turns},
	{"fill not offered in vain", test_fill_not_offered_in_vain},
	{"fill is fair", test_fill_is_fair},
	{"fill of one that goes", test_fill_of_one_that_goes},
	{"free in turns", test_free_alone},
	{"free in turns, two workers", test_free_with_two_workers},
	{"ends in turns", test_ends_in_turns},
	{"allocations wait in turns", test_allocations_wait_in_turns},
	{"lists in turns", test_lists_in_turns},
	{"owners in turns", test_owners_in_turns},
	{"pieces in turns", test_pieces_in_turns},
	{"owners leave turns", test_owners_leave_turns},
	{"resize to and fro", test_resize_alone},
	{"resize to and fro with two workers", test_resize_with_two_workers},
	{"resize ends", test_resize_ends},
	{"allocation ends", test_allocation_ends},
	{"shrink ends", test_shrink_ends},
	{"clearing goes round", test_clearing_goes_round},
};

int
main(void)
{
	return tests_run("turns", tests, RTE_DIM(tests));
}
