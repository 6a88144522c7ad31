#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Hosts on one Ethernet, in namespaces, on AF_XDP: compute nodes share memory, eight
# processes count in one word to the exact sum, and the memory node answers ping meanwhile.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"
. "$(dirname "$0")/netns_common.sh"

need_root
need_built apps/shmx-bench/shmx-bench
eal_memory 128 10
COMPUTE_NODES=8
lan af_xdp
grep -q 'shmx-server: ready' "$TMP/server.log" ||
	skip "af_xdp is not possible here: $(tail -n 1 "$TMP/server.log")"
compute af_xdp 1
compute af_xdp 2
shared_memory
pinged 10
client_end c1
client_end c2
echo "two compute nodes share memory"
counters af_xdp 8 20000
alive "$server_pid" || fail "the server died"
server_stop TERM
echo "eight processes count to 160000"
