#!/usr/bin/env python3
"""Compares lists of names across code, schemas, SQL, documents and the model; see names.sh."""
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
complaints = []


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def data(name):
    return json.loads(text(name))


def complain(what):
    complaints.append(what)


def same(what, ours, theirs):
    """Two collections hold the same names."""
    for name in sorted(set(ours) - set(theirs)):
        complain("%s: %s is missing" % (what, name))
    for name in sorted(set(theirs) - set(ours)):
        complain("%s: nobody knows %s" % (what, name))


def holds(what, names, content):
    """Each name stands in the text."""
    for name in names:
        if not re.search(r"(?<![\w.-])" + re.escape(name) + r"(?![\w-])", content):
            complain("%s: %s does not stand there" % (what, name))


def macro(file, name, columns):
    """Rows of an X-macro list: the strings and words of each."""
    source = text(file)
    body = re.search(r"#define %s\(X\)((?:.*\\\n)*.*\n)" % name, source)
    if body is None:
        complain("%s: no %s" % (file, name))
        return []
    rows = re.findall(r'X\(\s*(\w+),\s*\\?\s*"([^"]*)"((?:,\s*\w+)*)', body[1])
    if any(len(re.findall(r"\w+", rest)) < columns - 2 for _, _, rest in rows):
        complain("%s: %s: a row is short" % (file, name))
    return [(one, two, *re.findall(r"\w+", rest)) for one, two, rest in rows]


# --- what the lists are

def event_kinds():
    rows = macro("common/casework/event_kind.h", "EVENT_KINDS", 4)
    names = [row[1] for row in rows]
    topics = {"OH": "follow-up", "HR": "return-to-work"}
    types = data("schemas/events/types.json")
    known = {kind(t) for t in types if types[t]["topic"] != "absence.events"}
    same("schemas/events/types.json", names, known)
    for audience, file in topics.items():
        wanted = [row[1] for row in rows if row[3] == audience]
        schema = data("schemas/events/%s-events.v1.json" % file)
        same(file + "-events.v1.json", wanted,
             {kind(t) for t in schema["$defs"] if t.startswith("org.dayfour.")})
        for suffix in ("", ".withdrawn"):
            for name in wanted:
                example = ROOT / ("schemas/events/examples/org.dayfour.%s%s.v1.json" % (name, suffix))
                if not example.exists():
                    complain("no %s" % example.relative_to(ROOT))
    same("deploy/settings/pathways.schema.json, off", names,
         find_enum(data("deploy/settings/pathways.schema.json"), names[0]))
    rules = text("doc/rules.md")
    for name in names:  # of two in one rule the second is shortened: "long-term.approaching, .reached"
        if name not in rules and not re.search(r"[ *]\.%s\b" % name.split(".")[-1], rules):
            complain("doc/rules.md: no %s" % name)
    model = text("tests/model/reference/events.py") + text("tests/model/reference/hr.py")
    for name in names:
        if not any('"%s"' % part in model for part in (name, name.split(".")[-1])):
            complain("tests/model/reference: no %s" % name)


def kind(event_type):
    return re.sub(r"^org\.dayfour\.|(\.withdrawn)?\.v1$", "", event_type)


def find_enum(node, member):
    """The enum that holds a name, wherever it is."""
    if isinstance(node, dict):
        if member in node.get("enum", ()):
            return node["enum"]
        return find_enum(list(node.values()), member)
    if isinstance(node, list):
        for value in node:
            found = find_enum(value, member)
            if found:
                return found
    return []


def reject_reasons():
    names = [row[1] for row in macro("common/event/inbound.h", "REJECT_REASONS", 2)]
    holds("doc/hr-integration.md", names, text("doc/hr-integration.md"))
    listed = re.search(r"\n( +)dlq-reason:.*?enum:\n((?:\s+- \w+\n)+)", text("schemas/asyncapi.yaml"), re.S)
    same("schemas/asyncapi.yaml, dlq-reason", names, re.findall(r"- (\w+)", listed[2]) if listed else [])
    manifest = {m["reason"] for m in data("tests/data/messages/manifest.json") if m["verdict"] == "reject"}
    same("tests/data/messages", [n for n in names if n != "not_storable"], manifest)
    model = text("tests/model/reference/envelope.py") + text("tests/model/reference/jsonscan.py")
    holds("tests/model/reference", [n for n in names if n != "not_storable"], model)


