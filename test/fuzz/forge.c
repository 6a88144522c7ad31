/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_arp.h>

#include "forge.h"
#include "rdp/icmp6.h"
#include "wire/record.h"

#define BODY_MAX   1900
#define FRAME_ROOM 2048 /* of the buffers of the wire */
#define FRAME_AT   offsetof(struct wire_ipv4_hdrs, frame)

/* Of the input's flags: acknowledge nothing new. */
#define ACK_OLD WIRE_F_ORDERED

/* Where to differ from what would be right, one byte of the input. */
enum spoil {
	SPOIL_MEANING = 1,   /* change bytes, and let checksums be right for them */
	SPOIL_BYTES = 2,     /* change bytes behind the back of the checksums */
	SPOIL_CRC = 4,       /* a CRC where none has to be, or none where one has */
	SPOIL_PADDING = 8,   /* bytes behind the datagram */
	SPOIL_CUT = 16,      /* less than the lengths say */
	SPOIL_STRANGER = 32, /* from another address */
	SPOIL_TAIL = 64,     /* more or less than the type wants */
	SPOIL_ORDER = 128,   /* one that must not overtake others, or what is not to say so */
};

struct forged {
	struct net *net;
	struct input *in;
	struct node *victim;
	const struct rdp_session *s;      /* the victim's; NULL: none is named */
	const struct rdp_session *theirs; /* the peer's of the same index; NULL */
	uint8_t k;                        /* index of both */
	uint8_t type;
	uint8_t flags;
	uint8_t spoil;
	bool plain;   /* untagged IPv4, whatever the victim is */
	uint32_t len; /* of the whole frame */
	union {
		struct wire_ipv4_hdrs h;
		uint8_t bytes[FRAME_ROOM];
	};
} __rte_aligned(8);

static unsigned int
other(const struct forged *f)
{
	return f->victim->index == 1 ? 0 : 1;
}

static bool
begins_session(uint8_t type)
{
	return type == WIRE_HELLO || type == WIRE_CONNECT;
}

static unsigned int
sender(const struct forged *f)
{
	return f->spoil & SPOIL_STRANGER ? 3 : other(f);
}

static struct ip_addr
sender_ip(const struct forged *f)
{
	return f->plain ? ip_addr_v4(net_ip(sender(f))) : net_addr(f->net, sender(f));
}

static void
addresses(struct forged *f)
{
	unsigned int from = sender(f);
	const struct rdp_conf *conf = &f->victim->conf;

	f->h.eth.dst_addr = conf->mac;
	f->h.eth.src_addr = net_mac(from);
	f->h.eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	f->h.ip.version_ihl = 0x45;
	f->h.ip.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
	f->h.ip.time_to_live = 64;
	f->h.ip.next_proto_id = IPPROTO_UDP;
	f->h.ip.src_addr = net_ip(from);
	f->h.ip.dst_addr = conf->ip;
	f->h.udp.src_port = rte_cpu_to_be_16((uint16_t)(WIRE_UDP_PORT + from));
	f->h.udp.dst_port = rte_cpu_to_be_16(conf->udp_port);
}

/* The incarnation a peer would have that began the session of this index. */
static uint32_t
their_inc(const struct forged *f)
{
	if (f->theirs != NULL)
		return rte_be_to_cpu_32(f->theirs->local_inc);
	return f->s != NULL && f->s->peer_inc != 0 ? rte_be_to_cpu_32(f->s->peer_inc)
	                                           : 0x1000u + f->k;
}

static uint32_t
now_ts(const struct forged *f)
{
	return (uint32_t)(f->net->now_ns >> WIRE_TS_SHIFT);
}

