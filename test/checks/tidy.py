#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tidy.py [--deep] BUILD [FILE...]

clang-tidy, as .clang-tidy says, over every C file that BUILD compiles, or those named; BUILD is
built. A file that was clean before, with all it includes of the tree, is not looked at again:
BUILD/tidy keeps the record. The analyzer follows a function through 60,000 states; with --deep as far
as it goes by itself, which takes three times as long.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
CONFIGS = (".clang-tidy", "test/.clang-tidy")
FLAGS = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-error"]
DEPTH = [f"--extra-arg={word}" for word in "-Xclang -analyzer-config -Xclang max-nodes=60000".split()]
FINDING = re.compile(r" (error|warning): ")


def commands(build):
    """The first command for each file of the tree: it is looked at once for all its programs."""
    first = {}
    for entry in json.load(open(f"{build}/compile_commands.json")):
        path = os.path.realpath(os.path.join(entry["directory"], entry["file"]))
        if path.startswith(ROOT + "/") and path.endswith(".c"):
            first.setdefault(path, entry)
    return first


def included(build):
    """What each object was made of, of the tree alone, as ninja has seen it."""
    made, files = {}, []
    text = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True).stdout
    for line in text.splitlines():
        if line.startswith("    "):
            path = os.path.realpath(os.path.join(build, line.strip()))
            if path.startswith(ROOT + "/"):
                files.append(path)
        elif line:
            files = made.setdefault(line.split(":")[0], [])
    return made


def digest(paths):
    total = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            total.update(hashlib.sha256(file.read()).digest())
    return total.hexdigest()


def record(entry, files, rules):
    """Names what clang-tidy gets to see."""
    return hashlib.sha256("\0".join([rules, entry["command"], digest(files)]).encode()).hexdigest()


def look(command, path, mark):
    """Findings in one file; the path that leads to one is shown by clang-tidy -p BUILD FILE."""
    if mark is not None and os.path.exists(mark):
        return []
    done = subprocess.run([*command, path], capture_output=True, text=True)
    if done.returncode == 0:
        if mark is not None:
            open(mark, "w").close()
        return []
    found = filter(FINDING.search, done.stdout.splitlines())
    lines = {re.sub(r"^\S*\.\./", "", line.replace(ROOT + "/", "")) for line in found}
    return sorted(lines) or [f"{path}: {done.stderr.strip()}"]


def main():
    deep = sys.argv[1] == "--deep"
    build, *wanted = map(os.path.realpath, sys.argv[1 + deep :])
    tidy = shutil.which("clang-tidy-14")
    if tidy is None:
        print("clang-tidy-14 is missing")
        return 125
    os.makedirs(f"{build}/tidy", exist_ok=True)
    entries, made = commands(build), included(build)
    with open(f"{build}/tidy/compile_commands.json", "w") as out:
        json.dump(list(entries.values()), out)
    command = [tidy, "--quiet", "-p", f"{build}/tidy", *FLAGS, *([] if deep else DEPTH)]
    dpdk = subprocess.run(["pkg-config", "--modversion", "libdpdk"], capture_output=True, text=True).stdout
    rules = " ".join([dpdk, *command, digest(os.path.join(ROOT, name) for name in CONFIGS)])
    todo = []
    for path, entry in entries.items():
        if not wanted or path in wanted:
            files = made.get(entry["output"])
            todo.append((path, f"{build}/tidy/{record(entry, files, rules)}" if files else None))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for lines in pool.map(lambda job: look(command, *job), todo):
            failed += bool(lines)
            print("".join(line + "\n" for line in lines), end="", flush=True)
    print(f"{len(todo)} files")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
