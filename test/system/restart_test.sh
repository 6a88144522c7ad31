#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The memory node is killed and started again, RESTART_ROUNDS times, while two compute nodes count:
# each connects again by itself, and finds nothing done that was not, and nothing done twice. In the
# second third of the rounds the memory outlives the memory node, and they go on counting in it. In
# the last they move money in it, under locks: none is made or lost, whatever transaction was broken off.
# At the end what was sent as a message, and not read, is given back.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"
. "$(dirname "$0")/netns_common.sh"

need_root
rounds=${RESTART_ROUNDS:-10}
eal_memory 128 4
COMPUTE_NODES=2
kept=/dev/shm/$ID-kept

# tally NAME: sets connects, additions and wrong.
tally() {
	tell "$1" tally
	reply "$1"
	read -r _ connects additions wrong <<<"$reply"
}

# counted NAME LEAST CONNECTS: connected so often, and more additions than LEAST.
counted() {
	tally "$1"
	((wrong == 0)) || fail "$1: $wrong rules broken"
	count=$additions
	((connects >= $3 && count > $2))
}

# moved NAME LEAST: more transactions than that; sets forward and back, accounts repaired.
moved() {
	ask "$1" '0 .*' bank-tally
	read -r _ count forward back wrong _ <<<"$reply"
	((wrong == 0)) || fail "$1: $wrong rules broken"
	((count > $2))
}

# all_go_on STEP counted|moved [CONNECTS]: each has done so much since the last time.
all_go_on() {
	local name try
	for name in c1 c2; do
		for ((try = 0; try < 200; try++)); do
			! "$2" $name $((before[$name] + $1)) "${@:3}" || break
			sleep 0.05
		done
		((try < 200)) || fail "$name does not go on: $2 $count, $reply"
		before[$name]=$count
	done
}

# restart ROUND: killed, and each fifth time told to end.
restart() {
	if (($1 % 5 == 0)); then
		server_stop TERM
	else
		kill -KILL "$server_pid"
		wait "$server_pid" 2>/dev/null || true
	fi
	lan_server af_packet
}

# restarts N LEDGER: with new clients.
restarts() {
	local -A before=([c1]=0 [c2]=0)
	local round i
	for i in 1 2; do
		client_start "c$i" $((10 + i)) "af_packet:iface=eth" ip netns exec "$ID-c$i"
		ask "c$i" 0 "$2" main
	done
	for ((round = 1; round <= $1; round++)); do
		all_go_on 100 counted "$round"
		restart "$round"
	done
	all_go_on 100 counted $(($1 + 1))
	for i in 1 2; do
		tally "c$i"
		((connects == $1 + 1)) || fail "c$i: $connects times connected in $1 rounds"
		echo "c$i: $connects times connected, $additions additions, $2"
		client_end "c$i"
	done
	server_stop TERM
}

# bank N: the memory node restarts so often.
bank() {
	local -A before=([c1]=0 [c2]=0)
	local round i repaired=0 sum=0
	for i in 1 2; do
		compute af_packet "$i"
		((i > 1)) || ask c1 0 bank-make
		ask "c$i" 0 bank "$((RANDOM + 1))"
	done
	for ((round = 1; round <= $1; round++)); do
		all_go_on 5 moved
		restart "$round"
	done
	all_go_on 5 moved
	for i in 1 2; do
		ask "c$i" 0 bank-stop
		moved "c$i" 0
		sum=$((sum + count)) repaired=$((repaired + forward + back))
	done
	ask c1 '0 64000' bank-audit
	for i in 1 2; do
		client_end "c$i"
	done
	server_stop TERM
	echo "$sum transactions, $repaired accounts repaired, the total is what it was"
}

# mail: memory that was sent and is not read when the memory node is killed.
mail() {
	local i
	for i in 1 2; do
		compute af_packet "$i"
	done
	ask c1 0 inbox 65536 65536 $((64 << 20))
	ask c1 0 pace never
	ask c2 '0 8 0 8' post 8 30000 500000 11 11
	restart 1
	grep -q 'pool main of 16M, id 1, kept with 3 allocations' "$TMP/server.log" ||
		fail "memory that was sent is there for ever: $(grep kept "$TMP/server.log")"
	for i in 1 2; do
		client_end "c$i"
	done
	server_stop TERM
	echo "what was sent and not read went with the memory node"
}

lan af_packet
restarts $((rounds / 3)) ledger
LAN_OPTIONS=(--memory-dir "$kept")
lan_server af_packet
restarts $((rounds / 3)) ledger_kept
lan_server af_packet
bank $((rounds - 2 * (rounds / 3)))
grep -q 'pool main of 16M, id 1, kept with 3 allocations' "$TMP/server.log" ||
	fail "the last server does not tell what it has kept"
lan_server af_packet
mail