/* The header as it would be believed, and where the input wants to differ. */
static void
header(struct forged *f, uint16_t modes)
{
	bool begins = begins_session(f->type);
	uint16_t ours = f->s != NULL ? rte_be_to_cpu_16(rdp_wire_index(f->s)) : f->k;
	uint16_t index = begins || f->type == WIRE_RESET ? WIRE_SESSION_NONE : ours;
	uint32_t dst = f->s != NULL && !begins ? rte_be_to_cpu_32(f->s->local_inc) : 0;
	uint32_t src = f->s != NULL && !begins && f->s->peer_inc != 0
	                       ? rte_be_to_cpu_32(f->s->peer_inc)
	                       : their_inc(f);
	uint32_t psn = f->s != NULL ? f->s->rx_next : 0;
	uint32_t ack = f->s == NULL ? 0 : f->flags & ACK_OLD ? f->s->tx_una : f->s->tx_next;
	struct wire_frame *w = &f->h.frame;

	w->version_type = (uint8_t)(WIRE_VERSION << 4 | f->type);
	w->flags = f->flags & (uint8_t) ~(ACK_OLD | WIRE_F_CRC);
	if (f->spoil & SPOIL_ORDER)
		w->flags |= WIRE_F_ORDERED;
	w->session = rte_cpu_to_be_16((uint16_t)in_field(f->in, modes, index));
	w->dst_inc = rte_cpu_to_be_32((uint32_t)in_field(f->in, modes >> 2, dst));
	w->src_inc = rte_cpu_to_be_32((uint32_t)in_field(f->in, modes >> 4, src));
	w->psn = rte_cpu_to_be_32((uint32_t)in_field(f->in, modes >> 6, psn));
	w->ack = rte_cpu_to_be_32((uint32_t)in_field(f->in, modes >> 8, ack));
	w->ts = rte_cpu_to_be_32((uint32_t)in_field(f->in, modes >> 10, now_ts(f)));
	w->echo = rte_cpu_to_be_32((uint32_t)in_field(f->in, modes >> 12, now_ts(f) - 1));
	w->echo_delay = rte_cpu_to_be_16((uint16_t)in_field(f->in, modes >> 14, 0));
}

static uint64_t
cookie_of(const struct forged *f, uint32_t stamp)
{
	const struct {
		struct ip_addr ip;
		uint32_t port, inc, stamp, zero;
	} data = {sender_ip(f), f->h.udp.src_port, f->h.frame.src_inc, stamp, 0};

	return rdp_cookie(f->victim->ep->cookie_key, &data, sizeof(data));
}

static uint32_t
put_hello(struct forged *f, struct wire_hello *b)
{
	uint32_t modes = in_u16(f->in) | (uint32_t)in_u8(f->in) << 16;
	const struct rdp_conf *conf = &f->victim->conf;
	uint32_t stamp = (uint32_t)(f->net->now_ns >> RDP_COOKIE_SHIFT);
	uint64_t cookie;

	b->version_min = (uint8_t)in_field(f->in, modes, WIRE_VERSION);
	b->version_max = (uint8_t)in_field(f->in, modes >> 2, WIRE_VERSION);
	b->session = rte_cpu_to_be_16((uint16_t)in_field(f->in, modes >> 4, f->k));
	b->node = rte_cpu_to_be_16((uint16_t)in_field(f->in, modes >> 6, other(f) + 1));
	b->mtu = rte_cpu_to_be_16((uint16_t)in_field(f->in, modes >> 8, conf->mtu));
	b->window = rte_cpu_to_be_16((uint16_t)in_field(f->in, modes >> 10, conf->window));
	b->reserved = 0;
	b->features = rte_cpu_to_be_32((uint32_t)in_field(f->in, modes >> 12, conf->crc));
	b->epoch = rte_cpu_to_be_64(in_field(f->in, modes >> 14, conf->epoch));
	stamp = (uint32_t)in_field(f->in, modes >> 16, stamp);
	cookie = f->type == WIRE_CONNECT ? cookie_of(f, stamp) : 0;
	b->stamp = rte_cpu_to_be_32(stamp);
	b->cookie = rte_cpu_to_be_64(in_field(f->in, modes >> 18, cookie));
	return sizeof(*b);
}

static uint32_t
put_challenge(struct forged *f, struct wire_challenge *b)
{
	b->stamp = rte_cpu_to_be_32(in_u8(f->in));
	b->cookie = rte_cpu_to_be_64(in_u8(f->in));
	return sizeof(*b);
}

static uint32_t
put_accept(struct forged *f, struct wire_accept *b)
{
	uint16_t modes = in_u16(f->in);
	const struct rdp_conf *conf = &f->victim->conf;

	b->version = (uint8_t)in_field(f->in, modes, WIRE_VERSION);
	b->worker = 1;
	b->session = rte_cpu_to_be_16((uint16_t)in_field(f->in, modes >> 2, f->k));
	b->node = rte_cpu_to_be_16((uint16_t)in_field(f->in, modes >> 4, other(f) + 1));
	b->mtu = rte_cpu_to_be_16((uint16_t)in_field(f->in, modes >> 6, conf->mtu));
	b->window = rte_cpu_to_be_16((uint16_t)in_field(f->in, modes >> 8, conf->window));
	b->features = rte_cpu_to_be_32((uint32_t)in_field(f->in, modes >> 10, conf->crc));
	b->epoch = rte_cpu_to_be_64(in_field(f->in, modes >> 12, conf->epoch));
	return sizeof(*b);
}