def outcomes():
    """Numbered in the order of the list: the same numbers in SQL."""
    names = [row[1] for row in macro("common/casework/facts.h", "CONTACT_OUTCOMES", 2)]
    sql = text("schemas/sql/repeatable/42_oh_views.sql")
    arrays = [re.findall(r"'(\w+)'", found) for found in re.findall(r"array\[([^\]]*)\]", sql)]
    if names[1:] not in arrays:
        complain("42_oh_views.sql: outcomes are not %s" % names[1:])
    kinds = re.search(r"enum contact_kind \{([^}]*)\}", text("common/casework/facts.h"))
    kinds = [k.lower() for k in re.findall(r"CONTACT_(\w+)", kinds[1])]
    kinds = ["contact" if k == "made" else k for k in kinds]
    if kinds not in arrays:
        complain("42_oh_views.sql: kinds of entries are not %s" % kinds)
    holds("tests/model/reference/tasks.py", [n for n in names[1:10]], text("tests/model/reference/tasks.py"))


def schemes_and_channels():
    """Wherever SQL turns their numbers into names, the names are those of the code, in its order."""
    schemes = re.findall(r'\[SCHEME_\w+\] = "(\w+)"', text("common/event/hr_event.c"))
    channels = [row[1] for row in macro("common/casework/facts.h", "CONTACT_CHANNELS", 2)][1:]
    for path in sorted((ROOT / "schemas/sql").rglob("*.sql")):
        for found in re.findall(r"array\[([^\]]*)\]", path.read_text(encoding="utf-8")):
            names = re.findall(r"'(\w+)'", found)
            for wanted in (schemes, channels):
                if names[:1] == wanted[:1] and names != wanted:
                    complain("%s: %s are not %s" % (path.name, names, wanted))


def endings():
    names = [row[1] for row in macro("common/casework/casework.h", "END_REASONS", 2)][1:]
    model = text("tests/model/reference/tasks.py") + text("tests/model/reference/world.py")
    holds("tests/model/reference", names, model)


def statements():
    """A session prepares a statement under its name: two of one name in a program would meet."""
    for program in ("intake", "followup", "cli"):
        seen = {}
        folders = ["common", "services/" + program]
        for path in sorted(p for folder in folders for p in (ROOT / folder).rglob("*.c")):
            for name in re.findall(r'struct pg_stmt \w+ = \{\s*"(\w+)"', path.read_text()):
                here = str(path.relative_to(ROOT))
                if name in seen:
                    complain("%s: statement %s is in %s, too" % (here, name, seen[name]))
                seen[name] = here


def crash_points():
    source = text("common/runtime/fault.h")
    listed = re.findall(r'X\("([\w.]+)"', source)
    used = []
    for path in sorted((ROOT / "services").rglob("*.c")):
        used += re.findall(r'fault(?:_point)?\([^"]*"(\w+\.\w+)"\)', path.read_text())
    same("common/runtime/fault.h", used, listed)


def log_events():
    """Every event of the catalogue is logged somewhere."""
    identifiers = [row[0] for row in macro("common/runtime/log.h", "LOG_EVENTS", 2)]
    code = "".join(p.read_text() for folder in ("services", "common") for p in (ROOT / folder).rglob("*.c"))
    for name in identifiers:
        if not re.search(r"log_(debug|info|warn|error)\(\s*%s\b|LOG_EV_%s\b" % (name, name), code):
            complain("common/runtime/log.h: nobody logs %s" % name)


def labels(file, process):
    """The labels of one process of a Promela model; spin's prefix end_ only marks where it may rest."""
    body = re.search(r"^proctype %s\(\)\n{\n(.*?)^}" % process, text("tests/model/spin/" + file), re.M | re.S)[1]
    return {re.sub("^end_", "", name) for name in re.findall(r"^(\w+):", body, re.M)}


def states():
    """The states of followup are those of its page. So are the labels of the models, under the same names; only
    `failed` (a step), `claim` (of which entries.pml has the steps) and `stop` (the model's end) are no states."""
    readme = "services/followup/README.md"
    listed = [row[0] for part in ("LEASE", "PRODUCER", "BATCH", "CLAIM")
              for row in macro("services/followup/shard/states.h", part + "_STATES", 2)]
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|$", text(readme), re.M)
    same(readme + ", states", listed, [name for name, _ in rows])
    known = set()
    for name, cell in rows:
        named = [] if re.match("left out|data|any", cell) else re.findall(r"`(\w+)`", cell)
        known |= set(named)
        short = name.split("_", 1)[1].lower()
        if named and named[0] != short:
            complain("%s: %s is %s in the model: one name is enough" % (readme, name, named[0]))
    same(readme + ", labels", known,
         (labels("followup.pml", "owner") | labels("entries.pml", "followup")) - {"stop", "failed", "claim"})


def main():
    for check in (states, event_kinds, reject_reasons, outcomes, schemes_and_channels, endings, statements, crash_points, log_events):
        check()
    print("".join(line + "\n" for line in complaints), end="")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
