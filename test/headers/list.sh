#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Print every header of lib/ and drivers/ that is not public, relative to the tree.
# Public headers are those in a line "public_headers += files(...)" of a meson.build.
set -euo pipefail

cd "$(dirname "$0")/../.."
find lib drivers -name '*.h' | sort | while read -r header; do
	folder=$(dirname "$header")
	public=$(tr '\n' ' ' <"$folder/meson.build" 2>/dev/null |
		grep -o 'public_headers *+= *files([^)]*)' || true)
	[[ $public == *"'${header##*/}'"* ]] || echo "$header"
done
