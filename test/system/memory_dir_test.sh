#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Memory that outlives the server, on file systems with large pages, without room, and after a start
# that failed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"

need_root
unshare -m true 2>/dev/null || skip "cannot mount"
dir=$TMP/fs/kept

# with OPTION...: a server on a directory of the file system that is mounted there now;
# it ends when it serves. Fails as the server does.
with() {
	timeout -k 5 30 nsenter -t "$keeper" -m "$SERVER" --lcores 0@0,1@0 --no-pci --no-huge -m 256 \
		"--file-prefix=$ID" -- --port "${port:-loopback:a}" --ip 10.0.0.1/24 --memory-dir "$dir" \
		--locks 1000 --interactive "$@" >"$TMP/with.log" 2>&1 <<<quit
}

# told PATTERN
told() {
	grep -q "$1" "$TMP/with.log" || fail "nothing of '$1'"
}

inside() {
	nsenter -t "$keeper" -m "$@"
}

# fs OPTIONS: an empty file system
fs() {
	inside umount "$TMP/fs" 2>/dev/null || true
	inside mount -t tmpfs -o "$1" none "$TMP/fs"
}

mkdir "$TMP/fs"
spawn keeper unshare -m sleep 1000
keeper=$spawned
sleep 0.2

for pages in never within_size always; do
	fs "size=64m,huge=$pages"
	with --pool main:8M || fail "huge=$pages: the first start failed"
	with || fail "huge=$pages: the second start failed"
	told 'pool main of 8M, id 1, kept with 0 allocations'
done

# A start that failed leaves what was there before it.
! port=wifi:x with --pool main:8M --pool more:2M || fail "it started on a port that is none"
told 'no such kind of port'
with || fail "it does not start any more"
told 'pool main of 8M, id 1, kept'
! grep -q 'pool more' "$TMP/with.log" || fail "a pool of a start that failed is there"
fs size=24m
! with --pool a:6M --pool b:16M || fail "there was room for everything"
told 'no room for pool b of 16M in'
[[ -z $(inside ls -A "$dir") ]] || fail "left behind: $(inside ls -A "$dir")"
with --pool a:2M --pool b:4M --node 2 || fail "less does not fit either"

# A copy without its holes takes more than it did.
inside cp -r --sparse=always "$dir" "$TMP/copy"
fs size=2m
inside cp -r --sparse=always "$TMP/copy" "$dir"
! with --node 2 || fail "there was room for what was holes"
told 'no room for what it keeps in'
echo "large pages, no room, and starts that failed"
