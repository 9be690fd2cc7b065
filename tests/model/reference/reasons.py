"""The match of a coded reason: never, watch, a pathway, or nothing."""
import re
from dataclasses import dataclass

SCHEMES = ("esr", "icd10", "snomed", "text")
BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    chr(code) for code in range(0x2000, 0x200b))  # Unicode white space
TOKEN = re.compile(r"([A-Z][0-9]{2}(?:\.?[0-9A-Z]{1,2})?)(?![0-9A-Z])", re.ASCII)
UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True)
class Match:
    kind: str  # never, watch, match, none
    pathways: frozenset = frozenset()
    review_first: frozenset = frozenset()  # of those

    @property
    def keeps_code(self):
        return self.kind in ("match", "watch")


NO_MATCH = Match("none")
WATCH = Match("watch")
NEVER = Match("never")


def token(code):
    """The leading token without its dot, or None. `M54.XYZ` yields M54: the dot ends it."""
    found = TOKEN.match(code.strip(BLANKS).translate(UPPER))
    return found.group(1).replace(".", "") if found else None


def normalised(scheme, code):
    """The form in which a code is kept."""
    if scheme in (None, "text"):
        return code and code.strip(BLANKS).casefold()
    return code.strip(BLANKS) if scheme == "snomed" else token(code)


def icd10_hit(tok, pattern):
    pattern = pattern.strip(BLANKS).translate(UPPER).replace(".", "")
    if "-" in pattern:
        low, high = pattern.split("-", 1)
        return low.strip()[:3] <= tok[:3] <= high.strip()[:3]
    return tok.startswith(pattern)


def hits(scheme, code, patterns):
    if scheme == "snomed":
        return code.strip(BLANKS) in patterns
    if scheme == "text":
        return code.strip(BLANKS).casefold() in {pattern.strip(BLANKS).casefold()
                                                 for pattern in patterns}
    tok = token(code)
    if tok is None:
        return False
    if scheme == "esr":
        return tok in {pattern.strip(BLANKS).translate(UPPER) for pattern in patterns}
    return any(icd10_hit(tok, pattern) for pattern in patterns)


def rule_hits(rules, scheme, code):
    return any(rule["scheme"] == scheme and hits(scheme, code, rule["match"]) for rule in rules)


def missing(settings, scheme, code):
    """Whether HR has yet to give a reason, whatever else the settings make of it."""
    return code is None or not code.strip(BLANKS) or rule_hits(settings.unknown_reasons, scheme, code)


def match(settings, organisation, scheme, code):
    """The meaning of a reason in an organisation. No code, or a blank one, is watched."""
    if code is None or not code.strip(BLANKS):
        return WATCH
    if rule_hits(settings.never, scheme, code):
        return NEVER
    if rule_hits(settings.watch, scheme, code):
        return WATCH
    pathways = settings.of(organisation).pathways.items()
    found = {name for name, pathway in pathways if rule_hits(pathway.codes, scheme, code)}
    review_first = {name for name, pathway in pathways if name in found and any(
        rule["scheme"] == scheme and hits(scheme, code, rule.get("review_first", ()))
        for rule in pathway.codes)}
    return Match("match", frozenset(found), frozenset(review_first)) if found else NO_MATCH
