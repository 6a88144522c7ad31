/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/checksum.h"
#include "rdp/rdp_private.h"

/* One of those that our sessions have, or all of them, as a rule, have. */
static inline bool
is_our_port(const struct rdp_ep *ep, rte_be16_t port)
{
	return (uint16_t)(rte_be_to_cpu_16(port) - ep->udp_port) < ep->nb_ports;
}

/* Whether the frame is an IPv4 UDP datagram for this endpoint, and all lengths agree. */
static inline bool
is_ours(const struct rdp_ep *ep, const struct rte_mbuf *m, const struct wire_ipv4_hdrs *h)
{
	return m->data_len >= sizeof(*h) && h->eth.ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
	       h->ip.version_ihl == 0x45 && h->ip.next_proto_id == IPPROTO_UDP &&
	       is_our_port(ep, h->udp.dst_port) && h->ip.dst_addr == ep->ip;
}

/* The same of IPv6. */
static inline bool
is_ours_v6(const struct rdp_ep *ep, const struct rte_mbuf *m, const struct wire_ipv6_hdrs *h)
{
	return m->data_len >= sizeof(*h) && h->ip.proto == IPPROTO_UDP &&
	       is_our_port(ep, h->udp.dst_port) &&
	       (h->ip.vtc_flow & RTE_BE32(0xf0000000)) == RTE_BE32(0x60000000) &&
	       ip_addr_equal(ip_addr_v6(h->ip.dst_addr), ep->self.ip6);
}

/* Length from the frame header on, without padding; 0 when lengths disagree or it is a fragment. */
static inline uint32_t
frame_len(const struct rte_mbuf *m, const struct wire_ipv4_hdrs *h)
{
	uint32_t ip = rte_be_to_cpu_16(h->ip.total_length);
	uint32_t udp = rte_be_to_cpu_16(h->udp.dgram_len);

	if (unlikely(m->nb_segs != 1 || ip + sizeof(h->eth) > m->data_len ||
		     udp + sizeof(h->ip) != ip || ip + sizeof(h->eth) < sizeof(*h) ||
		     (h->ip.fragment_offset & RTE_BE16(0x3fff)) != 0))
		return 0;
	return ip - (uint32_t)(sizeof(h->ip) + sizeof(h->udp));
}

/* Nobody has one of IPv4 in there, or of a group. */
static bool
source_good(const uint8_t *ip)
{
	struct ip_addr a = ip_addr_v6(ip);

	return ip_addr_is_host(a) && !ip_addr_is_v4(a);
}

static inline uint32_t
frame_len_v6(const struct rte_mbuf *m, const struct wire_ipv6_hdrs *h)
{
	uint32_t len = rte_be_to_cpu_16(h->ip.payload_len);

	if (unlikely(m->nb_segs != 1 || h->udp.dgram_len != h->ip.payload_len ||
		     len + sizeof(h->eth) + sizeof(h->ip) > m->data_len ||
		     len + sizeof(h->eth) + sizeof(h->ip) < sizeof(*h) ||
		     !source_good(h->ip.src_addr)))
		return 0;
	return len - (uint32_t)(sizeof(h->udp) + sizeof(h->reserved));
}

/* Everything that is not shmx: answer ARP and ping, or drop. Takes the frame. */
static void
other_input(struct rdp_ep *ep, struct rte_mbuf *m)
{
	ep->stats.rx_other++;
	if (ep->conf.neigh != NULL && rdp_txq_taken(ep) < RDP_TXQ &&
		l2_input(ep->conf.neigh, &ep->self, m, ep->now_ns) == L2_REPLY &&
		rdp_vlan_tag(ep, &m))
		rdp_txq_put(ep, m, NULL, false);
	else
		rte_pktmbuf_free(m);
}

static inline struct rdp_session *
session_of(const struct rdp_ep *ep, const struct wire_frame *f)
{
	struct rdp_session *s = rdp_session_named(ep, f->session);

	if (unlikely(s == NULL || s->local_inc != f->dst_inc || s->peer_inc != f->src_inc ||
		     s->state != RDP_OPEN))
		return NULL;
	return s;
}

/* Hand the records to the layer above; what it has no room to answer waits in the park. Returns
 * whether the frame stays the caller's. */
