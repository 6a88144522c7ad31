/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include <rte_eal.h>

#include "common/memcheck.h"
#include "common/plain.h"
#include "live.h"
#include "net.h"
#include "node.h"
#include "rdp/icmp6.h"
#include "strict_pool.h"

#define WIRE_MBUFS  1024
#define ERRORS_MOST 20 /* printed, a network */

/* A sent frame that the port still refers to, as a ring that is cleaned late does. */
struct net_kept {
	struct net_kept *next;
	struct rte_mbuf *m;
	uint32_t crc;
};

int
net_eal_init(const char *name)
{
	char args[][32] = {"", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
		"--log-level=*:error", "-m", "256"};
	char *argv[RTE_DIM(args)];

	snprintf(args[0], sizeof(args[0]), "%s", name);
	for (unsigned int i = 0; i < RTE_DIM(args); i++)
		argv[i] = args[i];
	return rte_eal_init(RTE_DIM(args), argv);
}

/* splitmix64 */
uint64_t
net_dice(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t
net_random(struct net *net)
{
	return net_dice(&net->random);
}

uint32_t
net_random_below(struct net *net, uint32_t n)
{
	return (uint32_t)((net_random(net) >> 32) * n >> 32);
}

bool
net_chance(struct net *net, double probability)
{
	return probability > 0 && (double)(net_random(net) >> 11) < probability * 0x1p53;
}

void
net_error(struct net *net, const char *format, ...)
{
	va_list args;

	if (net->errors++ >= ERRORS_MOST)
		return;
	fprintf(stderr, "\nnet, %" PRIu64 " ns, seed %" PRIu64 ": ", net->now_ns, net->seed);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
}

static uint64_t
clock_source(void *ctx)
{
	return ((const struct net *)ctx)->now_ns;
}

struct clock
net_clock(struct net *net)
{
	return (struct clock){.source = clock_source, .ctx = net};
}

rte_be32_t
net_ip(unsigned int index)
{
	return rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 1) + index);
}

struct ip_addr
net_ip6(unsigned int index)
{
	struct ip_addr a = {.byte = {0xfd, 0, 0x0d, 0xb8}};

	a.byte[15] = (uint8_t)(index + 1);
	return a;
}

struct ip_addr
net_addr(const struct net *net, unsigned int index)
{
	return net->v6 ? net_ip6(index) : ip_addr_v4(net_ip(index));
}

struct rte_ether_addr
net_mac(unsigned int index)
{
	return (struct rte_ether_addr){{2, 0, 0, 0, 0, (uint8_t)(index + 1)}};
}

struct net *
net_create(void)
{
	static unsigned int count;
	struct net *net = calloc(1, sizeof(*net));
	char name[RTE_MEMPOOL_NAMESIZE];

	if (net == NULL)
		abort();
	snprintf(name, sizeof(name), "wire%u", count++);
	net->wire = strict_pool_create(name, WIRE_MBUFS, RTE_MBUF_DEFAULT_BUF_SIZE);
	CU_ASSERT_PTR_NOT_NULL_FATAL(net->wire);
	net_reset(net, plain_seed());
	return net;
}

static void
kept_free(struct net_port *port)
{
	struct net_kept *k = port->kept_head;

	if (wire_crc32c(rte_pktmbuf_mtod(k->m, void *), k->m->data_len) != k->crc)
		net_error(port->net, "node %u changed a frame that the port had not let go of",
			port->index);
	port->kept_head = k->next;
	port->nb_kept--;
	rte_pktmbuf_free(k->m);
	free(k);
}

void
net_release(struct net *net, unsigned int index)
{
	while (net->port[index].nb_kept > 0)
		kept_free(&net->port[index]);
}

static void
forget_arriving(struct net_port *port)
{
	while (port->arriving != NULL) {
		struct net_packet *p = port->arriving;

		port->arriving = p->next;
		free(p);
	}
}

static void
forget_jar(struct net *net)
{
	while (net->nb_jar > 0)
		free(net->jar[--net->nb_jar]);
}

