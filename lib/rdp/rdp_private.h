/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef RDP_PRIVATE_H
#define RDP_PRIVATE_H

#include <string.h>

#include <rte_hash.h>

#include "rdp/cc.h"
#include "rdp/handover.h"
#include "rdp/l2.h"
#include "rdp/neigh.h"
#include "rdp/rdp.h"

#define RDP_RX_BURST      32
#define RDP_IDLE_SKIP     7   /**< idle polls in a row that read no clock */
#define RDP_IDLE_DENSE_NS 500 /**< if they, or the last two, took less than this */
#define RDP_TX_BURST      32
#define RDP_TXQ           512 /**< frames waiting for rdp_flush() or for room in the port's ring */
#define RDP_MBUF_CACHE    32  /**< buffers at hand, taken from the pool and given back by halves */
#define RDP_HELD          64

/** Frames a session parks before it asks the peer for no more requests. What may be on its way
 * then, half a window and the spare, still finds a place: no peer that listens is ever refused. */
#define RDP_PARK_FULL 64
#define RDP_PARK_MAX  RDP_RING
static_assert(
	RDP_PARK_FULL + RDP_RING / 2 + RDP_RING / 16 < RDP_PARK_MAX, "room for what is on its way");

/** Share of an endpoint's buffers that may hold frames waiting for ones that are missing: those
 * come in buffers, too. */
#define RDP_PARK_SHARE 4

/** Timer wheels: slots of 2^16 ns, 1024 of them, 67 ms a turn; and slots of such a turn, 256 of
 * them, 17 s, for what is further away. */
#define RDP_WHEEL_SHIFT  16
#define RDP_WHEEL_SLOTS  1024
#define RDP_COARSE_SHIFT 10
#define RDP_COARSE_SLOTS 256
static_assert(RDP_WHEEL_SLOTS == 1 << RDP_COARSE_SHIFT, "a coarse slot is a turn");

/** Handshake messages are repeated after this, doubled each time up to the maximum. */
#define RDP_HANDSHAKE_NS     UINT64_C(1000000)
#define RDP_HANDSHAKE_MAX_NS UINT64_C(50000000)
#define RDP_CLOSE_TRIES      5

/** CONNECTs without an answer before the cookie is doubted: it is 63 ms old then. */
#define RDP_CONNECT_TRIES 6

/** CONNECTs of the full size before smaller ones go beside it, and ACCEPTs of no size at all before
 * the path counts as too narrow. */
#define RDP_MTU_TRIES 3

/** Length of the CONNECT that tells what was found: one that every path carries (RFC 791), and
 * longer than one that is not padded. */
#define RDP_MTU_TELL 576

#define RDP_RTO_MAX_NS UINT64_C(100000000)

/** A port that takes nothing for so long is a network that loses everything. */
#define RDP_PORT_STUCK_NS UINT64_C(100000000)

/** A peer that wants no requests is asked so often whether it still does. */
#define RDP_PROBE_NS UINT64_C(10000000)

/** A cookie is good for this long: two periods of the stamp. */
#define RDP_COOKIE_SHIFT 33 /* 8.6 s */

/** Time stamps are compared with ones this young, a quarter of what they count before they wrap;
 * no frame is on its way for so long. */
#define RDP_TS_AGE_NS (UINT64_C(1) << (30 + WIRE_TS_SHIFT))

/** RESETs sent or looked into, a millisecond. */
#define RDP_RESETS_PER_MS 16

/** HELLOs answered, a millisecond; those who are not are asked to come again by their own timer. */
#define RDP_HELLOS_PER_MS 256

struct rdp_list {
	struct rdp_session **item;
	uint16_t n;
};

/** Where an initiator connects to. */
struct rdp_peer {
	struct ip_addr ip;
	rte_be16_t port;
	uint8_t own_port; /**< ours, as rdp_session.own_port: late frames are found by it, too */
	bool in_doubt;    /**< it may still have the session that was open from there */
};

static inline bool
rdp_peer_is(const struct rdp_peer *peer, struct ip_addr ip, rte_be16_t port)
{
	return ip_addr_equal(peer->ip, ip) && peer->port == port;
}

