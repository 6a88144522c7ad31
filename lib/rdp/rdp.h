/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef RDP_RDP_H
#define RDP_RDP_H

/**
 * @file
 * Reliable datagram protocol: delivers frames exactly once between two endpoints, and fills
 * frames with records. It never looks into a record. doc/protocol.md is the specification.
 *
 * An endpoint (`rdp_ep`) owns one receive and one transmit queue of a port, its sessions and
 * their timers, and belongs to one thread. Nothing here locks, allocates from libc, makes a
 * system call or logs between rdp_ep_create() and rdp_ep_destroy(), but for session creation,
 * which takes memory from rte_malloc.
 *
 * One turn of an endpoint is rdp_poll() and rdp_flush(). In between, the user reserves room for
 * records with rdp_record() and writes them in place; nothing leaves before rdp_flush().
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "base/clock.h"
#include "base/ip_addr.h"
#include "wire/frame.h"

struct handover;
struct neigh_table;
struct rdp_cc_ops;
struct rdp_ep;

/** Where frames come from and go to: the seam that tests replace. */
struct rdp_io {
	void *ctx;
	/** As rte_eth_rx_burst(). */
	uint16_t (*rx_burst)(void *ctx, struct rte_mbuf **mbufs, uint16_t n);
	/** As rte_eth_tx_burst(): takes the first k frames, returns k. */
	uint16_t (*tx_burst)(void *ctx, struct rte_mbuf **mbufs, uint16_t n);
};

enum rdp_state {
	RDP_FREE = 0,
	RDP_RESOLVE, /**< waiting for the peer's Ethernet address */
	RDP_HELLO,   /**< HELLO sent, waiting for CHALLENGE */
	RDP_CONNECT, /**< CONNECT sent, waiting for ACCEPT */
	RDP_OPEN,
	RDP_CLOSING, /**< CLOSE sent, waiting for CLOSED */
	RDP_FAILED,  /**< ends when the current poll has handled its frames */
};

/** Congestion control of a session: doc/congestion.md. */
enum rdp_cc {
	RDP_CC_FIXED, /**< the negotiated window */
	RDP_CC_SWIFT, /**< as much of it as keeps the queues of the network short */
};

/** Delay above the smallest that Swift lets be unless told otherwise: the paper's base target. */
#define RDP_CC_TARGET_US 25

/** What Swift knows of a session; cc_swift.c. Times in WIRE_TS_NS units. */
struct rdp_swift {
	uint32_t cwnd;    /**< congestion window, frames in fixed point */
	uint32_t target;  /**< of the fabric's delay, for this cwnd */
	uint32_t base;    /**< target above the smallest round trip, without flow scaling */
	uint32_t min_rtt; /**< smallest fabric delay seen; UINT32_MAX: none yet */
	uint32_t rtt;     /**< latest fabric delay */
	uint32_t decrease_ts;
	uint32_t undo;    /**< cwnd before the latest loss or first time-out */
	uint8_t timeouts; /**< in a row */
	bool decreased;   /**< decrease_ts is set */
};

/** Source ports that are tried to reach a worker, from rdp_conf.udp_port on. */
#define RDP_PORTS 64

#define RDP_RING WIRE_WINDOW_MAX

/** Smallest IP datagram a session may be limited to; that of IPv6 (RFC 8200). */
#define RDP_MTU_MIN 1280

/** Highest VLAN id; IEEE 802.1Q keeps 4095. */
#define RDP_VLAN_MAX 4094

/** Headers as they are sent, at the end, so that records follow at one place whatever they are. */
union rdp_hdrs {
	uint8_t byte[104];
	struct {
		uint8_t before_v6[104 - sizeof(struct wire_ipv6_hdrs)];
		struct wire_ipv6_hdrs v6;
	};
	struct {
		uint8_t before_v4[104 - sizeof(struct wire_ipv4_hdrs)];
		struct wire_ipv4_hdrs v4;
	};
};

static_assert(sizeof(union rdp_hdrs) == 104, "IPv6 with a tag, a multiple of eight");

/** Lists of an endpoint, bits of rdp_session.in_lists. */
enum rdp_list_id {
	RDP_LIST_DIRTY,   /**< has an open frame */
	RDP_LIST_ACK,     /**< owes an acknowledgement */
	RDP_LIST_RECOVER, /**< a frame that others overtook counts as lost soon */
	RDP_LIST_PARKED,  /**< has frames whose records found no room for responses */
	RDP_LIST_FAILED,  /**< `error` is set */
	RDP_LIST_RELEASE, /**< holds frames that have been acknowledged */
	RDP_LISTS
};

