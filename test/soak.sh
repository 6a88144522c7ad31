#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# test/soak.sh [SECONDS]
# A link that loses 30 % of the frames in each direction, and doubles, reorders, flips and cuts
# others, for so long (600): every result is checked, ordered operations stay in order, nothing gets
# stuck, and at the end no allocation, buffer or session is left. The build is build/, or
# $SHMX_BUILD.
set -euo pipefail
[[ $# -le 1 && ${1:-600} =~ ^[1-9][0-9]*$ ]] || { sed -n '4,8s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
limit=${1:-600}
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/system/lib.sh"
. "$(dirname "$0")/system/server_common.sh"
. "$(dirname "$0")/system/client_common.sh"

need_command python3
need_built apps/shmx-bench/shmx-bench
seed=${FAULT_SEED:-$RANDOM}
eal_memory 256 3
faults=drop=30%,dup=5%,reorder=5%/8,delay=2us~10us,flip=2%/8,trunc=2%
server_start server --port "vhost:iface=$TMP/a.sock" --ip 10.0.0.1/24 \
	--port "vhost:iface=$TMP/b.sock" --ip 10.0.0.1/24 --pool main:32M --crc on
# Each link has its faults at one end: at the compute node's, or at the memory node's.
[[ $(telemetry "/shmx/fault,1 $faults,seed=$seed") != *error* ]] || fail "the server takes no faults"
client_start b 3 "virtio_user:path=$TMP/b.sock"
ask b 0 connect
ask b 0 open main
ask b '0 [0-9]+' alloc 64
echo "FAULT_SEED=$seed"

# in_use: buffers out of the pools of both ports.
in_use() {
	telemetry /shmx/endpoints,0 >"$TMP/endpoints"
	telemetry /shmx/endpoints,1 >>"$TMP/endpoints"
	sed -n 's/.*"mbufs_in_use": \([0-9]*\).*/\1/p' "$TMP/endpoints" | awk '{ n += $1 } END { print n }'
}

# round SEED: how many operations.
round() {
	local spec="$faults,seed=$1" workload
	for workload in mix faa alloc 'put --size 100K' 'get --size 100K'; do
		# shellcheck disable=SC2086 # words
		BENCH_LIMIT=600 bench "$TMP/a.sock" --workload $workload --check --crc on --span 4M \
			--window 64 --count "${count[${workload%% *}]}" --fault "$spec" >"$TMP/bench.log" 2>&1 ||
			fail "$workload, seed $seed, $1"
		grep -q '^check passed' "$TMP/bench.log" || fail "$workload, seed $seed, $1: not passed"
	done
	tell b order 2000
	REPLY_LIMIT=600 reply b
	[[ $reply == '0 0' ]] || fail "order, seed $seed, $1: $reply"
}

declare -A count=([mix]=20000 [faa]=20000 [alloc]=2000 [put]=20 [get]=20)
round 1
before=$(in_use)
begin=$SECONDS rounds=1
while ((SECONDS - begin < limit)); do
	rounds=$((rounds + 1))
	round $rounds
done
ask b 0 free
ask b '0 33554432 0 0' stat
sleep 1
after=$(in_use)
((after < before + 500)) || fail "$((after - before)) buffers are gone"
client_end b
sleep 3.5
telemetry /shmx/sessions | grep -q '"sessions": {}' || fail "sessions: $(telemetry /shmx/sessions)"
server_stop TERM
echo "$rounds rounds in $((SECONDS - begin)) s: all right; buffers in use $before before, $after after"