/** Whom a frame is from. */
struct rdp_from {
	struct rte_ether_addr mac;
	rte_be16_t port;
	struct ip_addr ip;
};

/** Where records stand in a buffer that is to be sent, or kept, from its begin of data on. */
#define RDP_RECORDS_AT sizeof(struct wire_ipv4_hdrs)
static_assert(RTE_PKTMBUF_HEADROOM + RDP_RECORDS_AT >= sizeof(union rdp_hdrs) + 16,
	"longer headers reach into the headroom and leave some to the driver");

struct rdp_txq_entry {
	struct rte_mbuf *m;
	struct rdp_session *s; /**< whose frame it is; NULL: of none */
	bool kept;             /**< `m` is the session's; what goes to the port is made of it */
};

/**
 * A frame that is kept until it is acknowledged never goes to the port itself: a port works fastest
 * with buffers that have no other owner, and nothing changes under its hands when a frame is sent
 * again. Where the frame that is sent has its headers, the kept one has this; records stand at
 * the same place in both.
 *
 * Lent data follow the last record. They are not in the buffer: pkt_len counts them, data_len does
 * not. Once sent, their place may hold anything: see rdp_handler.recall.
 */
struct rdp_kept {
	const void *lent; /**< good until the first sending */
	uint32_t psn;
	uint32_t sent_ts; /**< when it was sent last */
	uint8_t flags;    /**< WIRE_F_RETRANSMIT, WIRE_F_ORDERED */
};

static_assert(sizeof(struct rdp_kept) <= RDP_RECORDS_AT, "in the headers' place");

struct rdp_ep {
	struct rdp_io io;
	uint64_t now_ns;      /**< time of this poll or flush */
	uint32_t now_ts;      /**< the same in WIRE_TS_NS units */
	uint32_t poll_gap_ts; /**< between the last two polls; received frames may be so old */
	uint64_t polled_ns;   /**< time of the last poll that looked at the clock */
	uint16_t udp_port;    /**< the first of our ports; host order */
	uint16_t nb_ports;    /**< that sessions have had */
	rte_be32_t ip;
	uint16_t max_sessions;
	uint16_t index_base; /**< of our indices on the wire */
	uint16_t nb_mbufs;   /**< in `mbufs` */
	uint16_t nb_held;
	uint16_t txq_len;
	uint16_t txq_ready; /**< of these, headers are final */
	uint16_t txq_late;  /**< these, or fewer, were there when the last flush ended */
	uint8_t pressure;   /**< how short of buffers we are, 0 to 15 */
	uint8_t idle_skip;  /**< idle polls that need no clock */
	bool from_ring;     /**< the frames in hand were handed over */
	bool clock_fresh;   /**< now_ns was read in this turn */
	bool tx_udp_cksum;
	bool tx_gather;
	bool lent; /**< there may be frames with lent data that have not left */
	bool wide; /**< more than untagged IPv4 comes in */
	const struct rdp_handler *handler;
	void *handler_ctx;
	struct rdp_session **session; /**< by index */
	uint64_t rto_min_ns;
	uint64_t ack_delay_ns;
	struct rdp_list list[RDP_LISTS];
	struct rdp_stats stats;
	uint16_t vlan_tci;      /**< tag of what we send; 0: none */
	uint32_t parked;        /**< frames of all sessions that wait */
	uint32_t parked_most;   /**< beyond, none is taken that waits for one missing */
	uint32_t full_bursts;   /**< received in a row */
	uint32_t pressure_tick; /**< of the wheel, counted */
	uint32_t tell_next;     /**< session to be told next that the pressure is less than full */
	uint64_t no_mbuf_seen;  /**< stats.no_mbuf at the last look */
	struct rte_mbuf *mbufs[RDP_MBUF_CACHE];
	struct rte_mbuf *held[RDP_HELD]; /**< received, to be given up at the next flush */
	struct rdp_txq_entry txq[RDP_TXQ];

