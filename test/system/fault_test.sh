#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Every fault alone, and all of them together, in both directions at both ends of a link: nobody
# gets a wrong result, none twice, and nothing gets stuck.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"

need_command python3
need_built apps/shmx-bench/shmx-bench
socket=$TMP/a.sock
seed=${FAULT_SEED:-$RANDOM}
eal_memory 256 2

# server_faults SPEC: of the server's port, while it runs.
server_faults() {
	local answer
	answer=$(telemetry_of server "/shmx/fault,0 $1,seed=$seed")
	[[ $answer != *error* ]] || fail "the server refuses $1: $answer"
}

# work SPEC WORKLOAD OPTION...: right under these faults, which were done.
work() {
	local spec=$1 workload=$2 begin=$SECONDS
	shift 2
	BENCH_LIMIT=60 bench "$socket" --workload "$workload" --check --json --span 4M \
		--fault "$spec,seed=$((seed + 1))" "$@" >"$TMP/json" 2>"$TMP/bench.log" ||
		fail "$workload $* with $spec at both ends, seed $seed"
	python3 - "$TMP/json" <<-'END' >"$TMP/done" || fail "the JSON object is not right: $(<"$TMP/json")"
		import json, sys
		o = json.load(open(sys.argv[1]))
		assert o["check"] == "passed" and "seed=" in o["config"]["fault"]
		faults = o["results"][0]["faults"]
		kinds = ["dropped", "blackholed", "duplicated", "reordered", "delayed", "flipped", "truncated"]
		print(", ".join(f"{k} {n}" for k in kinds if (n := faults["rx"][k] + faults["tx"][k])))
		assert all(f["spared"] == 0 for f in faults.values())
	END
	[[ $spec == off || -s $TMP/done ]] || fail "$workload with $spec: nothing was done"
	echo "  $workload $*: right in $((SECONDS - begin)) s; $(<"$TMP/done")"
}

echo "FAULT_SEED=$seed"
server_start server --port "vhost:iface=$socket" --ip 10.0.0.1/24 --pool main:32M

# Flipped at one end only: two bits, one at each end, get past a checksum once in 32 times.
alone=(drop=2% dup=2% reorder=2%/8 reorder=2%/50us delay=20us~20us 'flip=2%,dir=tx' trunc=2%)
for spec in "${alone[@]}"; do
	echo "$spec"
	server_faults "$spec"
	work "$spec" mix --count 100000 --window 512
	work "$spec" alloc --count 5000 --window 64 --size 1000
done

others=drop=2%,dup=2%,reorder=2%/8,delay=5us~20us,trunc=2%
all=$others,seed=$seed,dir=rx+$others,flip=2%,dir=tx
echo "$all"
server_faults "$all"
for workload in get put faa cas mix; do
	work "$all" $workload --count 100000 --window 512
done
work "$all" alloc --count 5000 --window 64 --size 1000
work "$all" put --count 40 --size 300K --window 4
work "$all" get --count 40 --size 300K --window 4
work "$all" faa --count 300
server_stop TERM

# Any number of bits gets past no CRC32C.
all=$others,flip=2%/32
echo "$all with --crc on"
server_start server --port "vhost:iface=$socket" --ip 10.0.0.1/24 --pool main:32M --crc on \
	--fault "$all,seed=$seed"
grep -q "port 0 vhost:.*: --fault drop=2%.*,seed=$seed,dir=both" "$TMP/server.log" ||
	fail "the server does not say its faults"
for workload in put mix; do
	work "$all" $workload --count 100000 --window 512
done
work "$all" put --count 40 --size 300K --window 4
server_stop TERM
