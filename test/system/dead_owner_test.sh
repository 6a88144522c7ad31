#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Clients are killed, and memory comes back or stays, as each allocation said; with one worker and
# with several.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"

grace=1500
eal_memory 160 4
all=$(($(nproc) - 1))

connect() {
	client_start "$1" "$2" "virtio_user:path=$TMP/$1.sock"
	ask "$1" 0 connect
	ask "$1" 0 open main
}

# gone CLIENT NAME: whether it finds no allocation of this name.
gone() {
	tell "$1" lookup "$2"
	reply "$1"
	[[ $reply == ENOENT* ]]
}

stays() {
	ask b '0 [0-9]+ [0-9]+' lookup "$1"
}

for workers in 3 1; do
	lcores="0@(0-$all)"
	for ((i = 1; i <= workers; i++)); do
		lcores+=",$i@(0-$all)"
	done
	SERVER_LCORES=$lcores server_start "server$workers" --idle sleep --owner-grace $grace \
		--peer-timeout-ms 800 --keepalive-ms 200 \
		--port "vhost:iface=$TMP/a.sock" --ip 10.0.0.1/24 \
		--port "vhost:iface=$TMP/b.sock" --ip 10.0.0.1/24 --pool main:16M
	connect a 2
	connect b 3
	ask b '0 16777216 0 0' stat
	ask a '0 [0-9]+' alloc 1000000 kept self
	ask a '0 [0-9]+' alloc-mortal 3000000 both 2 3
	ask a '0 [0-9]+' alloc-mortal 65536 given
	ask a 0 own-nodes set 65536 3
	ask a '0 [0-9]+' alloc-mortal 2000000 mine
	ask a 0 put 0 2000000 5

	# Back within the time that it has: nothing has happened.
	client_kill a
	connect a 2
	ask a '0 [0-9]+ 2000000' lookup mine
	sleep 3
	ask a 0 check 0 2000000 5

	# Not back.
	client_kill a
	begin=${EPOCHREALTIME/./}
	wait_for 15 gone b mine
	took=$(((${EPOCHREALTIME/./} - begin) / 1000))
	((took >= grace)) || fail "it was freed after $took ms already"
	for name in kept both given; do
		stays $name
	done
	ask b '0 16777216 [0-9]+ 3' stat

	# Its memory is handed out again, cleared; what it said to keep is there for it.
	ask b '0 [0-9]+' alloc 11000000
	ask b '0 0' read 0
	ask b 0 free
	connect a 2
	ask a '0 [0-9]+ [0-9]+' lookup kept
	ask a '0 [0-9]+' read 0

	# The last of two owners: those who share it outlive one of them, not both.
	client_kill b
	wait_for 15 gone a given
	ask a '0 [0-9]+ [0-9]+' lookup both
	client_kill a
	sleep 4
	connect b 3
	ask b 'ENOENT .*' lookup both
	ask b '0 [0-9]+ [0-9]+' lookup kept
	ask b '0 16777216 [0-9]+ 1' stat
	client_end b
	server_stop TERM
	echo "$workers workers: memory of a client that was killed came back after $took ms"
done
