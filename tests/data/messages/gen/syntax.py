"""Messages judged before anybody knows what they mean."""
import json

from .corpus import (accept, ce_headers, data, encode, envelope, extra, reject, spliced,
                     spliced_data, syntax)


def no_value_too_large():
    reject("null-value", "no_value", "", "a tombstone", None, schema="cannot-say")
    reject("null-value-binary", "no_value", "", "a tombstone in binary mode", None,
           headers=ce_headers(), schema="cannot-say")
    reject("empty-value", "no_value", "", "no bytes", b"", schema="cannot-say")
    accept("largest", "262,144 bytes are allowed", envelope(data()), pad_to=262144)
    accept("largest-binary", "headers do not count", data(), headers=ce_headers(), pad_to=262144)
    syntax("too-large", "too_large", "one byte more", envelope(data()), pad_to=262145)
    syntax("too-large-binary", "too_large", "one byte more in binary mode", data(),
           headers=ce_headers(), pad_to=262145)
    syntax("too-large-not-utf8", "too_large", "size comes before its characters",
           b"{\xff}", pad_to=300000)
    syntax("too-large-unknown-type", "too_large", "size comes before the type",
           envelope(data(), "org.example.other.v1"), pad_to=262145)


def not_utf8():
    raw = encode(envelope(data(site="@")))
    for name, why, octets in (
            ("ff", "a byte UTF-8 never has", b"\xff"),
            ("latin1", "Latin-1", "caf\u00e9".encode("latin-1")),
            ("overlong", "an overlong form", b"\xc0\xaf"),
            ("overlong-three", "an overlong form in three bytes", b"\xe0\x80\xaf"),
            ("surrogate", "a surrogate encoded as if a character", b"\xed\xa0\x80"),
            ("above-10ffff", "above U+10FFFF", b"\xf4\x90\x80\x80"),
            ("continuation", "a continuation byte alone", b"\x80"),
            ("cut", "a character cut short", b"\xe2\x82")):
        syntax("not-utf8-" + name, "not_utf8", why, raw.replace(b"@", octets))
    syntax("not-utf8-after-end", "not_utf8", "characters are checked before syntax",
           raw + b" \xfe")
    syntax("not-utf8-utf16", "not_utf8", "UTF-16 with its mark",
           b"\xff\xfe" + json.dumps(envelope(data())).encode("utf-16-le"))
    syntax("not-utf8-binary", "not_utf8", "in binary mode", encode(data(site="@"))
           .replace(b"@", b"\xc3"), headers=ce_headers())
    syntax("not-utf8-before-duplicate", "not_utf8", "the whole value is checked first",
           b'{"a":1,"a":2,"b":"\xff"}')
    accept("utf8-four-bytes", "every length of character",
           envelope(data(site="\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff")))


