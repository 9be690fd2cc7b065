#!/usr/bin/env python3
"""Checks every call of put() under services/web; see markup.sh."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CALL = re.compile(r"\bput\(\s*([^,()]+(?:->\w+)?),\s*")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"|DAYFOUR_VERSION')
# The writer alone has bytes of a page in its hands.
WRITERS = {"html.c", "html.h"}
BYTES = re.compile(r"\b(buf_put\w*|buf_printf)\s*\(\s*&?\w*(?:->)?(?:html|page)\b|<(?:p|div|span|a|form|input|script)\b[^;]*\bbuf_")


def formats(text, at):
    """The literals of a format that begins at `at`, one for each side of a condition; None: something else."""
    found, end = [], at
    condition = re.compile(r"[^,;\"]*?\?\s*").match(text, at)
    if condition:
        end = condition.end()
    while True:
        joined = ""
        while True:
            literal = STRING.match(text, end)
            if not literal:
                break
            joined += "" if literal[0] == "DAYFOUR_VERSION" else literal[0][1:-1]
            end = re.compile(r"\s*").match(text, literal.end()).end()
        if not joined and not text[at:end].rstrip().endswith('""'):
            return None
        found.append(joined)
        more = re.compile(r":\s*(?:[^,;\"]*?\?\s*)?").match(text, end)
        if not more:
            return found
        end = more.end()


def judge(format_text):
    """The fault of a format, or None."""
    text = format_text.replace('\\"', '"')
    for found in re.finditer(r"=(.)", re.sub(r'"[^"]*"', '""', text)):
        if found[1] == "%":
            return "an attribute without quotes"
    if re.search(r"<(script|style)\b[^>]*>[^<]*%s", text) or re.search(r"\bon\w+=\"", text) or "style=\"" in text:
        return "a script or a style in the page"
    if re.search(r"href=\"%s\"", text) is None and re.search(r"javascript:", text):
        return "a script in a link"
    return None


def main():
    complaints = []
    for path in sorted((ROOT / "services" / "web").rglob("*.[ch]")):
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT)
        if path.name in WRITERS:
            continue
        for found in CALL.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            literals = formats(text, found.end())
            if literals is None:
                complaints.append("%s:%d: the format of put() is not a literal" % (name, line))
                continue
            for literal in literals:
                why = judge(literal)
                if why:
                    complaints.append("%s:%d: %s" % (name, line, why))
        for found in BYTES.finditer(text):
            complaints.append("%s:%d: bytes of a page are the writer's" % (name, text.count("\n", 0, found.start()) + 1))
    print("".join(one + "\n" for one in complaints), end="")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