	/* Slow path. */
	struct rdp_conf conf;
	struct l2_addr self;
	uint64_t wheel_tick;  /**< slots up to here have been run */
	uint64_t answer_ms;   /**< millisecond that `resets` and `hellos` count */
	uint64_t tx_seen;     /**< stats.tx_frames when frames were last left in the queue */
	uint64_t tx_moved_ns; /**< when some had left it while others stayed */
	uint32_t resets;
	uint32_t hellos;
	uint64_t cookie_key[2];
	uint32_t next_inc; /**< incarnations count up from a random start, zero left out */
	struct rdp_session *
		*by_inc; /**< chains by our incarnation, which strangers cannot choose */
	uint32_t inc_mask;
	struct rte_hash *peers;    /**< (address, port, index) of the initiator to our index */
	struct rte_hash *sources;  /**< address of initiators to sessions from it; NULL: no limit */
	struct rdp_session *spare; /**< memory of ended sessions, linked by timer_next */
	uint16_t *free_index;      /**< stack */
	uint16_t nb_free;
	uint16_t nb_closing;
	struct rdp_peer *last_peer; /**< of each index, the last that we connected to with it */
	struct rdp_session *wheel[RDP_WHEEL_SLOTS];
	struct rdp_session *coarse[RDP_COARSE_SLOTS];
};

/* session.c */
struct rdp_session *rdp_session_new(struct rdp_ep *ep);
struct rdp_session *rdp_session_new_at(struct rdp_ep *ep, uint16_t index);
struct rdp_session *rdp_session_initiate(struct rdp_ep *ep, struct ip_addr ip, rte_be16_t port);
void rdp_session_free(struct rdp_session *s);

/** The peer has said that it knows nothing of the session any more. */
void rdp_session_forgotten(const struct rdp_session *s);

/** Give an attempt another incarnation. */
void rdp_session_renew(struct rdp_session *s);

/** The session that both incarnations name, for frames that carry no index of ours. */
struct rdp_session *rdp_session_by_inc(
	const struct rdp_ep *ep, rte_be32_t local_inc, rte_be32_t peer_inc);
void rdp_session_address(struct rdp_session *s, const struct rte_ether_addr *mac, struct ip_addr ip,
	rte_be16_t port);
void rdp_session_mtu(struct rdp_session *s, uint16_t mtu);
void rdp_session_established(
	struct rdp_session *s, const struct wire_frame *f, uint16_t mtu, uint16_t window, bool crc);
void rdp_session_end(struct rdp_session *s, int status);
void rdp_session_fail(struct rdp_session *s, int error);

static inline void
rdp_clock_read(struct rdp_ep *ep)
{
	ep->now_ns = clock_now(&ep->conf.clock);
	ep->now_ts = (uint32_t)(ep->now_ns >> WIRE_TS_SHIFT);
	ep->clock_fresh = true;
}

/* lists of sessions; each names a session at most once */
static inline void
rdp_list_add(struct rdp_session *s, enum rdp_list_id id)
{
	struct rdp_list *list = &s->ep->list[id];

	if (s->in_lists & (1u << id))
		return;
	s->in_lists |= (uint8_t)(1u << id);
	list->item[list->n++] = s;
}

/** Take entry @p i out; the last one moves to its place. */
static inline void
rdp_list_del_at(struct rdp_ep *ep, enum rdp_list_id id, uint16_t i)
{
	struct rdp_list *list = &ep->list[id];

	list->item[i]->in_lists &= (uint8_t) ~(1u << id);
	list->item[i] = list->item[--list->n];
}

void rdp_list_del(struct rdp_session *s, enum rdp_list_id id);

/** Places of the queue that are taken: by frames in it, and by those that are being filled. */
static inline uint32_t
rdp_txq_taken(const struct rdp_ep *ep)
{
	return (uint32_t)ep->txq_len + ep->list[RDP_LIST_DIRTY].n;
}

static inline void
rdp_txq_put(struct rdp_ep *ep, struct rte_mbuf *m, struct rdp_session *s, bool kept)
{
	struct rdp_txq_entry *e = &ep->txq[ep->txq_len++];

	/* One by one: they are read again soon, and one by one. */
	e->m = m;
	e->s = s;
	e->kept = kept;
}

