#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# config/hugepages.sh undoes what it did, also while somebody else uses what it mounted.
. "$(dirname "$0")/lib.sh"
need_root
need_command unshare

pages=/sys/kernel/mm/hugepages/hugepages-2048kB
[[ -d $pages ]] || skip "this kernel has no pages of 2 MiB"

# Mounts of its own: the machine's stay as they are.
if [[ ${1-} != inside ]]; then
	unshare --mount "$0" inside
	exit
fi
while umount /dev/hugepages 2>/dev/null; do :; done
! grep -q hugetlbfs /proc/mounts || skip "hugetlbfs is mounted elsewhere, too"

hugepages() {
	"$ROOT/config/hugepages.sh" --state "$TMP/state" "$@" >"$TMP/hugepages.log" 2>&1
}

before=$(<$pages/nr_hugepages)
hugepages $(($(<$pages/free_hugepages) + 3)) || skip "$(cat "$TMP/hugepages.log")"
(($(<$pages/nr_hugepages) == before + 3)) || fail "$(<$pages/nr_hugepages) pages, not three more than $before"
grep -q '^nodev /dev/hugepages hugetlbfs' /proc/mounts || fail "hugetlbfs was not mounted"

exec 8>/dev/hugepages/held
! hugepages --release || fail "a mount in use was given up"
grep -q 'in use: stop what uses it' "$TMP/hugepages.log" || fail "the reason was not told"
(($(<$pages/nr_hugepages) == before)) || fail "pages stay behind with a mount in use"

exec 8>&-
rm /dev/hugepages/held
hugepages --release || fail "what was in use could not be given up later"
! grep -q hugetlbfs /proc/mounts || fail "the mount stays"
[[ ! -e $TMP/state ]] || fail "something is left to undo"

# A signal behind the reservation, in front of the note of it; the pages are a sham, so that others
# cannot take them meanwhile.
mkdir "$TMP/pages"
echo 0 >"$TMP/pages/nr_hugepages"
echo 0 >"$TMP/pages/free_hugepages"
sed "s|^pages=.*|pages=$TMP/pages|" "$ROOT/config/hugepages.sh" >"$TMP/sham.sh"
# shellcheck disable=SC2016 # for that shell
echo 'set -T; trap '\''[[ $BASH_COMMAND != now=* ]] || kill -TERM $$'\'' DEBUG' >"$TMP/env"
status=0
BASH_ENV=$TMP/env bash "$TMP/sham.sh" --state "$TMP/state" 5 >"$TMP/hugepages.log" 2>&1 || status=$?
((status == 143)) || fail "exit status $status after SIGTERM"
(($(<"$TMP/pages/nr_hugepages") == 5)) || fail "the signal came too early"
bash "$TMP/sham.sh" --state "$TMP/state" --release || fail "what was interrupted cannot be undone"
(($(<"$TMP/pages/nr_hugepages") == 0)) || fail "pages of a reservation that was interrupted stay"
echo "pages and mount go back, each as soon as it can"
