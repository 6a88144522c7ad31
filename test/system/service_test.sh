#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# shellcheck disable=SC2013 # words are wanted
#
# What config/shmx-server.service and the sample file say is what the program and doc/server.md say.
. "$(dirname "$0")/lib.sh"
need_built apps/shmx-server/shmx-server

server=$BUILD/apps/shmx-server/shmx-server
unit=$ROOT/config/shmx-server.service
guide=$ROOT/doc/server.md

# The sample is what the program prints.
"$server" --help-config >"$TMP/printed.ini"
diff -u "$TMP/printed.ini" "$ROOT/config/shmx-server.ini" >"$TMP/diff.log" ||
	fail "config/shmx-server.ini is not what --help-config prints"

# Every setting of the sample and every option of the program has its line in the guide, and the
# guide names no other option of the program's own.
for key in $(sed -n 's/^;\{0,1\}\([a-z-]*\) = .*/\1/p' "$TMP/printed.ini" | sort -u); do
	grep -q "\`$key\`\|\`max-size\`.*\`$key\`\|\] \`$key\`" "$guide" || fail "doc/server.md lacks $key"
done
"$server" --help >"$TMP/help"
sed -n 's/.*option \(--[a-z-]*\).*/\1/p' "$TMP/printed.ini" >>"$TMP/help"
for option in $(grep -o '^| `--[a-z-]*' "$guide" | grep -o -- '--[a-z-]*' | sort -u); do
	[[ $option == --lcores ]] || grep -q -e "$option" "$TMP/help" ||
		fail "doc/server.md has $option, the program has not"
done

# Paths of the unit: what it runs is what its head has installed.
for path in $(sed -n 's/^Exec[A-Za-z]*=-\{0,1\}\([^ ]*\).*/\1/p' "$unit" | sort -u); do
	[[ $path == /usr/local/bin/shmx-server ]] || grep -q "^#.*install.* $path\$" "$unit" ||
		fail "nobody installs $path"
done
grep -q '^ExecStart=/usr/local/bin/shmx-server --config /etc/shmx/shmx-server.ini$' "$unit" ||
	fail "ExecStart is not what doc/server.md says"
grep -q '^RuntimeDirectory=shmx$' "$unit" || fail "/run/shmx, of doc/server.md, is not made"
"$ROOT/config/hugepages.sh" --state "$TMP/pages" 0 || fail "hugepages.sh as the unit calls it"
"$ROOT/config/hugepages.sh" --state "$TMP/pages" --release || fail "hugepages.sh --release"

# systemd's own opinion, of a unit whose programs are there.
if command -v systemd-analyze >/dev/null; then
	sed "s|/usr/local/bin/shmx-server|$server|; s|/usr/local/libexec/shmx-hugepages|$ROOT/config/hugepages.sh|" \
		"$unit" >"$TMP/shmx-server.service"
	systemd-analyze verify --man=no "$TMP/shmx-server.service" >"$TMP/verify.log" 2>&1 || fail "systemd-analyze"
	! grep 'shmx-server.service' "$TMP/verify.log" || fail "systemd-analyze has something to say"
fi
echo "unit, sample and guide agree"
