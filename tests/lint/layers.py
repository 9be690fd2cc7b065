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
    ("pg", ["common/pg*", "common/columns.h"]),
    ("kafka", ["common/kafka.*", "common/kafka_check.*"]),
    ("event", ["common/event/*"]),
    ("casework", ["common/casework/*"]),
    ("casefile", ["common/casefile/*"]),
    ("base", ["common/*"]),
    ("intake", ["services/intake/*"]),
    ("followup", ["services/followup/*"]),
    ("cli", ["services/cli/*"]),
]
# What each may include beside itself.
MAY = {
    "base": [],
    "pg": ["base"],
    "kafka": ["base"],
    "event": ["base"],
    "casework": ["event", "base"],
    "casefile": ["casework", "event", "pg", "base"],
    "intake": ["casefile", "casework", "event", "pg", "kafka", "base"],
    "followup": ["casefile", "casework", "event", "pg", "kafka", "base"],
    "cli": ["casefile", "casework", "event", "pg", "kafka", "base"],
}
# Of the base, the pure layers know no more than this: no clock, no log, no loop, no configuration.
PURE = {"arena", "buf", "date", "err", "hash", "json", "mem", "utf8", "zone"}
PURE_LAYERS = ("event", "casework")
PURE_SYSTEM = {"ctype.h", "inttypes.h", "limits.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h",
               "stdlib.h", "string.h"}
# A library, and the only files that may know it.
LIBRARIES = {
    "libpq-fe.h": ["common/pg*.c"],
    "cjson/": ["common/json*.c"],
    "openssl/": ["common/hash.c"],
    "microhttpd.h": ["common/http.c"],
    "librdkafka/": ["common/kafka.c", "common/kafka.h"],
}
# Those who speak to Kafka; for everybody else it does not exist.
KAFKA_USERS = ["common/kafka.c", "common/kafka_check.c", "services/cli/doctor_kafka.c", "services/cli/positions_set.c",
               "services/intake/source.c", "services/followup/sink.c",
               "services/followup/producer*.c", "services/cli/sender.c", "services/cli/publish.c",
               "services/cli/positions.c"]


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
    if here in PURE_LAYERS and there == "base" and module(included) not in PURE:
        return "%s is pure: not %s" % (here, module(included))
    if module(included) == "main":
        return "nobody includes a main"
    if included == "common/kafka.h" and not fits(name, KAFKA_USERS):
        return "only %s speak to Kafka" % ", ".join(KAFKA_USERS)
    return None


def judge_system(name, included):
    for library, users in LIBRARIES.items():
        if library in included and not fits(name, users):
            return "only for %s" % ", ".join(users)
    if layer(name) in PURE_LAYERS and included not in PURE_SYSTEM:
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
