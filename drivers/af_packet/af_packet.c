/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Any network interface of the kernel, through a packet socket. */

#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "controller.h"

/* Each frame takes a slot with some 66 bytes of the kernel's before it. */
#define SLOT_EXTRA 128

static int
mtu_check(const struct port_conf *conf, struct port *port, int mtu)
{
	if (mtu < 0)
		return mtu;
	port->mtu = RTE_MIN(mtu, RTE_ETHER_MTU);
	if (conf->mtu <= port->mtu)
		return 0;
	DRV_LOG(ERR, "%s: mtu %u refused: the interface has %u (change it with: ip link set mtu)",
		port->spec, conf->mtu, port->mtu);
	return -EINVAL;
}

/* Slots as small as will do, as many as fill the memory of 4096 slots of 2 KiB. */
static void
ring_defaults(const struct port_conf *conf, const struct port *port, struct drv_arg *args)
{
	uint32_t mtu = conf->mtu != 0 ? conf->mtu : port->mtu;
	uint32_t slot = rte_align32pow2(RTE_MAX(mtu + SLOT_EXTRA, 2048u));

	snprintf(args[0].value, sizeof(args[0].value), "%u", port->nb_queues);
	snprintf(args[1].value, sizeof(args[1].value), "%u", RTE_MAX(slot, 65536u));
	snprintf(args[2].value, sizeof(args[2].value), "%u", slot);
	snprintf(args[3].value, sizeof(args[3].value), "%u", RTE_MAX(4096 * 2048 / slot, 64u));
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
