#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A link through memory between two processes, and what becomes of it when either is killed.
. "$(dirname "$0")/lib.sh"
need_built test/system/ping_host

sock=$TMP/sock
# On whatever core is free.
cores=0@\(0-$(($(nproc) - 1))\)
# Three at a time: a second client is turned away.
eal_memory 128 3

host() { # NAME SPEC IP...
	local name=$1
	shift
	# What the last process of this name wrote must not be taken for this one's word.
	rm -f "$TMP/$name.log"
	spawn "$name" "$BUILD/test/system/ping_host" "${EAL_MEMORY[@]}" --no-pci --no-telemetry \
		--lcores "$cores" "--file-prefix=$ID$name" --log-level='*:error' -- "$@"
}
server_start() {
	host server "vhost:iface=$sock" 10.78.0.1 24
	server=$spawned
	wait_log 30 server '^open'
}
client_start() { # [flood]
	host client "virtio_user:path=$sock$options" 10.78.0.2 24 10.78.0.1 "$@"
	client=$spawned
	wait_log 30 client '^neighbour 10.78.0.1 56:48:4F:53:54:00'
}
end() { # PID NAME: in good order
	kill "$1"
	wait_for 30 eval "! alive $1"
	grep -q '^end' "$TMP/$2.log" || fail "$2 did not end in good order"
}
die() { # PID
	kill -KILL "$1"
	# The shell's word about the killed is not the test's.
	wait "$1" 2>/dev/null || true
}

whole_story() { # CLIENT'S OPTIONS, NUMBER OF KILLS
	local n
	options=$1
	server_start
	for ((n = 0; n < $2; n++)); do
		client_start flood
		sleep 0.1
		die "$client"
		alive "$server" || fail "the server died with its client, at the ${n}th kill"
	done
	# A second server on the same socket is turned away.
	host second "vhost:iface=$sock" 10.78.0.1 24
	wait_log 30 second 'port already taken'

	client_start
	# Nor does a second client take the place of the first.
	host rival "virtio_user:path=$sock$options" 10.78.0.3 24
	wait_log 30 rival 'port already taken'
	end "$client" client
	[[ ! -e $sock.client ]] || fail "the client left its lock behind"
	client_start
	# The server dies: the client must not, and a new server and a new client get along.
	die "$server"
	sleep 0.3
	alive "$client" || fail "the client died with its server"
	end "$client" client
	server_start
	client_start flood
	sleep 0.1
	end "$client" client
	end "$server" server
	[[ ! -e $sock ]] || fail "the server left its socket behind"
}

whole_story "" 8
echo "split rings: the server outlives its clients and takes over the socket of a dead one"
whole_story ",queue_size=256" 2
echo "short rings: the same"
whole_story ",packed_vq=1" 4
echo "packed rings: the same"
