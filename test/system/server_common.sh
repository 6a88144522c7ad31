# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What the tests of shmx-server share; comes after lib.sh.

SERVER=$BUILD/apps/shmx-server/shmx-server
BENCH=$BUILD/apps/shmx-bench/shmx-bench
need_built apps/shmx-server/shmx-server

# server_start NAME OPTION...: start a server on SERVER_LCORES (main and worker on core 0), with
# EAL_MEMORY and the own options given, and wait until it serves. Sets server_pid.
server_start() {
	local name=$1
	shift
	spawn "$name" "$SERVER" --lcores "${SERVER_LCORES:-0@0,1@0}" --no-pci \
		"--file-prefix=$ID$name" "${EAL_MEMORY[@]}" -- "$@"
	# shellcheck disable=SC2154 # lib.sh sets it
	server_pid=$spawned
	wait_for 60 server_up_or_gone "$name"
	grep -q 'shmx-server: ready' "$TMP/$name.log" || fail "$name did not start"
}

server_up_or_gone() {
	! alive "$server_pid" || grep -q 'shmx-server: ready' "$TMP/$1.log"
}

# server_stop SIGNAL: end it and check that it says so with exit status 0, in a few seconds.
server_stop() {
	local status=0 begin=$SECONDS
	kill "-$1" "$server_pid"
	wait "$server_pid" || status=$?
	((status == 0)) || fail "exit status $status after SIG$1"
	((SECONDS - begin <= 30)) || fail "took $((SECONDS - begin)) s to end after SIG$1"
}

# bench SOCKET OPTION...: run shmx-bench as the client of a vhost port.
bench() {
	local socket=$1
	shift
	timeout -k 5 "${BENCH_LIMIT:-60}" "$BENCH" --lcores "0@$(($(nproc) > 1))" --no-pci "--file-prefix=${ID}bench" \
		"${EAL_MEMORY[@]}" -- --port "virtio_user:path=$socket" --ip 10.0.0.2/24 \
		--server 10.0.0.1 --quiet "$@"
}

# telemetry_of NAME COMMAND: the answer of the program with the EAL prefix of NAME, as one line.
telemetry_of() {
	python3 - "/var/run/dpdk/$ID$1/dpdk_telemetry.v2" "$2" <<-'END'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		s.connect(sys.argv[1])
		s.recv(1024)
		s.send(sys.argv[2].encode())
		print(json.dumps(json.loads(s.recv(65536))))
	END
}
