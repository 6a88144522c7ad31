/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

/**
 * @file
 * What the user wants, from defaults, file and command line, in this order: each overrides what
 * came before.
 */

#include <stdbool.h>
#include <stdint.h>

#include "fault/spec.h"
#include "../common/problem.h"
#include "value.h"

#define OPTIONS_PORTS_MAX 32
#define OPTIONS_POOLS_MAX 64
#define OPTIONS_TEXT_MAX  255 /* the longest value that rte_cfgfile keeps */
#define OPTIONS_NAME_MAX  63

/* A pool takes two memzones at least, and EAL has 2560 of them. */
#define OPTIONS_POOL_IDS_MAX 1024

/** Order of the choices in settings.c. */
enum idle_policy {
	IDLE_POLL,
	IDLE_PAUSE,
	IDLE_SLEEP,
	IDLE_INTERRUPT,
};

enum crc_policy {
	CRC_AUTO, /**< on, unless the port is memory itself */
	CRC_ON,
	CRC_OFF,
};

enum on_off {
	OFF,
	ON,
};

struct port_options {
	char label[OPTIONS_NAME_MAX + 1]; /**< in the file; empty from the command line */
	char spec[OPTIONS_TEXT_MAX + 1];
	struct ip_pair ip; /**< neither: not given yet */
	struct ip_pair gateway;
	uint32_t queues;
	uint32_t mtu;  /**< 0: what the device says */
	uint32_t vlan; /**< 0: untagged */
	uint32_t vlan_priority;
	uint32_t mbufs;
	struct fault_settings fault;
};

struct pool_options {
	char name[OPTIONS_NAME_MAX + 1];
	uint64_t size;
	uint64_t max_size; /**< 0: no growth */
	uint32_t granule;
	uint64_t grow_below; /**< 0: it does not grow by itself */
	uint64_t grow_by;
	uint64_t shrink_above;  /**< 0: it does not shrink by itself */
	uint64_t quota;         /**< bytes that one node may hold; 0: no limit */
	struct node_list nodes; /**< none: for all */
};

/** What the command line asked for beside serving. */
enum options_action {
	ACTION_SERVE,
	ACTION_HELP,
	ACTION_HELP_CONFIG,
	ACTION_HELP_EAL,
	ACTION_VERSION,
};

struct options {
	enum options_action action;
	bool interactive;
	char eal[OPTIONS_TEXT_MAX + 1]; /**< EAL options of the file; empty: none */
	uint32_t node;
	struct number_range pool_ids; /**< options_pool_ids() fills in the default */
	uint32_t udp_port;
	uint32_t max_sessions;
	/** Directory that keeps pools and locks; empty: they end with us. */
	char memory_dir[OPTIONS_TEXT_MAX + 1];
	uint32_t locks;          /**< ids; 0: none */
	uint64_t inboxes;        /**< bytes that messages share; 0: no inboxes */
	uint32_t max_per_source; /**< 0: no limit */
	uint32_t window;
	int cc;       /**< enum rdp_cc */
	int crc;      /**< enum crc_policy */
	int coalesce; /**< enum on_off */
	int idle;     /**< enum idle_policy */
	uint32_t idle_polls;
	uint32_t idle_sleep_us;
	uint32_t stats_period;
	uint32_t rto_min_us;
	uint32_t ack_delay_us;
	uint32_t peer_timeout_ms;
	uint32_t keepalive_ms;
	uint32_t owner_grace_ms;
	uint32_t cc_target_us;
	double drop;
	uint32_t drop_seed; /**< 0: chosen at start */
	unsigned int nb_ports;
	unsigned int nb_pools;
	struct port_options ports[OPTIONS_PORTS_MAX];
	struct pool_options pools[OPTIONS_POOLS_MAX];
};

/**
 * Read the program's own arguments, those behind `--`, and the file they name.
 * @param argv argv[0] is skipped
 * @return 0, or -EINVAL with a problem. When an action other than ACTION_SERVE is asked for, the
 *   rest is not read.
 */
int options_parse(struct options *o, int argc, char **argv, struct problem *p);

/** Defaults only. */
void options_init(struct options *o);

/** One more port or pool with its defaults; NULL with a problem when there are too many. */
struct port_options *options_add_port(struct options *o, const char *label, struct problem *p);
struct pool_options *options_add_pool(struct options *o, const char *name, struct problem *p);

/** The ids that pools get: those asked for, or those that belong to the node's id. */
struct number_range options_pool_ids(const struct options *o);

/** Whether all of it goes together. @return 0, or -EINVAL with a problem. */
int options_check(const struct options *o, struct problem *p);

#endif /* SERVER_OPTIONS_H */