/** Our session that a frame's index names; NULL: none. */
static inline struct rdp_session *
rdp_session_named(const struct rdp_ep *ep, rte_be16_t session)
{
	uint16_t index = (uint16_t)(rte_be_to_cpu_16(session) - ep->index_base);

	return likely(index < ep->max_sessions) ? ep->session[index] : NULL;
}

static inline rte_be16_t
rdp_wire_index(const struct rdp_session *s)
{
	return rte_cpu_to_be_16((uint16_t)(s->ep->index_base + s->index));
}

/* handover.c */

/** A frame of no session here. @return whether it is another endpoint's now. */
bool rdp_handover(struct rdp_ep *ep, struct rte_mbuf *m, const struct wire_frame *f);

/**
 * A CONNECT that has made a session here goes round, so that what its sender had at another
 * endpoint ends as well. @return whether it is another one's now.
 */
bool rdp_handover_connect(struct rdp_ep *ep, struct rte_mbuf *m, const struct wire_frame *f);

/** Process what others have handed over. @return how many frames. */
uint16_t rdp_handover_input(struct rdp_ep *ep);

/* mbuf.c */
bool rdp_mbuf_refill(struct rdp_ep *ep, unsigned int least);
void rdp_mbuf_spill(struct rdp_ep *ep);
struct rte_mbuf *rdp_mbuf_attach(struct rdp_ep *ep, const void *data, uint32_t len);

/* frame.c */
void rdp_frame_close(struct rdp_session *s);
void rdp_release(struct rdp_session *s);

/* tx.c */

/** Whether a frame waits for a buffer, or for room in the port's ring. */
bool rdp_queued(const struct rdp_session *s, uint32_t psn);

/** Send a frame in flight again. @return false when it, or too much else, waits for the port. */
bool rdp_retransmit(struct rdp_session *s, uint32_t psn);

/**
 * A buffer to send. Buffers of frames just received lie on top of the stack, still in the cache.
 * Their headers are as the pool keeps them (one reference, one segment); what a frame to send
 * needs besides is set here.
 */
static inline struct rte_mbuf *
rdp_mbuf_get(struct rdp_ep *ep)
{
	struct rte_mbuf *m;

	if (unlikely(ep->nb_mbufs == 0 && !rdp_mbuf_refill(ep, 1)))
		return NULL;
	m = ep->mbufs[--ep->nb_mbufs];
	m->data_off = RTE_PKTMBUF_HEADROOM;
	m->ol_flags = 0;
	return m;
}

/** Give up a frame received, or kept. */
static inline void
rdp_mbuf_put(struct rdp_ep *ep, struct rte_mbuf *m)
{
	if (unlikely(m->pool != ep->conf.pool || m->nb_segs != 1)) {
		rte_pktmbuf_free(m);
		return;
	}
	m = rte_pktmbuf_prefree_seg(m);
	if (m == NULL)
		return;
	if (unlikely(ep->nb_mbufs == RDP_MBUF_CACHE))
		rdp_mbuf_spill(ep);
	ep->mbufs[ep->nb_mbufs++] = m;
}

static inline uint32_t
rdp_in_flight(const struct rdp_session *s)
{
	return s->tx_next - s->tx_una;
}

static inline struct wire_ipv4_hdrs *
rdp_hdrs(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, struct wire_ipv4_hdrs *);
}

/** Frame header of a frame that a session has made. A driver that puts in tags in software may have
 * done that though it did not take the frame. */
static inline struct wire_frame *
rdp_made_frame(const struct rdp_session *s, struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	uint32_t at = s->hdr_len - (uint32_t)sizeof(struct wire_frame);

	if (s->ep->conf.tx_vlan_insert && eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_VLAN))
		at += WIRE_TAG_LEN;
	return rte_pktmbuf_mtod_offset(m, struct wire_frame *, at);
}

static inline struct rdp_kept *
rdp_kept(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, struct rdp_kept *);
}

