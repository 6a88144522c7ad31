#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Hosts on one Ethernet that send tagged frames: two compute nodes count in one word to the exact
# sum, over IPv4 and over IPv6. Nobody of another VLAN is answered, nor who sends no tag.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"
. "$(dirname "$0")/netns_common.sh"

# Nobody pings: the kernel may know no VLANs.
pinged() {
	:
}

# asks ID: whether the memory node answers an ARP request with this tag; 0 for none.
asks() {
	in_ns kernel timeout 10 python3 - "$1" <<'EOF'
import socket
import struct
import sys

tag = int(sys.argv[1])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("eth", 0))
own = s.getsockname()[4]
arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, own, bytes((10, 0, 0, 9)), bytes(6),
                  bytes((10, 0, 0, 1)))
s.send(b"\xff" * 6 + own + (struct.pack("!HH", 0x8100, tag) if tag else b"") + b"\x08\x06" + arp)
s.settimeout(0.5)
try:
    while True:
        f = s.recv(2048)
        # The kernel has taken the tag out.
        if f[:6] == own and f[12:14] == b"\x08\x06" and f[20:22] == b"\0\2":
            sys.exit(0)
except TimeoutError:
    sys.exit(1)
EOF
}

need_root
need_command python3
need_built apps/shmx-bench/shmx-bench
eal_memory 128 4
LAN_OPTIONS=(--vlan 7 --vlan-priority 5)
lan af_packet
grep -q 'shmx-server: ready' "$TMP/server.log" || fail "the server did not start"
counters af_packet 2 20000
asks 7 || fail "ARP in the VLAN is not answered"
! asks 8 || fail "ARP of VLAN 8 is answered"
! asks 0 || fail "ARP without a tag is answered"
LAN_OPTIONS=(--vlan 8)
! (counters af_packet 1 1) >"$TMP/other.log" 2>&1 || fail "a node of VLAN 8 got in"
grep -q 'no answer from 10.0.0.1' "$TMP/count1.log" || fail "no reason given"
LAN_OPTIONS=(--vlan 7 --vlan-priority 5)
server_stop TERM
echo "two compute nodes count to 40000 in a VLAN"
LAN_NET=fd00:db8::
LAN_LEN=64
lan_server af_packet
counters af_packet 2 20000
server_stop TERM
echo "the same over IPv6"
