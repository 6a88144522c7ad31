#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# vhost_test.sh PING_HOST [CLIENT_OPTIONS]
# A link through memory between two processes, and what becomes of it when either is killed.
set -euo pipefail

host=$1 options=${2:-}
work=$(mktemp -d)
sock=$work/sock
server= client=

fail() {
	echo "failed: $1"
	for f in "$work"/*.log; do tail -8 "$f" | cut -c1-200 | sed "s/^/  ${f##*/}: /"; done
	exit 1
}
cleanup() {
	for pid in $server $client; do kill -9 "$pid" 2>/dev/null || true; done
	rm -rf "$work"
}
trap cleanup EXIT

start() { # NAME ARGUMENTS...
	local name=$1
	shift
	# shellcheck disable=SC2086 # options of the machine at hand, may be several or none
	"$host" --no-huge --no-pci --no-shconf --no-telemetry -m 128 --log-level='*:error' \
		${EAL_OPTIONS:-} -- "$@" >"$work/$name.out" 2>"$work/$name.log" &
}
await() { # PID NAME PATTERN
	for ((i = 0; i < 100; i++)); do
		grep -q "$3" "$work/$2.out" 2>/dev/null && return 0
		kill -0 "$1" 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}
server_start() {
	start server "vhost:iface=$sock" 10.78.0.1 24
	server=$!
	for ((i = 0; i < 50 && $(stat -c %i "$sock" 2>/dev/null || echo 0) == "${old:-0}"; i++)); do
		sleep 0.1
	done
	sleep 0.2
}
client_start() { # [flood]
	start client "virtio_user:path=$sock$options" 10.78.0.2 24 10.78.0.1 "$@"
	client=$!
	await $client client '^neighbour 10.78.0.1 56:48:4F:53:54:00' || fail "the client found nobody"
}
end() { # PID: in good order, within ten seconds
	kill "$1"
	wait "$1" || fail "ended with $?"
}

server_start
for ((n = 0; n < 8; n++)); do
	client_start flood
	sleep 0.1
	kill -9 $client
	wait $client 2>/dev/null || true
	kill -0 $server 2>/dev/null || fail "the server died with its client, at the ${n}th kill"
done
echo "the server outlived $n kills of a flooding client"

# A second server on the same socket is turned away.
start second "vhost:iface=$sock" 10.78.0.1 24
wait $! && fail "two servers on one socket"
grep -q 'port already taken' "$work/second.log" || fail "no word about the socket in use"

client_start
end $client
client=
client_start
echo "orderly clients come and go"

# The server dies: the client must not, and a new server and a new client get along.
old=$(stat -c %i "$sock")
kill -9 $server
wait $server 2>/dev/null || true
sleep 0.3
kill -0 $client 2>/dev/null || fail "the client died with its server"
end $client
server_start
client_start flood
sleep 0.1
end $client
client=
end $server
server=
[[ ! -e $sock ]] || fail "the server left its socket behind"
echo "a restarted server takes over the socket of a dead one"
