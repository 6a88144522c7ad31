/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <malloc.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <CUnit/CUnit.h>

#include "rdp/strict_pool.h"
#include "world.h"

#define MBUFS      512
#define CONNECT_NS NET_S
#define DRAIN_NS   (5 * NET_S)

/*
 * What the endpoints ask the system for comes from the seed, too: linked with --wrap.
 */

static struct world *current;
static uint64_t current_dice;

ssize_t __wrap_getrandom(void *to, size_t len, unsigned int flags);
ssize_t __real_getrandom(void *to, size_t len, unsigned int flags);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __real_clock_gettime(clockid_t id, struct timespec *t);

ssize_t
__wrap_getrandom(void *to, size_t len, unsigned int flags)
{
	if (current == NULL)
		return __real_getrandom(to, len, flags);
	for (size_t i = 0; i < len; i++)
		((uint8_t *)to)[i] = (uint8_t)net_dice(&current_dice);
	return (ssize_t)len;
}

int
__wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	if (current == NULL || id != CLOCK_REALTIME)
		return __real_clock_gettime(id, t);
	t->tv_sec = (time_t)(current->net->now_ns / NET_S);
	t->tv_nsec = (long)(current->net->now_ns % NET_S);
	return 0;
}

struct world *
world_create(void)
{
	struct world *w = aligned_alloc(alignof(struct world), sizeof(*w));

	CU_ASSERT_PTR_NOT_NULL_FATAL(w);
	memset(w, 0, sizeof(*w));
	/* A pool comes and goes with each history: the system need not clear it each time. */
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	w->net = net_create();
	for (unsigned int i = 0; i < NET_NODES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "history%u", i);
		w->pool[i] = strict_pool_create(name, MBUFS, NET_MTU + RTE_PKTMBUF_HEADROOM + 64);
		CU_ASSERT_PTR_NOT_NULL_FATAL(w->pool[i]);
	}
	return w;
}

void
world_free(struct world *w)
{
	for (unsigned int i = 0; i < NET_NODES; i++)
		CU_ASSERT_EQUAL(strict_pool_free(w->pool[i]), 0);
	net_free(w->net);
	free(w);
}

double
world_us(const struct world *w)
{
	return (double)(w->net->now_ns - NET_START) / 1000;
}

void
world_complain(struct world *w, const char *format, ...)
{
	va_list args;

	w->complaints++;
	if (w->quiet)
		return;
	fprintf(stderr, "\nseed %" PRIu64 ", %.1f us: ", w->plan.seed, world_us(w));
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
}

/* When an acknowledgement that waits for company has to leave alone. */
static uint64_t
ack_ns(const struct rdp_ep *ep)
{
	uint64_t at = UINT64_MAX;

	for (uint16_t i = 0; i < ep->list[RDP_LIST_ACK].n; i++) {
		const struct rdp_session *s = ep->list[RDP_LIST_ACK].item[i];

		at = RTE_MIN(at, s->ack_now ? 0 : s->ack_ns + ep->ack_delay_ns);
	}
	return at;
}

/* When a frame that was overtaken may count as lost. */
static uint64_t
recover_ns(const struct rdp_ep *ep)
{
	uint64_t at = UINT64_MAX;

	for (uint16_t i = 0; i < ep->list[RDP_LIST_RECOVER].n; i++) {
		const struct rdp_session *s = ep->list[RDP_LIST_RECOVER].item[i];
		int32_t left = (int32_t)(s->rack_check - ep->now_ts);

		if (left <= 0 || !wire_psn_before(s->tx_una, s->sack_high))
			return 0;
		at = RTE_MIN(at, ep->now_ns + ((uint64_t)left << WIRE_TS_SHIFT));
	}
	return at;
}

uint64_t
world_wake_ns(const struct rdp_ep *ep)
{
	uint64_t at = (ep->wheel_tick + 1) << RDP_WHEEL_SHIFT;

	if (ep->txq_len > 0 || ep->list[RDP_LIST_DIRTY].n > 0 || ep->list[RDP_LIST_PARKED].n > 0 ||
		ep->list[RDP_LIST_FAILED].n > 0)
		return 0;
	at = RTE_MIN(at, ack_ns(ep));
	return RTE_MIN(at, recover_ns(ep));
}

/* The handshake has no CRC, and the checksum alone finds what turns over one bit. */
static void
on_frame(void *world, const struct net_frame *f, struct net_fate *fate)
{
	const struct world *w = world;

	if (f->type != WIRE_DATA && f->type != WIRE_ACK)
		fate->flips = RTE_MIN(fate->flips, 1);
	trace_frame(w, f, fate);
}

static void
world_begin(struct world *w, const struct plan *plan)
{
	net_reset(w->net, plan->seed);
	w->plan = *plan;
	w->net->logging = false;
	w->net->latency_ns = plan->latency_ns;
	w->net->script = on_frame;
	w->net->script_ctx = w;
	w->order = 1;
	w->going = false;
	w->opers = 0;
	w->calls = 0;
	w->complaints = 0;
	current = w;
	current_dice = plan->seed ^ UINT64_C(0x5eed);
	memnode_create(&w->memnode, w);
	for (unsigned int i = 0; i < PLAN_CLIENTS; i++)
		player_start(&w->player[i], w, i);
}

