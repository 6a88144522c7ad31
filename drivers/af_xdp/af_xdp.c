/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Any network interface of the kernel, through an XDP socket. */

#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "controller.h"

static int
af_xdp_attach(const struct port_conf *conf, const char *args, struct port *port)
{
	struct drv_arg defaults[] = {{"start_queue", "0"}, {"queue_count", ""}, {NULL, ""}};
	char iface[IF_NAMESIZE];
	int ret = drv_args_required(port, args, "iface", iface, sizeof(iface));

	if (ret == 0)
		ret = drv_interface_check(port, iface);
	if (ret < 0)
		return ret;
	port->mtu = RTE_MIN(ret, RTE_ETHER_MTU);
	snprintf(defaults[1].value, sizeof(defaults[1].value), "%u", port->nb_queues);
	ret = drv_vdev_attach(port, "net_af_xdp", args, defaults);
	if (ret < 0 && geteuid() != 0)
		ret = -EPERM;
	if (ret < 0)
		DRV_LOG(ERR, "%s: no XDP socket on %s: %s", port->spec, iface,
			ret == -EPERM ? "needs root or CAP_NET_ADMIN and CAP_BPF"
				      : rte_strerror(-ret));
	return ret;
}

const struct drv_controller drv_af_xdp = {
	.name = "af_xdp",
	.args = "iface=INTERFACE[,start_queue=N][,k=v...]",
	.hint = "the interface or its other end is down (ip link set dev ... up)",
	.attach = af_xdp_attach,
	.detach = drv_dev_detach,
};
