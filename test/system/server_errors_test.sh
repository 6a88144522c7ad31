#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Whatever keeps a server from starting is said in one line that tells what to do, with exit
# status 1.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"

socket=$TMP/port.sock
eal=(--lcores "0@0,1@0" --no-huge -m 256 --no-pci "--file-prefix=$ID")
port=(--port "vhost:iface=$socket" --ip 10.0.0.1/24)
kept=/dev/shm/$ID-kept
lines=0

# refused PATTERN COMMAND...: it ends with status 1, and its last line is about PATTERN.
refused() {
	local pattern=$1 status=0 last
	shift
	timeout -k 5 30 "$@" >"$TMP/refused.log" 2>&1 </dev/null || status=$?
	last=$(tail -n 1 "$TMP/refused.log")
	((status == 1)) || fail "exit status $status of: $*"
	[[ $last =~ ^shmx(-server)?:\  ]] || fail "the last line is not the server's: $last"
	[[ $last =~ $pattern ]] || fail "not about '$pattern': $last"
	lines=$((lines + 1))
}

# Before EAL starts.
refused 'no port to serve: give --port' "$SERVER"
refused 'unknown option --frob: see shmx-server --help' "$SERVER" "${eal[@]}" -- "${port[@]}" --frob 1
refused '--pool is no EAL option: put it behind --' "$SERVER" -l 0 --pool a:2M -- "${port[@]}"
refused "unexpected argument 'x'" "$SERVER" "${eal[@]}" -- "${port[@]}" x
refused "--pool: '12' is not a size from 2M" "$SERVER" "${eal[@]}" -- "${port[@]}" --pool main:12
refused "'main' is not NAME:SIZE" "$SERVER" "${eal[@]}" -- "${port[@]}" --pool main
refused 'has no address: give --ip' "$SERVER" "${eal[@]}" -- --port "vhost:iface=$socket"
refused "--idle: 'busy' is not one of poll, pause, sleep, interrupt" \
	"$SERVER" "${eal[@]}" -- "${port[@]}" --idle busy
refused "--pool-ids: '7' is not FIRST-LAST, numbers from 1 to 65535, such as 65-128" \
	"$SERVER" "${eal[@]}" -- "${port[@]}" --pool-ids 7
refused 'pool-ids 1-2000 are 2000 ids: 1024 are the most a node may have' \
	"$SERVER" "${eal[@]}" -- "${port[@]}" --pool-ids 1-2000
refused '2 pools at start, but pool-ids 8-8 has room for 1 only' \
	"$SERVER" "${eal[@]}" -- "${port[@]}" --pool-ids 8-8 --pool a:2M --pool b:2M

printf '[server]\nnode = 1\nfrob = 2\n' >"$TMP/key.ini"
refused "$TMP/key.ini:3: frob: no such key in \[server\]; there are node, " \
	"$SERVER" "${eal[@]}" -- --config "$TMP/key.ini"
printf '[server]\nnode = 1\n[sever]\nnode = 2\n' >"$TMP/section.ini"
refused "$TMP/section.ini:3: no section \[sever\]; there are " \
	"$SERVER" "${eal[@]}" -- --config "$TMP/section.ini"
printf '; comment\n\n[server]\nnode = 4711\n' >"$TMP/value.ini"
refused "$TMP/value.ini:4: node: '4711' is not a number from 1 to 1023" \
	"$SERVER" "${eal[@]}" -- --config "$TMP/value.ini"
refused "No such file" "$SERVER" "${eal[@]}" -- --config "$TMP/nowhere.ini"

# Behind it.
refused "no worker lcore: give EAL one .*--lcores '0@0,1@0'" \
	"$SERVER" --lcores 0@0 "${eal[@]:2}" -- "${port[@]}"
refused 'EAL did not start; its lines above say why' \
	"$SERVER" --lcores 0@0,1@999 "${eal[@]:2}" -- "${port[@]}"
refused 'no memory for pool main of 4G: give EAL at least -m [0-9]+' \
	"$SERVER" "${eal[@]}" -- "${port[@]}" --pool main:4G