static inline bool
deliver(struct rdp_session *s, struct rte_mbuf *m, const struct wire_frame *f, uint16_t offset,
	uint16_t len)
{
	struct rdp_ep *ep = s->ep;
	int32_t done;

	if (unlikely(s->parked > 0 || (f->flags & WIRE_F_ORDERED)))
		return rdp_deliver_waiting(s, m, f, offset, len);
	done = ep->handler->records(
		ep->handler_ctx, s, rte_pktmbuf_mtod_offset(m, const uint8_t *, offset), len);
	return likely(done == len) || rdp_park_rest(s, m, f, offset, len, done);
}

/* A frame that overtook others, or came twice. Returns whether it is new. */
static bool
accept_slow(struct rdp_session *s, uint32_t psn, bool ordered)
{
	uint32_t ahead = psn - s->rx_next;

	s->ack_now = true;
	rdp_list_add(s, RDP_LIST_ACK);
	if (ahead >= RDP_RING || rdp_bit(s->rx_bitmap, psn)) {
		s->ep->stats.rx_duplicate++;
		return false;
	}
	/* It would wait, and with it too many: the sender does that with less. */
	if (unlikely(ordered && s->ep->parked >= s->ep->parked_most)) {
		s->ep->stats.rx_refused++;
		return false;
	}
	rdp_bit_set(s->rx_bitmap, psn);
	s->rx_gaps++;
	return true;
}

/* In order: move past it and past all that had arrived early. */
static inline void
accept_next(struct rdp_session *s)
{
	s->rx_next++;
	if (likely(s->rx_gaps == 0))
		return;
	/* The sender takes this one for lost, or will soon. */
	s->ack_now = true;
	while (rdp_bit(s->rx_bitmap, s->rx_next)) {
		rdp_bit_clear(s->rx_bitmap, s->rx_next);
		s->rx_next++;
		s->rx_gaps--;
	}
}

static inline bool
accept_frame(struct rdp_session *s, const struct wire_frame *f)
{
	struct rdp_ep *ep = s->ep;
	uint32_t psn = rte_be_to_cpu_32(f->psn);
	uint32_t ts = rte_be_to_cpu_32(f->ts);

	if (unlikely(s->parked >= RDP_PARK_MAX)) {
		ep->stats.rx_refused++;
		return false;
	}
	if (likely((int32_t)(ts - s->rx_ts) >= 0) || ep->now_ns - s->rx_ns >= RDP_TS_AGE_NS) {
		s->rx_ts = ts;
		s->rx_ns = ep->now_ns;
	}
	if (unlikely(psn != s->rx_next)) {
		if (!accept_slow(s, psn, f->flags & WIRE_F_ORDERED))
			return false;
	} else {
		accept_next(s);
	}
	if (s->ack_owed++ == 0) {
		s->ack_ns = ep->now_ns;
		rdp_list_add(s, RDP_LIST_ACK);
	}
	return true;
}

static bool
crc_good(const struct wire_frame *f, uint32_t len)
{
	rte_be32_t crc;

	if (len < sizeof(*f) + WIRE_CRC_LEN)
		return false;
	len -= WIRE_CRC_LEN;
	memcpy(&crc, (const uint8_t *)f + len, sizeof(crc));
	return rte_be_to_cpu_32(crc) == wire_crc32c(f, len);
}

/* DATA or ACK of an open session, whose records stand at @p at. Returns whether the frame stays the
 * caller's. */
static __rte_always_inline bool
session_input(struct rdp_session *s, struct rte_mbuf *m, const struct wire_frame *f, uint32_t len,
	uint16_t at)
{
	uint32_t ack = rte_be_to_cpu_32(f->ack);

	if (unlikely(s->crc)) {
		if (!(f->flags & WIRE_F_CRC) || !crc_good(f, len)) {
			s->ep->stats.rx_bad_checksum++;
			return true;
		}
		len -= WIRE_CRC_LEN;
	}
	s->heard_ns = s->ep->now_ns;
	if (unlikely(s->peer_pressure != f->flags >> WIRE_PRESSURE_SHIFT))
		rdp_pressure_input(s, f->flags >> WIRE_PRESSURE_SHIFT);
	if (ack != s->tx_una)
		rdp_ack_input(s, f, ack);
	len -= sizeof(*f);
	if (likely(wire_type(f) == WIRE_DATA)) {
		if (accept_frame(s, f) && len > 0)
			return deliver(s, m, f, at, (uint16_t)len);
	} else if (f->flags & WIRE_F_SACK) {
		rdp_sack_input(s, f, len);
	}
	return true;
}

