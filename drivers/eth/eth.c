/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Any ethdev: one that EAL has probed already, or one that it can probe now. */

#include <stdlib.h>

#include <rte_ethdev.h>

#include "controller.h"

static bool
port_number(const char *args, uint16_t *port_id)
{
	char *end;
	unsigned long n = strtoul(args, &end, 10);

	if (end == args || *end != '\0' || n >= RTE_MAX_ETHPORTS)
		return false;
	*port_id = n;
	return true;
}

static int
eth_attach(const struct port_conf *conf, const char *args, struct port *port)
{
	int ret = 0;

	if (port_number(args, &port->port_id))
		ret = rte_eth_dev_is_valid_port(port->port_id) ? 0 : -ENODEV;
	else if (rte_eth_dev_get_port_by_name(args, &port->port_id) != 0)
		ret = drv_dev_attach(port, args) == 0 ? 0 : -ENODEV;
	if (ret == 0)
		return rte_eth_dev_get_name_by_port(port->port_id, port->name);
	DRV_LOG(ERR,
		"%s: no such port among the %u that EAL knows; bind the device to vfio-pci "
		"(dpdk-devbind.py) and allow it (-a), or name a --vdev",
		port->spec, rte_eth_dev_count_total());
	return ret;
}

/* A device that was EAL's before stays on its bus; closing it frees what its queues hold. */
static void
eth_detach(struct port *port)
{
	if (port->attached)
		drv_dev_detach(port);
	else if (port->pool != NULL)
		rte_eth_dev_close(port->port_id);
}

const struct drv_controller drv_eth = {
	.name = "eth",
	.args = "PORT NUMBER, NAME or PCI ADDRESS",
	.hint = "look at cable, switch port and transceiver",
	.attach = eth_attach,
	.detach = eth_detach,
};
