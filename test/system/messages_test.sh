#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Whatever keeps a compute node from its memory is said in one line that tells what to do, with exit
# status 1, and leaves nothing behind. (Of the server: server_errors_test.sh.)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"

need_built apps/shmx-bench/shmx-bench apps/examples/shared_counter/shared_counter
counter=$BUILD/apps/examples/shared_counter/shared_counter
socket=$TMP/port.sock
eal=(--lcores "0@(0-$(($(nproc) - 1)))" --no-huge -m 256 --no-pci "--file-prefix=${ID}m" --log-level='*:error')
vport=(--port "virtio_user:path=$socket")
there=(--ip 10.0.0.2 --server 10.0.0.1 --node 2)
lines=0

# refused PATTERN PROGRAM OPTION...: ends with status 1 in time, and its last line is about PATTERN.
refused() {
	local pattern=$1 program=$2 status=0 last
	shift 2
	timeout -k 5 40 "$program" "$@" >"$TMP/refused.log" 2>&1 </dev/null || status=$?
	last=$(tail -n 1 "$TMP/refused.log")
	((status == 1)) || fail "exit status $status of: $program $*: $last"
	[[ $last =~ ^(shmx-bench|shared_counter):\  ]] || fail "the last line is not the program's: $last"
	[[ $last =~ $pattern ]] || fail "not about '$pattern': $last"
	lines=$((lines + 1))
}

nothing_left() {
	local left
	left=$(find "$TMP" -name "port.sock*" | grep -vx "$socket" || true)
	[[ -z $left ]] || fail "left behind: $left"
	left=$(find /dev/hugepages -name "${ID}m*" 2>/dev/null || true)
	[[ -z $left ]] || fail "left behind: $left"
}

refused 'frob' "$BENCH" "${eal[@]}" -- "${vport[@]}" "${there[@]}" --frob
refused 'workload' "$BENCH" "${eal[@]}" -- "${vport[@]}" "${there[@]}" --workload dance
refused 'size' "$BENCH" "${eal[@]}" -- "${vport[@]}" "${there[@]}" --workload faa --size 5
refused 'port' "$BENCH" "${eal[@]}" -- "${there[@]}"
refused 'server' "$BENCH" "${eal[@]}" -- "${vport[@]}" --ip 10.0.0.2
refused 'port|frob' "$counter" "${eal[@]}" -- --port frob:x "${there[@]}"

# Nobody has made the socket; somebody did, and went.
refused "$socket|start" "$BENCH" "${eal[@]}" -- "${vport[@]}" "${there[@]}"
refused "$socket|start" "$counter" "${eal[@]}" -- "${vport[@]}" "${there[@]}"
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$socket"
refused "$socket|start" "$BENCH" "${eal[@]}" -- "${vport[@]}" "${there[@]}"
refused "$socket|start" "$counter" "${eal[@]}" -- "${vport[@]}" "${there[@]}"
rm "$socket"
nothing_left

# There is a link, and nobody at that address; or nobody at that UDP port.
EAL_MEMORY=(--no-huge -m 256)
server_start server --port "vhost:iface=$socket" --ip 10.0.0.1/24 --pool main:16M
refused '10\.0\.0\.77' "$BENCH" "${eal[@]}" -- "${vport[@]}" --ip 10.0.0.2 --server 10.0.0.77
refused '10\.0\.0\.1' "$BENCH" "${eal[@]}" -- "${vport[@]}" --ip 10.0.0.2 --server 10.0.0.1:999
refused 'is shmx-server running' "$counter" "${eal[@]}" -- "${vport[@]}" --ip 10.0.0.2 \
	--server 10.0.0.77 --node 2
refused 'memory|grow|-m' "$BENCH" "${eal[@]}" -- "${vport[@]}" "${there[@]}" --span 1G
alive "$server_pid" || fail "the server died"
nothing_left
server_stop TERM

# A kernel interface that is not there, and without the right to use one that is.
refused 'nosuch' "$BENCH" "${eal[@]}" -- --port af_packet:iface=nosuch "${there[@]}"
refused 'nosuch' "$BENCH" "${eal[@]}" -- --port af_xdp:iface=nosuch "${there[@]}"
nothing_left
echo "$lines refusals, each with its reason"