/**
 * A session. The first lines are what every frame touches; the ring of unacknowledged frames
 * stands last. All fields belong to the endpoint's thread.
 */
struct rdp_session {
	/* Filling a frame. */
	uint8_t *wr;          /**< where the next record goes; NULL: no frame is open */
	uint8_t *end;         /**< end of the room for records of the open frame */
	uint8_t *request_end; /**< the same for requests: before `wr` when they may not go in */
	struct rte_mbuf *open;
	struct rdp_ep *ep;
	/* Sending. Frame numbers are serial numbers (RFC 1982). */
	uint32_t tx_next;      /**< number of the next frame to be opened */
	uint32_t tx_una;       /**< oldest unacknowledged frame */
	uint16_t request_room; /**< frames in flight up to which requests may open a new one */
	uint16_t tx_room;      /**< the same for responses */
	uint8_t state;         /**< enum rdp_state */
	bool no_coalesce;
	bool crc;
	bool wide;         /**< more than the headers of untagged IPv4 */
	uint16_t index;    /**< ours */
	uint16_t mss;      /**< bytes of records a frame holds */
	uint16_t lent_len; /**< bytes of lent data behind the last record of the open frame */
	uint8_t hdr_len;   /**< bytes of headers */
	uint8_t tx_extra;  /**< bytes of a frame beside records and the headers of untagged IPv4 */

	/* Receiving. */
	__rte_cache_aligned uint32_t rx_next; /**< every frame before this one has arrived */
	rte_be32_t local_inc;
	rte_be32_t peer_inc;
	uint32_t rx_ts;        /**< time stamp of the newest frame, to be echoed */
	uint64_t rx_ns;        /**< when it arrived */
	uint64_t ack_ns;       /**< when the oldest frame not acknowledged yet arrived */
	uint32_t ack_owed;     /**< frames not acknowledged yet */
	uint16_t rx_gaps;      /**< frames that arrived ahead of rx_next */
	uint16_t parked;       /**< frames waiting in the park, and for those before them */
	uint8_t told_pressure; /**< in the latest frame to the peer */
	uint32_t tx_released;  /**< frames before this one have been given up, up to tx_una */
	uint64_t user[2];      /**< the handler's */

	/* Frames that arrived ahead of rx_next, one bit each at number modulo the window. */
	__rte_cache_aligned uint64_t rx_bitmap[RDP_RING / 64];
	/* Round trip, RFC 6298, in WIRE_TS_NS units; loss, RFC 8985. */
	uint32_t srtt, rttvar, min_rtt;
	uint32_t rack_ts; /**< send time of the latest-sent frame known to have arrived */
	uint32_t rack_rtt;
	uint32_t sack_high;    /**< one past the highest frame known to have arrived */
	uint8_t backoff;       /**< doublings of the time-out */
	bool ack_now;          /**< do not wait for company */
	uint8_t peer_pressure; /**< 0 to 15; see rdp_cc_update() */
	uint8_t in_lists;      /**< RDP_IN_*: which lists of the endpoint name this session */
	uint16_t peer_index;
	uint16_t peer_node;
	uint32_t rack_check;   /**< time stamp at which an outstanding frame may count as lost */
	uint32_t probe_psn;    /**< frame that the latest tail probe repeated */
	uint8_t reorder;       /**< quarters of the smallest round trip that reordering may take */
	uint8_t reorder_fades; /**< losses until it is one again */
	uint64_t heard_ns;     /**< when a valid frame of the peer last arrived */
	uint64_t asked_ns;     /**< when the first time-out in a row came */

	/* Congestion control, in WIRE_TS_NS units. */
	const struct rdp_cc_ops *cc;
	uint32_t cc_gap;     /**< between two frames opened; 0: not paced */
	uint32_t cc_last;    /**< time at which a frame was opened last, while paced */
	uint32_t cc_round;   /**< begin of the round trip that `cc_repeats` counts */
	uint16_t cc_repeats; /**< frames sent again in it */
	uint16_t window;     /**< negotiated: frames in flight at most */
	union {
		struct rdp_swift swift;
	} cc_state; /**< of the algorithm alone */

