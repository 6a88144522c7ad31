#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The memory node is killed and started again, RESTART_ROUNDS times, while two compute nodes count:
# each connects again by itself, and finds nothing done that was not, and nothing done twice.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"
. "$(dirname "$0")/netns_common.sh"

need_root
rounds=${RESTART_ROUNDS:-10}
eal_memory 128 4
COMPUTE_NODES=2
lan af_packet
for i in 1 2; do
	client_start "c$i" $((10 + i)) "af_packet:iface=eth" ip netns exec "$ID-c$i"
	ask "c$i" 0 ledger main
done

# tally NAME: sets connects, additions and wrong.
tally() {
	tell "$1" tally
	reply "$1"
	read -r _ connects additions wrong <<<"$reply"
}

# counted_on NAME CONNECTS ADDITIONS: connected so often, and more additions than that.
counted_on() {
	tally "$1"
	((wrong == 0)) || fail "$1: $wrong rules broken"
	((connects >= $2 && additions > $3))
}

declare -A before=([c1]=0 [c2]=0)
for ((round = 1; round <= rounds; round++)); do
	for name in c1 c2; do
		for ((try = 0; try < 200; try++)); do
			! counted_on $name "$round" $((before[$name] + 100)) || break
			sleep 0.05
		done
		((try < 200)) || fail "round $round: $name did not come back: $connects times connected"
		before[$name]=$additions
	done
	if ((round % 5 == 0)); then
		server_stop TERM
	else
		kill -KILL "$server_pid"
		wait "$server_pid" 2>/dev/null || true
	fi
	lan_server af_packet
done
for name in c1 c2; do
	for ((try = 0; try < 200; try++)); do
		! counted_on $name $((rounds + 1)) $((before[$name] + 100)) || break
		sleep 0.05
	done
	((try < 200)) || fail "$name did not come back at last"
	((connects == rounds + 1)) || fail "$name: $connects times connected in $rounds rounds"
	echo "$name: $connects times connected, $additions additions"
	client_end $name
done
server_stop TERM