/* Records: a byte of length, 255 for two more. */
static uint32_t
put_data(struct forged *f, uint8_t *body)
{
	uint32_t len = in_u8(f->in);

	if (len == UINT8_MAX)
		len = RTE_MIN(in_u16(f->in), BODY_MAX);
	in_bytes(f->in, body, len);
	return len;
}

/* CONNECT and ACCEPT are as long as the largest frames will be, mostly. */
static uint32_t
put_padded(struct forged *f, void *body, uint32_t len)
{
	uint32_t to = in_u8(f->in) % 8 < 3 ? in_u16(f->in) % BODY_MAX
	                                   : rdp_body_max(sender_ip(f), f->victim->conf.mtu);

	if (to <= len)
		return len;
	memset((uint8_t *)body + len, 0, to - len);
	return to;
}

static uint32_t
put_body(struct forged *f, void *body)
{
	switch (f->type) {
	case WIRE_HELLO:
		return put_hello(f, body);
	case WIRE_CONNECT:
		return put_padded(f, body, put_hello(f, body));
	case WIRE_CHALLENGE:
		return put_challenge(f, body);
	case WIRE_ACCEPT:
		return put_padded(f, body, put_accept(f, body));
	case WIRE_REFUSE:
		in_bytes(f->in, body, sizeof(struct wire_refuse));
		return sizeof(struct wire_refuse);
	case WIRE_DATA:
		return put_data(f, body);
	case WIRE_ACK:
		if (!(f->flags & WIRE_F_SACK))
			return 0;
		in_bytes(f->in, body, sizeof(struct wire_sack));
		return sizeof(struct wire_sack);
	default:
		return 0;
	}
}

static void
change(struct forged *f)
{
	uint32_t at = in_u16(f->in) % f->len;

	f->bytes[at] ^= in_u8(f->in);
}

/* Bytes behind the datagram, or too few of it. */
static void
change_length(struct forged *f)
{
	uint32_t n;

	if (f->spoil & SPOIL_PADDING) {
		n = RTE_MIN((uint32_t)in_u8(f->in), FRAME_ROOM - f->len);
		memset(f->bytes + f->len, 0xdd, n);
		f->len += n;
	}
	if (f->spoil & SPOIL_CUT)
		f->len -= in_u8(f->in) % f->len;
}

/* More than the type wants behind the header, or less. */
static void
change_tail(struct forged *f)
{
	uint8_t n = in_u8(f->in);

	if (n >= 128) {
		f->len -= n % (f->len - (uint32_t)sizeof(f->h) + 1);
		return;
	}
	n %= 32;
	memset(f->bytes + f->len, 0x11, n);
	f->len += n;
}

/* What frames of this session have to carry to be believed, or the contrary. */
static bool
wants_crc(const struct forged *f)
{
	bool numbered = f->type == WIRE_DATA || f->type == WIRE_ACK;
	bool wanted = f->s != NULL && (numbered ? f->s->crc : f->s->control_crc);

	return wanted != ((f->spoil & SPOIL_CRC) != 0);
}

/* Over IPv6 the headers are longer, and another four bytes stand before the frame's own. */
static void
to_ipv6(struct forged *f)
{
	struct wire_ipv6_hdrs h = {.eth = f->h.eth, .udp = f->h.udp};
	const uint32_t more = (uint32_t)offsetof(struct wire_ipv6_hdrs, frame) - FRAME_AT;

	h.eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	h.ip.vtc_flow = RTE_BE32(6u << 28);
	h.ip.proto = IPPROTO_UDP;
	h.ip.hop_limits = 64;
	memcpy(h.ip.src_addr, sender_ip(f).byte, sizeof(h.ip.src_addr));
	memcpy(h.ip.dst_addr, net_addr(f->net, f->victim->index).byte, sizeof(h.ip.dst_addr));
	memmove(f->bytes + FRAME_AT + more, f->bytes + FRAME_AT, f->len - FRAME_AT);
	memcpy(f->bytes, &h, offsetof(struct wire_ipv6_hdrs, frame));
	f->len += more;
}

static void
to_vlan(uint8_t *bytes, uint32_t *len, uint16_t vlan)
{
	const rte_be16_t tag[] = {RTE_BE16(RTE_ETHER_TYPE_VLAN), rte_cpu_to_be_16(vlan)};
	const uint32_t at = 2 * RTE_ETHER_ADDR_LEN;

	if (vlan == 0)
		return;
	memmove(bytes + at + sizeof(tag), bytes + at, *len - at);
	memcpy(bytes + at, tag, sizeof(tag));
	*len += (uint32_t)sizeof(tag);
}