def not_json():
    text = json.dumps(envelope(data()), separators=(",", ":"))
    for name, why, body in (
            ("bom", "a byte order mark", "\ufeff" + text),
            ("blank", "blanks and nothing else", " \n"),
            ("word", "no JSON", "hello"),
            ("literal-cut", "a literal cut short", "tru"),
            ("literal-upper", "a literal in capitals", extra("True")),
            ("literal-long", "a literal with more behind it", extra("nullx")),
            ("cut", "cut short", text[:-1]),
            ("cut-in-string", "cut short inside a string", text[:60]),
            ("cut-in-escape", "cut short inside an escape", '{"a":"\\u00'),
            ("trailing-text", "something after the value", text + " x"),
            ("trailing-brace", "a brace too many", text + "}"),
            ("two-values", "two values", text + text),
            ("trailing-nul", "a NUL byte after the value", text + "\0"),
            ("nul-in-string", "a raw NUL byte", extra('"a\0b"')),
            ("raw-tab", "a raw tab in a string", extra('"a\tb"')),
            ("raw-newline", "a raw newline in a string", extra('"a\nb"')),
            ("raw-1f", "the last control character, raw", extra('"a\x1fb"')),
            ("raw-control-in-name", "a raw control character in a name",
             extra('{"a\x01":1}')),
            ("vertical-tab", "not one of JSON's blanks", extra("\v1")),
            ("nbsp", "not one of JSON's blanks", extra("\u00a01")),
            ("single-quotes", "single quotes", "{'a':1}"),
            ("bare-name", "a name without quotes", "{a:1}"),
            ("comment", "a comment", extra("1/*one*/")),
            ("trailing-comma-object", "a comma before a brace", '{"a":1,}'),
            ("trailing-comma-array", "a comma before a bracket", extra("[1,]")),
            ("no-comma", "no comma between members", '{"a":1 "b":2}'),
            ("no-colon", "no colon", '{"a" 1}'),
            ("no-value", "a name without a value", '{"a":}'),
            ("mismatch", "closed by the other bracket", extra("[1}")),
            ("bad-escape", "an escape JSON does not have", extra('"\\x41"')),
            ("bad-hex", "not hexadecimal", extra('"\\u12G4"')),
            ("number-007", "leading zeros", extra("007")),
            ("number-minus-01", "a leading zero behind a minus", extra("-01")),
            ("number-point-end", "a point without digits", extra("1.")),
            ("number-point-start", "no digit before the point", extra(".5")),
            ("number-plus", "a plus", extra("+1")),
            ("number-minus", "a minus alone", extra("-")),
            ("number-exponent-empty", "an exponent without digits", extra("1e")),
            ("number-exponent-sign", "an exponent of a sign alone", extra("1e+")),
            ("number-1e999", "more than a double holds", extra("1e999")),
            ("number-minus-1e999", "less than a double holds", extra("-1e999")),
            ("number-hex", "hexadecimal", extra("0x10")),
            ("number-nan", "not a number", extra("NaN")),
            ("number-infinity", "infinity", extra("Infinity")),
            ("number-underscore", "a digit separator", extra("1_000")),
            ("version-01", "a known member with a leading zero", spliced("version", "01")),
            ("before-too-deep", "the scan goes in byte order: this comes first",
             extra("[01," + "[" * 40 + "]" * 41))):
        syntax("not-json-" + name, "not_json", why, body)
    syntax("not-json-binary", "not_json", "in binary mode", "{", headers=ce_headers())
    syntax("not-json-unknown-type-binary", "not_json", "syntax comes before the type", "a,b",
           headers=ce_headers("org.example.other.v1"))
    accept("numbers", "every form JSON allows, in a member nobody reads",
           extra("[0,-0,1.5,-0.0,1e3,1E+3,1e-3,1.7e308,1e-400,123456789012345678901234567890]"))
    accept("delete-character", "U+007F is no control character to JSON", extra('"a\x7fb"'))


def depth_and_duplicates():
    # the envelope is level 1 and data level 2
    accept("depth-32", "32 levels are allowed", extra("[" * 30 + "]" * 30))
    accept("depth-32-objects", "objects count alike", extra('{"a":' * 30 + "1" + "}" * 30))
    syntax("depth-33", "too_deep", "one more", extra("[" * 31 + "]" * 31))
    syntax("depth-33-objects", "too_deep", "objects count alike",
           extra('{"a":' * 31 + "1" + "}" * 31))
    accept("depth-32-binary", "the value alone counts", spliced_data("[" * 31 + "]" * 31),
           headers=ce_headers())
    syntax("depth-33-binary", "too_deep", "one more in binary mode",
           spliced_data("[" * 32 + "]" * 32), headers=ce_headers())
    syntax("depth-unclosed", "too_deep", "found at its 33rd bracket, before the end",
           "[" * 20000)
    syntax("depth-before-not-json", "too_deep", "the scan goes in byte order",
           extra("[" * 31 + "007"))
    syntax("depth-unknown-type", "too_deep", "the scan comes before the type",
           extra("[" * 31 + "]" * 31).replace("absence.opened", "other.thing"))
    text = json.dumps(envelope(data()), separators=(",", ":"))
    for name, why, body in (
            ("data", "a member of data", extra("1,\"version\":2")),
            ("envelope", "a member of the envelope", text[:-1] + ',"id":"e-2"}'),
            ("same-value", "the same value too", extra('1,"version":1')),
            ("escaped", "names are compared unescaped", extra('1,"\\u0076ersion":2')),
            ("escaped-slash", "escaped otherwise", extra('{"a/b":1,"a\\/b":2}')),
            ("escaped-pair", "a pair of escapes against the character",
             extra('{"\\ud83d\\ude00":1,"\U0001f600":2}')),
            ("unknown", "two unknown members", extra('1,"x":2')),
            ("nested-unknown", "inside objects nobody reads", extra('{"y":[{"z":1,"z":1}]}')),
            ("empty-name", "the empty name twice", extra('{"":1,"":2}')),
            ("contact", "in the contact details",
             extra('1,"contact":{"phone":"07700 900077","phone":null}')),
            ("before-not-json", "the scan goes in byte order", '{"a":1,"a":2,'),
            ("before-too-deep", "the scan goes in byte order",
             '{"a":1,"a":' + "[" * 40 + "]" * 40 + "}"),
            ("not-cloudevent", "before whether it is an event", '{"a":1,"a":2}'),
            ("unknown-type", "the scan comes before the type",
             extra('1,"x":2').replace("absence.opened", "other.thing"))):
        syntax("duplicate-" + name, "duplicate_key", why, body, detail=None)
    syntax("duplicate-binary", "duplicate_key", "in binary mode",
           spliced_data('1,"onset_date":"2026-09-08"'), detail=None, headers=ce_headers())
    accept("same-name-elsewhere", "the same name in two objects",
           extra('[{"version":1},{"version":1}]'))
    accept("names-differ-in-case", "names are compared as they are",
           extra('{"a":1,"A":2,"\u00e9":3,"e\u0301":4}'))


