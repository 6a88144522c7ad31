# SPDX-License-Identifier: BSD-3-Clause
"""What the checks share: the files of the tree, and C code without comments and strings."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

_NOT_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)


def files(*folders):
    """Every .c and .h below the folders, as paths relative to the tree."""
    found = []
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".c", ".h"):
                found.append(path.relative_to(ROOT))
    return sorted(found)


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def code(path):
    """The text with comments blanked and strings emptied; line numbers stay."""
    def blank(match):
        text = match.group(0)
        if text[0] in "\"'":
            return text[0] * 2
        return "\n" * text.count("\n") or " "
    return _NOT_CODE.sub(blank, read(path))


def finish(findings, summary):
    for finding in findings:
        print(finding)
    print(summary)
    sys.exit(1 if findings else 0)