	/* Timer: one entry in the endpoint's wheel; doubly linked list of a slot. */
	__rte_cache_aligned struct rdp_session *timer_next;
	struct rdp_session **timer_prev; /**< NULL: not armed */
	uint64_t timer_ns;
	struct rdp_session *inc_next; /**< chain of those found by local_inc */
	uint64_t opened_ns;
	uint64_t peer_epoch;
	uint64_t cookie; /**< handshake: from the CHALLENGE */
	uint32_t stamp;
	uint16_t mtu;   /**< largest IP datagram sent; handshake: the largest that is tried */
	uint16_t found; /**< handshake: the largest that came back, as the listener is told; or 0 */
	uint8_t tries;  /**< handshake and close: messages sent */
	bool several;   /**< handshake: CONNECTs of several sizes have been sent */
	uint8_t small;  /**< handshake: ACCEPTs that were not of the size that was asked for */
	bool control_crc; /**< the peer's handshake and control frames have a CRC, as we saw */
	bool initiator;
	bool accepted;    /**< it counts among those that its peer began */
	uint8_t own_port; /**< ours, counted from the endpoint's first */
	uint8_t ports_tried;
	uint8_t worker_wanted; /**< initiator: from 1 on; 0: any */
	uint8_t worker;        /**< at the peer, from 1 on; 0: it does not tell */
	bool hold;             /**< its index stays the user's: rdp_hold() */
	int error;             /**< negative errno: ends at the end of the poll */
	struct ip_addr peer_ip;
	rte_be16_t peer_port;
	uint32_t ip_sum;    /**< sum of the IP header without its total length */
	uint32_t udp_sum;   /**< sum of the pseudo header without the length */
	uint32_t frame_sum; /**< sum of the ports and of what the template says of the frame */
	struct rte_mbuf *park_head, *park_tail; /**< frames accepted but not consumed, by next */
	struct rte_mbuf *ordered; /**< frames that wait for those before them, by number */
	union rdp_hdrs hdrs;      /**< template; network byte order, as sent */

	/** Bit per frame of the ring: the peer said it has arrived though earlier ones have not. */
	uint64_t sacked[RDP_RING / 64];
	/** Kept frames from tx_released up to tx_next, at number modulo RDP_RING. */
	struct rte_mbuf *ring[RDP_RING];
};

/** What the layer above is told. All calls come from inside rdp_poll() of that endpoint. */
struct rdp_handler {
	/**
	 * Records of a frame that has arrived for the first time.
	 * @return bytes consumed, at a record boundary: less than @p len when responses find no
	 *   room, or when the rest would take too long now. That is offered again in each poll and
	 *   before each frame of the session, which is offered, too: it may hold responses.
	 * Negative errno: the peer broke the protocol, the session is reset.
	 * @p records stays readable until batch_end() returns.
	 */
	int32_t (*records)(void *ctx, struct rdp_session *s, const uint8_t *records, uint32_t len);
	/** The frames of this burst have been handed over; their memory goes away after this. */
	void (*batch_end)(void *ctx);
	/**
	 * A frame with lent data has to be sent again for the first time, and what was lent may
	 * have changed or gone: write it to @p to, right behind the part of the record that was
	 * written at first.
	 * @return bytes written; or by how many the record shrinks, as a negative number, when
	 * there is nothing to be sent any more: the handler has then turned it into another.
	 */
	int32_t (*recall)(void *ctx, struct rdp_session *s, uint32_t psn, uint8_t *to);
	/** A session exists (status 0), or the attempt to connect it failed; `s` goes after. */
	void (*opened)(void *ctx, struct rdp_session *s, int status);
	/** An open session has ended: 0 in good order by the peer, or negative errno. */
	void (*closed)(void *ctx, struct rdp_session *s, int status);
};

