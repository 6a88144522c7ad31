#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Length of functions: above 80 lines is worth a word, above 120 is refused."""

import re
import statistics

import csource

WARN = 80
REFUSE = 120
NAME = re.compile(r"(\w+)\s*\(")


def functions(path):
    """Name, line and length of each body: the style puts both braces in column one."""
    lines = csource.code(path).splitlines()
    start = None
    for number, line in enumerate(lines):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            head = " ".join(lines[max(0, start - 8):start])
            head = re.split(r"[;}]", head)[-1]
            name = NAME.search(head)
            yield name.group(1) if name else "?", start, number - start - 1
            start = None


def main():
    findings = []
    lengths = []
    for path in csource.files("lib", "drivers", "apps", "test"):
        for name, line, length in functions(path):
            lengths.append(length)
            if length > REFUSE:
                findings.append(f"{path}:{line}: {name}: {length} lines, {REFUSE} are allowed")
            elif length > WARN:
                print(f"{path}:{line}: warning: {name}: {length} lines")
    median = statistics.median(lengths) if lengths else 0
    csource.finish(findings, f"{len(lengths)} functions, median {median:g} lines, "
                   f"longest {max(lengths, default=0)}")


main()
