#!/usr/bin/env python3
"""Writes the corpus of absence messages in this folder, and its manifest.

    python3 tests/data/messages/gen_messages.py [FOLDER]

The files are committed; README.md says what the manifest's members mean. Edit gen/, not the files.
"""
import json
import os
import sys

from gen import corpus, fields, syntax, values

PARTS = (
    fields.good_messages, fields.modes, syntax.no_value_too_large, syntax.not_utf8,
    syntax.not_json, syntax.depth_and_duplicates, syntax.broken_strings, fields.not_cloudevents,
    fields.ignored, fields.unknown, fields.base64_data, fields.heartbeats, fields.missing_fields, values.bad_fields, fields.later_reasons, fields.people)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for part in PARTS:
        part()
    for name, body in corpus.bodies.items():
        if body is not None:
            with open(os.path.join(folder, name + ".msg"), "wb") as f:
                f.write(body)
    lines = ",\n".join("  " + json.dumps(e) for e in corpus.entries)
    with open(os.path.join(folder, "manifest.json"), "w", encoding="ascii") as f:
        f.write("[\n" + lines + "\n]\n")
    print("%d messages" % len(corpus.entries))


if __name__ == "__main__":
    main()
