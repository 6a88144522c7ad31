#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""units.py BUILD

One line for each test of BUILD, for test/run.sh: exit status, name, remark, and in base64 what to
show beside them; separated by the unit separator. The remark is CUnit's summary in short."""

import base64
import json
import re
import subprocess
import sys

# "               tests     12     12     12      0        0" and the same for asserts
SUMMARY = re.compile(r"^\s*(tests|asserts)\s+(\d+)\s+(\S+)\s+(\d+)\s+(\d+)", re.MULTILINE)


def remark(output, seconds):
    said = [f"{ran} of {total} tests" if what == "tests" else f"{ran} asserts"
            for what, total, ran, _, _ in SUMMARY.findall(output)]
    return ", ".join(said + [f"{seconds:.1f} s"])


def main():
    folder = sys.argv[1]
    with open(folder + "/meson-logs/testlog.json", encoding="utf-8") as log:
        ended = [json.loads(line) for line in log if line.strip()]
    listed = subprocess.run(["meson", "introspect", "--tests", folder], check=True,
                            capture_output=True, text=True).stdout
    missing = [t["name"] for t in json.loads(listed)]
    for test in ended:
        name = test["name"].split(" / ")[-1]
        if name in missing:
            missing.remove(name)
        output = test.get("stdout", "") or ""
        errors = test.get("stderr", "") or ""
        status = {"OK": 0, "SKIP": 77, "EXPECTEDFAIL": 0}.get(test["result"], 1)
        said = remark(output, test["duration"])
        shown = ""
        if status == 1:
            said = f"{test['result'].lower()}, {said}"
            shown = "".join(f"      {line}\n" for line in (output + errors).splitlines()[-80:])
        print("\x1f".join([str(status), name, said, base64.b64encode(shown.encode()).decode()]))
    for name in missing:
        print("\x1f".join(["1", name, "did not end", ""]))


main()
