#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# shmx-bench finds every result right, also when frames get lost and when three processes count in
# one word; prints what scripts read; ends early when asked; and says in one line what is wrong.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
need_built apps/shmx-bench/shmx-bench
need_command python3

ports=3
eal_memory 256 $((ports + 1))
port_options=()
for ((i = 1; i <= ports; i++)); do
	port_options+=(--port "vhost:iface=$TMP/port$i.sock")
done
# The receivers of a broadcast have a queue each.
port_options+=(--queues 3)
many=$TMP/port$ports.sock
server_start server "${port_options[@]}" --ip 10.0.0.1/24
port=$TMP/port1.sock

# ---- every workload, without and with loss

check() {
	bench "$port" --check --span 1M --seconds 0.1 --warmup 0.02 "$@" >"$TMP/bench.log" 2>&1 ||
		fail "shmx-bench --check $*: exit status $?"
	grep -q '^check passed' "$TMP/bench.log" || fail "shmx-bench --check $*: not passed"
}

for workload in get put faa cas alloc mix lock signal msg; do
	check --workload $workload
	check --workload $workload --window full
	check --workload $workload --window full --drop 1
done
check --workload get --size 64K --window full --drop 0.5
check --workload put --size 64K --window full --drop 0.5
check --workload put --size 13 --window 7 --pattern sequential
check --workload faa --size 4 --window full --no-coalesce
check --workload mix --size 24 --window full --crc on
check --workload lock --shared --pattern sequential --window full --locks 100
check --workload lockn
check --workload lockn --drop 1
check --workload msg --size 1 --window 65534
check --workload msg --size 1023 --window full --drop 1
check --workload barrier --drop 1
check --port "virtio_user:path=$many" --workload bcast --receivers 2 --window full --to set --drop 1
grep -q '^to 2 receivers: .* sent, .* delivered' "$TMP/bench.log" || fail "bcast does not tell its rates"
for workload in lock signal msg; do
	bench "$port" --json --workload $workload --window full --pairs 2 --seconds 0.1 --baseline get \
		>"$TMP/json" 2>"$TMP/bench.log" || fail "$workload in pairs: exit status $?"
done
bench "$port" --json --workload lockn --pairs 2 --seconds 0.1 >"$TMP/json" 2>"$TMP/bench.log" ||
	fail "lockn in pairs: exit status $?"
bench "$port" --json --workload msg --pairs 2 --seconds 0.1 --baseline signal >"$TMP/json" \
	2>"$TMP/bench.log" || fail "msg by signal: exit status $?"
bench "$many" --json --workload bcast --receivers 2 --window full --pairs 2 --seconds 0.1 \
	--baseline msg >"$TMP/json" 2>"$TMP/bench.log" || fail "bcast by msg: exit status $?"
grep -q '"workload":"bcast".*"receivers":2,"delivered_per_second":[1-9]' "$TMP/json" ||
	fail "bcast does not tell what it delivers"
echo "all workloads check"

# What a run reserves it gives back; what a killed one did not is found by the next.
spawn killed "$BENCH" --lcores "0@$(($(nproc) > 1))" --no-pci "--file-prefix=${ID}killed" \
	"${EAL_MEMORY[@]}" -- --port "virtio_user:path=$port" --ip 10.0.0.2/24 --server 10.0.0.1 \
	--workload lock --window full --locks 60000 --seconds 50
wait_log 20 killed 'Mops/s .*busy'
kill -KILL "$spawned"
wait "$spawned" 2>/dev/null || true
check --workload lock --window full --locks 60000
check --workload lock --window full --locks 65536 --drop 0
echo "no lock is left over"

# ---- three processes meet

meeting=()
for ((i = 1; i <= ports; i++)); do
	spawn meet$i timeout -k 5 60 "$BENCH" --lcores "0@$(($(nproc) > 1))" --no-pci \
		"--file-prefix=${ID}meet$i" "${EAL_MEMORY[@]}" -- --port "virtio_user:path=$TMP/port$i.sock" \
		--ip "10.0.0.$((i + 1))/24" --server 10.0.0.1 --quiet --workload barrier --nodes 2,3,4 --count 100
	meeting+=("$spawned")
done
for pid in "${meeting[@]}"; do
	wait "$pid" || fail "a process that meets others: exit status $?"
done
grep -q '^barrier  *100 ' "$TMP/meet1.log" || fail "not 100 rounds of a barrier"
echo "$ports processes meet 100 times"

# ---- three processes count in one word

counting=()
for ((i = 1; i <= ports; i++)); do
	spawn count$i timeout -k 5 60 "$BENCH" --lcores "0@$(($(nproc) > 1))" --no-pci \
		"--file-prefix=${ID}count$i" "${EAL_MEMORY[@]}" -- --port "virtio_user:path=$TMP/port$i.sock" \
		--ip "10.0.0.$((i + 1))/24" --server 10.0.0.1 --quiet --workload faa --window full \
		--pool counters --word hits --count 500000 --check
	counting+=("$spawned")
done
for pid in "${counting[@]}"; do
	wait "$pid" || fail "a process that counts: exit status $?"
done
word=(--workload faa --pool counters --word hits --count 0)
bench "$port" "${word[@]}" --expect $((ports * 500000)) >"$TMP/bench.log" 2>&1 ||
	fail "$ports processes did not count to $((ports * 500000))"