/** Bytes of lent data behind the records of a kept frame. */
static inline uint32_t
rdp_kept_lent(const struct rte_mbuf *m)
{
	return m->pkt_len - m->data_len;
}

/** No frame is open any more. */
static inline void
rdp_frame_forget(struct rdp_session *s)
{
	s->open = NULL;
	s->lent_len = 0;
	s->wr = NULL;
	s->end = NULL;
	s->request_end = NULL;
}

/** Send time of a frame in flight. */
static inline uint32_t
rdp_sent_ts(const struct rdp_session *s, uint32_t psn)
{
	return rdp_kept(s->ring[psn % RDP_RING])->sent_ts;
}

static inline bool
rdp_bit(const uint64_t *bitmap, uint32_t psn)
{
	return bitmap[psn % RDP_RING / 64] >> (psn % 64) & 1;
}

static inline void
rdp_bit_set(uint64_t *bitmap, uint32_t psn)
{
	bitmap[psn % RDP_RING / 64] |= UINT64_C(1) << (psn % 64);
}

static inline void
rdp_bit_clear(uint64_t *bitmap, uint32_t psn)
{
	bitmap[psn % RDP_RING / 64] &= ~(UINT64_C(1) << (psn % 64));
}

/* park.c */

/**
 * The handler has taken @p done bytes of the records of a frame, or broken off: the rest waits.
 * @return whether the frame stays the caller's.
 */
bool rdp_park_rest(struct rdp_session *s, struct rte_mbuf *m, const struct wire_frame *f,
	uint16_t offset, uint16_t len, int32_t done);

/**
 * A frame, just accepted, of a session in which some wait, or that must not overtake others.
 * @return whether it stays the caller's.
 */
bool rdp_deliver_waiting(struct rdp_session *s, struct rte_mbuf *m, const struct wire_frame *f,
	uint16_t offset, uint16_t len);

/** Offer again what waits, of all sessions. */
void rdp_park_run(struct rdp_ep *ep);

/** Give up all that waits. */
void rdp_park_clear(struct rdp_session *s);

/* cc.c */
void rdp_cc_init(struct rdp_session *s, enum rdp_cc cc);

/* pressure.c */
void rdp_pressure_run(struct rdp_ep *ep);
void rdp_pressure_input(struct rdp_session *s, uint8_t pressure);

/* ack.c */
void rdp_ack_input(struct rdp_session *s, const struct wire_frame *f, uint32_t ack);
void rdp_sack_input(struct rdp_session *s, const struct wire_frame *f, uint32_t room);
void rdp_sack_build(const struct rdp_session *s, struct wire_sack *sack);

/* loss.c */

/** Something new may be told of frames that others have overtaken: look at them in this poll. */
void rdp_recover(struct rdp_session *s);

/** Send again what is lost by now. @return whether there is more to be seen at rack_check. */
bool rdp_loss_detect(struct rdp_session *s);
void rdp_loss_timeout(struct rdp_session *s);

/** A frame is about to leave: see that the timer looks in time whether it was answered. */
void rdp_loss_watch(struct rdp_session *s);
uint64_t rdp_rto_ns(const struct rdp_session *s);

/** Time after the last frame at which it is repeated though nothing speaks for its loss. */
uint64_t rdp_pto_ns(const struct rdp_session *s);

/** Frames before @p ack are about to be taken off: look for those that were repeated in vain. */
void rdp_spurious_detect(struct rdp_session *s, uint32_t ack, uint32_t echo);
void rdp_rtt_sample(struct rdp_session *s, uint32_t rtt);

/* timer.c */
void rdp_timer_arm(struct rdp_session *s, uint64_t at_ns);
void rdp_timer_disarm(struct rdp_session *s);
uint32_t rdp_timer_run(struct rdp_ep *ep);

/* handshake.c: everything that is not DATA or ACK of a known session */
void rdp_control_input(
	struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f, uint32_t len);
