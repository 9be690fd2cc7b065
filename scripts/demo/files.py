"""The nightly files of the demo's HR system, in the form of deploy/feed/roster.json.

write() takes the messages that generate.py made, and writes the extract and the staff list of some
nights. An extract has the newest version of each record that was sent by then. A record that was
cancelled has no row any more, as in a real extract. Some rows are wrong on purpose.
"""
import csv
import datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/London")
DAY = datetime.timedelta(days=1)
EXTRACT_AT = datetime.time(5, 30)  # local; the staff list is written half an hour before
NEVER = "31/12/4712"  # how this system writes an end that nobody has entered
HEADINGS = ("Unavailability ID", "Employee Number", "Assignment Number", "Group", "Start", "End",
            "Open Ended", "Reason", "FTE", "Site", "Staff Group", "Job Role", "Created")
STAFF_HEADINGS = ("Employee Number", "Preferred Name", "Personal Mobile", "Home Phone",
                  "Personal Email", "Termination Date")
TITLES = {
    "S10": "Anxiety stress depression", "S11": "Back problems",
    "S12": "Other musculoskeletal problems", "S13": "Cold cough flu", "S14": "Asthma",
    "S15": "Chest and respiratory problems", "S16": "Headache migraine",
    "S17": "Tumours and cancers", "S18": "Blood disorders", "S19": "Heart and circulation",
    "S20": "Burns and poisoning", "S21": "Ear nose throat", "S22": "Dental problems",
    "S23": "Eye problems", "S24": "Endocrine problems", "S25": "Gastrointestinal problems",
    "S26": "Genitourinary problems", "S27": "Infectious diseases", "S28": "Injury fracture",
    "S29": "Nervous system disorders", "S30": "Pregnancy related disorders",
    "S31": "Skin disorders", "S32": "Substance abuse", "S98": "Other known causes",
    "S99": "Unknown causes"}
# Rows that are wrong on purpose: days before the demo's today when somebody entered the row, its
# column, and the text in it. The first file has three and the second has four. Five could hold such a
# short file, because at most one row in a hundred may be bad.
WRONG = ((28, "Start", "31/02/{0:%Y}"), (28, "Employee Number", ""), (28, "End", "{1:%d/%m/%Y}"),
         (27, "Group", "Sick"), (18, "Start", "{0:%d/%m/%y}"), (11, "Start", "{2}"))


def nights(today, until=None):
    """The times of the extracts, in local time: the first two nights, Fridays, and the last four."""
    days = [today - back * DAY for back in range(27, -1, -1)]
    found = [datetime.datetime.combine(day, EXTRACT_AT, ZONE) for n, day in enumerate(days)
             if n < 2 or n >= len(days) - 4 or day.weekday() == 4]
    return [night for night in found if until is None or utc(night) <= until]


def utc(local):
    return local.astimezone(datetime.timezone.utc).replace(tzinfo=None)


def name_of(kind, organisation, at):
    return "%s_%s_%s.csv" % (organisation, kind, at.strftime("%Y%m%d_%H%M"))


def slashes(day):
    return datetime.date.fromisoformat(day).strftime("%d/%m/%Y")


def end_of(record):
    """(End, Open Ended): an end that is only expected stays open, also once it has passed."""
    if record["last_day"]:
        return slashes(record["last_day"]), "Y" if record["open_ended"] else "N"
    if record["expected_return"]:
        last_day = datetime.date.fromisoformat(record["expected_return"]) - DAY
        if last_day.isoformat() >= record["onset_date"]:
            return slashes(last_day.isoformat()), "Y"
    return NEVER, "Y"


def row_of(record, created):
    code = (record["reason"] or {}).get("code")
    end, is_open = end_of(record)
    group = {"sickness": "Sickness", "study leave": "Study Leave"}.get(record["category"])
    return [record["absence_id"], record["person_id"], record["assignment_id"],
            group or "Annual Leave", slashes(record["onset_date"]), end, is_open,
            "%s %s" % (code, TITLES[code]) if code else "", record["fte"], record["site"],
            record["staff_group"], "", created.strftime("%d/%m/%Y %H:%M")]


def wrong_rows(trust):
    """(instant, row): of records that no message is about."""
    rows = []
    for n, (back, column, text) in enumerate(WRONG):
        day = trust.today - back * DAY
        number = max(1, trust.staff - n)
        record = trust.record(number, "P-%05d" % number, day, "S12")
        entered = datetime.datetime.combine(day, datetime.time(9, n))
        row = row_of(record, entered)
        serial = (day - datetime.date(1899, 12, 30)).days  # what a spreadsheet makes of a date
        row[HEADINGS.index(column)] = text.format(day, day - DAY, serial)
        rows.append((entered, row))
    return rows


class Extract:
    """The rows as they stand after the messages so far."""

    def __init__(self, trust):
        self.lines = [(sent, event) for sent, _, event in trust.lines
                      if ".absence." in event["type"]
                      and event["data"]["absence_id"] not in trust.wrong]
        self.wrong = wrong_rows(trust)
        self.records, self.created, self.cancelled = {}, {}, set()
        self.read = 0

    def read_until(self, instant):
        while self.read < len(self.lines) and self.lines[self.read][0] <= instant:
            sent, event = self.lines[self.read]
            self.read += 1
            data = event["data"]
            name = data["absence_id"]
            self.created.setdefault(name, sent.replace(tzinfo=datetime.timezone.utc)
                                    .astimezone(ZONE))
            if data["version"] >= self.records.get(name, data)["version"]:
                self.records[name] = data
            if event["type"].endswith(".cancelled.v1"):
                self.cancelled.add(name)

    def rows(self, instant):
        self.read_until(instant)
        rows = [row_of(record, self.created[name]) for name, record in self.records.items()
                if name not in self.cancelled]
        return sorted(rows + [row for entered, row in self.wrong if entered <= instant])


class StaffList:
    """Everybody at work there, with the leaving dates known so far."""

    def __init__(self, trust):
        self.rows_now = [self.row(trust, n + 1) for n in range(trust.staff)]
        self.left = [(sent, event["data"]) for sent, _, event in trust.lines
                     if event["type"].endswith(".left.v1")]

    @staticmethod
    def row(trust, number):
        contact = trust.contact(number)
        phone, email = contact["phone"] or "", contact["email"] or ""
        mobile = number % 5 > 0  # the others gave the number of their home
        return ["P-%05d" % number, contact["name"], phone if mobile else "",
                "" if mobile else phone, email, ""]

    def rows(self, instant):
        for sent, data in self.left:
            if sent <= instant:
                self.rows_now[int(data["person_id"][2:]) - 1][5] = slashes(data["on"])
        return self.rows_now


def write_csv(path, headings, rows):
    with open(path, "w", encoding="cp1252", newline="") as out:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(headings)
        writer.writerows(rows)


def write(trust, folder, until):
    """Writes both files of each night into the folder. The messages of the trust are in order."""
    folder.mkdir(parents=True, exist_ok=True)
    extract, staff = Extract(trust), StaffList(trust)
    for night in nights(trust.today, until):
        listed = night - datetime.timedelta(minutes=30)
        write_csv(folder / name_of("staff", trust.organisation, listed), STAFF_HEADINGS,
                  staff.rows(utc(listed)))
        write_csv(folder / name_of("sickness", trust.organisation, night), HEADINGS,
                  extract.rows(utc(night)))


def is_in_no_file(event):
    """Neither file has who asked not to be called, nor who died."""
    return ".person." in event["type"] and not event["type"].endswith(".left.v1")
