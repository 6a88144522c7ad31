#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Nothing gets through for a while, or for ever, with operations under way: after less than the peer
# time-out all of them end well, otherwise each ends once with an error, within the bound that
# doc/protocol.md states, and a new session can be had when the link is back.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"

need_command python3
eal_memory 256 2
server_start server --port "vhost:iface=$TMP/a.sock" --ip 10.0.0.1/24 --pool main:16M
client_start a 2 "virtio_user:path=$TMP/a.sock"

# begin_session: at the first try, or at one of so many; a try takes a peer time-out.
begin_session() {
	local try
	for ((try = 1; try < ${1:-1}; try++)); do
		tell a connect
		reply a
		[[ $reply != 0 ]] || break
		[[ $reply == ETIMEDOUT* ]] || fail "connect: $reply"
	done
	((try < ${1:-1})) || ask a 0 connect
	ask a 0 open main
	ask a '0 [0-9]+' alloc 300000
}

# black SPEC: from now on, both ways.
black() {
	local answer
	answer=$(telemetry "/shmx/fault,0 $1")
	[[ $answer != *error* ]] || fail "$1: $answer"
}

# pending: operations under way when nothing gets through, $started of them.
pending() {
	lines=$(grep -c '^ended' "$TMP/a.log" || true)
	tell a pending 1000
	reply a
	read -r _ started <<<"$reply"
	((started > 100)) || fail "$1: only $started operations started"
}

ended() {
	(($(grep -c '^ended' "$TMP/a.log" || true) > lines))
}

# outcome NAME SECONDS: how they ended.
outcome() {
	local begin=$SECONDS
	wait_for "$2" ended
	read -r _ all _ ok _ reset _ canceled _ other _ doubled < <(grep '^ended' "$TMP/a.log" | tail -n 1)
	echo "$1: $started started, ended $all, well $ok, reset $reset, canceled $canceled, $((SECONDS - begin)) s"
	((all == started && other == 0 && doubled == 0)) || fail "$1: $other others, $doubled twice"
}

begin_session
for hole in 100ms 1s; do
	black "blackhole=$hole"
	pending $hole
	outcome $hole 3
	((ok == started)) || fail "$hole: $((started - ok)) failed"
done

# The peer time-out is 2 s; silence may begin a keep-alive before it is noticed.
for hole in 10s on; do
	downs=$(grep -c '^down' "$TMP/a.log" || true)
	black "blackhole=$hole"
	pending $hole
	outcome $hole 5
	((ok == 0 && reset + canceled == started)) || fail "$hole: $ok ended well"
	[[ $(grep -c '^down' "$TMP/a.log") == $((downs + 1)) ]] || fail "$hole: the end of the session was not told once"
	grep '^down' "$TMP/a.log" | tail -n 1 | grep -qx 'down ETIMEDOUT' || fail "$hole: $(grep '^down' "$TMP/a.log")"
	ask a ETIMEDOUT.* connect
	[[ $hole != on ]] || black off
	begin_session 6
done
# What the old sessions had is theirs no more; the memory node has one.
sleep 2.5
[[ $(telemetry /shmx/sessions | grep -o '"node"' | wc -l) == 1 ]] || fail "sessions: $(telemetry /shmx/sessions)"
client_end a
server_stop TERM
