#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Messages of 8 bytes to INBOX_LONGEST from two senders to 1, 2, ... and INBOX_RECEIVERS receivers,
# over links that lose, double, reorder, flip and cut: each arrives once, in order and whole, and
# what memory they took is free at the end. A receiver that is slow, or takes nothing, slows its
# sender and nobody else. One that is killed leaves no memory behind, and gets what had not been
# sent to it, if it said so, later.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"

receivers=${INBOX_RECEIVERS:-3} # at least
longest=${INBOX_LONGEST:-$((4 << 20))}
rounds=${INBOX_ROUNDS:-1}
count=${INBOX_COUNT:-200}
few=${INBOX_FEW:-3} # to each number of receivers less than all
seed=${FAULT_SEED:-$RANDOM}
faults=drop=2%,dup=2%,reorder=2%/8,flip=2%/8,trunc=2%
# Room for a few of the longest.
pool=$((4 * longest / (1 << 20) + 16))M
all=$(($(nproc) - 1))
echo "FAULT_SEED=$seed"

# Node numbers are addresses, too: senders 2 and 3, receivers 4 and up.
senders=(n2 n3) names=()
for ((i = 0; i < receivers; i++)); do
	names+=("n$((4 + i))")
done
first=4
ports=()
for name in "${senders[@]}" "${names[@]}"; do
	ports+=(--port "vhost:iface=$TMP/$name.sock" --ip 10.0.0.1/24)
done
eal_memory 96 $((receivers + 16))
eal=("${EAL_MEMORY[@]}")
EAL_MEMORY=("${eal[@]/96/$((256 + ${pool%M}))}")
SERVER_LCORES="0@(0-$all),1@(0-$all),2@(0-$all)" server_start server --idle sleep --mbufs 2048 \
	"${ports[@]}" --pool "main:$pool" --crc on --keepalive-ms 500 \
	--fault "$faults,seed=$seed"
EAL_MEMORY=("${eal[@]}")

# join NAME: a new process, connected.
join() {
	client_start "$1" "${1#n}" "virtio_user:path=$TMP/$1.sock"
	ask "$1" 0 fault "$faults,seed=$((seed + ${1#n}))"
	ask "$1" 0 connect
	ask "$1" 0 open main
}

# got NAME: sets messages, memory, begin, bytes, broken, shortest and longest_got.
got() {
	ask "$1" '0 .*' got
	read -r _ messages memory begin bytes broken shortest longest_got <<<"$reply"
	((broken == 0)) || fail "$1: $broken rules broken, seed $seed"
}

got_all() {
	got "$1"
	((messages >= $2))
}

# got_to NAME: all up to the last that was posted.
got_to() {
	got "$1"
	((messages > 0 && begin + messages == next))
}

memory_free() {
	tell n2 stat
	reply n2
	[[ $reply =~ ^0\ [0-9]+\ 0\ 0$ ]]
}

for name in "${senders[@]}" "${names[@]}"; do
	join "$name"
done
for name in "${names[@]}"; do
	ask "$name" 0 inbox 65536 65536 $((64 << 20))
done

# post_both COUNT RECEIVERS LONGEST: by both senders, to the first of the receivers.
post_both() {
	for name in "${senders[@]}"; do
		tell "$name" post "$1" 3600000 "$3" $first $((first + $2 - 1))
	done
	for name in "${senders[@]}"; do
		REPLY_LIMIT=3600 reply "$name"
		[[ $reply =~ ^0\ $1\ [0-9]+\ [0-9]+$ ]] || fail "$name: post: $reply, seed $seed"
		refused=$((refused + $(cut -d" " -f3 <<<"$reply")))
	done
}

begin_all=$SECONDS refused=0
for ((n = 1; n < receivers; n++)); do
	post_both "$few" "$n" $((n == 1 ? longest : longest / 16))
done
for ((round = 1; round <= rounds; round++)); do
	post_both "$count" "$receivers" "$longest"
done
for ((i = 0; i < receivers; i++)); do
	name=${names[i]} total=$((2 * (count * rounds + few * (receivers - 1 - i))))
	wait_for 60 got_all "$name" $total
	((messages == total && begin == few * i)) || fail "$name got $messages of $total messages"
	((shortest == 8 && longest_got == longest)) || fail "$name: $shortest to $longest_got bytes"
	((i > 0)) || first_got="$messages messages, $memory of them as memory, $bytes bytes"
