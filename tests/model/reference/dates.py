"""Dates, working days, local time. Days are `datetime.date`; instants are aware UTC datetimes."""
import datetime as dt
import re
from zoneinfo import ZoneInfo

UTC = dt.timezone.utc
DAY = dt.timedelta(days=1)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
INSTANT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})"
                     r"(?:\.([0-9]+))?(?:([Zz])|([+-])([0-9]{2}):([0-9]{2}))", re.ASCII)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def parse_date(text):
    """A real date between 1900 and 2200, or ValueError."""
    if not DATE.fullmatch(text):
        raise ValueError("not a date")
    day = dt.date.fromisoformat(text)
    if not 1900 <= day.year <= 2200:
        raise ValueError("year out of range")
    return day


def parse_instant(text):
    """RFC 3339 to UTC, cut to microseconds, or ValueError."""
    found = INSTANT.fullmatch(text)
    if not found:
        raise ValueError("not an instant")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    micros = int(((found.group(7) or "") + "000000")[:6])
    local = dt.datetime(year, month, day, hour, minute, second, micros, UTC)
    if found.group(8):
        return local
    hours, minutes = int(found.group(10)), int(found.group(11))
    if hours > 23 or minutes > 59:
        raise ValueError("offset out of range")
    offset = dt.timedelta(hours=hours, minutes=minutes)
    try:
        return local - offset if found.group(9) == "+" else local + offset
    except OverflowError as error:
        raise ValueError("out of range") from error


def format_instant(instant):
    text = instant.astimezone(UTC).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z").replace(".000000Z", "Z")


class Holidays:
    """Bank holidays by division, in the shape of the government's bank-holidays.json."""

    def __init__(self, document=None):
        self.by_division = {}
        if document:
            self.load(document)

    def load(self, document):
        """Replaces the divisions that are in the document, and no others."""
        for division, content in document.items():
            days = frozenset(dt.date.fromisoformat(e["date"]) for e in content["events"])
            self.by_division[division] = days

    def of(self, division):
        return self.by_division.get(division, frozenset())


class Calendar:
    """The calendar of one organisation."""

    def __init__(self, zone, holidays, service_days=WEEKDAYS[:5], closures=()):
        self.zone = ZoneInfo(zone)
        self.holidays = holidays
        self.service_weekdays = {WEEKDAYS.index(name) for name in service_days}
        self.closures = frozenset(closures)

    def local_date(self, instant):
        return instant.astimezone(self.zone).date()

    def at(self, day, hour=0):
        """The instant of that local hour."""
        return dt.datetime(day.year, day.month, day.day, hour, tzinfo=self.zone).astimezone(UTC)

    def is_working(self, day):
        return day.weekday() < 5 and day not in self.holidays

    def is_service(self, day):
        return (day.weekday() in self.service_weekdays and day not in self.holidays
                and day not in self.closures)

    def step(self, day, steps):
        """|steps| times to the next (or, below zero, the previous) working day."""
        direction = DAY if steps > 0 else -DAY
        for _ in range(abs(steps)):
            day += direction
            while not self.is_working(day):
                day += direction
        return day

    def last_service_day(self, first, last):
        day = last
        while day >= first:
            if self.is_service(day):
                return day
            day -= DAY
        return None

    def working_days_between(self, start, end):
        """Working days after start, up to and with end."""
        days = (start + DAY * n for n in range(1, (end - start).days + 1))
        return sum(1 for day in days if self.is_working(day))

    def after_working_hours(self, start, hours):
        """The first instant by which that many hours of working days have passed since start."""
        left = dt.timedelta(hours=hours)
        instant = start
        while True:
            day = self.local_date(instant)
            midnight = self.at(day + DAY)
            if self.is_working(day):
                if instant + left <= midnight:
                    return instant + left
                left -= midnight - instant
            instant = midnight
