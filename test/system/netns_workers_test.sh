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
	hits af_packet 1 --window full --worker $worker --count 20000 --check ||
		fail "worker $worker: $(tail -n 1 "$TMP/count1.log")"
	(($(opened $((worker - 1))) == before + 1)) || fail "the session is not at worker $worker"
done
hits_are af_packet 120000
server_stop TERM
echo "six clients had the worker they asked for"