! bench "$port" "${word[@]}" --expect 7 >"$TMP/bench.log" 2>&1 || fail "--expect 7 did not fail"
echo "$ports processes count to $((ports * 500000))"

# ---- what scripts read

bench "$port" --json --pairs 2 --seconds 0.1 --window full 2>"$TMP/bench.log" >"$TMP/json" ||
	fail "--json --pairs: exit status $?"
python3 - "$TMP/json" <<-'END' || fail "the JSON object is not as doc/bench.md says: $(<"$TMP/json")"
	import json, sys
	o = json.load(open(sys.argv[1]))
	assert o["program"] == "shmx-bench" and o["config"]["workload"] == "get"
	assert [r["workload"] for r in o["results"]] == ["raw", "get"]
	for r in o["results"]:
	    assert r["ops"] > 0 and r["seconds"] > 0 and r["errors"] == 0
	    assert set(r["latency_us"]) == {"samples", "avg", "min", "p50", "p99", "p999", "p9999", "max"}
	ratio = o["ratio"]
	assert ratio["metric"] == "rate" and len(ratio["pairs"]) == 2
	assert ratio["min"] <= ratio["median"] <= ratio["max"]
END
echo "the JSON object has its keys"

# spared NAME OPTIONS...: gets beside something, by the same gets without
spared() {
	bench "$port" --json --pairs 2 --seconds 0.1 --window full --baseline get "${@:2}" 2>"$TMP/bench.log" \
		>"$TMP/json" || fail "pairs with $1: exit status $?"
	python3 - "$TMP/json" "$1" <<-'END' || fail "pairs with $1 do not spare the baseline: $(<"$TMP/json")"
		import json, sys
		baseline, workload = json.load(open(sys.argv[1]))["results"]
		suffered = {"flood": lambda r: r["flooded"], "faults": lambda r: r["faults"]["tx"]["dropped"]}[sys.argv[2]]
		assert baseline["ops"] > 0 and workload["ops"] > 0
		assert suffered(baseline) == 0 and suffered(workload) > 0
	END
}
spared flood --flood 100000
spared faults --fault drop=1% --baseline-fault off
echo "what is beside the workload spares the baseline"

# ---- an early end still tells what there is

# Not below timeout, which would pass the signal on a second time.
spawn early "$BENCH" --lcores "0@$(($(nproc) > 1))" --no-pci "--file-prefix=${ID}early" \
	"${EAL_MEMORY[@]}" -- --port "virtio_user:path=$port" --ip 10.0.0.2/24 --server 10.0.0.1 --seconds 50
early=$spawned
wait_log 20 early 'Mops/s .*busy'
kill -INT "$early"
wait "$early" || fail "exit status $? after SIGINT"
grep -q '^get  *[1-9]' "$TMP/early.log" || fail "no table after SIGINT"
echo "SIGINT ends it with a table"

# ---- what is wrong, in a line

# says PATTERN COMMAND...: fails with status 1 and a line of its own like that.
says() {
	local pattern=$1 status=0
	shift
	"$@" >"$TMP/says.log" 2>&1 || status=$?
	((status == 1)) || fail "$*: exit status $status"
	grep -q "^shmx-bench: .*$pattern" "$TMP/says.log" || fail "$*: does not say '$pattern'"
	(($(grep -c '^shmx-bench: ' "$TMP/says.log") == 1)) || fail "$*: says more than one line"
}

says 'cannot open port' bench "$TMP/none.sock"
says 'no answer from 10.0.0.77: is shmx-server running' bench "$port" --server 10.0.0.77
says 'out of memory' bench "$port" --span 64G
says 'has no more locks' bench "$port" --workload lock --locks 1M
says 'no such option' bench "$port" --frob
says 'takes frames of up to 1514 bytes' bench "$port" --workload raw --size 1515

# A ratio of what failed is none: somebody takes the pool away meanwhile.
take_pool_away() {
	"$BUILD/apps/shmx-ctl/shmx-ctl" --port "virtio_user:path=$TMP/port2.sock" --ip 10.0.0.3/24 \
		--server 10.0.0.1 pool destroy bench.2 --force
}
need_built apps/shmx-ctl/shmx-ctl
bench "$port" --pairs 10 --seconds 0.3 --baseline faa >"$TMP/pairs.log" 2>&1 &
pairs=$!
wait_for 20 take_pool_away
! wait "$pairs" || fail "operations failed, and pairs of them did not"
grep -q '^shmx-bench: .*operations failed; the first: ' "$TMP/pairs.log" || fail "pairs: the reason is not told"
spawn lost "$BENCH" --lcores "0@$(($(nproc) > 1))" --no-pci "--file-prefix=${ID}lost" \
	"${EAL_MEMORY[@]}" -- --port "virtio_user:path=$port" --ip 10.0.0.2/24 --server 10.0.0.1 --seconds 50
wait_log 20 lost 'Mops/s .*busy'
# shellcheck disable=SC2154 # server_common.sh sets it
kill -STOP "$server_pid"
# It says so while the server stands still. Closing the port, though, asks the server once more,
# and virtio_user waits for the answer as long as the server's process exists.
wait_log 10 lost '^shmx-bench: .*lost the connection to 10.0.0.1'
kill -CONT "$server_pid"
status=0
wait "$spawned" || status=$?
((status == 1)) || fail "exit status $status without a server"
server_stop TERM
says 'cannot open port' bench "$port"
echo "errors are told in one line"