/* Whether there is a CRC, and it is wrong. */
static bool
crc_bad(const struct wire_frame *f, uint32_t len)
{
	return (f->flags & WIRE_F_CRC) && !crc_good(f, len);
}

/* A good frame that is not DATA or ACK of a session here: damage can look like that. Whose session
 * that is looks at the CRC of DATA and ACK, and here nobody else does. Returns whether it stays the
 * caller's. */
static bool
rest_input(struct rdp_ep *ep, struct rte_mbuf *m, const struct wire_frame *f, uint32_t len)
{
	uint64_t opened = ep->stats.sessions_opened;
	bool numbered = wire_type(f) == WIRE_DATA || wire_type(f) == WIRE_ACK;
	struct rdp_from from;

	if (!numbered && crc_bad(f, len)) {
		ep->stats.rx_bad_checksum++;
		return true;
	}
	if (ep->conf.handover != NULL && rdp_handover(ep, m, f))
		return false;
	from = rdp_hdrs_from(m);
	if (!numbered)
		rdp_control_input(ep, &from, f, len);
	else if (crc_bad(f, len))
		ep->stats.rx_bad_checksum++;
	else
		rdp_unknown_input(ep, &from, f);
	return likely(wire_type(f) != WIRE_CONNECT || ep->conf.handover == NULL) ||
	       (!ep->from_ring && ep->stats.sessions_opened == opened) ||
	       !rdp_handover_connect(ep, m, f);
}

/* A good frame, @p len bytes from its header on. Returns whether it stays the caller's. */
static __rte_always_inline bool
good_input(struct rdp_ep *ep, struct rte_mbuf *m, const struct wire_frame *f, uint32_t len,
	uint16_t at)
{
	struct rdp_session *s;

	if (unlikely(wire_type(f) != WIRE_DATA && wire_type(f) != WIRE_ACK))
		return rest_input(ep, m, f, len);
	s = session_of(ep, f);
	if (likely(s != NULL))
		return session_input(s, m, f, len, at);
	return rest_input(ep, m, f, len);
}

/* One frame from the port, untagged, and not of IPv6. Returns whether it stays the caller's. */
static __rte_always_inline bool
frame_input(struct rdp_ep *ep, struct rte_mbuf *m)
{
	struct wire_ipv4_hdrs *h = rdp_hdrs(m);
	uint32_t len;

	if (unlikely(!is_ours(ep, m, h))) {
		other_input(ep, m);
		return false;
	}
	len = frame_len(m, h);
	if (unlikely(len == 0 || wire_version(&h->frame) != WIRE_VERSION))
		ep->stats.rx_malformed++;
	else if (unlikely(!checksum_good(m, h)))
		ep->stats.rx_bad_checksum++;
	else
		return good_input(ep, m, &h->frame, len, sizeof(*h));
	return true;
}

static inline bool
frame_input_v6(struct rdp_ep *ep, struct rte_mbuf *m)
{
	struct wire_ipv6_hdrs *h = rte_pktmbuf_mtod(m, struct wire_ipv6_hdrs *);
	uint32_t len;

	if (unlikely(!is_ours_v6(ep, m, h))) {
		other_input(ep, m);
		return false;
	}
	len = frame_len_v6(m, h);
	if (unlikely(len == 0 || wire_version(&h->frame) != WIRE_VERSION))
		ep->stats.rx_malformed++;
	else if (unlikely(!checksum_good_v6(m, h)))
		ep->stats.rx_bad_checksum++;
	else
		return good_input(ep, m, &h->frame, len, sizeof(*h));
	return true;
}

/* One frame from the port, of whatever kind. The paths do not share code below, so that none costs
 * the other anything. */
static __rte_noinline bool
wide_input(struct rdp_ep *ep, struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth;

	/* What was handed over has lost its tag before. */
	if (ep->vlan_tci != 0 && !ep->from_ring && !rdp_vlan_untag(ep, m)) {
		ep->stats.rx_vlan++;
		return true;
	}
	eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	if (m->data_len < sizeof(*eth)) {
		other_input(ep, m);
		return false;
	}
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6) && !ip_addr_is_none(ep->self.ip6))
		return frame_input_v6(ep, m);
	if (ep->ip != 0)
		return frame_input(ep, m);
	other_input(ep, m);
	return false;
}

/* Keep a frame until the next flush: its records may still be read, and giving it up can wait
 * until the answer has left. */
