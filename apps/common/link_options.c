/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stddef.h>

#include <rte_common.h>

#include "fail.h"
#include "link_options.h"

#define AT(field) offsetof(struct link_options, field)

const struct option_type link_option_types[] = {
	{"port", OPTION_TEXT, AT(port)},
	{"mtu", OPTION_NUMBER, AT(mtu), 1280, 9000},
	{"vlan", OPTION_NUMBER, AT(vlan), 1, 4094},
	{"vlan-priority", OPTION_NUMBER, AT(vlan_priority), 0, 7},
	{"ip", OPTION_OWN, AT(own)},
	{"gateway", OPTION_ADDRESS, AT(gateway)},
	{"server", OPTION_SERVER, AT(server)},
	{"node", OPTION_NUMBER, AT(node), 1, 1023},
};

const unsigned int link_option_nb = RTE_DIM(link_option_types);

static int
check_addresses(const struct link_options *o)
{
	bool v4 = ip_addr_is_v4(o->own.ip);

	if (ip_addr_is_none(o->own.ip) || ip_addr_is_none(o->server.ip))
		return fail("--ip (ours) and --server (the memory node's) are needed, "
			    "for example --ip 10.0.0.2 --server 10.0.0.1");
	if (v4 != ip_addr_is_v4(o->server.ip))
		return fail("--ip and --server are of different families: give two of IPv4, or of "
			    "IPv6");
	if (!ip_addr_is_none(o->gateway) && v4 != ip_addr_is_v4(o->gateway))
		return fail("--gateway is not of the family of --ip");
	return 0;
}

int
link_options_check(struct link_options *o)
{
	int ret;

	if (o->node == 0)
		o->node = o->own.ip.byte[15];
	if (o->port == NULL)
		return fail("--port is missing, for example --port virtio_user:path=/run/x.sock");
	ret = check_addresses(o);
	if (ret < 0)
		return ret;
	if (o->node == 0)
		return fail("--node is missing, and --ip does not end in a number to take for it");
	if (o->vlan == 0 && o->vlan_priority != 0)
		return fail("--vlan-priority is part of a tag: give --vlan, too");
	return 0;
}
