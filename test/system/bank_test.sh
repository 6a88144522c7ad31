#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# BANK_CLIENTS processes move money between accounts in shared memory, each with a lock, over links
# that lose, double, reorder, flip and cut 2 % of everything at both ends. Every few seconds one of
# them is killed, or stopped past its lease with locks in its hands. No money is made or lost, nobody
# waits for longer than a lease, and who slept too long writes nothing. And a writer among readers
# who always want the same lock gets it as soon as those have had it who were there before.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"

need_command python3
limit=${BANK_SECONDS:-2}
nb_clients=${BANK_CLIENTS:-5}
seed=${FAULT_SEED:-$RANDOM}
# What a lease is here: the peer time-out, and a keep-alive more for who was idle. The rest of the
# bound is for a machine with other things to do.
peer_timeout=700 keepalive=200 slack=1500
faults=drop=2%,dup=2%,reorder=2%/8,flip=2%/8,trunc=2%
money=64000
all=$(($(nproc) - 1))
RANDOM=$seed
echo "FAULT_SEED=$seed"

names=()
for ((i = 1; i <= nb_clients; i++)); do
	names+=("n$i")
done
eal_memory 96 $((nb_clients + 4))
ports=()
for name in "${names[@]}" audit; do
	ports+=(--port "vhost:iface=$TMP/$name.sock" --ip 10.0.0.1/24)
done
eal=("${EAL_MEMORY[@]}")
EAL_MEMORY=("${eal[@]/96/256}")
SERVER_LCORES="0@(0-$all),1@(0-$all),2@(0-$all)" server_start server --idle sleep --mbufs 2048 \
	"${ports[@]}" --pool main:16M --crc on --peer-timeout-ms $peer_timeout \
	--keepalive-ms $keepalive --fault "$faults,seed=$seed"
EAL_MEMORY=("${eal[@]}")

# join NAME: a new process, connected.
join() {
	local node=${1#n}
	[[ $1 != audit ]] || node=50
	client_start "$1" $((node + 1)) "virtio_user:path=$TMP/$1.sock"
	ask "$1" 0 fault "$faults,seed=$((seed + node))"
	ask "$1" 0 connect
	ask "$1" 0 open main
}

# tally NAME: sets last to transactions, accounts rolled forward and back, and ends of sessions; fails
# where a rule was broken.
declare -A done_by
forward_sum=0 back_sum=0 done_sum=0 downs_sum=0 longest_wait=0
tally() {
	local wrong moved forward back downs longest
	ask "$1" '0 .*' bank-tally
	read -r _ moved forward back wrong downs longest <<<"$reply"
	((wrong == 0)) || fail "$1: $wrong rules broken, seed $seed"
	((longest <= peer_timeout + keepalive + slack)) || fail "$1 waited $longest ms for its locks"
	((longest <= longest_wait)) || longest_wait=$longest
	last=("$moved" "$forward" "$back" "$downs")
}

# account NAME: the end of a process's life: what it did counts.
account() {
	tally "$1"
	done_sum=$((done_sum + last[0])) forward_sum=$((forward_sum + last[1]))
	back_sum=$((back_sum + last[2])) downs_sum=$((downs_sum + last[3]))
	done_by[$1]=0
}

# progress: everybody has done something since the last time, and the sum is what it was.
progress() {
	local name
	ask audit "0 $money" bank-audit
	for name in "${names[@]}"; do
		tally "$name"
		((last[0] > done_by[$name])) || fail "$name does nothing any more, seed $seed"
		done_by[$name]=${last[0]}
	done
}

# killed NAME: in the middle of it; a new process goes on in its place.
killed() {
	account "$1"
	client_kill "$1"
	! grep '^bank:' "$TMP/$1.log" || fail "$1 broke a rule, seed $seed"
	join "$1"
	ask "$1" 0 bank "$RANDOM"
}

# stopped NAME: with locks, for longer than a lease.
stopped() {
	local name=$1
	ask "$name" 0 bank-stop
	tell "$name" bank-sleep
	wait_for 10 is_stopped "${_client_pid[$name]}"
	sleep $(((peer_timeout + keepalive) / 1000 + 1))
	kill -CONT "${_client_pid[$name]}"
	reply "$name"
	[[ $reply =~ ^ENOLCK\ [2-4]$ ]] || fail "$name wrote with an old token: $reply, seed $seed"
	stops=$((stops + 1))
	ask "$name" 0 bank "$RANDOM"
}

is_stopped() {
	[[ $(ps -o stat= -p "$1") == T* ]]
}

join audit
ask audit 0 bank-make
for name in "${names[@]}"; do
	join "$name"
	done_by[$name]=0
	ask "$name" 0 bank "$RANDOM"
done
begin=$SECONDS kills=0 stops=0
while ((SECONDS - begin < limit || kills < 1 || stops < 1)); do
	sleep 0.5
	progress
	killed "${names[RANDOM % nb_clients]}"
	kills=$((kills + 1))
	progress
	((kills % 4 != 1)) || stopped "${names[RANDOM % nb_clients]}"
done
sleep 1
for name in "${names[@]}"; do
	ask "$name" 0 bank-stop
	account "$name"
done
ask audit "0 $money" bank-audit
tally audit
echo "$done_sum transactions in $((SECONDS - begin)) s, $kills processes killed, $stops stopped:" \
	"$forward_sum accounts rolled forward, $back_sum back; longest wait $longest_wait ms;" \
	"$downs_sum sessions ended under living processes"

# No faults: then what was asked first comes first.
ask n1 0 fault off
[[ $(telemetry "/shmx/fault,0 off") != *error* ]] || fail "the server's faults stay"
rounds=$((limit > 60 ? 12000 : limit * 200))
REPLY_LIMIT=60 ask n1 '0 [0-9]+ [0-9]+' starve $rounds
read -r _ most sum <<<"$reply"
((most >= 1)) || fail "the writer never met a reader"
((most <= 15)) || fail "$most of 15 readers got the lock before a writer that was there first"
echo "a writer among 15 readers: $rounds turns, after $((sum / rounds)) readers, $most at most"
for name in "${names[@]}" audit; do
	client_end "$name"
done
server_stop TERM
