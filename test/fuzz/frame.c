/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Frames to endpoints with open sessions, of both roles, in virtual time: as the peer would send
 * them, not quite so, and not at all so; between what two honest ends say to each other. The
 * layer above does what the records tell it: answer, ask, wait, close, fail.
 *
 * What must hold: node_check() after every poll; every frame that leaves is in order; records are
 * handed over as rdp.h promises, and stay readable; sessions begin and end as told.h says; no
 * buffer is lost, or written to by somebody who gave it back.
 */

#include "forge.h"
#include "rdp/pair.h"
#include "told.h"

#define TURNS_MAX  600 /* a run; they cost most of its time */
#define STAGED_MAX 512
#define SEEN_MAX   128
#define LENT_MAX   32
#define UNWRITTEN  0xee

/* What a record asks of the one who reads it: its first byte. */
enum command {
	DO_ANSWER = 1, /* with a response, the second byte says how long */
	DO_ASK,        /* send a request of one's own */
	DO_FAIL,       /* say that the protocol was broken */
	DO_CLOSE,      /* the session it came on */
	DO_CLOSE_OTHER,
	DO_CONNECT,
	DO_WAIT, /* as if there were no room, until somebody lifts it */
	DO_LEND, /* answer with data that are lent; half of the second byte's bits say how long */
	DO_LEND_ASK,
	DO_COMMANDS
};

struct staged {
	const struct rdp_session *s;
	uint8_t *to;
	uint32_t len;
};

struct seen {
	const struct rdp_session *s;
	const uint8_t *records;
	uint32_t len, crc;
};

/* An end, and what the layer above knows of the burst. */
struct side {
	struct node *node;
	unsigned int other;
	bool waiting;
	struct told told;
	unsigned int nb_staged, nb_seen;
	struct staged staged[STAGED_MAX];
	struct seen seen[SEEN_MAX];
	unsigned int nb_lent;
	uint8_t *lent[LENT_MAX]; /* read until the next flush, and gone after it */
};

static struct side sides[2];
static struct neigh_table neighbours[2];
static unsigned int turns;

/* Room that was reserved, and records that were read, go with their session when it is closed by
 * the layer above itself. */
static void
forget(struct side *d, const struct rdp_session *s)
{
	unsigned int staged = 0, seen = 0;

	for (unsigned int i = 0; i < d->nb_staged; i++)
		if (d->staged[i].s != s)
			d->staged[staged++] = d->staged[i];
	for (unsigned int i = 0; i < d->nb_seen; i++)
		if (d->seen[i].s != s)
			d->seen[seen++] = d->seen[i];
	d->nb_staged = staged;
	d->nb_seen = seen;
}

static void
close_session(struct side *d, struct rdp_session *s)
{
	if (s == NULL)
		return;
	forget(d, s);
	told_closing(&d->told, s);
	rdp_close(s);
}

/* Returns false when there is no room. */
static bool
answer(struct side *d, struct rdp_session *s, uint8_t words)
{
	uint32_t len = 8 + 8u * words;
	uint8_t *to;

	if (len > s->mss || d->nb_staged == STAGED_MAX)
		return true;
	to = rdp_response(s, len);
	if (to == NULL)
		return false;
	memset(to, UNWRITTEN, len);
	d->staged[d->nb_staged++] = (struct staged){s, to, len};
	return true;
}

static void
ask(struct rdp_session *s, uint8_t words)
{
	uint32_t len = 8 + 8u * words;
	uint8_t *to = len <= s->mss ? rdp_request(s, len) : NULL;

	if (to == NULL)
		return;
	memset(to, 0, len);
	to[0] = words % DO_COMMANDS;
	to[1] = words;
	if (words & 0x40)
		rdp_order(s);
}

/*
 * A record whose data are lent, in a piece of its own that goes away. Behind the eight bytes of the
 * record stands what recall() has to know: how long they are, and whether they have gone.
 */
