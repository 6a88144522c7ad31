#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# quickstart.sh [--build-only] [--no-huge]
# From a fresh clone to a memory node and clients that use it: installs what is missing, builds
# into build/, starts a server with two vhost ports, runs an example on each of them and a short
# benchmark, and takes everything away again but the packages and the build.
#	--build-only  stop after the build
#	--no-huge     as on a machine without hugepages
set -euo pipefail
cd "$(dirname "$0")/.."

readonly server_mib=384 client_mib=256 ports=2 prefix=shmx-quick$$
readonly server=apps/shmx-server/shmx-server bench=apps/shmx-bench/shmx-bench
readonly demo=apps/examples/shared_counter/shared_counter
begin=$SECONDS
run=$(mktemp -d "${TMPDIR:-/tmp}/shmx-quick.XXXXXX")
state=$run/hugepages
server_pid='' client_pid='' step=''
memory=()

say() {
	step=$*
	printf '\n== %s (%d s)\n' "$*" $((SECONDS - begin))
}

die() {
	echo "quickstart.sh: $*" >&2
	exit 1
}

# stop PID: however it takes it.
stop() {
	kill -TERM "$1"
	for _ in {1..50}; do
		kill -0 "$1" || break
		sleep 0.1
	done
	kill -KILL "$1"
	wait "$1"
} 2>/dev/null

clean_up() {
	local status=$? log
	trap '' INT TERM HUP
	trap - EXIT
	set +e
	[[ -z $client_pid ]] || stop "$client_pid"
	[[ -z $server_pid ]] || stop "$server_pid"
	if ((status != 0 && status < 128)); then
		for log in server client; do
			[[ -s $run/$log.log ]] || continue
			echo "--- $log, last lines" >&2
			tail -n 20 "$run/$log.log" >&2
		done
	fi
	rm -rf "/var/run/dpdk/$prefix"* "${XDG_RUNTIME_DIR:-/tmp}/dpdk/$prefix"*
	rm -f "/dev/hugepages/$prefix"*
	[[ ! -e $state ]] || config/hugepages.sh --state "$state" --release
	rm -rf "$run"
	((status == 0)) || echo "quickstart.sh: not finished: ${step:-start}" >&2
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# What is needed below, and no more: the tests and the reference take as long again.
build() {
	[[ -f build/build.ninja ]] || meson setup build >"$run/build.log" 2>&1 ||
		{ tail -n 30 "$run/build.log" && die "could not configure the build"; }
	ninja -C build "$server" "$bench" "$demo" >"$run/build.log" 2>&1 ||
		{ tail -n 60 "$run/build.log" && die "the build failed"; }
	tail -n 1 "$run/build.log" | cut -c1-100
}

# Hugepages for the server and one client at a time.
reserve_memory() {
	local pages=$(((server_mib + client_mib) / 2 + 16))
	if [[ $no_huge ]]; then
		echo "without hugepages, as asked"
	elif config/hugepages.sh --state "$state" $pages 2>"$run/hugepages.log"; then
		memory=(--single-file-segments)
		echo "$pages pages of 2 MiB are there"
		return
	else
		sed 's/^/  /' "$run/hugepages.log"
		echo "going on without hugepages: everything works, somewhat slower"
	fi
	memory=(--no-huge)
}

# Cores this process may use, one a line.
cores() {
	awk '/^Cpus_allowed_list:/ {
		n = split($2, part, ",")
		for (i = 1; i <= n; i++) {
			if (split(part[i], end, "-") == 1)
				end[2] = end[1]
			for (core = end[1]; core <= end[2]; core++)
				print core
		}
	}' /proc/self/status
}

server_up_or_gone() {
	! kill -0 "$server_pid" 2>/dev/null || grep -qs 'shmx-server: ready' "$run/server.log"
}

