#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# shmx-ctl does what each command says, prints what people and programs read, says in one line what
# is wrong, and tells by its exit status whether it was the command line (2), the way to the memory
# node (3) or what was asked of it (1).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"
. "$(dirname "$0")/client_common.sh"
need_built apps/shmx-ctl/shmx-ctl
need_command python3

CTL=$BUILD/apps/shmx-ctl/shmx-ctl
eal_memory 256 2
server_start server --idle "sleep" --port "vhost:iface=$TMP/ctl.sock" --ip 10.0.0.1/24 \
	--port "vhost:iface=$TMP/client.sock" --ip 10.0.0.1/24 --pool main:16M

# Nothing of the user's own.
export XDG_CONFIG_HOME=$TMP/none
link=(--port "virtio_user:path=$TMP/ctl.sock" --ip 10.0.0.2/24 --server 10.0.0.1)

# ctl STATUS WORD...: run it; standard output in $TMP/out, messages in $TMP/ctl.log. Its exit status
# is STATUS, and when that is not 0 it says so in just one line of its own.
ctl() {
	local wanted=$1 status=0
	shift
	timeout -k 5 30 "$CTL" "$@" >"$TMP/out" 2>"$TMP/ctl.log" </dev/null || status=$?
	((status == wanted)) || fail "shmx-ctl $*: exit status $status, not $wanted"
	if ((wanted == 0)); then
		[[ ! -s $TMP/ctl.log ]] || fail "shmx-ctl $*: has something to say"
	else
		(($(grep -c '^shmx-ctl: ' "$TMP/ctl.log") == 1)) || fail "shmx-ctl $*: not one line"
	fi
}

# done_ WORD...: it succeeds, on the link.
done_() {
	ctl 0 "${link[@]}" "$@"
}

# says STATUS PATTERN WORD...: it fails so, on the link.
says() {
	local status=$1 pattern=$2
	shift 2
	ctl "$status" "${link[@]}" "$@"
	grep -q -- "^shmx-ctl: .*$pattern" "$TMP/ctl.log" || fail "shmx-ctl $*: does not say '$pattern'"
}

# json CODE: Python in which o is what was printed, read as JSON.
json() {
	python3 -c "import json, sys; o = json.load(open('$TMP/out')); $1" ||
		fail "not so: $1: $(<"$TMP/out")"
}

# out PATTERN: a line of what was printed looks like that, whatever the blanks.
out() {
	tr -s ' ' <"$TMP/out" | grep -Eq -- "^ ?$1\$" || fail "no line '$1' in: $(<"$TMP/out")"
}

# ---- pools

done_ pool list
out 'NAME ID SIZE MAX USED LARGEST-FREE ALLOCS GRANULE EXTENTS GROW-BELOW GROW-BY SHRINK-ABOVE QUOTA NODES'
out 'main 1 16M 16M 0 16M 0 64 1 0 0 0 0 everyone'
done_ pool create second 4M --max 16M --granule 4K
out 'pool second'
out 'id 2'
says 1 'the name is taken' pool create second 4M
says 1 'no 64G bytes left' pool create huge 64G
done_ pool list --json
json 'assert [p["name"] for p in o["pools"]] == ["main", "second"]
p = o["pools"][1]
assert p == {"name": "second", "id": 2, "size": 4 << 20, "max_size": 16 << 20, "used": 0,
	"largest_free": 4 << 20, "allocs": 0, "granule": 4096, "extents": 1, "grow_below": 0,
	"grow_by": 0, "shrink_above": 0, "quota": 0, "nodes": "everyone"}, p'
done_ pool grow second 4M
out 'size 8M'
says 1 'no room' pool grow second 16M
done_ pool shrink second 4M --json
json 'assert o == {"name": "second", "size": 4 << 20}'
says 1 'wholly free' pool shrink second 1M
says 1 'no such pool' pool grow third 4M
says 1 'no such pool' pool destroy third
says 1 'no such pool' pool stat third
echo "pools"

# ---- what a pool does by itself, who may use it, and what one node may hold

