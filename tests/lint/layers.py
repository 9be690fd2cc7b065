#!/usr/bin/env python3
"""Checks every #include of services/ and common/ against the table of layers; see layers.sh."""
import fnmatch
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)

# The first pattern that fits a file names its layer.
LAYERS = [
    ("base", ["common/base/*"]),
    ("json", ["common/json/*"]),
    ("runtime", ["common/runtime/*"]),
    ("pg", ["common/pg/*"]),
    ("kafka", ["common/kafka/*"]),
    ("event", ["common/event/*"]),
    ("casework", ["common/casework/*"]),
    ("feed", ["common/feed/*"]),
    ("casefile", ["common/casefile/*"]),
    ("retention", ["common/retention/*"]),
    ("intake", ["services/intake/*"]),
    ("followup", ["services/followup/*"]),
    ("web", ["services/web/*"]),
    ("cli", ["services/cli/*"]),
]
GROUND = ["runtime", "json", "base"]
CASES = ["casefile", "casework", "event", "pg"] + GROUND
# The layers that each may include beside itself. base, json, event, casework and feed are pure: no clock, no log, no
# file.
MAY = {
    "base": [],
    "json": ["base"],
    "runtime": ["json", "base"],
    "pg": GROUND,
    "kafka": GROUND,
    "event": ["json", "base"],
    "casework": ["event", "json", "base"],
    "feed": ["casework", "event", "json", "base"],
    "casefile": ["casework", "event", "pg"] + GROUND,
    "retention": CASES,
    "intake": CASES + ["kafka"],
    "followup": CASES + ["kafka"],
    "web": ["pg"] + GROUND,
    "cli": CASES + ["kafka", "feed", "retention"],
}
PURE_LAYERS = ("event", "casework", "feed")
PURE_SYSTEM = {"ctype.h", "inttypes.h", "limits.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h",
               "stdlib.h", "string.h"}
# Files of HR systems come in many encodings; iconv converts bytes, and says by errno why it stopped.
PURE_TOO = {"feed": {"errno.h", "iconv.h", "stdarg.h", "strings.h"}}
# A library, and the only files that may know it.
LIBRARIES = {
    "libpq-fe.h": ["common/pg/pg*.c"],
    "cjson/": ["common/json/json*.c"],
    "openssl/": ["common/base/hash.c", "common/base/base64.c"],
    "microhttpd.h": ["common/runtime/http.c", "services/web/*"],
    "librdkafka/": ["common/kafka/kafka.c", "common/kafka/kafka.h"],
}
# Those who speak to Kafka; for everybody else it does not exist.
KAFKA_USERS = ["common/kafka/*.c", "services/intake/source.c", "services/intake/extent.*",
               "services/followup/kafka/sink.c", "services/followup/kafka/producer*.c",
               "services/cli/hr/explain_at.c", "services/cli/hr/publish.c", "services/cli/hr/sender.c",
               "services/cli/operations/doctor_kafka.c", "services/cli/operations/positions*.c"]


def layer(name):
    for found, patterns in LAYERS:
        if fits(name, patterns):
            return found
    return None


def fits(name, patterns):
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def module(name):
    return Path(name).stem


def judge_own(name, included):
    """An include of ours: what is wrong with it, or None."""
    here, there = layer(name), layer(included)
    if there is None:
        return "outside of services and common"
    if not (ROOT / included).exists():
        return "does not exist"
    if here != there and there not in MAY[here]:
        return "%s may not include %s" % (here, there)
    if module(included) == "main":
        return "nobody includes a main"
    if included == "common/kafka/kafka.h" and not fits(name, KAFKA_USERS):
        return "only %s speak to Kafka" % ", ".join(KAFKA_USERS)
    return None


def judge_system(name, included):
    for library, users in LIBRARIES.items():
        if library in included and not fits(name, users):
            return "only for %s" % ", ".join(users)
    if layer(name) in PURE_LAYERS and included not in PURE_SYSTEM | PURE_TOO.get(layer(name), set()):
        return "%s is pure" % layer(name)
    return None


def main():
    complaints = []
    files = sorted(path for folder in ("common", "services") for path in (ROOT / folder).rglob("*.[ch]"))
    for path in files:
        name = str(path.relative_to(ROOT))
        if layer(name) is None:
            complaints.append("%s: belongs to no layer" % name)
            continue
        text = path.read_text(encoding="utf-8")
        for found in INCLUDE.finditer(text):
            judge = judge_own if found[1] == '"' else judge_system
            why = judge(name, found[2])
            if why:
                line = text.count("\n", 0, found.start(1)) + 1
                complaints.append("%s:%d: %s: %s" % (name, line, found[2], why))
    print("".join(complaint + "\n" for complaint in complaints), end="")
    return 1 if complaints or not files else 0


if __name__ == "__main__":
    sys.exit(main())
