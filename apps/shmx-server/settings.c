/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stddef.h>
#include <string.h>

#include <rte_common.h>
#include <rte_string_fns.h>

#include "options.h"
#include "rdp/rdp.h"
#include "settings.h"
#include "sync/sync.h"

static const char *const idle_choices[] = {"poll", "pause", "sleep", "interrupt", NULL};
static const char *const crc_choices[] = {"auto", "on", "off", NULL};
static const char *const cc_choices[] = {"fixed", "swift", NULL};
static const char *const on_off_choices[] = {"off", "on", NULL};

#define SIZE_2M   (UINT64_C(2) << 20)
#define SIZE_4G   (UINT64_C(4) << 30)
#define SIZE_256T (UINT64_C(1) << 48)

#define SERVER(field) SCOPE_SERVER, PLACE_HELP, offsetof(struct options, field)
#define TUNING(field) SCOPE_SERVER, PLACE_CONFIG, offsetof(struct options, field)
#define PORT(field)   SCOPE_PORT, PLACE_HELP, offsetof(struct port_options, field)
#define POOL(field)   SCOPE_POOL, PLACE_CONFIG, offsetof(struct pool_options, field)
#define NUMBER(lo, hi)                                                                             \
	{                                                                                          \
		VALUE_NUMBER, lo, hi, NULL                                                         \
	}
#define POWER(lo, hi)                                                                              \
	{                                                                                          \
		VALUE_POWER, lo, hi, NULL                                                          \
	}
#define SIZE(lo, hi)                                                                               \
	{                                                                                          \
		VALUE_SIZE, lo, hi, NULL                                                           \
	}
#define CHOICE(names)                                                                              \
	{                                                                                          \
		VALUE_CHOICE, 0, 0, names                                                          \
	}
#define RANGE(lo, hi)                                                                              \
	{                                                                                          \
		VALUE_RANGE, lo, hi, NULL                                                          \
	}
#define OTHER(kind)                                                                                \
	{                                                                                          \
		kind, 0, OPTIONS_TEXT_MAX, NULL                                                    \
	}

