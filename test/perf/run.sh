#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# test/perf/run.sh [--seconds S] [--pairs N] [--only PATTERN] [--list] [--verbose]
# How fast, compared with a raw echo of frames and with others: one line a figure, "name value".
#	--seconds S     to measure each side of a pair (default 0.5)
#	--pairs N       pairs a figure, of which the median counts (default 7)
#	--only PATTERN  only figures whose name matches the extended regular expression
#	--list          only their names and what they are
#	--verbose       every pair, and where the cores were before it, on standard error
# A server on core 0, the measuring client on core 1, vhost-user between them. No figure passes or
# fails: the machine is shared. doc/bench.md says what they mean; the build is build/, or
# $SHMX_BUILD.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly build=${SHMX_BUILD:-build} mib=768 more_mib=256
seconds=0.5 pairs=7 only=. list='' verbose=''
while [[ $# -gt 0 ]]; do
	case $1 in
	--seconds | --pairs | --only)
		[[ $# -ge 2 ]] || { echo "run.sh: $1 needs a value" >&2 && exit 2; }
		declare "${1#--}=$2"
		shift
		;;
	--list) list=1 ;;
	--verbose) verbose=1 ;;
	*) sed -n '4,10s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
	esac
	shift
done

work=$(mktemp -d "${TMPDIR:-/tmp}/shmx-perf.XXXXXX")
readonly work prefix=shmx-perf$$
memory=() server_pid=''

# stop PID: a process of ours, however it takes it.
stop() {
	kill -CONT "$1" && kill -TERM "$1"
	for _ in {1..30}; do
		kill -0 "$1" || break
		sleep 0.1
	done
	kill -KILL "$1"
	wait "$1"
} 2>/dev/null

