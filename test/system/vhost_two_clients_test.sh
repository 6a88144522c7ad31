#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# One memory node with two vhost ports and two compute nodes: they see each other's data, pools grow
# and shrink under them, and whoever is killed does not take the others along.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"

eal_memory 160 4
server() {
	rm -f "$TMP/server.log"
	server_start server --port "vhost:iface=$TMP/a.sock" --ip 10.0.0.1/24 \
		--port "vhost:iface=$TMP/b.sock" --ip 10.0.0.1/24 --pool main:16M:48M
}
a() {
	client_start a 2 "virtio_user:path=$TMP/a.sock"
	ask a 0 connect
	ask a 0 open main
}
b() {
	client_start b 3 "virtio_user:path=$TMP/b.sock"
	ask b 0 connect
	ask b 0 open main
}
server
a
b

# Both ways, by name, over all lengths of transfers, and with atomics.
ask a '0 [0-9]+' alloc 2000000 shared
ask a 'EEXIST .*' alloc 64 shared
ask b '0 [0-9]+ 2000000' lookup shared
ask b 'ENOENT .*' lookup Shared
for len in 8 1000 5001 1048577; do
	ask a 0 put 100 $len $((len + 1))
	ask b 0 check 100 $len $((len + 1))
	ask b 0 put 101 $len $((len + 2))
	ask a 0 check 101 $len $((len + 2))
done
ask a 0 put 0 64 5
ask b '0 [0-9]+' faa 64 3
ask a '0 [0-9]+' read 64
first=${reply#0 }
ask a "0 $first" cas 64 "$first" 77
ask b '0 77' faa 64 1
ask a '0 78' read 64
ask a 0 own self 64
ask b 'EPERM .*' read 0
ask b 0 check 1101 1000 $((1048577 + 2 + 1000))
ask a 0 own everyone 64
ask b '0 [0-9]+' read 0
echo "two clients see each other's data"

# Growing and shrinking while both work.
ask b '0 [0-9]+' alloc 500000 load
tell b flood
reply b
ask a '0 33554432' grow 16777216
ask a 'ENOMEM .*' grow 33554432
ask a '0 [0-9]+' alloc 16000000 far
ask a 0 put 0 1000000 9
ask a 0 check 0 1000000 9
ask a 'EBUSY .*' shrink 16777216
ask a 0 free
ask a '0 16777216' shrink 16777216
ask a 'ENOENT .*' lookup far
ask a '0 33554432' grow 16777216
ask a '0 16777216' shrink 16777216
ask a '0 [0-9]+ [0-9]+' lookup shared
ask a 0 check 1101 1000 $((1048577 + 2 + 1000))
alive "$server_pid" || fail "the server died"
echo "the pool grows and shrinks while it is in use"

# Killed in the middle of it: the others do not notice, and the next one takes its place.
for _ in 1 2 3; do
	client_kill b
	ask a 0 check 1101 1000 $((1048577 + 2 + 1000))
	alive "$server_pid" || fail "the server died with its client"
	b
	ask b '0 [0-9]+ [0-9]+' lookup load
	tell b flood
	reply b
done
client_end b
b
ask b '0 [0-9]+ [0-9]+' lookup shared
ask b 0 check 1101 1000 $((1048577 + 2 + 1000))
echo "the server outlives its clients"

# The server is killed with operations pending: each ends once, in the time that was promised.
ask a '0 [0-9]+' alloc 500000 work
ask a '0 [0-9]+' pending 300
wait_log 10 a "^ended ${reply#0 } ok ${reply#0 } reset 0 canceled 0 other 0 doubled 0"
kill -STOP "$server_pid"
ask a '0 [0-9]+' pending 300
pending=${reply#0 }
kill -KILL "$server_pid"
begin=${EPOCHREALTIME/./}
wait "$server_pid" 2>/dev/null || true
wait_log 10 a '^down '
took=$(((${EPOCHREALTIME/./} - begin) / 1000))
wait_log 5 a "^ended $pending ok 0 reset [0-9]+ canceled [0-9]+ other 0 doubled 0"
# The bound is 2 s of silence; the rest is for a machine with other things to do.
((took <= 3500)) || fail "the client heard after $took ms"
wait_log 5 b '^down '
alive "${_client_pid[a]}" || fail "a client died with its server"
client_end a
client_end b
echo "$pending pending operations ended $took ms after the server was killed"

# A new one on the same sockets.
server
a
b
ask a 'ENOENT .*' lookup shared
ask a '0 [0-9]+' alloc 4096 shared
ask a 0 put 0 4096 1
ask b '0 [0-9]+ 4096' lookup shared
ask b 0 check 0 4096 1
client_end a
client_end b
server_stop TERM
echo "a server in its place serves"
