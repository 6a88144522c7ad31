#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# make_archive.sh INPUT.a OUTPUT.a COMPILER...
# Join all objects of INPUT into one, make its hidden symbols local, and archive that.
set -eu

input=$1
output=$2
shift 2
object=${output%.a}.o
"$@" -r -nostdlib -o "$object" -Wl,--whole-archive "$input" -Wl,--no-whole-archive
objcopy --localize-hidden "$object"
rm -f "$output"
ar rcsD "$output" "$object"
rm -f "$object"
