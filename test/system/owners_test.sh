#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Memory changes hands while those who had it write to it without pause, each at a worker of its own:
# once the new owner has been told, not one byte of theirs appears.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"

rounds=100
length=$((256 * 1024))
eal_memory 160 6
all=$(($(nproc) - 1))
for workers in 4 1; do
	lcores="0@(0-$all)"
	for ((i = 1; i <= workers; i++)); do
		lcores+=",$i@(0-$all)"
	done
	SERVER_LCORES=$lcores server_start "server$workers" \
		--idle sleep --port "vhost:iface=$TMP/a.sock" --ip 10.0.0.1/24 \
		--port "vhost:iface=$TMP/b.sock" --ip 10.0.0.1/24 \
		--port "vhost:iface=$TMP/c.sock" --ip 10.0.0.1/24 \
		--port "vhost:iface=$TMP/d.sock" --ip 10.0.0.1/24 --pool main:16M
	node=2
	for name in a b c d; do
		client_start $name $((node++)) "virtio_user:path=$TMP/$name.sock"
		ask $name 0 connect
		ask $name 0 open main
	done
	ask a '0 [0-9]+' alloc $length shared
	ask b '0 [0-9]+ [0-9]+' lookup shared
	ask c '0 [0-9]+ [0-9]+' lookup shared
	ask d '0 [0-9]+ [0-9]+' lookup shared
	ask a 0 own-nodes set $length 2 3 4 5
	ask b '0 4 2 5' owners
	tell b hammer 4000 187 $length
	tell c hammer 4000 204 $length
	tell d hammer 4000 221 $length
	REPLY_LIMIT=60 ask a "0 $rounds" seize $rounds $length 2 3 4 5
	for name in b c d; do
		reply $name
		read -r status wrote refused <<<"$reply"
		((status == 0 && wrote > 0 && refused > 0)) || fail "$name: hammer: $reply"
		echo "$workers workers: $name wrote $wrote times, and was refused $refused times"
	done
	ask a 0 own-nodes drop $length 3 4 5
	ask b 'EPERM .*' read 0
	ask a 0 free
	for name in a b c d; do
		client_end $name
	done
	server_stop TERM
done
