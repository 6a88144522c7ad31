#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The sample file is what the program prints, the guide names every setting, help fits a screen,
# and a file alone is enough to serve.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server_common.sh"

"$SERVER" --help-config >"$TMP/sample.ini"
diff -u "$ROOT/config/shmx-server.ini" "$TMP/sample.ini" ||
	fail "config/shmx-server.ini is out of date: shmx-server --help-config > config/shmx-server.ini"

settings=0
while read -r key; do
	grep -q "\`$key\`" "$ROOT/doc/server.md" || fail "doc/server.md does not name the key $key"
	settings=$((settings + 1))
done < <(sed -n 's/^;\{0,1\}\([a-z-]*\) = .*/\1/p' "$TMP/sample.ini")
((settings > 20)) || fail "only $settings settings in the sample"
while read -r option; do
	grep -q -- "\`$option" "$ROOT/doc/server.md" || fail "doc/server.md does not name $option"
done < <(grep -oh -- '--[a-z][a-z-]*' "$TMP/sample.ini" <("$SERVER" --help) | sort -u)

(($("$SERVER" --help | wc -l) <= 40)) || fail "the help does not fit a screen"
[[ $("$SERVER" --version) =~ ^shmx-server\ [0-9.]+,\ DPDK ]] || fail "--version"
"$SERVER" -- --help >/dev/null || fail "--help behind --"
# Not grep -q: it leaves at the first match, and the program then dies of a broken pipe.
"$SERVER" --help-eal | grep -- --lcores >/dev/null || fail "--help-eal"

# The sample serves as it is, with a socket of our own and without hugepages.
sed -e "s|^spec = .*|spec = vhost:iface=$TMP/file.sock|" \
	-e "s|^options = .*|options = --lcores 0@0,1@0 --no-huge -m 512 --no-pci --file-prefix=$ID|" \
	"$TMP/sample.ini" >"$TMP/own.ini"
spawn server "$SERVER" --config "$TMP/own.ini" --node 77
server_pid=$spawned
wait_log 30 server 'pool main of 256M'
wait_log 30 server 'ready: node 77, UDP port 51966, 1 port, 1 queue, 1 worker'
[[ -S $TMP/file.sock ]] || fail "there is no socket"
server_stop TERM
echo "$settings settings"
