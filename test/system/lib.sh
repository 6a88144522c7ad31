# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What system tests share. A test is an executable test/system/NAME_test.sh that begins with
#
#	. "$(dirname "$0")/lib.sh"
#
# and exits with 0 (passed), 125 (skipped, by `skip`) or anything else (failed). It may start
# processes, make namespaces and write into $TMP: all of it is gone when the test ends, however
# it ends. $BUILD is the build under test, $ROOT the tree.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${SHMX_BUILD:-$ROOT/build}
TMP=$(mktemp -d "${TMPDIR:-/tmp}/shmx-test.XXXXXX")
# Names of this run's namespaces, interfaces and EAL prefixes; interfaces may have 15 letters.
ID=sx$$
export ROOT BUILD TMP ID

_pids=()
_namespaces=()
_hugepages=$TMP/hugepages

_clean_up() {
	local status=$? pid ns
	trap - EXIT INT TERM HUP
	set +e
	for pid in "${_pids[@]}"; do
		# A process just started may not have its group yet.
		kill -TERM -- "-$pid" || kill -TERM "$pid"
		kill -CONT -- "-$pid"
	done 2>/dev/null
	for pid in "${_pids[@]}"; do
		for _ in {1..20}; do
			kill -0 "$pid" || kill -0 -- "-$pid" || break
			sleep 0.1
		done
		kill -KILL -- "-$pid" "$pid"
		wait "$pid"
	done 2>/dev/null
	if ((status != 0 && status != 125)); then
		for log in "$TMP"/*.log; do
			[[ -s $log ]] || continue
			echo "--- ${log##*/} (last 40 lines)"
			tail -n 40 "$log"
		done
	fi
	for ns in "${_namespaces[@]}"; do
		ip netns del "$ns" 2>/dev/null
	done
	# What EAL leaves behind: its run-time folder, and page files of killed processes.
	rm -rf "/var/run/dpdk/$ID"* "/run/dpdk/$ID"*
	rm -f "/dev/hugepages/$ID"*
	rm -rf "/dev/shm/$ID"*
	[[ ! -e $_hugepages ]] || "$ROOT/config/hugepages.sh" --state "$_hugepages" --release
	rm -rf "$TMP"
	exit "$status"
}
trap _clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# skip WORDS: the test cannot run here, for this reason.
skip() {
	echo "skipped: $*"
	exit 125
}

# fail WORDS: the test failed, for this reason. The logs of all processes follow.
fail() {
	echo "failed: $*" >&2
	exit 1
}

need_root() {
	((EUID == 0)) || skip "needs root"
}

# need_command NAME...: all of these can be called.
need_command() {
	local name
	for name; do
		command -v "$name" >/dev/null || skip "needs $name"
	done
}

# need_built PATH...: programs of this tree, relative to the build.
need_built() {
	local path
	for path; do
		[[ -x $BUILD/$path ]] || skip "$path is not built"
	done
}

# spawn NAME COMMAND...: start in the background, output to $TMP/NAME.log. Its process group is
# in $spawned, and is killed at the end.
spawn() {
	local name=$1
	shift
	# Here and not in the background: wait_log must not see what an earlier process of that name said.
	: >"$TMP/$name.log"
	setsid "$@" >>"$TMP/$name.log" 2>&1 </dev/null &
	spawned=$!
	_pids+=("$spawned")
}

