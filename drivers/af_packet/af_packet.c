/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Any network interface of the kernel, through a packet socket. */

#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "controller.h"

/* Each frame takes a slot with 66 bytes of the kernel's before it, and has a header and a tag. */
#define SLOT_EXTRA 84

/* The driver wants no gap behind the slots of a block, and the kernel whole pages for one. */
#define SLOT_UNIT   128u
#define BLOCK_SLOTS 32u
static_assert(SLOT_UNIT * BLOCK_SLOTS == 4096, "a block is pages");

static int
mtu_check(const struct port_conf *conf, struct port *port, int mtu)
{
	if (mtu < 0)
		return mtu;
	port->mtu = RTE_MIN(mtu, RTE_ETHER_MTU);
	/* The driver says 1500 of every interface, but takes what fits its slots. */
	port->real_mtu = (uint16_t)RTE_MIN(mtu, UINT16_MAX);
	if (conf->mtu <= mtu)
		return 0;
	DRV_LOG(ERR, "%s: mtu %u refused: the interface has %d (change it with: ip link set mtu)",
		port->spec, conf->mtu, mtu);
	return -EINVAL;
}

/* Slots as small as will do, as many as fill the memory of 4096 slots of 2 KiB. The driver takes
 * none that hold more than a buffer of the pool. */
static void
ring_defaults(const struct port_conf *conf, const struct port *port, struct drv_arg *args)
{
	uint32_t mtu = conf->mtu != 0 ? conf->mtu : port->mtu;
	uint32_t slot = RTE_MAX(RTE_ALIGN_CEIL(mtu + SLOT_EXTRA, SLOT_UNIT), 2048u);
	uint32_t count = 4096 * 2048 / slot;

	snprintf(args[0].value, sizeof(args[0].value), "%u", port->nb_queues);
	snprintf(args[1].value, sizeof(args[1].value), "%u", slot * BLOCK_SLOTS);
	snprintf(args[2].value, sizeof(args[2].value), "%u", slot);
	snprintf(args[3].value, sizeof(args[3].value), "%u", count - count % BLOCK_SLOTS);
}

static int
af_packet_attach(const struct port_conf *conf, const char *args, struct port *port)
{
	struct drv_arg defaults[] = {
		{"qpairs", ""}, {"blocksz", ""}, {"framesz", ""}, {"framecnt", ""}, {NULL, ""}};
	char iface[IF_NAMESIZE];
	int ret = drv_args_required(port, args, "iface", iface, sizeof(iface));

	if (ret == 0)
		ret = mtu_check(conf, port, drv_interface_check(port, iface));
	if (ret < 0)
		return ret;
	ring_defaults(conf, port, defaults);
	ret = drv_vdev_attach(port, "net_af_packet", args, defaults);
	if (ret < 0 && geteuid() != 0)
		ret = -EPERM;
	if (ret < 0)
		DRV_LOG(ERR, "%s: no packet socket on %s: %s", port->spec, iface,
			ret == -EPERM ? "needs root or CAP_NET_RAW" : rte_strerror(-ret));
	return ret;
}

const struct drv_controller drv_af_packet = {
	.name = "af_packet",
	.args = "iface=INTERFACE[,k=v...]",
	.hint = "the interface or its other end is down (ip link set dev ... up)",
	.attach = af_packet_attach,
	.detach = drv_dev_detach,
};
