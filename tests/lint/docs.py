#!/usr/bin/env python3
"""Checks every Markdown file of the repository; see docs.sh.

A block ```sh holds commands, which e2e.docs runs. In it, `./run X`, `dayfour X` and paths of this repository have
to exist.
"""
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = ("build", ".run", ".git", "node_modules")

# Telephone numbers and addresses that are kept for examples belong to nobody.
PHONE = re.compile(r"\b0\d{2,4}[ -]?\d{3}[ -]?\d{3,4}\b")
INVENTED_PHONE = re.compile(r"\b07700 ?900\d{3}\b")
EMAIL = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
INVENTED_HOSTS = re.compile(r"(^|\.)example(\.(org|com|net))?$|\.invalid$")
# Paths of a machine that are not everybody's, words that promise, notes to oneself.
PATH = re.compile(r"(?<![\w./:$}*-])/([a-z]+)/[\w.-]+")
KNOWN_ROOTS = {"etc", "usr", "var", "run", "dev", "proc", "opt", "srv", "hr", "dayfour"}
WORDS = re.compile(r"\b(TODO|FIXME|XXX|TBD|lorem|seamless\w*|leverag\w+|utilis\w+|blazing\w*|"
                   r"cutting[- ]edge|world[- ]class|state[- ]of[- ]the[- ]art)\b", re.I)
AMERICAN = re.compile(r"\b(behavior|color|organiz\w+|initializ\w+|serializ\w+|canceled|"
                      r"analyz\w+)\b", re.I)


def markdown_files():
    for path in sorted(ROOT.rglob("*.md")):
        if not set(path.relative_to(ROOT).parts[:-1]) & set(SKIPPED):
            yield path


def anchors(text):
    """The ids that headings get, as GitHub makes them."""
    found = set()
    for _, line in outside_code(text):
        heading = re.match(r"#+ +(.*)", line)
        if heading:
            name = re.sub(r"[^\w\- ]", "", heading.group(1).lower()).replace(" ", "-")
            found.add(name)
    return found


def fences(text):
    """(first line, language and marks, lines) of each fenced block."""
    block = None
    for number, line in enumerate(text.split("\n"), 1):
        fence = re.match(r"\s*```(.*)", line)
        if fence and block is None:
            block = (number + 1, fence.group(1).split(), [])
        elif fence:
            yield block
            block = None
        elif block is not None:
            block[2].append(line)


def outside_code(text):
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        if re.match(r"\s*```", line):
            inside = not inside
        elif not inside:
            yield number, line


def check_links(path, text):
    for number, line in outside_code(text):
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "``", line)):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            to = (path.parent / name).resolve() if name else path
            if not to.exists():
                yield number, "link to %s leads nowhere" % target
            elif anchor and anchor not in anchors(to.read_text(encoding="utf-8")):
                yield number, "no heading for the link to %s" % target


def run_commands():
    text = subprocess.run([ROOT / "run", "help"], check=True, capture_output=True, text=True).stdout
    names = set()
    for line in text.split("\n"):
        # Names stand two columns in; what they do begins further right.
        name = re.match(r"  ([a-z][a-z, ]*?)(?: {2,}|$| \[| [A-Z])", line)
        if name:
            names.update(re.split(r"[, ]+", name.group(1)))
    return names


def table_of_commands():
    """The commands of dayfour, each with its options, from their one table."""
    found = {}
    for source in sorted((ROOT / "services/cli").rglob("*.c")):
        for row in re.split(r"\.name = ", source.read_text(encoding="utf-8"))[1:]:
            name = re.match(r'"([a-z][a-z -]*)"', row)
            if name:
                options = re.findall(r'\{\s*"([a-z-]+)",\s*(?:NULL|")', row)
                found[name.group(1)] = set(options)
    return found


def shared_options():
    """Options that a macro gives to several commands."""
    text = (ROOT / "services/cli/main.c").read_text(encoding="utf-8")
    return set(re.findall(r'^ *"([a-z-]+)", "[A-Z]+", "', text, re.M))


def dayfour_fault(words, commands, shared):
    words = [w for w in words if w != "--config"]
    if not words or words[0] in ("--help", "--version", "help"):
        return None
    for name in (" ".join(words[:2]), words[0]):
        if name in commands:
            known = commands[name] | shared | {"help"}
            wrong = [w for w in words if w.startswith("--") and w[2:].split("=")[0] not in known]
            return "dayfour %s has no option %s" % (name, wrong[0]) if wrong else None
    if len(words) == 1 and any(name.startswith(words[0] + " ") for name in commands):
        return None  # all commands of that name
    return "dayfour has no command %s" % words[0]


def words_of(line):
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return line.split()


def command_fault(words, run, commands, shared):
    while words and re.match(r"[A-Za-z_]+=", words[0]):
        words = words[1:]
    if not words:
        return None
    name = words[0].split("/")[-1]
    if words[0] == "./run":
        name = words[1] if len(words) > 1 else "help"
        return None if name in run | {"help"} else "./run has no command %s" % name
    if name == "dayfour":
        return dayfour_fault(words[1:], commands, shared)
    for word in words:
        ours = re.match(r"(deploy|doc|tests|schemas|services|common)/[\w./-]+$", word)
        if ours and not (ROOT / word).exists():
            return "%s does not exist" % word
    return None


def commands_in(path, text):
    for first, marks, lines in fences(text):
        if marks[:1] == ["sh"]:
            joined = "\n".join(lines).replace("\\\n", " \n")
            for n, line in enumerate(joined.split("\n")):
                for part in re.split(r"\s*(?:&&|\|\||;|\|)\s+", line):
                    yield first + n, words_of(part)
    for number, line in outside_code(text):
        for code in re.findall(r"`((?:\./run|(?:build/bin/)?dayfour) [^`]+)`", line):
            for part in re.split(r"\s*(?:&&|\|\||;|\|)\s+", code):
                yield number, words_of(part)


def check_commands(path, text, run, commands, shared):
    for number, words in commands_in(path, text):
        fault = command_fault(words, run, commands, shared)
        if fault:
            yield number, fault


def check_words(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        for found in (WORDS, AMERICAN):
            for word in found.finditer(line):
                yield number, "not our word: %s" % word.group(0)
        for phone in PHONE.finditer(line):
            if not INVENTED_PHONE.search(phone.group(0)):
                yield number, "a telephone number that may be somebody's"
        for email in EMAIL.finditer(line):
            if not INVENTED_HOSTS.search(email.group(1)) and not email.group(1).endswith((".timer", ".path")):
                yield number, "an address that may be somebody's"
        for place in PATH.finditer(re.sub(r"\]\([^)]*\)", "", line)):
            if place.group(1) not in KNOWN_ROOTS:
                yield number, "a path of one machine: %s" % place.group(0)


def main():
    run, commands = run_commands(), table_of_commands()
    shared = shared_options()
    bad = 0
    for path in markdown_files():
        text = path.read_text(encoding="utf-8")
        faults = list(check_links(path, text)) + list(check_words(path, text))
        faults += check_commands(path, text, run, commands, shared)
        for number, fault in sorted(faults):
            print("%s:%d: %s" % (path.relative_to(ROOT), number, fault))
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
