/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/** What a controller is made of, and what controllers share. For drivers/ only. */

#ifndef SHMX_DRIVERS_CONTROLLER_H
#define SHMX_DRIVERS_CONTROLLER_H

#include <errno.h>

#include <rte_ethdev.h>
#include <rte_log.h>

#include "port.h"

/** lib.shmx.port: follows lib.shmx unless it is set by itself. */
extern int drv_logtype;
#define DRV_LOG(level, ...)                                                                        \
	rte_log(RTE_LOG_##level, drv_logtype,                                                      \
		RTE_FMT("shmx: " RTE_FMT_HEAD(__VA_ARGS__, ) "\n", RTE_FMT_TAIL(__VA_ARGS__, )))

/** One kind of port. All calls come from the thread in port_open() or port_close(). */
struct drv_controller {
	const char *name;    /**< what stands before the colon of a spec */
	const char *args;    /**< what stands behind it, for messages */
	const char *hint;    /**< what to look at when the link stays down */
	uint32_t caps;       /**< PORT_CAP_* of every port of this kind */
	uint16_t nb_desc;    /**< descriptors when nobody asks; 0: what the device prefers */
	uint16_t pool_users; /**< ports that share one pool; 0 is taken as 1 */
	/** Frames sent after which the driver takes its buffers back, still warm from use; 0: when
	 * it sees fit, which for some is when the ring is nearly full. */
	uint16_t tx_reclaim;

	/** Make the ethdev exist: sets port_id, name, attached. Negative errno, logged. */
	int (*attach)(const struct port_conf *conf, const char *args, struct port *port);
	/** Change what port_open() made of the device's abilities. May be NULL. */
	void (*tune)(const struct port *port, const struct rte_eth_dev_info *info,
		struct rte_eth_conf *eth);
	/** After the start: last changes to mac, mtu, caps. Negative errno, logged. May be NULL. */
	int (*post_start)(struct port *port);
	/** Link state where the driver's word is not enough. May be NULL. */
	bool (*link_up)(const struct port *port);
	/** After the stop: undo attach. */
	void (*detach)(struct port *port);
};

/** Find by the part of a spec before its colon; NULL if there is none. */
const struct drv_controller *drv_controller_find(const char *name, size_t len);

/** The i-th, in an order that stays; NULL behind the last. */
const struct drv_controller *drv_controller_get(unsigned int i);

/** A default argument for a virtual device, used unless the spec says otherwise. */
struct drv_arg {
	const char *key;
	char value[24];
};

/**
 * Attach a virtual device with the arguments of the spec and the defaults it leaves open.
 *
 * @param driver    "net_vhost" …; a free device name is made from it
 * @param args      "k=v[,k=v]" from the spec, already checked by drv_args_value()
 * @param defaults  ends with a NULL key
 */
int drv_vdev_attach(
	struct port *port, const char *driver, const char *args, const struct drv_arg *defaults);

/** Attach the device "NAME[,k=v]" of any bus. */
int drv_dev_attach(struct port *port, const char *devargs);

/** Detach what the two above attached. */
void drv_dev_detach(struct port *port);

/**
 * Copy the value of a key out of "k=v[,k=v]".
 *
 * @return 0, -ENOENT without such a key, -EINVAL for text that is no list of k=v, -ENAMETOOLONG
 */
int drv_args_value(const char *args, const char *key, char *value, size_t size);

/** The same for a key that a controller cannot do without: says so in the log. */
int drv_args_required(
	const struct port *port, const char *args, const char *key, char *value, size_t size);

/** Whether somebody listens on a UNIX socket: 0, or negative errno of the attempt. */
int drv_socket_probe(const char *path);

/** Fail with a message unless a network interface of this name exists; its mtu on success. */
int drv_interface_check(const struct port *port, const char *iface);

extern const struct drv_controller drv_eth;
extern const struct drv_controller drv_vhost;
extern const struct drv_controller drv_virtio_user;
extern const struct drv_controller drv_af_packet;
extern const struct drv_controller drv_af_xdp;
extern const struct drv_controller drv_loopback;

#endif /* SHMX_DRIVERS_CONTROLLER_H */