/* Nothing is left behind: not a buffer, not a mistake that the network has seen. */
static void
world_end(struct world *w)
{
	for (unsigned int i = 0; i < PLAN_CLIENTS; i++) {
		player_stop(&w->player[i], true);
		player_forget_calls(&w->player[i]);
	}
	memnode_free(&w->memnode);
	current = NULL;
	for (unsigned int i = 0; i < NET_NODES; i++)
		if (rte_mempool_in_use_count(w->pool[i]) > 0)
			world_complain(w, "node %u of the network keeps buffers", i);
	if (rte_mempool_in_use_count(w->net->wire) > 0)
		world_complain(w, "somebody keeps buffers that were received");
}

static bool
all_ready(void *world)
{
	const struct world *w = world;

	for (unsigned int i = 0; i < PLAN_CLIENTS; i++)
		if (w->player[i].state != PLAYER_READY)
			return false;
	return true;
}

static bool
all_finished(void *world)
{
	const struct world *w = world;

	for (unsigned int i = 0; i < PLAN_CLIENTS; i++)
		if (!player_finished(&w->player[i]))
			return false;
	return true;
}

static void
trouble_begin(struct world *w, const struct trouble *t)
{
	switch ((enum trouble_kind)t->kind) {
	case TROUBLE_HOLE:
		trace_say(w, "what node %u of the network sends is lost from now on", t->who);
		w->net->port[t->who].cut_off = true;
		break;
	case TROUBLE_RESTART:
	case TROUBLE_MOVE:
		trace_say(w, "the memory node dies");
		memnode_stop(&w->memnode);
		break;
	case TROUBLE_REBORN:
		player_reborn(&w->player[t->who]);
		break;
	case TROUBLE_DISCONNECT:
		player_disconnect(&w->player[t->who]);
		break;
	case TROUBLE_THROW_OUT:
		trace_say(w, "the memory node closes the session of client %u", t->who + 1);
		memnode_throw_out(&w->memnode, t->who);
		break;
	default:
		break;
	}
}

static void
trouble_end(struct world *w, const struct trouble *t)
{
	if (t->kind == TROUBLE_HOLE) {
		trace_say(w, "what node %u of the network sends arrives again", t->who);
		w->net->port[t->who].cut_off = false;
	} else if ((t->kind == TROUBLE_RESTART || t->kind == TROUBLE_MOVE) && !w->memnode.up) {
		trace_say(w, "the memory node is back");
		if (t->kind == TROUBLE_MOVE)
			memnode_move(&w->memnode);
		memnode_start(&w->memnode);
	}
}

/* A trouble begins or ends. */
struct turn_of_events {
	uint64_t at_ns;
	const struct trouble *trouble;
	bool end;
};

static int
by_time(const void *a, const void *b)
{
	uint64_t x = ((const struct turn_of_events *)a)->at_ns;
	uint64_t y = ((const struct turn_of_events *)b)->at_ns;

	return x < y ? -1 : x > y;
}

/* All troubles of the plan in their order, or as many as come before the clients are done. */
static void
world_suffer(struct world *w)
{
	struct turn_of_events list[2 * PLAN_TROUBLES];
	uint64_t begin = w->net->now_ns;
	unsigned int n = 0;

	for (unsigned int i = 0; i < w->plan.troubles; i++) {
		const struct trouble *t = &w->plan.trouble[i];

		list[n++] = (struct turn_of_events){t->at_ns, t, false};
		list[n++] = (struct turn_of_events){t->at_ns + t->for_ns + 1, t, true};
	}
	qsort(list, n, sizeof(list[0]), by_time);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t at = begin + list[i].at_ns;

		if (at > w->net->now_ns &&
			net_run_until(w->net, all_finished, w, at - w->net->now_ns))
			return;
		(list[i].end ? trouble_end : trouble_begin)(w, list[i].trouble);
	}
}

/* Bad luck does not last for ever, and then all there is comes to its end. */
static void
world_recover(struct world *w)
{
	net_run_until(w->net, all_finished, w, w->plan.calls * w->plan.gap_ns + 10 * NET_MS);
	w->net->chances = (struct net_chances){0};
	if (net_run_until(w->net, all_finished, w, DRAIN_NS))
		return;
	for (unsigned int i = 0; i < PLAN_CLIENTS; i++)
		if (!player_finished(&w->player[i]))
			world_complain(w, "client %u hangs: state %u, %u calls begun, %u pending",
				i + 1, w->player[i].state, w->player[i].calls,
				w->player[i].pending);
}

void
world_run(struct world *w, const struct plan *plan)
{
	unsigned int errors = w->net->errors;

	world_begin(w, plan);
	if (!net_run_until(w->net, all_ready, w, CONNECT_NS))
		world_complain(w, "clients do not get connected");
	for (unsigned int i = 0; i < PLAN_CLIENTS; i++)
		w->player[i].next_ns = w->net->now_ns;
	w->going = true;
	w->net->chances = plan->chances;
	world_suffer(w);
	world_recover(w);
	memnode_read_all(&w->memnode);
	world_end(w);
	if (w->net->errors != errors)
		world_complain(w, "a rule of the network was broken");
}
