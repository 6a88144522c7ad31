#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A server ends on SIGTERM, SIGINT and SIGHUP, with exit status 0, and leaves nothing behind: no
# process, socket or page of memory; clients hear of it at once.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"

socket=$TMP/port.sock
eal_memory 256 2

nothing_left() {
	local left
	! alive "$server_pid" || fail "the process is still there after SIG$1"
	[[ ! -e $socket ]] || fail "the socket is still there after SIG$1"
	left=$(find /dev/hugepages -name "${ID}server*" 2>/dev/null | wc -l)
	((left == 0)) || fail "$left page files are still there after SIG$1"
}

for signal in TERM INT HUP; do
	server_start server --port "vhost:iface=$socket" --ip 10.0.0.1/24 --pool main:64M
	[[ -S $socket ]] || fail "there is no socket"
	server_stop $signal
	nothing_left $signal
done

# While it starts: the signal is not lost.
spawn early "$SERVER" --lcores 0@0,1@0 --no-pci "--file-prefix=${ID}early" "${EAL_MEMORY[@]}" -- \
	--port "vhost:iface=$socket" --ip 10.0.0.1/24 --pool main:64M
server_pid=$spawned
wait_log 30 early 'pool main'
server_stop TERM
nothing_left TERM

# Also while EAL starts, which has made page files by then.
spawn early "$SERVER" --lcores 0@0,1@0 --no-pci "--file-prefix=${ID}server2" "${EAL_MEMORY[@]}" -- \
	--port "vhost:iface=$socket" --ip 10.0.0.1/24 --pool main:64M
server_pid=$spawned
while alive "$server_pid" && [[ ! -e /var/run/dpdk/${ID}server2/fbarray_memzone ]]; do :; done
server_stop TERM
nothing_left TERM

# With standard files closed: what it opens first does not take their place, and what it prints does
# not end up there. EAL's shared configuration is the first of all.
setsid "$SERVER" --lcores 0@0,1@0 --no-pci "--file-prefix=${ID}server" "${EAL_MEMORY[@]}" -- \
	--port "vhost:iface=$socket" --ip 10.0.0.1/24 --pool main:64M <&- >&- 2>&- &
server_pid=$!
_pids+=("$server_pid")
wait_for 30 test -S "$socket"
for fd in 0 1 2; do
	[[ $(readlink "/proc/$server_pid/fd/$fd") == /dev/null ]] ||
		fail "$(readlink "/proc/$server_pid/fd/$fd") is file $fd"
done
server_stop TERM
nothing_left TERM

# With a client at work, which is to notice at once and not by a time-out.
need_built apps/shmx-bench/shmx-bench
server_start server --port "vhost:iface=$socket" --ip 10.0.0.1/24 --pool main:64M \
	--peer-timeout-ms 60000
bench "$socket" --workload put --seconds 30 >"$TMP/bench.log" 2>&1 &
client=$!
sleep 3
begin=$SECONDS
server_stop TERM
wait "$client" && fail "the client did not notice that the server ended"
((SECONDS - begin <= 30)) || fail "the client noticed after $((SECONDS - begin)) s"
nothing_left TERM
echo "nothing left after TERM, INT, HUP, also with a client"
