#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Every shell script of the tree passes shellcheck.
set -euo pipefail
cd "$(dirname "$0")/../.."

command -v shellcheck >/dev/null || { echo "shellcheck is missing" && exit 125; }
mapfile -t scripts < <(find config lib drivers apps test .ci -type f -print0 |
	xargs -0 grep -lE '^#!.*\b(ba)?sh$|^# shellcheck shell=' | sort)
shellcheck -x -P SCRIPTDIR "${scripts[@]}"
echo "${#scripts[@]} scripts"
