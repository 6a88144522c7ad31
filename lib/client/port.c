/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_errno.h>
#include <rte_malloc.h>

#include "client/client_private.h"

#define QUEUES_MAX    64
#define MBUFS_DEFAULT 8192

struct shmx_port *
shmx_port_open(const struct shmx_port_conf *conf)
{
	struct port_conf pc = {.socket_id = SOCKET_ID_ANY};
	struct shmx_port *port;
	int ret;

	if (conf == NULL || conf->spec == NULL || conf->nb_queues > QUEUES_MAX ||
		conf->vlan > RDP_VLAN_MAX || conf->vlan_priority > 7) {
		rte_errno = EINVAL;
		return NULL;
	}
	port = rte_zmalloc("shmx_port", sizeof(*port), RTE_CACHE_LINE_SIZE);
	if (port == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	pc.spec = conf->spec;
	pc.nb_queues = conf->nb_queues != 0 ? conf->nb_queues : 1;
	pc.mtu = conf->mtu;
	pc.nb_mbufs = conf->nb_mbufs != 0 ? conf->nb_mbufs : MBUFS_DEFAULT;
	pc.pool = conf->pool;
	pc.vlan = conf->vlan;
	port->vlan = conf->vlan;
	port->vlan_priority = conf->vlan_priority;
	ret = port_open(&pc, &port->port);
	if (ret < 0) {
		rte_free(port);
		rte_errno = -ret;
		return NULL;
	}
	neigh_init(&port->neigh);
	clock_init_tsc(&port->clock);
	return port;
}

int
shmx_port_link_wait(struct shmx_port *port, unsigned int timeout_ms)
{
	return port != NULL ? port_link_wait(port->port, timeout_ms) : -EINVAL;
}

void
shmx_port_close(struct shmx_port *port)
{
	if (port == NULL)
		return;
	port_close(port->port);
	rte_free(port);
}

uint16_t
shmx_port_id(const struct shmx_port *port)
{
	return port->port->port_id;
}
