"""Strict JSON, in one pass in byte order.

The first thing wrong names the fault: not_json, too_deep or duplicate_key. Numbers keep their text
(`Num`), because a version like 1.0 or 1e3 is not an integer here. An escaped U+0000 or half of a
surrogate pair does not stop the scan; the first one's path is kept for the caller.
"""
import functools
import math
import re
from dataclasses import dataclass

MAX_DEPTH = 32
WHITESPACE = re.compile(r"[ \t\n\r]*")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
SURROGATE = re.compile("[\ud800-\udfff]")
HEX4 = re.compile(r"[0-9a-fA-F]{4}")
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Fault(Exception):
    """The first fault of a document; args[0] is the dead-letter reason."""


@dataclass(frozen=True)
class Num:
    """A JSON number, as written."""
    text: str


class Scanner:
    def __init__(self, text):
        self.text = text
        self.pos = 0
        self.path = []
        self.bad_text_path = None  # where the first U+0000 or lone surrogate stands

    def document(self):
        value = self.value(0)
        self.skip()
        if self.pos != len(self.text):
            raise Fault("not_json")
        return value

    def skip(self):
        self.pos = WHITESPACE.match(self.text, self.pos).end()

    def peek(self):
        return self.text[self.pos] if self.pos < len(self.text) else ""

    def value(self, depth):
        self.skip()
        char = self.peek()
        if char in ("{", "["):
            if depth == MAX_DEPTH:
                raise Fault("too_deep")
            self.pos += 1
            return self.object(depth + 1) if char == "{" else self.array(depth + 1)
        if char == '"':
            text = self.string()
            self.note(text)
            return text
        for word, value in (("true", True), ("false", False), ("null", None)):
            if self.text.startswith(word, self.pos):
                self.pos += len(word)
                return value
        return self.number()

    def object(self, depth):
        members = {}
        self.skip()
        if self.peek() == "}":
            self.pos += 1
            return members
        while True:
            self.skip()
            if self.peek() != '"':
                raise Fault("not_json")
            name = self.string()
            if name in members:
                raise Fault("duplicate_key")
            members[name] = None
            self.note(name)
            self.skip()
            if self.peek() != ":":
                raise Fault("not_json")
            self.pos += 1
            self.path.append(name)
            members[name] = self.value(depth)
            self.path.pop()
            if self.closed("}"):
                return members

    def array(self, depth):
        items = []
        self.skip()
        if self.peek() == "]":
            self.pos += 1
            return items
        while True:
            items.append(self.value(depth))
            if self.closed("]"):
                return items

    def closed(self, end):
        """After an element: True at the closing bracket, False at a comma."""
        self.skip()
        char = self.peek()
        self.pos += 1
        if char == end:
            return True
        if char != ",":
            raise Fault("not_json")
        return False

    def number(self):
        found = NUMBER.match(self.text, self.pos)
        if not found or math.isinf(float(found.group())):
            raise Fault("not_json")
        self.pos = found.end()
        return Num(found.group())

    def string(self):
        self.pos += 1
        parts = []
        while True:
            run = PLAIN.match(self.text, self.pos)
            parts.append(run.group())
            self.pos = run.end()
            char = self.peek()
            if char == '"':
                self.pos += 1
                return join_surrogates("".join(parts))
            if char != "\\":
                raise Fault("not_json")
            parts.append(self.escape())

    def escape(self):
        letter = self.text[self.pos + 1:self.pos + 2]
        if letter == "u":
            digits = HEX4.match(self.text, self.pos + 2)
            if not digits:
                raise Fault("not_json")
            self.pos += 6
            return chr(int(digits.group(), 16))
        if letter not in ESCAPES or not letter:
            raise Fault("not_json")
        self.pos += 2
        return ESCAPES[letter]

    def note(self, text):
        if self.bad_text_path is None and (
                "\0" in text or SURROGATE.search(text)):
            self.bad_text_path = ".".join(self.path)


def join_surrogates(text):
    """Escaped pairs become the character they mean; halves stay as they are."""
    if not SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


@functools.lru_cache(maxsize=4096)
def scan(text):
    """(value, path of the first U+0000 or lone surrogate, or None); raises Fault. Nobody changes the value."""
    scanner = Scanner(text)
    value = scanner.document()
    return value, scanner.bad_text_path
