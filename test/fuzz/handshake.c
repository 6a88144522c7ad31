/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * How sessions begin and end: HELLO, CHALLENGE, CONNECT, ACCEPT, REFUSE, RESET, CLOSE and CLOSED
 * in any order, late, changed or made up, to endpoints in every state; while both connect, close,
 * wait for ARP, die and start again. The server may be two endpoints that hand over to each other.
 *
 * What must hold beside node_check() stands in told.h.
 */

#include "forge.h"
#include "rdp/handover.h"
#include "rdp/pair.h"
#include "told.h"

#define TURNS_MAX 400
#define RESTARTS  8

struct end {
	struct node *node;
	struct told told;
};

#define SIBLING 2 /* of the server: another endpoint with its address */
#define STRIDE  8

static struct end ends[3];
static unsigned int nb_ends;
static struct handover *handover; /* between the two; NULL: the server is alone */
static struct neigh_table neighbours[3];
static unsigned int turns, restarts;
static uint8_t how, sizes;
static bool both; /* addresses of IPv4 and of IPv6 */

static void
on_opened(struct node *node, struct rdp_session *s, int status)
{
	told_opened(&((struct end *)node->user)->told, s, status);
}

static void
on_closed(struct node *node, struct rdp_session *s, int status)
{
	told_closed(&((struct end *)node->user)->told, s, status);
}

static void
start(struct net *net, unsigned int index)
{
	static const uint16_t windows[] = {64, 8, 256, 16}, sessions[] = {8, 1, 2, 4};
	unsigned int as = index == SIBLING ? SERVER : index;
	struct node_conf conf = node_conf(net, as);
	struct end *e = &ends[index];

	conf.rdp.io = net_io(net, index);
	conf.rdp.crc = how & (1u << (index % 2));
	conf.rdp.listen = index != CLIENT || (how & 4);
	conf.rdp.handover = index != CLIENT ? handover : NULL;
	conf.rdp.member = index == SERVER;
	conf.rdp.max_per_source = sizes & 16 ? 2 : 0;
	conf.rdp.window = windows[sizes >> (2 * (index % 2)) & 3];
	conf.rdp.max_sessions = sessions[sizes >> 4 & 3];
	conf.rdp.mtu = sizes & 64 ? RDP_MTU_MIN : NET_MTU;
	conf.mbufs = how & 128 ? 64 : 1024;
	conf.rdp.peer_timeout_ns = 50 * NET_MS;
	conf.rdp.keepalive_ns = 20 * NET_MS;
	if (both) {
		conf.rdp.ip = net_ip(as);
		conf.rdp.ip6 = net_ip6(as);
	}
	if (how & 16) {
		neigh_init(&neighbours[index]);
		conf.rdp.neigh = &neighbours[index];
		conf.rdp.netmask = how & 32 ? RTE_BE32(0xffffff00) : 0;
	}
	*e = (struct end){.node = node_start(net, index, &conf)};
	e->node->blind = true;
	e->node->untimed = true; /* time goes in leaps */
	e->node->user = e;
	e->node->on_opened = on_opened;
	e->node->on_closed = on_closed;
	/* One that is never heard: all that comes of it is forged. */
	net->port[index].cut_off = how & (index == CLIENT ? 64 : 8);
	forge_no_chance(e->node);
	e->node->ep->next_inc += 0x10000 * restarts;
}

static struct handover *
handover_up(void)
{
	struct handover *h = handover_create(2, STRIDE, SOCKET_ID_ANY);

	CHECK(h != NULL);
	h->cookie_key[0] = 1;
	h->cookie_key[1] = 2;
	return h;
}

static void
restart(struct net *net, unsigned int index)
{
	if (restarts++ >= RESTARTS)
		return;
	CHECK(node_stop(ends[index].node) == 0);
	fuzz_alloc_fail(0);
	start(net, index);
}

