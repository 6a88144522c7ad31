#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Every shell script of the tree passes shellcheck.
set -euo pipefail
cd "$(dirname "$0")/../.."

command -v shellcheck >/dev/null || { echo "shellcheck is missing" && exit 125; }
mapfile -t scripts < <(find config lib drivers apps test .ci -type f -print0 |
	xargs -0 grep -lE '^#!.*\b(ba)?sh$|^# shellcheck shell=' | sort)
printf '%s\0' "${scripts[@]}" | xargs -0 -n 8 -P 2 shellcheck -x -P SCRIPTDIR
echo "${#scripts[@]} scripts"
