/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include <rte_malloc.h>
#include <rte_mbuf_dyn.h>

#include "fault/damage.h"
#include "fault/lane.h"

#define EXTRA        32 /* frames of those held that move on in a turn, beside those that came */
#define SEND_ROUNDS  8  /* bursts of so many that are sent in a turn */
#define STAND_IN_LEN 60 /* the shortest Ethernet frame, without its check sum */
#define TX_LEN_MIN   RTE_ETHER_HDR_LEN /* drivers need not take less */
#define RX_LEN_MIN   1                 /* a hostile peer may send that */

/* One for all lanes; registered again it is the same. */
static uint64_t
judged_flag(void)
{
	static const struct rte_mbuf_dynflag params = {.name = "shmx_fault_judged"};
	int bit = rte_mbuf_dynflag_register(&params);

	return bit < 0 ? 0 : UINT64_C(1) << bit;
}

struct lane *
lane_create(enum fault_dir dir, const struct rte_ether_addr *mac, const struct lane_out *out,
	int socket)
{
	struct lane *l = rte_zmalloc_socket("lane", sizeof(*l), RTE_CACHE_LINE_SIZE, socket);

	if (l == NULL)
		return NULL;
	l->dir = dir;
	l->mac = *mac;
	l->judged = judged_flag();
	if (out != NULL)
		l->out = *out;
	if (l->judged != 0)
		return l;
	rte_free(l);
	return NULL;
}

/* ---- settings ---------------------------------------------------------------------------- */