def broken_strings():
    """Escapes that are good JSON and that no text column can hold."""
    nul = "\\u0000"
    for name, detail, why, body in (
            ("nul-in-id", "data.person_id", "an id would be cut short",
             spliced("person_id", '"P-77%s-1"' % nul)),
            ("nul-in-contact", "data.contact.name", "inside the contact details",
             spliced("contact", '{"name":"Test%s"}' % nul)),
            ("nul-unknown", None, "in a member nobody reads too", extra('"%s"' % nul)),
            ("nul-in-name", None, "in a name", extra('{"a%s":1}' % nul)),
            ("nul-in-id-attribute", "id", "in the envelope",
             json.dumps(envelope(data(), id="@@")).replace("@@", nul)),
            ("surrogate-high", "data.person_id", "a high surrogate alone",
             spliced("person_id", '"P\\ud800"')),
            ("surrogate-low", "data.person_id", "a low surrogate alone",
             spliced("person_id", '"P\\udc00"')),
            ("surrogate-high-then-letter", "data.site", "a high surrogate before a letter",
             spliced("site", '"\\ud83d\\u0041"')),
            ("surrogate-twice-high", "data.site", "the second makes a pair, the first stays alone",
             spliced("site", '"\\ud83d\\ud83d\\ude00"')),
            ("surrogate-swapped", "data.site", "low before high",
             spliced("site", '"\\ude00\\ud83d"')),
            ("surrogate-then-raw", "data.site", "a high surrogate before a character",
             spliced("site", '"\\ud83d\U0001f600"')),
            ("surrogate-unknown", None, "in a member nobody reads too", extra('["\\udfff"]')),
            ("nul-unknown-type", None, "before the type is looked at",
             extra('"%s"' % nul).replace("absence.opened", "other.thing")),
            ("nul-not-cloudevent", None, "before whether it is an event", '{"a":"%s"}' % nul)):
        syntax("string-" + name, "bad_field", why, body, detail=detail)
    syntax("string-nul-binary", "bad_field", "in binary mode",
           json.dumps(data(site="@@")).replace("@@", nul), detail="data.site",
           headers=ce_headers())
    syntax("string-nul-after-duplicate", "duplicate_key", "the scan comes first",
           extra('"%s","x":1' % nul), detail=None)
    accept("surrogate-pair", "a pair is a character", spliced("site", '"\\ud83d\\ude00"'))
    accept("backslash-u0000", "a backslash and five characters, no NUL",
           spliced("site", '"\\\\u0000 \\\\ud800"'))
    accept("escape-0001", "an escaped control character other than NUL",
           spliced("site", '"\\u0001\\n"'))
