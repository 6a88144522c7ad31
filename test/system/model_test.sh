#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Sixteen nodes, each over a port of its own, allocate, free, resize, hand on, write and read at
# random, what they may and what they may not, until MODEL_ALLOCS allocations are held. Then
# statistics, owners, contents and what each node may are held against a model granule by granule;
# also after SIGKILL, when another process adopts the memory; and when all is freed nothing is left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"

MODEL=$BUILD/test/system/model
need_built test/system/model
need_command flock
allocs=${MODEL_ALLOCS:-3000}
workers=${MODEL_WORKERS:-3}
# As many random steps once they are held.
steps=${MODEL_STEPS:-$allocs}
export SHMX_SEED=${SHMX_SEED:-$RANDOM$RANDOM}

# Pools and what 16 ports take; the ports of the nodes take less.
eal_memory $(((560 + allocs / 260) & ~1)) 2
all=$(($(nproc) - 1)) lcores="0@(0-$all)"
ports=()
for ((i = 1; i <= workers; i++)); do
	lcores+=",$i@(0-$all)"
done
for ((i = 1; i <= 16; i++)); do
	ports+=(--port "vhost:iface=$TMP/$i.sock" --ip 10.0.0.1/24)
done
SERVER_LCORES=$lcores server_start server --idle sleep --mbufs 1024 --locks 0 --inboxes 0 \
	--peer-timeout-ms 10000 --fault "${MODEL_FAULTS:-off}" "${ports[@]}"

spawn model "$MODEL" --lcores "0@(0-$all)" --no-pci --no-telemetry "--file-prefix=${ID}model" \
	"${EAL_MEMORY[@]}" --log-level='*:error' -- run "$TMP" "$allocs" "$steps" "$TMP/model.bin"
model_pid=$spawned
model_saved_or_gone() {
	! alive "$model_pid" || grep -q '^saved' "$TMP/model.log"
}
wait_for "${MODEL_LIMIT:-100}" model_saved_or_gone
grep -q '^saved' "$TMP/model.log" || fail "not as the model has it, SHMX_SEED=$SHMX_SEED"
grep -Ev '^saved|virtio_user' "$TMP/model.log"

# Any DPDK program that starts removes page files that nobody has locked.
for file in /dev/hugepages/"${ID}servermap"*; do
	[[ -z $HUGE ]] || { exec {fd}<"$file" && flock -s "$fd"; }
done
kill -KILL "$server_pid"
wait "$server_pid" 2>/dev/null || true
status=0
kill -TERM "$model_pid"
wait "$model_pid" || status=$?
((status == 0)) || fail "the nodes ended with status $status"
if [[ -n $HUGE ]]; then
	"$MODEL" --lcores "0@(0-$all)" --no-pci --no-telemetry "--file-prefix=${ID}server" \
		--proc-type=secondary --log-level='*:error' -- adopt "$TMP/model.bin" \
		>"$TMP/adopt.log" 2>&1 || fail "adoption, SHMX_SEED=$SHMX_SEED"
	# EAL says that nobody answers for the dead.
	grep -Ev 'EAL|vdev' "$TMP/adopt.log"
else
	echo "no hugepages: nothing is left of the memory of a process that was killed"
fi
echo "$allocs allocations, $workers workers, faults ${MODEL_FAULTS:-off}, SHMX_SEED=$SHMX_SEED," \
	"$SECONDS s"