void rdp_handshake_start(struct rdp_session *s);
void rdp_handshake_timer(struct rdp_session *s);
void rdp_unknown_input(struct rdp_ep *ep, const struct rdp_from *from, const struct wire_frame *f);

/** Whether to spend work on one more frame that a stranger can send as well. */
bool rdp_reset_allowed(struct rdp_ep *ep);

/* control.c: frames outside the numbered stream */
void rdp_send_reply(struct rdp_ep *ep, const struct rdp_from *to, const struct wire_frame *answered,
	uint8_t type, uint16_t session, rte_be32_t src_inc, const void *body, uint32_t len,
	uint32_t padded);

/** @return whether there was a buffer and room for it. */
bool rdp_send_control(struct rdp_session *s, uint8_t type, const void *body, uint32_t len);

/** The same, with zeros behind the body up to an IP datagram of @p mtu bytes. */
bool rdp_send_padded(
	struct rdp_session *s, uint8_t type, const void *body, uint32_t len, uint16_t mtu);

/* pmtu.c: whether the path carries what both ends take */

/** CONNECT, or several of different sizes. */
void rdp_pmtu_connect(struct rdp_session *s, struct wire_hello *hello);

/** An ACCEPT of @p mtu and @p len bytes from the frame header on. @return whether it decides. */
bool rdp_pmtu_accepted(struct rdp_session *s, uint16_t mtu, uint32_t len);

/** Bytes of an IP datagram in front of the frame header. */
static inline uint16_t
rdp_ip_overhead(struct ip_addr peer)
{
	return (uint16_t)((ip_addr_is_v4(peer) ? offsetof(struct wire_ipv4_hdrs, frame)
					       : offsetof(struct wire_ipv6_hdrs, frame)) -
			  RTE_ETHER_HDR_LEN);
}

/** Bytes behind the header of a frame in an IP datagram of @p mtu bytes; 0 where there are none. */
static inline uint32_t
rdp_body_max(struct ip_addr peer, uint16_t mtu)
{
	uint32_t before = rdp_ip_overhead(peer) + (uint32_t)sizeof(struct wire_frame);

	return mtu > before ? mtu - before : 0;
}

/* hdrs.c */

/** Headers of frames to a peer, all but lengths and checksums. @return how long they are. */
uint8_t rdp_hdrs_fill(const struct rdp_ep *ep, union rdp_hdrs *h, const struct rte_ether_addr *mac,
	struct ip_addr ip, rte_be16_t port);

/** The sums of the session's template that it keeps: see struct rdp_session. */
void rdp_hdrs_sum(struct rdp_session *s);

/** Put lengths and checksums into the headers of a frame that is complete otherwise. */
void rdp_hdrs_finish(struct rte_mbuf *m, bool v4);

/** Whom a received frame is from. */
struct rdp_from rdp_hdrs_from(const struct rte_mbuf *m);

/* vlan.c */

/** Tag a complete frame that has no tag. @return false: it cannot be. */
bool rdp_vlan_tag(const struct rdp_ep *ep, struct rte_mbuf **m);

/** Take the tag out of a received frame. @return false: it is not of our VLAN. */
bool rdp_vlan_untag(const struct rdp_ep *ep, struct rte_mbuf *m);

/** The tag of a frame whose headers have room for none: the port's to put in. */
static inline void
rdp_vlan_offload(const struct rdp_ep *ep, struct rte_mbuf *m)
{
	if (ep->conf.tx_vlan_insert) {
		m->vlan_tci = ep->vlan_tci;
		m->ol_flags |= RTE_MBUF_F_TX_VLAN;
	}
}

/* cookie.c */
uint64_t rdp_cookie(const uint64_t key[2], const void *data, uint32_t len);

/** Behind @p len bytes of the frame, from its header on, comes the CRC32C over them. @return it. */
static inline rte_be32_t
rdp_crc_put(struct wire_frame *f, uint32_t len)
{
	rte_be32_t crc = rte_cpu_to_be_32(wire_crc32c(f, len));

	memcpy((uint8_t *)f + len, &crc, sizeof(crc));
	return crc;
}

#endif /* RDP_PRIVATE_H */
