#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# symbols.sh SHARED STATIC STAGE
# Both libraries define nothing but names with our prefix, and define every function that a
# public header in STAGE declares with SHMX_API.
set -euo pipefail

shared=$1 static=$2 stage=$3
# The prefixes of names that programs may see.
prefix='shmx_'
status=0

defined() {
	local kind=$1 library=$2
	nm "$kind" --defined-only --extern-only "$library" | awk 'NF == 3 {print $3}' |
		# Made by the sanitizers, not by us.
		grep -Ev '^__(odr_)?asan|^__start_|^__stop_|^_(edata|end|init|fini|_bss_start)$' |
		sort -u
}

declared() {
	# -fpreprocessed takes out the comments and expands nothing.
	cat "$stage"/*.h | cc -fpreprocessed -E -P -x c - | grep -v '^ *#' | tr '\n' ' ' |
		grep -o 'SHMX_API [^;{(]*(' |
		grep -o '[A-Za-z0-9_]* *($' | tr -d '( ' | sort -u
}

for library in "$shared" "$static"; do
	kind=-g
	[[ $library == *.a ]] || kind=-D
	names=$(defined $kind "$library")
	if strangers=$(grep -Ev "^($prefix)" <<<"$names"); then
		printf '%s exports names without the prefix:\n%s\n' "${library##*/}" "$strangers"
		status=1
	fi
	missing=$(comm -13 <(echo "$names") <(declared))
	if [[ -n $missing ]]; then
		printf '%s lacks what a public header declares:\n%s\n' "${library##*/}" "$missing"
		status=1
	fi
	echo "${library##*/}: $(wc -l <<<"$names") names"
done
exit $status