done_ pool create third 2M --max 8M --grow-below 1M --grow-by 2M --shrink-above 4M --quota 1M --nodes 2,5-7
done_ pool list
out 'third 3 2M 8M 0 2M 0 64 1 1M 2M 4M 1M 2,5-7'
done_ alloc third 700K --name most
says 1 "more than the pool's quota" alloc third 400K
done_ --node 6 alloc third 400K
says 1 'other nodes' --node 3 alloc third 400K
says 1 'other nodes' --node 3 pool stat third
done_ pool stat third
out 'quota of a node 1M'
out 'shrink above 4M'
out 'nodes 2,5-7'
out 'held by node 2 700K'
out 'held by node 6 400K'
done_ pool stat third --json
json 'assert o["held"] == [{"node": 2, "bytes": 700 << 10}, {"node": 6, "bytes": 400 << 10}], o
assert o["nodes"] == [2, 5, 6, 7] and o["quota"] == 1 << 20 and o["used"] == 1100 << 10, o'
done_ free third/most
done_ pool stat third --json
json 'assert o["held"] == [{"node": 6, "bytes": 400 << 10}], o'
[[ $(telemetry /shmx/held,3) == *'"held": {"6": 409600}'* ]] || fail "telemetry: $(telemetry /shmx/held,3)"
[[ $(telemetry /shmx/pools) == *'"quota": 1048576'* ]] || fail "telemetry: $(telemetry /shmx/pools)"
done_ pool destroy third --force
done_ pool stat second
out 'nodes everyone'
! grep -q held "$TMP/out" || fail "who holds what of a pool without a quota: $(<"$TMP/out")"
echo "quotas"

# ---- memory, and what is in it

done_ alloc main 100 --name a
out '0x0001[0-9a-f]{12}'
address=$(<"$TMP/out")
says 1 'name is taken' alloc main 100 --name a
says 1 'no room' alloc main 1G
says 1 'no such pool' alloc third 100
done_ alloc second 1M --name b --align 1M --owner 2,5-7 --json
json 'assert o["pool"] == "second" and o["length"] == 1 << 20 and o["offset"] % (1 << 20) == 0
assert int(o["address"], 16) == 2 << 48 | o["offset"]'

head -c 128 /dev/urandom >"$TMP/bytes"
head -c 129 /dev/urandom >"$TMP/longer"
done_ put main/a "$TMP/bytes"
out 'length 128'
done_ get main/a
cmp "$TMP/out" "$TMP/bytes" || fail "not what was put"
done_ get "$address" --length 128 -o "$TMP/copy" --json
json "assert o == {'address': '$address', 'length': 128}"
cmp "$TMP/copy" "$TMP/bytes" || fail "not what was put, by its address"
done_ get main:0 --length 128 --output "$TMP/copy"
cmp "$TMP/copy" "$TMP/bytes" || fail "not what was put, by its offset"
done_ get main/a+64 --json
json "assert bytes.fromhex(o['data']) == open('$TMP/bytes', 'rb').read()[64:]
assert o['length'] == 64 and int(o['address'], 16) == $address + 64"
says 1 'longer than the 128 bytes' put main/a "$TMP/longer"
says 1 'longer than the 64 bytes' put main/a+64 "$TMP/bytes"
done_ get main/a
cmp "$TMP/out" "$TMP/bytes" || fail "what was refused was written"
done_ put main/a+64 "$TMP/bytes" --length 10
head -c 100 /dev/urandom >"$TMP/shorter"
says 1 'it has 100 bytes only' put main:0 "$TMP/shorter" --length 120
says 1 'nothing is allocated there' put main:1M "$TMP/bytes"
says 1 'nothing is allocated there' get main:1M --length 8
says 1 'leaves the pool' get main:16M --length 8
says 1 'nothing in pool main is named x' get main/x
says 1 'give a smaller offset' get main/a+128
says 1 'no pool with id 9' get 0x0009000000000000 --length 8
says 1 'No such file' put main/a "$TMP/none"
says 1 'No such file' get main/a -o "$TMP/none/file"
says 1 'Is a directory' put main/a "$TMP"

# The standard input is a stream: it is refused where it goes over the end, and not before.
printf 'hello' | timeout 30 "$CTL" "${link[@]}" put main/a - >"$TMP/out" 2>"$TMP/ctl.log" ||
	fail "put from the standard input: exit status $?"
out 'length 5'
status=0
timeout 30 "$CTL" "${link[@]}" put main/a <"$TMP/longer" >"$TMP/out" 2>"$TMP/ctl.log" || status=$?
((status == 1)) || fail "put of too long a stream: exit status $status"
status=0
timeout 30 "$CTL" "${link[@]}" get main/a >/dev/full 2>"$TMP/ctl.log" || status=$?
((status == 1)) || fail "get to a full device: exit status $status"
grep -q 'cannot write to the standard output' "$TMP/ctl.log" || fail "get to a full device says nothing"

