#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# test/restart.sh [ROUNDS]
# Kill and restart the memory node under load, ROUNDS times (100): compute nodes connect again by
# themselves and lose nothing that they were told is done. The build is build/, or $SHMX_BUILD.
set -euo pipefail
[[ $# -le 1 && ${1:-100} =~ ^[1-9][0-9]*$ ]] || { sed -n '4,6s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
RESTART_ROUNDS=${1:-100} exec "$(dirname "$0")/system/restart_test.sh"
