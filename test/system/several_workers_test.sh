#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A server with several workers, and each client at another one: operations are handed over between
# them, and everything adds up.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"

need_command python3
eal_memory 160 5
# Main and three workers, wherever there is room.
all=$(($(nproc) - 1))
SERVER_LCORES="0@(0-$all),1@(0-$all),2@(0-$all),3@(0-$all)" server_start server \
	--idle sleep --port "vhost:iface=$TMP/a.sock" --ip 10.0.0.1/24 \
	--port "vhost:iface=$TMP/b.sock" --ip 10.0.0.1/24 \
	--port "vhost:iface=$TMP/c.sock" --ip 10.0.0.1/24 --pool main:16M --pool other:8M:32M
node=2
for name in a b c; do
	client_start $name $((node++)) "virtio_user:path=$TMP/$name.sock"
	ask $name 0 connect
	ask $name 0 open main
done

# The home of pool 1 is one worker; two of three clients are at another.
ask a '0 [0-9]+' alloc 300000 shared
ask b '0 [0-9]+ 300032' lookup shared
ask c '0 [0-9]+ 300032' lookup shared
ask b 0 put 7 200000 3
ask c 0 check 7 200000 3
ask b 0 own self 64
ask a 'EPERM .*' read 0
ask c 'EPERM .*' faa 0 1
ask b 0 own everyone 64
ask c '0 [0-9]+' read 0
ask c 0 free
ask a 'ESTALE .*' read 0
ask b 'ENOENT .*' lookup shared
ask b ENOENT free
ask c '0 16777216 0 0' stat
echo "operations are handed over"

# Storms of all three in one pool.
for name in a b c; do
	tell $name storm 4000 $RANDOM
done
for name in a b c; do
	reply $name
	[[ $reply == "0 4000" ]] || fail "$name: storm: $reply"
done
for name in a b c; do
	ask $name '0 16777216 0 0' stat
done
echo "three storms of 4000 steps agree"

# Pools come and go at the same time, while a storm goes on beside them.
tell a storm 4000 $RANDOM
tell b pools 20 mine
tell c pools 20 yours
for name in a b c; do
	reply $name
	[[ $reply == 0\ * ]] || fail "$name: $reply"
done
ask a '0 16777216 0 0' stat
ask b '0 2' list
ask c 0 open other
ask c '0 8388608 0 0' stat
handed=$(telemetry /shmx/workers | python3 -c 'import json, sys
print(sum(w["handed_over"] for w in json.load(sys.stdin)["/shmx/workers"].values()))')
((handed > 1000)) || fail "only $handed operations were handed over"
for name in a b c; do
	client_end $name
done
server_stop TERM
echo "$handed operations handed over"