/* As the network of the victim has it. */
static void
widen(struct forged *f)
{
	if (f->plain || f->len <= FRAME_AT)
		return;
	if (f->net->v6)
		to_ipv6(f);
	to_vlan(f->bytes, &f->len, f->net->vlan);
}

static void
build(struct forged *f)
{
	addresses(f);
	header(f, in_u16(f->in));
	f->len = (uint32_t)sizeof(f->h) + put_body(f, &f->h + 1);
	if (f->spoil & SPOIL_TAIL)
		change_tail(f);
	if (wants_crc(f)) {
		f->h.frame.flags |= WIRE_F_CRC;
		f->len += WIRE_CRC_LEN;
	}
	widen(f);
	if (f->spoil & SPOIL_MEANING)
		change(f);
	net_repair(f->bytes, f->len);
	if (f->spoil & SPOIL_BYTES)
		change(f);
	change_length(f);
}

void
forge_frame(struct net *net, unsigned int to, struct input *in)
{
	struct forged f = {.net = net, .in = in, .victim = net->node[to]};
	const struct node *peer = net->node[to == 1 ? 0 : 1];
	uint8_t what = in_u8(in);

	f.type = what & 0xf;
	f.k = what >> 4 & 7;
	f.plain = what & 0x80;
	f.s = rdp_session_at(f.victim->ep, f.k);
	f.theirs = peer != NULL ? rdp_session_at(peer->ep, f.k) : NULL;
	f.flags = in_u8(in);
	f.spoil = in_u8(in);
	build(&f);
	net_inject(net, to, f.bytes, f.len);
}

void
forge_data(struct net *net, unsigned int to, const struct rdp_session *s, const void *records,
	uint32_t len)
{
	struct input nothing = {0};
	struct forged f = {.net = net,
		.in = &nothing,
		.victim = net->node[to],
		.s = s,
		.k = (uint8_t)s->index,
		.type = WIRE_DATA};

	addresses(&f);
	header(&f, 0);
	memcpy(&f.h + 1, records, len);
	f.len = (uint32_t)sizeof(f.h) + len;
	if (s->crc) {
		f.h.frame.flags |= WIRE_F_CRC;
		f.len += WIRE_CRC_LEN;
	}
	widen(&f);
	net_repair(f.bytes, f.len);
	net_inject(net, to, f.bytes, f.len);
}

void
forge_raw(struct net *net, unsigned int to, struct input *in)
{
	struct forged f = {.net = net, .in = in, .victim = net->node[to]};

	f.len = in_u8(in);
	in_bytes(in, f.bytes, f.len);
	f.h.eth.dst_addr = f.victim->conf.mac;
	net_inject(net, to, f.bytes, f.len);
}

