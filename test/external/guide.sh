#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# guide.sh STAGE GUIDE COMPILER...
# The C code of a guide, all blocks of it one behind the other, compiles with the public headers.
set -euo pipefail

stage=$1 guide=$2
shift 2
read -ra dpdk <<<"$(pkg-config --cflags libdpdk | sed 's/-I/-isystem /g')"
# Line numbers are those of the guide.
awk '/^```/ {code = $0 == "```c"; print ""; next} {print code ? $0 : ""}' "$guide" |
	"$@" -std=gnu11 -Wall -Wextra -Werror -fsyntax-only "${dpdk[@]}" "-I$stage" -x c -
echo "$(grep -c '^```c$' "$guide") pieces of code"
