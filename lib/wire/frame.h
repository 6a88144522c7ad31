/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include <assert.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

/**
 * The frame: one UDP datagram. Layout, meaning and every rule stand in doc/protocol.md, section
 * "Frames"; this header is the only place in the code that knows the layout.
 *
 * All multi-byte fields are in network byte order.
 */

/** UDP port a memory node listens on unless told otherwise (IANA dynamic range). */
#define WIRE_UDP_PORT 51966

#define WIRE_VERSION 1

enum wire_type {
	WIRE_HELLO = 1,     /**< first message of a connection attempt; no state at the receiver */
	WIRE_CHALLENGE = 2, /**< the answer: a cookie that proves the source address */
	WIRE_CONNECT = 3,   /**< HELLO again, with the cookie */
	WIRE_ACCEPT = 4,    /**< the session exists; negotiated parameters */
	WIRE_REFUSE = 5,    /**< no session, and why */
	WIRE_DATA = 6,      /**< sequenced; zero or more records */
	WIRE_ACK = 7,       /**< not sequenced; acknowledgement only, perhaps selective */
	WIRE_RESET = 8,     /**< the addressed session does not exist here */
	WIRE_CLOSE = 9,     /**< orderly end; repeated until answered */
	WIRE_CLOSED = 10,   /**< answer to CLOSE */
};

/** Flags of struct wire_frame; the upper four bits carry receiver pressure, 0 to 15. */
#define WIRE_F_CRC          0x01u /**< the last four bytes are a CRC32C of the frame before them */
#define WIRE_F_SACK         0x02u /**< ACK only: a struct wire_sack follows the header */
#define WIRE_F_RETRANSMIT   0x04u /**< this frame was sent before under the same number */
#define WIRE_F_ORDERED      0x08u /**< DATA: after the records of all frames before this one */
#define WIRE_PRESSURE_SHIFT 4
#define WIRE_PRESSURE_FULL  15 /**< do not send requests for now */

/** Index that names no session: handshake messages before one exists. */
#define WIRE_SESSION_NONE 0xffffu

struct wire_frame {
	uint8_t version_type;  /**< version << 4 | enum wire_type */
	uint8_t flags;         /**< WIRE_F_*, pressure */
	rte_be16_t session;    /**< index of the session at the receiver */
	rte_be32_t dst_inc;    /**< incarnation of that session at the receiver */
	rte_be32_t src_inc;    /**< incarnation of the session at the sender */
	rte_be32_t psn;        /**< frame number; ACK: the next one the sender will use */
	rte_be32_t ack;        /**< all frames before this one have arrived */
	rte_be32_t ts;         /**< sender's clock, WIRE_TS_NS units, wraps */
	rte_be32_t echo;       /**< ts of the newest frame that arrived before this was sent */
	rte_be16_t echo_delay; /**< WIRE_TS_NS units between that arrival and this sending */
} __rte_packed __rte_aligned(2);

static_assert(sizeof(struct wire_frame) == 30, "frame header is part of the protocol");

/** Unit of the time stamps: 64 ns, so that 32 bits wrap after 4.6 minutes. */
#define WIRE_TS_SHIFT 6
#define WIRE_TS_NS    (1u << WIRE_TS_SHIFT)

/** Nodes have ids from 1 to this one. */
#define WIRE_NODE_MAX 1023

/** Frames a receive bitmap covers; no sender has more than this many unacknowledged. */
#define WIRE_WINDOW_MAX 256

/** Selective acknowledgement: bit i (LSB of word 0 first) says that frame ack + i has arrived. */
struct wire_sack {
	rte_be64_t bitmap[WIRE_WINDOW_MAX / 64];
} __rte_packed __rte_aligned(2);

static_assert(sizeof(struct wire_sack) == 32, "the bitmap covers the largest window");

/** Bodies of HELLO and CONNECT; `cookie` and `stamp` are zero in HELLO. */
struct wire_hello {
	uint8_t version_min, version_max;
	rte_be16_t session; /**< the sender's index of the session to be */
	rte_be16_t node;    /**< the sender's node id */
	rte_be16_t mtu;     /**< largest IP datagram the sender takes */
	rte_be16_t window;  /**< frames the sender keeps track of */
	rte_be16_t reserved;
	rte_be32_t features; /**< WIRE_FEATURE_* the sender wants and is able to use */
	rte_be64_t epoch;    /**< start of the sending process, ns of the wall clock */
	rte_be32_t stamp;    /**< copied from the CHALLENGE */
	rte_be64_t cookie;   /**< copied from the CHALLENGE */
} __rte_packed __rte_aligned(2);

static_assert(sizeof(struct wire_hello) == 36, "part of the protocol");

struct wire_challenge {
	rte_be32_t stamp;
	rte_be64_t cookie;
	rte_be16_t mtu; /**< largest IP datagram the sender takes */
} __rte_packed __rte_aligned(2);

static_assert(sizeof(struct wire_challenge) == 14, "part of the protocol");

/** What may follow it. */
struct wire_workers {
	uint8_t worker;  /**< that got the HELLO, from 1 on */
	uint8_t workers; /**< that share the port */
};

static_assert(sizeof(struct wire_workers) == 2, "part of the protocol");

/** Body of ACCEPT: what was agreed. */
struct wire_accept {
	uint8_t version;
	uint8_t worker;     /**< that has the session, from 1 on; 0: not told */
	rte_be16_t session; /**< the acceptor's index of the session */
	rte_be16_t node;
	rte_be16_t mtu;
	rte_be16_t window;
	rte_be32_t features;
	rte_be64_t epoch;
} __rte_packed __rte_aligned(2);

static_assert(sizeof(struct wire_accept) == 22, "part of the protocol");

/** Body of REFUSE. */
struct wire_refuse {
	uint8_t reason; /**< enum status */
	uint8_t reserved;
	uint8_t version_min, version_max;
} __rte_packed;

static_assert(sizeof(struct wire_refuse) == 4, "part of the protocol");

/** CRC32C over every DATA and ACK, both directions; other frames have one as their flag says. */
#define WIRE_FEATURE_CRC 0x1u

/** Everything in front of the first record on IPv4. */
struct wire_ipv4_hdrs {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
	struct wire_frame frame;
} __rte_packed __rte_aligned(2);

static_assert(sizeof(struct wire_ipv4_hdrs) == 72, "records start on an eight-byte boundary");

/** The same on IPv6. */
struct wire_ipv6_hdrs {
	struct rte_ether_hdr eth;
	struct rte_ipv6_hdr ip;
	struct rte_udp_hdr udp;
	rte_be32_t reserved; /**< so that it is a multiple of eight */
	struct wire_frame frame;
} __rte_packed __rte_aligned(2);

static_assert(sizeof(struct wire_ipv6_hdrs) == 96, "records start on an eight-byte boundary");

/** 802.1Q tag, behind the Ethernet addresses. */
#define WIRE_TAG_LEN 4

static_assert(RTE_PKTMBUF_HEADROOM % 8 == 0, "records start on an eight-byte boundary");

#define WIRE_CRC_LEN 4

static inline uint8_t
wire_version(const struct wire_frame *f)
{
	return f->version_type >> 4;
}

static inline uint8_t
wire_type(const struct wire_frame *f)
{
	return f->version_type & 0xf;
}

/** Serial number arithmetic (RFC 1982) on frame numbers: a < b. */
static inline int
wire_psn_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/** CRC32C (RFC 3720) of @p len bytes. */
uint32_t wire_crc32c(const void *data, uint32_t len);

#endif /* WIRE_FRAME_H */
