#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# test/inbox.sh [ROUNDS]
# Messages of 8 bytes to 64 MiB from two senders, over links with faults: a few to 1, 2, ... and 14
# receivers (up to 4 MiB from 2 on), then ROUNDS times (10) 100 to 15. Each arrives once, in order and
# whole, and no memory is left; a slow receiver slows its senders alone. The build is build/, or
# $SHMX_BUILD.
set -euo pipefail
[[ $# -le 1 && ${1:-10} =~ ^[1-9][0-9]*$ ]] || { sed -n '4,8s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
INBOX_ROUNDS=${1:-10} INBOX_COUNT=50 INBOX_RECEIVERS=15 INBOX_LONGEST=$((64 << 20)) \
	exec "$(dirname "$0")/system/inbox_test.sh"