struct rdp_conf {
	struct rdp_io io;
	struct clock clock;
	const struct rdp_handler *handler;
	void *handler_ctx;
	struct rte_mempool *pool;
	struct neigh_table *neigh; /**< shared with the other endpoints of the port */
	struct rte_ether_addr mac;
	rte_be32_t ip;      /**< 0: none, `ip6` alone */
	rte_be32_t netmask; /**< 0: everything is on the link */
	rte_be32_t gateway;
	struct ip_addr ip6; /**< all zero: none */
	struct ip_addr gateway6;
	uint8_t prefix6_len; /**< 0: everything is on the link */
	uint16_t udp_port;
	uint16_t node; /**< 1 to WIRE_NODE_MAX */
	uint64_t epoch;
	uint16_t mtu;
	uint16_t window; /**< frames in flight, power of two up to RDP_RING */
	uint16_t max_sessions;
	uint16_t max_per_source;   /**< sessions accepted from one address; 0: all */
	struct handover *handover; /**< shared with the other endpoints of the port; NULL: alone */
	uint16_t member;           /**< number among them */
	bool listen;               /**< accept sessions */
	uint16_t vlan;             /**< id of the VLAN that all frames belong to; 0: untagged */
	uint8_t vlan_priority;     /**< of frames sent, 0 to 7 */
	bool tx_vlan_insert;       /**< the port puts in the tag, of mbuf.vlan_tci */
	bool tx_udp_cksum;         /**< the port completes UDP checksums */
	bool tx_gather; /**< the port takes chains, and has read them when tx_burst returns */
	bool crc;       /**< ask for CRC32C, and put it on handshake and control frames */
	bool no_coalesce;
	bool no_tail_probe; /**< nothing is repeated before the retransmission time-out */
	uint64_t rto_min_ns;
	uint64_t ack_delay_ns;
	uint64_t peer_timeout_ns;
	uint64_t keepalive_ns;
	enum rdp_cc cc;        /**< of new sessions */
	uint64_t cc_target_ns; /**< of Swift; see RDP_CC_TARGET_US */
	int socket_id;
};

/** Counters; free-running, written by the endpoint's thread, read by anyone. */
struct rdp_stats {
	uint64_t rx_frames;
	uint64_t rx_other; /**< not ours: ARP, ICMP, raw echo */
	uint64_t rx_vlan;  /**< of another VLAN than ours, or of none */
	uint64_t rx_malformed;
	uint64_t rx_bad_checksum; /**< IP, UDP or CRC32C; or no CRC32C where there has to be one */
	uint64_t rx_stale;
	uint64_t rx_duplicate;
	uint64_t rx_parked;
	uint64_t rx_refused; /**< dropped before acceptance: no room to park */
	uint64_t tx_frames;
	uint64_t tx_ack;
	uint64_t tx_retransmit;
	uint64_t tx_probe;    /**< of these, tail probes */
	uint64_t tx_spurious; /**< of these, sent though the first had arrived */
	uint64_t tx_full;     /**< times the port's transmit ring was full */
	uint64_t rto;
	uint64_t no_mbuf;
	uint64_t sessions_opened;
	uint64_t sessions_closed;
	uint64_t resets_sent;
	uint64_t handshakes_refused;
	uint64_t mtu_lowered;        /**< sessions begun whose path carries less than both ends */
	uint64_t handshakes_ignored; /**< HELLOs beyond RDP_HELLOS_PER_MS */
	uint64_t handed_over;        /**< frames given to the endpoint whose they are */
	uint64_t handover_full;      /**< frames lost because that one does not keep up */
	uint64_t timers;             /**< entries of the timer wheels looked at */
};

/** Set *ep. @return 0, -EINVAL, -ENOMEM. Slow. */
int rdp_ep_create(const struct rdp_conf *conf, struct rdp_ep **ep);

/** Free all sessions without a word to the peers, and the endpoint. Slow. */
void rdp_ep_destroy(struct rdp_ep *ep);

/** Receive and process one burst, run timers. @return frames received and timers run. */
uint32_t rdp_poll(struct rdp_ep *ep);

/** Process frames that somebody else received; as rdp_poll() without its rx_burst. */
void rdp_input(struct rdp_ep *ep, struct rte_mbuf **mbufs, uint16_t n);

/**
 * Send all records written so far, and acknowledgements that are due. What leaves carries the
 * time of now.
 */
void rdp_flush(struct rdp_ep *ep);

/**
 * The same right behind rdp_poll(), in a loop that does nothing else in between: uses the time
 * that the poll has read.
 */
void rdp_flush_turn(struct rdp_ep *ep);

/**
 * Start a session. The handler's opened() tells the end of it.
 * @return 0, -ENOSPC, -ENOMEM, -EINVAL; -EAFNOSUPPORT: we have no address of that family.
 */
int rdp_connect(struct rdp_ep *ep, struct ip_addr ip, uint16_t udp_port, struct rdp_session **s);

/**
 * From inside opened() with an error, or closed(): keep the index of the session that ends, for
 * rdp_connect_at() or rdp_index_put().
 */
