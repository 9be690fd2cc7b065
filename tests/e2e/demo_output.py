"""The output of `./run demo`, read as numbers: rows, messages, calls and events have to agree."""
import re

from harness import expect

WIDTH = 100
LAST_LINES = re.compile(r"^That took [0-9.]+ s\. Everything is ", re.M)
WRONG_ROWS = ["Start,bad_date", "Employee Number,empty", "End,last_day_before_onset", "Group,unknown_value",
              "Start,two_digit_year", "Start,spreadsheet"]


def section(text, title):
    """The lines below a title, up to the next."""
    found = re.search(r"^== %s[^\n]*\n\n(.*?)(?=^== |^That took |\Z)" % re.escape(title), text, re.M | re.S)
    expect(found, "no part %r in:\n%s" % (title, text))
    return found.group(1)


def table(text):
    """The lines of the four weeks as (day, [numbers])."""
    found = re.findall(r"^  (\w{3} \d\d \w{3})((?: +[\d,]+)+)$", text, re.M)
    return [(day, [int(n.replace(",", "")) for n in numbers.split()]) for day, numbers in found]


def taken(text):
    """(rows, records) of each file that `dayfour feed run` took."""
    flat = re.sub(r"\n +", " ", text)
    return [(int(rows), int(records)) for rows, records in
            re.findall(r"taken: (\d+) rows, (\d+) records", flat)]


def topics(text):
    part = section(text, "What went out on each topic")
    return {name: int(n) for name, n in re.findall(r"^(\S+): (\d+) messages$", part, re.M)}


def intake_count(text):
    return int(re.search(r"^intake took (\d+) messages", text, re.M).group(1))


def expect_common(text):
    wide = [line for line in text.split("\n") if len(line) > WIDTH]
    expect(not wide, "lines of over %d columns: %s" % (WIDTH, wide))
    expect(LAST_LINES.search(text), "it has no end:\n%s" % text)
    tasks = section(text, "What a physiotherapist of RW3 sees this morning")
    expect(len(re.findall(r"^[0-9A-Z]{12}  ", tasks, re.M)) == 16, "calls of this morning:\n%s" % tasks)
    expect(re.search(r"^  task [0-9A-Z]{12}, due \S+: ring Test Person 77, 07700 900077$", text, re.M),
           "the live message makes no call")
    story = section(text, "One person's story")
    expect("OH rings" in story and "OH is told" in story, "the story is:\n%s" % story)


def expect_files(text):
    """The way that begins with nightly files. The rows of the newest file."""
    expect_common(text)
    first = section(text, "Two nightly files, and the calls that they made")
    rows, records = map(int, re.search(r"rows: (\d+); records: (\d+), .*rejected: 3$", first, re.M).groups())
    runs = taken(first)
    expect(len(runs) == 2 and runs[0] == (rows, records), "checked: %s, taken: %s" % ((rows, records), runs))
    expect("Events: %d opened, 0 amended" % records in first, "events that are no records:\n%s" % first)
    expect("$ dayfour feed run roster.json --first\n" in first and "$ dayfour feed run roster.json\n" in first,
           "the commands are not shown:\n%s" % first)
    expect(len(re.findall(r"^[0-9A-Z]{12}  ", first, re.M)) == 4 and re.search(r"^\.\.\. and \d+ more$", first, re.M),
           "calls of the first nights:\n%s" % first)
    lines = table(section(text, "Four weeks of nightly files, in fast motion"))
    expect([line[1][0] for line in lines[:2]] == [run[0] for run in runs], "the table begins with %s" % lines[:2])
    by_night = [line[1][0] for line in lines]
    expect(by_night == sorted(by_night) and len(lines) >= 7, "rows by night: %s" % by_night)
    expect(sum(line[1][1] for line in lines) == intake_count(text), "messages of the table and of intake differ")
    for column, what in ((2, "tasks"), (3, "calls"), (4, "events")):
        expect(sum(line[1][column] for line in lines) > 100, "%s: %s" % (what, lines))
    expect("HR's file" in section(text, "One person's story"), "no file in the story")
    rejected = section(text, "Rows that could not be taken, and why")
    expect(re.findall(r"^\d+,(.*)$", rejected, re.M) == WRONG_ROWS, "rejected:\n%s" % rejected)
    expect(topics(text)["absence.events.dead-letter"] == 0, "dead letters: %s" % topics(text))
    morning = taken(section(text, "This morning's file"))
    return morning[0][0] if morning else by_night[-1]


def expect_messages(text):
    """The way that --stream chooses."""
    expect_common(text)
    total = int(re.search(r"^== Four weeks of (\d+) messages from HR", text, re.M).group(1))
    rest = re.search(r"^The last (\d+ messages|message), of this morning", text, re.M)
    left = 0 if rest is None else 1 if rest.group(1) == "message" else int(rest.group(1).split()[0])
    lines = table(section(text, "Four weeks of"))
    expect(sum(line[1][0] for line in lines) == intake_count(text) == total - left,
           "messages: %s, of %d" % (lines, total))
    letters = section(text, "What could not be taken, and why")
    shown = len(re.findall(r"^absence\.events/\d+/\d+ ", letters, re.M))
    expect(shown == topics(text)["absence.events.dead-letter"] >= 10, "dead letters:\n%s" % letters)
    expect("dayfour feed" not in text, "a feed in the way of messages")
