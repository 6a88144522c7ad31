#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Ten thousand rounds of connect, open, alloc, free, disconnect in one process leave no buffer, no
# memory zone, no allocation and no session behind, at neither end.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"

need_command python3
rounds=${CHURN_ROUNDS:-10000}
eal_memory 160 2
server_start server --port "vhost:iface=$TMP/a.sock" --ip 10.0.0.1/24 --pool main:16M
client_start a 2 "virtio_user:path=$TMP/a.sock"
tell a churn "$rounds" main
REPLY_LIMIT=100 reply a
# Buffers: what lies in rings and caches differs from one moment to the next, by less than a burst
# for each of them; a leak of one in ten rounds would be a thousand.
[[ $reply =~ ^0\ $rounds\ ([0-9]+)\ 0$ ]] || fail "churn: $reply"
((BASH_REMATCH[1] < 500)) || fail "${BASH_REMATCH[1]} buffers are gone"
sleep 0.3
telemetry /shmx/sessions | grep -q '"sessions": {}' || fail "sessions: $(telemetry /shmx/sessions)"
telemetry /shmx/endpoints,0 | grep -q "\"sessions_opened\": $rounds" ||
	fail "endpoint: $(telemetry /shmx/endpoints,0)"
ask a 0 connect
ask a 0 open main
ask a '0 16777216 0 0' stat
client_end a
server_stop TERM
echo "$rounds rounds"
