#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Frames are lost at both ends, in both directions, and nobody gets a wrong result, none twice, and
# nothing gets stuck.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"

need_built apps/shmx-bench/shmx-bench
socket=$TMP/a.sock
seed=${LOSS_SEED:-$RANDOM}
eal_memory 256 2

# lossy_bench PERCENT WORKLOAD OPTION...
lossy_bench() {
	local percent=$1 workload=$2 begin=$SECONDS
	shift 2
	BENCH_LIMIT=60 bench "$socket" --workload "$workload" --check --drop "$percent" \
		--drop-seed $((seed + 1000)) --span 4M "$@" >"$TMP/bench.log" 2>&1 ||
		fail "$workload with $percent % lost, seed $seed"
	grep -Eq 'lost on purpose: [1-9]|dropped' "$TMP/bench.log" || fail "$workload: nothing was lost"
	echo "$workload $*: right with $percent % lost, $((SECONDS - begin)) s"
}

for percent in 1 5; do
	echo "seed $seed"
	server_start server --port "vhost:iface=$socket" --ip 10.0.0.1/24 --pool main:32M \
		--drop $percent --drop-seed "$seed"
	for workload in get put faa cas mix; do
		lossy_bench $percent $workload --count 30000 --window 512
	done
	lossy_bench $percent alloc --count 5000 --window 64 --size 1000
	lossy_bench $percent put --count 60 --size 300K --window 4
	lossy_bench $percent faa --count 300
	server_stop TERM
done
