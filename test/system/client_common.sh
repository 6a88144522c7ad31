# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Clients that do what they are told (client.c); comes after server_common.sh.

CLIENT=$BUILD/test/system/client
need_built test/system/client
declare -A _client_fd _client_pid _client_count

# client_start NAME NODE SPEC [COMMAND...]: start one, under COMMAND, with address 10.0.0.NODE, and
# wait until its link is up. Sets client_pid.
client_start() {
	local name=$1 node=$2 spec=$3 fd
	shift 3
	rm -f "$TMP/$name.in" "$TMP/$name.log"
	mkfifo "$TMP/$name.in"
	# Not spawn: that takes standard input away.
	setsid "$@" "$CLIENT" --lcores "0@(0-$(($(nproc) - 1)))" --no-pci --no-telemetry \
		"--file-prefix=$ID$name" "${EAL_MEMORY[@]}" --log-level='*:error' -- \
		"$spec" "10.0.0.$node" "$node" 10.0.0.1 <"$TMP/$name.in" >"$TMP/$name.log" 2>&1 &
	client_pid=$!
	_pids+=("$client_pid")
	exec {fd}>"$TMP/$name.in"
	_client_fd[$name]=$fd _client_pid[$name]=$client_pid _client_count[$name]=0
	wait_for 30 client_up_or_gone "$name"
	grep -q '^ready' "$TMP/$name.log" || fail "client $name did not start"
}

client_up_or_gone() {
	! alive "${_client_pid[$1]}" || grep -q '^ready' "$TMP/$1.log"
}

# tell NAME COMMAND...: give a command and go on.
tell() {
	local name=$1
	shift
	echo "$*" >&"${_client_fd[$name]}" || fail "$name is gone: $*"
	_client_count[$name]=$((_client_count[$name] + 1))
}

# reply NAME: wait for the answer to the last command; in $reply.
reply() {
	local n=${_client_count[$1]}
	wait_for "${REPLY_LIMIT:-30}" client_replied "$1" "$n"
	reply=$(sed -n "s/^$n //p" "$TMP/$1.log")
}

client_replied() {
	grep -q "^$2 " "$TMP/$1.log" || ! alive "${_client_pid[$1]}"
}

# ask NAME ANSWER COMMAND...: it answers just so (an extended regular expression).
ask() {
	local name=$1 answer=$2
	shift 2
	tell "$name" "$*"
	reply "$name"
	[[ $reply =~ ^${answer}$ ]] || fail "$name: '$*' answered '$reply', not '$answer'"
}

# client_end NAME: in good order.
client_end() {
	local fd=${_client_fd[$1]} status=0
	# Clients started later may hold the pipe open, too.
	tell "$1" quit
	exec {fd}>&-
	wait "${_client_pid[$1]}" || status=$?
	((status == 0)) || fail "client $1 ended with status $status"
	grep -q '^end' "$TMP/$1.log" || fail "client $1 did not end in good order"
}

# client_kill NAME: the hard way.
client_kill() {
	local fd=${_client_fd[$1]}
	kill -KILL "${_client_pid[$1]}"
	wait "${_client_pid[$1]}" 2>/dev/null || true
	exec {fd}>&-
}

# telemetry COMMAND: the answer of the server as one line of JSON.
telemetry() {
	python3 - "/var/run/dpdk/${ID}server/dpdk_telemetry.v2" "$1" <<-'END'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		s.connect(sys.argv[1])
		s.recv(1024)
		s.send(sys.argv[2].encode())
		print(json.dumps(json.loads(s.recv(65536))))
	END
}
