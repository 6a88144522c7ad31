/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/**
 * A port: what a controller gives the program, configured, started and ready to be polled.
 *
 * Opening and closing are slow control: they log, allocate, make system calls and belong to one
 * thread at a time (the main lcore). What they leave behind is a plain ethdev: the data path calls
 * rte_eth_rx_burst() and rte_eth_tx_burst() on port_id itself, one lcore per queue.
 */

#ifndef SHMX_DRIVERS_PORT_H
#define SHMX_DRIVERS_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mempool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct drv_controller;

/** The sender may leave the UDP checksum to the port: RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV4,
 * l2_len, l3_len, and the pseudo-header sum in the checksum field. */
#define PORT_CAP_TX_UDP_CKSUM (UINT32_C(1) << 0)
/** The sender may leave the IPv4 header checksum to the port: RTE_MBUF_F_TX_IP_CKSUM. */
#define PORT_CAP_TX_IPV4_CKSUM (UINT32_C(1) << 1)
/** Received frames tell in ol_flags whether their UDP checksum still has to be verified:
 * port_rx_cksum_verified(). */
#define PORT_CAP_RX_CKSUM (UINT32_C(1) << 2)
/** rte_eth_tx_prepare() must see a frame with offload flags before rte_eth_tx_burst() does. */
#define PORT_CAP_TX_PREPARE (UINT32_C(1) << 3)
/** The port is memory itself (vhost, virtio_user, loopback): what arrives is what was sent. */
#define PORT_CAP_MEMORY (UINT32_C(1) << 4)
/** Received frames are spread over the queues by a hash of the UDP tuple. Without it, frames sent
 * on queue n of a memory port arrive on queue n of the other end. */
#define PORT_CAP_RSS (UINT32_C(1) << 5)
/** A frame to send may be a chain of mbufs. */
#define PORT_CAP_TX_MULTI_SEGS (UINT32_C(1) << 6)
/** rte_eth_tx_burst() copies: it has read the frames that it took when it returns, by their virtual
 * addresses. A transmit callback that keeps a frame beyond that has to copy it. */
#define PORT_CAP_TX_COPIES (UINT32_C(1) << 7)
/** The port puts the tag in front of frames with RTE_MBUF_F_TX_VLAN and vlan_tci. */
#define PORT_CAP_TX_VLAN (UINT32_C(1) << 8)

#define PORT_SPEC_MAX 256

/** Ethernet groups that a port receives, at most. */
#define PORT_GROUPS_MAX 8

/** What is wanted; a zeroed one with spec and nb_queues = 1 is a good start. */
struct port_conf {
	const char *spec;         /**< "CONTROLLER:ARGUMENTS", see doc/drivers.md */
	uint16_t nb_queues;       /**< pairs of receive and transmit queue; 0 is taken as 1 */
	uint16_t nb_rxd, nb_txd;  /**< descriptors per queue; 0: what suits the driver */
	uint16_t mtu;             /**< bytes of IP packet; 0: what the device says */
	uint16_t vlan;            /**< frames will have tags of this id; 0: none */
	struct rte_mempool *pool; /**< for received frames, must outlive the port; NULL: own one */
	uint32_t nb_mbufs;        /**< mbufs the program itself holds, beside those in the rings */
	bool no_offload;          /**< all checksums in software */
	bool rx_intr;             /**< have receive interrupts ready, where the driver has them */
	int socket_id;            /**< for pool and rings; SOCKET_ID_ANY (-1): the device's own */
};

/** An open port. Constant while open, so every lcore may read it; only port_close() ends it. */
struct port {
	const struct drv_controller *ctl;
	uint16_t port_id;   /**< of the ethdev */
	uint16_t nb_queues; /**< exactly what was asked */
	uint16_t mtu;
	uint16_t nb_rxd, nb_txd; /**< as the device rounded them */
	uint32_t caps;           /**< PORT_CAP_* that are in force, not merely possible */
	struct rte_ether_addr mac;
	struct rte_mempool *pool; /**< mbufs of received frames; good for frames to send, too */

