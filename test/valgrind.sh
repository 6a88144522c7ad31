#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# test/valgrind.sh [--only PATTERN] [BUILD]
# Run the unit tests under valgrind's memcheck: use of memory that is not there, use of what nobody
# wrote, and leaks. BUILD is build-valgrind unless named, and made if it is missing.
#	--only PATTERN  only tests whose name matches the extended regular expression
# Valgrind does not know AVX-512, so the build is for the generic instruction set. Tests with many
# rounds do few of them, as everything takes 20 to 50 times as long: half an hour in all.
# One line a test, and a last line that says how many passed and failed; exit status 1 on failures.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly limit=1200

only=. build=build-valgrind
while [[ $# -gt 0 ]]; do
	case $1 in
	--only) [[ $# -ge 2 ]] || { echo "--only needs a pattern" >&2 && exit 2; } && only=$2 && shift ;;
	-*) sed -n '4,11s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
	*) build=$1 ;;
	esac
	shift
done
command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2 && exit 1; }

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# Prints name, program and its arguments of each unit test, with tabs between them.
tests() {
	meson introspect --tests "$build" | python3 -c '
import json, sys
for t in json.load(sys.stdin):
    if any(s.endswith("unit") for s in t["suite"]):
        print("\t".join([t["name"]] + t["cmd"]))'
}

# What valgrind found in one process: errors, then leaks.
show() {
	sed -n '/LEAK SUMMARY/q; s/^==[0-9]*==/     /p' "$1" | sed -n '6,120p'
}

{
	[[ -f $build/build.ninja ]] || meson setup "$build" -Dcpu_instruction_set=generic \
		-Dbuildtype=debugoptimized
	ninja -C "$build"
} >"$out/build" 2>&1 || { tail -n 40 "$out/build" && exit 1; }

# What the tests do less of.
export SHMX_ROUNDS=1 SHMX_SHORT=1
passed=0 failed=0
while IFS=$'\t' read -ra test; do
	name=${test[0]}
	[[ $name =~ $only ]] || continue
	status=0 begin=$SECONDS
	rm -f "$out"/log.*
	# Blocks that are still reachable are EAL's and CUnit's, or of threads that never end. A log for
	# each process: some tests fork.
	timeout --foreground -k 10 $limit valgrind --error-exitcode=99 --leak-check=full --num-callers=20 \
		--show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
		--log-file="$out/log.%p" "${test[@]:1}" >"$out/said" 2>&1 </dev/null || status=$?
	((status != 124 && status != 137)) || echo "no end after $limit s" >>"$out/said"
	! grep -qE 'ERROR SUMMARY: [1-9]' "$out"/log.* || status=99
	if ((status == 0)); then
		passed=$((passed + 1))
		echo "PASS  $name  ($((SECONDS - begin)) s)"
	elif ((status == 77)); then
		echo "SKIP  $name"
	else
		failed=$((failed + 1))
		tail -n 40 "$out/said" | sed 's/^/      /'
		for log in "$out"/log.*; do
			! grep -qE 'ERROR SUMMARY: [1-9]' "$log" || show "$log"
		done
		echo "FAIL  $name  (exit status $status, $((SECONDS - begin)) s)"
	fi
done < <(tests)
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
