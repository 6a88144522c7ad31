#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# test/bank.sh [SECONDS]
# Processes that are killed and stopped move money between accounts with locks, over links with
# faults, for so long (600): none is made or lost, and nobody waits longer than a lease. The build is
# build/, or $SHMX_BUILD.
set -euo pipefail
[[ $# -le 1 && ${1:-600} =~ ^[1-9][0-9]*$ ]] || { sed -n '4,7s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
BANK_SECONDS=${1:-600} BANK_CLIENTS=8 exec "$(dirname "$0")/system/bank_test.sh"