void
forge_arp(struct net *net, unsigned int to, struct input *in)
{
	uint8_t how = in_u8(in), modes = in_u8(in);
	const struct rdp_conf *conf = &net->node[to]->conf;
	unsigned int from = how & 1 ? 3 : to == 1 ? 0 : 1;
	struct {
		struct rte_ether_hdr eth;
		struct rte_arp_hdr arp;
	} __rte_packed __rte_aligned(2) f = {
		.eth = {.dst_addr = conf->mac,
			.src_addr = net_mac(from),
			.ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP)},
		.arp = {.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
			.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
			.arp_hlen = RTE_ETHER_ADDR_LEN,
			.arp_plen = sizeof(rte_be32_t),
			.arp_data = {.arp_sha = net_mac(from), .arp_tha = conf->mac}},
	};

	f.arp.arp_opcode = rte_cpu_to_be_16((uint16_t)in_field(in, modes, RTE_ARP_OP_REPLY));
	f.arp.arp_data.arp_sip = rte_cpu_to_be_32(
		(uint32_t)in_field(in, modes >> 2, rte_be_to_cpu_32(net_ip(from))));
	f.arp.arp_data.arp_tip = rte_cpu_to_be_32(
		(uint32_t)in_field(in, modes >> 4, rte_be_to_cpu_32(conf->ip)));
	if (how & 2)
		f.eth.dst_addr = (struct rte_ether_addr){{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	if (how & 4)
		((uint8_t *)&f)[in_u8(in) % sizeof(f)] ^= in_u8(in);
	net_inject(net, to, &f, sizeof(f));
}

/* An address: of the sender, of the victim, of a group, none, or one that the input makes. */
static void
nd_address(struct input *in, unsigned int from, unsigned int to, uint8_t *ip)
{
	uint8_t which = in_u8(in);
	struct ip_addr known = net_ip6(which & 1 ? to : from);

	memcpy(ip, known.byte, sizeof(known.byte));
	if (which % 16 == 14)
		memset(ip, 0, sizeof(known.byte));
	if (which % 16 == 15)
		in_bytes(in, ip, sizeof(known.byte));
}

#define ND_FIXED   20 /* behind the four bytes of ICMPv6: flags, target */
#define ND_OPTIONS 40

void
forge_nd(struct net *net, unsigned int to, struct input *in)
{
	uint8_t how = in_u8(in);
	unsigned int from = how & 1 ? 3 : to == 1 ? 0 : 1;
	const struct rte_ether_addr mac = net_mac(from);
	uint8_t bytes[sizeof(struct icmp6_frame) + ND_FIXED + ND_OPTIONS +
		      WIRE_TAG_LEN] __rte_aligned(2) = {0};
	struct icmp6_frame *f = (struct icmp6_frame *)bytes;
	uint32_t options = in_u8(in) % (ND_OPTIONS + 1);
	uint32_t len = (uint32_t)sizeof(*f) + ND_FIXED + options;

	f->eth = (struct rte_ether_hdr){.dst_addr = net->node[to]->conf.mac,
		.src_addr = mac,
		.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6)};
	f->ip.vtc_flow = RTE_BE32(6u << 28);
	f->ip.payload_len = rte_cpu_to_be_16((uint16_t)(len - offsetof(struct icmp6_frame, type)));
	f->ip.proto = IPPROTO_ICMPV6;
	f->ip.hop_limits = how & 2 ? in_u8(in) : UINT8_MAX;
	f->type = how & 4 ? ICMP6_SOLICIT : how & 8 ? in_u8(in) : ICMP6_ADVERTISE;
	f->body[0] = in_u8(in);
	nd_address(in, from, to, f->ip.src_addr);
	nd_address(in, from, to, f->ip.dst_addr);
	nd_address(in, from, to, &f->body[4]);
	/* One option that is right, and what the input puts in its place. */
	f->body[ND_FIXED] = f->type == ICMP6_SOLICIT ? 1 : 2;
	f->body[ND_FIXED + 1] = 1;
	memcpy(&f->body[ND_FIXED + 2], &mac, sizeof(mac));
	if (how & 16)
		in_bytes(in, &f->body[ND_FIXED], options);
	if (how & 32)
		bytes[in_u8(in) % len] ^= in_u8(in);
	if (!(how & 64) && f->ip.proto == IPPROTO_ICMPV6 &&
		rte_be_to_cpu_16(f->ip.payload_len) <= ND_FIXED + ND_OPTIONS + 4)
		icmp6_sum(f);
	to_vlan(bytes, &len, how & 128 ? 0 : net->vlan);
	net_inject(net, to, bytes, len);
}

void
forge_no_chance(struct node *node)
{
	node->ep->cookie_key[0] = 1;
	node->ep->cookie_key[1] = 2;
	node->ep->next_inc = 0x100u * (node->index + 1);
}

int64_t
forge_response_len(uint8_t op, uint32_t len)
{
	switch (op) {
	case WIRE_OP_GET:
		return len;
	case WIRE_OP_PUT:
	case WIRE_OP_FILL:
	case WIRE_OP_NOP:
	case WIRE_OP_FREE:
	case WIRE_OP_RESIZE:
	case WIRE_OP_OWN:
	case WIRE_OP_POOL_DESTROY:
		return 0;
	case WIRE_OP_LOOKUP:
		return 16;
	case WIRE_OP_POOL_STAT:
		return sizeof(struct wire_pool_info);
	case WIRE_OP_STAT:
		return sizeof(struct wire_stat_info);
	case WIRE_OP_POOL_LIST:
	case WIRE_OP_POOL_NODES:
	case WIRE_OP_OWNERS:
	case WIRE_OP_LOCK_LIST:
	case WIRE_OP_NODE_LIST:
		return -1;
	case WIRE_OP_LOCK:
		return (int64_t)(len / sizeof(struct wire_lock_want) *
				 sizeof(struct wire_lock_grant));
	case WIRE_OP_UNLOCK:
	case WIRE_OP_LOCK_RETURN:
	case WIRE_OP_LOCK_CANCEL:
	case WIRE_OP_LOCK_UNRESERVE:
	case WIRE_OP_PUT_FENCED:
	case WIRE_OP_INBOX_OPEN ... WIRE_OP_MESSAGE_DONE:
	case WIRE_OP_BARRIER:
		return 0;
	default:
		return 8;
	}
}
