#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# check.sh KIND STAGE HEADER COMPILER...
# Compile a file that includes HEADER and nothing else, twice in a row.
#	public   strict C11, and only what gets installed can be found
#	c++      the same as C++14
#	private  the C dialect and the include path of the tree
set -euo pipefail

kind=$1 stage=$2 header=$3
shift 3
root=$(cd "$(dirname "$0")/../.." && pwd)

# As system headers: DPDK's own are neither pedantic C11 nor clean C++.
read -ra dpdk <<<"$(pkg-config --cflags libdpdk | sed 's/-I/-isystem /g')"
flags=(-Wall -Wextra -Wpedantic -Werror -fsyntax-only "${dpdk[@]}" "-I$stage")
case $kind in
public) flags+=(-x c -std=c11) include="<${header##*/}>" ;;
c++) flags+=(-x c++ -std=c++14 -Wno-unused-parameter) include="<${header##*/}>" ;;
private)
	flags+=(-x c -std=gnu11 -D_GNU_SOURCE -Wno-pedantic -Wno-unused-parameter
		-Wno-unused-function -Wno-missing-field-initializers -Wno-address-of-packed-member
		"-I$root/lib" "-I$root/drivers")
	include="\"$header\""
	;;
*) echo "unknown kind $kind" >&2 && exit 2 ;;
esac

# The second include proves the guard; strict C wants one declaration at least.
printf '#include %s\n#include %s\nextern int nothing;\n' "$include" "$include" | "$@" "${flags[@]}" -
