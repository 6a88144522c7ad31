#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""march.py COMPILE_COMMANDS MARCH

The instruction set asked for is the last -march on every compile line ("generic": DPDK's own)."""

import json
import shlex
import sys


def main():
    commands, march = sys.argv[1:]
    wrong = 0
    entries = json.load(open(commands))
    for entry in entries:
        found = [a for a in shlex.split(entry["command"]) if a.startswith("-march=")]
        if march == "generic":
            good = len(found) <= 1
        else:
            good = bool(found) and found[-1] == "-march=" + march
        if not good:
            print(f"{entry['file']}: {' '.join(found)}")
            wrong += 1
    print(f"{len(entries)} compile lines, {wrong} wrong")
    return 1 if wrong or not entries else 0


sys.exit(main())
