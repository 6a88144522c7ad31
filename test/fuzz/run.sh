#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# test/fuzz/run.sh [--seconds N] [--only PATTERN] [--jobs N] [--short] [--merge]
# Run the fuzzers with clang's libFuzzer: replay their corpora, go on from there, one line each.
#	--seconds N     for each (default 300); 0: only say what was reached so far
#	--only PATTERN  only those whose name matches the extended regular expression
#	--jobs N        so many at a time (default 1)
#	--short         from the corpora of the tree alone, the same way each time; keep nothing, tell no
#	                coverage of lines
#	--merge         at the end, take what covers more into corpus/, and leave out what does not
# What is found grows in build-fuzz/corpus/NAME from run to run, and so do the sums in the lines
# "reach". A crash leaves its input in build-fuzz/found, and the line above "crash" says how to see
# it again. The last line says how many passed and failed; the exit status is 1 when one failed.
# Without clang's libFuzzer nothing runs, and the status is 125.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly tree=test/fuzz

# Files whose lines count for each.
parsers() {
	case $1 in
	adopt) echo lib/mem/{adopt,mem,pool,policy,quota,extent,sets,names}.c ;;
	bench) echo apps/shmx-bench/options.c apps/common/{option,link_options}.c ;;
	config) echo apps/shmx-server/{config_file,options,options_check,eal_args}.c apps/common/config_lines.c ;;
	frame) echo lib/rdp/{rx,ack,park,loss,session,frame,tx,hdrs,vlan}.c ;;
	handshake) echo lib/rdp/{handshake,handover,control,session,peer_table,pmtu}.c ;;
	l2) echo lib/rdp/{l2,arp,icmp,icmp6,nd,neigh}.c ;;
	records) echo lib/target/{target,request,pools,owners,policy,data,steps,job,turn,holder,locks,barrier,inbox,send_memory}.c lib/wire/record.h ;;
	responses) echo lib/client/{poll,bulk,data,memory,owners,session,reconnect,locks,inbox,barrier}.c ;;
	spec) echo drivers/{port,controller}.c ;;
	value) echo apps/shmx-server/value.c drivers/fault/spec.c ;;
	esac
}

seconds=300 only=. jobs=1 short='' merge=''
while [[ $# -gt 0 ]]; do
	case $1 in
	--seconds | --only | --jobs)
		[[ $# -ge 2 ]] || { echo "run.sh: $1 needs a value" >&2 && exit 2; }
		declare "${1#--}=$2"
		shift
		;;
	--short) short=1 ;;
	--merge) merge=1 ;;
	*) sed -n '4,17s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
	esac
	shift
done

# A short run takes less time than to build what runs fast.
build=${SHMX_BUILD_FUZZ:-build-fuzz}${short:+-short}
readonly build covered=$build-coverage level=${short:-2}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

clang=$(command -v clang-14 || command -v clang) || { echo "clang is missing" && exit 125; }
profdata=$(command -v llvm-profdata-14 || true) cov=$(command -v llvm-cov-14 || true)
echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' >"$work/probe.c"
"$clang" -fsanitize=fuzzer,address -o "$work/probe" "$work/probe.c" 2>/dev/null ||
	{ echo "clang has no libFuzzer: libclang-rt-14-dev is missing" && exit 125; }

# build FOLDER TARGETS OPTION...
build() {
	local folder=$1 targets options
	read -ra targets <<<"$2"
	options=(-Dbuildtype=debugoptimized "-Doptimization=$level" -Ddocs=disabled
		-Db_lundef=false "${@:3}")
	if [[ -f $folder/build.ninja ]]; then
		meson setup --reconfigure "$folder" "${options[@]}"
	else
		rm -rf "$folder"
		CC=$clang meson setup "$folder" "${options[@]}"
	fi >"$work/build" 2>&1 && ninja -C "$folder" "${targets[@]}" >>"$work/build" 2>&1 && return
	grep -Ev '^(clang|ninja:)' "$work/build" | tail -n 40
	return 1
}
build "$build" fuzzers -Dfuzzers=true -Db_sanitize=address,undefined \
	-Dc_args=-gline-tables-only || exit 1

# Memory of EAL is no heap: what lies there and holds the only pointer to something is no leak.
export ASAN_OPTIONS=quarantine_size_mb=32:detect_leaks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1

# number LOG REGEX: the last one that stands in a match.
number() {
	grep -oE "$2" "$1" | tail -n 1 | grep -oE '[0-9]+' | tail -n 1 || echo 0
}

# keep NAME RUNS SECONDS: add to what all runs of this build folder were.
keep() {
	local runs=0 seconds=0
	[[ ! -f $build/runs/$1 ]] || read -r runs seconds <"$build/runs/$1"
	mkdir -p "$build/runs"
	echo "$((runs + $2)) $((seconds + $3))" >"$build/runs/$1"
}

