#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Hosts on one Ethernet that speak IPv6 only: processes of two compute nodes count in one word to the
# exact sum, while the kernel of a third resolves the memory node by neighbour discovery and pings it.
# The same over link-local addresses.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"
. "$(dirname "$0")/netns_common.sh"

need_root
need_built apps/shmx-bench/shmx-bench
eal_memory 128 4
LAN_NET=fd00:db8::
LAN_LEN=64
lan af_packet
grep -q 'shmx-server: ready' "$TMP/server.log" || fail "the server did not start"
pinged 10
in_ns kernel ip -6 neigh show "${LAN_NET}1" | grep -q lladdr || fail "the kernel has no neighbour"
echo "the memory node answers ping"
counters af_packet 2 20000
echo "two compute nodes count to 40000"
alive "$server_pid" || fail "the server died"
server_stop TERM
LAN_NET=fe80::db8:
LAN_LEN=10
lan_server af_packet
grep -q 'shmx-server: ready' "$TMP/server.log" || fail "the server did not start again"
in_ns kernel ip address add "${LAN_NET}9/$LAN_LEN" dev eth nodad
in_ns kernel ping -c 3 -i 0.05 -W 5 "${LAN_NET}1%eth" >"$TMP/ping.log" || fail "link-local ping"
counters af_packet 2 20000
echo "the same over link-local addresses"
alive "$server_pid" || fail "the server died"
server_stop TERM
