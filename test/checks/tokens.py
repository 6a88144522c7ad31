#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Forbidden tokens, each with its reason.

A line that needs one all the same says why, on itself or on the line above:
    /* allow(malloc): EAL is not up yet */"""

import fnmatch
import re

import csource

EVERYWHERE = ["lib", "drivers", "apps", "test"]
LIBRARY = ["lib", "drivers"]

# token (a call unless it is written otherwise), folders, reason
CALLS = [
    ("strcpy strcat stpcpy", EVERYWHERE, "no bound: use rte_strscpy or snprintf"),
    ("sprintf vsprintf", EVERYWHERE, "no bound: use snprintf"),
    ("strncpy strncat", EVERYWHERE, "may leave the string open: use rte_strscpy"),
    ("atoi atol atoll atof", EVERYWHERE, "cannot tell an error from 0: use strtoul with its checks"),
    ("gets scanf sscanf fscanf", EVERYWHERE, "overflows silently: use strtoul with its checks"),
    ("alloca", EVERYWHERE, "no way to tell that it failed"),
    ("strtok", EVERYWHERE, "keeps hidden state: use strtok_r"),
    ("rte_panic rte_exit abort exit _exit", LIBRARY,
     "a library returns an error and lets the program decide"),
    ("assert", LIBRARY, "input and lack of resources are errors, not bugs: return one; "
     "for what cannot happen use RTE_ASSERT"),
    ("printf vprintf puts putchar perror", LIBRARY,
     "standard output belongs to the program: log, or take a FILE *"),
]

DATAPATH_CALLS = [
    ("malloc calloc realloc free strdup strndup asprintf", "libc allocation on the data path"),
    ("fprintf RTE_LOG rte_log syslog BASE_LOG", "logging on the data path: count it, or RTE_LOG_DP"),
    ("pthread_mutex_lock pthread_rwlock_rdlock pthread_rwlock_wrlock pthread_cond_wait sem_wait",
     "blocking on the data path"),
    ("usleep sleep nanosleep sched_yield poll select epoll_wait read write send recv sendmsg recvmsg "
     "ioctl open close mmap munmap", "system call on the data path"),
]

ALLOW = re.compile(r"allow\((\w+)\): \S")


def datapath_files():
    """test/checks/datapath.list, expanded: a glob adds, "!" in front of it takes out."""
    chosen = set()
    every = [str(f) for f in csource.files(*LIBRARY)]
    for line in csource.read("test/checks/datapath.list").splitlines():
        pattern = line.split("#")[0].strip()
        if not pattern:
            continue
        matching = set(fnmatch.filter(every, pattern.lstrip("!")))
        chosen = chosen - matching if pattern.startswith("!") else chosen | matching
    return chosen


def call(name):
    # A member or a definition of another name is not the libc function: x->free(), my_free().
    return re.compile(r"(?<![\w.>])" + name + r"\s*\(")


def main():
    datapath = datapath_files()
    findings = []
    rules = [(n, call(n), folders, None, why) for names, folders, why in CALLS for n in names.split()]
    rules += [(n, call(n), LIBRARY, datapath, why)
              for names, why in DATAPATH_CALLS for n in names.split()]
    paths = csource.files(*EVERYWHERE)
    for path in paths:
        original = csource.read(path).splitlines()
        allowed = [set(ALLOW.findall(line)) for line in original]
        for number, line in enumerate(csource.code(path).splitlines()):
            for name, pattern, folders, only, why in rules:
                if path.parts[0] not in folders or (only is not None and str(path) not in only):
                    continue
                if name in allowed[number] or (number and name in allowed[number - 1]):
                    continue
                if pattern.search(line):
                    findings.append(f"{path}:{number + 1}: {name}: {why}")
    csource.finish(findings, f"{len(paths)} files, {len(datapath)} of them data path, "
                   f"{len(findings)} forbidden tokens")


main()