# fuzz NAME: one line, and what went wrong behind it.
fuzz() {
	local name=$1 status=0 dict=() log=$work/$1.log grown=$build/corpus/$1 begin=$SECONDS
	[[ ! -f $tree/$name.dict ]] || dict=(-dict="$tree/$name.dict")
	local seed=0
	# A tree that passed once is to pass again: what is new is the long run's to find.
	[[ -z $short ]] || grown=$work/$name seed=1
	mkdir -p "$grown" "$build/found"
	"$build/$tree/fuzz_$name" -max_total_time="$seconds" -seed=$seed \
		-max_len=1024 -timeout=120 -rss_limit_mb=2048 -verbosity=1 "${dict[@]}" \
		-artifact_prefix="$build/found/$name-" \
		"$grown" "$tree/corpus/$name" >"$log" 2>&1 || status=$?
	[[ $short ]] || keep "$name" "$(number "$log" '^(Done |#)[0-9]+')" $((SECONDS - begin))
	if ((status == 0)); then
		echo "PASS  fuzz $name  ($(number "$log" '^Done [0-9]+') runs," \
			"$(number "$log" 'cov: [0-9]+') edges)"
		return
	fi
	grep -vE 'NEW|REDUCE|pulse|^INFO:|^#' "$log" | head -n 40 | sed 's/^/      /'
	echo "      again: $build/$tree/fuzz_$name $(grep -oE "$build/found/\S+" "$log" | tail -n 1)"
	echo "FAIL  fuzz $name  (crash after $(number "$log" '^#[0-9]+') runs)"
}

# lines NAME: how many of the lines of its parsers are run by all inputs there are. Counted in a
# build of its own, which the fuzzers need not be slowed down by.
lines() {
	local files program=$covered/test/test_fuzz_$1
	LLVM_PROFILE_FILE=$work/$1.profraw "$program" "$tree/corpus/$1" "$build/corpus/$1" \
		>"$work/replay" 2>&1 || { tail -n 20 "$work/replay" && return 1; }
	read -ra files < <(parsers "$1")
	"$profdata" merge -o "$work/$1.profdata" "$work/$1.profraw"
	"$cov" export -summary-only "$program" -instr-profile="$work/$1.profdata" |
		python3 -c '
import json, os, sys
wanted = {os.path.realpath(name) for name in sys.argv[1:]}
lines = [f["summary"]["lines"] for f in json.load(sys.stdin)["data"][0]["files"]
         if os.path.realpath(f["filename"]) in wanted]
there, run = (sum(l[what] for l in lines) for what in ("count", "covered"))
print(f"{run} of {there} lines of {len(lines)} files, {100 * run / there:.1f} %")' "${files[@]}"
}

# What all runs so far were, and reach.
reach() {
	local name runs seconds all=0
	build "$covered" "$(printf 'test/test_fuzz_%s ' "${names[@]}")" -Dfuzzers=false \
		-Db_sanitize=none "-Dc_args=-fprofile-instr-generate -fcoverage-mapping" \
		-Dc_link_args=-fprofile-instr-generate || return 1
	for name in "${names[@]}"; do
		[[ -f $build/runs/$name ]] || continue
		read -r runs seconds <"$build/runs/$name"
		all=$((all + runs))
		echo "reach $name  ($runs runs in $seconds s, $(lines "$name"))"
	done
	echo "reach all  ($all runs)"
}

# Fewest inputs that reach every edge; those in the tree first, so that they stay what they are.
merge_into_tree() {
	local name=$1 small=$work/small
	rm -rf "$small" && mkdir -p "$small"
	"$build/$tree/fuzz_$name" -set_cover_merge=1 -use_counters=0 -max_len=256 "$small" \
		"$tree/corpus/$name" "$build/corpus/$name" >"$work/merge" 2>&1 ||
		{ tail -n 20 "$work/merge" && return 1; }
	# By number, not by hash: nobody says those aloud.
	rm -f "$tree/corpus/$name"/[0-9]*
	local i=0 file to
	for file in "$small"/*; do
		i=$((i + 1))
		printf -v to '%s/%02d' "$tree/corpus/$name" "$i"
		mv "$file" "$to"
	done
	echo "merge $name  ($i inputs, $(du -bc "$tree/corpus/$name" | tail -n 1 | cut -f1) bytes)"
}

names=()
for file in "$build/$tree"/fuzz_*; do
	name=${file##*/fuzz_}
	if [[ -x $file && ! -d $file && $name =~ $only ]]; then
		names+=("$name")
	fi
done

((seconds > 0)) || { reach && exit 0; }
for name in "${names[@]}"; do
	while (($(jobs -rp | wc -l) >= jobs)); do
		wait -n
	done
	fuzz "$name" >"$work/$name.line" 2>&1 &
	((jobs > 1)) || { wait && cat "$work/$name.line"; }
done
wait
((jobs == 1)) || for name in "${names[@]}"; do cat "$work/$name.line"; done

[[ $short || -z $profdata || -z $cov ]] || reach
failed=$(cat "$work"/*.line | grep -c '^FAIL' || true)
if [[ $merge ]] && ((failed == 0)); then
	for name in "${names[@]}"; do
		merge_into_tree "$name"
	done
fi
echo "$((${#names[@]} - failed)) passed, $failed failed"
((failed == 0))
