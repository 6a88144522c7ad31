# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A memory node and compute nodes in namespaces of their own, joined by a bridge: what the tests of
# af_packet and af_xdp share. Comes after client_common.sh.

COMPUTE_NODES=2
# Addresses are LAN_NET and a number: 1 the memory node, 9 the host of the kernel, 10 + I compute
# node I. Options of its port, of the server and of shmx-bench alike.
LAN_NET=10.0.0.
LAN_LEN=24
LAN_OPTIONS=()
# Of the memory node, each with a queue of its port.
LAN_WORKERS=1
# The bridge's and all interfaces'.
LAN_MTU=1500

# lan KIND: the bridge with the memory node, compute nodes and a host of the kernel on it; starts the
# server on a port of KIND. Sets server_pid.
lan() {
	local kind=$1 i hosts=(server kernel)
	need_command ping
	for ((i = 1; i <= COMPUTE_NODES; i++)); do
		hosts+=("c$i")
	done
	netns switch "${hosts[@]}"
	for i in "${!hosts[@]}"; do
		veth switch "s$i" - "${hosts[i]}" eth -
		in_ns switch ip link set "s$i" mtu "$LAN_MTU"
		in_ns "${hosts[i]}" ip link set eth mtu "$LAN_MTU"
	done
	bridge switch $(seq -f s%g 0 $((${#hosts[@]} - 1)))
	kernel_host
	lan_server "$kind"
}

# kernel_host: give the host of the kernel its address; without the second it takes to see whether
# others have one of IPv6.
kernel_host() {
	local how=()
	[[ $LAN_NET != *:* ]] || how=(nodad)
	in_ns kernel ip address add "${LAN_NET}9/$LAN_LEN" dev eth "${how[@]}"
}

# lan_server KIND: start the server, at first or again. Sets server_pid.
lan_server() {
	local kind=$1
	all=$(($(nproc) - 1))
	local lcores="0@(0-$all)" i
	for ((i = 1; i <= LAN_WORKERS; i++)); do
		lcores+=",$i@(0-$all)"
	done
	spawn server ip netns exec "$ID-server" "$SERVER" --lcores "$lcores" --no-pci \
		"--file-prefix=${ID}server" "${EAL_MEMORY[@]}" -- --idle sleep \
		--port "$kind:iface=eth" --ip "${LAN_NET}1/$LAN_LEN" "${LAN_OPTIONS[@]}" \
		--queues "$LAN_WORKERS" --pool main:16M
	# shellcheck disable=SC2034,SC2154 # lib.sh sets it, the test uses it
	server_pid=$spawned
	wait_for 30 server_up_or_gone server
}

# compute KIND I: a client in namespace cI, with address and node 10 + I, connected.
compute() {
	client_start "c$2" $((10 + $2)) "$1:iface=eth" ip netns exec "$ID-c$2"
	ask "c$2" 0 connect
	ask "c$2" 0 open main
}

# shared_memory: two compute nodes see each other's data, and nothing else.
shared_memory() {
	local len reply
	ask c1 '0 [0-9]+' alloc 300000 shared
	ask c2 '0 [0-9]+ [0-9]+' lookup shared
	for len in 8 1399 1400 1401 1473 9001 262145; do
		ask c1 0 put 3 $len $((len + 1))
		ask c2 0 check 3 $len $((len + 1))
		ask c2 0 put 4 $len $((len + 2))
		ask c1 0 check 4 $len $((len + 2))
	done
	ask c1 0 put 64 8 1
	ask c2 '0 [0-9]+' read 64
	ask c1 "0 ${reply#0 }" cas 64 "${reply#0 }" 7
	ask c2 '0 7' faa 64 5
	ask c1 '0 12' read 64
	ask c1 0 own self 64
	ask c2 'EPERM .*' faa 0 1
	ask c1 0 free
	ask c2 'ESTALE .*' read 64
}

# pinged COUNT: the kernel's ping reaches the memory node, every time.
pinged() {
	in_ns kernel ping -c "$1" -i 0.05 -W 5 "${LAN_NET}1" >"$TMP/ping.log" || fail "ping"
	grep -q " $1 received, 0% packet loss" "$TMP/ping.log" || fail "lost a ping"
}

# hits KIND I OPTION...: compute node I adds to a word that all of them share; more options of
# shmx-bench say how often. What it prints goes to $TMP/countI.log.
hits() {
	local kind=$1 i=$2
	shift 2
	timeout -k 5 60 ip netns exec "$ID-c$i" "$BENCH" \
		--lcores "0@(0-$all)" --no-pci "--file-prefix=${ID}n$i" "${EAL_MEMORY[@]}" -- \
		--port "$kind:iface=eth" --ip "$LAN_NET$((10 + i))/$LAN_LEN" --server "${LAN_NET}1" \
		"${LAN_OPTIONS[@]}" --node $((10 + i)) --quiet --workload faa --pool main \
		--word hits "$@" >"$TMP/count$i.log" 2>&1
}

# hits_are KIND SUM
hits_are() {
	hits "$1" 1 --count 0 --expect "$2" || fail "the sum is not $2"
}

# counters KIND PROCESSES COUNT: as many processes, shared out over the namespaces, add as often to
# one word; every one of them also checks that it never got a value twice.
counters() {
	local kind=$1 processes=$2 count=$3 i pids=() status
	for ((i = 1; i <= processes; i++)); do
		hits "$kind" "$i" --window full --count "$count" --check &
		pids+=($!)
	done
	pinged 10
	for i in "${!pids[@]}"; do
		status=0
		wait "${pids[i]}" || status=$?
		((status == 0)) || fail "process $((i + 1)) of $processes ended with status $status"
	done
	hits_are "$kind" $((processes * count))
}
