#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A wire between two namespaces: the kernel at one end, a port of each kind at the other. The
# kernel's ping has to find the port, and the port has to find the kernel.
. "$(dirname "$0")/lib.sh"
need_command ping
need_built test/system/ping_host
netns kernel port
veth kernel k0 10.77.0.1/24 port p0 -

# On whatever core is free.
cores=0@\(0-$(($(nproc) - 1))\)

mac() {
	in_ns "$1" cat "/sys/class/net/$2/address"
}

ping_port() { # KIND
	local kind=$1 host words
	# The kernel must learn from its own question, not from the port's.
	spawn "$kind" ip netns exec "$ID-port" "$BUILD/test/system/ping_host" --no-huge --no-pci \
		--no-shconf --no-telemetry --lcores "$cores" -m 128 --log-level='*:error' -- \
		"$kind:iface=p0" 10.77.0.2 24 10.77.0.1
	host=$spawned
	wait_for 30 eval "! alive $host || grep -q ^neighbour '$TMP/$kind.log'"
	if ! alive "$host"; then
		[[ $kind == af_packet ]] && fail "$kind: the host did not start"
		echo "$kind: not possible here: $(tail -n 1 "$TMP/$kind.log")"
		return
	fi
	grep -qi "^neighbour 10.77.0.1 $(mac kernel k0)" "$TMP/$kind.log" ||
		fail "$kind: the kernel was not found"

	in_ns kernel ip neigh flush dev k0
	in_ns kernel ping -c 20 -i 0.05 -W 5 10.77.0.2 >"$TMP/ping.log" || fail "$kind: ping"
	grep -q ' 20 received, 0% packet loss' "$TMP/ping.log" || fail "$kind: lost a ping"
	in_ns kernel ip neigh show 10.77.0.2 | grep -q "lladdr $(mac port p0) REACHABLE" ||
		fail "$kind: neighbour entry: $(in_ns kernel ip neigh show 10.77.0.2)"
	words=$(grep -o 'rtt.*' "$TMP/ping.log")
	in_ns kernel ping -c 5 -i 0.05 -W 5 -s 1472 -M "do" 10.77.0.2 >"$TMP/ping.log" ||
		fail "$kind: ping with the largest frame"
	in_ns kernel ping -c 1 -W 1 10.77.0.3 >"$TMP/ping.log" && fail "$kind: answers for others"

	kill "$host"
	wait_for 10 grep -q '^end' "$TMP/$kind.log"
	grep -q '^icmp_replied 25$' "$TMP/$kind.log" || fail "$kind: counts of pings"
	grep -q '^arp_replied ' "$TMP/$kind.log" || fail "$kind: counts of arp requests"
	echo "$kind: 25 of 25 pings answered: $words"
}

ping_port af_xdp
ping_port af_packet