static bool
lend(struct side *d, struct rdp_session *s, uint8_t words, bool request)
{
	uint32_t len = 8u * (1 + words % 180);
	uint8_t *data, *to;

	if (8 + len > s->mss || d->nb_lent == LENT_MAX)
		return true;
	data = malloc(len);
	CHECK(data != NULL);
	memset(data, DO_COMMANDS, len);
	to = request ? rdp_request_lend(s, 8, data, len) : rdp_response_lend(s, 8, data, len);
	if (to == NULL) {
		free(data);
		return request;
	}
	d->lent[d->nb_lent++] = data;
	memset(to, 0, 16);
	to[8] = (uint8_t)(len / 8);
	to[9] = words & 1;
	return true;
}

static void
end_lending(struct side *d)
{
	while (d->nb_lent > 0)
		free(d->lent[--d->nb_lent]);
}

static int32_t
on_recall(void *ctx, struct rdp_session *s, uint32_t psn, uint8_t *to)
{
	const struct side *d = ctx;
	uint32_t len = 8u * to[0];
	bool gone = to[1];

	CHECK(s->ep == d->node->ep && s->state == RDP_OPEN);
	CHECK(psn - s->tx_una < rdp_in_flight(s) && len > 0 && 8 + len <= s->mss);
	if (gone)
		return -8; /* nothing is left of the record */
	memset(to, DO_COMMANDS, len);
	return (int32_t)len;
}

static void
connect_other(struct side *d)
{
	struct rdp_session *s;

	if (rdp_connect(d->node->ep, net_addr(d->node->net, d->other),
		    (uint16_t)(WIRE_UDP_PORT + d->other), &s) == 0)
		told_connecting(&d->told, s);
}

/* Returns 1 to go on, 0 to wait at this record, or negative. */
static int
obey(struct side *d, struct rdp_session *s, uint8_t command, uint8_t arg)
{
	switch (command) {
	case DO_ANSWER:
		return answer(d, s, arg);
	case DO_ASK:
		ask(s, arg);
		return 1;
	case DO_FAIL:
		return -EPROTO;
	case DO_CLOSE:
		close_session(d, s);
		return 1;
	case DO_CLOSE_OTHER:
		close_session(d, rdp_session_at(d->node->ep, arg % 8));
		return 1;
	case DO_CONNECT:
		connect_other(d);
		return 1;
	case DO_WAIT:
		return !d->waiting;
	case DO_LEND:
		return lend(d, s, arg, false);
	case DO_LEND_ASK:
		return lend(d, s, arg, true);
	default:
		return 1;
	}
}

static void
remember(struct side *d, const struct rdp_session *s, const uint8_t *records, uint32_t len)
{
	if (s->state == RDP_OPEN && d->nb_seen < SEEN_MAX)
		d->seen[d->nb_seen++] = (struct seen){s, records, len, wire_crc32c(records, len)};
}

static int32_t
on_records(void *ctx, struct rdp_session *s, const uint8_t *records, uint32_t len)
{
	struct side *d = ctx;
	uint32_t off = 0;
	int ret = 1;

	CHECK(s->state == RDP_OPEN && s->ep == d->node->ep);
	CHECK(rdp_session_at(s->ep, s->index) == s);
	CHECK((uintptr_t)records % 8 == 0);
	CHECK(len > 0 && len <= RTE_MBUF_DEFAULT_DATAROOM);
	/* Records have eight bytes; a rest of less is read, too. */
	while (off < len && ret > 0 && s->state == RDP_OPEN) {
		ret = obey(d, s, records[off], off + 1 < len ? records[off + 1] : 0);
		off += ret > 0 ? RTE_MIN(8u, len - off) : 0;
	}
	if (ret < 0)
		return ret;
	if (off > 0)
		remember(d, s, records, off);
	return s->state == RDP_OPEN ? (int32_t)off : (int32_t)len;
}

static void
on_batch_end(void *ctx)
{
	struct side *d = ctx;

	for (unsigned int i = 0; i < d->nb_seen; i++)
		CHECK(wire_crc32c(d->seen[i].records, d->seen[i].len) == d->seen[i].crc);
	for (unsigned int i = 0; i < d->nb_staged; i++) {
		CHECK(d->staged[i].to[0] == UNWRITTEN);
		memset(d->staged[i].to, DO_COMMANDS, d->staged[i].len);
	}
	d->nb_seen = 0;
	d->nb_staged = 0;
}

static void
on_opened(void *ctx, struct rdp_session *s, int status)
{
	struct side *d = ctx;

	told_opened(&d->told, s, status);
}