/* Word by word: the other thread may be copying or writing it. */
static void
conf_copy(struct fate_conf *to, const struct fate_conf *from)
{
	uint64_t *t = (uint64_t *)to;
	const uint64_t *f = (const uint64_t *)from;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*t); i++)
		__atomic_store_n(&t[i], __atomic_load_n(&f[i], __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

void
lane_publish(struct lane *l, const struct fate_conf *conf)
{
	uint64_t next = l->published + 1;

	/* A copy begun before the last change may see these words: it is seen to be outdated. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	conf_copy(&l->slot[next & 1], conf);
	__atomic_store_n(&l->published, next, __ATOMIC_RELEASE);
}

static void
adopt(struct lane *l, uint64_t now, const struct fate_conf *conf)
{
	fate_begin(&l->teller, conf);
	l->calm = 0;
	l->on = fate_on(conf);
	l->dark = conf->blackhole != 0;
	l->dark_until = conf->blackhole == FAULT_FOREVER ? FAULT_FOREVER : now + conf->blackhole;
	if (!l->on && !l->dark)
		hold_release(&l->hold);
}

static void
look_for_settings(struct lane *l, uint64_t now)
{
	uint64_t published = __atomic_load_n(&l->published, __ATOMIC_ACQUIRE);
	struct fate_conf conf;

	if (likely(published == l->adopted))
		return;
	conf_copy(&conf, &l->slot[published & 1]);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&l->published, __ATOMIC_RELAXED) != published)
		return;
	adopt(l, now, &conf);
	l->adopted = published;
}

/* What follows from the time alone. Returns whether frames have to be looked at. */
static bool
turn_begin(struct lane *l, uint64_t now)
{
	look_for_settings(l, now);
	if (l->dark && now >= l->dark_until)
		l->dark = false;
	return l->on || l->dark || hold_count(&l->hold) > 0;
}

static void
turn_end(struct lane *l)
{
	uint32_t held = hold_count(&l->hold);

	l->stats.held = held;
	if (held == 0 && l->on && !l->dark && l->calm == 0) {
		l->calm = fate_free(&l->teller);
		fate_pass(&l->teller, l->calm);
	}
	if (held == 0 && !l->on && !l->dark && l->drained != l->adopted)
		__atomic_store_n(&l->drained, l->adopted, __ATOMIC_RELEASE);
}

/* ---- one frame --------------------------------------------------------------------------- */

/* Frames that are passed on at once gather at the beginning of the burst they came in. */
struct burst {
	struct rte_mbuf **mbufs;
	uint16_t kept;
};

static void
put(struct lane *l, struct rte_mbuf *m, uint64_t now, const struct fate *f, struct burst *b)
{
	if (f->wait > 0 || f->overtake > 0 || hold_count(&l->hold) > 0) {
		if (hold_put(&l->hold, m, now + f->wait, f->overtake))
			return;
		l->stats.overflowed++;
	}
	b->mbufs[b->kept++] = m;
}

/* There may be no room for it in the burst: it is the one that can be done without. */
static void
put_twin(struct lane *l, struct rte_mbuf *twin, uint64_t due)
{
	if (hold_put(&l->hold, twin, due, 0)) {
		l->stats.duplicated++;
		return;
	}
	l->stats.overflowed++;
	rte_pktmbuf_free(twin);
}

static struct rte_mbuf *
damage(struct lane *l, struct rte_mbuf *m, const struct fate *f)
{
	struct rte_mbuf *own;

	if (likely((f->flip | f->trunc) == 0))
		return m;
	own = damage_own(m);
	if (own == NULL) {
		l->stats.spared++;
		return m;
	}
	if (f->flip != 0) {
		damage_flip(own, f->flip, (uint32_t)l->teller.conf.flip_bits);
		l->stats.flipped++;
	}
	if (f->trunc != 0) {
		damage_truncate(own, f->trunc, l->dir == FAULT_TX ? TX_LEN_MIN : RX_LEN_MIN);
		l->stats.truncated++;
	}
	return own;
}

static struct rte_mbuf *
twin_make(struct lane *l, const struct rte_mbuf *m, const struct fate *f)
{
	struct rte_mbuf *twin;

	if (likely(!f->twice))
		return NULL;
	twin = damage_copy(m);
	l->stats.spared += twin == NULL;
	return twin;
}

/* A frame may end in memory that its sender lends to the port until the burst is sent: what may
 * be held longer needs bytes of its own. */
static struct rte_mbuf *
keepable(struct rte_mbuf *m)
{
	return likely(m->nb_segs == 1 && RTE_MBUF_DIRECT(m)) ? m : damage_own(m);
}

static void
take(struct lane *l, uint64_t now, struct rte_mbuf *m, struct burst *b)
{
	struct rte_mbuf *twin, *own;
	struct fate f;

	l->stats.seen++;
	if (l->dark) {
		l->stats.blackholed++;
		rte_pktmbuf_free(m);
		return;
	}
	if (l->calm > 0) {
		l->calm--;
		b->mbufs[b->kept++] = m;
		return;
	}
	fate_next(&l->teller, &f);
	if (f.lost) {
		l->stats.dropped++;
		rte_pktmbuf_free(m);
		return;
	}
	own = keepable(m);
	if (unlikely(own == NULL)) {
		l->stats.spared++;
		b->mbufs[b->kept++] = m;
		return;
	}
	twin = twin_make(l, own, &f);
	m = damage(l, own, &f);
	l->stats.reordered += f.reordered;
	l->stats.delayed += f.delayed;
	put(l, m, now, &f, b);
	if (twin != NULL)
		put_twin(l, twin, now + f.twin_wait);
}

/* All frames of a burst; what is passed on at once stays in it. Returns how many those are. */
static uint16_t
take_burst(struct lane *l, uint64_t now, struct rte_mbuf **mbufs, uint16_t n)
{
	struct burst b = {mbufs, 0};

	for (uint16_t i = 0; i < n; i++)
		take(l, now, mbufs[i], &b);
	l->stats.overflowed += hold_run(
		&l->hold, now, l->teller.conf.reorder_ticks, (uint32_t)n + EXTRA);
	return b.kept;
}

/* ---- a burst ----------------------------------------------------------------------------- */

uint16_t
lane_rx(struct lane *l, uint64_t now, struct rte_mbuf **mbufs, uint16_t n, uint16_t max)
{
	uint32_t got;

	if (likely(lane_pass(l, n)))
		return n;
	if (!turn_begin(l, now)) {
		turn_end(l);
		return n;
	}
	n = take_burst(l, now, mbufs, n);
	got = hold_peek(&l->hold, mbufs + n, (uint32_t)max - n);
	hold_take(&l->hold, got);
	turn_end(l);
	return (uint16_t)(n + got);
}

/* Of those that are ready, all but @p keep, some at a time. */
static void
send_ready(struct lane *l, uint32_t keep)
{
	struct rte_mbuf *mbufs[EXTRA];
	uint32_t n, sent = EXTRA;

	for (int round = 0; round < SEND_ROUNDS && sent == EXTRA; round++) {
		n = hold_ready(&l->hold);
		if (n <= keep)
			return;
		n = hold_peek(&l->hold, mbufs, RTE_MIN(n - keep, (uint32_t)EXTRA));
		sent = l->out.send(l->out.ctx, mbufs, (uint16_t)n);
		hold_take(&l->hold, sent);
	}
}

/*
 * One mbuf stands in wherever a frame is missing, with as many references. It is addressed to the
 * port that sends it: no switch passes it on, and no other end takes it for its own.
 */
static bool
stand_in_make(struct lane *l, struct rte_mempool *pool)
{
	struct rte_mbuf *m;
	struct rte_ether_hdr *eth;

	if (likely(l->stand_in != NULL))
		return true;
	m = rte_pktmbuf_alloc(pool);
	if (m == NULL)
		return false;
	eth = (struct rte_ether_hdr *)rte_pktmbuf_append(m, STAND_IN_LEN);
	memset(eth, 0, STAND_IN_LEN);
	eth->dst_addr = l->mac;
	eth->src_addr = l->mac;
	eth->ether_type = RTE_BE16(FAULT_ETHER_TYPE);
	l->stand_in = m;
	return true;
}

static void
fill(struct lane *l, struct rte_mbuf **mbufs, uint16_t n)
{
	uint32_t got = hold_peek(&l->hold, mbufs, n);

	hold_take(&l->hold, got);
	if (got == n)
		return;
	rte_mbuf_refcnt_update(l->stand_in, (int16_t)(n - got));
	for (; got < n; got++)
		mbufs[got] = l->stand_in;
}

/* What the port had no room for last time stands first. Returns how many those are. */
static uint16_t
come_back(const struct lane *l, struct rte_mbuf **mbufs, uint16_t n)
{
	uint16_t i = 0;

	while (i < n && (mbufs[i]->ol_flags & l->judged) != 0)
		i++;
	return i;
}

static void
mark(const struct lane *l, struct rte_mbuf **mbufs, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		mbufs[i]->ol_flags |= l->judged;
}

void
lane_tx(struct lane *l, uint64_t now, struct rte_mbuf **mbufs, uint16_t n)
{
	uint16_t again = come_back(l, mbufs, n), kept;
	bool older;

	mbufs += again;
	n -= again;
	if (likely(lane_pass(l, n))) {
		mark(l, mbufs, n);
		return;
	}
	if (n == 0 || !turn_begin(l, now)) {
		turn_end(l);
		return;
	}
	if (unlikely(!stand_in_make(l, mbufs[0]->pool))) {
		l->stats.seen += n;
		l->stats.spared += n;
		return;
	}
	older = hold_count(&l->hold) > 0;
	kept = take_burst(l, now, mbufs, n);
	/* What goes beside the burst goes before it: not where the beginning of it is older. */
	if (older || kept == 0)
		send_ready(l, (uint32_t)n - kept);
	fill(l, mbufs + kept, n - kept);
	mark(l, mbufs, n);
	turn_end(l);
}

void
lane_tx_turn(struct lane *l, uint64_t now)
{
	if (likely(lane_pass(l, 0)))
		return;
	if (turn_begin(l, now)) {
		l->stats.overflowed += hold_run(&l->hold, now, l->teller.conf.reorder_ticks, EXTRA);
		send_ready(l, 0);
	}
	turn_end(l);
}

static void
send_rest(struct lane *l)
{
	uint32_t before;

	hold_release(&l->hold);
	do {
		before = hold_ready(&l->hold);
		send_ready(l, 0);
	} while (hold_ready(&l->hold) < before);
}

void
lane_destroy(struct lane *l)
{
	if (l == NULL)
		return;
	if (l->dir == FAULT_TX)
		send_rest(l);
	hold_free(&l->hold);
	rte_pktmbuf_free(l->stand_in);
	rte_free(l);
}