clean_up() {
	local status=$?
	trap - EXIT INT TERM HUP
	set +e
	[[ ! -s $work/other ]] || stop "$(<"$work/other")"
	[[ -z $server_pid ]] || stop "$server_pid"
	rm -rf "/var/run/dpdk/$prefix"*
	rm -f "/dev/hugepages/$prefix"*
	[[ ! -e $work/hugepages ]] || config/hugepages.sh --state "$work/hugepages" --release
	rm -rf "$work"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

die() {
	echo "run.sh: $*" >&2
	exit 1
}

say() {
	[[ -z $verbose ]] || echo "$*" >&2
}

program() {
	local path
	for path in "$build/apps/$1/$1" "$build/apps/$1"; do
		[[ -f $path && -x $path ]] && echo "$path" && return
	done
	die "$build/apps/$1 is not there: build first, or set SHMX_BUILD"
}

# ---- the memory node ----------------------------------------------------------------------

reserve_memory() {
	if [[ -x config/hugepages.sh ]] &&
		config/hugepages.sh --state "$work/hugepages" $(((mib + mib / 2 + more_mib) / 2)) 2>"$work/hugepages.log"; then
		memory=(--single-file-segments)
	else
		memory=(--no-huge)
		echo "run.sh: no hugepages, figures are somewhat lower" >&2
	fi
}

start_server() {
	"$server" --lcores '0@0,1@0' --no-pci "--file-prefix=${prefix}s" "${memory[@]}" -m $mib -- \
		--port "vhost:iface=$work/port.sock" --ip 10.0.0.1 --node 1 --max-sessions 10100 \
		>"$work/server.log" 2>&1 </dev/null &
	server_pid=$!
	for _ in {1..100}; do
		[[ ! -S $work/port.sock ]] || return 0
		kill -0 "$server_pid" 2>/dev/null || break
		sleep 0.1
	done
	tail -n 5 "$work/server.log" >&2
	die "shmx-server did not start"
}

# bench OPTIONS...: one JSON object on standard output.
bench() {
	timeout -k 5 600 "$bench" --lcores '1@1' --no-pci "--file-prefix=${prefix}c" "${memory[@]}" \
		-m $((mib / 2)) -- --port "virtio_user:path=${socket:-$work/port.sock}" --ip 10.0.0.2 \
		--server 10.0.0.1 --json --quiet "$@" 2>"$work/bench.log" ||
		{ grep '^shmx' "$work/bench.log" >&2 && return 1; }
}

# number KEY: the last value of a key in the JSON object on standard input.
number() {
	sed -n 's/.*"'"$1"'":\([-0-9.e+]*\).*/\1/p'
}

median() {
	sort -g | awk '{ v[NR] = $1 } END { print NR == 0 ? "failed" : NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# ratio A B: with three decimals.
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { if (a > 0 && b > 0) printf "%.3f\n", a / b; }'
}

# ---- figures against the baseline -----------------------------------------------------------

# pair OPTIONS...: the median of the ratios.
pair() {
	local json
	json=$(bench --pairs "$pairs" --seconds "$seconds" "$@") || { echo "failed" && return; }
	say "    $json"
	number median <<<"$json"
}

# pair_often OPTIONS...: of sides that are nearly the same. The machine's mood may change within a
# second: more pairs, and short ones.
pair_often() {
	pairs=$((4 * pairs)) seconds=0.1 pair "$@"
}

# beside EXTRA OPTIONS...: operations a second with the options EXTRA by those without, one after the
# other in each round. 10,000 idle sessions take 4 KiB each at either end: 40 MiB.
beside() {
	local round extra alone rate
	read -ra extra <<<"$1"
	shift
	for ((round = 1; round <= pairs; round++)); do
		alone=$(bench --seconds "$seconds" "$@" | number ops_per_second)
		rate=$(bench --seconds "$seconds" "$@" "${extra[@]}" | number ops_per_second)
		say "    round $round: alone $alone/s, ${extra[*]} $rate/s"
		ratio "${rate:-0}" "${alone:-0}"
	done | median
}

# That frames are counted and dropped in the client's port costs a little, with or without loss: one
# frame in ten million is lost in the baseline, and fault_layer_rate_vs_none tells that cost.
readonly lossless='drop=0.00001%'

lossy() {
	pair_often --workload get --baseline get --window full --fault "drop=$1" --baseline-fault "$lossless"
}

fault_layer() {
	pair_often --workload get --baseline get --window full --fault "$lossless" --baseline-fault off
}

idle() {
	beside '--idle-sessions 10000' --workload get --window full
}

flood() {
	pair_often --workload get --baseline get --window full --flood 1488095
}

# cores FIELD: where they are now: see cores.c. The memory node rests meanwhile.
cores() {
	others_begin
	"$build/test/perf/cores" | cut -d' ' -f"$1"
	others_end
}

# mean OPTIONS...: microseconds.
mean() {
	local round us
	for ((round = 1; round <= pairs; round++)); do
		us=$(bench --seconds "$seconds" "$@" | number avg)
		say "    round $round: $us us"
		echo "${us:-0}"
	done | median
}

# ---- figures against others: the memory node rests while they run ---------------------------

others_begin() {
	kill -STOP "$server_pid"
}

others_end() {
	kill -CONT "$server_pid"
}

# Their server in the background, one at a time; kept in a file, because this is a subshell.
other_start() {
	taskset -c 0 "$@" >/dev/null 2>&1 </dev/null &
	echo $! >"$work/other"
}

other_stop() {
	stop "$(<"$work/other")" || true
	rm -f "$work/other"
}

# bcast OPTIONS...: its receivers have a queue each, so it has a memory node of its own.
bcast() {
	others_begin
	other_start "$server" --lcores '0@0,1@0' --no-pci "--file-prefix=${prefix}m" "${memory[@]}" \
		-m $more_mib -- --port "vhost:iface=$work/many.sock" --queues 4 --ip 10.0.0.1 --node 1
	for _ in {1..100}; do
		[[ ! -S $work/many.sock ]] || break
		sleep 0.1
	done
	socket=$work/many.sock pair --workload bcast "$@"
	other_stop
	others_end
}

# ucx TEST: microseconds at the median, as ucx_perftest prints it.
ucx() {
	local port us
	for port in $((20000 + RANDOM % 10000)) $((20000 + RANDOM % 10000)); do
		other_start env UCX_TLS=tcp UCX_NET_DEVICES=lo ucx_perftest -p "$port"
		sleep 1
		us=$(taskset -c 1 timeout 60 env UCX_TLS=tcp UCX_NET_DEVICES=lo ucx_perftest 127.0.0.1 \
			-p "$port" -t "$1" -s 8 -w 1000 -n "$2" -f -v 2>/dev/null | tail -n 1 | cut -d, -f2)
		other_stop
		[[ ! $us =~ ^[0-9.]+$ ]] || { echo "$us" && return; }
	done
}

# The best that UCX has for reading or changing eight bytes elsewhere and knowing that it is done:
# get and fetch-add as they are, put_lat (half a round trip) twice.
ucx_best() {
	{
		ucx ucp_get 2000
		ucx ucp_fadd 20000
		ucx ucp_put_lat 20000 | awk '{ print 2 * $1 }'
	} | sort -g | head -n 1
}

get8_rtt_vs_ucx_tcp() {
	local round ours theirs
	command -v ucx_perftest >/dev/null || { echo "skipped (no ucx_perftest: install ucx-utils)" && return; }
	for round in 1 2 3; do
		ours=$(bench --workload get --seconds "$seconds" | number p50)
		others_begin
		theirs=$(ucx_best)
		others_end
		say "    round $round: get $ours us, UCX $theirs us"
		ratio "${ours:-0}" "${theirs:-0}"
	done | median
}

redis_start() {
	local port=$1
	other_start redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$work"
	for _ in {1..50}; do
		! redis-cli -p "$port" ping >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	return 1
}

# redis OPTIONS...: INCR a second.
redis() {
	local port=$((20000 + RANDOM % 10000)) rate=0
	if redis_start "$port"; then
		rate=$(taskset -c 1 timeout 60 redis-benchmark -p "$port" -t incr --csv "$@" 2>/dev/null |
			tail -n 1 | cut -d, -f2 | tr -d '"')
	fi
	other_stop
	echo "${rate:-0}"
}

# against_redis WINDOW REDIS-OPTIONS...: fetch-adds a second by INCR a second.
against_redis() {
	local window=$1 round ours theirs
	shift
	if ! command -v redis-benchmark >/dev/null || ! command -v redis-server >/dev/null; then
		echo "skipped (no redis-benchmark: install redis-server and redis-tools)"
		return
	fi
	for round in 1 2 3; do
		ours=$(bench --workload faa --window "$window" --seconds "$seconds" | number ops_per_second)
		others_begin
		theirs=$(redis "$@")
		others_end
		say "    round $round: faa $ours/s, INCR $theirs/s"
		ratio "${ours:-0}" "$theirs"
	done | median
}

# ---- the list: name, what it is, how it is made ----------------------------------------------

figures() {
	cat <<-'END'
		cores_line_ns|a cache line to the other core and back, just now|cores 1
		cores_both_vs_alone|work that both cores do at once, by twice that of one alone: 0.5 when they are threads of one|cores 2
		get8_rtt_vs_raw|median round trip of an 8-byte get by that of a 64-byte frame|pair --workload get --span 4096
		get8_rtt_64m_vs_raw|the same, anywhere in 64 MiB: the memory's own latency comes on top|pair --workload get
		get8_rate_vs_raw|8-byte gets a second by 64-byte frames a second|pair --workload get --window full
		get8_rate_nocoalesce_vs_raw|the same, one operation a frame|pair --workload get --window full --no-coalesce
		put8_rate_vs_get8|8-byte puts a second by gets|pair --workload put --window full --baseline get
		faa_rate_vs_get8|fetch-adds a second by 8-byte gets|pair --workload faa --window full --baseline get
		cas_rate_vs_get8|compare-and-swaps a second by 8-byte gets|pair --workload cas --window full --baseline get
		lock_rate_vs_get8|pairs of lock and unlock a second, nobody else wanting the lock, by 8-byte gets|pair --workload lock --window full --baseline get
		lock_handover_vs_raw|median time from the unlock of one to the grant of the next who waits, by that of a 64-byte frame|pair --workload lockn
		msg64_rate_vs_get8|64-byte messages a second, node to node through the memory node, by 8-byte gets|pair --workload msg --window full --baseline get
		msg64_rtt_vs_raw|median time of such a message by the round trip of a 64-byte frame|pair --workload msg
		signal_rate_vs_get8|signals a second, node to node, by 8-byte gets|pair --workload signal --window full --baseline get
		bcast3_rate_vs_msg64|64-byte messages a second to three nodes each, by messages to one|bcast --window full --baseline msg
		bcast3_rtt_vs_msg64|median time until all three have such a message, by that to one|bcast --baseline msg
		get1m_bw_vs_raw|bytes a second of 1 MiB gets by raw frames of the same size, one way|pair --workload get --window full --size 1M
		put1m_bw_vs_raw|the same of 1 MiB puts|pair --workload put --window full --size 1M
		loss1_rate_vs_lossless|8-byte gets a second with 1 % of the frames lost, either way, by those with none|lossy 1%
		loss01_rate_vs_lossless|the same with 0.1 %|lossy 0.1%
		fault_layer_rate_vs_none|8-byte gets a second with the layer that loses frames, but none lost, by without it|fault_layer
		get8_loss1_mean_us|mean round trip of an 8-byte get with 1 % lost, one outstanding, in us|mean --workload get --fault drop=1%
		idle10k_rate_vs_alone|8-byte gets a second beside 10,000 idle sessions by those without any|idle
		flood_rate_vs_alone|8-byte gets a second beside 1,488,095 spoofed handshakes a second (1 Gbit/s)|flood
		get8_rtt_beside_1m|median round trip of an 8-byte get beside 1 MiB puts of its session by alone|pair --workload get --baseline get --beside 1M
		get8_rtt_beside_1m_get|the same beside 1 MiB gets|pair --workload get --baseline get --beside 1M --beside-op get
		get8_rtt_vs_ucx_tcp|median round trip of an 8-byte get by the best of UCX over TCP|get8_rtt_vs_ucx_tcp
		faa_rate_vs_redis|fetch-adds a second by Redis INCR, 50 connections, 32 pipelined|against_redis full -c 50 -P 32 -n 500000
		faa1_rate_vs_redis|the same, one outstanding each|against_redis 1 -c 1 -n 20000
	END
}

if [[ $list ]]; then
	figures | awk -F'|' '{ printf "%-28s %s\n", $1, $2 }'
	exit 0
fi
server=$(program shmx-server)
bench=$(program shmx-bench)
readonly server bench
(($(nproc) >= 2)) || die "needs two cores: one for the server, one for the client"
reserve_memory
start_server
while IFS='|' read -r name _ command; do
	[[ $name =~ $only ]] || continue
	read -ra words <<<"$command"
	say "$name: $command; cores: $(cores 1,2)"
	echo "$name $("${words[@]}" </dev/null)"
done < <(figures)
