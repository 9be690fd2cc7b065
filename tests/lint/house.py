#!/usr/bin/env python3
"""Measures the tree: comments, sentences, circles, ways of passing an error, rooms. Compare two trees by running it on both.

    python3 tests/lint/house.py [TREE]

It counts the product's C (common, services) and, for sentences, all prose. It fails nothing: layers.sh and prose.sh do.
A module is a header and the .c file of its name. A circle is a set of modules that include each other.
"""
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import prose

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'')
FUNCTION = re.compile(r"^(?!typedef|struct \w+ \{|enum|union|#)[a-z][\w \*]*?\b(\w+)\([^;{}]*\)\s*\n\{\n(.*?)^\}", re.S | re.M)
WINDOW = 8  # lines that must be the same, apart from space, to count as a copy


def tracked(tree, *kinds):
    names = subprocess.check_output(["git", "ls-files", "common", "services"], cwd=tree, text=True).split()
    return [n for n in names if n.endswith(kinds)]


def lines_of_comment(text):
    return sum(m[0].count("\n") + 1 for m in COMMENT.finditer(TEXT.sub('""', text)))


def has_comment_above(text, start):
    above = text[:start].rstrip()
    return above.endswith("*/") and not above.endswith("---- */")


def functions(text):
    for m in FUNCTION.finditer(text):
        yield m[1], m[2].count("\n"), has_comment_above(text, m.start())


def comments(texts):
    c = {n: t for n, t in texts.items() if n.endswith(".c")}
    found = [f for t in c.values() for f in functions(t)]
    lengths = [length for _, length, _ in found]
    opened = sum(1 for t in c.values() if t.lstrip().startswith("/*") or re.match(r'#include "[^"]+"\n\n/\*', t))
    yield "lines of comment in .c", "%.1f %%" % (100 * sum(map(lines_of_comment, c.values())) /
                                               sum(len([x for x in t.split("\n") if x.strip()]) for t in c.values()))
    yield ".c files with an opening comment", "%d of %d" % (opened, len(c))
    yield "functions with a comment right above", "%.0f %%" % (100 * sum(above for _, _, above in found) / len(found))
    yield "function, median and longest", "%d, %d lines" % (statistics.median(lengths), max(lengths))


def sentences(tree):
    prose.ROOT = tree
    places = {"c": "C", "sql": "SQL", "md": "Markdown"}
    faulty, total = defaultdict(int), defaultdict(int)
    for name, kind in prose.files():
        place = places.get(kind)
        for _, block in prose.BLOCKS[kind]((tree / name).read_text(encoding="utf-8")) if place else ():
            for sentence in prose.sentences(block):
                total[place] += 1
                faulty[place] += any(True for _ in prose.faults(sentence))
    for place in places.values():
        yield "sentences at fault, %s" % place, "%.1f %% of %d" % (100 * faulty[place] / max(1, total[place]), total[place])


def circles(texts):
    graph = defaultdict(set)
    for name, text in texts.items():
        module = name.rsplit(".", 1)[0]
        for header in re.findall(r'#include "([^"]+)\.h"', text):
            if header != module and header + ".h" in texts:
                graph[module].add(header)
    index, low, stack, on, found = {}, {}, [], set(), []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        on.add(v)
        for w in graph[v]:
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in on:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            part = []
            while not part or part[-1] != v:
                part.append(stack.pop())
                on.discard(part[-1])
            if len(part) > 1:
                found.append(part)

    sys.setrecursionlimit(10000)
    for v in list(graph):
        if v not in index:
            visit(v)
    yield "circles of modules", "%d, of %d modules" % (len(found), sum(map(len, found)))


def errors(texts):
    whole = "\n".join(texts.values())
    chained = len(re.findall(r"if \(s == STATUS_OK\)|= s == STATUS_OK \?|s == STATUS_OK &&", whole))
    yield "status carried on by if or ?:", "%d places" % chained
    yield "codes compared as text", "%d places" % len(re.findall(r"strcmp\([^;]*code\b", whole))


def protocol(texts):
    some = "\n".join(t for n, t in texts.items() if "followup" in n and n.endswith(".h") or re.search(r"(shard|claim)[^/]*\.c$", n))
    yield "booleans of followup's structures", str(len(re.findall(r"^    bool \w+(?:, \w+)*;", some, re.M)))


def rooms(tree, texts):
    folders = defaultdict(int)
    for name in texts:
        folders[name.rsplit("/", 1)[0]] += 1
    most = max(folders, key=folders.get)
    yield "files in the fullest folder", "%d (%s)" % (folders[most], most)
    longest = sorted(((t.count("\n"), n) for n, t in texts.items()), reverse=True)
    yield ".c and .h files over 500 lines", "%d, the longest %d (%s)" % (sum(k > 500 for k, _ in longest), *longest[0])
    seen, copies = {}, set()
    for name, text in texts.items():
        lines = [re.sub(r"\s+", "", x) for x in COMMENT.sub("", text).split("\n")]
        lines = [x for x in lines if len(x) > 3 and not x.startswith("#include")]
        for i in range(len(lines) - WINDOW + 1):
            window = tuple(lines[i:i + WINDOW])
            if window in seen and seen[window] != (name, i):
                copies.add((name, i // WINDOW))
            seen.setdefault(window, (name, i))
    yield "copies of %d lines" % WINDOW, str(len(copies))


def main():
    tree = Path(sys.argv[1] if len(sys.argv) > 1 else prose.ROOT).resolve()
    texts = {n: (tree / n).read_text(errors="replace") for n in tracked(tree, ".c", ".h")}
    for part in (comments(texts), sentences(tree), circles(texts), errors(texts), protocol(texts), rooms(tree, texts)):
        for what, figure in part:
            print("| %s | %s |" % (what, figure))


if __name__ == "__main__":
    main()