# alive PID
alive() {
	kill -0 "$1" 2>/dev/null
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; fails the test when it never does.
wait_for() {
	local seconds=$1 end
	shift
	end=$((SECONDS + seconds + 1))
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || fail "waited $seconds s for: $*"
		sleep 0.05
	done
}

# wait_log SECONDS NAME PATTERN: until the log of NAME has a line with PATTERN.
wait_log() {
	wait_for "$1" grep -Eq -- "$3" "$TMP/$2.log"
}

# eal_memory MIB PROCESSES: sets EAL_MEMORY, the memory options of a process that takes MIB, for
# PROCESSES of them. With sanitizers, or where no hugepages can be had, that is --no-huge.
eal_memory() {
	local mib=$1 processes=$2
	EAL_MEMORY=(--no-huge -m "$mib")
	HUGE=
	if [[ ${SHMX_NO_HUGE-} ]] || grep -qs 'fsanitize=' "$BUILD/compile_commands.json"; then
		return
	fi
	if "$ROOT/config/hugepages.sh" --state "$_hugepages" $((mib * processes / 2)) \
		>"$TMP/hugepages.out" 2>&1; then
		EAL_MEMORY=(-m "$mib" --single-file-segments)
		# For tests that say which of both they ran on.
		# shellcheck disable=SC2034
		HUGE=1
	else
		echo "no hugepages, going on with --no-huge: $(head -n 1 "$TMP/hugepages.out")"
	fi
}

# vhost_link N: sets SERVER_EAL and CLIENT_EAL_1 to CLIENT_EAL_N, the EAL options of a server with
# N vhost ports (net_vhost0 first) and of its clients, one port each (net_virtio_user0). They run
# on SERVER_LCORES (0) and CLIENT_LCORES (1, where there are two); eal_memory comes first.
vhost_link() {
	local n=$1 i lcores
	lcores=${CLIENT_LCORES:-$(($(nproc) > 1))}
	SERVER_EAL=(-l "${SERVER_LCORES:-0}" --no-pci "--file-prefix=${ID}s" "${EAL_MEMORY[@]}")
	for ((i = 1; i <= n; i++)); do
		SERVER_EAL+=("--vdev=net_vhost$((i - 1)),iface=$TMP/vhost$i.sock,queues=1")
		eval "CLIENT_EAL_$i=(-l $lcores --no-pci --file-prefix=${ID}c$i \"\${EAL_MEMORY[@]}\"
			\"--vdev=net_virtio_user0,path=$TMP/vhost$i.sock,queues=1,queue_size=1024\")"
	done
}

# netns NAME...: make namespaces; $ID-NAME is the real name, in_ns calls a command inside.
netns() {
	local name
	need_root
	need_command ip
	for name; do
		ip netns add "$ID-$name" 2>/dev/null || skip "cannot make network namespaces"
		_namespaces+=("$ID-$name")
		in_ns "$name" ip link set lo up || skip "cannot run a command in a network namespace"
	done
}

in_ns() {
	local name=$1
	shift
	ip netns exec "$ID-$name" "$@"
}

# veth NS1 IF1 ADDR1 NS2 IF2 ADDR2: a wire between two namespaces; ADDR as 10.0.0.1/24, or - for an
# interface that DPDK will take. Checksums are computed, not promised: DPDK reads the frames.
veth() {
	local ns1=$1 if1=$2 addr1=$3 ns2=$4 if2=$5 addr2=$6
	ip link add "$if1" netns "$ID-$ns1" type veth peer name "$if2" netns "$ID-$ns2" ||
		skip "cannot make veth pairs"
	_veth_end "$ns1" "$if1" "$addr1"
	_veth_end "$ns2" "$if2" "$addr2"
}

_veth_end() {
	[[ $3 == - ]] || in_ns "$1" ip address add "$3" dev "$2"
	in_ns "$1" ip link set "$2" up
	! command -v ethtool >/dev/null || in_ns "$1" ethtool -K "$2" tx off rx off >/dev/null 2>&1 || true
}

# bridge NS IF...: join interfaces of a namespace, for wires between more than two hosts.
bridge() {
	local ns=$1 interface
	shift
	in_ns "$ns" ip link add br0 type bridge || skip "cannot make bridges"
	in_ns "$ns" ip link set br0 up
	for interface; do
		in_ns "$ns" ip link set "$interface" master br0
	done
}

# lossy NS IF PER_MILLE: drop that share of what arrives at an interface.
lossy() {
	need_command nft
	in_ns "$1" nft -f - <<-END || skip "cannot load nftables rules"
		table netdev loss_$2 {
			chain in {
				type filter hook ingress device "$2" priority 0;
				numgen random mod 1000 lt $3 drop
			}
		}
	END
}
