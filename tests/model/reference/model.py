"""The reference model as a command: messages in, the rows and events that must come out.

    model.py --settings F --calendar F --install-key HEX --input FILE [--now ISO] [--steps FILE]
             [--table tasks|dead_letters]

FILE holds JSON lines, each a message as it was stored at some instant
    {"at": "2026-09-07T08:10:00Z", "partition": 0, "offset": 0, "headers": [["k", "v"]],
     "value": "…"}
(or value_b64), a fact {"at": …, "fact": {"kind": "contact", …}}, or a document that is loaded
then ({"at": …, "settings": {…}} or {"at": …, "calendar": {…}}).
"""
import argparse
import datetime as dt
import json
import sys
from pathlib import Path

import dates
import ledger
import settings as settings_module
import worklist
from world import World

TASK_COLUMNS = (
    "task_id organisation queue pathway priority person_id onset_date due_date work_by_date "
    "respond_by days_left state end_reason attempts last_outcome first_attempt_at contacted_at "
    "in_target elapsed_days elapsed_working_days relapse late_report backdated review_first "
    "red_flag reason_changed expected_return last_day spell_id period_id absence_ids").split()
DEAD_LETTER_COLUMNS = "partition offset reason detail".split()


def arguments(argv):
    parser = argparse.ArgumentParser(description="Dayfour's rules, spelled out a second time")
    parser.add_argument("--settings", help="pathways.json; default: the shipped one")
    parser.add_argument("--calendar", help="bank-holidays.json; default: the shipped one")
    parser.add_argument("--install-key", required=True, help="hexadecimal digits")
    parser.add_argument("--input", required=True, help="JSON lines; - reads standard input")
    parser.add_argument("--now", help="RFC 3339; default: the last line's")
    parser.add_argument("--steps",
                        help="file of instants at which events go out, or the word live")
    parser.add_argument("--table", choices=("tasks", "dead_letters"))
    parser.add_argument("--columns", help="columns of the table, with commas")
    parser.add_argument("--no-tombstones", action="store_true",
                        help="leave out tasks of spells that the facts no longer yield")
    return parser.parse_args(argv)


def read_lines(path):
    stream = sys.stdin if path == "-" else open(path, encoding="utf-8")
    with stream:
        return [json.loads(line) for line in stream if line.strip()]


def load(path, shipped):
    return (json.loads(Path(path).read_text(encoding="utf-8")) if path
            else settings_module.read_json(shipped))


def new_world(settings_document, calendar_document, install_key):
    holidays = dates.Holidays(calendar_document)
    return World(settings_module.Settings(settings_document, holidays), holidays, install_key)


def plain(value):
    """For JSON: dates as YYYY-MM-DD, instants in UTC."""
    if isinstance(value, dt.datetime):
        return dates.format_instant(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def cell(value):
    """As psql prints it unaligned, in UTC: t and f, nothing for null, arrays in braces."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, dt.datetime):
        return dates.format_instant(value)
    if isinstance(value, list):
        return "{" + ",".join(value) + "}"
    return str(value)


def table(rows, columns):
    lines = ["\t".join(cell(row[name]) for name in columns) for row in rows]
    return "".join(line + "\n" for line in sorted(lines))


def run(world, lines, steps, now):
    """Applies the lines; with steps, gives the sequence of events that went out."""
    if steps is None:
        world.run(lines)
        return None
    if steps == "live":
        return ledger.simulate_live(world, lines, now).said
    instants = [dates.parse_instant(text) for text in Path(steps).read_text().split()]
    return ledger.simulate(world, lines, instants).said


def record_rows(world):
    return [{"organisation": organisation, "source": source, "absence_id": absence_id,
             "version": record.version, "person_id": record.person_id,
             "onset_date": record.onset, "first_onset_date": record.lowest_onset,
             "last_day": record.last_day, "open_ended": record.open_ended,
             "expected_return": record.expected_return, "cancelled": record.cancelled,
             "match": ",".join(sorted(record.match.pathways)) or record.match.kind,
             "first_notice_at": record.first_notice_at}
            for (organisation, source, absence_id), record in sorted(world.facts.records.items())]


def entry_rows(world):
    return [{"entry": label, "kind": entry.kind, "at": entry.at, "outcome": entry.outcome,
             "task_id": world.entry_task_id(entry), "retracted": entry.retracted}
            for label, entry in world.entered]


def main(argv=None):
    args = arguments(argv)
    lines = read_lines(args.input)
    world = new_world(load(args.settings, "pathways.json"),
                      load(args.calendar, "bank-holidays.json"),
                      bytes.fromhex(args.install_key))
    now = dates.parse_instant(args.now or lines[-1]["at"])
    said = run(world, lines, args.steps, now)
    rows = world.task_rows(now)
    if args.no_tombstones:
        rows = [row for row in rows if not world.stored[row["task_id"]].tombstone]
    if args.table == "tasks":
        columns = args.columns.split(",") if args.columns else TASK_COLUMNS
        sys.stdout.write(table(rows, columns))
    elif args.table == "dead_letters":
        columns = args.columns.split(",") if args.columns else DEAD_LETTER_COLUMNS
        sys.stdout.write(table(world.dead_letters, columns))
    else:
        report = {"now": now, "records": record_rows(world), "tasks": rows,
                  "spells": world.spell_rows(), "worklist": worklist.worklist(world, now),
                  "dead_letters": world.dead_letters, "counts": world.counts,
                  "entries": entry_rows(world), "refused": world.refused,
                  "standing": ledger.Ledger(world).standing(now)}
        if said is not None:
            report["emissions"] = said
        json.dump(report, sys.stdout, default=plain, indent=1, ensure_ascii=False)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