void
net_reset(struct net *net, uint64_t seed)
{
	struct net old = *net;

	ledger_reset();
	for (unsigned int i = 0; i < NET_NODES; i++) {
		net_release(net, i);
		forget_arriving(&net->port[i]);
	}
	forget_jar(net);
	*net = (struct net){
		.seed = seed,
		.random = seed,
		.now_ns = NET_START,
		.step_ns = 500,
		.latency_ns = 5 * NET_US,
		.logging = true,
		.wire = old.wire,
		.log = old.log,
		.log_size = old.log_size,
		.errors = old.errors,
	};
	for (uint8_t i = 0; i < NET_NODES; i++)
		net->port[i] = (struct net_port){.net = net, .index = i, .tx_most = UINT16_MAX};
}

void
net_free(struct net *net)
{
	unsigned int missing = 0;

	for (unsigned int i = 0; i < NET_NODES; i++) {
		forget_arriving(&net->port[i]);
		if (net->node[i] != NULL)
			missing += node_stop(net->node[i]);
	}
	missing += strict_pool_free(net->wire);
	CU_ASSERT_EQUAL(missing, 0);
	CU_ASSERT_EQUAL(net->errors, 0);
	CU_ASSERT_EQUAL(strict_pool_mistakes(), 0);
	forget_jar(net);
	free(net->log);
	free(net);
	ledger_reset();
}

/* A frame of either family, taken apart. */
struct parts {
	struct rte_ether_hdr *eth; /* of a tagged one: four bytes in, with the type */
	struct rte_ipv4_hdr *v4;   /* one of them */
	struct rte_ipv6_hdr *v6;
	struct rte_udp_hdr *udp;
	struct wire_frame *frame;
	uint32_t l3_at; /* bytes before the IP header */
	uint32_t l3_len;
};

