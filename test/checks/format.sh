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
printf '%s\0' "${files[@]}" | xargs -0 -P2 -n16 "$format" "${mode[@]}"
echo "${#files[@]} files"
