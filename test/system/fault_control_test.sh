#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Faults that change while a client works: at the prompts of server and bench, and by telemetry. A
# link that goes dark for a while comes back; one that stays dark is told within the peer time-out.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"

need_command python3
need_built apps/shmx-bench/shmx-bench
socket=$TMP/a.sock
eal_memory 256 2

# prompt_start NAME COMMAND...: start a program whose standard input is ours: say NAME LINE.
declare -A _prompt
prompt_start() {
	local name=$1 fd
	shift
	mkfifo "$TMP/$name.in"
	: >"$TMP/$name.log"
	setsid "$@" <"$TMP/$name.in" >>"$TMP/$name.log" 2>&1 &
	prompt_pid=$!
	_pids+=("$prompt_pid")
	exec {fd}>"$TMP/$name.in"
	_prompt[$name]=$fd
}

say() {
	echo "$2" >&"${_prompt[$1]}" || fail "$1 is gone: $2"
}

hang_up() {
	local fd=${_prompt[$1]}
	exec {fd}>&-
	rm "$TMP/$1.in"
}

# ended NAME PID: with exit status 0.
ended() {
	local status=0
	wait "$2" || status=$?
	((status == 0)) || fail "$1 ended with status $status"
}

serve() {
	prompt_start server "$BUILD/apps/shmx-server/shmx-server" --lcores 0@0,1@0 --no-pci \
		"--file-prefix=${ID}server" "${EAL_MEMORY[@]}" -- --interactive \
		--port "vhost:iface=$socket" --ip 10.0.0.1/24 --pool main:32M
	server_pid=$prompt_pid
	wait_for 60 server_up_or_gone server
}

# run_bench NAME OPTION...: with a prompt, measuring on the same core.
run_bench() {
	local name=$1 cpu=$(($(nproc) > 1))
	shift
	prompt_start "$name" timeout -k 5 100 "$BENCH" --lcores "0@$cpu,1@$cpu" --no-pci \
		"--file-prefix=$ID$name" "${EAL_MEMORY[@]}" -- --port "virtio_user:path=$socket" \
		--ip 10.0.0.2/24 --server 10.0.0.1 --quiet --check -i "$@"
	bench_pid=$prompt_pid
}

# working NAME: operations are being done.
working() {
	say "$1" 'show stats'
	grep -q '^operations [1-9]' "$TMP/$1.log"
}

# ---- at the prompts, with both ends at work

serve
say server help
wait_log 10 server '^set fault PORT\|all SPEC: '
run_bench bench --workload mix --window 256 --seconds 90 --span 1M
wait_for 20 working bench
say server 'set fault 0 drop=1%,dup=1%,seed=7'
wait_log 10 server '^port 0 vhost:.*: faults drop=1%,dup=1%,seed=7,dir=both'
say bench 'set fault all reorder=2%/8,seed=8,dir=tx'
wait_log 10 bench '^port 0 virtio_user:.*: faults reorder=2%/8/1ms,seed=8,dir=tx'
say bench 'set fault 0 flip=1%,seed=9,dir=rx'
wait_log 10 bench ': faults flip=1%/1,seed=9,dir=rx\+reorder=2%/8/1ms,seed=8,dir=tx'

# shown NAME PATTERN: what its faults have done is like that, or soon will be.
shown() {
	say "$1" 'show fault 0'
	sleep 0.1
	grep -Eq "$2" "$TMP/$1.log"
}
wait_for 20 shown server '^  rx: seen [0-9]+, dropped [1-9][0-9]*, duplicated [1-9]'
wait_for 20 shown bench '^  rx: seen [0-9]+, flipped [1-9]'
wait_for 20 shown bench '^  tx: seen [0-9]+, reordered [1-9]'

say server 'clear fault all'
wait_log 10 server '^port 0 vhost:.*: faults off'
say server 'clear stats'
wait_for 10 shown server '^  rx: seen 0$'
say server 'show ports'
wait_log 10 server '^port 0 vhost:iface='
say server 'show stats'
wait_log 10 server '^stats: [0-9]+ ops/s'