done
wait_for 10 memory_free
echo "to 1 to $receivers receivers, 8 to $longest bytes: $((2 * count * rounds)) messages to all and" \
	"$((2 * few)) to each number less, in $((SECONDS - begin_all)) s; ${names[0]} got $first_got," \
	"${names[-1]} $messages, $memory, $bytes; $refused sent again"

# No faults from here on: rates are compared.
for ((i = 0; i < receivers + 2; i++)); do
	[[ $(telemetry "/shmx/fault,$i off") != *error* ]] || fail "the server's faults stay"
done
for name in "${senders[@]}" "${names[@]}"; do
	ask "$name" 0 fault off
done

# pair PACE: n2 sends to n4 while n3 sends to n5, which takes what comes at that pace; sets rate and
# other, how many both could send in half a second.
pair() {
	ask n5 0 pace "$1"
	tell n3 post 100000000 500 64 5 5
	ask n2 '0 .*' post 100000000 500 64 4 4
	rate=$(cut -d' ' -f2 <<<"$reply")
	reply n3
	other=$(cut -d' ' -f2 <<<"$reply")
}

# median VALUE...: and the least and the most behind it.
median() {
	local sorted
	mapfile -t sorted < <(printf '%s\n' "$@" | sort -n)
	echo "${sorted[$# / 2]} (${sorted[0]} to ${sorted[-1]})"
}

# posted COUNT LONGEST NODE: by n3; sets next to the number of the message after.
posted() {
	ask n3 "0 $1 [0-9]+ [0-9]+" post "$1" 3600000 "$2" "$3" "$3"
	next=${reply##* }
}

# opened NAME BYTES WINDOW [keep]: the inbox of a node is there once the session before has ended.
opened() {
	tell "$1" inbox "$2" "$3" $((64 << 20)) "${4-}"
	reply "$1"
	[[ $reply == 0 ]]
}

# What may lie in an inbox and its window, of which a message of 8 bytes takes 24, and what is taken
# at a pace of 5 ms, in twice the time at most.
client_end n5
join n5
wait_for 8 opened n5 4096 4096
room=$((8192 / 24)) taken=200
fast=() slow=() never=() slow_ratio=() never_ratio=()
for _ in 1 2 3; do
	pair 0
	with=$rate fast+=("$other")
	pair 5000
	slow+=("$other") slow_ratio+=($((100 * rate / with)))
	((other <= room + taken)) || fail "n5 takes 200 a second, and n3 sends $other in half a second"
	pair never
	never+=("$other") never_ratio+=($((100 * rate / with)))
	((other <= room)) || fail "n5 takes nothing, and n3 sends $other"
done
echo "n3 sends $(median "${fast[@]}") in half a second to a receiver that takes all," \
	"$(median "${slow[@]}") to one that takes 200 a second, $(median "${never[@]}") to one that takes" \
	"nothing; n2 sends $(median "${slow_ratio[@]}") % and $(median "${never_ratio[@]}") % of what it did"
for ratio in "$(median "${slow_ratio[@]}")" "$(median "${never_ratio[@]}")"; do
	((${ratio%% *} >= 40)) || fail "a receiver that is slow slows others: $ratio %"
done
ask n5 0 pace 0
got n4
got n5

# Killed with memory that was sent to it, told of or not.
ask n6 0 pace never
posted 40 1000000 6
! memory_free || fail "no memory was sent"
client_kill n6
wait_for 8 memory_free
join n6

# Killed with most of it still at the memory node; some more comes while nobody is there.
wait_for 8 opened n6 $((1 << 20)) 2048 keep
ask n6 0 pace never
posted 200 1000000 6
client_kill n6
posted 50 1000 6
join n6
wait_for 8 opened n6 $((1 << 20)) 65536 keep
wait_for 10 got_to n6
lost=$((250 - messages))
((lost >= 0 && lost <= 2048 / 24)) || fail "$lost of 250 messages are lost"
wait_for 5 memory_free
echo "n6 got $messages of 250 messages after it was killed, the others had been sent to it"
for name in "${senders[@]}" "${names[@]}"; do
	got "$name"
	client_end "$name"
done
server_stop TERM
