#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# format.sh [--fix]
# Every C file is laid out as .clang-format says. With --fix, make it so.
set -euo pipefail
cd "$(dirname "$0")/../.."

# The version decides about details of the layout.
format=$(command -v clang-format-14) || { echo "clang-format-14 is missing" && exit 125; }
mode=(--dry-run -Werror)
[[ ${1-} != --fix ]] || mode=(-i)
mapfile -t files < <(find lib drivers apps test -name '*.[ch]' | sort)
((${#files[@]})) || exit 0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! printf '%s\0' "${files[@]}" | xargs -0 -P2 -n16 "$format" "${mode[@]}" 2>"$log"; then
	# Which files and where; what it should look like is quicker seen in a diff after --fix.
	grep -o '^[^ :]*:[0-9]*' "$log" | sort -t: -k1,1 -k2,2n -u |
		awk -F: '{lines[$1] = lines[$1] " " $2} END {for (f in lines) print f ":" lines[f]}' |
		cut -c1-100 | sort
	echo "lines to be laid out anew; $0 --fix does it"
	exit 1
fi
echo "${#files[@]} files"
