#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# ping_test.sh PING_HOST KIND
# A veth pair between two namespaces: the kernel in one, a port of KIND (af_packet or af_xdp) in
# the other. The kernel's ping has to find it, and it has to find the kernel.
# Exit status 77: not possible here.
set -euo pipefail

host=$1 kind=$2
id=$$
kernel_ns=shmx_k$id port_ns=shmx_p$id
work=$(mktemp -d)
pid=

skip() { echo "skipped: $1"; exit 77; }
fail() {
	echo "failed: $1"
	sed 's/^/  host: /' "$work/log" 2>/dev/null | tail -20
	exit 1
}
cleanup() {
	[[ -z $pid ]] || kill "$pid" 2>/dev/null || true
	[[ -z $pid ]] || wait "$pid" 2>/dev/null || true
	ip netns del "$kernel_ns" 2>/dev/null || true
	ip netns del "$port_ns" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT

[[ $(id -u) == 0 ]] || skip "needs root for namespaces"
for tool in ip ping; do
	command -v $tool >/dev/null || skip "no $tool: install iproute2 and iputils-ping"
done
ip netns add "$kernel_ns" 2>/dev/null || skip "no network namespaces"
ip netns add "$port_ns"
ip -n "$kernel_ns" link add k0 type veth peer name p0 netns "$port_ns"
# The kernel on the port's side has to keep out of it: no address of its own, not even IPv6.
ip netns exec "$port_ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 2>/dev/null || true
ip -n "$kernel_ns" addr add 10.77.0.1/24 dev k0
ip -n "$kernel_ns" link set k0 up
ip -n "$port_ns" link set p0 up

ip netns exec "$port_ns" "$host" --no-huge --no-pci --no-shconf --no-telemetry -m 128 \
	--log-level='*:error' -- "$kind:iface=p0" 10.77.0.2 24 10.77.0.1 \
	>"$work/out" 2>"$work/log" &
pid=$!
for ((i = 0; i < 100; i++)); do
	grep -q ^ready "$work/out" && break
	if ! kill -0 $pid 2>/dev/null; then
		[[ $kind == af_xdp ]] && { tail -3 "$work/log"; skip "no af_xdp here"; }
		fail "the host did not start"
	fi
	sleep 0.1
done
grep -q ^ready "$work/out" || fail "no link"

# What our search for it taught the kernel must not spare it its own question.
ip -n "$kernel_ns" neigh flush dev k0
ip netns exec "$kernel_ns" ping -c 20 -i 0.05 -W 1 10.77.0.2 >"$work/ping" || fail "$(cat "$work/ping")"
grep -q ' 20 received, 0% packet loss' "$work/ping" || fail "$(cat "$work/ping")"
grep -q duplicates "$work/ping" && fail "answered twice: $(cat "$work/ping")"
ip netns exec "$kernel_ns" ping -c 5 -i 0.05 -W 1 -s 1472 -M do 10.77.0.2 >"$work/ping" ||
	fail "largest frame: $(cat "$work/ping")"

mac=$(ip -n "$port_ns" -o link show p0 | sed 's/.*link\/ether \([0-9a-f:]*\).*/\1/')
ip -n "$kernel_ns" neigh show 10.77.0.2 | grep -q "lladdr $mac REACHABLE" ||
	fail "neighbour entry: $(ip -n "$kernel_ns" neigh show 10.77.0.2)"
kernel_mac=$(ip -n "$kernel_ns" -o link show k0 | sed 's/.*link\/ether \([0-9a-f:]*\).*/\1/')
grep -qi "^neighbour 10.77.0.1 $kernel_mac" "$work/out" || fail "the kernel was not found"
# Nobody lives there: no answer, and the kernel gives up.
ip netns exec "$kernel_ns" ping -c 1 -W 1 10.77.0.3 >/dev/null && fail "answers for others"

kill "$pid"
wait "$pid" || fail "the host ended with $?"
pid=
grep -q '^icmp_replied 25$' "$work/out" || fail "counted: $(cat "$work/out")"
grep -q '^arp_replied ' "$work/out" || fail "counted: $(cat "$work/out")"
echo "$kind: 25 of 25 pings answered: $(grep -o 'rtt.*' "$work/ping" | tail -1)"