	/* What follows belongs to the controllers. */
	uint16_t real_mtu;  /**< largest, where the driver does not know; 0: as it says */
	uint16_t ring_size; /**< of the device, where its arguments give one; 0: as asked */
	uint8_t nb_groups;
	struct rte_ether_addr group[PORT_GROUPS_MAX]; /**< what port_group_join() was given */
	bool own_pool;                                /**< port_close() frees the pool */
	bool attached;                                /**< port_close() detaches the device */
	bool link_once;                               /**< a link that goes down never comes back */
	bool link_lost;                               /**< it did; written by port_link_up() */
	char name[64];                                /**< of the ethdev */
	char spec[PORT_SPEC_MAX];                     /**< as given, for messages */
	void *priv;                                   /**< the controller's own */
};

/**
 * Attach, configure and start a port.
 *
 * The link may still be down: see port_link_wait().
 *
 * @param conf  read during the call only
 * @param port  set on success only; the caller's until port_close()
 * @return 0, or a negative errno with one log line that says what to do:
 *   -EINVAL        a spec, queue count, descriptor count or mtu that cannot be
 *   -EPROTONOSUPPORT  no such controller
 *   -ENODEV        no such interface or device
 *   -ENOENT        nobody has made the socket yet
 *   -ECONNREFUSED  the socket is there but nobody listens
 *   -EADDRINUSE    someone else serves this socket, or is its client
 *   -EBUSY         this device is open already
 *   -EPERM         more privileges needed
 *   -ENOMEM        no memory for pool or rings
 *   or what the driver said.
 */
int port_open(const struct port_conf *conf, struct port **port);

/**
 * Stop the port and give back all that port_open() took.
 *
 * Nobody may poll it any more, and every mbuf of a pool that the port owns must be free or lost:
 * the pool goes, too. NULL is allowed.
 */
void port_close(struct port *port);

/**
 * Whether the link is up, without blocking. Any thread, one at a time; a call into the driver.
 *
 * A virtio_user port whose server has gone stays down for good: close it and open another.
 */
bool port_link_up(struct port *port);

/**
 * Receive what is sent to an Ethernet group, too, beside broadcasts. Once joined, a group stays
 * until the port is closed. Where a device cannot choose it receives all of them.
 *
 * @return 0, -ENOSPC, or what the driver said, with a log line.
 */
int port_group_join(struct port *port, const struct rte_ether_addr *group);

/**
 * Wait for the link.
 *
 * @return 0, -ETIMEDOUT after timeout_ms milliseconds (0: look once), or -ENOTCONN for a link that
 *   was lost for good; with a log line.
 */
int port_link_wait(struct port *port, unsigned int timeout_ms);

/** Mbufs in a pool that suits the port configuration; what port_open() makes when given none. */
struct rte_mempool *port_pool_create(const char *name, uint32_t nb_mbufs, uint16_t mtu, int socket);

/**
 * Whether the UDP checksum of a frame received on a port with PORT_CAP_RX_CKSUM was verified, or
 * the frame comes straight from the sender's memory with a checksum never completed.
 *
 * GOOD: the hardware verified it. NONE: a virtio peer left it to an offload; the field holds the
 * pseudo-header sum only, the data did not leave memory. UNKNOWN: verify in software. BAD: drop.
 */
#define port_rx_cksum_verified(ol_flags)                                                           \
	(((ol_flags)&RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD ||                \
		((ol_flags)&RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE)

/** Whether a frame to send may end in memory that changes once it is sent. */
static inline bool
port_tx_gather(const struct port *port)
{
	const uint32_t caps = PORT_CAP_TX_MULTI_SEGS | PORT_CAP_TX_COPIES;

	return (port->caps & caps) == caps;
}

#ifdef __cplusplus
}
#endif

#endif /* SHMX_DRIVERS_PORT_H */
