#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# quickstart.sh [--build-only]
# From a fresh clone to a memory node and a client that use it: installs what is missing, builds
# into build/, starts a server with two vhost ports, runs a demonstration and a short benchmark,
# and takes everything away again but the packages and the build.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly mib=512 ports=2 prefix=shmx-quick$$
begin=$SECONDS
run=$(mktemp -d "${TMPDIR:-/tmp}/shmx-quick.XXXXXX")
state=$run/hugepages
server_pid=''
memory=()

say() {
	printf '\n== %s (%d s)\n' "$*" $((SECONDS - begin))
}

die() {
	echo "quickstart.sh: $*" >&2
	exit 1
}

clean_up() {
	local status=$?
	trap - EXIT INT TERM HUP
	set +e
	if [[ $server_pid ]]; then
		kill -TERM "$server_pid"
		for _ in {1..50}; do
			kill -0 "$server_pid" || break
			sleep 0.1
		done
		kill -KILL "$server_pid"
		wait "$server_pid"
	fi 2>/dev/null
	if ((status != 0)) && [[ -s $run/server.log ]]; then
		echo "--- server (last 30 lines)" >&2
		tail -n 30 "$run/server.log" >&2
	fi
	rm -rf "/var/run/dpdk/$prefix"*
	rm -f "/dev/hugepages/$prefix"*
	[[ ! -e $state ]] || config/hugepages.sh --state "$state" --release
	rm -rf "$run"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

build() {
	[[ -f build/build.ninja ]] || meson setup build >"$run/build.log" 2>&1 ||
		{ tail -n 30 "$run/build.log" && die "could not configure the build"; }
	ninja -C build >"$run/build.log" 2>&1 ||
		{ tail -n 60 "$run/build.log" && die "the build failed"; }
	tail -n 1 "$run/build.log"
}

# One pool of hugepages for the server and one client at a time.
reserve_memory() {
	if config/hugepages.sh --state "$state" $mib 2>"$run/hugepages.log"; then
		memory=(-m "$mib" --single-file-segments)
		echo "$mib pages of 2 MiB are there"
	else
		memory=(--no-huge -m "$mib")
		sed 's/^/  /' "$run/hugepages.log"
		echo "going on without hugepages: everything works, somewhat slower"
	fi
}

# wait_for SECONDS COMMAND...
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

server_up() {
	kill -0 "$server_pid" 2>/dev/null || return 0 # dead: no use in waiting on
	for ((i = 1; i <= ports; i++)); do
		[[ -S $run/port$i.sock ]] || return 1
	done
}

# ---- What is run. Everything above and below knows no option of a program. ----

readonly server=build/apps/shmx-server/shmx-server bench=build/apps/shmx-bench/shmx-bench
readonly demo=build/apps/examples/shared_counter/shared_counter

server_options() {
	local i
	printf '%s\n' --lcores '0@0,1@0' --no-pci "--file-prefix=${prefix}s" "${memory[@]}" -- --ip 10.0.0.1
	for ((i = 1; i <= ports; i++)); do
		printf '%s\n' --port "vhost:iface=$run/port$i.sock"
	done
}

# client NUMBER: EAL options, and how to reach the server through the port of that number.
client() {
	local core=1
	(($(nproc) > 1)) || core=0
	printf '%s\n' -l $core --no-pci "--file-prefix=${prefix}c" "${memory[@]}" -- \
		--port "virtio_user:path=$run/port$1.sock" --server 10.0.0.1 \
		--ip "10.0.0.$((1 + $1))" --node $((1 + $1))
}

# What EAL and the drivers say is for those who asked for it.
without_noise() {
	grep -v -e '^EAL: ' -e '^TELEMETRY: ' -e '^virtio_user_dev_init_mac' || true
}

start_server() {
	local options
	mapfile -t options < <(server_options)
	"$server" "${options[@]}" >"$run/server.log" 2>&1 </dev/null &
	server_pid=$!
	wait_for 20 server_up || die "the server did not open its ports within 20 s"
	kill -0 "$server_pid" 2>/dev/null || die "the server did not start"
	echo "process $server_pid, sockets $run/port1.sock to port$ports.sock"
}

run_demo() {
	local options
	mapfile -t options < <(client 1)
	timeout -k 5 30 "$demo" "${options[@]}" </dev/null 2>&1 | without_noise
	echo "-- a second one, on another port, finds what the first one left"
	mapfile -t options < <(client 2)
	timeout -k 5 30 "$demo" "${options[@]}" --join </dev/null 2>&1 | without_noise
}

run_bench() {
	local options
	mapfile -t options < <(client 2)
	timeout -k 5 60 "$bench" "${options[@]}" --window full --pairs 3 --quiet \
		</dev/null 2>&1 | without_noise
}

# -------------------------------------------------------------------------------

case ${1-} in
'' | --build-only) ;;
*) sed -n '4,7s/^# //p' "$0" >&2 && exit 2 ;;
esac

say "Packages"
config/deps.sh
say "Build"
build
[[ ${1-} != --build-only ]] || exit 0
for program in "$server" "$demo" "$bench"; do
	[[ -x $program ]] || die "$program was not built"
done
say "Memory"
reserve_memory
say "Memory node"
start_server
say "Client"
run_demo
say "Benchmark"
run_bench
say "Done, everything is stopped and removed"
