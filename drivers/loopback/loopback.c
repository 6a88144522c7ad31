/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Two ports in one process, joined by rings: what goes in at one end comes out at the other.
 *
 * A ring hands over the sender's own mbuf. A frame that the sender keeps for retransmission, or
 * that points into memory elsewhere, is therefore copied on arrival, as any wire would.
 */

#include <ctype.h>
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <rte_errno.h>
#include <rte_jhash.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "controller.h"

#define NAME_SIZE  13
#define MAX_QUEUES 16
#define NB_DESC    1024

typedef int (*from_rings_t)(const char *name, struct rte_ring *const rx[], unsigned int nb_rx,
	struct rte_ring *const tx[], unsigned int nb_tx, unsigned int socket_id);

struct pair {
	TAILQ_ENTRY(pair) next;
	char name[NAME_SIZE];
	uint16_t nb_queues;
	bool open[2];
	struct rte_ring *rings[2][MAX_QUEUES]; /* received by end a, by end b */
	const struct rte_eth_rxtx_callback *copiers[2][MAX_QUEUES];
	struct rte_mempool *pool; /* one for both: frames change hands */
	bool own_pool;
};

static TAILQ_HEAD(, pair) pairs = TAILQ_HEAD_INITIALIZER(pairs);

/* The ring driver is a plug-in that nobody may link: it is where EAL put it. */
static int
find_plugin(struct dl_phdr_info *info, size_t size, void *name)
{
	if (strstr(info->dlpi_name, "librte_net_ring.so") == NULL)
		return 0;
	*(const char **)name = info->dlpi_name;
	return 1;
}

static from_rings_t
from_rings_find(void)
{
	void *symbol = dlsym(RTLD_DEFAULT, "rte_eth_from_rings");
	const char *path = NULL;
	void *plugin;

	if (symbol != NULL || dl_iterate_phdr(find_plugin, &path) == 0)
		return (from_rings_t)symbol;
	plugin = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
	if (plugin == NULL)
		return NULL;
	symbol = dlsym(plugin, "rte_eth_from_rings");
	dlclose(plugin);
	return (from_rings_t)symbol;
}

static struct pair *
pair_find(const char *name)
{
	struct pair *pair;

	TAILQ_FOREACH (pair, &pairs, next)
		if (strcmp(pair->name, name) == 0)
			return pair;
	return NULL;
}

static void
ring_drain(struct rte_ring *ring)
{
	void *m;

	while (rte_ring_dequeue(ring, &m) == 0)
		rte_pktmbuf_free(m);
}

static void
pair_free(struct pair *pair)
{
	uint16_t i, q;

	for (i = 0; i < 2; i++)
		for (q = 0; q < pair->nb_queues && pair->rings[i][q] != NULL; q++) {
			ring_drain(pair->rings[i][q]);
			rte_ring_free(pair->rings[i][q]);
		}
	if (pair->own_pool)
		rte_mempool_free(pair->pool);
	free(pair);
}

static int
rings_create(struct pair *pair, const struct port_conf *conf)
{
	unsigned int size = conf->nb_rxd != 0 ? conf->nb_rxd : NB_DESC;
	char name[RTE_RING_NAMESIZE];
	uint16_t i, q;

	for (i = 0; i < 2; i++)
		for (q = 0; q < pair->nb_queues; q++) {
			snprintf(name, sizeof(name), "lo_%s_%c%u", pair->name, 'a' + i, q);
			pair->rings[i][q] = rte_ring_create(name, size, conf->socket_id,
				RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
			if (pair->rings[i][q] == NULL)
				return -rte_errno;
		}
	return 0;
}

static int
pair_create(
	const struct port_conf *conf, const struct port *port, const char *name, struct pair **out)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	int ret;

	if (pair == NULL)
		return -ENOMEM;
	snprintf(pair->name, sizeof(pair->name), "%s", name);
	pair->nb_queues = port->nb_queues;
	ret = rings_create(pair, conf);
	if (ret < 0) {
		DRV_LOG(ERR, "%s: no rings: %s", port->spec, rte_strerror(-ret));
		pair_free(pair);
		return ret;
	}
	TAILQ_INSERT_TAIL(&pairs, pair, next);
	*out = pair;
	return 0;
}

static int
name_check(const struct port *port, const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < len && isalnum((unsigned char)name[i]); i++)
		continue;
	if (i == len && len < NAME_SIZE && port->nb_queues <= MAX_QUEUES)
		return 0;
	DRV_LOG(ERR,
		"%s: a loopback has a name of 1 to %d letters and digits and at most %d "
		"queues",
		port->spec, NAME_SIZE - 1, MAX_QUEUES);
	return -EINVAL;
}

static int
pair_join(const struct port *port, const struct pair *pair)
{
	if (pair->open[0] && pair->open[1]) {
		DRV_LOG(ERR, "%s: both ends are in use", port->spec);
		return -EBUSY;
	}
	if (pair->nb_queues == port->nb_queues)
		return 0;
	DRV_LOG(ERR, "%s: the other end has %u queues, not %u", port->spec, pair->nb_queues,
		port->nb_queues);
	return -EINVAL;
}

