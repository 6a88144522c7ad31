#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# hugepages.sh [--state FILE] COUNT     have COUNT free pages of 2 MiB, and hugetlbfs mounted
# hugepages.sh [--state FILE] --release undo exactly what was done before, and no more
#
# What was done is kept in FILE (/run/shmx-hugepages unless said otherwise). Exit status 1, with
# the reason and what to do about it, when COUNT pages cannot be had; nothing is changed then.
set -euo pipefail

pages=/sys/kernel/mm/hugepages/hugepages-2048kB
mount_point=/dev/hugepages
state=/run/shmx-hugepages

die() {
	printf 'hugepages.sh: %s\n' "$@" >&2
	exit 1
}

usage() {
	sed -n '4,5s/^# //p' "$0" >&2
	exit 2
}

# Sets added (pages) and mounted (0 or 1) from what earlier calls did.
load() {
	added=0 mounted=0
	[[ ! -e $state ]] || read -r added mounted <"$state"
}

save() {
	if ((added == 0 && mounted == 0)); then
		rm -f "$state"
	else
		echo "$added $mounted" >"$state"
	fi
}

any_mount() {
	# A mount of another page size is of no use here.
	awk '$3 == "hugetlbfs" && ($4 !~ /pagesize=/ || $4 ~ /pagesize=2M/) {found = 1}
		END {exit !found}' /proc/mounts
}

reserve() {
	local count=$1 free total now
	free=$(<$pages/free_hugepages) total=$(<$pages/nr_hugepages)
	if ((free < count)); then
		[[ -w $pages/nr_hugepages ]] || die \
			"$count pages wanted, $free free, and only root may reserve more" \
			"as root: $0 $count"
		# The write succeeds even when the kernel finds fewer.
		echo $((total + count - free)) >$pages/nr_hugepages 2>/dev/null || true
		now=$(<$pages/nr_hugepages)
		if ((now < total + count - free)); then
			echo "$total" >$pages/nr_hugepages
			die "the kernel found $((free + now - total)) of $count pages: memory is short or fragmented" \
				"free some memory, ask for fewer, or boot with hugepages=$count"
		fi
		added=$((added + now - total))
		save
	fi
	if ! any_mount; then
		((EUID == 0)) || die "no hugetlbfs is mounted, and only root may mount one" \
			"as root: mount -t hugetlbfs nodev $mount_point"
		mkdir -p $mount_point
		if ! mount -t hugetlbfs -o pagesize=2M nodev $mount_point; then
			release
			die "could not mount hugetlbfs at $mount_point"
		fi
		mounted=1
		save
	fi
}

release() {
	local total
	# First the pages: others may be using the mount for a long time to come.
	if ((added > 0)); then
		total=$(<$pages/nr_hugepages)
		echo $((total > added ? total - added : 0)) >$pages/nr_hugepages ||
			die "only root may give pages back"
		added=0
		save
	fi
	if ((mounted)); then
		umount $mount_point || die "$mount_point is in use: stop what uses it, then call this again"
		mounted=0
	fi
	save
}

if [[ ${1-} == --state ]]; then
	[[ $# -ge 2 ]] || usage
	state=$2
	shift 2
fi
[[ $# -eq 1 ]] || usage
[[ -d $pages ]] || die "this kernel has no pages of 2 MiB: start programs with --no-huge"

# Two callers at once would count the same pages.
if ((EUID == 0)); then
	exec 9>/run/lock/shmx-hugepages.lock
	flock 9
fi
load
# A signal waits until what was done is noted: nobody would undo it otherwise.
signal=0
trap 'signal=130' INT
trap 'signal=143' TERM HUP
case $1 in
--release) release ;;
*[!0-9]* | '') usage ;;
*) reserve "$1" ;;
esac
exit $signal