/* clang-format off */
const struct setting settings[] = {
	{"eal", "options", NULL, "TEXT", TUNING(eal), OTHER(VALUE_TEXT), NULL,
		"EAL options, used when the command line has none"},

	{"server", "node", "node", "N", SERVER(node), NUMBER(1, 1023), "1",
		"id of this node"},
	{"server", "pool-ids", "pool-ids", "FIRST-LAST", SERVER(pool_ids), RANGE(1, 65535), NULL,
		"ids that pools get; default: 64 by node id"},
	{"server", "udp-port", "udp-port", "N", SERVER(udp_port), NUMBER(1, 65535), "51966",
		"UDP port to listen on"},
	{"server", "max-sessions", "max-sessions", "N", SERVER(max_sessions), NUMBER(1, 65534), "1024",
		"sessions a queue keeps"},
	{"server", "locks", "locks", "N", SERVER(locks), NUMBER(0, SYNC_LOCKS_MAX), "65536",
		"lock ids; 0: no locks"},
	{"server", "inboxes", "inboxes", "SIZE", SERVER(inboxes), SIZE(0, SIZE_4G), "16M",
		"bytes for messages that wait; 0: no inboxes"},
	{"server", "memory-dir", "memory-dir", "DIR", SERVER(memory_dir), OTHER(VALUE_PATH), NULL,
		"pools and locks outlive the server, in files there"},
	{"server", "max-sessions-per-source", "max-sessions-per-source", "N", TUNING(max_per_source),
		NUMBER(0, 65534), "0", "of these, from one address or IPv6 /64; 0: all"},
	{"server", "window", "window", "N", SERVER(window), POWER(8, 256), "128",
		"frames in flight a session"},
	{"server", "cc", "cc", "fixed|swift", SERVER(cc), CHOICE(cc_choices), "fixed",
		"congestion control of what is sent"},
	{"server", "crc", "crc", "auto|on|off", SERVER(crc), CHOICE(crc_choices), "auto",
		"CRC32C over frames; auto: not on memory ports"},
	{"server", "idle", "idle", "MODE", SERVER(idle), CHOICE(idle_choices), "poll",
		"of workers: poll, pause, sleep, interrupt"},
	{"server", "stats-period", "stats-period", "S", SERVER(stats_period), NUMBER(0, 86400), "0",
		"seconds between lines of figures; 0: none"},
	{"server", "coalesce", "coalesce", "on|off", TUNING(coalesce), CHOICE(on_off_choices), "on",
		"put many responses into one frame"},
	{"server", "idle-polls", "idle-polls", "N", TUNING(idle_polls), NUMBER(1, 100000000), "1000",
		"empty polls in a row before a worker is idle"},
	{"server", "idle-sleep-us", "idle-sleep-us", "N", TUNING(idle_sleep_us), NUMBER(1, 10000), "200",
		"longest sleep in mode sleep, microseconds; the first is 10"},
	{"server", "rto-min-us", "rto-min-us", "N", TUNING(rto_min_us), NUMBER(20, 1000000), "200",
		"floor of the retransmission time-out, microseconds"},
	{"server", "ack-delay-us", "ack-delay-us", "N", TUNING(ack_delay_us), NUMBER(1, 100000), "25",
		"how long an acknowledgement waits for company, microseconds"},
	{"server", "peer-timeout-ms", "peer-timeout-ms", "N", TUNING(peer_timeout_ms),
		NUMBER(10, 3600000), "2000",
		"silence after which a peer is down, milliseconds"},
	{"server", "cc-target-us", "cc-target-us", "N", TUNING(cc_target_us), NUMBER(1, 10000), "25",
		"delay by queues that swift lets be, microseconds"},
	{"server", "keepalive-ms", "keepalive-ms", "N", TUNING(keepalive_ms), NUMBER(1, 3600000), "1000",
		"idle time before a keep-alive, milliseconds"},
	{"server", "owner-grace", "owner-grace", "MS", TUNING(owner_grace_ms),
		NUMBER(1, 86400000), "5000",
		"without sessions, after which an owner is gone, milliseconds"},

	{"port", "spec", "port", "SPEC", PORT(spec), OTHER(VALUE_TEXT), NULL,
		"port to serve; once for each"},
	{"port", "ip", "ip", "ADDR[/LEN]", PORT(ip), OTHER(VALUE_PREFIX), NULL,
		"IPv4, IPv6 or both (A,B); one for all, or in order"},
	{"port", "gateway", "gateway", "ADDR", PORT(gateway), OTHER(VALUE_IP), NULL,
		"router to other subnets; A,B for both families"},
	{"port", "queues", "queues", "N", PORT(queues), NUMBER(1, 64), "1",
		"receive and transmit queues a port"},
	{"port", "mtu", "mtu", "N", PORT(mtu), NUMBER(0, 65535), "0",
		"bytes of the largest IP packet; 0: the device's"},
	{"port", "vlan", "vlan", "ID", PORT(vlan), NUMBER(0, RDP_VLAN_MAX), "0",
		"VLAN of all frames; 0: untagged"},
	{"port", "vlan-priority", "vlan-priority", "N", SCOPE_PORT, PLACE_CONFIG,
		offsetof(struct port_options, vlan_priority), NUMBER(0, 7), "0",
		"priority in the tags of frames sent"},
	{"port", "mbufs", "mbufs", "N", SCOPE_PORT, PLACE_CONFIG, offsetof(struct port_options, mbufs),
		NUMBER(1024, 4194304), "8192",
		"packet buffers beside those in the rings"},
	{"port", "fault", "fault", "SPEC", PORT(fault), OTHER(VALUE_FAULT), "off",
		"faults on purpose, for tests"},

	{"pool", "size", NULL, "SIZE", POOL(size), SIZE(SIZE_2M, SIZE_256T), NULL,
		"bytes at start, rounded up to 2M"},
	{"pool", "max-size", NULL, "SIZE", POOL(max_size), SIZE(0, SIZE_256T), "0",
		"bytes it may grow to; 0: no growth"},
	{"pool", "granule", NULL, "N", POOL(granule), POWER(64, 4096), "64",
		"bytes of the unit of ownership"},
	{"pool", "grow-below", NULL, "SIZE", POOL(grow_below), SIZE(0, SIZE_256T), "0",
		"grow by itself with less free; 0: not"},
	{"pool", "grow-by", NULL, "SIZE", POOL(grow_by), SIZE(0, SIZE_256T), "0",
		"by so much, up to max-size; rounded up to 2M"},
	{"pool", "shrink-above", NULL, "SIZE", POOL(shrink_above), SIZE(0, SIZE_256T), "0",
		"give back with more free, down to size; 0: not"},
	{"pool", "quota", NULL, "SIZE", POOL(quota), SIZE(0, SIZE_256T), "0",
		"bytes that one node may hold of it; 0: no limit"},
	{"pool", "nodes", NULL, "LIST", POOL(nodes), OTHER(VALUE_NODES), NULL,
		"nodes that may use it; default: all"},

	{"test", "drop", "drop", "PERCENT", SERVER(drop), OTHER(VALUE_PERCENT), "0",
		"lose this share of all frames, at random"},
	{"test", "drop-seed", "drop-seed", "N", TUNING(drop_seed), NUMBER(0, UINT32_MAX), "0",
		"of that randomness; 0: chosen at start"},
};
/* clang-format on */

const unsigned int nb_settings = RTE_DIM(settings);

const struct setting *
setting_find(const char *section, const char *key)
{
	for (unsigned int i = 0; i < nb_settings; i++)
		if (strcmp(settings[i].section, section) == 0 && strcmp(settings[i].key, key) == 0)
			return &settings[i];
	return NULL;
}

const struct setting *
setting_by_option(const char *option)
{
	for (unsigned int i = 0; i < nb_settings; i++)
		if (settings[i].option != NULL && strcmp(settings[i].option, option) == 0)
			return &settings[i];
	return NULL;
}

void
section_split(const char *section, char *kind, const char **name)
{
	size_t len = strcspn(section, " \t");

	strlcpy(kind, section, len + 1);
	*name = section + len + strspn(section + len, " \t");
}

bool
section_known(const char *section)
{
	char kind[OPTIONS_TEXT_MAX + 1];
	const char *name;

	if (strlen(section) >= sizeof(kind))
		return false;
	section_split(section, kind, &name);
	for (unsigned int i = 0; i < nb_settings; i++)
		if (strcmp(settings[i].section, kind) == 0)
			return (settings[i].scope == SCOPE_SERVER) == (name[0] == '\0');
	return false;
}