static void
on_closed(void *ctx, struct rdp_session *s, int status)
{
	struct side *d = ctx;

	CHECK(d->nb_staged == 0 && d->nb_seen == 0);
	told_closed(&d->told, s, status);
}

static const struct rdp_handler handler = {
	.records = on_records,
	.batch_end = on_batch_end,
	.recall = on_recall,
	.opened = on_opened,
	.closed = on_closed,
};

/* Where what lies in flight exceeds what was agreed, not only what was offered. */
static void
check_side(const struct side *d)
{
	CHECK(d->nb_staged == 0 && d->nb_seen == 0);
	told_check(&d->told, d->node);
	for (uint16_t i = 0; i < d->node->conf.max_sessions; i++) {
		const struct rdp_session *s = rdp_session_at(d->node->ep, i);

		if (s == NULL || s->state != RDP_OPEN)
			continue;
		CHECK(rdp_in_flight(s) <= s->window);
		CHECK(s->rx_gaps < RDP_RING);
		CHECK(s->parked <= RDP_PARK_MAX);
	}
}

static void
step(struct net *net, unsigned int n)
{
	for (; n > 0 && turns < TURNS_MAX; n--, turns++) {
		net_step(net);
		for (unsigned int i = 0; i < 2; i++) {
			check_side(&sides[i]);
			if (!sides[i].node->no_flush)
				end_lending(&sides[i]);
		}
		CHECK(net->errors == 0);
	}
}

/* Time goes by, in equal parts with a turn after each; a long part is a process that was stopped.
 */
static void
wait_some(struct net *net, struct input *in)
{
	unsigned int n = 1 + in_below(in, 16);
	uint64_t part = UINT64_C(1) << in_below(in, 36);

	for (; n > 0 && turns < TURNS_MAX; n--) {
		net->now_ns += part;
		step(net, 1);
	}
}

static struct side *
either(struct input *in)
{
	return &sides[in_below(in, 2)];
}

static void
send_requests(struct input *in)
{
	struct side *d = either(in);
	struct rdp_session *s = rdp_session_at(d->node->ep, in_below(in, 8));
	uint8_t n = in_u8(in) % 64, words = in_u8(in);

	for (; s != NULL && s->state == RDP_OPEN && n > 0; n--)
		if (n % 4 == 3)
			lend(d, s, words, true);
		else
			ask(s, words);
}

/* What the layer above may do at any time. */
static void
tune(struct input *in)
{
	struct side *d = either(in);
	struct rdp_session *s = rdp_session_at(d->node->ep, in_below(in, 8));
	uint8_t cc = in_u8(in) % 3;

	rdp_settle(d->node->ep);
	end_lending(d);
	if (s == NULL)
		return;
	CHECK(rdp_cc_set(s, (enum rdp_cc)cc) == (cc > RDP_CC_SWIFT             ? -EINVAL
							: s->state != RDP_OPEN ? -ENOTCONN
									       : 0));
}

/* Many DATA frames with the same record, in order or with gaps: to fill the park, the ring. */
static void
flood(struct net *net, struct input *in)
{
	unsigned int to = in_below(in, 2), n = in_u8(in), gap = in_below(in, 3);
	struct rdp_session *s = rdp_session_at(sides[to].node->ep, in_below(in, 8));
	uint64_t record = in_u16(in);

	if (s == NULL || s->state != RDP_OPEN)
		return;
	for (uint32_t i = 0; i < n; i++) {
		struct rdp_session ahead = *s;

		ahead.rx_next += gap == 0 ? 0 : i * gap;
		forge_data(net, to, &ahead, &record, sizeof(record));
		if (gap == 0)
			step(net, 1);
		if (rdp_session_at(sides[to].node->ep, ahead.index) != s || s->state != RDP_OPEN)
			return;
	}
}

static void
disturb(struct net *net, struct input *in)
{
	unsigned int at = in_below(in, 2);

	switch (in_below(in, 6)) {
	case 0:
		net->port[at].tx_most = in_u8(in);
		break;
	case 1:
		net->port[at].drop_next[in_u8(in) % NET_TYPES] = in_u8(in);
		break;
	case 2:
		net->port[at].cut_off = !net->port[at].cut_off;
		break;
	case 3:
		fuzz_alloc_fail(in_u8(in));
		break;
	case 4:
		sides[at].node->no_flush = !sides[at].node->no_flush;
		break;
	default:
		sides[at].waiting = !sides[at].waiting;
		break;
	}
}