# What is wrong is said, and nothing changes.
say server 'set fault 1 drop=1%'
wait_log 10 server '^no port 1: give 0 to 0, or all'
say server 'set fault 0 drop=1%,drop=2%'
wait_log 10 server '^drop is given twice'
say server 'lose everything'
wait_log 10 server '^no such command: lose everything: see help'
say server 'show fault'
wait_log 10 server '^bad arguments: show fault: see help'
wait_for 10 shown server '^  rx: seen 0$'

# ---- dark for half the peer time-out, at either end: it comes back

say bench 'set fault 0 blackhole=1s'
wait_log 10 bench ': faults blackhole=1s,'
sleep 1.5
say server 'set fault 0 blackhole=1s,dir=rx'
sleep 1.5
say bench 'clear stats'
say bench 'clear fault 0'
say bench quit
ended bench "$bench_pid"
grep -q '^check passed' "$TMP/bench.log" || fail "the bench at the prompt found wrong results"
wait_for 10 shown server '^  rx: seen [0-9]+, blackholed [1-9]'
hang_up bench
echo "prompts of both ends, and a link that comes back"

# ---- a script: commands in a pipe, whose end ends the prompt and not the run

printf '%s\n' 'set fault 0 dup=5%,seed=1' 'show fault 0' | BENCH_LIMIT=60 "$BENCH" \
	--lcores "0@$(($(nproc) > 1)),1@$(($(nproc) > 1))" --no-pci "--file-prefix=${ID}pipe" \
	"${EAL_MEMORY[@]}" -- --port "virtio_user:path=$socket" --ip 10.0.0.2/24 --server 10.0.0.1 \
	--json --interactive --check --workload faa --count 20000 --window 64 >"$TMP/pipe.out" 2>"$TMP/pipe.log" ||
	fail "a bench with commands in a pipe"
grep -q '"fault":"dup=5%,seed=1,dir=both"' "$TMP/pipe.out" || fail "the pipe set no faults"
! bench "$socket" -i >"$TMP/one.log" 2>&1 || fail "-i without a second lcore did not fail"
grep -q '^shmx-bench: --interactive needs a second lcore' "$TMP/one.log" || fail "no reason for it"
echo "commands in a pipe"

# ---- telemetry, of both programs

run_bench bench --workload faa --window 64 --seconds 90
wait_for 20 working bench
[[ $(telemetry_of server '/shmx/fault,0 drop=3%,seed=5,dir=rx') == *'"spec": "drop=3%,seed=5,dir=rx"'* ]] ||
	fail "telemetry of the server"
[[ $(telemetry_of bench '/shmx/fault,all dup=3%,seed=6') == *'"spec": "dup=3%,seed=6,dir=tx"'* ]] ||
	fail "telemetry of the bench"
[[ $(telemetry_of server '/shmx/fault,3') == *'"error": "no port 3'* ]] || fail "a port that is not there"
[[ $(telemetry_of server '/shmx/fault,0 drip=3%') == *'"error": "drip: no such fault'* ]] ||
	fail "a fault that is not there"
[[ $(telemetry_of server '/shmx/fault,0 off') == *'"spec": "off"'* ]] || fail "faults do not go"
echo "telemetry"

# ---- dark for good: both ends notice

say bench 'set fault 0 blackhole=on'
begin=$SECONDS
wait_log 20 bench '^shmx-bench: .*lost the connection to 10.0.0.1'
((SECONDS - begin <= 6)) || fail "noticed a dead link after $((SECONDS - begin)) s"
status=0
wait "$bench_pid" || status=$?
((status == 1)) || fail "exit status $status with a dead link"
hang_up bench

say server quit
ended server "$server_pid"
grep -q 'stopping: quit' "$TMP/server.log" || fail "quit does not end the server"
hang_up server
serve
hang_up server
ended server "$server_pid"
echo "a link that stays dark; quit, and the end of the input"
