#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# test/run.sh [--only PATTERN] [--quick] [--stop]
# Prove the tree: install what is missing, build, check, and run every test.
#	--only PATTERN  only results whose name matches the extended regular expression
#	--quick         no sanitizer build, no fuzzers, no system tests
#	--stop          stop at the first failure instead of going on
# The last line says how many passed and failed; the exit status is 1 when one failed.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly build_limit=600 check_limit=120 tidy_limit=480 unit_limit=300 system_limit=120
readonly fuzz_limit=600 fuzz_seconds=2

only=. quick='' stop=''
while [[ $# -gt 0 ]]; do
	case $1 in
	--only) [[ $# -ge 2 ]] || { echo "--only needs a pattern" >&2 && exit 2; } && only=$2 && shift ;;
	--quick) quick=1 ;;
	--stop) stop=1 ;;
	--keep-going) stop='' ;;
	*) sed -n '4,9s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
	esac
	shift
done

passed=0 failed=0 skipped=0
failures=()
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export MESON_TESTTHREADS=2

end() {
	local name line="$passed passed, $failed failed"
	for name in "${failures[@]}"; do
		echo "failed: $name"
	done
	((skipped == 0)) || line+=", $skipped skipped"
	echo "$line"
	((failed == 0)) || exit 1
	exit 0
}

# result STATUS NAME [REMARK]: count one and print its line.
result() {
	case $1 in
	0) passed=$((passed + 1)) && echo "PASS  $2${3:+  ($3)}" ;;
	77 | 125) skipped=$((skipped + 1)) && echo "SKIP  $2${3:+  ($3)}" ;;
	*)
		failed=$((failed + 1))
		failures+=("$2")
		echo "FAIL  $2${3:+  ($3)}"
		;;
	esac
}

# stop_early: after each result; a failure ends the run if --stop was given.
stop_early() {
	[[ -z $stop ]] || ((failed == 0)) || end
}

# run LIMIT NAME COMMAND...: one command is one test. Its last line is the remark.
run() {
	local limit=$1 name=$2 status=0 begin=$SECONDS remark
	shift 2
	[[ $name =~ $only ]] || return 0
	# -k: what ignores the first signal gets the second.
	timeout -k 10 "$limit" "$@" >"$out/log" 2>&1 </dev/null || status=$?
	remark=$(tail -n 1 "$out/log")
	case $status in
	0) ;;
	125) ;;
	124 | 137) remark="no end after $((SECONDS - begin)) s" ;;
	*) remark="exit status $status" ;;
	esac
	((status == 0 || status == 125)) || sed 's/^/      /' "$out/log"
	result "$status" "$name" "$remark, $((SECONDS - begin)) s"
	stop_early
}

# build FOLDER OPTION...: without it nothing else makes sense, so a failure ends the run.
build() {
	local folder=$1 status=0
	shift
	{
		if [[ -f $folder/build.ninja ]]; then
			# Also finds new headers and new folders of tests.
			meson setup --reconfigure "$folder" "$@"
		else
			rm -rf "$folder"
			meson setup "$folder" "$@"
		fi && timeout -k 10 $build_limit ninja -C "$folder"
	} >"$out/log" 2>&1 </dev/null || status=$?
	if ((status != 0)); then
		# The compiler's words, not its command lines.
		grep -Ev '^(cc|gcc|clang|c\+\+) ' "$out/log" | tail -n 60
		result "$status" "build $folder"
		end
	fi
	result 0 "build $folder" "$(grep -v '^ninja: Entering' "$out/log" | tail -n 1 | cut -c1-60)"
}

# units FOLDER: all tests of a build, one result each, from meson's record of them.
units() {
	local folder=$1 line status name remark
	rm -f "$folder/meson-logs/testlog.json"
	timeout -k 10 $unit_limit meson test -C "$folder" --no-rebuild \
		>"$out/log" 2>&1 </dev/null || true
	if grep -q '^No tests defined' "$out/log"; then
		return
	fi
	if [[ ! -s $folder/meson-logs/testlog.json ]]; then
		tail -n 40 "$out/log"
		result 1 "$folder" "meson test ran nothing"
		return
	fi
	# Meson's record has a line for each test that ended; the rest hung, or never began.
	while IFS=$'\x1f' read -r status name remark line; do
		[[ "$folder $name" =~ $only ]] || continue
		[[ -z $line ]] || printf '%s' "$line" | base64 -d
		result "$status" "$folder $name" "$remark"
	done < <(python3 test/checks/units.py "$folder")
	stop_early
}

# fuzz: each fuzzer for a moment, one result each; test/fuzz/run.sh says how to run them for longer.
fuzz() {
	local name names=() status=0 verdict line
	for name in test/fuzz/corpus/*/; do
		name=$(basename "$name")
		[[ ! "fuzz $name" =~ $only ]] || names+=("$name")
	done
	((${#names[@]} > 0)) || return 0
	timeout -k 10 $fuzz_limit test/fuzz/run.sh --short --seconds $fuzz_seconds --jobs 2 \
		--only "^($(IFS='|' && echo "${names[*]}"))\$" >"$out/log" 2>&1 </dev/null || status=$?
	grep -Ev '^(PASS|FAIL)  fuzz |^[0-9]+ passed' "$out/log" || true
	while read -r verdict name line; do
		line=${line#"("}
		result "$([[ $verdict == PASS ]] && echo 0 || echo 1)" "fuzz $name" "${line%")"}"
	done < <(sed -nE 's/^(PASS|FAIL)  fuzz ([a-z0-9_]+)  /\1 \2 /p' "$out/log")
	# Nothing ran: no clang, or it did not build.
	grep -qE '^(PASS|FAIL)  fuzz ' "$out/log" || result "$status" fuzz "$(tail -n 1 "$out/log")"
	stop_early
}

begin=$SECONDS
config/deps.sh --test || { result 1 "install what is missing" && end; }

build build -Dbuildtype=release -Db_sanitize=none
[[ $quick ]] || build build-asan -Dbuildtype=debugoptimized -Db_sanitize=address,undefined

run $check_limit "check layout" test/checks/format.sh
run $check_limit "check forbidden tokens" test/checks/tokens.py
run $check_limit "check layers" test/checks/layers.py
run $check_limit "check length of functions" test/checks/funclen.py
run $check_limit "check errors and their tests" test/checks/errors.py
run $check_limit "check shell scripts" test/checks/shell.sh
run $tidy_limit "check clang-tidy" test/checks/tidy.py build

export ASAN_OPTIONS=${ASAN_OPTIONS-abort_on_error=0:detect_leaks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS-halt_on_error=1:print_stacktrace=1}
units build
# What is long in itself is run in full length once.
[[ $quick ]] || SHMX_SHORT=1 units build-asan
[[ $quick ]] || fuzz

if [[ -z $quick ]]; then
	for script in test/system/*_test.sh; do
		[[ -x $script ]] || continue
		name=${script##*/}
		SHMX_BUILD=$PWD/build run $system_limit "system ${name%_test.sh}" "$script"
	done
fi

echo "$((SECONDS - begin)) s"
end
