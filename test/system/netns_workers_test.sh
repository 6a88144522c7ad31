#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A port whose frames the kernel spreads over two queues by their flow (PACKET_FANOUT), each queue at
# a worker of its own: a client that asks for a worker gets it, by the source port it tries, and
# frames that reach the other worker do no harm.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"
. "$(dirname "$0")/netns_common.sh"

# opened QUEUE: sessions that have been opened there.
opened() {
	telemetry "/shmx/endpoints,$1" | python3 -c \
		'import json, sys; print(list(json.load(sys.stdin).values())[0]["sessions_opened"])'
}

# counted WORKER COUNT: a client with a session there counts and checks each of its results.
counted() {
	timeout -k 5 60 ip netns exec "$ID-c1" "$BENCH" --lcores "0@(0-$all)" --no-pci \
		"--file-prefix=${ID}n1" "${EAL_MEMORY[@]}" -- --port af_packet:iface=eth \
		--ip "${LAN_NET}11/$LAN_LEN" --server "${LAN_NET}1" --node 11 --quiet --workload faa \
		--window full --pool main --word hits --worker "$1" --count "$2" --check \
		>"$TMP/count.log" 2>&1 || fail "worker $1: $(tail -n 1 "$TMP/count.log")"
}

need_root
need_command python3
need_built apps/shmx-bench/shmx-bench
eal_memory 128 4
COMPUTE_NODES=1
# shellcheck disable=SC2034 # of netns_common.sh
LAN_WORKERS=2
lan af_packet
grep -q 'shmx-server: ready' "$TMP/server.log" || fail "the server did not start"
for worker in 1 2 2 1 1 2; do
	before=$(opened $((worker - 1)))
	counted $worker 20000
	(($(opened $((worker - 1))) == before + 1)) || fail "the session is not at worker $worker"
done
timeout -k 5 60 ip netns exec "$ID-c1" "$BENCH" --lcores "0@(0-$all)" --no-pci \
	"--file-prefix=${ID}n1" "${EAL_MEMORY[@]}" -- --port af_packet:iface=eth \
	--ip "${LAN_NET}11/$LAN_LEN" --server "${LAN_NET}1" --node 11 --quiet --workload faa \
	--pool main --word hits --count 0 --expect 120000 >"$TMP/count.log" 2>&1 ||
	fail "the sum is not 120000: $(tail -n 1 "$TMP/count.log")"
server_stop TERM
echo "six clients had the worker they asked for"
