"""A failing history, cut down to what it needs, and written where people can look at it."""
import json
import os

import compare


def smallest(lines, fails, patience=400):
    """As few of the lines as possible with which it still fails: halves first, then one by one."""
    if not attempt(fails, lines):
        return lines  # it takes the other histories too
    size = len(lines) // 2
    while size >= 1:
        at, shorter = 0, False
        while at < len(lines) and patience > 0:
            patience -= 1
            fewer = lines[:at] + lines[at + size:]
            if fewer and attempt(fails, fewer):
                lines, shorter = fewer, True
            else:
                at += size
        if size > 1 or not shorter:
            size //= 2
    return lines


def attempt(fails, lines):
    try:
        return fails(lines)
    except Exception:  # pylint: disable=broad-except
        return False  # without those lines it fails otherwise, or is no history


def structured(line):
    """The message as one line of a structured CloudEvent; None: it has no such form."""
    value = compare.value_of(line)
    headers = {name: held for name, held in line.get("headers", ()) if held is not None}
    try:
        text = (value or b"").decode("utf-8")
        if "ce_specversion" in headers:
            attributes = {name[3:]: value for name, value in headers.items()
                          if name.startswith("ce_")}
            return json.dumps({**attributes, "data": json.loads(text)}, ensure_ascii=False)
    except ValueError:
        return None
    return text if text.strip() and not {"\n", "\r"} & set(text) else None


def write(folder, name, lines):
    """NAME.jsonl for `dayfour explain`, NAME.input with everything: entries, times, settings."""
    os.makedirs(folder, exist_ok=True)
    path = folder / (name + ".jsonl")
    with open(path, "w", encoding="utf-8", newline="\n") as stream:
        for line in lines:
            event = structured(line) if "partition" in line else None
            if event is not None:
                stream.write(event + "\n")
    with open(path.with_suffix(".input"), "w", encoding="utf-8") as stream:
        for line in lines:
            stream.write(json.dumps(line) + "\n")
    return path
