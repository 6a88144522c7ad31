#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# test/inbox.sh [ROUNDS]
# ROUNDS times (10) 100 messages of 8 bytes to 64 MiB to each of 15 receivers, over links with faults:
# each arrives once, in order and whole, and no memory is left. The build is build/, or $SHMX_BUILD.
set -euo pipefail
[[ $# -le 1 && ${1:-10} =~ ^[1-9][0-9]*$ ]] || { sed -n '4,6s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
INBOX_ROUNDS=${1:-10} INBOX_COUNT=50 INBOX_RECEIVERS=15 INBOX_LONGEST=$((64 << 20)) \
	exec "$(dirname "$0")/system/inbox_test.sh"
