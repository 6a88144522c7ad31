#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# deps.sh [--test] [--list]
# Install the packages that are missing, and nothing else. Silent when none is.
#	--test  also what test/run.sh needs
#	--list  only print what is missing
set -euo pipefail

build=(gcc libc6-dev binutils meson ninja-build pkg-config libdpdk-dev dpdk libbsd-dev)
tests=(libcunit1-dev g++ clang-14 clang-format-14 clang-tidy-14 shellcheck
	iproute2 iputils-ping nftables procps tshark
	# libFuzzer for test/fuzz, and what tells its coverage.
	libclang-rt-14-dev llvm-14
	# dpdk-testpmd, the other end of some links.
	dpdk-dev
	# Without it the static libraries of DPDK do not link: libpcap wants D-Bus, which wants this.
	libsystemd-dev)

die() {
	echo "deps.sh: $*" >&2
	exit 1
}

wanted=("${build[@]}") list=
for arg; do
	case $arg in
	--test) wanted+=("${tests[@]}") ;;
	--list) list=1 ;;
	*) die "unknown option $arg; there are --test and --list" ;;
	esac
done

command -v dpkg-query >/dev/null ||
	die "this is no Debian or Ubuntu; install the equivalents of: ${wanted[*]}"

missing=()
for package in "${wanted[@]}"; do
	# shellcheck disable=SC2016 # dpkg-query's own variable
	state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
	[[ $state == *" installed" ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0
if [[ $list ]]; then
	printf '%s\n' "${missing[@]}"
	exit 0
fi

root=()
if ((EUID != 0)); then
	sudo -n true 2>/dev/null ||
		die "not root. As root: apt-get install --no-install-recommends ${missing[*]}"
	root=(sudo -n)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0 \
		-o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1 </dev/null
}

echo "Installing: ${missing[*]}"
# The lists of a fresh machine are empty, those of an old one may be stale.
if ! apt install --no-install-recommends "${missing[@]}"; then
	apt update || { tail -n 20 "$log" >&2 && die "apt-get update failed: is this machine offline?"; }
	apt install --no-install-recommends "${missing[@]}" ||
		{ tail -n 20 "$log" >&2 && die "could not install: ${missing[*]}"; }
fi