static void
connect_to_other(struct end *e)
{
	unsigned int to = e == &ends[SERVER] ? CLIENT : SERVER;
	struct rdp_session *s;
	int ret = rdp_connect(
		e->node->ep, net_addr(e->node->net, to), (uint16_t)(WIRE_UDP_PORT + to), &s);

	CHECK(ret == 0 || ret == -ENOSPC || ret == -ENOMEM);
	if (ret == 0)
		told_connecting(&e->told, s);
}

static void
close_one(struct end *e, uint16_t index)
{
	struct rdp_session *s = rdp_session_at(e->node->ep, index);

	if (s == NULL)
		return;
	told_closing(&e->told, s);
	rdp_close(s);
}

static void
step(struct net *net, unsigned int n)
{
	for (; n > 0 && turns < TURNS_MAX; n--, turns++) {
		net_step(net);
		for (unsigned int i = 0; i < nb_ends; i++)
			told_check(&ends[i].told, ends[i].node);
		CHECK(net->errors == 0);
	}
}

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

/* A frame that was kept from its receiver comes late, as it was or with one byte changed. */
static void
replay(struct net *net, struct input *in)
{
	struct net_packet *p;
	uint8_t bytes[2048] __rte_aligned(8);
	uint8_t change;

	if (net->nb_jar == 0)
		return;
	p = net->jar[in_below(in, net->nb_jar)];
	change = in_u8(in);
	memcpy(bytes, p->bytes, p->len);
	if (change != 0) {
		bytes[in_u8(in) % p->len] ^= change;
		net_repair(bytes, p->len);
	}
	net_inject(net, p->to, bytes, p->len);
}

static void
disturb(struct net *net, struct input *in)
{
	struct net_port *port = &net->port[in_below(in, 2)];

	switch (in_below(in, 4)) {
	case 0:
		port->keep_next[in_u8(in) % NET_TYPES] = 1;
		break;
	case 1:
		port->drop_next[in_u8(in) % NET_TYPES] = in_u8(in) % 8;
		break;
	case 2:
		port->tx_most = in_u8(in);
		break;
	default:
		fuzz_alloc_fail(in_u8(in));
		break;
	}
}

static void
run_one(struct net *net, struct input *in)
{
	uint8_t op = in_u8(in), arg;

	switch (op % 12) {
	case 0:
		forge_frame(net, SERVER, in);
		break;
	case 1:
		forge_frame(net, nb_ends > SIBLING ? SIBLING : SERVER, in);
		break;
	case 2:
	case 3:
		forge_frame(net, CLIENT, in);
		break;
	case 4:
		if (net->v6)
			forge_nd(net, in_below(in, 2), in);
		else
			forge_arp(net, in_below(in, 2), in);
		break;
	case 5:
		replay(net, in);
		break;
	case 6:
		step(net, 1 + in_below(in, 16));
		return;
	case 7:
		wait_some(net, in);
		return;
	case 8:
		connect_to_other(&ends[in_below(in, 2)]);
		break;
	case 9:
		arg = in_u8(in);
		close_one(&ends[arg % nb_ends], arg >> 4 & 7);
		break;
	case 10:
		disturb(net, in);
		return;
	default:
		restart(net, in_below(in, 2));
		break;
	}
	/* Several may come in one burst. */
	if (op < 128)
		step(net, 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	struct net *net = net_create();
	uint8_t kind;

	how = in_u8(&in);
	sizes = in_u8(&in);
	kind = in_u8(&in);
	net->v6 = kind & 1;
	net->vlan = kind & 2 ? 5 : 0;
	both = kind & 8;
	net->logging = false;
	net->latency_ns = 0;
	turns = 0;
	restarts = 0;
	nb_ends = 2 + (sizes >> 7);
	handover = nb_ends > SIBLING ? handover_up() : NULL;
	for (unsigned int i = 0; i < nb_ends; i++) {
		net->port[i].strips = kind & 4;
		start(net, i);
	}
	while (in_left(&in) > 0 && turns < TURNS_MAX)
		run_one(net, &in);
	fuzz_alloc_fail(0);
	turns = 0;
	step(net, 4);
	net_free(net);
	handover_free(handover);
	return 0;
}