static inline void
hold(struct rdp_ep *ep, struct rte_mbuf *m)
{
	if (unlikely(ep->nb_held == RDP_HELD)) {
		ep->handler->batch_end(ep->handler_ctx);
		while (ep->nb_held > 0)
			rdp_mbuf_put(ep, ep->held[--ep->nb_held]);
	}
	ep->held[ep->nb_held++] = m;
}

/* What the other core wrote comes a line at a time unless it is asked for at once. */
static inline void
prefetch_body(const struct rte_mbuf *m)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);

	for (uint32_t at = 2 * RTE_CACHE_LINE_SIZE; at < m->data_len; at += RTE_CACHE_LINE_SIZE)
		rte_prefetch0(data + at);
}

void
rdp_input(struct rdp_ep *ep, struct rte_mbuf **mbufs, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], const uint8_t *));
		rte_prefetch0(rte_pktmbuf_mtod_offset(mbufs[i], const uint8_t *, 64));
	}
	ep->stats.rx_frames += n;
	for (uint16_t i = 0; i < n; i++) {
		if (i + 1 < n)
			prefetch_body(mbufs[i + 1]);
		if (unlikely(ep->wide) ? wide_input(ep, mbufs[i]) : frame_input(ep, mbufs[i]))
			hold(ep, mbufs[i]);
	}
	ep->handler->batch_end(ep->handler_ctx);
}

static void
run_recovery(struct rdp_ep *ep)
{
	struct rdp_list *list = &ep->list[RDP_LIST_RECOVER];

	for (uint16_t i = list->n; i-- > 0;) {
		struct rdp_session *s = list->item[i];

		/* One that has failed in this poll wants nothing any more. */
		if (s->state == RDP_OPEN && wire_psn_before(s->tx_una, s->sack_high) &&
			((int32_t)(ep->now_ts - s->rack_check) < 0 || rdp_loss_detect(s)))
			continue;
		rdp_list_del_at(ep, RDP_LIST_RECOVER, i);
	}
}

static void
run_failed(struct rdp_ep *ep)
{
	struct rdp_list *list = &ep->list[RDP_LIST_FAILED];

	while (list->n > 0)
		rdp_session_end(list->item[list->n - 1], list->item[list->n - 1]->error);
}

/* What is not due to a frame: lists that are empty most of the time, and timers. */
static uint32_t
run_lists(struct rdp_ep *ep)
{
	uint32_t work = 0;

	if (unlikely(ep->list[RDP_LIST_PARKED].n > 0))
		rdp_park_run(ep);
	if (unlikely(ep->list[RDP_LIST_RECOVER].n > 0))
		run_recovery(ep);
	if (unlikely(ep->now_ns >> RDP_WHEEL_SHIFT != ep->wheel_tick)) {
		work = rdp_timer_run(ep);
		rdp_pressure_run(ep);
	}
	if (unlikely(ep->list[RDP_LIST_FAILED].n > 0))
		run_failed(ep);
	return work;
}

/*
 * Where polls follow each other closely, one that finds nothing costs nothing but the look: the
 * next frame is not to wait for a clock that nobody needs. Who polls seldom gets his timers
 * looked at each time.
 */
static inline void
idle_pace(struct rdp_ep *ep, uint16_t n)
{
	uint64_t last = ep->now_ns;

	rdp_clock_read(ep);
	ep->poll_gap_ts = (uint32_t)((ep->now_ns - ep->polled_ns) >> WIRE_TS_SHIFT);
	ep->polled_ns = ep->now_ns;
	ep->idle_skip = n == 0 && ep->now_ns - last < RDP_IDLE_DENSE_NS ? RDP_IDLE_SKIP : 0;
}

uint32_t
rdp_poll(struct rdp_ep *ep)
{
	struct rte_mbuf *mbufs[RDP_RX_BURST];
	uint16_t n = ep->io.rx_burst(ep->io.ctx, mbufs, RDP_RX_BURST);
	uint16_t handed = 0;

	if (unlikely(ep->conf.handover != NULL))
		handed = rdp_handover_input(ep);
	ep->clock_fresh = false;
	if (n + handed == 0 && ep->idle_skip > 0) {
		ep->idle_skip--;
		return 0;
	}
	idle_pace(ep, (uint16_t)(n + handed));
	ep->full_bursts = n == RDP_RX_BURST ? ep->full_bursts + 1 : 0;
	if (n > 0)
		rdp_input(ep, mbufs, n);
	return (uint32_t)n + handed + run_lists(ep);
}
