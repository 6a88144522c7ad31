#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Two memory nodes that know nothing of each other, and one compute node that uses pools of both at
# once: their addresses never meet, and what happens to one does not touch the other.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"
. "$(dirname "$0")/netns_common.sh"

need_root
eal_memory 128 4

# second OPTION...: start the second memory node, 10.0.0.2, with these options. Sets second_pid.
second() {
	spawn second ip netns exec "$ID-c2" "$SERVER" --lcores "0@(0-$all),1@(0-$all)" --no-pci \
		"--file-prefix=${ID}second" "${EAL_MEMORY[@]}" -- --idle sleep \
		--port af_packet:iface=eth --ip 10.0.0.2/24 --pool main:16M "$@"
	# shellcheck disable=SC2154 # lib.sh sets it
	second_pid=$spawned
	wait_for 30 second_up_or_gone
	grep -q 'shmx-server: ready' "$TMP/second.log" || fail "the second server did not start"
}

second_up_or_gone() {
	! alive "$second_pid" || grep -q 'shmx-server: ready' "$TMP/second.log"
}

second_stop() {
	kill -TERM "$second_pid"
	wait "$second_pid" || fail "the second server ended with status $?"
}

# pool_id: that of the address in the last reply.
pool_id() {
	local address=${reply#0 }
	echo $((${address%% *} >> 48))
}

lan af_packet
grep -q 'shmx-server: ready' "$TMP/server.log" || fail "the server did not start"
second --node 2

# The same name at both, and nothing else in common.
compute af_packet 1
ask c1 '0 [0-9]+' alloc 300000 shared
[[ $(pool_id) == 1 ]] || fail "the first node's pool is $(pool_id), not 1"
ask c1 0 other
ask c1 0 connect 10.0.0.2
ask c1 0 open main
ask c1 'ENOENT .*' lookup shared
ask c1 '0 [0-9]+' alloc 300000 shared
[[ $(pool_id) == 65 ]] || fail "the second node's pool is $(pool_id), not 65"
ask c1 0 both 300000 1
ask c1 0 check 0 300000 1
ask c1 0 put 0 262145 2
ask c1 0 other
ask c1 0 check 0 300000 300001
ask c1 0 put 0 262145 3
ask c1 0 other
ask c1 0 check 0 262145 2
ask c1 '0 16777216 300032 1' stat
ask c1 '0 1' list
ask c1 0 other
ask c1 '0 16777216 300032 1' stat
echo "one client uses pools of two memory nodes"

# One goes, and the other serves on.
ask c1 0 other
second_stop
wait_log 10 c1 '^down '
ask c1 'ENOTCONN' put 0 8 1
ask c1 0 other
ask c1 0 check 0 262145 3

# With ids that overlap, which takes asking for it, the client says so and mixes nothing up.
second --node 2 --pool-ids 1-3
ask c1 0 other
ask c1 0 connect 10.0.0.2
ask c1 EEXIST open main
ask c1 0 create more 2097152 0
ask c1 0 create most 2097152 0
ask c1 ENOSPC create toomany 2097152 0
ask c1 '0 3' list
ask c1 0 other
ask c1 0 check 0 262145 3
client_end c1
second_stop
server_stop TERM
echo "and is told when their ids meet, or run out"
