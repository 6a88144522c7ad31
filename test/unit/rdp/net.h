/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef NET_H
#define NET_H

/**
 * Endpoints in one process, joined by a network that the test owns: its time is virtual, and it
 * loses, doubles, delays, damages and cuts frames by script or by chance. Every frame that a node
 * sends is checked, and what a port has not let go of must not change.
 *
 * The records the nodes exchange are numbered, and a ledger holds that each takes effect once:
 * see node.h.
 */

#include <stdbool.h>
#include <stdint.h>

#include "rdp/rdp_private.h"

#define NET_NODES 6
#define NET_TYPES 16
#define NET_US    UINT64_C(1000)
#define NET_MS    UINT64_C(1000000)
#define NET_S     UINT64_C(1000000000)
#define NET_START (5 * NET_S)
#define NET_MTU   1500

/** Bytes of a frame on a link beside those of the mbuf: preamble, CRC, gap (IEEE 802.3). */
#define NET_WIRE_EXTRA 24

struct node;

/** A frame as it left a node. */
struct net_frame {
	uint64_t ns;
	uint64_t nth; /**< of its type from this node, counted from 0 */
	uint32_t psn, ack, ts, echo;
	uint32_t dst_inc, src_inc;
	uint16_t session;
	uint16_t echo_delay;
	uint16_t len; /**< all of it */
	uint8_t from; /**< index of the node */
	uint8_t type; /**< enum wire_type; 0: not shmx */
	uint8_t flags;
	bool dropped; /**< by the network */
	uint64_t sack[RDP_RING / 64];
};

/** What the network does to a frame. */
struct net_fate {
	bool drop;
	bool keep; /**< drop it, and store it in the jar */
	uint8_t copies;
	uint64_t delay_ns; /**< beside the link's own */
	uint16_t flips;    /**< bits turned over, anywhere */
	uint16_t cut;      /**< bytes missing at the end */
};

typedef void (*net_script_t)(void *ctx, const struct net_frame *f, struct net_fate *fate);

/** Chances, 0 to 1. */
struct net_chances {
	double drop, copy, delay, flip, cut;
	uint64_t delay_max_ns;
	uint16_t flips_max;
};

struct net_packet {
	struct net_packet *next;
	uint64_t due_ns;
	uint32_t len;
	uint8_t to;
	uint8_t bytes[] __rte_aligned(8);
};

/** What stands between a node and the wire. */
struct net_port {
	struct net *net;
	uint8_t index;
	uint16_t tx_most;              /**< frames one tx_burst() takes */
	uint16_t keeps;                /**< sent frames the port has not let go of */
	bool gathers;                  /**< takes frames in two pieces, for rdp_conf.tx_gather */
	bool strips;                   /**< takes tags out of what it receives */
	uint64_t rx_ol_flags;          /**< what the port says about received checksums */
	uint64_t count[NET_TYPES];     /**< frames sent, by type */
	uint64_t others;               /**< frames sent that are not shmx */
	uint32_t drop_next[NET_TYPES]; /**< so many more of a type are lost */
	uint32_t keep_next[NET_TYPES]; /**< these go into the jar */
	uint64_t free_ns;              /**< when the link has sent all that it was given */
	bool cut_off;                  /**< everything it sends is lost */
	struct net_packet *arriving;   /**< by due_ns */
	struct net_kept *kept_head, *kept_tail;
	uint16_t nb_kept;
};

/** What has turns on the network without being a node, at the port of its index. */
struct net_guest {
	void *ctx;
	void (*turn)(void *ctx); /**< NULL: nobody is there */
	/** Time at which it has to be polled again though nothing arrives; 0: as soon as can be. */
	uint64_t (*wake_ns)(void *ctx);
};

struct net {
	uint64_t now_ns;
	uint64_t seed;
	uint64_t random;
	uint64_t step_ns;    /**< between two turns of the nodes */
	uint64_t latency_ns; /**< one way */
	uint64_t gbps;       /**< of the link from each node to the others; 0: no limit */
	struct rte_mempool *wire;
	struct net_port port[NET_NODES];
	struct node *node[NET_NODES];
	struct net_guest guest[NET_NODES];
	net_script_t script;
	void *script_ctx;
	struct net_chances chances;
	struct net_frame *log; /**< everything that was sent, while `logging` */
	uint32_t nb_log, log_size;
	bool logging;
	struct net_packet *jar[16]; /**< kept for later */
	unsigned int nb_jar;
	unsigned int errors; /**< rules broken; each was printed */
	uint16_t vlan;       /**< of nodes started from now on; 0: none */
	bool v6;             /**< nodes started from now on have addresses of IPv6 alone */
	bool own_pool;       /**< receive into buffers of the node, not of the wire */
	uint64_t no_buffer;  /**< frames that found no buffer to be received into */
};

/** EAL without devices, hugepages or files. Once a program. @return 0 or negative. */
int net_eal_init(const char *name);

/** A network with no nodes yet; time starts at NET_START. */
struct net *net_create(void);

/**
 * The same network as new, for another run: time, chance, ports, log and counters start over, and
 * what was on its way is lost. Nodes must have been stopped; guests leave. `errors` stay.
 */
void net_reset(struct net *net, uint64_t seed);

/** Stop all nodes, free everything and assert that nothing is missing and no rule was broken. */
void net_free(struct net *net);

/** For struct rdp_conf. */
struct rdp_io net_io(struct net *net, unsigned int index);
struct clock net_clock(struct net *net);
rte_be32_t net_ip(unsigned int index);
struct ip_addr net_ip6(unsigned int index);

/** That of a node on this network, whichever it has. */
struct ip_addr net_addr(const struct net *net, unsigned int index);
struct rte_ether_addr net_mac(unsigned int index);

/** One turn of every node; then time goes on. */
void net_step(struct net *net);

/** Let time pass; skips over time in which nothing can happen. */
void net_run(struct net *net, uint64_t ns);

/** The same until @p done says so. @return whether it did within @p ns. */
bool net_run_until(struct net *net, bool (*done)(void *ctx), void *ctx, uint64_t ns);

/** Until nothing is on its way, unacknowledged or owed. @return whether within @p ns. */
bool net_run_quiet(struct net *net, uint64_t ns);

/** The port lets go of all that was sent. */
void net_release(struct net *net, unsigned int index);

/** A rule was broken. */
void net_error(struct net *net, const char *format, ...) __rte_format_printf(2, 3);

/* chance */
uint64_t net_dice(uint64_t *state);
uint64_t net_random(struct net *net);
uint32_t net_random_below(struct net *net, uint32_t n);
bool net_chance(struct net *net, double probability);

/** Deliver the frame of the jar to whom it was for, after the link's latency; it stays there. */
void net_replay(struct net *net, unsigned int i);

/** Put bytes on the wire to a node, as a stranger would. */
void net_inject(struct net *net, unsigned int to, const void *bytes, uint32_t len);

/** Put lengths, and checksums and CRC if it has one, of a frame right after it was changed. */
void net_repair(void *bytes, uint32_t len);

/** Frames of the log from a node that are of a type. */
unsigned int net_logged(const struct net *net, unsigned int from, uint8_t type);

/** DATA frames of the log from a node with one number. */
unsigned int net_logged_psn(const struct net *net, unsigned int from, uint32_t psn);

/** The @p nth frame of a type from a node in the log; NULL when there is none. */
const struct net_frame *net_find(
	const struct net *net, unsigned int from, uint8_t type, unsigned int nth);

/** Start the log anew. */
void net_log_clear(struct net *net);

#endif /* NET_H */
