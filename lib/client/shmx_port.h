/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SHMX_PORT_H
#define SHMX_PORT_H

/**
 * @file
 * Ports: what an endpoint sends and receives on. All calls here are slow path, for the main
 * lcore, before and after the endpoints of the port live.
 */

#include <stdbool.h>
#include <stdint.h>

#include "shmx_api.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rte_mempool;
struct shmx_port;

/**
 * What to open: a controller, a colon, and its arguments.
 *
 * | spec                                   | port                                            |
 * |----------------------------------------|-------------------------------------------------|
 * | `eth:0`, `eth:0000:00:1f.6`, `eth:NAME` | any Ethernet device that EAL has probed         |
 * | `vhost:iface=/run/x.sock`              | serves one process or virtual machine           |
 * | `virtio_user:path=/run/x.sock`         | plugs into a vhost port of the same host        |
 * | `af_packet:iface=eth1`                 | a kernel interface, through packet sockets      |
 * | `af_xdp:iface=eth1`                    | a kernel interface, through AF_XDP              |
 * | `loopback:NAME`                        | one end of a pair inside this process           |
 */
struct shmx_port_conf {
	const char *spec;
	uint16_t nb_queues;       /**< pairs of receive and transmit queues; 0: 1 */
	uint16_t mtu;             /**< 0: what the device says */
	uint16_t vlan;            /**< id of the VLAN of all endpoints, 1 to 4094; 0: untagged */
	uint8_t vlan_priority;    /**< of frames sent, 0 to 7 */
	uint32_t nb_mbufs;        /**< buffers beside those in the rings; 0: 8192 */
	struct rte_mempool *pool; /**< NULL: the port makes its own */
};

/**
 * Attach, configure and start a port. The link need not be up yet.
 * @return NULL with rte_errno set: EINVAL; ENOMEM; EPROTONOSUPPORT there is no such kind of port;
 *   ENODEV no such device; ENOENT no such socket, or no folder for it; EBUSY the port, or both ends
 * of a loopback, are in use; ECONNREFUSED nobody serves that socket; EADDRINUSE somebody serves it;
 * EEXIST its name is that of another file; EPERM the rights for it are missing; ENAMETOOLONG; and
 * what the driver says. A line in the log says what to do.
 */
SHMX_API struct shmx_port *shmx_port_open(const struct shmx_port_conf *conf);

/**
 * Wait until the link is up; not at all with @p timeout_ms 0.
 * @return 0, -EINVAL, -ETIMEDOUT after @p timeout_ms, -ENOTCONN the other end has gone for good, as
 *   the server of a virtio_user port that has ended: destroy the endpoints, close the port and open
 *   it again.
 */
SHMX_API int shmx_port_link_wait(struct shmx_port *port, unsigned int timeout_ms);

/** Stop and detach; endpoints of the port must be gone. */
SHMX_API void shmx_port_close(struct shmx_port *port);

/** Ethernet device behind the port, for rte_eth_*() calls that do not touch its queues. */
SHMX_API uint16_t shmx_port_id(const struct shmx_port *port);

#ifdef __cplusplus
}
#endif

#endif /* SHMX_PORT_H */
