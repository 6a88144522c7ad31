#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# consumer.sh BUILD VERSION
# Install BUILD into a folder of its own, then build and run a program outside the tree with
# nothing but what pkg-config says: against the shared library, the static one, and in C++. The
# program takes the address of every function that the library exports.
set -euo pipefail

build=$1 version=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

DESTDIR=$work meson install -C "$build" --no-rebuild >"$work/install.log" 2>&1 ||
	{ cat "$work/install.log" && exit 1; }
pc=$(find "$work" -name libshmx_dpdk.pc)
libdir=$(dirname "$(dirname "$pc")")
prefix=$(sed -n 's/^prefix=//p' "$pc")
export PKG_CONFIG_PATH=$libdir/pkgconfig

# The files were installed for $prefix and lie under $work.
flags() {
	pkg-config "$@" libshmx_dpdk | sed "s|-\([IL]\)$prefix/|-\1$work$prefix/|g"
}

# expect PROGRAM COMPILER...: compile, run, and compare what it says.
expect() {
	local name=$1 said
	shift
	if ! "$@" -o "$work/$name"; then
		echo "$name: does not build: $*"
		exit 1
	fi
	said=$("$work/$name")
	if [[ $said != "$version $version" ]]; then
		echo "$name: says '$said', not '$version $version'"
		exit 1
	fi
	echo "$name: $said"
}

[[ $(pkg-config --modversion libshmx_dpdk) == "$version" ]]

nm -D --defined-only "$libdir/libshmx_dpdk.so" |
	awk '$2 == "T" {sub(/@.*/, "", $3); print "LINK(" $3 ")"}' >"$work/exported.h"
grep -q 'LINK(shmx_poll)' "$work/exported.h" || { echo "the library exports no shmx_poll" && exit 1; }

read -ra cflags <<<"$(flags --cflags)"
cflags+=("-I$work")
read -ra shared <<<"$(flags --libs)"
read -ra static <<<"$(flags --static --libs)"

LD_LIBRARY_PATH=$libdir expect shared cc "${cflags[@]}" "$here/consumer.c" "${shared[@]}"
LD_LIBRARY_PATH=$libdir expect shared-c++ g++ -std=c++14 "${cflags[@]}" -x c++ "$here/consumer.c" \
	-x none "${shared[@]}"
expect static cc "${cflags[@]}" "$here/consumer.c" "${static[@]}"

needed() {
	readelf -d "$work/$1" | grep NEEDED
}
needed shared | grep -q 'libshmx_dpdk\.so\.' || { echo "shared: does not need the library" && exit 1; }
if needed static | grep -E 'libshmx|librte_'; then
	echo "static: still needs shared libraries"
	exit 1
fi
