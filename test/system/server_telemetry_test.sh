#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Telemetry answers while a client works, its figures add up, and a capture sees the frames.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"

need_command python3
need_built apps/shmx-bench/shmx-bench
socket=$TMP/port.sock
eal_memory 256 2

# ask COMMAND...: the answers, as Python literals one a line.
ask() {
	python3 - "/var/run/dpdk/${ID}server/dpdk_telemetry.v2" "$@" <<-'END'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		s.connect(sys.argv[1])
		s.recv(1024)
		for command in sys.argv[2:]:
		    s.send(command.encode())
		    print(list(json.loads(s.recv(65536)).values())[0])
	END
}

# holds EXPRESSION COMMAND: with its answer as d, the Python expression is true, or soon will be.
holds() {
	local answer
	for _ in {1..20}; do
		answer=$(ask "$2")
		python3 -c 'import sys; d = eval(sys.argv[1]); sys.exit(not eval("(" + sys.argv[2] + ")"))' \
			"$answer" "$1" 2>/dev/null && return 0
		sleep 0.1
	done
	fail "$2 does not hold $1: $answer"
}

server_start server --port "vhost:iface=$socket" --ip 10.0.0.1/24 --pool main:32M:64M,quota=4M --node 9 \
	--stats-period 1
holds 'd["node"] == 9 and d["workers"] == 1 and d["endpoints"] == 1 and d["uptime_ns"] > 0 and
	d["first_pool_id"] == 513 and d["last_pool_id"] == 576' /shmx/info
holds 'd == [0]' /shmx/endpoints
holds 'd == [0]' /ethdev/list
holds 'd["sessions"] == {}' /shmx/sessions
holds 'd["513"]["name"] == "main" and d["513"]["size"] == 32 << 20 and d["513"]["used"] == 0' /shmx/pools
holds 'd["513"]["quota"] == 4 << 20 and d["513"]["grow_by"] == 0' /shmx/pools
holds 'd == {"pool": 513, "next": 0, "held": {}}' /shmx/held,513
holds 'len(d) == 1' /shmx/pools,513
holds 'd["ids"] == 65536 and d["reserved"] == 0 and d["waiting_calls"] == 0' /shmx/locks
holds 'd["open"] == 0 and d["sent"] == 0 and d["bytes_in_use"] == 0' /shmx/inboxes
holds 'd == {}' /shmx/pools,514
holds 'd is None' /shmx/endpoints,7
holds 'd is None' /shmx/sessions,7

BENCH_LIMIT=100 bench "$socket" --workload get --node 5 --seconds 90 >"$TMP/bench.log" 2>&1 &
client=$!
wait_log 20 server '[1-9][0-9]* ops/s.* 1 sessions'
holds 'd["sessions"]["0"]["peer"].startswith("10.0.0.2:") and d["sessions"]["0"]["node"] == 5 and
	d["sessions"]["0"]["state"] == "open" and d["next"] == 0' /shmx/sessions
holds 'd["sessions"] == {}' /shmx/sessions,0,100
holds 'd["0"]["ops"]["get"] > 0 and d["0"]["busy_cycles"] > 0 and d["0"]["bytes_read"] > 0' /shmx/workers
holds 'd["rx_frames"] > 0 and d["tx_frames"] > 0 and d["sessions_opened"] == 1' /shmx/endpoints,0
holds 'len(d) == 2' /shmx/pools
if [[ $HUGE ]]; then
	timeout -s INT 15 dpdk-dumpcap "--file-prefix=${ID}server" -i 0 -c 8 -w "$TMP/frames.pcapng" \
		>"$TMP/dumpcap.log" 2>&1 || fail "dpdk-dumpcap"
	[[ $(stat -c %s "$TMP/frames.pcapng") -gt 1000 ]] || fail "nothing was captured"
fi
pkill -INT -P "$client" || fail "the client is gone"
wait "$client" || fail "the client failed"
holds 'd["sessions"] == {}' /shmx/sessions
holds 'len(d) == 1' /shmx/pools
server_stop TERM

# More than one answer holds: it has all up to where the next goes on.
pools=()
for i in {10..49}; do
	pools+=(--pool "$(printf 'x%.0s' {1..61})$i:2M")
done
SERVER_LCORES="0@0,(1-20)@0" server_start server --port "vhost:iface=$socket" --ip 10.0.0.1/24 \
	--idle "sleep" "${pools[@]}"
holds 'list(d) == [str(i) for i in range(1, 25)]' /shmx/pools
holds 'list(d) == [str(i) for i in range(25, 41)]' /shmx/pools,25
holds 'list(d) == [str(i) for i in range(8)]' /shmx/workers
holds 'list(d) == [str(i) for i in range(16, 20)]' /shmx/workers,16
holds 'd == {}' /shmx/workers,20
for wrong in x 1x -1 4294967296; do
	holds 'd is None' /shmx/endpoints,$wrong
done
server_stop TERM
echo "telemetry${HUGE:+ and capture}"