# The main lcore sleeps most of the time, so it can share a core with the worker. Where the client
# has to share it, too, the worker gives it up when nothing comes.
start_server() {
	local i port_options=() idle=poll end=$((SECONDS + 20))
	((server_core != client_core)) || idle="sleep"
	for ((i = 1; i <= ports; i++)); do
		port_options+=(--port "vhost:iface=$run/port$i.sock")
	done
	"build/$server" --lcores "0@$server_core,1@$server_core" --no-pci \
		"--file-prefix=${prefix}s" "${memory[@]}" -m $server_mib -- \
		"${port_options[@]}" --ip 10.0.0.1/24 --idle $idle >"$run/server.log" 2>&1 </dev/null &
	server_pid=$!
	until server_up_or_gone; do
		((SECONDS < end)) || die "the memory node was not ready within 20 s"
		sleep 0.05
	done
	grep 'shmx-server: ready' "$run/server.log" || die "the memory node did not start"
}

# client PORT PROGRAM OPTION...: run one to its end. In the background, so that an interrupt is
# noticed at once.
client() {
	local port=$1 program=$2 status=0
	shift 2
	timeout -k 5 60 "build/$program" --lcores "0@$client_core" --no-pci \
		"--file-prefix=${prefix}c" "${memory[@]}" -m $client_mib -- \
		--port "virtio_user:path=$run/port$port.sock" --ip "10.0.0.$((port + 1))" \
		--server 10.0.0.1 --node $((port + 1)) "$@" 2>"$run/client.log" </dev/null &
	client_pid=$!
	wait $client_pid || status=$?
	client_pid=''
	((status != 0)) || return 0
	((status != 124)) || status="no end within 60 s"
	echo "quickstart.sh: ${program##*/} failed: ${status/#[0-9]/exit status &}" >&2
	return 1
}

# measure WORKLOAD OPTION...: a second time where others kept the server from its core so long that
# the client took it for dead.
measure() {
	local options=(--json --quiet --warmup 0.1 --workload "$@")
	client 1 "$bench" "${options[@]}" >"$run/figure" || client 1 "$bench" "${options[@]}" >"$run/figure"
	cat "$run/figure" >>"$run/figures"
}

table() {
	python3 - "$run/figures" <<-'END'
		import json, sys
		form = "%-34s %12s %10s %10s %10s"
		print(form % ("", "million/s", "MB/s", "median us", "99 % us"))
		for line in open(sys.argv[1]):
		    figures = json.loads(line)
		    for r in figures["results"]:
		        raw, us = r["workload"] == "raw", r["latency_us"]
		        size = 64 if raw else figures["config"]["size"]
		        size = "1 MiB" if size == 1 << 20 else "%d bytes" % size
		        name = "raw echo" if raw else r["workload"]
		        how = "one at a time" if figures["config"]["window"] == 1 else "many at once"
		        row = ("-",) * 4
		        if r["ops"]:
		            row = ("%.3f" % (r["ops_per_second"] / 1e6), "%.0f" % (r["bytes_per_second"] / 1e6),
		                   *("%.2f" % us[p] if us["samples"] else "-" for p in ("p50", "p99")))
		        print(form % ((f"{name} {size}, {how}",) + row))
	END
}

run_bench() {
	# With pairs, raw frames and the workload take turns in one process.
	measure get --window 1 --pairs 2 --seconds 0.2
	measure get --window full --pairs 2 --seconds 0.2
	measure put --window full --seconds 0.4
	measure faa --window full --seconds 0.4
	measure get --window full --size 1M --seconds 0.4
	table
	echo "raw echo: plain frames sent back with no protocol, what the port can do at best"
	echo "-: not measured; a row of them: other programs had the cores all the time; doc/bench.md says how to measure well"
}

build_only='' no_huge=''
for arg; do
	case $arg in
	--build-only) build_only=1 ;;
	--no-huge) no_huge=1 ;;
	*) sed -n '4,9s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
	esac
done

say "Packages"
config/deps.sh
say "Build"
build
[[ -z $build_only ]] || exit 0
mapfile -t core < <(cores)
server_core=${core[0]} client_core=${core[1]-${core[0]}}
say "Memory"
reserve_memory
say "Memory node"
start_server
say "A program makes a counter and a text in its memory, and uses them"
client 1 "$demo"
say "Another one, on the other port, finds them and goes on"
client 2 "$demo" --join
say "Both are done: it takes them away"
client 2 "$demo" --remove
say "Benchmark"
run_bench
say "Done, everything is stopped and removed"
