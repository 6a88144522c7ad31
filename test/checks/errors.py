#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every error that a public header documents has a test that names it, and the other way round.

A header says behind @return and @event of a function, up to the end of the paragraph, which errors
there are; and once for many functions in a paragraph that begins with one of GROUPS.

A test names an error of a call by an assertion with both in it, as in
    SAME(STATUS(ep, shmx_free(ep, addr + 64, cookie)), -ENOENT);
or, where the call is made elsewhere, by a comment inside the function that checks it or above it:
    /* proves: shmx_unlock -EPERM */
A comment counts when the function has the error below it, and the function or what it calls in its
file the call. All counts only in functions that a table of tests, or main(), leads to.
"""

import errno
import re

import csource

# Paragraph of a header, and the functions that it is for.
GROUPS = {
    "every operation": lambda name, args: "uint64_t cookie" in args and name not in
                       ("shmx_connect", "shmx_cancel", "shmx_wait"),
    "every call here": lambda name, args: name.endswith("_sync") and
                       name != "shmx_disconnect_sync",
}
# What these do is another one's call, whose name then stands for theirs.
SAME_AS = {"shmx_fetch_add": "shmx_atomic", "shmx_cas": "shmx_atomic", "shmx_swap": "shmx_atomic",
           "port_open": "shmx_port_open", "port_link_wait": "shmx_port_link_wait"}
# They pass on what became of other calls: only a comment says which.
PASS_ON = {"shmx_wait", "shmx_poll", "shmx_wait_cookie", "shmx_flush"}

PUBLIC = re.compile(r"(?m)^public_headers\s*\+?=\s*files\(([^)]*)\)")
FUNCTION = re.compile(r"/\*\*((?:(?!\*/).)*)\*/\s*SHMX_API\s[^;(]*?\b(shmx_\w+)\(([^;]*)\);", re.DOTALL)
ERROR = re.compile(r"-?\b(E[A-Z0-9]+)\b")
PROOF = re.compile(r"/\*\s*proves:(.*?)\*/", re.DOTALL)
WORD = re.compile(r"\w+")
CALL = re.compile(r"\b(\w+)\s*\(")
ASSERTION = re.compile(r"\b(SAME|CU_ASSERT\w*)\s*\(")


def errors_in(text):
    return {name for name in ERROR.findall(text) if hasattr(errno, name)}


def paragraphs(comment):
    """Those of a comment, without what decorates it; one begins at each command, too."""
    lines = [re.sub(r"^\s*\*? ?", "", line) for line in comment.splitlines()]
    return re.split(r"\n\s*\n|\n(?=@(?!p\b))", "\n".join(lines))


def headers():
    for build in sorted((csource.ROOT / "lib").rglob("meson.build")):
        for names in PUBLIC.findall(build.read_text(encoding="utf-8")):
            for name in re.findall(r"'([^']+)'", names):
                yield (build.parent / name).relative_to(csource.ROOT)


def documented():
    """What the headers say: {(function or group, error)}, the functions, and those of each group."""
    cases, functions, members = set(), set(), {group: set() for group in GROUPS}
    for path in headers():
        text = csource.read(path)
        for name, args in re.findall(r"\b(shmx_\w+)\(([^;{]*)\);", csource.code(path)):
            functions.add(name)
            for group, has in GROUPS.items():
                if has(name, " ".join(args.split())):
                    members[group].add(name)
        for comment, name, _ in FUNCTION.findall(text):
            for part in paragraphs(comment):
                if part.strip().startswith(("@return", "@event")):
                    cases |= {(name, error) for error in errors_in(part)}
        for comment in re.findall(r"/\*\*(.*?)\*/", text, re.DOTALL):
            for part in paragraphs(comment):
                for group in GROUPS:
                    if part.strip().lower().startswith(f"**{group}**"):
                        cases |= {(group, error) for error in errors_in(part)}
    return cases, functions, members


class Source:
    """The functions of a file: text, place, and whether a test leads there."""

    def __init__(self, path):
        self.path = path
        self.text = csource.read(path)
        # Names in comments are not code; those of the proofs are looked for in the text.
        lines = self.lines = csource.code(path).splitlines()
        self.body = {}
        outside, start = [], None
        for number, line in enumerate(lines):
            if line.startswith("{"):
                start = number
            elif line.startswith("}") and start is not None and line == "}":
                head = re.split(r"[;}]", " ".join(lines[max(0, start - 8):start]))[-1]
                found = CALL.findall(head)
                if found:
                    self.body[found[0]] = (start, number, "\n".join(lines[start:number + 1]))
                start = None
            elif start is None:
                outside.append(line)
        self.outside = "\n".join(outside)
        self.macros = dict(re.findall(r"#\s*define\s+(\w+)\(([^\n]*(?:\\\n[^\n]*)*)", self.text))
        self.led_to = self.closure({name for name in WORD.findall(
            "\n".join(re.findall(r"=\s*\{.*?\};", self.outside, re.DOTALL)))} & set(self.body) |
            ({"main"} & set(self.body)))

    def closure(self, names):
        """These functions and all of the file that they name."""
        reached, todo = set(), list(names)
        while todo:
            name = todo.pop()
            if name in reached:
                continue
            reached.add(name)
            todo += [word for word in set(WORD.findall(self.body[name][2])) if word in self.body]
        return reached

    def says(self, name):
        """All words that a function, what it calls and the tables of its file have."""
        text = "\n".join(self.body[part][2] for part in self.closure({name}))
        text += "\n" + "\n".join(body for macro, body in self.macros.items()
                                 if re.search(rf"\b{macro}\b", text))
        # A function that goes through a table calls what stands in it.
        tables = re.findall(r"\b(\w+)\[\]\s*=\s*\{(.*?)\n\};", self.outside, re.DOTALL)
        for table, rows in tables:
            if re.search(rf"\b{table}\b", text):
                text += rows + "\n".join(self.body[part][2] for part in self.closure(
                    set(WORD.findall(rows)) & set(self.body)))
        return set(WORD.findall(text))

    def at(self, line):
        """The function around a line, or the next one below it."""
        below = [(start, name) for name, (start, end, _) in self.body.items() if line <= end]
        return min(below)[1] if below else None


def known_as(name, functions):
    """Public functions that a call of this name tests."""
    name = SAME_AS.get(name, name)
    if name not in functions:
        return set()
    plain = name.removesuffix("_sync")
    return {name} | ({plain} if plain in functions else set())


def asserted(source, functions):
    """What assertions with a call and an error in them prove."""
    for name in source.led_to:
        for statement in re.split(r"[;{}]", source.body[name][2]):
            # Two words for the same assertion: the names of macros of this kind are few.
            if not ASSERTION.search(statement):
                continue
            for call in set(CALL.findall(statement)) - PASS_ON:
                for known in known_as(call, functions):
                    for error in errors_in(statement):
                        yield known, error


def claimed(source, functions, members, findings):
    """What comments prove."""
    for match in PROOF.finditer(source.text):
        line = source.text.count("\n", 0, match.start())
        where = f"{source.path}:{line + 1}"
        claim = " ".join(re.sub(r"^\s*\*", "", part) for part in match.group(1).splitlines())
        name, errors = source.at(line), errors_in(claim)
        names = {word for word in WORD.findall(claim) if word.startswith("shmx_")}
        groups = {group for group in GROUPS if group in claim}
        if name is None or name not in source.led_to:
            findings.append(f"{where}: no test leads to {name}()")
            continue
        if not errors or not names | groups:
            findings.append(f"{where}: proves neither call nor error")
        # What is checked stands below the comment.
        start, end, _ = source.body[name]
        checked = errors_in("\n".join(source.lines[max(start, line):end]))
        words = source.says(name)
        said = set().union(*(known_as(word, functions) for word in words))
        for missing in (names | set().union(*(members[group] for group in groups))) - said:
            findings.append(f"{where}: {name}() does not call {missing}()")
        for missing in errors - checked:
            findings.append(f"{where}: {name}() does not check for {missing}")
        for item in names | groups:
            for error in errors:
                yield item, error


def table_of(path):
    """Errors that the table of shmx.h explains."""
    return set(re.findall(r"^ \* \| -(E[A-Z]+) ", csource.read(path), re.MULTILINE))


def main():
    findings = []
    cases, functions, members = documented()
    ours = {error for name, error in cases if not name.startswith("shmx_port_")}
    table = table_of("lib/client/shmx.h")
    findings += [f"lib/client/shmx.h: {error} is not explained" for error in sorted(ours - table)]
    findings += [f"lib/client/shmx.h: {error} is explained, and no call has it"
                 for error in sorted(table - ours)]
    proven = {}
    for path in csource.files("test/unit"):
        if path.suffix == ".c":
            source = Source(path)
            found = set(asserted(source, functions)) | \
                set(claimed(source, functions, members, findings))
            for case in found:
                proven.setdefault(case, path)
    for name, error in sorted(cases - set(proven)):
        findings.append(f"{name}: {error} is documented, and no test names it")
    for (name, error), path in sorted(proven.items()):
        by_group = any((group, error) in cases and name in members[group] for group in GROUPS)
        sync_of = name.removesuffix("_sync")
        passed_on = sync_of != name and (sync_of, error) in cases | {
            (member, e) for g, e in cases if g in GROUPS for member in members[g]}
        if (name, error) not in cases and not by_group and not passed_on:
            findings.append(f"{path}: {name}: {error} is tested, and not documented")
    csource.finish(findings, f"{len(cases)} errors of {len(functions)} calls, "
                   f"{len(findings)} findings")


main()
