#!/usr/bin/env python3
"""Holds prose to doc/glossary.md, as a ratchet: see prose.sh.

Checked are comments of C, SQL, shell and Python, string literals of C, and Markdown. A sentence is at fault if it

    headless  begins with Who, Whoever, What, Whatever, Of, That or One, and no actor comes first
    long      has more than 25 words
    idiom     uses a word of house idiom that the glossary replaces

Faults are counted by file and kind in prose.json. More than recorded fails; --write records what is there, and only
downwards unless --more says so. A file that is not listed has none.
"""
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "tests" / "lint" / "prose.json"
SKIP = re.compile(r"^(CHANGELOG\.md|doc/glossary\.md|tests/(data|fuzz/corpus)/|doc/(examples|performance)/)|\.(json|jsonl|csv|svg)$")
KINDS = {".c": "c", ".h": "c", ".pml": "c", ".sql": "sql", ".md": "md", ".py": "py", ".sh": "sh"}

LIMIT = 25
HEADLESS = re.compile(r"^(?!Who has looked|That time does not exist)(Who|Whoever|What|Whatever|Of|That|One)\b(?! (is|are|was|were)\b[^?]*\?)(?![^?]*\?$)")
IDIOM = re.compile(
    r"\b(anew|mends?|mended|in vain|goes on|(?<!cannot )go on|going on|stands? beside|for whose sake|take[sn]? (it |them )?back|took back|"
    r"tells?|told)\b", re.I)
ABBREVIATION = re.compile(r"\b(e\.g|i\.e|etc|cf|vs|No|St|Dr|approx)\.$")


def files():
    out = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True)
    for name in sorted(set(out.split("\n"))):
        kind = KINDS.get(Path(name).suffix)
        if name and kind and not SKIP.search(name) and (ROOT / name).exists():
            yield name, kind


# ---- the text of each kind of file: blocks of (line, text) ----

C_TOKEN = re.compile(r'/\*(?P<block>.*?)\*/|//(?P<line>[^\n]*)|"(?P<text>(?:[^"\\\n]|\\.)*)"|\'(?:[^\'\\\n]|\\.)+\'', re.S)


def c_blocks(text):
    for m in C_TOKEN.finditer(text):
        line = text.count("\n", 0, m.start()) + 1
        if m["block"] is not None:
            yield line, re.sub(r"\n\s*\* ?", "\n", m["block"])
        elif m["line"] is not None:
            yield line, m["line"]
        elif m["text"] and " " in m["text"] and re.match(r"[A-Z][a-z]+ ", m["text"]):
            yield line, m["text"].replace("\\n", "\n").replace('\\"', '"')


def marked_blocks(text, mark):
    """Runs of comment lines that begin with the mark."""
    run, first = [], 0
    for number, line in enumerate(text.split("\n") + [""], 1):
        m = re.match(r"\s*%s ?(?!!)(.*)" % re.escape(mark), line)
        if m:
            run, first = run + [m[1]], first if run else number
        elif run:
            yield first, "\n".join(run)
            run = []


def md_blocks(text):
    text = re.sub(r"^```.*?^```", lambda m: "\n" * m[0].count("\n"), text, flags=re.S | re.M)
    text = re.sub(r"<!--.*?-->", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
    run, first = [], 0
    for number, line in enumerate(text.split("\n") + [""], 1):
        bullet = re.match(r"\s*([-*]|\d+\.) ", line)
        ends = not line.strip() or line.lstrip().startswith(("#", "|")) or bullet
        if ends and run:
            yield first, "\n".join(run)
            run = []
        if line.lstrip().startswith("|"):
            for cell in line.strip().strip("|").split("|"):
                yield number, cell.strip()
        elif line.strip() and not line.startswith("#"):
            line = line[bullet.end():] if bullet else line
            run, first = run + [line], first if run else number


def py_blocks(text):
    for m in re.finditer(r'"""(.*?)"""', text, re.S):
        yield text.count("\n", 0, m.start()) + 1, m[1]
    yield from marked_blocks(text, "#")


BLOCKS = {"c": c_blocks, "md": md_blocks, "py": py_blocks,
          "sql": lambda text: marked_blocks(text, "--"), "sh": lambda text: marked_blocks(text, "#")}


# ---- sentences ----

def sentences(block):
    block = re.sub(r"`[^`]*`", "code", block)
    block = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", block)
    for part in re.split(r"\n\s*\n|\n(?=\s{4,})", block):
        words, out = " ".join(part.split()), ""
        for piece in re.split(r"(?<=[.!?])\s+", words):
            out = (out + " " + piece).strip()
            if not ABBREVIATION.search(out):
                yield out
                out = ""
        if out:
            yield out


def faults(sentence):
    prose = [w for w in sentence.split() if re.search(r"[A-Za-z]", w)]
    if len(prose) < 3 or not re.search(r"[a-z]{2}", sentence):
        return
    if HEADLESS.search(sentence):
        yield "headless"
    if len(prose) > LIMIT:
        yield "long"
    if IDIOM.search(sentence):
        yield "idiom"


def check(name, kind):
    text = (ROOT / name).read_text(encoding="utf-8")
    for line, block in BLOCKS[kind](text):
        for sentence in sentences(block):
            for fault in faults(sentence):
                yield line, fault, sentence


def main(arguments):
    recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    found, shown, more = {}, {}, 0
    wanted = [a for a in arguments if not a.startswith("-")]
    for name, kind in files():
        counts = Counter()
        for line, fault, sentence in check(name, kind):
            counts[fault] += 1
            shown.setdefault((name, fault), []).append("%s:%d: %s: %s" % (name, line, fault, sentence))
        if counts:
            found[name] = dict(sorted(counts.items()))
    if wanted:
        lines = [l for (name, _), found_lines in shown.items() if any(w in name for w in wanted) for l in found_lines]
        print("\n".join(lines))
        return 0
    total = Counter()
    for name, counts in found.items():
        for fault, n in counts.items():
            total[fault] += n
            if n > recorded.get(name, {}).get(fault, 0):
                more += 1
                if "--more" not in arguments:
                    print("%s: %d sentences are %s, %d recorded" % (name, n, fault, recorded.get(name, {}).get(fault, 0)))
                    print("\n".join(shown[name, fault]))
    print("prose: %s" % ", ".join("%d %s" % (n, fault) for fault, n in sorted(total.items())))
    if "--write" in arguments and (not more or "--more" in arguments):
        RECORD.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
        return 0
    return 1 if more else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