refused "cannot make a socket in $TMP/nowhere" \
	"$SERVER" "${eal[@]}" -- --port "vhost:iface=$TMP/nowhere/x.sock" --ip 10.0.0.1
refused 'no such kind of port' "$SERVER" "${eal[@]}" -- --port "wifi:iface=x" --ip 10.0.0.1
refused 'has no receive interrupts .*: use --idle sleep' \
	"$SERVER" "${eal[@]}" -- --port loopback:a --ip 10.0.0.1 --idle interrupt

refused "--memory-dir $TMP/nowhere/x: No such file" "$SERVER" "${eal[@]}" -- "${port[@]}" \
	--memory-dir "$TMP/nowhere/x"
refused "no room for pool main of 32T in $kept: give its file system more" \
	"$SERVER" "${eal[@]}" -- "${port[@]}" --memory-dir "$kept" --pool main:32T

EAL_MEMORY=(--no-huge -m 256)
server_start server "${port[@]}" --memory-dir "$kept"
refused "$kept: another server has it" "$SERVER" "${eal[@]}" -- --port loopback:a \
	--ip 10.0.0.1 --memory-dir "$kept"
refused "port already taken: somebody serves $socket" "$SERVER" "${eal[@]}" -- "${port[@]}"
refused "process $server_pid runs under the file prefix '${ID}server': give EAL another" \
	"$SERVER" --lcores 0@0,1@0 --no-huge -m 256 --no-pci "--file-prefix=${ID}server" -- "${port[@]}"
server_stop TERM

# What an earlier one has left.
again=("$SERVER" "${eal[@]}" -- "${port[@]}" --memory-dir "$kept")
refused 'keeps pools with the ids 1 to 64: give --pool-ids 1-64' "${again[@]}" --node 2
refused 'keeps a table of 65536 locks: give --locks 65536, or remove .*/shmx_locks' \
	"${again[@]}" --locks 99
refused 'keeps a table of 65536 locks: give --locks 65536' "${again[@]}" --locks 0
truncate -s 4096 "$kept/shmx_locks"
refused "$kept: shmx_locks is damaged" "${again[@]}"
printf x | dd of="$kept/shmx_mem" conv=notrunc bs=1 seek=8 status=none
refused "$kept: what it keeps is of another version of shmx: start that" "${again[@]}"
truncate -s 64 "$kept/shmx_mem"
refused "$kept: what it keeps is damaged: give another directory, or remove this one" "${again[@]}"
rm "$kept/shmx_mem"
refused "$kept has files of a memory of which the first, shmx_mem, is not there" "${again[@]}"

# A dead server's socket that only its owner may remove.
if ((EUID == 0)) && setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$SERVER"; then
	sticky=$(mktemp -d "/tmp/$ID.XXXXXX")
	chmod 1777 "$sticky"
	python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('$sticky/x.sock')"
	chmod 777 "$sticky/x.sock"
	refused "cannot remove $sticky/x.sock: Operation not permitted: have its owner do it" \
		setpriv --reuid 65534 --regid 65534 --clear-groups env "XDG_RUNTIME_DIR=$sticky" \
		"$SERVER" "${eal[@]}" -- --port "vhost:iface=$sticky/x.sock" --ip 10.0.0.1
	rm -r "$sticky"
fi

# On a machine without hugepages, or without their file system.
if ((EUID == 0)) && unshare -m true 2>/dev/null; then
	refused "no hugepages: reserve some with 'config/hugepages.sh 512'.*--no-huge -m 1024" \
		unshare -m sh -c "mount -t tmpfs none /sys/kernel/mm/hugepages && exec $SERVER \
		--no-pci --file-prefix=$ID -- --port vhost:iface=$socket --ip 10.0.0.1"
	if (($(</sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages) > 0)); then
		refused 'mount -t hugetlbfs nodev /dev/hugepages' \
			unshare -m sh -c "umount -a -t hugetlbfs && exec $SERVER \
			--no-pci --file-prefix=$ID -- --port vhost:iface=$socket --ip 10.0.0.1"
	fi
fi
echo "$lines refusals, each with its reason"
