#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The helpers of lib.sh keep their word: frames cross the vhost link that vhost_link describes,
# namespaces reach each other over veth, and nothing is left over.
. "$(dirname "$0")/lib.sh"
need_command dpdk-testpmd
(($(nproc) > 1)) || skip "testpmd needs two cores"

eal_memory 256 2
# testpmd wants a core for its main thread beside the one that forwards.
export SERVER_LCORES=0,1 CLIENT_LCORES=0,1
vhost_link 1
pmd=(--total-num-mbufs=8192 --stats-period=1 --auto-start)
spawn server dpdk-testpmd "${SERVER_EAL[@]}" -- "${pmd[@]}" --forward-mode=rxonly
server=$spawned
wait_for 30 test -S "$TMP/vhost1.sock"
# shellcheck disable=SC2154 # set by vhost_link
spawn client dpdk-testpmd "${CLIENT_EAL_1[@]}" -- "${pmd[@]}" --forward-mode=txonly
wait_log 30 server 'RX-packets: [1-9]'
alive "$server" || fail "the server died"
echo "frames cross the vhost link${HUGE:+, on hugepages}"

if ((EUID == 0)); then
	netns a b
	veth a va 10.99.0.1/24 b vb 10.99.0.2/24
	in_ns b python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.99.0.2", 9)); s.settimeout(20)
print(s.recv(9))' >"$TMP/received" &
	wait_for 10 in_ns a python3 -c 'import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", ("10.99.0.2", 9))
raise SystemExit(b"hello" not in open("'"$TMP"'/received", "rb").read())'
	echo "namespaces reach each other"
fi
