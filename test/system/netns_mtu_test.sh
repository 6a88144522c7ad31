#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A wire between two bridges that carries less than the interfaces of the hosts: the session works with what
# passes, with IPv4 and IPv6, and says so; below 1280 bytes it says what to do. Nothing hangs.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"
. "$(dirname "$0")/netns_common.sh"

# node WORKLOAD...: a compute node.
node() {
	timeout -k 5 30 ip netns exec "$ID-c1" "$BENCH" --lcores "0@(0-$all)" --no-pci \
		"--file-prefix=${ID}n1" "${EAL_MEMORY[@]}" -- --port af_packet:iface=eth \
		--ip "${LAN_NET}11/$LAN_LEN" --server "${LAN_NET}1" --node 11 --quiet "$@" \
		>"$TMP/node.log" 2>&1
}

# two_bridges: the compute node on another bridge than the memory node, and a wire between them.
two_bridges() {
	in_ns switch ip link add br1 type bridge
	in_ns switch ip link add m0 type veth peer name m1
	in_ns switch ip link set m0 master br0
	in_ns switch ip link set m1 master br1
	in_ns switch ip link set s2 master br1
	for interface in br1 m0 m1; do
		in_ns switch ip link set "$interface" up
	done
}

# between MTU: what that wire carries.
between() {
	in_ns switch ip link set m0 mtu "$1"
	in_ns switch ip link set m1 mtu "$1"
}

need_root
need_built apps/shmx-bench/shmx-bench
eal_memory 128 3
# shellcheck disable=SC2034 # netns_common.sh reads it
COMPUTE_NODES=1
lan af_packet
grep -q 'shmx-server: ready' "$TMP/server.log" || fail "the server did not start"
two_bridges
for family in 4 6; do
	if ((family == 6)); then
		LAN_NET=fd00:db8:: LAN_LEN=64
		lan_server af_packet
	fi
	between 1500
	node --workload put --size 64K --span 1M --count 200 --check || fail "full size"
	! grep -q 'path to' "$TMP/node.log" || fail "a path of full size is called narrow"
	between 1400
	node --workload put --size 64K --span 1M --count 200 --check || fail "put of 64 KiB"
	grep -q 'carries packets of 1400 bytes only' "$TMP/node.log" || fail "nobody said so"
	node --workload get --size 64K --span 1M --count 200 --check || fail "get of 64 KiB"
	if ((family == 4)); then
		between 1000
		! node --workload get --count 1 || fail "connected though the path is too narrow"
		grep -q 'give all switches and tunnels between a larger MTU' "$TMP/node.log" ||
			fail "no reason given"
	fi
	server_stop TERM
	echo "IPv$family: works with 1400 of 1500 bytes"
done