printf 'hello' >"$TMP/hello"
done_ put main/a "$TMP/hello"
done_ get main/a -x --length 5
out '0001[0-9a-f]{12} 68 65 6c 6c 6f \|hello\|'
head -c 1000000 /dev/urandom >"$TMP/bytes"
truncate -s 3500000 "$TMP/bytes"
done_ alloc main 4M --name large
done_ put main/large "$TMP/bytes"
done_ get main/large --length 3500000
cmp "$TMP/out" "$TMP/bytes" || fail "a large file came back as another"
done_ get main/large+2M -x
(($(wc -l <"$TMP/out") == 3)) || fail "equal lines are shown: $(wc -l <"$TMP/out")"
echo "memory"

# ---- owners

done_ own show second/b
out '0x0002[0-9a-f]{12} 1048576 2,5-7'
done_ own show second/b --json
json 'assert o["ranges"][0]["owners"] == [2, 5, 6, 7] and o["ranges"][0]["length"] == 1 << 20'
done_ own show main/a --json
json 'assert o["ranges"][0]["owners"] == "everyone"'
says 1 'belongs to other nodes' --node 3 get second/b
says 1 'belongs to other nodes' --node 3 put second/b "$TMP/hello"
says 1 'belongs to other nodes' --node 3 own set second/b self
says 1 'belongs to other nodes' --node 3 free second/b
done_ own add second/b 3
done_ --node 3 get second/b --length 8
done_ own drop second/b 5-7 --length 8K
done_ own show second/b
out '0x0002[0-9a-f]{12} 8192 2,3'
out '0x0002[0-9a-f]{12} 1040384 2,3,5-7'
says 1 'nobody would own it' own drop second/b 2,3,5-7
says 1 'belongs to other nodes' own move second/b 2,4 9 --length 8K
says 1 'not valid there' own set second/b 2 --length 100
done_ own move second/b 2,3 3 --length 8K
says 1 'belongs to other nodes' get second/b
done_ --node 3 own set second/b everyone
done_ own set second/b self
says 1 'not valid there' own show second/b+1K
done_ own show second/b+4K
out '0x0002[0-9a-f]{12} 1044480 2'
done_ own show main:0
says 1 'nothing is allocated there' own show main:8M
echo "owners"

# ---- locks

done_ lock reserve first
out 'id [1-9][0-9]*'
id=$(sed -n 's/^id *//p' "$TMP/out")
says 1 'name is taken' lock reserve first
done_ lock list
out "$id first 0 0 0 0 0"

# holder NAME WORD...: hold locks as node 44 in the background, until its input ends: holder_end.
holder() {
	local name=$1
	shift
	rm -f "$TMP/$name.in"
	mkfifo "$TMP/$name.in"
	: >"$TMP/$name.log"
	setsid "$CTL" --port "virtio_user:path=$TMP/client.sock" --ip 10.0.0.44/24 --server 10.0.0.1 \
		lock acquire "$@" <"$TMP/$name.in" >"$TMP/$name.log" 2>&1 &
	holder_pid=$!
	_pids+=("$holder_pid")
	exec {holder_fd}>"$TMP/$name.in"
	wait_log 20 "$name" '^LOCK|^shmx-ctl: '
}

# holder_end STATUS: it ends so.
holder_end() {
	local status=0
	exec {holder_fd}>&-
	wait "$holder_pid" || status=$?
	((status == $1)) || fail "who held a lock: exit status $status, not $1"
}

holder holder first
done_ lock list --json
json "l = o['locks'][0]
assert (l['id'], l['name'], l['holder'], l['shared'], l['waiting']) == ($id, 'first', 44, 0, 0), l
assert l['token'] > 0"
says 1 'somebody has it' lock unreserve first
says 1 'not to be had' lock acquire first --now
says 1 'not to be had' lock acquire first --timeout 50
says 2 'lock force. takes it' lock release first
holder_end 0
done_ lock acquire first --json
json "l = o['locks']; assert len(l) == 1 and l[0]['id'] == $id and l[0]['died'] == 0, l"
done_ lock reserve second
holder holder first second --shared
done_ lock acquire second first --shared
(($(wc -l <"$TMP/out") == 3)) || fail "not two locks: $(<"$TMP/out")"
holder_end 0
says 1 'no such lock' lock acquire first third
done_ lock unreserve second
holder holder "$id"
kill -TERM "$holder_pid"
holder_end 0
holder holder first
done_ lock force "$id"
out 'holders 1'
done_ lock list --json
json 'assert (o["locks"][0]["holder"], o["locks"][0]["died"]) == (0, 44)'
holder_end 1
grep -q 'an operator took it meanwhile' "$TMP/holder.log" || fail "who lost a lock is not told"
done_ lock unreserve first
says 1 'no such lock' lock force first
says 1 'no such lock' lock unreserve "$id"
done_ lock list
(($(wc -l <"$TMP/out") == 1)) || fail "there are locks left"
echo "locks"