void rdp_hold(struct rdp_session *s);

/** As rdp_connect(), with an index that is held; after an error it still is. */
int rdp_connect_at(struct rdp_ep *ep, uint16_t index, struct ip_addr ip, uint16_t udp_port,
	struct rdp_session **s);

/**
 * Right behind rdp_connect(): ask for a worker of the peer's port, the first being 1; 0: any. Other
 * source ports are tried until one leads there, up to 64; then it is the worker that there is.
 */
void rdp_ask_worker(struct rdp_session *s, uint8_t worker);

/** Give back an index that is held. */
void rdp_index_put(struct rdp_ep *ep, uint16_t index);

/**
 * Tell the peer and forget the session; closed() is not called. Good in every callback. Records
 * that have not been sent and room that was reserved for them are gone.
 */
void rdp_close(struct rdp_session *s);

/** Sessions of which the peer has not answered our CLOSE yet, and which are not given up. */
uint16_t rdp_closing(const struct rdp_ep *ep);

/** Accept no more sessions: those who ask are refused from now on. */
void rdp_refuse(struct rdp_ep *ep);

/**
 * Change the congestion control of an open session; it starts anew, at the full window.
 * @return 0, -EINVAL: no such algorithm, -ENOTCONN: not open.
 */
int rdp_cc_set(struct rdp_session *s, enum rdp_cc cc);

/** Session by index; NULL when there is none. */
struct rdp_session *rdp_session_at(struct rdp_ep *ep, uint16_t index);

/** Frames that wait for room in the port's ring, or for buffers. */
uint32_t rdp_unsent(const struct rdp_ep *ep);

const struct rdp_stats *rdp_ep_stats(const struct rdp_ep *ep);

/** Time of the current poll or flush, ns. */
uint64_t rdp_now(const struct rdp_ep *ep);

/** As rdp_request() and rdp_response(), for a record of @p size bytes followed by @p len bytes of
 * data, both multiples of eight, that are lent: they are read from where they are in the next
 * rdp_flush(), and not looked at any more after it, or after rdp_settle(). The frame ends with
 * them. The room has eight bytes more than asked for, which do not travel: the handler's, to know
 * the data by in recall(). */
uint8_t *rdp_request_lend(struct rdp_session *s, uint32_t size, const void *data, uint32_t len);
uint8_t *rdp_response_lend(struct rdp_session *s, uint32_t size, const void *data, uint32_t len);

/** Whether lending costs no frame: a record of that size leaves no room for another one like it. */
static inline bool
rdp_lendable(const struct rdp_session *s, uint32_t size)
{
	return 2 * size > s->mss;
}

/**
 * The record that rdp_request() gave room for last is handed over at the peer after all records
 * that have been given room before, frames that come again included.
 */
void rdp_order(struct rdp_session *s);

/**
 * Frames of request_room that a user who starts many requests at a time leaves alone, so that
 * others find room at once: it then has half of the window, they have an eighth of that, or two.
 */
static inline uint32_t
rdp_request_spare(const struct rdp_session *s)
{
	return RTE_MAX(s->window / 16u, 2u);
}

/** Copy all that is lent, before what is there may change. */
void rdp_settle(struct rdp_ep *ep);

/** Slow halves of rdp_request() and rdp_response(): close the open frame, open the next. */
uint8_t *rdp_request_open(struct rdp_session *s, uint32_t size);
uint8_t *rdp_response_open(struct rdp_session *s, uint32_t size);

/**
 * Room for a request of @p size bytes, a multiple of eight and at most s->mss, in the session's
 * open frame, opening one when needed. The caller writes all of it before the next rdp_flush().
 * Leaves responses their share of the window.
 * @return NULL when the window or the peer is full, or buffers are short.
 */
static inline uint8_t *
rdp_request(struct rdp_session *s, uint32_t size)
{
	uint8_t *p = s->wr;

	if (unlikely(s->request_end - p < (int64_t)size))
		return rdp_request_open(s, size);
	s->wr = p + size;
	return p;
}

/** The same for a response. */
static inline uint8_t *
rdp_response(struct rdp_session *s, uint32_t size)
{
	uint8_t *p = s->wr;

	if (unlikely(s->end - p < (int64_t)size))
		return rdp_response_open(s, size);
	s->wr = p + size;
	return p;
}

#endif /* RDP_RDP_H */
