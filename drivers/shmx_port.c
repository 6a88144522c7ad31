/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The public face of ports: a struct shmx_port is a struct port that programs cannot look into. */

#include <rte_errno.h>

#include "client/shmx_port.h"
#include "port.h"

#define NB_MBUFS 8192

static struct port *
inner(struct shmx_port *port)
{
	return (struct port *)port;
}

struct shmx_port *
shmx_port_open(const struct shmx_port_conf *conf)
{
	struct port_conf inner_conf = {
		.spec = conf->spec,
		.nb_queues = conf->nb_queues,
		.mtu = conf->mtu,
		.nb_mbufs = conf->nb_mbufs != 0 ? conf->nb_mbufs : NB_MBUFS,
		.pool = conf->pool,
		.socket_id = SOCKET_ID_ANY,
	};
	struct port *port;
	int ret = port_open(&inner_conf, &port);

	if (ret == 0)
		return (struct shmx_port *)port;
	rte_errno = -ret;
	return NULL;
}

int
shmx_port_link_wait(struct shmx_port *port, unsigned int timeout_ms)
{
	return port_link_wait(inner(port), timeout_ms);
}

void
shmx_port_close(struct shmx_port *port)
{
	port_close(inner(port));
}

uint16_t
shmx_port_id(const struct shmx_port *port)
{
	return ((const struct port *)port)->port_id;
}