static void
run_one(struct net *net, struct input *in)
{
	struct side *d;

	switch (in_below(in, 14)) {
	case 0:
	case 1:
		forge_frame(net, SERVER, in);
		break;
	case 2:
	case 3:
		forge_frame(net, CLIENT, in);
		break;
	case 4:
		forge_raw(net, in_below(in, 2), in);
		break;
	case 5:
		step(net, 1 + in_below(in, 32));
		return;
	case 6:
		wait_some(net, in);
		return;
	case 7:
		send_requests(in);
		break;
	case 8:
		d = either(in);
		close_session(d, rdp_session_at(d->node->ep, in_below(in, 8)));
		break;
	case 9:
		connect_other(either(in));
		break;
	case 10:
		if (net->v6)
			forge_nd(net, in_below(in, 2), in);
		else
			forge_arp(net, in_below(in, 2), in);
		break;
	case 11:
		flood(net, in);
		break;
	case 12:
		tune(in);
		break;
	default:
		disturb(net, in);
		return;
	}
	/* Several may come in one burst. */
	if (in_u8(in) % 4 == 0)
		step(net, 1);
}

static void
start(struct net *net, unsigned int index, uint8_t how, uint8_t sizes, uint8_t more)
{
	static const uint16_t windows[] = {64, 8, 256, 16}, sessions[] = {8, 1, 2, 4};
	struct node_conf conf = node_conf(net, index);

	conf.rdp.crc = how & (1u << index);
	conf.rdp.no_coalesce = how & 4;
	conf.rdp.tx_udp_cksum = how & 8;
	conf.rdp.tx_gather = more & (1u << index);
	conf.rdp.cc = more & (4u << index) ? RDP_CC_SWIFT : RDP_CC_FIXED;
	conf.rdp.cc_target_ns = RDP_CC_TARGET_US * NET_US;
	conf.rdp.window = windows[sizes % 4];
	conf.rdp.max_sessions = sessions[sizes / 4 % 4];
	conf.rdp.mtu = sizes & 16 ? RDP_MTU_MIN : NET_MTU;
	conf.mbufs = how & 64 ? 128 : 1024;
	if (sizes & 64) {
		conf.rdp.ip = net_ip(index);
		conf.rdp.ip6 = net_ip6(index);
	}
	if (how & 16) {
		neigh_init(&neighbours[index]);
		conf.rdp.neigh = &neighbours[index];
	}
	net->port[index].rx_ol_flags = how & 32 ? RTE_MBUF_F_RX_L4_CKSUM_NONE : 0;
	net->port[index].keeps = how & 128 ? 16 : 0;
	net->port[index].gathers = conf.rdp.tx_gather;
	sides[index] = (struct side){.node = node_start(net, index, &conf), .other = !index};
	/* Time goes in leaps. */
	sides[index].node->untimed = true;
	sides[index].node->ep->handler = &handler;
	sides[index].node->ep->handler_ctx = &sides[index];
	forge_no_chance(sides[index].node);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	uint8_t how = in_u8(&in), sizes = in_u8(&in), more = in_u8(&in);
	struct net *net = net_create();

	net->logging = false;
	net->latency_ns = 0;
	turns = 0;
	/* Buffers of its own to receive into: their want is felt in sending, and told. */
	net->own_pool = more & 16;
	net->v6 = more & 32;
	net->vlan = more & 64 ? 5 : 0;
	net->port[SERVER].strips = net->port[CLIENT].strips = more & 128;
	start(net, SERVER, how, sizes, more);
	start(net, CLIENT, how, sizes, more);
	if (!(sizes & 32)) {
		connect_other(&sides[CLIENT]);
		step(net, 8);
	}
	while (in_left(&in) > 0 && turns < TURNS_MAX)
		run_one(net, &in);
	fuzz_alloc_fail(0);
	step(net, 4);
	for (unsigned int i = 0; i < 2; i++)
		end_lending(&sides[i]);
	net_free(net);
	return 0;
}