static struct parts
take_apart(void *bytes)
{
	struct wire_ipv4_hdrs *h4 = bytes;
	uint32_t tag = h4->eth.ether_type == RTE_BE16(RTE_ETHER_TYPE_VLAN) ? WIRE_TAG_LEN : 0;
	struct wire_ipv6_hdrs *h6 = RTE_PTR_ADD(bytes, tag);

	h4 = RTE_PTR_ADD(bytes, tag);
	if (h4->eth.ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
		return (struct parts){&h6->eth, NULL, &h6->ip, &h6->udp, &h6->frame,
			sizeof(h6->eth) + tag, sizeof(h6->ip)};
	return (struct parts){&h4->eth, &h4->ip, NULL, &h4->udp, &h4->frame, sizeof(h4->eth) + tag,
		sizeof(h4->ip)};
}

static const char *
check_v4(const struct parts *p, uint32_t len)
{
	if (p->eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return "has a wrong Ethernet type";
	if (rte_be_to_cpu_16(p->v4->total_length) != len)
		return "has lengths that disagree";
	if (rte_raw_cksum(p->v4, sizeof(*p->v4)) != 0xffff)
		return "has a wrong IP checksum";
	if (p->v4->fragment_offset != RTE_BE16(RTE_IPV4_HDR_DF_FLAG) || p->v4->version_ihl != 0x45)
		return "has a wrong IP header";
	return NULL;
}

static const char *
check_v6(const struct parts *p, uint32_t len)
{
	if (rte_be_to_cpu_16(p->v6->payload_len) + sizeof(*p->v6) != len)
		return "has lengths that disagree";
	if (p->v6->vtc_flow != RTE_BE32(UINT32_C(6) << 28) || p->v6->proto != IPPROTO_UDP ||
		p->v6->hop_limits == 0)
		return "has a wrong IP header";
	if (((const struct wire_ipv6_hdrs *)p->eth)->reserved != 0)
		return "has something in the reserved bytes";
	return NULL;
}

static const char *
check_datagram(const struct parts *p, uint32_t ip_len)
{
	if (rte_be_to_cpu_16(p->udp->dgram_len) + p->l3_len != ip_len)
		return "has lengths that disagree";
	if (p->udp->dgram_cksum == 0)
		return "has no checksum";
	if (wire_version(p->frame) != WIRE_VERSION ||
		((p->frame->flags & WIRE_F_ORDERED) && wire_type(p->frame) != WIRE_DATA))
		return "has a wrong version or flag";
	if (wire_type(p->frame) < WIRE_HELLO || wire_type(p->frame) > WIRE_CLOSED)
		return "has a wrong type";
	return NULL;
}

static const char *
check_crc(const struct wire_frame *f, uint32_t len)
{
	rte_be32_t crc;

	if (!(f->flags & WIRE_F_CRC))
		return NULL;
	len -= WIRE_CRC_LEN;
	memcpy(&crc, (const uint8_t *)f + len, WIRE_CRC_LEN);
	return rte_be_to_cpu_32(crc) == wire_crc32c(f, len) ? NULL : "has a wrong CRC";
}

/* What every frame on the wire has to be. */
static void
check_sent(struct net_port *port, const struct rte_mbuf *m, void *bytes, uint32_t len)
{
	struct parts p = take_apart(bytes);
	uint32_t ip_len = len - p.l3_at;
	const struct rte_vlan_hdr *tag = RTE_PTR_ADD(bytes, sizeof(struct rte_ether_hdr));
	const char *wrong = p.v4 != NULL ? check_v4(&p, ip_len) : check_v6(&p, ip_len);

	if (wrong == NULL)
		wrong = check_datagram(&p, ip_len);
	if (wrong == NULL)
		wrong = check_crc(p.frame, len - (uint32_t)RTE_PTR_DIFF(p.frame, bytes));
	if ((p.eth != bytes) != (port->net->vlan != 0) ||
		(p.eth != bytes && (rte_be_to_cpu_16(tag->vlan_tci) & 0xfff) != port->net->vlan))
		wrong = "has a wrong tag";
	if (m->nb_segs > 1 + port->gathers || (m->next != NULL) != (m->nb_segs > 1) ||
		m->pkt_len + (m->ol_flags & RTE_MBUF_F_TX_VLAN ? WIRE_TAG_LEN : 0u) != len)
		wrong = "is a chain or has two lengths";
	if (VALGRIND_CHECK_MEM_IS_DEFINED(bytes, len) != 0)
		wrong = "has bytes that nobody wrote";
	if (wrong != NULL)
		net_error(port->net, "a frame of type %u %s", wire_type(p.frame), wrong);
}

/* One's complement sum over the datagram and its pseudo header, checksum included: all ones. */
static bool
udp_sum_right(const struct parts *h)
{
	const uint8_t *p = (const uint8_t *)h->udp;
	const uint8_t *a = h->v4 != NULL ? (const uint8_t *)&h->v4->src_addr : h->v6->src_addr;
	uint32_t len = rte_be_to_cpu_16(h->udp->dgram_len), sum = IPPROTO_UDP + len;
	uint32_t a_len = h->v4 != NULL ? 8 : 32;

	for (uint32_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	for (uint32_t i = 0; i < a_len; i++)
		sum += i % 2 == 0 ? (uint32_t)a[i] << 8 : a[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static uint16_t
udp_sum(const struct parts *p)
{
	p->udp->dgram_cksum = 0;
	if (p->v4 != NULL)
		return rte_ipv4_udptcp_cksum(p->v4, p->udp);
	/* DPDK sums no protocol above 127, and no other than UDP is meant. */
	return p->v6->proto == IPPROTO_UDP ? rte_ipv6_udptcp_cksum(p->v6, p->udp) : 0;
}

static bool
offload_right(const struct parts *p, const struct rte_mbuf *m)
{
	uint64_t family = p->v4 != NULL ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
	uint16_t pseudo = p->v4 != NULL ? rte_ipv4_phdr_cksum(p->v4, 0)
	                                : rte_ipv6_phdr_cksum(p->v6, 0);

	uint32_t put_in = m->ol_flags & RTE_MBUF_F_TX_VLAN ? WIRE_TAG_LEN : 0;

	return p->udp->dgram_cksum == pseudo && m->l2_len + put_in == p->l3_at &&
	       m->l3_len == p->l3_len &&
	       (m->ol_flags & (RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6)) == family;
}

/* The port completes the checksum where it was asked to. */
static void
complete_checksum(struct net *net, const struct rte_mbuf *m, void *bytes)
{
	struct parts p = take_apart(bytes);

	if (m->ol_flags & RTE_MBUF_F_TX_UDP_CKSUM) {
		if (!offload_right(&p, m))
			net_error(net, "offload prepared wrongly");
		p.udp->dgram_cksum = udp_sum(&p);
	}
	if (!udp_sum_right(&p))
		net_error(net, "a frame of type %u has a wrong UDP checksum", wire_type(p.frame));
}

static struct net_frame
describe(struct net_port *port, void *bytes, uint32_t len)
{
	const struct wire_frame *f = take_apart(bytes).frame;
	const struct wire_sack *sack = (const struct wire_sack *)(f + 1);
	struct net_frame d = {
		.ns = port->net->now_ns,
		.psn = rte_be_to_cpu_32(f->psn),
		.ack = rte_be_to_cpu_32(f->ack),
		.ts = rte_be_to_cpu_32(f->ts),
		.echo = rte_be_to_cpu_32(f->echo),
		.dst_inc = rte_be_to_cpu_32(f->dst_inc),
		.src_inc = rte_be_to_cpu_32(f->src_inc),
		.session = rte_be_to_cpu_16(f->session),
		.echo_delay = rte_be_to_cpu_16(f->echo_delay),
		.len = (uint16_t)len,
		.from = port->index,
		.type = wire_type(f),
		.flags = f->flags,
	};

	d.nth = port->count[d.type]++;
	if (d.type == WIRE_ACK && (d.flags & WIRE_F_SACK))
		for (unsigned int i = 0; i < RTE_DIM(d.sack); i++)
			d.sack[i] = rte_be_to_cpu_64(sack->bitmap[i]);
	return d;
}

static void
log_add(struct net *net, const struct net_frame *f)
{
	if (!net->logging)
		return;
	if (net->nb_log == net->log_size) {
		net->log_size = net->log_size * 2 + 1024;
		net->log = realloc(net->log, net->log_size * sizeof(net->log[0]));
		if (net->log == NULL)
			abort();
	}
	net->log[net->nb_log++] = *f;
}

static void
fate_by_chance(struct net *net, struct net_fate *fate)
{
	const struct net_chances *c = &net->chances;

	fate->drop |= net_chance(net, c->drop);
	fate->copies += net_chance(net, c->copy);
	if (net_chance(net, c->delay))
		fate->delay_ns += net_random(net) % (c->delay_max_ns + 1);
	if (net_chance(net, c->flip))
		fate->flips = (uint16_t)(1 + net_random_below(net, c->flips_max));
	if (net_chance(net, c->cut))
		fate->cut = (uint16_t)(1 + net_random_below(net, 100));
}

static struct net_packet *
packet_new(const void *bytes, uint32_t len)
{
	struct net_packet *p = malloc(sizeof(*p) + len);

	if (p == NULL)
		abort();
	memset(p, 0, sizeof(*p));
	p->len = len;
	if (len > 0)
		memcpy(p->bytes, bytes, len);
	return p;
}

static struct net_packet *
packet_of(struct rte_mbuf *m)
{
	static uint8_t bytes[UINT16_MAX];
	uint32_t len = 0;

	if (m->ol_flags & RTE_MBUF_F_TX_VLAN) {
		const rte_be16_t tag[2] = {
			RTE_BE16(RTE_ETHER_TYPE_VLAN), rte_cpu_to_be_16(m->vlan_tci)};
		struct rte_mbuf *first = m;

		/* What is in front of the type, the tag, and the rest. */
		memcpy(bytes, rte_pktmbuf_mtod(first, const void *), 12);
		memcpy(bytes + 12, tag, sizeof(tag));
		memcpy(bytes + 16, rte_pktmbuf_mtod_offset(first, const void *, 12),
			first->data_len - 12u);
		len = first->data_len + (uint32_t)WIRE_TAG_LEN;
		m = m->next;
	}
	for (; m != NULL; m = m->next) {
		CU_ASSERT_FATAL(len + m->data_len <= sizeof(bytes));
		memcpy(bytes + len, rte_pktmbuf_mtod(m, const void *), m->data_len);
		len += m->data_len;
	}
	return packet_new(bytes, len);
}

static void
packet_send(struct net *net, struct net_packet *p, uint64_t delay_ns)
{
	struct net_packet **at = &net->port[p->to].arriving;

	p->due_ns = net->now_ns + net->latency_ns + delay_ns;
	while (*at != NULL && (*at)->due_ns <= p->due_ns)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
}

/* The node that an address belongs to; NET_NODES when it is nobody's. */
static uint8_t
receiver(void *bytes)
{
	struct parts p = take_apart(bytes);
	struct ip_addr to = p.v4 != NULL ? ip_addr_v4(p.v4->dst_addr) : ip_addr_v6(p.v6->dst_addr);
	uint8_t i = 0;

	while (i < NET_NODES && !ip_addr_equal(to, ip_addr_v4(net_ip(i))) &&
		!ip_addr_equal(to, net_ip6(i)))
		i++;
	return i;
}

static void
damage(struct net *net, struct net_packet *p, const struct net_fate *fate)
{
	for (uint16_t i = 0; i < fate->flips; i++) {
		uint32_t bit = net_random_below(net, p->len * 8);

		p->bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	p->len -= RTE_MIN(fate->cut, p->len);
}

/* A frame leaves when those before it have. @return how long it takes from now on. */
static uint64_t
link_ns(struct net_port *port, uint32_t len)
{
	const struct net *net = port->net;

	if (net->gbps == 0)
		return 0;
	port->free_ns = RTE_MAX(port->free_ns, net->now_ns) +
	                (len + NET_WIRE_EXTRA) * 8 / net->gbps;
	return port->free_ns - net->now_ns;
}

static void
transmit(struct net_port *port, struct net_packet *p, const struct net_fate *fate)
{
	struct net *net = port->net;
	uint64_t delay_ns = fate->delay_ns + link_ns(port, p->len);

	if (fate->keep && net->nb_jar < RTE_DIM(net->jar)) {
		net->jar[net->nb_jar++] = p;
		return;
	}
	if (fate->drop) {
		free(p);
		return;
	}
	for (unsigned int i = 0; i < fate->copies; i++) {
		struct net_packet *copy = packet_new(p->bytes, p->len);

		copy->to = p->to;
		packet_send(net, copy, delay_ns);
	}
	damage(net, p, fate);
	packet_send(net, p, delay_ns);
}

static struct net_fate
fate_of(struct net_port *port, const struct net_frame *f)
{
	struct net_fate fate = {.drop = port->cut_off};

	if (port->drop_next[f->type] > 0) {
		port->drop_next[f->type]--;
		fate.drop = true;
	}
	if (port->keep_next[f->type] > 0) {
		port->keep_next[f->type]--;
		fate.keep = true;
	}
	fate_by_chance(port->net, &fate);
	if (port->net->script != NULL)
		port->net->script(port->net->script_ctx, f, &fate);
	return fate;
}

static void
port_keep(struct net_port *port, struct rte_mbuf *m)
{
	struct net_kept *k = malloc(sizeof(*k));

	if (k == NULL)
		abort();
	*k = (struct net_kept){
		.m = m, .crc = wire_crc32c(rte_pktmbuf_mtod(m, void *), m->data_len)};
	if (port->nb_kept++ == 0)
		port->kept_head = k;
	else
		port->kept_tail->next = k;
	port->kept_tail = k;
	while (port->nb_kept > port->keeps)
		kept_free(port);
}

static bool
is_shmx(void *bytes)
{
	struct parts p = take_apart(bytes);

	if (p.v6 != NULL)
		return p.v6->proto == IPPROTO_UDP;
	return p.eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
	       p.v4->next_proto_id == IPPROTO_UDP;
}

/* ARP, neighbour discovery and answers to ping are of no interest here, and lost. */
static void
send_other(struct net_port *port, struct rte_mbuf *m, void *bytes)
{
	struct parts p = take_apart(bytes);
	bool ping = p.v6 != NULL ? p.v6->proto == IPPROTO_ICMPV6
	                         : p.eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
	                                   p.v4->next_proto_id == IPPROTO_ICMP;

	if (!ping && p.eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_ARP))
		net_error(port->net, "a frame is of no protocol");
	port->others++;
	port_keep(port, m);
}

static void
send_one(struct net_port *port, struct rte_mbuf *m)
{
	const struct node *node = port->net->node[port->index];
	void *h = rte_pktmbuf_mtod(m, void *);
	struct net_packet *p;
	struct net_frame f;
	struct net_fate fate;

	if (!is_shmx(h)) {
		send_other(port, m, h);
		return;
	}
	p = packet_of(m);
	h = p->bytes;
	check_sent(port, m, h, p->len);
	complete_checksum(port->net, m, h);
	f = describe(port, h, p->len);
	fate = fate_of(port, &f);
	p->to = receiver(h);
	if (p->to == NET_NODES) {
		fate.drop = true;
		fate.keep = false;
	}
	f.dropped = fate.drop || fate.keep;
	log_add(port->net, &f);
	if (f.type == WIRE_DATA && node != NULL && node->watch != NULL)
		live_sent(node, &f);
	transmit(port, p, &fate);
	/* What a port copies it need not keep. */
	if (m->nb_segs > 1)
		rte_pktmbuf_free(m);
	else
		port_keep(port, m);
}

static uint16_t
tx_burst(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	struct net_port *port = ctx;

	n = RTE_MIN(n, port->tx_most);
	for (uint16_t i = 0; i < n; i++)
		send_one(port, mbufs[i]);
	return n;
}

/* As a port does it that has no buffers in several pieces: what is too long for one is dropped. */
static bool
fill(struct rte_mbuf *m, const struct net_packet *p)
{
	char *to = p->len <= rte_pktmbuf_tailroom(m) ? rte_pktmbuf_append(m, (uint16_t)p->len)
	                                             : NULL;

	if (to != NULL && p->len > 0)
		memcpy(to, p->bytes, p->len);
	return to != NULL;
}

/* What the frame becomes may be longer where it is a solicitation without an option: the
 * advertisement has one. */
static uint16_t
answer_len(const struct net_packet *p)
{
	const struct icmp6_frame *f = (const struct icmp6_frame *)p->bytes;

	if (p->len < sizeof(*f) || f->eth.ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV6) ||
		f->type != ICMP6_SOLICIT)
		return 0;
	return ICMP6_ND_FRAME;
}

static struct rte_mbuf *
receive_one(struct net_port *port)
{
	struct net_packet *p = port->arriving;
	struct rte_mempool *pool = port->net->own_pool ? port->net->node[port->index]->pool
	                                               : port->net->wire;
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	port->arriving = p->next;
	if (m == NULL) {
		port->net->no_buffer++;
	} else if (!fill(m, p)) {
		rte_pktmbuf_free(m);
		m = NULL;
	} else if (port->net->vlan != 0) {
		if (port->strips)
			rte_vlan_strip(m);
		m->ol_flags |= port->rx_ol_flags;
	} else {
		m->ol_flags |= port->rx_ol_flags;
		/* The endpoint writes into its own buffers again, without giving them back between.
		 */
		if (!port->net->own_pool)
			strict_pool_seal(m, answer_len(p));
	}
	free(p);
	return m;
}

static uint16_t
rx_burst(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	struct net_port *port = ctx;
	uint16_t got = 0;

	while (got < n && port->arriving != NULL && port->arriving->due_ns <= port->net->now_ns) {
		mbufs[got] = receive_one(port);
		got += mbufs[got] != NULL;
	}
	return got;
}

struct rdp_io
net_io(struct net *net, unsigned int index)
{
	return (struct rdp_io){
		.ctx = &net->port[index], .rx_burst = rx_burst, .tx_burst = tx_burst};
}

/* When anything can happen again; now when it may at once. */
static uint64_t
next_event(const struct net *net)
{
	uint64_t at = UINT64_MAX;

	for (unsigned int i = 0; i < NET_NODES; i++) {
		const struct net_guest *guest = &net->guest[i];

		if (net->node[i] != NULL)
			at = RTE_MIN(at, node_wake_ns(net->node[i]));
		else if (guest->turn != NULL)
			at = RTE_MIN(at, guest->wake_ns(guest->ctx));
		else
			continue;
		if (net->port[i].arriving != NULL)
			at = RTE_MIN(at, net->port[i].arriving->due_ns);
	}
	return at;
}

static void
turn(struct net *net, uint64_t until)
{
	uint64_t next = net->now_ns + net->step_ns;

	for (unsigned int i = 0; i < NET_NODES; i++) {
		if (net->node[i] != NULL)
			node_turn(net->node[i]);
		else if (net->guest[i].turn != NULL)
			net->guest[i].turn(net->guest[i].ctx);
	}
	next = RTE_MAX(next, next_event(net));
	net->now_ns = RTE_MIN(next, until);
}

void
net_step(struct net *net)
{
	turn(net, net->now_ns + net->step_ns);
}

bool
net_run_until(struct net *net, bool (*done)(void *ctx), void *ctx, uint64_t ns)
{
	uint64_t until = net->now_ns + ns;

	while (!done(ctx)) {
		if (net->now_ns >= until)
			return false;
		turn(net, until);
	}
	return true;
}

static bool
never(void *ctx)
{
	return false;
}

void
net_run(struct net *net, uint64_t ns)
{
	net_run_until(net, never, NULL, ns);
}

static bool
quiet(void *ctx)
{
	struct net *net = ctx;

	for (unsigned int i = 0; i < NET_NODES; i++)
		if (net->node[i] != NULL &&
			(net->port[i].arriving != NULL || !node_quiet(net->node[i])))
			return false;
	return true;
}

bool
net_run_quiet(struct net *net, uint64_t ns)
{
	net_step(net);
	return net_run_until(net, quiet, net, ns);
}

void
net_replay(struct net *net, unsigned int i)
{
	struct net_packet *p = packet_new(net->jar[i]->bytes, net->jar[i]->len);

	p->to = net->jar[i]->to;
	packet_send(net, p, 0);
}

void
net_inject(struct net *net, unsigned int to, const void *bytes, uint32_t len)
{
	struct net_packet *p = packet_new(bytes, len);

	p->to = (uint8_t)to;
	packet_send(net, p, 0);
}

void
net_repair(void *bytes, uint32_t len)
{
	struct parts p = take_apart(bytes);
	uint32_t crc_at = len - WIRE_CRC_LEN, crc_from = (uint32_t)RTE_PTR_DIFF(p.frame, bytes);
	rte_be32_t crc;

	p.udp->dgram_len = rte_cpu_to_be_16((uint16_t)(len - p.l3_at - p.l3_len));
	if ((p.frame->flags & WIRE_F_CRC) && len >= crc_from + sizeof(*p.frame) + WIRE_CRC_LEN) {
		crc = rte_cpu_to_be_32(wire_crc32c(p.frame, crc_at - crc_from));
		memcpy((uint8_t *)bytes + crc_at, &crc, sizeof(crc));
	}
	if (p.v4 != NULL) {
		p.v4->total_length = rte_cpu_to_be_16((uint16_t)(len - p.l3_at));
		p.v4->hdr_checksum = 0;
		p.v4->hdr_checksum = rte_ipv4_cksum(p.v4);
	} else {
		p.v6->payload_len = p.udp->dgram_len;
	}
	p.udp->dgram_cksum = udp_sum(&p);
}

unsigned int
net_logged(const struct net *net, unsigned int from, uint8_t type)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < net->nb_log; i++)
		n += net->log[i].from == from && net->log[i].type == type;
	return n;
}

unsigned int
net_logged_psn(const struct net *net, unsigned int from, uint32_t psn)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < net->nb_log; i++)
		n += net->log[i].from == from && net->log[i].type == WIRE_DATA &&
		     net->log[i].psn == psn;
	return n;
}

const struct net_frame *
net_find(const struct net *net, unsigned int from, uint8_t type, unsigned int nth)
{
	for (uint32_t i = 0; i < net->nb_log; i++)
		if (net->log[i].from == from && net->log[i].type == type && nth-- == 0)
			return &net->log[i];
	return NULL;
}

void
net_log_clear(struct net *net)
{
	net->nb_log = 0;
}
