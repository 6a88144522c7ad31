#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# doc/wireshark/shmx.lua names every field of doc/protocol.md: in a capture made for it, and in a
# real conversation over a wire, of which it must understand every frame.
. "$(dirname "$0")/lib.sh"
need_command tshark python3

DISSECTOR=$ROOT/doc/wireshark/shmx.lua

# read_frames CAPTURE OPTION...: tshark without its remark on root.
read_frames() {
	local capture=$1
	shift
	tshark -X "lua_script:$DISSECTOR" -r "$capture" "$@" 2>"$TMP/tshark.log"
	! grep -qi 'lua.*error\|error.*lua' "$TMP/tshark.log" || fail "$(grep -i lua "$TMP/tshark.log")"
}

# expect CAPTURE "N FILTER"...: so many frames fit each filter; + for any number but none. All of
# them in one reading: tshark takes its time to start.
expect() {
	local capture=$1 i frames want filters=() found
	shift
	for i; do
		filters+=("${i#* }")
	done
	mapfile -t found < <(read_frames "$capture" -q -z "io,stat,0$(printf ',%s' "${filters[@]}")" |
		awk -F'|' '/<>/ {for (i = 3; i < NF; i += 2) print $i + 0}')
	((${#found[@]} == $#)) || fail "tshark answers ${#found[@]} of $# filters"
	for ((i = 0; i < $#; i++)); do
		want=${*:i+1:1} want=${want%% *} frames=${found[i]}
		if [[ $want == + ]] && ((frames > 0)) || [[ $want == "$frames" ]]; then
			checks=$((checks + 1))
		else
			fail "${capture##*/}: $frames frames with ${filters[i]}, not $want"
		fi
	done
}

made() {
	local file=$TMP/made.pcap field fields=() names every
	python3 "$(dirname "$0")/dissector_frames.py" "$file"
	expect "$file" '18 shmx' '2 shmx && ipv6' '1 shmx.psn == 4711 && shmx.crc.status == "good"' '1 shmx.type == 5 && shmx.reason == 11' \
		'1 shmx.sack.count == 3 && shmx.sack.arrived == 101 && shmx.sack.arrived == 163' \
		'1 shmx.sack.arrived == 355' '1 shmx.pressure == 3' \
		'1 shmx.crc.status == "bad" && shmx.crc.bad' '15 shmx.crc.status == "good"' \
		'1 shmx.type == 2 && shmx.worker == 2 && shmx.crc' '1 shmx.type == 9 && shmx.crc' \
		'1 shmx.retransmission' '2 shmx.malformed' \
		'1 shmx.addr.pool == 2 && shmx.addr.offset == 0x1000 && shmx.name == "board"' \
		'1 shmx.flags.ordered == 1 && shmx.order == 1 && shmx.flags.retransmit == 1' \
		'1 shmx.compare == 1 && shmx.owner == 1' \
		'1 shmx.grow_below == 4096 && shmx.grow_by == 8192 && shmx.shrink_above == 16384 && shmx.quota == 777 && shmx.owner.node == 37' \
		'1 shmx.response == 1 && shmx.quota == 777 && shmx.held == 555 && shmx.pool.nodes == 3 && shmx.held == 64' \
		'1 shmx.shared == 1 && shmx.lock == 19 && shmx.timeout == 1000' \
		'1 shmx.token == 77 && shmx.died == 6 && shmx.lock.flags.died == 1' \
		'1 shmx.to == 1 && shmx.run == 4 && shmx.inbox.policy == 1 && shmx.consumed == 1040' \
		'1 shmx.ip == ::ffff:10.0.0.2 && shmx.udp_port == 4660 && shmx.sessions == 8 && shmx.count == 63' \
		'1 shmx.reached == 9 && shmx.message == 12' '1 shmx.line == 63' \
		'1 shmx.response == 1 && shmx.status == 8 && shmx.name == "main" && shmx.extents == 1'
	# Each operation is named both ways, an event twice one way, and no field is there for nothing.
	names=$(read_frames "$file" -Y 'frame.number == 6 || frame.number == 7' -O shmx -V |
		sed -n 's/^ *Record: \([A-Z_]*\).*/\1/p' | sort | uniq -c)
	every=$(sed -n 's/^\tWIRE_OP_\([A-Z_]*\) = .*/\1/p' "$ROOT/lib/wire/record.h" | wc -l)
	(($(grep -c '^ *2 ' <<<"$names") == every)) || fail "not every operation is named twice: $names"
	mapfile -t fields < <(sed -n 's/^field("\([^"]*\)".*/shmx.\1/p' "$DISSECTOR")
	read_frames "$file" -T fields "${fields[@]/#/-e}" -E separator='|' >"$TMP/columns"
	for field in "${!fields[@]}"; do
		cut -d'|' -f$((field + 1)) "$TMP/columns" | grep -q . || fail "${fields[field]} is in no frame"
		checks=$((checks + 1))
	done
}

# client PROGRAM OPTION...: run it at the client's end. Three times at most: where others have the
# cores for two seconds, it rightly takes the server for dead.
client() {
	local program=$1 name=${1##*/} try
	shift
	for try in 1 2 3; do
		! in_ns client timeout -k 5 40 "$BUILD/$program" "${eal[@]}" --lcores "0@($cores)" -- \
			--port af_packet:iface=c0 --ip 10.0.0.2 --server 10.0.0.1 --node 2 "$@" \
			>"$TMP/$name.log" 2>&1 || return 0
		echo "$name: try $try failed"
	done
	fail "$name"
}

# A server and two programs, each at an end of a wire, with CRC and some loss.
real() {
	local file=$TMP/real.pcap eal cores end captures=()
	need_command ip dumpcap mergecap
	need_built apps/shmx-server/shmx-server apps/shmx-bench/shmx-bench \
		apps/examples/shared_counter/shared_counter
	netns node client
	veth node n0 - client c0 -
	# On whatever core is free.
	cores=0-$(($(nproc) - 1))
	eal=(--no-huge --no-pci --no-telemetry --no-shconf -m 256)
	# Each end sees what comes: frames that af_packet sends pass no tap.
	for end in node:n0 client:c0; do
		spawn "${end%:*}-capture" ip netns exec "$ID-${end%:*}" \
			dumpcap -i "${end#*:}" -B 16 -f udp -w "$TMP/${end%:*}.pcap"
		captures+=("$spawned")
		wait_log 20 "${end%:*}-capture" '^File: '
	done
	spawn server ip netns exec "$ID-node" "$BUILD/apps/shmx-server/shmx-server" "${eal[@]}" \
		--lcores "0@($cores),1@($cores)" -- --port af_packet:iface=n0 --ip 10.0.0.1/24 \
		--idle sleep --peer-timeout-ms 20000
	wait_log 30 server 'shmx-server: ready'
	client apps/examples/shared_counter/shared_counter
	client apps/shmx-bench/shmx-bench --quiet --workload mix --span 64K --window 64 \
		--no-coalesce --count 2000 --drop 5
	kill -INT "${captures[@]}"
	for end in "${captures[@]}"; do
		wait_for 10 eval "! alive $end"
	done
	mergecap -w "$file" "$TMP/node.pcap" "$TMP/client.pcap"

	expect "$file" '+ shmx.type == 1 && shmx.node == 2' '+ shmx.type == 2 && shmx.cookie' \
		'+ shmx.type == 3 && shmx.cookie' '+ shmx.type == 4 && shmx.node == 1 && shmx.epoch' \
		'+ shmx.type == 9' '+ shmx.type == 10' '0 shmx.type != 0 && !shmx.crc' '+ shmx.retransmission' '+ shmx.sack.arrived' \
		'+ shmx.op == 24 && shmx.name == "shared_counter"' \
		'+ shmx.op == 16 && shmx.name == "board"' '+ shmx.op == 1 && shmx.response == 1' \
		'+ shmx.op == 2 && shmx.addr.pool' '+ shmx.op == 4 && shmx.operand == 1' \
		'+ shmx.op == 4 && shmx.value' '+ shmx.crc.status == "good"' \
		'0 shmx.crc.status == "bad"' '0 shmx.malformed' '0 udp.port == 51966 && !shmx'
}

checks=0
made
real
echo "$checks fields and filters"