# ---- signals and messages

# listener NAME WORD...: one of recv and watch, as node 44 in the background.
listener() {
	local name=$1
	shift
	: >"$TMP/$name.log"
	setsid "$CTL" --port "virtio_user:path=$TMP/client.sock" --ip 10.0.0.44/24 --server 10.0.0.1 \
		"$@" </dev/null >"$TMP/$name.out" 2>"$TMP/$name.log" &
	listener_pid=$!
	_pids+=("$listener_pid")
}

# listener_end STATUS: it ends so.
listener_end() {
	local status=0
	wait "$listener_pid" || status=$?
	((status == $1)) || fail "who listened: exit status $status, not $1"
}

# reaches NODES WORD...: signal or send until the inbox is there; then it reaches just one.
reaches() {
	"$CTL" "${link[@]}" "$@" >"$TMP/out" 2>"$TMP/ctl.log" && grep -Eq '^inboxes +1$' "$TMP/out"
}

says 1 'no such node has an inbox' signal 44
says 1 'no such node has an inbox' send 44 hello
says 1 'has at most 1024 bytes' send 44 "$(head -c 1025 /dev/zero | tr '\0' x)"
says 1 '0 of 1 came in that time' recv --timeout 50
says 2 'line' signal 44 --line 64
listener watch watch --count 3 --json
wait_for 20 reaches signal 44 --line 7 --count 3
done_ send 44 hello
out 'inboxes 1'
done_ send everyone hello
out 'inboxes 1'
listener_end 0
python3 - "$TMP/watch.out" <<-'END' || fail "what was watched: $(<"$TMP/watch.out")"
	import json, sys
	assert [json.loads(line) for line in open(sys.argv[1])] == [
	    {"event": "signal", "line": 7, "count": 3},
	    {"event": "message", "from": 2, "length": 5},
	    {"event": "message", "from": 2, "length": 5}]
END
listener recv recv --count 2
wait_for 20 reaches send 44 'one '
head -c 3000000 /dev/urandom >"$TMP/long"
"$CTL" "${link[@]}" send 44 --memory main <"$TMP/long" >"$TMP/out" 2>"$TMP/ctl.log" ||
	fail "send --memory: $(<"$TMP/ctl.log")"
listener_end 0
cmp "$TMP/recv.out" <(printf 'one ' && cat "$TMP/long") || fail "what was received is not what was sent"
echo "signals and messages"

# ---- what the memory node knows

done_ node list
out 'NODE ADDRESS PORT SESSIONS WORKERS'
out '2 10.0.0.2 [0-9]+ [1-9] 1'
client_start other 33 "virtio_user:path=$TMP/client.sock"
ask other 0 connect
done_ node list --json
json 'n = o["nodes"]
assert [(i["node"], i["address"], i["workers"]) for i in n if i["node"] != 44] == [
	(2, "10.0.0.2", [1]), (33, "10.0.0.33", [1])], n
assert all(i["sessions"] >= 1 and i["udp_port"] > 0 for i in n)'
done_ stat
out 'nodes [23]'
out 'operations failed [1-9][0-9]*'
out 'pool-create [1-9]'
done_ stat --json
json 'assert o["nodes"] >= 2 and o["sessions"] >= o["nodes"] and o["workers"] == 1 and o["malformed"] == 0
assert o["ops"]["alloc"] >= 3 and o["ops"]["cas" if "cas" in o["ops"] else "compare-and-swap"] == 0
assert o["bytes_written"] > 3500000'
client_end other
# Its farewell may have been lost with its port: then its silence is noticed.
gone() {
	"$CTL" "${link[@]}" node list >"$TMP/out" && ! grep -q '10.0.0.33' "$TMP/out"
}
wait_for 20 gone
echo "nodes and counters"

# ---- the end of it all

says 1 'has allocations' pool destroy second
done_ free second/b
done_ pool destroy second
done_ free "$address"
says 1 'no allocation begins there' free main:64
says 1 'nothing in pool main is named a' free main/a
says 1 'has allocations' pool destroy main
done_ pool destroy main --force
done_ pool list
(($(wc -l <"$TMP/out") == 1)) || fail "there are pools left"
done_ pool list --json
json 'assert o == {"pools": []}'
echo "freed"

