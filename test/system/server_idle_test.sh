#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# In every idle mode a server answers; the modes that give the core up do so; and the main lcore
# takes next to nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"

need_built apps/shmx-bench/shmx-bench
socket=$TMP/port.sock
eal_memory 256 2
ticks=$(getconf CLK_TCK)

# ticks_of FILE...: processor time so far, of these /proc/.../stat.
ticks_of() {
	awk '{sub(/.*\) /, ""); n += $12 + $13} END {print n}' "$@"
}

# percent SECONDS FILE: processor time that is taken meanwhile.
percent() {
	local before
	before=$(ticks_of "$2")
	sleep "$1"
	echo $((($(ticks_of "$2") - before) * 100 / ticks / $1))
}

for mode in poll pause sleep interrupt; do
	server_start server --port "vhost:iface=$socket" --ip 10.0.0.1/24 --pool main:32M \
		--idle $mode
	# Twice: the second client plugs into a port whose first one has gone.
	for client in first second; do
		bench "$socket" --workload faa --check --count 2000 >"$TMP/bench.log" 2>&1 ||
			fail "the $client client failed in mode $mode"
	done
	sleep 0.5
	# Bounds far from what is measured on a quiet machine (8 %, 2 % and below 1 %).
	main=$(percent 2 "/proc/$server_pid/task/$server_pid/stat")
	((main <= 5)) || fail "the main lcore takes $main %"
	all=$(percent 2 "/proc/$server_pid/stat")
	case $mode in
	sleep) ((all <= 50)) || fail "an idle server takes $all % in mode sleep" ;;
	interrupt) ((all <= 20)) || fail "an idle server takes $all % in mode interrupt" ;;
	esac
	echo "$mode: idle $all %, main lcore $main %"
	server_stop TERM
done
