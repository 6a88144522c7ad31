#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Frames of 9000 bytes: puts and gets of 64 KiB are right, byte for byte, over packet sockets on a
# wire of that MTU, with IPv4 and IPv6, and over vhost. Larger than the interface's is refused.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"
. "$(dirname "$0")/netns_common.sh"

# bulk COMMAND...: puts and gets of 64 KiB, checked.
bulk() {
	local workload
	for workload in put get mix; do
		timeout -k 5 60 "$@" --quiet --mtu 9000 --workload "$workload" --size 64K --span 4M \
			--count 500 --window 16 --check >"$TMP/bulk.log" 2>&1 || fail "$workload"
	done
}

need_root
need_built apps/shmx-bench/shmx-bench
eal_memory 192 4
COMPUTE_NODES=1
LAN_MTU=9000
LAN_OPTIONS=(--mtu 9000)
for net in 10.0.0.:24 fd00:db8:::64; do
	LAN_NET=${net%:*} LAN_LEN=${net##*:}
	if [[ $LAN_NET == *:* ]]; then
		lan_server af_packet
	else
		lan af_packet
	fi
	grep -q 'shmx-server: ready' "$TMP/server.log" || fail "the server did not start"
	bulk ip netns exec "$ID-c1" "$BENCH" --lcores "0@(0-$all)" --no-pci "--file-prefix=${ID}n1" \
		"${EAL_MEMORY[@]}" -- --port af_packet:iface=eth --ip "${LAN_NET}11/$LAN_LEN" \
		--server "${LAN_NET}1" --node 11
	server_stop TERM
	echo "64 KiB at a time over ${LAN_NET}1"
done
in_ns c1 ip link set eth mtu 4000
! timeout 20 ip netns exec "$ID-c1" "$BENCH" --lcores "0@(0-$all)" --no-pci "--file-prefix=${ID}n1" \
	"${EAL_MEMORY[@]}" -- --port af_packet:iface=eth --mtu 9000 --ip 10.0.0.11 --server 10.0.0.1 \
	>"$TMP/refused.log" 2>&1 || fail "an MTU above the interface's was taken"
grep -q 'mtu 9000 refused: the interface has 4000' "$TMP/refused.log" || fail "no reason given"

spawn server "$SERVER" --lcores "0@(0-$all),1@(0-$all)" --no-pci "--file-prefix=${ID}server" \
	"${EAL_MEMORY[@]}" -- --idle sleep --port "vhost:iface=$TMP/v.sock" --mtu 9000 --ip 10.0.0.1 \
	--crc on
# shellcheck disable=SC2034,SC2154 # server_stop uses it
server_pid=$spawned
wait_for 30 server_up_or_gone server
bulk "$BENCH" --lcores "0@(0-$all)" --no-pci "--file-prefix=${ID}n1" "${EAL_MEMORY[@]}" -- \
	--port "virtio_user:path=$TMP/v.sock" --ip 10.0.0.11 --server 10.0.0.1 --node 11
server_stop TERM
echo "the same over vhost"
