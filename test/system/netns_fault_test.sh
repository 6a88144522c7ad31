#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# netns_fault_test.sh [KIND]
# Faults on a port that is no memory, over a bridge that looks at addresses: af_packet, or af_xdp.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"
. "$(dirname "$0")/netns_common.sh"

need_root
need_command python3
need_built apps/shmx-bench/shmx-bench
eal_memory 256 2
kind=${1:-af_packet}
COMPUTE_NODES=1
seed=${FAULT_SEED:-$RANDOM}
faults=drop=2%,dup=2%,reorder=2%/8,delay=20us~50us,flip=2%/8,trunc=2%
all=$(($(nproc) - 1))

lan "$kind"
grep -q 'shmx-server: ready' "$TMP/server.log" || fail "the server did not start"
echo "FAULT_SEED=$seed"
[[ $(telemetry "/shmx/fault,0 $faults,seed=$seed") != *error* ]] || fail "the server takes no faults"
for workload in mix alloc; do
	count=20000
	[[ $workload == mix ]] || count=1000
	timeout -k 5 60 ip netns exec "$ID-c1" "$BENCH" --lcores "0@(0-$all)" --no-pci \
		"--file-prefix=${ID}bench" "${EAL_MEMORY[@]}" -- --port "$kind:iface=eth" --ip 10.0.0.2/24 \
		--server 10.0.0.1 --quiet --check --workload $workload --window 128 --count $count --span 1M \
		--fault "$faults,seed=$((seed + 1))" >"$TMP/bench.log" 2>&1 || fail "$workload on $kind, seed $seed"
	grep -q '^check passed' "$TMP/bench.log" || fail "$workload on $kind: not passed"
	grep '^faults' "$TMP/bench.log"
done
server_stop TERM