# ---- how it is told where to go

ini=$TMP/ctl.ini
printf '[default]\nport = virtio_user:path=%s\nip = 10.0.0.2/24\nserver = 10.0.0.1\n[wrong]\nport = x:y\n' \
	"$TMP/ctl.sock" >"$ini"
ctl 0 --config "$ini" pool list
SHMX_CONFIG=$ini ctl 0 pool list
SHMX_PORT=virtio_user:path=$TMP/ctl.sock SHMX_IP=10.0.0.9 SHMX_SERVER=10.0.0.1 SHMX_NODE=17 ctl 0 node list
out '17 10.0.0.9 [0-9]+ [1-9] 1'
SHMX_CONFIG=$ini SHMX_IP=10.0.0.9 ctl 0 node list --ip 10.0.0.8
out '8 10.0.0.8 [0-9]+ [1-9] 1'
mkdir -p "$TMP/home/shmx"
cp "$ini" "$TMP/home/shmx/ctl.ini"
XDG_CONFIG_HOME=$TMP/home ctl 0 pool list
ctl 0 "${link[@]}" pool list --eal "--no-huge -m 128 --no-pci --no-shconf --no-telemetry --log-level=*:critical"
echo "settings"

# ---- the command line is wrong

says 2 'a command is missing'
says 2 'frob: no such command' frob
says 2 'pool frob: give one of list' pool frob
says 2 'pool create: give NAME SIZE' pool create x
says 2 'give a size' pool create x y
says 2 'no such option' pool list --frob
says 2 'give --length' get main:0
says 2 'give everyone, self, or ids' own set main/a 0
ctl 2 pool list
grep -q -- '--port is missing' "$TMP/ctl.log" || fail "does not say that the port is missing"
ctl 2 --config "$TMP/none" pool list
ctl 2 --config "$ini" --profile none pool list
printf '[default]\nfrob = 1\n' >"$ini.bad"
ctl 2 --config "$ini.bad" pool list
grep -q "$ini.bad:2: frob: no such key" "$TMP/ctl.log" || fail "does not say which line is wrong"
SHMX_NODE=9999 ctl 2 "${link[@]}" pool list
grep -q 'SHMX_NODE 9999: give a number' "$TMP/ctl.log" || fail "does not say which variable is wrong"

ctl 0 --help
ctl 0 --version
# Each command of the help has a help of its own.
ctl 0 --help
commands=$(sed -n '/^Usage:/,/^  --/s/^  \([a-z][a-z ]*[a-z]\).*/\1/p' "$TMP/out")
(($(wc -l <<<"$commands") >= 16)) || fail "commands are missing: $commands"
while read -r -a words; do
	ctl 0 "${words[@]}" --help
	grep -q "^Usage: shmx-ctl <options> ${words[*]}" "$TMP/out" || fail "no usage: ${words[*]}"
	grep -Eq "^\\.(B|BR) \"?${words[*]}( |\"|\$)" "$ROOT/doc/shmx-ctl.1" || fail "not in the manual: ${words[*]}"
done <<<"$commands"
echo "usage"

# ---- completion

# complete WANTED WORD...: what the last word may become.
complete_as() {
	local wanted=$1
	shift
	COMP_WORDS=("$CTL" "$@") COMP_CWORD=$#
	COMPREPLY=()
	_shmx_ctl
	[[ ${COMPREPLY[*]-} == "$wanted" ]] || fail "completes '$*' to '${COMPREPLY[*]-}', not '$wanted'"
}

# shellcheck source=apps/shmx-ctl/shmx-ctl.bash
. "$ROOT/apps/shmx-ctl/shmx-ctl.bash"
complete_as 'pool put' p
complete_as 'list stat create grow shrink destroy' pool ''
complete_as 'show set' --ip 10.0.0.1 own s
complete_as '--mtu --max' pool create x --m
complete_as "$TMP/hello" put main/a "$TMP/hell"
complete_as "$TMP/home" --config "$TMP/hom"
complete_as '' --node ''
complete_as '' pool list ''
echo "completion"

# ---- nobody there

says 3 'cannot open port' --port "virtio_user:path=$TMP/none.sock" pool list
says 3 'no answer from 10.0.0.77: is shmx-server running' --server 10.0.0.77 pool list
says 3 'no answer from 10.0.0.1' --server 10.0.0.1:4444 pool list
begin=$(date +%s%N)
done_ pool list
echo "a command took $((($(date +%s%N) - begin) / 1000000)) ms"
server_stop TERM
says 3 'cannot open port' pool list
echo "not reached"
