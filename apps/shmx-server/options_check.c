/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include "mem/mem.h"
#include "options.h"
#include "rdp/rdp.h"

/* Of one family. */
static int
check_gateway(const struct port_options *port, const struct ip_prefix *ip,
	const struct ip_prefix *gateway, struct problem *p)
{
	unsigned int bits = ip_addr_is_v4(ip->addr) ? 96u + ip->len : ip->len;

	if (ip_addr_is_none(gateway->addr))
		return 0;
	if (ip_addr_is_none(ip->addr))
		return problem_set(p,
			"port %s has a gateway of a family that --ip has no address of",
			port->spec);
	if (ip->len == 0)
		return problem_set(p,
			"port %s has a gateway, but its address says no subnet: "
			"give --ip as ADDR/LEN",
			port->spec);
	if (!ip_addr_same_prefix(gateway->addr, ip->addr, bits) &&
		!ip_addr_is_link_local(gateway->addr))
		return problem_set(
			p, "port %s: the gateway is not in the subnet of --ip", port->spec);
	return 0;
}

static int
check_port(const struct port_options *port, struct problem *p)
{
	if (port->spec[0] == '\0')
		return problem_set(p,
			"[port %s] has no spec, such as spec = "
			"vhost:iface=/run/shmx.sock",
			port->label);
	if (ip_addr_is_none(port->ip.v4.addr) && ip_addr_is_none(port->ip.v6.addr))
		return problem_set(p, "port %s has no address: give --ip, such as --ip 10.0.0.1/24",
			port->spec);
	if (port->vlan == 0 && port->vlan_priority != 0)
		return problem_set(
			p, "port %s: a priority is part of a tag: give --vlan, too", port->spec);
	if (port->mtu != 0 && port->mtu < RDP_MTU_MIN)
		return problem_set(p, "port %s: an mtu of %u is too small, %u is the least",
			port->spec, port->mtu, RDP_MTU_MIN);
	if (check_gateway(port, &port->ip.v4, &port->gateway.v4, p) != 0)
		return -EINVAL;
	return check_gateway(port, &port->ip.v6, &port->gateway.v6, p);
}

static int
check_ports(const struct options *o, struct problem *p)
{
	unsigned int i, j;
	int ret = 0;

	if (o->nb_ports == 0)
		return problem_set(p, "no port to serve: give --port, such as --port "
				      "vhost:iface=/run/shmx.sock");
	for (i = 0; i < o->nb_ports && ret == 0; i++) {
		ret = check_port(&o->ports[i], p);
		for (j = 0; j < i && ret == 0; j++)
			if (strcmp(o->ports[i].spec, o->ports[j].spec) == 0)
				ret = problem_set(p, "port %s is given twice", o->ports[i].spec);
	}
	return ret;
}

static int
check_pool_policy(const struct pool_options *pool, struct problem *p)
{
	if ((pool->grow_below == 0) != (pool->grow_by == 0))
		return problem_set(p, "pool %s: grow-below and grow-by go together", pool->name);
	if (pool->grow_by != 0 && pool->max_size <= pool->size)
		return problem_set(
			p, "pool %s: grow-by needs a max-size above its size", pool->name);
	if (pool->shrink_above != 0 && pool->shrink_above < pool->grow_below + pool->grow_by)
		return problem_set(p,
			"pool %s: shrink-above is less than grow-below and grow-by together: it "
			"would take back what it has just got",
			pool->name);
	return 0;
}

static int
check_pools(const struct options *o, struct problem *p)
{
	unsigned int i, j;

	for (i = 0; i < o->nb_pools; i++) {
		const struct pool_options *pool = &o->pools[i];

		if (pool->size == 0)
			return problem_set(
				p, "[pool %s] has no size, such as size = 256M", pool->name);
		if (pool->max_size != 0 && pool->max_size < pool->size)
			return problem_set(
				p, "pool %s: it may grow to less than its size", pool->name);
		if (check_pool_policy(pool, p) != 0)
			return -EINVAL;
		for (j = 0; j < i; j++)
			if (strcmp(pool->name, o->pools[j].name) == 0)
				return problem_set(p, "pool %s is given twice", pool->name);
	}
	return 0;
}

struct number_range
options_pool_ids(const struct options *o)
{
	uint32_t first = mem_node_first_pool((uint16_t)o->node);

	if (o->pool_ids.first != 0)
		return o->pool_ids;
	return (struct number_range){first, first + MEM_NODE_POOLS - 1};
}

static int
check_pool_ids(const struct options *o, struct problem *p)
{
	struct number_range ids = options_pool_ids(o);
	uint32_t n = ids.last - ids.first + 1;

	if (n > OPTIONS_POOL_IDS_MAX)
		return problem_set(p, "pool-ids %u-%u are %u ids: %d are the most a node may have",
			ids.first, ids.last, n, OPTIONS_POOL_IDS_MAX);
	if (n < o->nb_pools)
		return problem_set(p, "%u pools at start, but pool-ids %u-%u has room for %u only",
			o->nb_pools, ids.first, ids.last, n);
	return 0;
}

static int
check_drop(const struct options *o, struct problem *p)
{
	for (unsigned int i = 0; i < o->nb_ports && o->drop > 0; i++)
		if (fault_spec_on(&o->ports[i].fault.dir[FAULT_RX]) ||
			fault_spec_on(&o->ports[i].fault.dir[FAULT_TX]))
			return problem_set(p,
				"--drop and --fault do not go together: write --fault "
				"drop=%g%%,...",
				o->drop);
	return 0;
}

int
options_check(const struct options *o, struct problem *p)
{
	int ret = check_ports(o, p);

	if (ret == 0)
		ret = check_pools(o, p);
	if (ret == 0)
		ret = check_pool_ids(o, p);
	if (ret == 0)
		ret = check_drop(o, p);
	if (ret == 0 && o->keepalive_ms >= o->peer_timeout_ms)
		ret = problem_set(p,
			"keepalive-ms (%u) has to be less than peer-timeout-ms (%u): "
			"an idle peer would be taken for dead",
			o->keepalive_ms, o->peer_timeout_ms);
	return ret;
}
