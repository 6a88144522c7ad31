#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Includes point one way: a folder knows those below it, never those above."""

import pathlib
import re

import csource

KNOWS = {
    "base": [],
    "wire": ["base"],
    "rdp": ["base", "wire"],
    "mem": ["base"],
    "sync": ["base"],
    "comm": ["base", "mem"],
    # Of rdp only its sessions: responses go out on the one a request came from.
    "target": ["base", "wire", "rdp", "mem", "sync", "comm"],
    "client": ["base", "wire", "rdp"],
    "peer": ["base", "mem"],
    "regcache": ["base"],
    "rsm": ["base", "wire", "rdp", "mem", "target", "client", "regcache", "peer"],
    "drivers": ["base", "wire"],
}
# One header of a folder that is otherwise unknown: an endpoint sends and receives on a port, and
# asks it what its device is able to; what lies behind (drivers/controller.h) it does not see.
ALSO = {"client": ["drivers/port.h"]}
# Public headers that a folder implements although they live elsewhere.
IMPLEMENTS = {"drivers": ["shmx_port.h"]}

INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)


def layer(path):
    return path.parts[1] if path.parts[0] == "lib" else path.parts[0]


def find(includer, name, every):
    """The file of this tree that an include means, or None for a system header."""
    for base in (includer.parent, pathlib.Path("lib"), pathlib.Path("drivers")):
        parts = []
        for part in (base / name).parts:
            if part == "..":
                parts = parts[:-1]
            else:
                parts.append(part)
        if (path := pathlib.Path(*parts)) in every:
            return path
    public = [p for p in every if p.name == name and name.startswith(("shmx", "rsm"))]
    return public[0] if public else None


def main():
    every = set(csource.files("lib", "drivers", "apps"))
    findings = []
    count = 0
    for path in sorted(every):
        here = layer(path)
        if here == "apps":
            continue
        if here not in KNOWS:
            findings.append(f"{path}: no layer is named {here}")
            continue
        for name in INCLUDE.findall(csource.read(path)):
            target = find(path, name, every)
            if target is None:
                if name.startswith("../") or name.startswith("apps/"):
                    findings.append(f"{path}: includes {name}, which is not in the tree of libraries")
                continue
            count += 1
            there = layer(target)
            if there != here and there not in KNOWS[here] and \
                    target.name not in IMPLEMENTS.get(here, []) and \
                    str(target) not in ALSO.get(here, []):
                findings.append(f"{path}: includes {name}: {here} must not know {there}")
    csource.finish(findings, f"{count} includes, {len(findings)} against the layers")


main()
