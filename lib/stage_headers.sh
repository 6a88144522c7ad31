#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# stage_headers.sh FOLDER HEADER...
# Fill FOLDER with links to the public headers: the view a program outside the tree has of them.
set -eu

folder=$1
shift
rm -rf "$folder"
mkdir -p "$folder"
for header; do
	name=${header##*/}
	if [ -e "$folder/$name" ]; then
		echo "two public headers are named $name" >&2
		exit 1
	fi
	ln -s "$header" "$folder/$name"
done
