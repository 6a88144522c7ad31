#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# tidy.sh BUILD [FILE...]
# clang-tidy, as .clang-tidy says, over every C file that BUILD compiles, or those named. A file
# whose preprocessed text was clean before is not looked at again: BUILD/tidy keeps the record.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=$(cd "$1" && pwd)
shift
tidy=$(command -v clang-tidy-14) || { echo "clang-tidy-14 is missing" && exit 125; }
mkdir -p "$build/tidy"
export tidy build

# Prints "file TAB compile command without its output", and leaves BUILD/tidy/compile_commands.json
# with one command for each file: clang-tidy looks at a file once for every program it is part of.
commands() {
	python3 - "$build" "$PWD" "$@" <<-'END'
		import json, os, shlex, sys
		build, root, wanted = sys.argv[1], sys.argv[2], [os.path.realpath(f) for f in sys.argv[3:]]
		first = {}
		for e in json.load(open(build + "/compile_commands.json")):
		    path = os.path.realpath(os.path.join(e["directory"], e["file"]))
		    if path.startswith(root + "/") and path.endswith(".c"):
		        first.setdefault(path, e)
		with open(build + "/tidy/compile_commands.json", "w") as out:
		    json.dump(list(first.values()), out)
		for path, e in first.items():
		    if wanted and path not in wanted:
		        continue
		    args, out, skip = shlex.split(e["command"]), [], False
		    for a in args:
		        if skip or a in ("-o", "-MF", "-MQ"):
		            skip = not skip
		        elif a not in ("-c", "-MD"):
		            out.append(a)
		    print(path + "\t" + shlex.join(out))
	END
}

# shellcheck disable=SC2317 # called by xargs
one() {
	local file=${1%%$'\t'*} command=${1#*$'\t'} key log
	# The command line goes in too: its warnings decide as well.
	key=$({ cat .clang-tidy test/.clang-tidy && echo "$command" && cd "$build" && eval "$command -E -P" 2>&1; } |
		sha256sum | cut -d' ' -f1)
	[[ ! -e $build/tidy/$key ]] || return 0
	log=$(mktemp)
	if "$tidy" --quiet -p "$build/tidy" --extra-arg=-Wno-unknown-warning-option \
		--extra-arg=-Wno-error "$file" >"$log" 2>&1; then
		touch "$build/tidy/$key"
	else
		# The findings; the path that leads to one is shown by clang-tidy -p BUILD FILE.
		grep -E ' (error|warning): ' "$log" | sed "s|^$PWD/||; s|^[^ ]*\.\./||" | sort -u
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}
export -f one

list=$(commands "$@")
status=0
# shellcheck disable=SC2016 # for the inner shell
printf '%s\n' "$list" | tr '\n' '\0' | xargs -0 -P2 -I{} bash -c 'one "$1"' _ {} || status=1
echo "$(grep -c . <<<"$list") files"
exit $status