static int
end_attach(const struct port_conf *conf, struct port *port, struct pair *pair, int end)
{
	from_rings_t from_rings = from_rings_find();
	char name[RTE_RING_NAMESIZE];
	int id;

	if (from_rings == NULL) {
		DRV_LOG(ERR, "%s: DPDK's net_ring driver is not loaded", port->spec);
		return -ENOTSUP;
	}
	snprintf(name, sizeof(name), "lo_%s_%c", pair->name, 'a' + end);
	id = from_rings(name, pair->rings[end], pair->nb_queues, pair->rings[!end], pair->nb_queues,
		RTE_MAX(conf->socket_id, 0));
	if (id < 0 || rte_eth_dev_get_name_by_port(id, port->name) != 0) {
		DRV_LOG(ERR, "%s: the ring driver refused it: %s", port->spec,
			rte_strerror(rte_errno));
		return -rte_errno;
	}
	port->port_id = id;
	port->attached = true;
	port->priv = pair;
	port->pool = conf->pool != NULL ? conf->pool : pair->pool;
	pair->open[end] = true;
	return 0;
}

static void
pair_leave(struct pair *pair)
{
	if (pair->open[0] || pair->open[1])
		return;
	TAILQ_REMOVE(&pairs, pair, next);
	pair_free(pair);
}

static int
loopback_attach(const struct port_conf *conf, const char *name, struct port *port)
{
	struct pair *pair;
	int ret = name_check(port, name);

	if (ret < 0)
		return ret;
	pair = pair_find(name);
	ret = pair != NULL ? pair_join(port, pair) : pair_create(conf, port, name, &pair);
	if (ret < 0)
		return ret;
	ret = end_attach(conf, port, pair, pair->open[0]);
	if (ret < 0)
		pair_leave(pair);
	return ret;
}

/* The mbuf as a wire would deliver it: the receiver's alone, and without the sender's flags. */
static struct rte_mbuf *
frame_received(struct rte_mbuf *m, struct rte_mempool *pool)
{
	struct rte_mbuf *copy = m;

	if (m->nb_segs != 1 || !RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1) {
		copy = rte_pktmbuf_copy(m, pool, 0, UINT32_MAX);
		rte_pktmbuf_free(m);
	}
	if (copy != NULL)
		copy->ol_flags = 0;
	return copy;
}

static uint16_t
on_receive(uint16_t port_id, uint16_t queue, struct rte_mbuf *pkts[], uint16_t nb_pkts,
	uint16_t max_pkts, void *pool)
{
	uint16_t i, n = 0;

	for (i = 0; i < nb_pkts; i++) {
		pkts[n] = frame_received(pkts[i], pool);
		if (pkts[n] == NULL)
			continue; /* lost, as on a port without buffers */
		pkts[n]->port = port_id;
		n++;
	}
	return n;
}

static int
end_of(const struct port *port)
{
	const char *name = port->name;

	return name[strlen(name) - 1] - 'a';
}

/* They belong to the port number: whoever gets it next would inherit them. */
static void
copiers_remove(const struct port *port, struct pair *pair, int end)
{
	uint16_t q;

	for (q = 0; q < pair->nb_queues && pair->copiers[end][q] != NULL; q++) {
		rte_eth_remove_rx_callback(port->port_id, q, pair->copiers[end][q]);
		/* Nobody polls this port any more. */
		rte_free((void *)(uintptr_t)pair->copiers[end][q]);
		pair->copiers[end][q] = NULL;
	}
}

static int
copiers_add(const struct port *port, struct pair *pair, int end)
{
	uint16_t q;

	for (q = 0; q < port->nb_queues; q++) {
		pair->copiers[end][q] = rte_eth_add_rx_callback(
			port->port_id, q, on_receive, port->pool);
		if (pair->copiers[end][q] == NULL) {
			DRV_LOG(ERR, "%s: no receive callback: %s", port->spec,
				rte_strerror(rte_errno));
			return -rte_errno;
		}
	}
	return 0;
}

static int
loopback_post_start(struct port *port)
{
	struct pair *pair = port->priv;
	uint32_t hash = rte_jhash(pair->name, strlen(pair->name), 0);
	int end = end_of(port);

	port->mac = (struct rte_ether_addr){{0x02, hash, hash >> 8, hash >> 16, hash >> 24, end}};
	if (pair->pool == NULL) {
		pair->pool = port->pool;
		pair->own_pool = port->own_pool;
		port->own_pool = false;
	}
	return copiers_add(port, pair, end);
}

static bool
loopback_link_up(const struct port *port)
{
	const struct pair *pair = port->priv;

	return pair->open[0] && pair->open[1];
}

static void
loopback_detach(struct port *port)
{
	struct pair *pair = port->priv;
	int end = end_of(port);
	uint16_t q;

	for (q = 0; q < pair->nb_queues; q++)
		ring_drain(pair->rings[end][q]);
	copiers_remove(port, pair, end);
	pair->open[end] = false;
	drv_dev_detach(port);
	pair_leave(pair);
}

const struct drv_controller drv_loopback = {
	.name = "loopback",
	.args = "NAME",
	.hint = "open the other end under the same name",
	.caps = PORT_CAP_MEMORY,
	.nb_desc = NB_DESC,
	.pool_users = 2,
	.attach = loopback_attach,
	.post_start = loopback_post_start,
	.link_up = loopback_link_up,
	.detach = loopback_detach,
};
