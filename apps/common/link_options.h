/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef COMMON_LINK_OPTIONS_H
#define COMMON_LINK_OPTIONS_H

/**
 * @file
 * What a client of a memory node has to be told: its port, its address and the memory node's.
 */

#include "option.h"

struct link_options {
	const char *port; /**< NULL: not given */
	uint32_t mtu;     /**< 0: what the device says */
	uint32_t vlan;    /**< 0: untagged */
	uint32_t vlan_priority;
	struct own_addr own;
	struct ip_addr gateway;    /**< all zero: none */
	struct server_addr server; /**< of the family of `own` */
	uint32_t node;             /**< 0: last number of the IP address */
};

/** --port, --mtu, --vlan, --vlan-priority, --ip, --gateway, --server, --node. */
extern const struct option_type link_option_types[];
extern const unsigned int link_option_nb;

/** Fill in what follows from others, and see whether all go together. @return 0, or -EINVAL after a
 * line. */
int link_options_check(struct link_options *o);

#endif /* COMMON_LINK_OPTIONS_H */
